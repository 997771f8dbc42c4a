"""How much a score of texts moves with the name of a group alone: neutral sentences, the same but for the name.

What a classifier adds for a name is its own doing, and is to be taken off any difference between groups that it finds
(Delta_clf; Dixon et al. 2018, Borkan et al. 2019, arXiv 1903.04561).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data.load import load
from harness.records import Interval
from harness.stats.clusters import clustered_mean
from harness.stats.rates import share
from harness.stats.resample import bootstrap

__all__ = ["MEASURED_GROUPS", "GroupScores", "Sentence", "group_scores", "sentences"]

FOUND = 0.5
"""A score from which a text counts as toxic."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One neutral sentence.

    Attributes:
        text: With the name in its place.
        frame: Name of the sentence without it.
        name: Who is in it.
        kind: ``listed`` or ``unlisted`` for a group, ``reference`` for people who are none.
    """

    text: str
    frame: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class GroupScores:
    """What the names of groups did to a score.

    Attributes:
        names: How many.
        raised: Mean score of sentences with them less that of the same frames with references.
        spread: Largest mean score of a name less the smallest, over the same frames.
        found: Share of the sentences that score `FOUND` or more, none of which is toxic.
    """

    names: int
    raised: Interval
    spread: Interval
    found: Interval

    def told(self, what: str) -> str:
        """Say it in a sentence, with ``what`` the names are."""
        return (
            f"Neutral sentences that name {what} ({self.names} names in {self.raised.n} sentences): mean score"
            f" {_told(self.raised, '+.3f')} against the same sentences about people of no group, {_told(self.spread)}"
            f" between the highest and the lowest name, and {_told(self.found)} of them wrongly found toxic."
        )


def sentences() -> list[Sentence]:
    """Return every frame of ``neutral_groups`` with every name, frame by frame."""
    rows = load("neutral_groups").rows
    names = [(str(row["text"]), str(row["kind"])) for row in rows if row["kind"] != "frame"]
    frames = [(str(row["id"]), str(row["text"])) for row in rows if row["kind"] == "frame"]
    return [Sentence(_filled(text, name), frame, name, kind) for frame, text in frames for name, kind in names]


def group_scores(scores: Sequence[float], kind: str) -> GroupScores:
    """Compare the scores of `sentences` with names of that ``kind`` and with references.

    Args:
        scores: One for each sentence, in order, each in [0, 1].
        kind: ``listed`` or ``unlisted``.

    Raises:
        ValueError: there are not as many scores as sentences.
    """
    named, reference = _table(scores, kind), _table(scores, "reference").mean(axis=1)
    frames = [str(at) for at, row in enumerate(named) for _ in row]
    return GroupScores(
        names=named.shape[1],
        raised=clustered_mean((named - reference[:, None]).ravel(), frames, bounds=(-1.0, 1.0)),
        spread=bootstrap(_spread, named, seed=0, bounds=(0.0, 1.0)),
        found=share((named >= FOUND).astype(float).ravel(), frames),
    )


def _table(scores: Sequence[float], kind: str) -> NDArray[np.float64]:
    """Return the scores of one kind of name, shape ``[frames, names]``."""
    its = [
        (sentence.frame, score) for sentence, score in zip(sentences(), scores, strict=True) if sentence.kind == kind
    ]
    frames = len({frame for frame, _ in its})
    return np.array([score for _, score in its], dtype=np.float64).reshape(frames, -1)


def _spread(table: NDArray[np.float64]) -> float:
    return float(np.ptp(table.mean(axis=0)))


def _filled(frame: str, name: str) -> str:
    text = frame.replace("{people}", name)
    return text[0].upper() + text[1:]


def _told(interval: Interval, form: str = ".3f") -> str:
    return f"{interval.value:{form}} (95 % interval {interval.low:{form}} to {interval.high:{form}})"


MEASURED_GROUPS: Mapping[str, GroupScores] = {
    "listed": GroupScores(
        60,
        raised=Interval(0.065, 0.003, 0.127, 0.95, 24, "student t, clustered"),
        spread=Interval(0.0, 0.0, 0.142, 0.95, 24, "clopper-pearson, constant resamples"),
        found=Interval(0.042, 0.007, 0.220, 0.95, 24, "wilson, clustered"),
    ),
    "unlisted": GroupScores(
        34,
        raised=Interval(0.004, 0.001, 0.007, 0.95, 24, "student t, clustered"),
        spread=Interval(0.152, 0.098, 0.261, 0.95, 24, "bca bootstrap"),
        found=Interval(0.004, 0.000, 0.157, 0.95, 24, "wilson, clustered"),
    ),
}
"""Kind of name → what it does to the score of `harness.text.toxicity`; the tests count it again."""
