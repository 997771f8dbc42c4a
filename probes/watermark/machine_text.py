"""Can text of the model be told from text of another writer by how it is written?

The model goes on with every document; what the document itself goes on with, which another writer wrote, stands beside,
equally long. A classifier is trained on the style of both, and on how likely another model finds them, and judged on
documents that it never saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings, Row
from harness.records import (
    Absence,
    Capability,
    Case,
    ControlKind,
    Estimate,
    Finish,
    Judged,
    Outcome,
    Reading,
    Reply,
    Score,
)
from harness.seeds import rng
from harness.text.stylometry import stylometry
from probes.continuations import check_asks, pair, rest_of
from probes.documents import CORPUS, Document, document_row
from probes.losses import shuffled
from probes.replies import unanswered, unicode_text, whole_words
from probes.rows import once, text_in
from probes.sampling import at_most, chosen
from probes.watermark.machine_text_card import AUC, CARD, LENGTH, WORDS
from probes.watermark.machine_text_summary import (
    LIKELY,
    NATIVE,
    NON_NATIVE,
    OTHERS,
    OWN,
    REGISTER,
    STYLE_AND_LIKELIHOOD,
    WRITER,
    told_of,
)

__all__ = ["MachineText"]

MOMENTS = "moments"
"""What a reading says to have its curvature told."""
FIRST = 60
"""Words within which a first sentence has to end to be left out."""
STOPS, CLOSING = (".", "!", "?", "…"), "\"'”’»)]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineText:
    """Tells continuations by the model from what documents go on with.

    Attributes:
        texts: Most documents that the model goes on with; None for all.
        tokens: Most tokens of a reply, at least 1.
        characters: Most characters of the beginning that it is shown, at least 16.
        reference: Instrument that tells how likely another model finds a text, such as ``likelihood``; None for style
            alone.
    """

    texts: int | None = None
    tokens: int = 220
    characters: int = 200
    reference: str | None = None

    def __post_init__(self) -> None:
        check_asks(texts=self.texts, samples=1, tokens=self.tokens, characters=self.characters)

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """The one that says how likely a text is, where one is named."""
        return () if self.reference is None else (self.reference,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each document to be gone on with, without the model's mark where it has one.

        Raises:
            DataError: a row has no text, or says in no known way what it is.
        """
        rows = once(data, _row, CORPUS)
        # Asked as the probes of marks do, whose replies of the same model then serve here too.
        marks = not budget.abilities or Capability.MARK_TEXT in budget.abilities
        for row in chosen(rows, at_most(budget, self.texts)):
            plain, unmarked = pair(row.document, characters=self.characters, tokens=self.tokens, seed=0)
            rest = rest_of(row.document, self.characters)
            yield Case(row.id, unmarked if marks else plain, {"rest": rest}, row.groups, row.id)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let another model say how likely it finds either text."""
        texts = _texts(case, reply)
        return [] if isinstance(texts, Score) or reply.losses else self._read(texts).values()

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the style of either text, and how likely it is."""
        missing = unanswered(reply)
        if missing is not None:
            return missing
        # Text is the model's to choose, and no text says what an instrument read: scripted replies have losses.
        if reply.losses:
            return _scripted(reply.losses)
        texts = _texts(case, reply)
        if isinstance(texts, Score):
            return texts
        styles = {side: stylometry(text) for side, text in texts.items()}
        if not all(styles.values()):
            return Score(Outcome.UNREADABLE, note="one of the texts has no word")
        read = {side: _likely(readings.get(its, {})) for side, its in self._read(texts).items()}
        values = {
            side: {"words": float(len(texts[side].split())), **its, **read.get(side, {})}
            for side, its in styles.items()
        }
        # A value that only one of the texts has would give its writer away.
        shared = values[OWN].keys() & values[OTHERS].keys()
        return Score(
            Outcome.SCORED,
            {f"{side}/{name}": its[name] for side, its in values.items() for name in its if name in shared},
        )

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """How well the texts are told apart, and whom that would accuse."""
        return told_of(shuffled(scores), self.reference)

    def _read(self, texts: Mapping[str, str]) -> dict[str, Reading]:
        if self.reference is None:
            return {}
        return {side: Reading(self.reference, text, MOMENTS) for side, text in texts.items()}


# ── documents ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Row:
    """A document, and what is known of it."""

    document: Document
    groups: Mapping[str, str]

    @property
    def id(self) -> str:
        """The document's."""
        return self.document.id


def _row(row: Row, number: int) -> _Row:
    groups = {}
    register = text_in(row, "register", default="") or text_in(row, "topic", default="")
    if register:
        groups[REGISTER] = register
    native = row.get("native")
    if native not in (None, "", True, False, "true", "false"):
        raise ValueError(f"'native' is true or false, not {native!r}")
    if native not in (None, ""):
        groups[WRITER] = NATIVE if native in (True, "true") else NON_NATIVE
    return _Row(document_row(row, number), groups)


# ── the two texts ─────────────────────────────────────────────────────────────────────────


def _texts(case: Case, reply: Reply) -> dict[str, str] | Score:
    """The model's text and the other writer's, equally many words of each; or the outcome where there are too few."""
    read = unicode_text(reply)
    text = read if isinstance(read, Score) else whole_words(reply)
    if isinstance(text, Score):
        return text
    sides = {OWN: _from_a_sentence(text), OTHERS: _from_a_sentence(str(case.expected["rest"]))}
    # One word less than the shorter has, so that neither ends where its writer did.
    most = min(map(len, sides.values())) - 1
    if most < WORDS:
        short = "the reply" if len(sides[OWN]) <= most + 1 else "what the document goes on with"
        return Score(Outcome.UNREADABLE, note=f"{short} has fewer than {WORDS} words to compare")
    return {side: " ".join(words[:most]) for side, words in sides.items()}


def _from_a_sentence(text: str) -> list[str]:
    """The words of ``text`` behind its first sentence, which the document's beginning may have cut; else all words."""
    words = text.split()
    ends = (at for at, word in enumerate(words[:FIRST], start=1) if word.rstrip(CLOSING).endswith(STOPS))
    return words[next(ends, 0) :]


def _likely(read: Mapping[str, float]) -> dict[str, float]:
    """The curvature, and the mean log-likelihood of a token, as far as they were read."""
    curvature, nats = LIKELY
    tokens = read.get("tokens", 0.0)
    found = {curvature: read[curvature]} if curvature in read else {}
    if tokens > 0 and nats in read:
        found[nats] = read[nats] / tokens
    return {name: value for name, value in found.items() if isfinite(value)}


def _scripted(values: Mapping[str, float]) -> Score:
    pairs = [name for name in STYLE_AND_LIKELIHOOD if f"{OWN}/{name}" in values and f"{OTHERS}/{name}" in values]
    if (
        not pairs
        or not all(f"{side}/words" in values for side in (OWN, OTHERS))
        or not all(map(isfinite, values.values()))
    ):
        return Score(Outcome.UNREADABLE, note="the reply does not say what was read of it")
    return Score(Outcome.SCORED, dict(values))


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.9
"""Share of texts by which the positive control gives itself away."""
FAR = 8.0
"""Standard deviations by which it does."""
LONG = 100.0
"""Words of a scripted text."""


def _reply(own: Mapping[str, float], others: Mapping[str, float], *, longer: float = 0.0) -> Reply:
    """Say what would be read of two texts."""
    words = {f"{OWN}/words": LONG + longer, f"{OTHERS}/words": LONG}
    sides = ((OWN, own), (OTHERS, others))
    return Reply(Finish.STOP, losses=words | {f"{side}/{name}": its[name] for side, its in sides for name in its})


def _any_style(random: Random, ahead: float = 0.0) -> dict[str, float]:
    return {name: random.gauss(ahead, 1) for name in STYLE_AND_LIKELIHOOD}


def _best(case: Case) -> Reply:
    random = rng(0, case.id)
    return _reply(_any_style(random, FAR), _any_style(random))


def _worst(case: Case) -> Reply:
    style = _any_style(rng(0, case.id))
    return _reply(style, style)


def _alike(case: Case, random: Random) -> Reply:
    del case
    return _reply(_any_style(random), _any_style(random))


def _giving_away(case: Case, random: Random) -> Reply:
    del case
    return _reply(_any_style(random, FAR * (random.random() < PLANTED)), _any_style(random))


def _longer(case: Case, random: Random) -> Reply:
    """Write like anybody else, and more."""
    del case
    return _reply(_any_style(random), _any_style(random), longer=random.choice((1.0, 2.0)))


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a writer who writes like the other one", _alike, AUC.name, 0.5),
        Control(
            ControlKind.POSITIVE,
            "a writer who gives itself away in 9 of 10 texts",
            _giving_away,
            AUC.name,
            (1 + PLANTED) / 2,
        ),
        Control(ControlKind.INSTRUMENT, "a writer who only writes longer texts", _longer, LENGTH.name),
    ),
)
