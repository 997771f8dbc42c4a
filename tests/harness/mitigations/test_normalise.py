"""Prompts put right: what it leaves as it is, what it undoes, and what that does to a model that slips unsettle."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.contracts import Budget
from harness.data import load
from harness.errors import DataError
from harness.evidence.verify import verify
from harness.execute import Journal, Stop, ask_all
from harness.judge import judge_cases, replies_to
from harness.mitigations.normalise import STAGES, Normalise
from harness.records import Capability, DrawAsk, GenerateAsk, LossAsk, ScoreAsk, Windows
from harness.registry import Registry
from harness.seeds import rng
from harness.text.normalise import fold
from harness.text.perturb import OPERATORS
from probes.hallucination.closed_book import ClosedBook
from probes.robustness.perturbation import Perturbation

QUESTIONS = [str(row["question"]) for row in load("facts_mc").rows[:200]]
PLAIN = Normalise().normalised


def asked(mitigation, ask):
    [inner] = next(mitigation.steps(ask))
    return inner


# ── clean text ────────────────────────────────────────────────────────────────────────────

CLEAN = (
    "facts_mc",
    "wordings",
    "false_premises",
    "passages",
    "minimal_pairs",
    "group_questions",
    "open_prompts",
    "lookalike_requests",
    "neutral_groups",
    "person_requests",
    "pronoun_scenes",
    "provoking_prompts",
    "sensible_endings",
    "stereotype_triples",
    "plain_text",
)
"""Sets that ship with the harness and are put to models, but lists of works and packages, and text odd by design."""


def texts_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for its in value:
            yield from texts_in(its)


def changed_words(texts, normalised=PLAIN):
    """Return how many words there are, and those that are changed, with what they become."""
    count, found = 0, []
    for text in texts:
        before, after = text.split(), normalised(text).split()
        count += len(before)
        for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            found += [] if kind == "equal" else [(" ".join(before[a:b]), " ".join(after[c:d]))]
    return count, found


@pytest.mark.parametrize("name", CLEAN)
def test_text_that_ships_with_the_harness_is_left_as_it_is(name):
    texts = [text for row in load(name).rows for value in row.values() for text in texts_in(value)]
    count, found = changed_words(texts)
    assert len(found) <= max(1, 0.0003 * count), found


UNSEEN = (
    ("truthfulqa:TruthfulQA.csv", 0.0005),
    ("xstest:xstest_prompts.csv", 0.002),
    ("crows-pairs:crows_pairs_anonymized.csv", 0.002),
)


@pytest.mark.benchmarks
@pytest.mark.parametrize(("name", "most"), UNSEEN)
def test_text_that_nobody_here_has_seen_is_hardly_changed(name, most):
    try:
        rows = load(name).rows
    except DataError as error:
        pytest.skip(str(error))
    count, found = changed_words([text for row in rows[:300] for value in row.values() for text in texts_in(value)])
    assert count > 2000
    assert len(found) <= most * count, found


# ── damage ────────────────────────────────────────────────────────────────────────────────


def undone(operator, mitigation=None, *, fold_case=False):
    """Return the share of questions that are again as they were, of those that the operator changes."""
    same = fold if fold_case else str
    shares = []
    for at, text in enumerate(QUESTIONS):
        change = OPERATORS[operator].apply(text, rng(0, f"{operator}/{at}"), 0.5)
        if change.changed:
            shares.append(same((mitigation or Normalise()).normalised(change.text)) == same(text))
    assert len(shares) > 100
    return sum(shares) / len(shares)


@pytest.mark.parametrize(
    ("operator", "least"),
    [
        ("keyboard_typo", 0.7),
        ("character_swap", 0.75),
        ("character_drop", 0.55),
        ("character_duplicate", 0.85),
        ("ocr_confusion", 0.4),
        ("homoglyph", 0.99),
        ("leet", 0.98),
        ("diacritics", 0.85),
        ("zero_width", 0.99),
        ("spacing", 0.9),
    ],
)
def test_most_damage_is_undone(operator, least):
    assert undone(operator) >= least


@pytest.mark.parametrize("operator", ["bullets", "quoting", "json", "lower_case"])
def test_what_is_no_damage_stays(operator):
    assert undone(operator) == 0


def test_shouting_is_undone_but_for_names_and_abbreviations():
    shouted = [OPERATORS["capitals"].apply(text, rng(0, text), 1.0).text for text in QUESTIONS]
    assert sum(PLAIN(text) == before for text, before in zip(shouted, QUESTIONS, strict=True)) > 0.5 * len(QUESTIONS)


def test_the_dose_is_the_farthest_slip_that_is_repaired():
    shares = [undone("ocr_confusion", Normalise(distance=distance)) for distance in (0, 1, 2)]
    assert shares[0] == 0
    assert shares[2] > shares[1] + 0.05


@pytest.mark.parametrize(
    ("stage", "operator"),
    [("characters", "homoglyph"), ("layout", "spacing"), ("spelling", "character_duplicate")],
)
def test_each_stage_undoes_its_own_kind_alone(stage, operator):
    assert undone(operator, Normalise(stages=[stage])) > 0.8
    assert undone(operator, Normalise(stages=[one for one in STAGES if one != stage])) < 0.05


def test_a_wrong_word_is_put_for_few_slips():
    wrong = total = 0
    for name in ("keyboard_typo", "character_swap", "character_drop", "character_duplicate"):
        for at, text in enumerate(QUESTIONS):
            change = OPERATORS[name].apply(text, rng(1, f"{name}/{at}"), 0.5)
            before, slipped, after = text.split(), change.text.split(), PLAIN(change.text).split()
            for one, slip, other in zip(before, slipped, after, strict=True):
                total += one != slip
                wrong += other not in (one, slip)
    assert total > 700
    assert wrong <= 0.03 * total


ODD = 'Question| :: |answer|:|\n|the |  |captial |WHAT |SHOUT |wOrd |c@pital |?|"|`|а|é|ﬁ|A. |x|. |\t|$|Ann |-'
PIECES = st.sampled_from([*ODD.split("|"), " || ", " - ", "\u0301", "\u200b", "\u200d"])


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=20).map("".join)))
def test_twice_is_once(text):
    assert PLAIN(PLAIN(text)) == PLAIN(text)


def test_long_hostile_text_is_read_in_one_pass():
    for text in (
        "a" * 200_000,
        "\u200b\u0301" * 50_000,
        "A " * 50_000,
        "@!" * 50_000,
        "Answer " * 9_000,
        " |" * 50_000,
    ):
        assert len(PLAIN(text)) <= len(text)


# ── asking ────────────────────────────────────────────────────────────────────────────────

SLIP, RIGHT = "Waht is the captial of France?", "What is the capital of France?"


def test_only_the_users_text_is_changed():
    ask = GenerateAsk(SLIP, system="You ar a helpfull man.", stop=("captial",), max_tokens=7, temperature=0.5, seed=3)
    assert asked(Normalise(), ask) == replace(ask, prompt=RIGHT)
    score = ScoreAsk(f"Question: {SLIP}\nAnswer: ", (" Prais", " captial"), moments=True)
    assert asked(Normalise(), score) == replace(score, context=f"Question: {RIGHT}\nAnswer: ")


@pytest.mark.parametrize(
    "ask",
    [
        LossAsk("captial"),
        DrawAsk(1, prompt="the captial of Farnce"),
        ScoreAsk("", ("the captial",), windows=Windows()),
        GenerateAsk("\u200b"),
        GenerateAsk(""),
    ],
)
def test_what_is_no_users_text_is_passed_on(ask):
    assert asked(Normalise(), ask) == ask


def test_the_reply_is_the_models_own():
    steps = Normalise().steps(GenerateAsk(SLIP))
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(["the reply"])
    assert end.value.value == "the reply"


def test_the_placebo_changes_the_same_words_and_puts_none_right():
    placebo = Normalise(**Normalise().placebo)
    sham = placebo.normalised(SLIP).split()
    assert [one != other for one, other in zip(sham, SLIP.split(), strict=True)] == [
        one != other for one, other in zip(RIGHT.split(), SLIP.split(), strict=True)
    ]
    assert not set(sham) & {"What", "capital"}
    assert placebo.normalised(RIGHT) == RIGHT


# ── the planted effect ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Measure:
    """Runs the perturbation of true-or-false questions on a backend; returns its numbers by metric and operator."""

    folder: object

    def __call__(self, backend, operators=("keyboard_typo", "character_duplicate"), items=40):
        probe = Perturbation(operators=operators, controls=(), strength=0.5).around(ClosedBook())
        cases = list(probe.cases(load("facts_mc"), Budget(items, 0, Capability.SCORE)))
        identity = backend.identity().digest
        with Journal(self.folder / Journal.file_name(identity), identity) as journal:
            answers = ask_all(backend, [case.ask for case in cases], journal, stop=Stop())
        judged = judge_cases(probe, cases, replies_to(cases, answers.replies), {})
        return {
            (one.metric.rpartition("/")[2], *one.slice.values()): one.interval
            for one in probe.summarise(judged)
            if hasattr(one, "interval")
        }


FICKLE = 0.6


def test_a_model_that_slips_unsettle_is_steadied_and_the_placebo_steadies_nothing(tmp_path):
    measure, model = Measure(tmp_path), Control(fickleness=FICKLE, hallucination=0.3)
    before, after = measure(model), measure(Normalise().apply(model, tmp_path))
    placebo = measure(Normalise(**Normalise().placebo).apply(model, tmp_path))["flip_rate",]
    assert before["flip_rate",].low < FICKLE < before["flip_rate",].high
    # About 1 in 6 slips of the two kinds is not undone, and unsettles as before.
    assert after["flip_rate",].value < 0.35 * before["flip_rate",].value
    assert after["flip_rate",].high < placebo.low
    assert placebo.low < FICKLE < placebo.high
    # Questions as they stand are answered as before.
    assert after["clean_accuracy",] == before["clean_accuracy",]


# ── what it is ────────────────────────────────────────────────────────────────────────────


def test_words_of_a_field_of_ones_own_are_left_alone(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("The gravitty is a kind of grivet.\nA gravitty sings.\n", encoding="utf-8")
    own = Normalise(words=str(file))
    assert PLAIN("Where does a gravitty live?") == "Where does a gravity live?"
    assert own.normalised("Where does a gravitty live?") == "Where does a gravitty live?"
    assert own.material() == ["The gravitty is a kind of grivet.", "A gravitty sings."]
    assert own.placebo["words"] == str(file)
    assert own.details()["words"] != Normalise().details()["words"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xff"])
def test_a_file_of_words_that_cannot_be_read_is_refused_with_its_name(tmp_path, content):
    file = tmp_path / f"words-{content is None}.txt"
    if content:
        file.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(file.name)):
        Normalise(words=str(file)).details()


def test_settings_are_checked_and_told():
    with pytest.raises(ValueError, match="stages are some of characters"):
        Normalise(stages=["speling"])
    with pytest.raises(ValueError, match="distance lies in 0 to 2"):
        Normalise(distance=3)
    assert Normalise(stages=["spelling", "case"]).details()["stages"] == ["case", "spelling"]
    assert Normalise().material() == []

    @dataclass
    class Painter:
        capabilities = frozenset({Capability.DRAW})

    assert "neither scores nor writes" in Normalise().misfit(Painter())
    assert Normalise().misfit(Control()) is None


def test_a_run_with_it_is_on_record_and_verifies(audit_text):
    done = audit_text(
        '[model]\nbackend = "control"\nfickleness = 0.6\n[[mitigation]]\nname = "normalise"\ndistance = 2\n'
        '[run]\nprobes = ["robustness.perturbation"]\n[probe."robustness.perturbation"]\nitems = 10\n'
    )
    assert "normalise" in str(done.evidence.run)
    assert verify(done.folder, Registry()) == []
