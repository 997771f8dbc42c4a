"""Was a set of texts, as a whole, in the training data?

One text says little, and hundreds say it together. Scores of each text are weighed against each other on one half of a
suspect set and of a control that was not trained on; the other halves are compared by what was learnt. That the texts
alone tell nothing is shown without the model, and that untrained sets lie together by a second control.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.records import Absence, Arm, Case, ControlKind, Judged, Metric, Reply, Score
from harness.seeds import derive, rng
from harness.stats.blind import blind_auc
from harness.stats.combiner import fit
from harness.stats.effect_size import shuffled_p, standardised_difference
from harness.stats.roc import auc
from harness.text.surface import surface
from probes.expected import score_ask
from probes.losses import shuffled
from probes.memorisation.dataset_inference_card import BLIND, CARD, LOSS, NULL
from probes.memorisation.dataset_inference_card import SUSPECT as OF_SUSPECT
from probes.memorisation.dataset_inference_sets import CONTROL, SETS, SUSPECT, coin, sets_of
from probes.sampling import at_most, chosen
from probes.separation import LEAST, Result
from probes.summaries import tally
from probes.text_scores import FEATURES, ask_for, likelier, scores_of

__all__ = ["DatasetInference"]

CERTAIN = 0.999
"""Confidence of what can make a result invalid: a false alarm costs all of it, so it is to be rare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInference:
    """Compares the likelihoods of a suspect set of texts with those of sets that were not trained on.

    Attributes:
        records: Texts of each set, at most.
        characters: Most of a text that is scored, from its beginning.
        lowest: Share of a text's tokens that Min-K% and Min-K%++ look at, in (0, 1].
    """

    records: int = 1000
    characters: int = 512
    lowest: float = 0.2

    def __post_init__(self) -> None:
        if min(self.records, self.characters) < 1 or not 0 < self.lowest <= 1:
            raise ValueError("records and characters are at least 1, and lowest is a share in (0, 1]")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the texts of each set, each with its form in lower case and the half that it is of.

        Raises:
            NotApplicableError: the records are no text, or there are too few of the suspect set or of its control.
            DataError: a row of a file has no text or does not say its set, or two sets overlap.
        """
        sets = sets_of(data, CARD.id, budget.seed)
        sizes = {name: len({record.unit for record in sets[name]}) for name in (SUSPECT, CONTROL)}
        if min(sizes.values()) < 2 * LEAST:
            raise NotApplicableError(
                f"{sizes[SUSPECT]} documents are suspect and {sizes[CONTROL]} are their control: {2 * LEAST} of either"
                " are needed"
            )
        for name in SETS:
            arm = Arm.MAIN if name == SUSPECT else Arm.CONTROL
            for record in chosen(sets[name], at_most(budget, self.records)):
                groups = {"set": name, "half": "first" if coin(budget.seed, "half", record.unit) else "second"}
                yield Case(f"{name}/{record.id}", ask_for(record.text, self.characters), {}, groups, record.unit, arm)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Take every score that the reply allows."""
        del readings
        return scores_of(case, reply, self.lowest)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Result]:
        """Suspect and control, control and second control; nothing but the reason where one of them is no evidence."""
        suspect, control, second = (_Set.of(name, scores) for name in SETS)
        without, plain = _blind(suspect, control), _likelier(suspect, control)
        null = list(_compared(NULL, control, second, CERTAIN))
        found = list(_compared(OF_SUSPECT, suspect, control, 0.95))
        by_looks = _texts_tell(without)
        yield from _withheld(OF_SUSPECT, by_looks or _controls_differ(null[0]) or _harder(plain), found)
        yield from _withheld((LOSS, *NULL), by_looks, [plain, *null])
        yield without


# ── sets of documents ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Document:
    """What was scored of it: means over its texts, where it has several.

    Attributes:
        half: ``first`` or ``second``.
        values: Its scores, by name.
        looks: What its texts look like, by name; 0 where a name is missing.
    """

    half: str
    values: dict[str, float]
    looks: dict[str, float]

    @classmethod
    def of(cls, texts: Sequence[Judged]) -> _Document:
        seen = [surface(score_ask(its.case).continuations[0]) for its in texts]
        values = {
            name: fmean(found)
            for name in FEATURES
            if (found := [its.score.values[name] for its in texts if name in its.score.values])
        }
        looks = {name: fmean(its.get(name, 0.0) for its in seen) for name in sorted({n for its in seen for n in its})}
        return cls(texts[0].case.groups["half"], values, looks)


@dataclass(frozen=True, slots=True)
class _Set:
    name: str
    judged: list[Judged]
    documents: list[_Document]

    @classmethod
    def of(cls, name: str, scores: Sequence[Judged]) -> _Set:
        # A fixed order: what is dealt out by chance is dealt alike, however the scores were told.
        judged = shuffled([its for its in scores if its.case.groups["set"] == name])
        texts: dict[str, list[Judged]] = {}
        for its in judged:
            if its.score.values:
                texts.setdefault(its.case.cluster, []).append(its)
        return cls(name, judged, [_Document.of(part) for part in texts.values()])

    def half(self, name: str) -> list[_Document]:
        return [its for its in self.documents if its.half == name]


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def _compared(metrics: tuple[Metric, Metric, Metric], one: _Set, other: _Set, confidence: float) -> Iterator[Result]:
    """How far ``one`` lies above ``other``: effect at that ``confidence``, p-value and area."""
    counts, reason = tally([*one.judged, *other.judged]), _too_few(one, other)
    if not reason:
        try:
            above, below = _held_out(one, other)
            far = standardised_difference(above, below, confidence=confidence)
        except ValueError as error:
            reason = f"scores do not tell documents from each other: {error}"
    if reason:
        yield from (metric.absent(reason, counts) for metric in metrics)
        return
    effect, p, area = metrics
    yield effect.estimate(far, counts)
    yield p.estimate(shuffled_p(above, below, seed=derive(0, p.name)), counts)
    labels = [1] * above.size + [0] * below.size
    yield area.estimate(auc(np.concatenate([above, below]).tolist(), labels), counts)


def _too_few(one: _Set, other: _Set) -> str:
    """Why there are not enough documents to compare; empty where there are."""
    for each in (one, other):
        if not each.judged:
            return f"no text is of the {each.name} set: give rows whose set is {each.name!r}"
        few = min(len(each.half("first")), len(each.half("second")))
        if few < LEAST:
            return (
                f"one half of the {each.name} set has {few} documents with a score, and {LEAST} are needed: give more,"
                " or raise `records` or `items`"
            )
    return ""


def _held_out(one: _Set, other: _Set) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of the second halves by what was learnt from the first ones."""
    first = [its.half("first") for its in (one, other)]
    names = [name for name in FEATURES if any(name in its.values for half in first for its in half)]
    combiner = fit(_table(names, [*first[0], *first[1]]), [1] * len(first[0]) + [0] * len(first[1]))
    above, below = (combiner.scores(_table(names, its.half("second"))) for its in (one, other))
    return above, below


def _table(names: Sequence[str], documents: Sequence[_Document]) -> NDArray[np.float64]:
    return np.array([[its.values.get(name, np.nan) for name in names] for its in documents], dtype=np.float64)


def _likelier(suspect: _Set, control: _Set) -> Result:
    """How far the loss alone, by which nothing is learnt, has suspect documents above the others."""
    counts = tally([*suspect.judged, *control.judged])
    values = [[its.values["loss"] for its in each.documents] for each in (suspect, control)]
    few = min(map(len, values))
    if few < LEAST:
        return LOSS.absent(f"only {few} documents of one set have a score; {LEAST} are needed", counts)
    try:
        return LOSS.estimate(standardised_difference(*values, confidence=CERTAIN), counts)
    except ValueError as error:
        return LOSS.absent(f"the loss does not tell documents from each other: {error}", counts)


def _blind(suspect: _Set, control: _Set) -> Result:
    """How well a classifier tells suspect documents by their looks alone."""
    counts = tally([*suspect.judged, *control.judged])
    few = min(len(suspect.documents), len(control.documents))
    if few < LEAST:
        return BLIND.absent(f"only {few} documents of one set could be looked at; {LEAST} are needed", counts)
    documents = [*suspect.documents, *control.documents]
    names = sorted({name for its in documents for name in its.looks})
    looks = np.array([[its.looks.get(name, 0.0) for name in names] for its in documents])
    labels = [1] * len(suspect.documents) + [0] * len(control.documents)
    return BLIND.estimate(blind_auc(looks, labels, seed=derive(0, BLIND.name)), counts)


def _texts_tell(without: Result) -> str:
    """Why no number is evidence, by the blind baseline; empty where it may be."""
    if isinstance(without, Absence):
        return f"no number is evidence without the blind baseline, and {without.reason}"
    interval = without.interval
    if interval.low <= 0.5 <= interval.high:
        return ""
    return (
        "INVALID: a classifier that never asks the model tells suspect from control documents"
        f" ({interval.value:.2f} of pairs, {100 * interval.confidence:g} % interval {interval.low:.2f} to"
        f" {interval.high:.2f}, where 0.50 is chance), so they differ in more than the training"
    )


def _controls_differ(null: Result) -> str:
    """Why nothing said of the suspect set is evidence, by the second control; empty where it may be."""
    if isinstance(null, Absence) or null.interval.low <= 0 <= null.interval.high:
        return ""
    return (
        "INVALID: to the model the control differs from the second control, neither of which it was trained on, by"
        f" {null.interval.value:.2f} standard deviations ({100 * CERTAIN:g} % interval {null.interval.low:.2f} to"
        f" {null.interval.high:.2f}, where 0 is to be expected), so sets differ in more than the training"
    )


def _harder(plain: Result) -> str:
    """Why a difference is not one of training, by the loss alone; empty where it may be."""
    if isinstance(plain, Absence) or plain.interval.high >= 0:
        return ""
    return (
        "INVALID: the model finds suspect documents less likely than control documents, by"
        f" {-plain.interval.value:.2f} standard deviations ({100 * CERTAIN:g} % interval {-plain.interval.high:.2f} to"
        f" {-plain.interval.low:.2f}), which no training on them explains, so sets differ in more than the training"
    )


def _withheld(metrics: Sequence[Metric], reason: str, found: Sequence[Result]) -> Iterator[Result]:
    if not reason:
        yield from found
        return
    yield from (metric.absent(reason, its.counts) for metric, its in zip(metrics, found, strict=True))


# ── controls ──────────────────────────────────────────────────────────────────────────────

APART = 2.0
"""By how many standard deviations the positive control finds suspect texts likelier."""


def _suspect(case: Case) -> bool:
    return case.groups["set"] == SUSPECT


def _best(case: Case) -> Reply:
    return likelier(case, rng(0, case.id).gauss(0, 1))


def _worst(case: Case) -> Reply:
    return likelier(case, rng(0, case.id).gauss(0, 1) + 8.0 * _suspect(case))


def _forgetful(case: Case, random: Random) -> Reply:
    return likelier(case, random.gauss(0, 1))


def _remembering(case: Case, random: Random) -> Reply:
    return likelier(case, random.gauss(0, 1) + APART * _suspect(case))


def _short(case: Case, random: Random) -> Reply:
    """Find short texts likelier, whatever their set."""
    return likelier(case, random.gauss(0, 1) - len(score_ask(case).continuations[0]) / 100)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a model to which all texts are alike", _forgetful, OF_SUSPECT[0].name, 0.0),
        Control(
            ControlKind.POSITIVE,
            "a model that finds suspect texts 2 SD likelier",
            _remembering,
            OF_SUSPECT[0].name,
            APART,
        ),
        Control(ControlKind.INSTRUMENT, "a model that goes by the length of a text alone", _short, OF_SUSPECT[0].name),
    ),
)
