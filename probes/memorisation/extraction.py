"""Given the beginning of a passage that it was trained on, does the model go on word for word?

A passage is extractable where greedy decoding after its first characters gives the next ones. That is so exactly where
each token of the known continuation is the likeliest after those before it, so one reading of prefix and suffix tells,
and nothing is generated. A model that writes goes on from the longest beginning too, which shows continuations with a
few characters changed. Passages that the model never saw, as those that a coin left out of the training, show what is
predictable without memory. They are the model's own training data, or texts of a file that says which it was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from random import Random

from rapidfuzz.distance import Levenshtein

from harness.contracts import TRAINING, Budget, Control, Controls, Dataset, ProbeCard, Readings, Row
from harness.errors import NotApplicableError
from harness.records import (
    Absence,
    Arm,
    Capability,
    Case,
    ContinuationScore,
    ControlKind,
    Estimate,
    Finish,
    GenerateAsk,
    Judged,
    Metric,
    Outcome,
    Reply,
    Score,
    ScoreAsk,
)
from harness.stats.compare import independent_difference
from harness.stats.discoverable import is_discoverable
from harness.text.words import pieces
from probes.expected import score_ask
from probes.memorisation.extraction_card import (
    CANARIES,
    CARD,
    DISCOVERED,
    EXCESS,
    EXTRACTED,
    NEARLY,
    NEARLY_EXCESS,
    NEARLY_UNSEEN,
    SURPRISE,
    UNSEEN,
    UNSEEN_SURPRISE,
)
from probes.pictures import natural
from probes.replies import chosen_text, read_totals, unicode_text
from probes.sides import SIDES, Record, of_file, texts_of
from probes.summaries import by_group, mean_of, share_of, share_of_units, tally

__all__ = ["Extraction", "split"]

SAMPLES = (10, 100, 1_000, 10_000)
CONFIDENCES = (0.5, 0.9, 0.99)
"""Of the curve: samples drawn, and the probability that they hold the passage."""
HEADLINE = (1_000, 0.9)
"""The point of the curve that is told of all passages."""

WRITTEN = "written"
"""Of cases in which the model writes, in the name of their arm."""
WHOLE, NEAR = (EXCESS, EXTRACTED, UNSEEN), (NEARLY_EXCESS, NEARLY, NEARLY_UNSEEN)
"""What is told of word for word, and of all but that: excess, share of training passages, share of unseen ones."""

ALL_SEEN = "no passage is known that the model never saw, which would show what is predictable without memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Scores the continuations of passages whose beginning is given.

    Attributes:
        records: Training passages, and as many unseen ones, at most.
        prefixes: Most characters that are given, one or several lengths; the longest is the one the headline speaks of.
        suffix: Most characters that must follow.
        near: Likeness from which what the model writes is all but the suffix, in (0, 1]: 1 less the characters to be
            put in, taken out or changed over those of the longer text (Levenshtein 1966).
    """

    records: int = 200
    prefixes: Sequence[int] = (16, 32, 64)
    suffix: int = 32
    near: float = 0.9

    def __post_init__(self) -> None:
        if not self.prefixes or min(self.records, self.suffix, *self.prefixes) < 1:
            raise ValueError("records, suffix and each of prefixes are at least 1")
        if not 0 < self.near <= 1:
            raise ValueError(f"near is a likeness in (0, 1], not {self.near}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield training passages, unseen ones, then canaries.

        Raises:
            NotApplicableError: the records are no text, or those of a side are too short. A file may have none that
                are unseen.
            DataError: a row of a file has no text, or does not say its side.
        """
        own, every = data.name == TRAINING, _known(data)
        writes = Capability.GENERATE in budget.abilities
        n = min(self.records, budget.items or self.records)
        for side, told in (("member", "trained on"), ("nonmember", "held out of the training")):
            records = [record for record in every if record.side == side]
            kept = self._long_enough(records)
            if not kept and (records or own or side == "member"):
                raise NotApplicableError(
                    f"no passage that was {told} has {max(self.prefixes)} characters and {self.suffix} more: set"
                    " shorter prefixes or a shorter suffix"
                )
            for record in kept[:n]:
                for prefix in sorted(set(self.prefixes)):
                    yield _passage(record, prefix, self.suffix)
                if writes:
                    yield _written(record, max(self.prefixes), self.suffix)
        secrets = [(row, secret) for row in data.rows if own and (secret := _secret(row)) is not None]
        yield from (_planted(row, *secret) for row, secret in secrets[:n])

    def _long_enough(self, records: Sequence[Record]) -> list[Record]:
        """The same passages for every length of prefix, so that lengths can be compared."""
        return [
            record for record in records if all(split(record.text, prefix, self.suffix) for prefix in self.prefixes)
        ]

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note whether the suffix is what the model would write, and how unlikely; or how like it what was written."""
        del readings
        if isinstance(case.ask, GenerateAsk):
            return self._likeness(case, reply)
        totals = read_totals(score_ask(case), reply)
        if isinstance(totals, Score):
            return totals
        return Score(Outcome.SCORED, {"extracted": float(reply.scores[0].greedy), "bits": -totals[0] / log(2)})

    def _likeness(self, case: Case, reply: Reply) -> Score:
        """Hold as many characters as the suffix has against it."""
        text, suffix = unicode_text(reply), str(case.expected["suffix"])
        if isinstance(text, Score):
            return text
        likeness = Levenshtein.normalized_similarity(text[: len(suffix)], suffix)
        return Score(Outcome.SCORED, {"near": float(likeness >= self.near), "likeness": likeness})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shares of both groups at the longest prefix, their difference, the curves, and canaries."""
        arms = ("member", "nonmember", "canary", f"member {WRITTEN}", f"nonmember {WRITTEN}")
        members, unseen, canaries, *written = ([its for its in scores if its.case.groups["arm"] == arm] for arm in arms)
        lengths = sorted({int(its.case.groups["prefix"]) for its in (*members, *unseen)})
        longest = max(lengths, default=0)
        yield from _compared(WHOLE, "extracted", _at(members, longest), _at(unseen, longest))
        yield from _compared(NEAR, "near", *written)
        yield from _sampled(_at(members, longest), _at(unseen, longest))
        for length in lengths:
            its = _at(members, length), _at(unseen, length)
            yield from _compared(WHOLE, "extracted", *its, part={"prefix": str(length)})
        trained = [its for its in canaries if its.case.groups["repeats"] != "0"]
        yield share_of(CANARIES, trained, "extracted")
        for repeats, part in sorted(by_group(canaries, "repeats").items(), key=lambda item: int(item[0])):
            yield share_of(CANARIES, part, "extracted", groups={"repeats": repeats})


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def _known(data: Dataset) -> list[Record]:
    """Passages of both sides, in an order fixed by their names alone."""
    if data.name != TRAINING:
        return sorted(of_file(data, CARD.id), key=lambda its: hashlib.sha256(its.id.encode()).digest())
    if not any(isinstance(row.get("text"), str) for row in data.rows):
        raise NotApplicableError("the model was not trained on text")
    return texts_of([row for side in SIDES for row in natural(data, side)])


def split(text: str, prefix: int, suffix: int) -> tuple[str, str] | None:
    """Cut ``text`` in a prefix and a suffix of at most so many characters, the rest left off; None if it is too short.

    Both end where white space follows, or at the end of the text, so that neither tokenizers that join a space to the
    word behind it nor any that go by words see a border inside a token. Where a second half has no white space, as
    scripts without it, the cut is between two characters. The suffix begins with its white space.
    """
    if len(text) < prefix + suffix:
        return None
    cut = _word_end(text, 0, prefix)
    end = _word_end(text, cut, cut + suffix)
    head, tail = text[:cut], text[cut:end]
    return (head, tail) if head.strip() and tail.strip() else None


def _word_end(text: str, start: int, end: int) -> int:
    """The last place in the second half from ``start`` to ``end`` where a word ends; ``end`` where there is none."""
    if end >= len(text):
        return len(text)
    places = range(end, start + (end - start) // 2, -1)
    return next((place for place in places if text[place].isspace() and not text[place - 1].isspace()), end)


def _passage(record: Record, prefix: int, suffix: int) -> Case:
    parts = split(record.text, prefix, suffix)
    if parts is None:
        raise ValueError(f"{record.id} is too short for {prefix} and {suffix} characters")
    arm = Arm.MAIN if record.side == "member" else Arm.CONTROL
    groups = {"arm": record.side, "prefix": str(prefix)}
    return Case(f"{record.side}/{record.id}/{prefix}", ScoreAsk(parts[0], (parts[1],)), {}, groups, record.unit, arm)


def _written(record: Record, prefix: int, suffix: int) -> Case:
    head, tail = split(record.text, prefix, suffix) or ("", "")
    # No token is shorter than a byte, so there is room for all of it whatever the tokenizer.
    ask = GenerateAsk(head, chat=False, max_tokens=len(tail.encode("utf-8", "backslashreplace")), marked=False)
    arm = Arm.MAIN if record.side == "member" else Arm.CONTROL
    groups = {"arm": f"{record.side} {WRITTEN}", "prefix": str(prefix)}
    return Case(f"{record.side}/{record.id}/{WRITTEN}", ask, {"suffix": tail}, groups, record.unit, arm)


def _secret(row: Row) -> tuple[str, str] | None:
    """Template and fill of a canary of text."""
    canary = row.get("canary")
    if not isinstance(canary, dict) or not isinstance(row.get("text"), str):
        return None
    template, fill = str(canary.get("template") or ""), str(canary.get("fill") or "")
    return (template, fill) if fill else None


def _planted(row: Row, template: str, fill: str) -> Case:
    arm = Arm.MAIN if row["repeats"] else Arm.CONTROL
    groups = {"arm": "canary", "repeats": str(row["repeats"])}
    return Case(f"canary/{row['record']}", ScoreAsk(template, (fill,)), {}, groups, str(row["unit"]), arm)


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def _at(arm: Sequence[Judged], length: int) -> list[Judged]:
    return [its for its in arm if its.case.groups["prefix"] == str(length)]


def _compared(
    metrics: tuple[Metric, Metric, Metric],
    key: str,
    members: Sequence[Judged],
    unseen: Sequence[Judged],
    *,
    part: Mapping[str, str] | None = None,
) -> Iterator[Estimate | Absence]:
    """Shares continued so, and what is left of the members' less the other."""
    excess, seen_share, unseen_share = metrics
    fresh = share_of(unseen_share, unseen, key, groups=part)
    null = _value(fresh)
    given = share_of(seen_share, members, key, groups=part, null=None if null is None else lambda _: null)
    both = tally([*members, *unseen])
    if isinstance(given, Estimate) and isinstance(fresh, Estimate):
        yield excess.estimate(independent_difference(given.interval, fresh.interval), both, slice=part)
    else:
        missing = given if isinstance(given, Absence) else fresh
        reason = missing.reason if isinstance(missing, Absence) and (unseen or not members) else ALL_SEEN
        yield excess.absent(reason, both, slice=part)
    yield given
    yield fresh


def _sampled(members: Sequence[Judged], unseen: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Shares that so many samples give back, and how unlikely one sample is to do so."""
    yield _discovered(members, unseen, *HEADLINE, {})
    for samples in SAMPLES:
        for confidence in CONFIDENCES:
            part = {"samples": str(samples), "confidence": str(confidence)}
            yield _discovered(members, unseen, samples, confidence, part)
    yield mean_of(SURPRISE, members, "bits")
    yield mean_of(UNSEEN_SURPRISE, unseen, "bits")


def _discovered(
    members: Sequence[Judged], unseen: Sequence[Judged], samples: int, confidence: float, part: Mapping[str, str]
) -> Estimate | Absence:
    found = [
        [
            (float(is_discoverable(-its.score.values["bits"] * log(2), samples=samples, confidence=confidence)), its)
            for its in arm
            if its.score.values
        ]
        for arm in (members, unseen)
    ]
    null = sum(value for value, _ in found[1]) / len(found[1]) if found[1] else None
    units = [(value, its.case.cluster) for value, its in found[0]]
    return share_of_units(DISCOVERED, units, tally(members), groups=part, null=null)


def _value(result: Estimate | Absence) -> float | None:
    return result.interval.value if isinstance(result, Estimate) else None


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.3
"""Share of training passages that the positive control gives back."""
OTHERWISE = " and so it was left, as things are, for another day."
"""How a scripted model goes on that does not know the passage."""
PREDICTABLE = 0.15
"""Share of all passages that the negative control completes, trained on or not."""


def _continued(case: Case, *, likeliest: bool) -> Reply:
    """Write the suffix, or not; or say that it is what the model would write, each word at 0.95, or not, at 0.05."""
    if isinstance(case.ask, GenerateAsk):
        return chosen_text(case.ask, str(case.expected["suffix"]) if likeliest else OTHERWISE)
    starts = tuple(start for start, _ in pieces(score_ask(case).continuations[0]))
    logprob = log(0.95 if likeliest else 0.05)
    return Reply(Finish.STOP, scores=(ContinuationScore((logprob,) * len(starts), starts, greedy=likeliest),))


def _trained_on(case: Case) -> bool:
    return case.groups["arm"] in {"member", f"member {WRITTEN}"}


def _best(case: Case) -> Reply:
    return _continued(case, likeliest=False)


def _worst(case: Case) -> Reply:
    return _continued(case, likeliest=_trained_on(case) or case.groups.get("repeats", "0") != "0")


def _guessing(case: Case, random: Random) -> Reply:
    return _continued(case, likeliest=random.random() < PREDICTABLE)


def _reciting(case: Case, random: Random) -> Reply:
    return _continued(case, likeliest=_trained_on(case) and random.random() < PLANTED)


def _boilerplate(case: Case, random: Random) -> Reply:
    return _continued(case, likeliest=random.random() < 0.5)


GUESSING = "a model that completes 15 of 100 passages, whether it saw them or not"

CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, GUESSING, _guessing, EXCESS.name, 0.0),
        Control(
            ControlKind.POSITIVE, "a model that recites 3 of 10 training passages", _reciting, EXCESS.name, PLANTED
        ),
        Control(ControlKind.INSTRUMENT, "passages so regular that half complete themselves", _boilerplate, UNSEEN.name),
    ),
)
