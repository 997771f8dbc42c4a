"""Does a model write somebody's mark?

An auditor has the keys of some marks and a model that may carry one of them: it was copied, it learned from marked
text, or it passes on what another model writes. It goes on with documents, and each of the marks is looked for in what
it writes, corrected for how many they are. Wrong keys, and what the documents themselves go on with, show how often
something is found where nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Case,
    ControlKind,
    Estimate,
    Finish,
    Judged,
    Metric,
    Outcome,
    Reading,
    Reply,
    Score,
    Value,
)
from harness.watermark.detection import of_several
from harness.watermark.keys import fingerprint, read_key
from harness.watermark.text_look import TextLook
from probes.continuations import TOKENS, WATERMARK, check_asks, check_mark, noted, pair, rest_of
from probes.documents import Document, documents
from probes.replies import read_text, unanswered
from probes.sampling import at_most, chosen
from probes.summaries import share_of_units, tally
from probes.watermark.suspect_card import CARD, FALSE_OTHERS, FOUND, LEAST, LEVEL, TOO_SHORT, WRONG_KEY

__all__ = ["Suspect"]

OWN, WRONG, OTHERS = "p", "p/wrong_key", "p/others"
"""What is looked for: the keys in the reply, wrong keys in it, the keys in what the document goes on with."""
DEFAULT: Sequence[Mapping[str, Value]] = ({"scheme": "kgw"},)


@dataclass(frozen=True, slots=True)
class _Mark:
    """One mark that is looked for, as a table of `Suspect.marks` has it; field names are its keys."""

    scheme: str
    key_env: str | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_mark(self.scheme, self.key_env, self.settings)

    @property
    def name(self) -> str:
        """What it is called in slices."""
        return f"{self.scheme}, {self.key_env or 'public test key'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Looks for given marks in what any model writes.

    Attributes:
        marks: Tables with ``scheme`` (``kgw``, ``unigram``, ``gumbel``, ``synthid`` or ``kgw_transformers``),
            ``key_env`` (environment variable that holds the key; left out for the public test key) and ``settings`` of
            the mark; at least one, and no two alike in scheme and key.
        texts: Most documents that the model goes on with; None for all.
        tokens: Most tokens of a reply, at least 1.
        characters: Most characters of the beginning that it is shown, at least 16.
    """

    marks: Sequence[Mapping[str, Value]] = DEFAULT
    texts: int | None = None
    tokens: int = 220
    characters: int = 200

    def __post_init__(self) -> None:
        check_asks(texts=self.texts, samples=1, tokens=self.tokens, characters=self.characters)
        names = [mark.name for mark in self._marks]
        if not names or len(set(names)) < len(names):
            raise ValueError("marks lists at least one mark, and none twice with the same scheme and key")

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
        """The one that looks for marks."""
        return (WATERMARK,)

    @property
    def _marks(self) -> list[_Mark]:
        if isinstance(self.marks, str | Mapping) or not all(isinstance(mark, Mapping) for mark in self.marks):
            raise ValueError('marks is a list of tables, such as [{ scheme = "kgw", key_env = "THEIR_KEY" }]')
        try:
            return [_Mark(**dict(mark)) for mark in self.marks]  # type: ignore[arg-type]
        except TypeError as error:
            raise ValueError(
                f"each of marks has a scheme, and may have key_env and settings, no more: {error}"
            ) from error

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each document to be gone on with.

        Raises:
            DataError: a row has no text.
            UsageError: a key is not there.
        """
        keys = [str(fingerprint(read_key(mark.key_env))) for mark in self._marks]
        for document in chosen(documents(data), at_most(budget, self.texts)):
            yield self._case(document, keys)

    def _case(self, document: Document, keys: Sequence[str]) -> Case:
        rest = rest_of(document, self.characters)
        ask, _ = pair(document, characters=self.characters, tokens=self.tokens, seed=0)
        expected: dict[str, Value] = {"keys": list(keys), **({"rest": rest} if rest else {})}
        return Case(document.id, ask, expected, {}, document.id)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the reply be searched for each mark, with its key and a wrong one, and the document for each."""
        text = read_text(reply)
        return [] if isinstance(text, Score) else self._searches(case, text).values()

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the p-values, by mark, and how long the reply is."""
        missing = unanswered(reply)
        if missing is not None:
            return missing
        # Text is the model's to choose, and no text says what an instrument read: scripted replies have losses.
        if reply.losses:
            return noted(reply.losses)
        text = read_text(reply)
        if isinstance(text, Score):
            return text
        read = {name: readings.get(its, {}) for name, its in self._searches(case, text).items()}
        if not all(TOKENS in its for its in read.values()):
            return Score(Outcome.UNREADABLE, note="the marks could not be looked for in this text")
        # A text too short for a look shows nothing of that mark, and is not left out of the others.
        found = {name: its.get("p", 1.0) for name, its in read.items()}
        return noted({TOKENS: read[_of(OWN, 0)][TOKENS], **found})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shares of texts in which any of the marks was found, and each by itself."""
        marks = self._marks
        every = range(len(marks))
        yield _share(FOUND, scores, OWN, every)
        yield _share(WRONG_KEY, scores, WRONG, every)
        yield _share(FALSE_OTHERS, [its for its in scores if "rest" in its.case.expected], OTHERS, every)
        short = [(float(its.score.values[TOKENS] < LEAST), its.case.cluster) for its in scores if its.score.values]
        yield share_of_units(TOO_SHORT, short, tally(scores), instrument=WATERMARK)
        for number, mark in enumerate(marks):
            yield _share(FOUND, scores, OWN, [number], groups={"mark": mark.name})

    def _searches(self, case: Case, text: str) -> dict[str, Reading]:
        """What is looked for, and in which text, by the name under which a score has the p-value."""
        keys, found = case.expected["keys"], {}
        for number, (mark, key) in enumerate(zip(self._marks, keys if isinstance(keys, list) else [], strict=True)):
            look = TextLook(mark.scheme, str(key), mark.key_env, settings=dict(mark.settings))
            found[_of(OWN, number)] = (text, look)
            found[_of(WRONG, number)] = (text, replace(look, wrong=1))
            if "rest" in case.expected:
                found[_of(OTHERS, number)] = (str(case.expected["rest"]), look)
        return {name: Reading(WATERMARK, its, look.context()) for name, (its, look) in found.items()}


def _of(name: str, number: int) -> str:
    return f"{name}/{number}"


def _share(
    metric: Metric,
    cases: Sequence[Judged],
    name: str,
    marks: Sequence[int],
    *,
    groups: Mapping[str, str] | None = None,
) -> Estimate | Absence:
    """Share of texts in which the smallest p-value of ``marks`` is at most `LEVEL`, corrected for how many they are."""
    wanted = [_of(name, number) for number in marks]
    units = [
        (float(of_several([its.score.values[key] for key in wanted]) <= LEVEL), its.case.cluster)
        for its in cases
        if all(key in its.score.values for key in wanted)
    ]
    return share_of_units(metric, units, tally(cases), groups=groups, instrument=WATERMARK)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.7
"""Share of texts that the positive control marks."""
SURE = 1e-6
"""P-value of a mark that is found."""


def _reading(case: Case, own: float, *, wrong: float = 0.5, others: float = 0.5) -> Reply:
    """Say at which p the first mark was found in a long text, and what was found beside; nothing of other marks."""
    keys = case.expected["keys"]
    found = {TOKENS: 220.0}
    for number in range(len(keys) if isinstance(keys, list) else 0):
        found |= {_of(OWN, number): own if not number else 1.0, _of(WRONG, number): wrong if not number else 1.0}
        if "rest" in case.expected:
            found[_of(OTHERS, number)] = others if not number else 1.0
    return Reply(Finish.STOP, losses=found)


def _best(case: Case) -> Reply:
    return _reading(case, 0.5)


def _worst(case: Case) -> Reply:
    return _reading(case, SURE)


def _unmarked(case: Case, random: Random) -> Reply:
    return _reading(case, random.random(), wrong=random.random(), others=random.random())


def _marking(case: Case, random: Random) -> Reply:
    return _reading(case, SURE if random.random() < PLANTED else 0.5)


def _any_key(case: Case, random: Random) -> Reply:
    """Any key fits any text."""
    del random
    return _reading(case, SURE, wrong=SURE, others=SURE)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a writer without a mark", _unmarked, FOUND.name, LEVEL),
        Control(ControlKind.POSITIVE, "a writer that marks 7 of 10 texts", _marking, FOUND.name, PLANTED),
        Control(ControlKind.INSTRUMENT, "a ruler that finds a mark with any key", _any_key, WRONG_KEY.name),
    ),
)
