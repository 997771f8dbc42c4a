"""Free writing is searched in a corpus: what is copied, what stands in unseen text too, and the rate dialled in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.backends.control import Control
from harness.backends.control_library import chronicle
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import run_controls
from harness.data import load
from harness.errors import DataError, NotApplicableError
from harness.instruments.corpus_search import CorpusSearch as Search
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Finish, Outcome, Reply
from harness.text.corpus import Sought, token_spans
from probes.memorisation.corpus_search import READ, CorpusSearch
from probes.memorisation.corpus_search_prompts import PROMPTS

LONG = ". ".join(chronicle(400, seed=5))


def written(path, members, nonmembers=()):
    rows = [{"text": text, "role": "member"} for text in members]
    rows += [{"text": text, "role": "nonmember"} for text in nonmembers]
    path.write_text("\n".join(map(json.dumps, rows)))
    return load(str(path))


@pytest.fixture
def halves(tmp_path):
    """A corpus of two like halves, 60 texts each, every text four passages long."""
    texts = chronicle(480, seed=7)
    joined = [" ".join(texts[at : at + 4]) for at in range(0, 480, 4)]
    return written(tmp_path / "texts.jsonl", joined[:60], joined[60:])


class Put:
    """The probe put to a respondent, with its instrument reading for real."""

    def __init__(self, probe, data, *, items=None, search=None):
        self.probe, self.search, self.data = probe, search or Search(), data
        self.cases = list(probe.cases(data, Budget(items, 0, Capability.GENERATE)))

    def read(self, wanted):
        wanted = list(dict.fromkeys(wanted))
        return dict(zip(wanted, self.search.read(wanted, replace(NOTHING, training=lambda: self.data)), strict=True))

    def judged(self, respond):
        replies = [respond(case) for case in self.cases]
        readings = self.read(wanted_readings(self.probe, self.cases, replies))
        return judge_cases(self.probe, self.cases, replies, readings)

    def results(self, respond):
        found = self.probe.summarise(self.judged(respond))
        return {(its.metric.partition("/")[2], *its.slice.values()): its for its in found}


def said(text):
    return lambda _: Reply(Finish.STOP, text=text)


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def test_beginnings_are_short_of_their_own_and_one_is_empty():
    assert len(PROMPTS) == len(set(PROMPTS)) >= 61
    assert sum(not prompt for prompt in PROMPTS) == 1
    assert all(len(prompt.split()) <= 7 for prompt in PROMPTS)


def test_each_beginning_is_sampled_without_a_template_with_seeds_of_its_own():
    cases = Put(CorpusSearch(samples=3), load("plain_text"), items=10).cases
    assert len(cases) == 30
    assert {case.ask.seed for case in cases} == {1, 2, 3}
    assert {(case.ask.temperature, case.ask.chat, case.ask.top_p) for case in cases} == {(1.0, False, 1.0)}
    assert len({case.cluster for case in cases}) == 10


def test_the_passage_of_a_case_stands_in_the_corpus_and_is_long_enough(halves):
    texts = [row["text"] for row in halves.rows if row["role"] == "member"]
    for case in Put(CorpusSearch(samples=1), halves).cases:
        passage = case.expected["passage"]
        assert any(passage in text for text in texts)
        assert 25 <= len(token_spans(passage)) <= 35
        assert case.expected["sought"] == {"corpus": halves.name, "digest": str(halves.digest), "at_least": 25}


@pytest.mark.parametrize(
    "settings",
    [{"samples": 0}, {"at_least": 7}, {"temperature": 0.0}, {"max_tokens": 24}, {"at_least": 60, "max_tokens": 59}],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=r"at least|no room"):
        CorpusSearch(**settings)


def test_a_corpus_in_which_nothing_could_be_copied_is_refused(tmp_path):
    short = written(tmp_path / "short.jsonl", ["Too short to be copied.", "again and again " * 40])
    with pytest.raises(DataError, match="no text in it has 25 tokens on end"):
        Put(CorpusSearch(), short)
    with pytest.raises(DataError, match="row 1 has no text"):
        Put(CorpusSearch(), load("facts_mc"))


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def test_a_worked_example_of_all_numbers(halves):
    texts = {role: [row["text"] for row in halves.rows if row["role"] == role] for role in ("member", "nonmember")}
    put = Put(CorpusSearch(samples=4), halves, items=10)
    half = {"1": texts["member"][0], "2": texts["nonmember"][0], "3": "I have nothing to say.", "4": LONG[:900]}
    found = put.results(lambda case: Reply(Finish.STOP, text=half[case.id.rpartition("/")[2]]))
    sizes = {sample: len(token_spans(text)) for sample, text in half.items()}
    assert found["copying_share",].interval.value == found["unseen_copying_share",].interval.value == 0.25
    assert found["copied_token_share",].interval.value == pytest.approx(sizes["1"] / sum(sizes.values()))
    assert found["unseen_copied_token_share",].interval.value == pytest.approx(sizes["2"] / sum(sizes.values()))
    assert found["copied_token_share",].null == found["unseen_copied_token_share",].interval.value
    assert found["copying_share",].null == 0.25
    assert found["excess",].interval.value == 0
    assert found["room_share",].interval.value == 0.75
    assert found["longest_run",].interval.value == sizes["1"]
    assert found["copying_share",].interval.n == 10, "samples of one beginning are one unit"


def test_runs_of_every_length_are_told_apart(halves):
    text = next(row["text"] for row in halves.rows if row["role"] == "member")
    put = Put(CorpusSearch(samples=1), halves)
    start, end = token_spans(text)[0][0], token_spans(text)[29][1]
    found = put.results(said(f"xx {text[start:end]} yy"))
    assert {run: found["copying_share", run].interval.value for run in ("10", "25", "50", "100", "200")} == {
        "10": 1,
        "25": 1,
        "50": 0,
        "100": 0,
        "200": 0,
    }
    assert found["copying_share",].interval.value == 1
    assert found["longest_run",].interval.value == found["longest_run", "0.9"].interval.value == 30


def test_without_text_never_trained_on_there_is_no_excess():
    found = Put(CorpusSearch(samples=1), load("plain_text"), items=12).results(said("Nothing of it."))
    for metric in ("excess", "unseen_copying_share", "unseen_copied_token_share"):
        assert "role nonmember" in found[metric,].reason
    assert found["copying_share",].null == 0


def test_halves_of_unlike_size_are_not_compared(tmp_path):
    data = written(tmp_path / "uneven.jsonl", [LONG[:20_000]], [LONG[-2_000:]])
    found = Put(CorpusSearch(samples=1), data, items=12).results(said("Nothing of it."))
    assert "too unlike to compare" in found["excess",].reason
    assert found["unseen_copying_share",].interval.value == 0


def test_what_was_not_searched_is_not_scored_and_a_note_holds_no_word_of_the_copy(halves):
    put = Put(CorpusSearch(), halves, items=1)
    case = put.cases[0]
    passage = case.expected["passage"]
    assert put.probe.judge(case, Reply(Finish.STOP, text=passage), {}).outcome is Outcome.UNREADABLE
    judged = put.judged(said(passage))[0]
    assert "tokens on end stand in document" in judged.score.note
    assert not {"miller", "baker", "chapel"} & set(judged.score.note.split())
    assert set(READ) <= set(Search().card.measures)


def test_a_single_beginning_has_no_excess(halves):
    found = Put(CorpusSearch(), halves, items=1).results(said("Nothing of it."))
    assert isinstance(found["excess",], Absence)
    assert isinstance(found["longest_run",], Absence)


# ── controls and scripted models ──────────────────────────────────────────────────────────


def test_its_controls_pass_on_a_corpus_with_both_halves(halves):
    put = Put(CorpusSearch(samples=1, at_least=50), halves)
    results = run_controls(put.probe, put.cases, 0, put.read)
    assert [control.passed for control in results] == [True, True, None]
    near = results[2].estimate.interval
    assert near.value < 0.4, "a copy with one word in 20 changed is mostly missed"


@pytest.mark.parametrize(("recital", "seed"), [(0.0, 0), (0.3, 1), (0.7, 2)])
def test_the_dialled_rate_of_a_scripted_model_is_found(recital, seed):
    put = Put(CorpusSearch(samples=2, max_tokens=64), load("plain_text"), items=40)
    backend = Control(recital=recital, seed=seed)
    found = put.results(lambda case: backend.answer([case.ask])[0])
    interval = found["copying_share",].interval
    assert interval.low <= recital <= interval.high
    assert found["copied_token_share",].interval.value >= interval.value, "what it says otherwise is short"


def test_a_scripted_model_copies_what_it_was_trained_on_and_not_what_was_held_out(tmp_path):
    backend = Control(trained_on="text", recital=0.3, seed=1)
    rows = [row for row in backend.training_data().rows if row["canary"] is None]
    texts = {role: [row["text"] for row in rows if row["role"] == role] for role in ("member", "nonmember")}
    data = written(tmp_path / "training.jsonl", texts["member"], texts["nonmember"])
    found = Put(CorpusSearch(samples=2, at_least=22, max_tokens=40), data).results(
        lambda case: backend.answer([case.ask])[0]
    )
    for metric in ("copying_share", "excess"):
        assert found[metric,].interval.low <= 0.3 <= found[metric,].interval.high
    # Its passages are made by one rule, so two of them may have the same second half.
    assert found["unseen_copying_share",].interval.value < 0.05


@pytest.mark.slow
def test_the_interval_covers_the_dialled_rate_as_often_as_it_claims():
    put = Put(CorpusSearch(samples=1, max_tokens=50), load("plain_text"), items=40)
    covered = 0
    for seed in range(40):
        backend = Control(recital=0.3, seed=seed)
        interval = put.results(lambda case, backend=backend: backend.answer([case.ask])[0])["copying_share",].interval
        covered += interval.low <= 0.3 <= interval.high
    assert covered >= 0.95 * 40 - 3 * (40 * 0.95 * 0.05) ** 0.5


@pytest.mark.slow
def test_a_model_that_was_trained_here_is_held_against_its_own_training(tmp_path):
    from harness.backends.local import Local
    from harness.training.job import run
    from harness.training.recipe import Recipe
    from harness.training.watch import Silent

    book = tmp_path / "book.txt"
    book.write_text("\n\n".join(row["text"].replace("\n", " ") for row in load("plain_text").rows))
    recipe = Recipe(
        kind="language",
        data=str(book),
        steps=2,
        batch=4,
        learning_rate=1e-3,
        model={"layers": 1, "width": 16, "heads": 2, "context": 256},
    )
    run(recipe, tmp_path / "model", watch=Silent(), device="cpu", stop=lambda: False)
    backend = Local(str(tmp_path / "model"), device="cpu")
    data = backend.training_data()
    search = Search(index=str(tmp_path / "index"))
    put = Put(CorpusSearch(samples=1), data, items=40, search=search)
    assert {Sought(**case.expected["sought"]).corpus for case in put.cases} == {"training"}
    units = {row["unit"]: row["role"] for row in data.rows}
    for role, (seen, unseen) in {"member": (1, 0), "nonmember": (0, 1)}.items():
        unit = next(unit for unit in units if units[unit] == role)
        whole = "\n".join(row["text"] for row in data.rows if row["unit"] == unit)
        found = put.results(said(whole))
        assert found["copying_share",].interval.value == seen
        assert found["unseen_copying_share",].interval.value == unseen
        assert (found["longest_run",].interval.value == len(token_spans(whole))) == bool(seen)
    assert [control.passed for control in run_controls(put.probe, put.cases, 0, put.read)] == [True, True, None]


def test_pictures_are_no_corpus():
    with pytest.raises(NotApplicableError, match="not trained on text"):
        Put(CorpusSearch(), Control().training_data())


def test_a_model_that_was_trained_on_text_is_searched_for_what_it_was_trained_on(audit_text):
    done = audit_text("""
[model]
backend = "control"
trained_on = "text"
recital = 0.5
[run]
probes = ["memorisation.corpus_search"]
[probe."memorisation.corpus_search"]
at_least = 20
""")
    found = {its.metric.rpartition("/")[2]: its for its in done.evidence.results[0].results if not its.slice}
    assert found["copying_share"].interval.low > 0.2
    assert found["excess"].interval.low > 0
