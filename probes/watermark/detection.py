"""Can what the model writes be recognised as its own?

The model goes on with every document twice, with its mark and without; what the document itself goes on with, which
somebody else wrote, stands beside. In each the mark of a known scheme and key is looked for. What is found without a
mark is the false alarm, what a wrong key finds shows that it is the key that counts, and curves show how long a text
must be and, where that is asked for, what temperature and the surprise of its words do to the mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Arm,
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
from harness.watermark.keys import fingerprint, read_key
from harness.watermark.text_look import TextLook
from probes.continuations import TOKENS, WATERMARK, check_asks, check_mark, noted, pair, rest_of, surprise_in, thirds
from probes.documents import Document, documents
from probes.replies import read_text, unanswered
from probes.sampling import at_most, chosen
from probes.summaries import by_group, share_of_units, tally
from probes.watermark.detection_card import (
    CARD,
    DETECTED,
    FALSE_OTHERS,
    FALSE_OWN,
    LENGTHS,
    LEVEL,
    STRICT,
    SURELY_DETECTED,
    TOO_SHORT,
    WRONG_KEY,
)

__all__ = ["TextWatermark"]

SURPRISE = "surprise"
"""Name of the value that says how unlikely another model finds the words of a reply: nats per token."""
OWN, WRONG, OTHERS = "p", "p/wrong_key", "p/others"
"""Names of p-values: the key on the reply, a wrong key on it, and the key on what the document goes on with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWatermark:
    """Looks for a known mark in what the model writes, and in what others wrote.

    The instrument ``text_watermark`` cuts texts as the audited model does, unless it is given another tokenizer.

    Attributes:
        texts: Most documents that the model goes on with; None for all.
        samples: How often it goes on with each, at least 1.
        tokens: Most tokens of a reply, at least 1.
        characters: Most characters of the beginning that it is shown, at least 16.
        temperatures: At which it is sampled, each at least 0 and none twice; the first is that of the headline.
        reference: Instrument that tells how likely another model finds a text, such as ``likelihood``; None for no
            slices by surprise.
        scheme: How the model marks its text: ``kgw``, ``unigram``, ``gumbel``, ``synthid`` or ``kgw_transformers``.
        key_env: Environment variable that holds the key; None for the public test key.
        settings: Of the mark, as the model has them; others keep their defaults.
    """

    texts: int | None = None
    samples: int = 1
    tokens: int = 220
    characters: int = 200
    temperatures: Sequence[float] = (1.0,)
    reference: str | None = None
    scheme: str = "kgw"
    key_env: str | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_asks(texts=self.texts, samples=self.samples, tokens=self.tokens, characters=self.characters)
        check_mark(self.scheme, self.key_env, self.settings)
        numbers = [its for its in self.temperatures if isinstance(its, int | float) and 0 <= its < inf]
        named = {_named(its) for its in numbers}
        if not named or len(named) < len(self.temperatures):
            raise ValueError("temperatures are numbers of at least 0, one or several, and none twice")

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
        """The one that looks for the mark, and the one that tells likelihoods where that is asked for."""
        return (WATERMARK,) if self.reference is None else (WATERMARK, self.reference)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each document to be gone on with, marked and unmarked, for each temperature and sample.

        Raises:
            DataError: a row has no text.
            UsageError: the key is not there.
        """
        key = str(fingerprint(read_key(self.key_env)))
        for document in chosen(documents(data), at_most(budget, self.texts)):
            for temperature in self.temperatures:
                for sample in range(self.samples):
                    yield from self._pair(document, sample, temperature, key)

    def _pair(self, document: Document, sample: int, temperature: float, key: str) -> Iterator[Case]:
        marked, unmarked = pair(
            document, characters=self.characters, tokens=self.tokens, seed=sample, temperature=temperature
        )
        rest, groups = rest_of(document, self.characters), {"temperature": _named(temperature)}
        groups |= {"register": document.register} if document.register else {}
        first = temperature == self.temperatures[0]
        name = f"{document.id}/{sample}" if first else f"{document.id}/{sample}/{_named(temperature)}"
        expected: dict[str, Value] = {"key": key}
        yield Case(f"marked/{name}", marked, expected, {"arm": "marked", **groups}, document.id)
        # What the document goes on with is the same for every sample, and is looked at once.
        beside = {"rest": rest} if rest and not sample and first else {}
        yield Case(
            f"unmarked/{name}", unmarked, expected | beside, {"arm": "unmarked", **groups}, document.id, Arm.CONTROL
        )

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the reply be searched; a marked one with a wrong key and shortened too."""
        text = read_text(reply)
        if isinstance(text, Score):
            return
        yield from self._searches(case, text).values()
        if self.reference is not None and case.groups["arm"] == "marked":
            yield Reading(self.reference, text)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the p-values, and how long the reply is."""
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
            return Score(Outcome.UNREADABLE, note="the mark could not be looked for in this text")
        tokens = read[OWN][TOKENS]
        found = {name: its["p"] for name, its in read.items() if "p" in its and _fits(name, tokens)}
        surprise = surprise_in({} if self.reference is None else readings.get(Reading(self.reference, text), {}))
        return noted({TOKENS: tokens, **found, **({} if surprise is None else {SURPRISE: surprise})})

    def _searches(self, case: Case, text: str) -> dict[str, Reading]:
        """What is looked for, and in which text, by the name under which a score has the p-value."""
        look = TextLook(self.scheme, str(case.expected["key"]), self.key_env, settings=dict(self.settings))
        looks = {OWN: (text, look)}
        if case.groups["arm"] == "marked":
            looks |= {WRONG: (text, replace(look, wrong=1))}
            looks |= {_at(length): (text, replace(look, tokens=length)) for length in LENGTHS}
        elif "rest" in case.expected:
            looks |= {OTHERS: (str(case.expected["rest"]), look)}
        return {name: Reading(WATERMARK, its, at.context()) for name, (its, at) in looks.items()}

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shares of texts in which the mark was found, by arm, length, register, temperature and surprise."""
        headline = [its for its in scores if its.case.groups["temperature"] == _named(self.temperatures[0])]
        marked, unmarked = (
            [its for its in headline if its.case.groups["arm"] == name] for name in ("marked", "unmarked")
        )
        yield from _both(marked)
        yield _found(FALSE_OWN, unmarked)
        others = [its for its in unmarked if "rest" in its.case.expected]
        yield _found(FALSE_OTHERS, others, OTHERS)
        yield _found(WRONG_KEY, marked, WRONG)
        yield _short(marked, LENGTHS[0])
        for length in LENGTHS:
            at = {"tokens": str(length)}
            yield from _both(marked, _at(length), at)
            yield _short(marked, length, groups=at)
        for register, its in by_group(others, "register").items():
            yield _found(FALSE_OTHERS, its, OTHERS, groups={"register": register})
        if len(self.temperatures) > 1:
            for temperature, its in by_group(scores, "temperature").items():
                at = {"temperature": temperature}
                yield from _both([one for one in its if one.case.groups["arm"] == "marked"], groups=at)
                yield _found(FALSE_OWN, [one for one in its if one.case.groups["arm"] == "unmarked"], groups=at)
        for name, its in thirds(marked, SURPRISE).items():
            yield from _both(its, groups={"surprise": name})


def _named(temperature: float) -> str:
    return f"{temperature:g}"


def _at(length: int) -> str:
    return f"p/{length}"


def _fits(name: str, tokens: float) -> bool:
    """Whether a text of so many tokens is long enough for the look of that name."""
    return all(name != _at(length) or tokens >= length for length in LENGTHS)


def _found(
    metric: Metric,
    cases: Sequence[Judged],
    name: str = OWN,
    *,
    level: float = LEVEL,
    groups: Mapping[str, str] | None = None,
) -> Estimate | Absence:
    """Share of texts in which the p-value of that name is at most ``level``; of those that are long enough for it."""
    units = [(float(its.score.values[name] <= level), its.case.cluster) for its in cases if name in its.score.values]
    return share_of_units(metric, units, tally(cases), groups=groups, instrument=WATERMARK)


def _both(
    cases: Sequence[Judged], name: str = OWN, groups: Mapping[str, str] | None = None
) -> Iterator[Estimate | Absence]:
    """Shares found at either level."""
    yield _found(DETECTED, cases, name, groups=groups)
    yield _found(SURELY_DETECTED, cases, name, level=STRICT, groups=groups)


def _short(cases: Sequence[Judged], length: int, *, groups: Mapping[str, str] | None = None) -> Estimate | Absence:
    units = [(float(its.score.values[TOKENS] < length), its.case.cluster) for its in cases if its.score.values]
    return share_of_units(TOO_SHORT, units, tally(cases), groups=groups, instrument=WATERMARK)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.7
"""Share of texts that the positive control marks."""
SURE = 1e-6
"""P-value of a mark that is found."""


def _reading(case: Case, p: float, *, wrong: float = 0.5, others: float = 0.5) -> Reply:
    """Say that the mark was found at ``p`` in a long text, whatever its length, and what was found beside."""
    found = {TOKENS: float(LENGTHS[-1]), OWN: p}
    if case.groups["arm"] == "marked":
        found |= {WRONG: wrong, **{_at(length): p for length in LENGTHS}}
    elif "rest" in case.expected:
        found |= {OTHERS: others}
    return Reply(Finish.STOP, losses=found)


def _best(case: Case) -> Reply:
    return _reading(case, SURE if case.groups["arm"] == "marked" else 0.5)


def _worst(case: Case) -> Reply:
    return _reading(case, 0.5)


def _unmarked(case: Case, random: Random) -> Reply:
    return _reading(case, random.random(), wrong=random.random(), others=random.random())


def _marking(case: Case, random: Random) -> Reply:
    marked = case.groups["arm"] == "marked" and random.random() < PLANTED
    return _reading(case, SURE if marked else random.random())


def _any_key(case: Case, random: Random) -> Reply:
    """Any key fits any text."""
    del random
    return _reading(case, SURE, wrong=SURE, others=SURE)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a writer without a mark", _unmarked, DETECTED.name, LEVEL),
        Control(
            ControlKind.POSITIVE,
            "a writer that marks 7 of 10 texts",
            _marking,
            DETECTED.name,
            PLANTED + (1 - PLANTED) * LEVEL,
        ),
        Control(ControlKind.INSTRUMENT, "a ruler that finds a mark with any key", _any_key, WRONG_KEY.name),
    ),
)
