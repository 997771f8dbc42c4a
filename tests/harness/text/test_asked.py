"""What a prompt asks in the end, whatever stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts import Budget
from harness.data import load
from harness.records import Capability, GenerateAsk, ScoreAsk
from harness.text.asked import asked
from probes.hallucination.calibration import Calibration
from probes.hallucination.closed_book import ClosedBook
from probes.hallucination.grounded import Grounded
from probes.robustness.format import PromptFormat

EXAMPLES = "Q: Which day comes after Monday?\nA: Tuesday.\n\n"

PROMPTS = {
    "Who kept the lamp?": "Who kept the lamp?",
    "Who kept the lamp?\nAnswer in a few words. If you do not know, say so.": "Who kept the lamp?",
    f"{EXAMPLES}Q: Who kept the lamp?\nA:": "Who kept the lamp?",
    "Passage: Did it burn? It did.\n\nAnswer: yes\n\nQuestion: Who kept the lamp?\nAnswer:": "Who kept the lamp?",
    "Edda rowed out. Why? Who kept the lamp?": "Why? Who kept the lamp?",
    "Question: Who kept the lamp?\nA. Edda?\nB. Josef?\n\nReply with the letter.": "Who kept the lamp?",
    "Question :: Who kept the lamp? || A) Edda || B) Josef || Answer :: ": "Who kept the lamp?",
    "She asked: “Who kept the lamp?” Tell her.": "She asked: “Who kept the lamp?",
}


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_sentence_that_asks_is_found(prompt, told):
    assert asked(prompt, told=told) == PROMPTS[prompt]


def test_what_is_told_without_a_question_mark_is_what_is_asked_for_and_a_text_that_goes_on_asks_nothing():
    for text in ("Name the keeper of the lamp.", "The nurse said that"):
        assert asked(text, told=True) == text
        assert asked(text, told=False) == ""
    assert asked("The keeper of the lamp is\nAnswer:", told=False) == "The keeper of the lamp is\nAnswer:"


def test_below_a_worked_example_alone_nothing_is_asked():
    assert asked(f"{EXAMPLES}A:", told=False) == "A:"
    assert asked(EXAMPLES, told=True) == ""


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_read(text, told):
    assert isinstance(asked(text, told=told), str)


@pytest.mark.parametrize(
    ("probe", "data", "way"),
    [
        (ClosedBook(), "facts_mc", Capability.SCORE),
        (ClosedBook(mode="write"), "facts_mc", Capability.GENERATE),
        (Calibration(), "facts_mc", Capability.SCORE),
        (Calibration(), "facts_mc", Capability.GENERATE),
        (Grounded(), "passages", Capability.GENERATE),
        (PromptFormat(), "facts_mc", Capability.SCORE),
    ],
)
def test_probes_of_this_project_are_asked_what_they_say_they_ask(probe, data, way):
    cases = [case for case in probe.cases(load(data), Budget(40, 0, way)) if case.wording is not None]
    assert len(cases) >= 40
    for case in cases:
        ask = case.ask
        assert isinstance(ask, GenerateAsk | ScoreAsk)
        found = asked(ask.prompt, told=True) if isinstance(ask, GenerateAsk) else asked(ask.context, told=False)
        assert found.endswith(case.wording.rpartition(". ")[2]), (case.id, found)
