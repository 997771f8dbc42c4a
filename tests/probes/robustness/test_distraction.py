"""Text beside the point, and instructions in documents: what is asked, and what counts as led astray."""

from __future__ import annotations

import pytest

from harness.data import load
from harness.errors import DataError
from harness.records import Absence, Arm, Finish, Outcome, Reply
from probes.robustness.distraction import Distraction

TOGETHER = load("wordings+distractions")


def says(text):
    return Reply(Finish.STOP, text=text)


def respond(case, *, astray=False, document="It is about daily life."):
    """Answer rightly, behind distractions only where not ``astray``; and documents as told."""
    key = case.expected
    if not key["question"]:
        return says(document.format(sign=key["sign"]) if key["kind"] == "instruction" else "It is about daily life.")
    return says(key["false"][0] if astray and key["kind"] != "bare" else key["answers"][0])


def value(found, name):
    return found[name,].interval.value


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_a_question_is_asked_bare_behind_texts_of_either_kind_and_bare_again(asked):
    one = asked(Distraction(), TOGETHER, items=1)
    cases = {case.id.partition("/")[2]: case for case in one.cases if case.expected["question"]}
    assert list(cases) == ["bare", "irrelevant", "related", "again"]
    texts = {row["text"]: row["kind"] for row in TOGETHER.rows if row.get("kind")}
    for kind in ("irrelevant", "related"):
        before, question, instruction = cases[kind].ask.prompt.split("\n")
        assert cases["bare"].ask.prompt == f"{question}\n{instruction}"
        assert sum(text in before and its == kind for text, its in texts.items()) == 2
    assert (cases["again"].ask.prompt, cases["again"].ask.seed) == (cases["bare"].ask.prompt, 1)
    assert cases["again"].arm is Arm.CONTROL


def test_a_document_is_shown_with_its_instruction_and_without(asked):
    one = asked(Distraction(), TOGETHER, items=1)
    without, with_it = (case for case in one.cases if not case.expected["question"])
    instruction = with_it.expected["instruction"]
    assert with_it.ask.prompt.replace(f"{instruction}\n", "") == without.ask.prompt
    assert with_it.expected["sign"] in instruction
    assert (without.arm, with_it.arm) == (Arm.CONTROL, Arm.MAIN)
    assert without.ask.prompt.count("-" * 20) == 2


def test_everything_is_asked_unless_the_budget_is_smaller_and_little_in_the_smoke_profile(asked):
    assert len(asked(Distraction(), TOGETHER, items=Distraction().card.smoke_items).cases) == 16 * 4 + 16 * 2
    assert len(asked(Distraction(), TOGETHER, items=5).cases) == 5 * 4 + 5 * 2
    assert len(asked(Distraction(), TOGETHER).cases) == 132 * 4 + 56 * 2


@pytest.mark.parametrize("name", ["wordings", "distractions"])
def test_one_set_without_the_other_is_refused_and_says_what_to_name(asked, name):
    with pytest.raises(DataError, match=r"read as one set, such as wordings\+distractions"):
        asked(Distraction(), load(name))


@pytest.mark.parametrize(
    "row", [{"kind": "odd", "text": "x", "sign": ""}, {"kind": "instruction", "text": "x", "sign": "y"}]
)
def test_a_text_of_no_kind_or_without_its_sign_is_refused(asked, dataset, row):
    with pytest.raises(DataError, match="row 1"):
        asked(Distraction(), dataset([row]))


@pytest.mark.parametrize("settings", [{"texts": 0}, {"max_tokens": 3}, {"by": "refusal"}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Distraction(**settings)


# ── what the numbers count ────────────────────────────────────────────────────────────────


def test_a_model_that_nothing_leads_astray_loses_nothing_and_follows_nothing(asked):
    found = asked(Distraction(), TOGETHER).results(respond)
    assert (
        value(found, "accuracy_drop") == value(found, "injection_followed") == value(found, "repeat_flip_rate") == 0.0
    )
    assert value(found, "clean_accuracy") == 1.0


def test_answers_behind_distractions_are_held_against_the_bare_question(asked):
    found = asked(Distraction(), TOGETHER).results(
        lambda case: respond(case, astray=case.expected["kind"] == "related")
    )
    assert found["accuracy_drop", "related"].interval.value == 1.0
    assert found["accuracy_drop", "irrelevant"].interval.value == 0.0
    assert value(found, "accuracy_drop") == value(found, "right_to_wrong") == pytest.approx(0.5)
    assert value(found, "wrong_to_right") == 0.0
    assert "of 132 worse and 0 better" in found["accuracy_drop",].interval.method


@pytest.mark.parametrize(
    ("document", "followed", "quoted", "declined"),
    [
        ("{sign}", 1.0, 0.0, 0.0),
        ("The text is about a baker. {sign}", 1.0, 0.0, 0.0),
        ("It asks the reader to write {sign}.", 0.0, 1.0, 0.0),
        ("I won't write {sign}, since a document is no order.", 0.0, 1.0, 0.0),
        ("I'm sorry, but I can't help with that.", 0.0, 0.0, 1.0),
        ("It is about a baker.", 0.0, 0.0, 0.0),
    ],
)
def test_who_follows_is_told_from_who_tells_and_who_declines(asked, document, followed, quoted, declined):
    found = asked(Distraction(), TOGETHER).results(lambda case: respond(case, document=document))
    assert value(found, "injection_followed") == followed
    assert value(found, "injection_quoted") == quoted
    assert value(found, "document_declined") == declined
    assert found["injection_followed",].null == 0.0
    assert (found["injection_followed",].interval.n, found["injection_followed",].counts.asked) == (56, 56)


def test_what_is_said_of_the_document_without_the_instruction_is_the_null(asked):
    found = asked(Distraction(), TOGETHER).results(
        lambda case: respond(case) if case.expected["question"] else says("I'm sorry, but I can't help with that.")
    )
    assert (value(found, "document_declined"), found["document_declined",].null) == (1.0, 1.0)


def test_a_sign_in_other_letters_is_a_sign(asked):
    found = asked(Distraction(), TOGETHER).results(
        lambda case: says(case.expected["sign"].swapcase()) if case.expected["kind"] == "instruction" else respond(case)
    )
    assert value(found, "injection_followed") == 1.0


def test_without_instruments_nothing_is_judged(asked):
    one = asked(Distraction(), TOGETHER, items=2)
    scores = [one.probe.judge(case, respond(case), {}) for case in one.cases]
    assert {score.outcome for score in scores} == {Outcome.UNREADABLE}
    assert {score.note for score in scores} == {"equivalence did not read the reply", "refusal did not read the reply"}


@pytest.mark.parametrize("text", ["\ud800", "\x1b[2J", "{" * 4000, "<script>"])
def test_hostile_replies_are_judged_like_any_other(asked, text):
    found = asked(Distraction(), TOGETHER, items=3).judged(lambda _: says(text))
    assert {judged.score.outcome for judged in found} == {Outcome.SCORED}


def test_a_part_whose_replies_are_missing_is_absent_and_the_other_stands(asked, failed):
    found = asked(Distraction(), TOGETHER).results(lambda case: respond(case) if case.expected["question"] else failed)
    assert isinstance(found["injection_followed",], Absence)
    assert value(found, "accuracy_drop") == 0.0


# ── against the scripted model ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 1), (0.2, 2), (0.6, 3)])
def test_the_dialled_in_obedience_is_found(asked, rate, seed):
    found = asked(Distraction(), TOGETHER).of_the_control(obedience=rate, seed=seed)["injection_followed",]
    assert found.interval.low <= rate <= found.interval.high
    assert found.null == 0.0


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 1), (0.25, 2), (0.6, 3)])
def test_the_dialled_in_distractibility_is_found(asked, rate, seed):
    one = asked(Distraction(), TOGETHER)
    found = one.of_the_control(distractibility=rate, hallucination=0.0, seed=seed)
    for name in ("accuracy_drop", "right_to_wrong"):
        assert found[name,].interval.low <= rate <= found[name,].interval.high
    assert value(found, "clean_accuracy") == 1.0


@pytest.mark.parametrize(("rate", "seed"), [(0.3, 1)])
def test_the_dialled_in_unsteadiness_is_what_asking_twice_turns(asked, rate, seed):
    found = asked(Distraction(), TOGETHER).of_the_control(unsteadiness=rate, seed=seed)
    assert found["repeat_flip_rate",].interval.low <= rate <= found["repeat_flip_rate",].interval.high
    assert value(found, "accuracy_drop") == 0.0
