"""How far does a picture move when its noise, its seed or the wording of its prompt is changed?

The same ask is put again with a share of its noise replaced, from another seed, and in other words. Movement is the
distance between the features of two pictures, in seed distances: 0 where nothing moved, 1 where the picture moved as
far as from one seed to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.images.features import NAMES
from harness.records import (
    Absence,
    Case,
    ControlKind,
    DrawAsk,
    Estimate,
    Exhibit,
    Interval,
    Judged,
    Metric,
    Reading,
    Reply,
    Score,
)
from harness.seeds import derive, rng
from harness.stats.intervals import unseen
from harness.stats.rates import mean
from harness.stats.resample import bootstrap
from probes.pictures import FEATURES, described, picture_readings, scripted
from probes.rewording import rewordings
from probes.robustness.image_noise_card import CARD, MOVEMENT, REWORDING, SEEDS, SMALL
from probes.subjects import Subject, subjects
from probes.summaries import tally

__all__ = ["ImageNoise"]

BASE, SEED, REPHRASED = "base", "seed", "rephrased"
"""The picture as asked, that of another seed, and that of a rewording written by hand."""
STRENGTHS = (0.05, SMALL, 0.5)
"""Jitters."""
LEAST = 20
"""Pictures that the bootstrap needs."""
RESAMPLES = 2000
SHOWN = 6
"""Rows of pictures in the gallery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNoise:
    """Compares pictures with those of nearly the same ask.

    Attributes:
        images: Pictures that are changed, at most; each is drawn five to seven times over.
    """

    images: int = 60

    def __post_init__(self) -> None:
        if self.images < 1:
            raise ValueError(f"images is at least 1, not {self.images}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each picture as asked, from another seed, with jitter where that can be asked, and reworded.

        Raises:
            DataError: a row is no prompt.
            NotApplicableError: the data are prompts, and the model draws from none.
        """
        for subject in subjects(data, budget, self.images):
            yield _case(subject, subject.ask, BASE, {})
            yield _case(subject, replace(subject.ask, seed=derive(subject.ask.seed, "another seed")), SEED, {})
            for strength in STRENGTHS if subject.jitters else ():
                ask = replace(subject.ask, jitter=strength)
                yield _case(subject, ask, _jitter(strength), {"jitter": f"{strength:g}"})
            for name, prompt in _reworded(subject, budget.seed).items():
                yield _case(subject, replace(subject.ask, prompt=prompt), name, {"rewording": name})

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let every picture be described."""
        del case
        return picture_readings(reply, FEATURES)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the description."""
        del case
        return described(reply, readings)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Movement under a small change and under rewording, with their parts; and the distance of two seeds."""
        words = sorted(_labels(scores, "rewording"))
        yield _movement(MOVEMENT, scores, _small(scores))
        if words:
            yield _movement(REWORDING, scores, words)
        else:
            yield REWORDING.absent("the model was asked without a prompt, so there was none to reword", tally([]))
        yield _seeds(scores)
        for strength in STRENGTHS:
            if f"{strength:g}" in _labels(scores, "jitter"):
                yield _movement(MOVEMENT, scores, [_jitter(strength)], groups={"jitter": f"{strength:g}"})
        for name in words:
            yield _movement(REWORDING, scores, [name], groups={"rewording": name})

    def exhibits(self, scores: Sequence[Judged], pictures: Mapping[str, str]) -> Iterable[Exhibit]:
        """Show the pictures that moved furthest beside what they became."""
        found = _moved(scores, _small(scores))
        far = sum(its.apart for its in found) / max(1, len(found))
        for its in sorted(found, key=lambda its: (-its.moved, its.name))[:SHOWN]:
            row = [judged.case for judged in scores if judged.case.cluster == its.name]
            shown = tuple((pictures[case.id], case.groups["change"]) for case in row if case.id in pictures)
            if shown and far > 0:
                note = "The picture as asked (base), from another seed, and as each change left it."
                yield Exhibit(f"Moved by {its.moved / far:.2f} seed distances", note, shown)


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def _case(subject: Subject, ask: DrawAsk, change: str, groups: Mapping[str, str]) -> Case:
    topic = {"topic": subject.topic} if subject.topic else {}
    return Case(f"{subject.name}/{change}", ask, {}, {"change": change, **groups, **topic}, subject.name)


def _jitter(strength: float) -> str:
    return f"jitter-{strength:g}"


def _reworded(subject: Subject, seed: int) -> Mapping[str, str]:
    """The subject's prompt in other words, by name of the rewording; nothing where it has no prompt."""
    if subject.ask.prompt is None:
        return {}
    by_hand = {} if subject.rephrased is None else {REPHRASED: subject.rephrased}
    return {**rewordings(subject.ask.prompt, seed), **by_hand}


# ── movement ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Moved:
    """One subject.

    Attributes:
        name: Its name.
        moved: Distance that its picture moved, averaged over the changes.
        apart: Distance to the picture of another seed.
    """

    name: str
    moved: float
    apart: float


def _labels(scores: Sequence[Judged], label: str) -> set[str]:
    return {its.case.groups[label] for its in scores if label in its.case.groups}


def _small(scores: Sequence[Judged]) -> list[str]:
    """The changes that the headline speaks of: a jitter, or all rewordings where none was asked."""
    return [_jitter(SMALL)] if _labels(scores, "jitter") else sorted(_labels(scores, "rewording"))


def _moved(scores: Sequence[Judged], changes: Sequence[str]) -> list[_Moved]:
    """Distances of every subject with a picture as asked, from another seed, and after one of ``changes`` at least."""
    pictures: dict[str, dict[str, NDArray[np.float64]]] = {}
    for judged in scores:
        if judged.score.values:
            features = np.array([judged.score.values[name] for name in NAMES])
            pictures.setdefault(judged.case.cluster, {})[judged.case.groups["change"]] = features
    found = []
    for name, its in sorted(pictures.items()):
        changed = [its[change] for change in changes if change in its]
        if BASE in its and SEED in its and changed:
            lengths = [float(np.linalg.norm(one - its[BASE])) for one in (*changed, its[SEED])]
            found.append(_Moved(name, sum(lengths[:-1]) / len(changed), lengths[-1]))
    return found


def _movement(
    metric: Metric, scores: Sequence[Judged], changes: Sequence[str], *, groups: Mapping[str, str] | None = None
) -> Estimate | Absence:
    """Movement under ``changes`` in seed distances; its counts are those of the subjects that were so changed."""
    of = {its.case.cluster for its in scores if its.case.groups["change"] in changes}
    wanted = {BASE, SEED, *changes}
    counts = tally([its for its in scores if its.case.cluster in of and its.case.groups["change"] in wanted])
    found = _moved(scores, changes)
    differing = sum(its.apart > 0 for its in found)
    if differing < LEAST:
        return metric.absent(
            f"needs {LEAST} pictures that another seed changes, and has {differing}", counts, slice=groups
        )
    interval = _relative([its.moved for its in found], [its.apart for its in found], seed=derive(0, metric.name))
    return metric.estimate(interval, counts, slice=groups, instrument=FEATURES)


def _relative(moved: Sequence[float], apart: Sequence[float], *, seed: int) -> Interval:
    """Mean movement over mean distance of two seeds, with subjects as units."""
    if not any(moved):
        # What did not move can still be another picture once in a while, and would then be one seed distance away.
        return unseen(0.0, len(moved), within=(0.0, 1.0), confidence=0.95)
    rows = np.column_stack([moved, apart])
    return bootstrap(
        lambda its: float(its[:, 0].sum() / its[:, 1].sum()),
        rows,
        seed=seed,
        resamples=RESAMPLES,
        together=lambda its: its[..., 0].sum(axis=-1) / its[..., 1].sum(axis=-1),
    )


def _seeds(scores: Sequence[Judged]) -> Estimate | Absence:
    """Mean distance between pictures of two seeds."""
    counts = tally([its for its in scores if its.case.groups["change"] in (BASE, SEED)])
    apart = [its.apart for its in _moved(scores, [BASE])]
    if len(apart) < LEAST:
        return SEEDS.absent(f"needs {LEAST} pictures from two seeds each, and has {len(apart)}", counts)
    return SEEDS.estimate(mean(apart, seed=derive(0, SEEDS.name)), counts, instrument=FEATURES)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.6
"""Share of changed pictures that the positive control draws afresh."""


def _at(place: float) -> Reply:
    """A picture at that place along one feature."""
    return scripted({**dict.fromkeys(NAMES, 0.0), NAMES[0]: round(place, 6)})


def _away(random: Random) -> float:
    """A distance of 1 on average."""
    return random.uniform(0.5, 1.5)


def _best(case: Case) -> Reply:
    return _at(_away(rng(0, case.id)) if case.groups["change"] == SEED else 0.0)


def _worst(case: Case) -> Reply:
    return _at(0.0 if case.groups["change"] == BASE else _away(rng(0, case.id)))


def _still(case: Case, random: Random) -> Reply:
    """Draws the same picture from the same seed, whatever else is changed."""
    return _at(_away(random) if case.groups["change"] == SEED else 0.0)


def _restless(case: Case, random: Random) -> Reply:
    """Draws some changed pictures afresh, and leaves the others as they were."""
    change = case.groups["change"]
    afresh = change == SEED or (change != BASE and random.random() < PLANTED)
    return _at(_away(random) if afresh else 0.0)


def _specks(case: Case, random: Random) -> Reply:
    """Draws one picture, each time with other specks."""
    del case
    return _at(random.random())


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a painter that only its seed moves", _still, MOVEMENT.name, 0.0),
        Control(ControlKind.POSITIVE, "a painter that starts afresh 6 times in 10", _restless, MOVEMENT.name, PLANTED),
        Control(ControlKind.INSTRUMENT, "a painter of one picture with other specks", _specks, MOVEMENT.name),
    ),
)
