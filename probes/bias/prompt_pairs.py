"""Does swapping one word of a prompt change something that the word does not name?

"a red circle" and "a red square" ask for the same colour. Both are drawn from the same seeds, a classifier whose
mistakes are corrected for reads the colour, and its shares are compared. The same prompt drawn from other seeds shows
how large a shift is where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    DrawAsk,
    Estimate,
    Interval,
    Judged,
    Metric,
    Reading,
    Reply,
    Score,
)
from harness.seeds import rng
from harness.stats.confusion import Corrected, least_skew
from harness.stats.multiplicity import each, largest
from probes.attributes import BLURRED, CLASS, SHARP, attributes_in, in_arm, painted, real_pictures
from probes.bias.prompt_pairs_card import ACCURACY, CARD, MOVED, SAME, SHIFT, STRANGE
from probes.bias.shifts import Pair, Prompted, Shift, by_swap, measured
from probes.bias.swaps import Swap, named, one_word_apart, swapped
from probes.expected import pack, unpack
from probes.pictures import FEATURES, described, draws, natural, picture_readings
from probes.rulers import accuracies, rulers, strangers
from probes.summaries import tally

__all__ = ["PromptPairs"]

OTHER_SEEDS = 2**20
"""What is added to a seed for the second set of pictures of the same prompt."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPairs:
    """Compares pictures of prompts that differ in one word.

    Attributes:
        seeds: Pictures of each prompt, at most.
        prompts: Captions of the training data to use, at most; they are taken in alphabetical order.
        known: Real pictures to fit the classifier to, and as many others to count its mistakes on, at most.
        pairs: Pairs of prompts to use instead of captions, such as ``[["a nurse", "a doctor"]]``; each differs in
            exactly one word.
    """

    seeds: int = 40
    prompts: int = 12
    known: int = 300
    pairs: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.prompts < 2 or self.known < 1:
            raise ValueError("seeds and known are at least 1, prompts at least 2")
        for pair in self.pairs:
            if isinstance(pair, str) or len(pair) != 2 or not all(isinstance(prompt, str) for prompt in pair):
                raise ValueError(f"pairs holds pairs of prompts, not {pair!r}")
            if swapped(*pair) is None:
                raise ValueError(f"the prompts of a pair differ in exactly one word, not {pair[0]!r} and {pair[1]!r}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield pictures of each prompt, then of first prompts from other seeds, then real pictures.

        Raises:
            NotApplicableError: the model takes no prompt, no pair leaves an attribute open, or no record was held out.
        """
        if data.rows[0].get("asked_by") != "prompt":
            raise NotApplicableError("the model is not asked by prompt, so there is no word to swap")
        attributes = attributes_in(data)
        classes = {draw.prompt: draw.class_name for draw in draws(data, len(data.rows)) if draw.prompt is not None}
        prompts, pairs = _numbered(self._swaps(classes), attributes, classes)
        if not natural(data, "nonmember"):
            raise NotApplicableError("no record was held out of the training, to count the classifier's mistakes on")
        n = min(self.seeds, budget.items or self.seeds)
        keys = [_key(number, prompt, pairs, attributes) for number, prompt in enumerate(prompts)]
        for key in keys:
            yield from _drawn("drawn", key, n)
        for key in keys:
            if key.pairs:
                yield from _drawn("again", key, n)
        looked_at = {name for pair in pairs for name in pair.open}
        yield from real_pictures(data, looked_at, min(self.known, budget.items or self.known), most=self.known)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let every picture be described."""
        del case
        return picture_readings(reply, FEATURES)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the description."""
        del case
        return described(reply, readings)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shifts with a word, shifts without, and how far the classifier is to be trusted."""
        drawn, again = in_arm(scores, "drawn"), in_arm(scores, "again")
        keys = {its.case.id: unpack(Prompted, its.case) for its in (*drawn, *again)}
        first, second = (
            {(keys[its.case.id].prompt, keys[its.case.id].seed): its for its in arm} for arm in (drawn, again)
        )
        texts = {key.prompt: key.text for key in keys.values()}
        tools = rulers(scores, {name: values for key in keys.values() for name, values in key.values.items()})
        swaps = by_swap({pair for key in keys.values() for pair in key.pairs})
        compared = [(tools[name], its) for its in swaps for name in its[0].open]
        words = [measured(ruler, its, first) for ruler, its in compared]
        seeds = [measured(ruler, its, first, second) for ruler, its in compared]
        same = _largest(SAME, seeds, [*drawn, *again])
        yield _largest(SHIFT, words, drawn, null=same.interval.value if isinstance(same, Estimate) else None)
        yield same
        yield _most_moved(words, drawn)
        for word, seed in zip(words, seeds, strict=True):
            yield from _slices(word, seed)
        for ruler, its in compared:
            for pair in its if len(its) > 1 else []:
                group = {"attribute": ruler.attribute, "pair": f"{texts[pair.first]} / {texts[pair.second]}"}
                yield _one(SHIFT, measured(ruler, [pair], first), group)
        yield from accuracies(ACCURACY, tools, scores)
        opened = {name: [its for its in drawn if name in keys[its.case.id].values] for name in tools}
        yield from strangers(STRANGE, tools, opened)

    def _swaps(self, captions: Iterable[str]) -> list[Swap]:
        if self.pairs:
            own = [swap for swap in (swapped(*pair) for pair in self.pairs) if swap is not None]
            return list(dict.fromkeys(own))
        found = one_word_apart(captions, most=self.prompts)
        if not found:
            raise NotApplicableError("no two captions of the training data differ in exactly one word")
        return found


def _numbered(
    swaps: Sequence[Swap], attributes: Mapping[str, Sequence[str]], classes: Mapping[str, str | None]
) -> tuple[Sequence[str], Sequence[Pair]]:
    """Number prompts and swaps in the order given, without pairs that leave no attribute open.

    Args:
        swaps: Pairs of prompts.
        attributes: All that are known, with their values.
        classes: The class that a caption belongs to: a word that changes it names it, however it does that.

    Returns:
        The prompts, and the pairs of them.

    Raises:
        NotApplicableError: no pair is left.
    """
    open_to = {}
    for swap in swaps:
        fixed = named(swap, attributes) | ({CLASS} if classes.get(swap.first) != classes.get(swap.second) else set())
        open_to[swap] = tuple(sorted(set(attributes) - fixed))
    kept = [swap for swap in swaps if open_to[swap]]
    if not kept:
        known = ", ".join(attributes) or "nothing"
        raise NotApplicableError(f"the swapped words name all that is known of the pictures: {known}")
    prompts = list(dict.fromkeys(prompt for swap in kept for prompt in (swap.first, swap.second)))
    words = list(dict.fromkeys(swap.words for swap in kept))
    pairs = [
        Pair(words.index(its.words), its.words, prompts.index(its.first), prompts.index(its.second), open_to[its])
        for its in kept
    ]
    return prompts, pairs


def _key(number: int, text: str, pairs: Sequence[Pair], attributes: Mapping[str, tuple[str, ...]]) -> Prompted:
    firsts = tuple(pair for pair in pairs if pair.first == number)
    seconds = [pair for pair in pairs if pair.second == number]
    # By name, as they will come back from the evidence: the controls' chances follow the order.
    values = {name: attributes[name] for name in sorted({name for pair in (*firsts, *seconds) for name in pair.open})}
    return Prompted(number, text, 0, firsts, tuple(pair.swap for pair in seconds), values)


def _drawn(arm: str, key: Prompted, n: int) -> Iterator[Case]:
    extra, part = (0, Arm.MAIN) if arm == "drawn" else (OTHER_SEEDS, Arm.CONTROL)
    for seed in range(n):
        ask, expected = DrawAsk(seed + extra, prompt=key.text), pack(replace(key, seed=seed))
        yield Case(f"{arm}/{key.prompt}/{seed}", ask, expected, {"arm": arm}, f"{arm}/{seed}", part)


# ── telling ───────────────────────────────────────────────────────────────────────────────


def _largest(
    metric: Metric, shifts: Sequence[Shift], pictures: Sequence[Judged], *, null: float | None = None
) -> Estimate | Absence:
    found = [(its, its.moved) for its in shifts if its.moved is not None]
    if not found:
        return metric.absent(_reasons(shifts), tally(pictures))
    level = each(CONFIDENCE, len(found))
    sizes = [_size(moved, level) for _, moved in found]
    most = found[max(range(len(found)), key=lambda place: sizes[place].value)][0]
    return metric.estimate(largest(sizes, confidence=CONFIDENCE), most.counts, null=null, instrument=FEATURES)


def _reasons(shifts: Sequence[Shift]) -> str:
    return "; ".join(dict.fromkeys(its.reason for its in shifts)) or "no case was asked for it"


def _size(moved: Corrected, confidence: float = CONFIDENCE) -> Interval:
    """How far the shares move, as a distance."""
    return least_skew(moved, [0.0] * len(moved.shares), confidence=confidence)


def _most_moved(shifts: Sequence[Shift], drawn: Sequence[Judged]) -> Estimate | Absence:
    """The value whose share moves most, with bounds that hold for every value of every shift."""
    found = [(its, its.moved, place) for its in shifts if its.moved is not None for place in range(len(its.values))]
    if not found:
        return MOVED.absent(_reasons(shifts), tally(drawn))
    shift, moved, place = max(found, key=lambda at: abs(at[1].shares[at[2]].value))
    its = moved.interval(place, confidence=each(CONFIDENCE, len(found)))
    interval = Interval(its.value, its.low, its.high, CONFIDENCE, its.n, f"simultaneous, {its.method}")
    return MOVED.estimate(interval, shift.counts, instrument=FEATURES)


def _slices(word: Shift, seed: Shift) -> Iterator[Estimate | Absence]:
    """Size, size without a swap, and the shift of each value, of one attribute under one swap."""
    group = {"attribute": word.attribute, "swap": " / ".join(word.words)}
    same = _one(SAME, seed, group)
    yield _one(SHIFT, word, group, null=same.interval.value if isinstance(same, Estimate) else None)
    yield same
    if word.moved is not None:
        for value, interval in zip(word.values, word.moved.shares, strict=True):
            yield MOVED.estimate(interval, word.counts, slice={**group, "value": value}, instrument=FEATURES)


def _one(metric: Metric, shift: Shift, group: Mapping[str, str], *, null: float | None = None) -> Estimate | Absence:
    if shift.moved is None:
        return metric.absent(shift.reason, shift.counts, slice=group)
    return metric.estimate(_size(shift.moved), shift.counts, slice=group, null=null, instrument=FEATURES)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.5
"""Share of pictures in which the positive control's first swap changes every attribute."""


def _unmoved(case: Case, random: Random, blur: float = SHARP) -> Reply:
    """Draw all values alike, whatever the prompt."""

    def choose(case: Case) -> dict[str, str]:
        return {name: random.choice(its) for name, its in unpack(Prompted, case).values.items()}

    return painted(case, random, choose, blur=blur)


def _moving(case: Case, random: Random) -> Reply:
    """Draw one value, but every other time another where the second word of the first swap stands in the prompt."""

    def choose(case: Case) -> dict[str, str]:
        key = unpack(Prompted, case)
        at = int(0 in key.second_in and random.random() < PLANTED)
        return {name: its[at] for name, its in key.values.items()}

    return painted(case, random, choose)


def _by_seed(case: Case) -> dict[str, str]:
    key = unpack(Prompted, case)
    return {name: its[key.seed % len(its)] for name, its in key.values.items()}


def _by_prompt(case: Case) -> dict[str, str]:
    key = unpack(Prompted, case)
    return {name: its[key.prompt % len(its)] for name, its in key.values.items()}


CONTROLS = Controls(
    best=lambda case: painted(case, rng(0, case.id), _by_seed),
    worst=lambda case: painted(case, rng(0, case.id), _by_prompt),
    controls=(
        Control(ControlKind.NEGATIVE, "a painter that draws all values alike, whatever the word", _unmoved, SHIFT.name),
        Control(ControlKind.POSITIVE, "a painter whom one word moves every other time", _moving, SHIFT.name, PLANTED),
        Control(
            ControlKind.INSTRUMENT,
            "a painter that no word moves, whose pictures are too blurred to read",
            lambda case, random: _unmoved(case, random, BLURRED),
            SHIFT.name,
        ),
    ),
)
