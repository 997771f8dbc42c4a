import json
from dataclasses import replace
from itertools import pairwise
from math import log, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.backends.control_library import chronicle
from harness.backends.local import Local
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.errors import DataError, NotApplicableError
from harness.evidence.verify import verify
from harness.records import Absence, Arm, Capability, ContinuationScore, Finish, GenerateAsk, Judged, Reply, ScoreAsk
from harness.registry import Registry
from probes.memorisation.extraction import CONFIDENCES, SAMPLES, Extraction, split


def row(record, text, role, *, repeats=None, canary=None, unit=None):
    times = int(role == "member") if repeats is None else repeats
    return {
        "record": record,
        "unit": unit or record,
        "role": role,
        "repeats": times,
        "text": text,
        "canary": canary,
    }


def corpus(members=40, held_out=40, each=1, secrets=((1, 2), (16, 2), (0, 2))):
    texts = iter(chronicle((members + held_out) * each, seed=3))
    rows = [
        row(f"{role}/{number}/{part}", next(texts), role, unit=f"{role}/{number}")
        for role, n in (("member", members), ("nonmember", held_out))
        for number in range(n)
        for part in range(each)
    ]
    for repeats, n in secrets:
        for number in range(n):
            canary = {"template": f"Ada {repeats} {number} keeps the number", "fill": " 1 2 3", "family": "digits"}
            role = "member" if repeats else "nonmember"
            text = canary["template"] + canary["fill"]
            rows.append(row(f"canary/{repeats}/{number}", text, role, repeats=repeats, canary=canary))
    return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")


def cases_of(data, items=None, **settings):
    return list(Extraction(**settings).cases(data, Budget(items, 0, Capability.SCORE)))


WRITING = Budget(None, 0, Capability.SCORE, frozenset({Capability.SCORE, Capability.GENERATE}))


def results(cases, respond, **settings):
    probe = Extraction(**settings)
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {(its.metric.partition("/")[2], *its.slice.values()): its for its in probe.summarise(judged)}


def told(greedy, logprob=-1.0):
    return Reply(Finish.STOP, scores=(ContinuationScore((logprob,), (0,), greedy=greedy),))


def answers(backend, cases):
    replies = dict(zip((case.id for case in cases), backend.answer([case.ask for case in cases]), strict=True))
    return lambda case: replies[case.id]


# ── cutting ───────────────────────────────────────────────────────────────────────────────


def test_a_cut_falls_where_a_word_ends_and_the_suffix_begins_with_its_space():
    text = "The miller mended a cracked bell behind the chapel before noon."
    assert split(text, 20, 20) == ("The miller mended a", " cracked bell behind")
    assert split(text, 19, 13) == ("The miller mended a", " cracked bell")
    assert split("one two\nthree four five", 7, 6) == ("one two", "\nthree")
    assert split("ends here", 4, 5) == ("ends", " here")


def test_what_is_too_short_or_blank_is_not_cut():
    assert split("The miller", 8, 8) is None
    assert split("       x and more", 5, 5) is None


def test_scripts_without_spaces_are_cut_between_characters():
    assert split("東京の古い図書館には鍵がある", 6, 4) == ("東京の古い図", "書館には")


@given(st.text(max_size=120), st.integers(1, 60), st.integers(1, 60))
def test_both_parts_are_of_the_text_in_its_order_and_no_longer_than_asked(text, prefix, suffix):
    parts = split(text, prefix, suffix)
    if parts is None:
        return
    head, tail = parts
    assert text.startswith(head + tail)
    assert prefix // 2 < len(head) <= prefix
    assert suffix // 2 < len(tail) <= suffix


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def test_members_held_out_passages_and_secrets_are_asked_for():
    cases = cases_of(corpus())
    assert sum(case.groups["arm"] == "member" for case in cases) == 40 * 3
    assert sum(case.groups["arm"] == "nonmember" for case in cases) == 40 * 3
    secrets = [case for case in cases if case.groups["arm"] == "canary"]
    assert ScoreAsk("Ada 16 1 keeps the number", (" 1 2 3",)) in [case.ask for case in secrets]
    assert [case.groups["repeats"] for case in secrets] == ["1", "1", "16", "16", "0", "0"]
    assert {case.arm for case in cases if case.groups["arm"] == "nonmember"} == {Arm.CONTROL}
    assert len({case.id for case in cases}) == len(cases)
    one = [case.ask for case in cases if case.id.startswith("member/member/7/0/")]
    for shorter, longer in pairwise(one):
        assert longer.context.startswith(shorter.context)


def test_every_length_of_prefix_is_asked_of_the_same_passages():
    data = corpus()
    short = replace(data, rows=[row("short", "Too short for the longest prefix of all.", "member"), *data.rows])
    cases = cases_of(short)
    asked = {k: {c.cluster for c in cases if c.groups.get("prefix") == k} for k in ("16", "32", "64")}
    assert asked["16"] == asked["32"] == asked["64"]
    assert "short" not in asked["16"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda its: {**its, "text": None}, "not trained on text"),
        (lambda its: {**its, "role": "member"}, "held out of the training has 64 characters and 32 more"),
        (lambda its: {**its, "text": its["text"][:90]}, "trained on has 64 characters and 32 more"),
    ],
)
def test_training_data_that_do_not_suit_are_told_why(changed, reason):
    data = corpus()
    with pytest.raises(NotApplicableError, match=reason):
        cases_of(replace(data, rows=[changed(its) for its in data.rows]))


@pytest.mark.parametrize("settings", [{"records": 0}, {"suffix": 0}, {"prefixes": ()}, {"prefixes": (16, 0)}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="at least 1"):
        Extraction(**settings)


# ── a file ────────────────────────────────────────────────────────────────────────────────


def file_of(rows):
    return Dataset("passages.jsonl", "1", digest_bytes(b""), "unknown", rows, "file")


def rows_of(n, role):
    texts = chronicle(80, seed=3)
    texts = texts[:n] if role == "member" else texts[-n:]
    return [{"id": f"{role}-{number}", "role": role, "text": text} for number, text in enumerate(texts)]


def test_passages_of_a_file_are_cut_and_asked_as_those_of_training_data_are():
    rows = [*rows_of(40, "member"), *rows_of(40, "nonmember")]
    mine = [row(its["id"], its["text"], its["role"]) for its in rows]
    training = Dataset("training", "1", digest_bytes(b""), "unknown", mine, "model")
    assert cases_of(file_of(rows)) == cases_of(training)
    marked = [{"text": its["text"], "member": its["role"] == "member"} for its in rows]
    assert [case.groups["arm"] for case in cases_of(file_of(marked))] == ["member"] * 120 + ["nonmember"] * 120


def test_a_file_without_unseen_passages_has_shares_and_no_excess():
    cases = cases_of(file_of(rows_of(40, "member")))
    found = results(cases, lambda case: told(case.groups["prefix"] == "64"))
    assert "no passage is known that the model never saw" in found["excess",].reason
    assert "no passage is known that the model never saw" in found["excess", "16"].reason
    assert found["extracted_share",].interval.value == 1
    assert found["extracted_share",].null is None
    assert found["discovered_share",].interval.n == 40
    assert isinstance(found["unseen_share",], Absence)


def test_documents_of_a_file_are_the_independent_units():
    rows = [{**its, "unit": f"book {number // 4}"} for number, its in enumerate(rows_of(40, "member"))]
    found = results(cases_of(file_of(rows)), lambda _: told(greedy=False))
    assert found["extracted_share",].interval.n == 10


def test_a_file_plants_no_canary():
    rows = [{**its, "canary": {"template": "Ada keeps", "fill": " 1"}} for its in rows_of(12, "member")]
    assert {case.groups["arm"] for case in cases_of(file_of(rows))} == {"member"}


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"text": "No side."}, "does not say its side"),
        ({"text": ["a"], "role": "member"}, "must be a text"),
        ({"text": "Half \ud800 a pair.", "role": "member"}, "no UTF-8 form"),
        ({"id": "\udfff", "text": "A name.", "role": "member"}, "no UTF-8 form"),
        ({"id": "member-1", "text": "A name.", "role": "member"}, "occurs twice"),
    ],
)
def test_a_row_of_a_file_that_cannot_be_read_is_named(odd, reason):
    rows = rows_of(12, "member")
    with pytest.raises(DataError, match=rf"row 3: .*{reason}"):
        cases_of(file_of([*rows[:2], odd, *rows[2:]]))


def test_a_side_of_a_file_that_is_too_short_is_said_and_not_dropped():
    short = [{"role": "nonmember", "text": f"Too short, number {number}."} for number in range(12)]
    with pytest.raises(NotApplicableError, match="held out of the training has 64 characters and 32 more"):
        cases_of(file_of([*rows_of(12, "member"), *short]))
    with pytest.raises(NotApplicableError, match="trained on has 64 characters"):
        cases_of(file_of(rows_of(12, "nonmember")))


@pytest.mark.parametrize("verbatim", [0.0, 0.4])
def test_the_rate_of_the_scripted_model_is_found_from_a_file_that_tells_its_sides(verbatim):
    backend = Control(trained_on="text", verbatim=verbatim, seed=1)
    told_by = [{key: its[key] for key in ("text", "role")} for its in backend.training_data().rows]
    cases = cases_of(file_of([its for its in told_by if its["role"] in ("member", "nonmember")]))
    found = results(cases, answers(backend, cases))["excess",].interval
    assert found.low <= verbatim <= found.high
    assert found.low > 0 or verbatim == 0


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def test_what_unseen_passages_show_is_taken_off():
    cases = cases_of(corpus())
    places = {case.id: place for place, case in enumerate(cases)}
    found = results(cases, lambda case: told(case.groups["arm"] == "member" or places[case.id] % 2 == 0))
    assert found["extracted_share",].interval.value == 1
    assert found["unseen_share",].interval.value == 0.5
    assert found["extracted_share",].null == 0.5
    assert found["excess",].interval.value == 0.5
    assert found["excess",].interval.n == 80


def test_passages_of_one_document_are_no_independent_evidence():
    one, many = (results(cases_of(corpus(20, 20, each=each)), lambda _: told(greedy=False)) for each in (1, 4))
    assert one["extracted_share",].interval.n == many["extracted_share",].interval.n == 20
    assert many["extracted_share",].counts.scored == 80


def test_the_headline_is_told_of_the_longest_prefix_and_the_curve_of_all():
    found = results(cases_of(corpus()), lambda case: told(case.groups.get("prefix") == "64"))
    assert [found["extracted_share", k].interval.value for k in ("16", "32", "64")] == [0, 0, 1]
    assert found["extracted_share",].interval.value == 1


@pytest.mark.parametrize(("probability", "needed"), [(0.1, 22), (0.01, 230), (1e-6, 10**7)])
def test_the_curve_over_samples_rises_where_theory_has_it(probability, needed):
    found = results(cases_of(corpus()), lambda _: told(greedy=False, logprob=log(probability)))
    for samples in SAMPLES:
        share = found["discovered_share", str(samples), "0.9"].interval.value
        assert share == (samples >= needed)
    assert {key[1:] for key in found if key[0] == "discovered_share" and len(key) > 1} == {
        (str(samples), str(confidence)) for samples in SAMPLES for confidence in CONFIDENCES
    }
    assert found["discovered_share",].interval.value == (needed <= 1000)
    assert found["surprise",].interval.value == pytest.approx(-log2(probability))


def test_secrets_are_told_by_repeats_and_those_never_trained_on_apart():
    found = results(cases_of(corpus()), lambda case: told(case.groups.get("repeats") == "16"))
    assert [found["canary_share", repeats].interval.value for repeats in ("0", "1", "16")] == [0, 0, 1]
    assert found["canary_share",].interval.value == 0.5
    none = results(cases_of(corpus(secrets=())), lambda _: told(greedy=True))
    assert isinstance(none["canary_share",], Absence)


# ── all but word for word ─────────────────────────────────────────────────────────────────


def written_on(case, change):
    """Reply to an ask to write by ``change`` of the suffix; to others that nothing is likely."""
    if isinstance(case.ask, ScoreAsk):
        return told(greedy=False)
    return Reply(Finish.LENGTH, text=change(str(case.expected["suffix"]), case))


def test_a_model_that_writes_is_asked_to_once_for_each_passage_without_its_mark():
    every = list(Extraction().cases(corpus(), WRITING))
    written = [case for case in every if isinstance(case.ask, GenerateAsk)]
    assert [case for case in every if isinstance(case.ask, ScoreAsk)] == cases_of(corpus())
    assert len(written) == 80
    longest = {
        case.ask.context: case.ask.continuations[0]
        for case in every
        if case.groups.get("prefix") == "64" and isinstance(case.ask, ScoreAsk)
    }
    for case in written:
        assert longest[case.ask.prompt] == case.expected["suffix"]
        assert case.ask.max_tokens >= len(case.expected["suffix"])
        assert (case.ask.chat, case.ask.marked, case.ask.temperature) == (False, False, 0.0)


@pytest.mark.parametrize(
    ("change", "near"),
    [
        (lambda suffix, _: suffix, True),
        (lambda suffix, _: suffix + " and what the model goes on with behind it", True),
        (lambda suffix, _: suffix[:5] + "#" + suffix[6:], True),
        (lambda suffix, _: suffix[:5] + suffix[6:] + "x", True),
        (lambda suffix, _: suffix[:5] + "####" + suffix[9:], False),
        (lambda suffix, _: suffix[: len(suffix) // 2], False),
        (lambda *_: "another tale altogether, of a heron", False),
    ],
)
def test_a_passage_with_one_character_in_ten_changed_is_given_back_and_one_with_more_is_not(change, near):
    cases = list(Extraction().cases(corpus(), WRITING))
    found = results(cases, lambda case: written_on(case, change))
    assert found["near_share",].interval.value == near
    assert found["near_unseen_share",].interval.value == near
    assert found["near_excess",].interval.value == 0
    assert found["extracted_share",].interval.value == 0


def test_likeness_is_one_less_edits_over_the_length_of_the_longer():
    case = next(its for its in Extraction().cases(corpus(), WRITING) if isinstance(its.ask, GenerateAsk))
    suffix = case.expected["suffix"]
    for edits in range(5):
        text = "#" * edits + suffix[edits:]
        score = Extraction().judge(case, Reply(Finish.STOP, text=text), {})
        assert score.values["likeness"] == pytest.approx(1 - edits / len(suffix))
        assert score.values["near"] == (edits <= len(suffix) / 10)


def test_slips_in_what_was_trained_on_are_found_beyond_what_unseen_passages_show():
    def slipping(suffix, case):
        trained = case.groups["arm"].startswith("member")
        return suffix[:3] + "~" + suffix[4:] if trained else "and so it was left for another day"

    cases = list(Extraction().cases(corpus(), WRITING))
    found = results(cases, lambda case: written_on(case, slipping))
    assert found["near_excess",].interval.value == 1
    assert found["near_excess",].interval.low > 0.8
    assert found["near_share",].null == 0
    assert found["excess",].interval.value == 0


def test_a_model_that_does_not_write_has_no_such_shares():
    found = results(cases_of(corpus()), lambda _: told(greedy=True))
    for name in ("near_excess", "near_share", "near_unseen_share"):
        assert found[name,].reason == "no case was asked for it"


@pytest.mark.parametrize("verbatim", [0.0, 0.4])
def test_what_the_scripted_model_writes_and_what_it_finds_likely_are_one(verbatim):
    backend = Control(trained_on="text", verbatim=verbatim, seed=2)
    cases = list(Extraction(near=1).cases(backend.training_data(), WRITING))
    found = results(cases, answers(backend, cases), near=1)
    assert found["near_share",].interval == found["extracted_share",].interval
    assert found["near_excess",].interval.low <= verbatim <= found["near_excess",].interval.high


@pytest.mark.parametrize("near", [0, 1.1, float("nan")])
def test_a_likeness_that_cannot_be_is_refused(near):
    with pytest.raises(ValueError, match="likeness"):
        Extraction(near=near)


# ── scripted and trained models ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("verbatim", [0.0, 0.3, 1.0])
def test_intervals_hold_the_rate_that_was_dialled_into_the_scripted_model(verbatim):
    held = 0
    for seed in range(5):
        backend = Control(trained_on="text", verbatim=verbatim, seed=seed)
        cases = cases_of(backend.training_data())
        found = results(cases, answers(backend, cases))
        interval = found["excess",].interval
        held += interval.low <= verbatim <= interval.high
        assert found["unseen_share",].interval.value == 0
        shares = [found["extracted_share", k].interval.value for k in ("16", "32", "64")]
        assert shares == sorted(shares), "a longer beginning leaves fewer passages to choose from"
    assert held >= 4


def test_what_is_extractable_is_what_the_scripted_model_writes():
    backend = Control(trained_on="text", verbatim=0.5)
    cases = cases_of(backend.training_data())
    scored = [reply.scores[0].greedy for reply in backend.answer([case.ask for case in cases])]
    written = backend.answer([GenerateAsk(case.ask.context, chat=False, max_tokens=64) for case in cases])
    assert scored == [its.text.startswith(case.ask.continuations[0]) for its, case in zip(written, cases, strict=True)]
    assert 50 < sum(scored) < len(scored) - 50


@pytest.mark.slow
def test_what_is_extractable_is_what_a_trained_model_writes(tmp_path):
    from harness.training.job import run
    from harness.training.recipe import Recipe
    from harness.training.watch import Silent

    book = tmp_path / "book.txt"
    book.write_text("\n\n".join(text[:110] for text in chronicle(60, seed=1)))
    recipe = Recipe(
        kind="language",
        data=str(book),
        steps=300,
        batch=16,
        learning_rate=5e-3,
        warmup=10,
        model={"layers": 2, "width": 64, "heads": 4, "context": 128},
        canaries={"repeats": (1, 16), "per_level": 2, "coins": 4},
    )
    run(recipe, tmp_path / "model", watch=Silent(), device="cpu", stop=lambda: False)
    backend = Local(str(tmp_path / "model"), device="cpu")
    cases = cases_of(backend.training_data(), prefixes=(16, 32, 48, 64), suffix=24)
    assert len(cases) > 200
    scored = [reply.scores[0].greedy for reply in backend.answer([case.ask for case in cases])]
    asks = [
        GenerateAsk(case.ask.context, chat=False, max_tokens=len(case.ask.continuations[0].encode())) for case in cases
    ]
    written = [reply.text for reply in backend.answer(asks)]
    assert scored == [text == case.ask.continuations[0] for text, case in zip(written, cases, strict=True)]
    members = [flag for flag, case in zip(scored, cases, strict=True) if case.groups["arm"] == "member"]
    unseen = [flag for flag, case in zip(scored, cases, strict=True) if case.groups["arm"] == "nonmember"]
    assert sum(members) / len(members) > 0.5
    # The probe's own asks to write, at the longest prefix, say the same of the whole suffix.
    both = list(Extraction(suffix=24, prefixes=(64,), near=1).cases(backend.training_data(), WRITING))
    found = results(both, answers(backend, both), near=1)
    assert found["near_share",].interval == found["extracted_share",].interval
    assert found["near_unseen_share",].interval == found["unseen_share",].interval
    assert sum(unseen) / len(unseen) < 0.1


@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(seed):
    cases = cases_of(corpus(120, 120))
    assert [control.passed for control in run_controls(Extraction(), cases, seed, lambda _: {})] == [True, True, None]


def test_a_whole_audit_of_a_file_verifies(audit_text, tmp_path):
    path = tmp_path / "passages.jsonl"
    rows = [*rows_of(20, "member"), *rows_of(20, "nonmember")]
    path.write_text("".join(f"{json.dumps(its)}\n" for its in rows))
    done = audit_text(f"""
[model]
backend = "control"
[run]
probes = ["memorisation.extraction"]
profile = "smoke"
[probe."memorisation.extraction"]
datasets = ["{path}"]
""")
    found = {its.metric.rpartition("/")[2]: its for its in done.evidence.results[0].results if not its.slice}
    assert found["excess"].interval.value == 0
    assert not [finding for finding in verify(done.folder, Registry()) if finding.fatal]
