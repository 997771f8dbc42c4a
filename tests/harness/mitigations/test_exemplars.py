"""What a model is shown before every ask: balanced, never what it is asked, and beside a placebo of the same length."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import pytest

from harness.canonical import digest_bytes
from harness.contracts import Budget, Identity
from harness.data import load
from harness.errors import ConfigError, DataError
from harness.execute import Journal, Stop, ask_all
from harness.judge import judge_cases, replies_to
from harness.mitigations.exemplars import Exemplars
from harness.records import Capability, Finish, GenerateAsk, LossAsk, Reply, ScoreAsk, Windows
from harness.seeds import derive
from probes.bias.question_answering import QuestionAnswering


def words(examples):
    return sum(len(one.text.split()) for one in examples)


def told(ask, **settings):
    [changed] = next(Exemplars(**settings).steps(ask))
    return changed


@pytest.mark.parametrize("count", [4, 8, 16, 32])
@pytest.mark.parametrize("seed", range(5))
def test_fair_examples_are_balanced_over_answers_people_and_attributes(count, seed):
    shown = Exemplars(count=count, seed=seed).shown()
    kinds = Counter(one.kind for one in shown)
    assert (kinds["unknown"], kinds["first"], kinds["second"]) == (count // 2, count // 4, count // 4)
    attributes = Counter(one.attribute for one in shown)
    if count >= 8:
        assert max(attributes.values()) - min(attributes.values()) <= 2
        assert len(attributes) >= 6
    assert len({one.question for one in shown}) == count


def test_evidence_names_the_right_person_and_silence_names_nobody():
    for row in load("balanced_examples").rows:
        if row["topic"] != "fair":
            continue
        start = row["question"].split(" and a ")[0].removeprefix("A ").removeprefix("An ")
        if row["kind"] == "unknown":
            assert "The " not in row["answer"]
            assert row["question"].count(".") == 1
        else:
            assert (row["answer"] == f"The {start}.") == (row["kind"] == "first"), row["id"]


@pytest.mark.parametrize("settings", [{}, {"count": 16}, {"topic": "accurate", "count": 6}, {"count": 32}])
def test_the_placebo_is_about_as_long_and_shows_nothing_of_the_kind(settings):
    active = Exemplars(**settings)
    sham = Exemplars(**settings, **active.placebo)
    assert abs(words(sham.shown()) - words(active.shown())) <= 15
    assert not {one.question for one in sham.shown()} & {one.question for one in active.shown()}
    assert sham.details() != active.details()


def test_they_stand_before_every_ask_and_nothing_is_lost():
    text = "\n\n".join(one.text for one in Exemplars().shown())
    assert told(GenerateAsk("Who?")).system == text
    assert told(GenerateAsk("Who?", system="Be brief.")).system == f"Be brief.\n\n{text}"
    assert told(GenerateAsk("Who?", chat=False)).prompt == f"{text}\n\nWho?"
    assert told(ScoreAsk("Who?", (" She.",))).context == f"{text}\n\nWho?"
    for other in (ScoreAsk("", ("Long.",), windows=Windows()), LossAsk("a record")):
        assert told(other) == other


def test_examples_of_ones_own_are_shown_and_bad_files_are_refused(tmp_path):
    file = tmp_path / "own.jsonl"
    file.write_text("\n".join(json.dumps({"question": f"Question {n}?", "answer": "Yes."}) for n in range(3)))
    shown = Exemplars(file=str(file), count=2).shown()
    assert len({one.question for one in shown}) == 2
    with pytest.raises(DataError, match="has 3 examples, not 5"):
        Exemplars(file=str(file), count=5).shown()
    for content, message in (
        ("{", "own.jsonl:1: not JSON"),
        ('{"question": "x"}', 'own.jsonl:1: a line is {"question"'),
    ):
        other = tmp_path / f"bad-{len(content)}" / "own.jsonl"
        other.parent.mkdir()
        other.write_text(content)
        with pytest.raises(DataError, match=message):
            Exemplars(file=str(other), count=1).shown()
    with pytest.raises(DataError, match="cannot be read"):
        Exemplars(file=str(tmp_path / "none.jsonl"), count=1).shown()


@pytest.mark.parametrize("settings", [{"topic": "kind"}, {"count": 0}, {"count": 6}])
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(ValueError, match="one of|at least 1|multiple of 4"):
        Exemplars(**settings)


def test_asking_what_was_shown_is_refused(audit_text, tmp_path):
    row = load("facts_mc").rows[0]
    file = tmp_path / "leak.jsonl"
    file.write_text(json.dumps({"question": row["question"], "answer": "Something else."}))
    text = f"""
[model]
backend = "control"
[run]
probes = ["hallucination.closed_book"]
profile = "standard"
[[mitigation]]
name = "exemplars"
file = "{file}"
count = 1
"""
    with pytest.raises(ConfigError, match="are made of texts that 'exemplars' shows or learns from"):
        audit_text(text)


# ── the planted effect ────────────────────────────────────────────────────────────────────


@dataclass
class Learner:
    """Guesses by a stereotype in 6 of 10 open questions, and less the more answers it was shown that name nobody.

    It reads answers, not questions: what it was shown on spelling teaches it nothing of the kind.
    """

    cases: dict
    batch_tokens: int = 10_000
    capabilities = frozenset({Capability.GENERATE})

    def identity(self):
        return Identity("learner", "learner", digest_bytes(b"learner"), {})

    def length(self, ask):
        return 1

    def close(self):
        pass

    def answer(self, asks):
        return [Reply(Finish.STOP, text=self.reply(ask)) for ask in asks]

    def reply(self, ask):
        key = self.cases[ask.prompt]
        answers = [line for line in (ask.system or "").splitlines() if line.startswith("Answer: ")]
        admitted = sum("does not say" in line or "be known" in line or "says which" in line for line in answers)
        guesses = key["fits"] is not None and derive(0, ask.prompt) < max(0.0, 0.6 - 0.1 * admitted) * 2**63
        return str(key["shown"][key["fits"] if guesses else key["right"][0]])


@pytest.fixture
def accuracy(tmp_path):
    """Return a function: the probe's share of open questions that are left open."""
    probe = QuestionAnswering(mode="write", rotations=1)
    cases = list(probe.cases(load("group_questions"), Budget(160, 0, Capability.GENERATE)))
    cases = [case for case in cases if case.expected["ambiguous"]]

    def measure(mitigation):
        model = Learner({case.ask.prompt: case.expected for case in cases})
        backend = mitigation.apply(model, tmp_path) if mitigation else model
        identity = backend.identity().digest
        with Journal(tmp_path / Journal.file_name(identity), identity) as journal:
            asked = ask_all(backend, [case.ask for case in cases], journal, stop=Stop())
        judged = judge_cases(probe, cases, replies_to(cases, asked.replies), {})
        found = {one.metric.rpartition("/")[2]: one for one in probe.summarise(judged) if not one.slice}
        return found["accuracy_ambiguous"].interval

    return measure


def test_a_model_that_learns_from_them_guesses_less_the_more_it_is_shown_and_not_by_the_placebo(accuracy):
    none, few, more = (accuracy(its) for its in (None, Exemplars(count=4), Exemplars(count=12)))
    assert none.low <= 0.4 <= none.high
    assert few.low <= 0.6 <= few.high
    assert more.value == 1.0
    active = Exemplars(count=12)
    assert accuracy(Exemplars(count=12, **active.placebo)).value == none.value
