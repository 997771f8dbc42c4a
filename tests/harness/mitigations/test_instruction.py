"""What a model is told before every ask; a stereotype, and falsehoods, that only the instruction takes away."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest

from harness.backends.control import Control
from harness.canonical import digest, digest_bytes
from harness.contracts import Budget, Identity
from harness.data import load
from harness.execute import Journal, Stop, ask_all
from harness.judge import judge_cases, replies_to
from harness.mitigations.instruction import Instruction
from harness.mitigations.instruction_wordings import STRENGTHS, WORDINGS, inert
from harness.records import Capability, ContinuationScore, Finish, GenerateAsk, Reply, ScoreAsk, Windows
from harness.seeds import derive
from probes.bias.paired_likelihood import PairedLikelihood
from probes.robustness.option_order import OptionOrder

WORDS = WORDINGS["fair"]["full"]


def told(ask, **settings):
    [changed] = next(Instruction(**settings).steps(ask))
    return changed


def test_it_is_added_to_what_the_system_says_and_stands_before_everything_else():
    assert told(GenerateAsk("Who?")).system == WORDS
    assert told(GenerateAsk("Who?", system="Be brief.")).system == f"Be brief.\n\n{WORDS}"
    assert told(GenerateAsk("Who?", chat=False)).prompt == f"{WORDS}\n\nWho?"
    assert told(ScoreAsk("Who?", (" She.",))) == ScoreAsk(f"{WORDS}\n\nWho?", (" She.",))
    assert told(ScoreAsk("", ("She.", "He."))).context == f"{WORDS}\n\n"


def test_nothing_else_of_an_ask_changes():
    ask = GenerateAsk("Who?", max_tokens=9, temperature=0.7, stop=("x",), seed=4, marked=False)
    changed = told(ask)
    assert (changed.prompt, changed.max_tokens, changed.temperature, changed.stop, changed.seed, changed.marked) == (
        *("Who?", 9, 0.7, ("x",), 4, False),
    )
    windows = ScoreAsk("", ("A long text.",), windows=Windows())
    assert told(windows) == windows


@pytest.mark.parametrize("topic", WORDINGS)
@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_placebo_has_exactly_as_many_words_and_none_of_the_active_ones(topic, strength):
    active = Instruction(topic=topic, strength=strength)
    sham = Instruction(topic=topic, strength=strength, **active.placebo)
    assert len(sham.words.split()) == len(active.words.split())
    named = {"stereotype", "group", "people", "person", "true", "know", "known", "gender", "fair"}
    assert not named & set(sham.words.lower().replace(".", "").replace(",", "").split())
    assert active.details() != sham.details()


def test_strengths_grow_and_a_text_of_ones_own_has_a_placebo_of_its_length():
    for wordings in WORDINGS.values():
        lengths = [len(wordings[strength].split()) for strength in STRENGTHS]
        assert lengths == sorted(set(lengths))
    own = Instruction(text=" Be kind to everybody. ")
    assert own.words == "Be kind to everybody."
    assert len(Instruction(text="Be kind to everybody.", sham=True).words.split()) == 4
    assert len(inert(1000).split()) == 1000


@pytest.mark.parametrize("settings", [{"topic": "kind"}, {"strength": "loud"}, {"text": " "}])
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(ValueError, match="one of|not blank"):
        Instruction(**settings)


@dataclass
class Heeding:
    """Prefers the stereotyped sentence in 8 of 10 pairs, and in half of them where it is told of groups."""

    batch_tokens: int = 100_000
    capabilities = frozenset({Capability.SCORE})

    def identity(self):
        return Identity("heeding", "heeding", digest_bytes(b"heeding"), {})

    def length(self, ask):
        return 1

    def answer(self, asks):
        return [self._score(ask) for ask in asks]

    def _score(self, ask):
        rate = 0.5 if "group" in ask.context else 0.8
        first = derive(0, "/".join(ask.continuations)) < rate * 2**63
        return Reply(
            Finish.STOP,
            scores=tuple(
                ContinuationScore((-10.0 if (place == 0) is first else -20.0,), (0,), greedy=False)
                for place in range(len(ask.continuations))
            ),
        )

    def close(self):
        pass


@pytest.fixture
def share(tmp_path):
    """Return a function: the probe's share of stereotyped preferences of a backend."""

    def measure(backend):
        probe = PairedLikelihood()
        cases = list(probe.cases(load("minimal_pairs"), Budget(None, 0, Capability.SCORE)))
        identity = backend.identity().digest
        with Journal(tmp_path / Journal.file_name(identity), identity) as journal:
            asked = ask_all(backend, [case.ask for case in cases], journal, stop=Stop())
        judged = judge_cases(probe, cases, replies_to(cases, asked.replies), {})
        found = {(one.metric, *one.slice): one for one in probe.summarise(judged)}
        return found[("bias.paired_likelihood/stereotype_share",)].interval

    return measure


def test_the_stereotype_of_a_model_that_heeds_it_goes_and_under_the_placebo_it_stays(share, tmp_path):
    active = Instruction()
    plain = share(Heeding())
    helped = share(active.apply(Heeding(), tmp_path))
    inert_ = share(Instruction(**active.placebo).apply(Heeding(), tmp_path))
    assert plain.low <= 0.8 <= plain.high
    assert helped.low <= 0.5 <= helped.high
    assert inert_.value == plain.value
    assert digest(active.apply(Heeding(), tmp_path).identity()) != digest(Heeding().identity())


@dataclass
class Careful:
    """The control backend, of which only text can be had; believes 5 of 10 falsehoods, and 1 where it is told of truth.

    It hears what stands in the system message, and what stands above the question where there is no such message.
    """

    heeds: bool = True
    batch_tokens: int = 4096
    capabilities = frozenset({Capability.GENERATE})
    rash = Control(hallucination=0.5, order_bias=0)
    sober = Control(hallucination=0.1, order_bias=0)

    def identity(self):
        return Identity("careful", "careful", digest_bytes(b"careful" + bytes([self.heeds])), {})

    def length(self, ask):
        return self.rash.length(ask)

    def answer(self, asks):
        return [reply for ask in asks for reply in self.mind(ask).answer([ask])]

    def mind(self, ask):
        told = f"{ask.system or ''}\n{ask.prompt.rpartition('Question:')[0]}"
        return self.sober if self.heeds and re.search(r"\bwhat is true\b", told) else self.rash

    def close(self):
        pass


@pytest.fixture
def accuracy(tmp_path):
    """Return a function: the share of questions with options that a backend answers truly, in writing."""
    probe = OptionOrder(shifts=1)
    cases = list(probe.cases(load("facts_mc"), Budget(80, 0, Capability.GENERATE)))

    def measure(backend, *, chat=True):
        its = [replace(case, ask=replace(case.ask, chat=chat)) for case in cases]
        identity = backend.identity().digest
        with Journal(tmp_path / Journal.file_name(identity), identity) as journal:
            asked = ask_all(backend, [case.ask for case in its], journal, stop=Stop())
        found = probe.summarise(judge_cases(probe, its, replies_to(its, asked.replies), {}))
        return next(one for one in found if one.metric.endswith("/mean_accuracy") and not one.slice).interval

    return measure


@pytest.mark.parametrize(("strength", "chat"), [("short", True), ("full", False), ("emphatic", True)])
def test_a_model_that_heeds_it_writes_fewer_falsehoods_and_under_the_placebo_as_many(
    accuracy, tmp_path, strength, chat
):
    active = Instruction(topic="accurate", strength=strength)
    plain = accuracy(Careful(), chat=chat)
    helped = accuracy(active.apply(Careful(), tmp_path), chat=chat)
    sham = accuracy(replace(active, **active.placebo).apply(Careful(), tmp_path), chat=chat)
    assert plain.low <= 0.5 <= plain.high
    assert helped.low <= 0.9 <= helped.high
    assert sham.value == plain.value


@pytest.mark.parametrize("settings", [{"topic": "fair"}, {"topic": "accurate"}])
def test_where_it_is_not_told_of_truth_or_does_not_heed_it_nothing_changes(accuracy, tmp_path, settings):
    model = Careful(heeds=settings["topic"] == "fair")
    assert accuracy(Instruction(**settings).apply(model, tmp_path)).value == accuracy(model).value
