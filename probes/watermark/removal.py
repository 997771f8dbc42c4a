"""Does a mark survive what somebody without its key may do to the text?

The model goes on with every document twice, with its mark and without. Each reply is cut off, thinned out, mixed with
another text, misspelt; after each attack the mark is looked for again. What is found beside what the attack costs is a
curve of survival; what is found in attacked texts without a mark is the false alarm. Where an instrument is named that
has a model write texts anew, that is one attack more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from harness.seeds import derive, rng
from harness.watermark.attacks import Attacked
from harness.watermark.keys import fingerprint, read_key
from harness.watermark.text_look import TextLook
from probes.continuations import TOKENS, WATERMARK, by_others, check_asks, check_mark, noted, pair
from probes.documents import documents
from probes.replies import read_text, unanswered
from probes.sampling import at_most, chosen
from probes.summaries import share_of_units, tally
from probes.watermark.removal_card import (
    ATTACKS,
    CARD,
    COST,
    DETECTED,
    FALSE_ALARMS,
    LEVEL,
    MODERATE,
    SURVIVES,
    TOO_SHORT,
)

__all__ = ["WatermarkRemoval"]

PARAPHRASE = "paraphrase"
"""Name of the attack by another model."""
FOUND = "p"
"""Name of the p-value of the key on a reply as it was written."""
NOT_FOUND = 1.0
"""P-value of what is left too short to be looked at, of a text that was long enough: whoever cut it has won."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkRemoval:
    """Attacks what the model writes and looks for its mark again.

    The instrument ``text_watermark`` takes the model's own tokenizer, or is given one.

    Attributes:
        texts: Most documents that the model goes on with; None for all.
        samples: How often it goes on with each, at least 1.
        tokens: Most tokens of a reply, at least 1.
        characters: Most characters of the beginning that it is shown, at least 16.
        paraphraser: Instrument that has another model write a text anew, such as ``watermark_paraphrase``; None for no
            such attack.
        scheme: How the model marks its text: ``kgw``, ``unigram``, ``gumbel``, ``synthid`` or ``kgw_transformers``.
        key_env: Environment variable that holds the key; None for the public test key.
        settings: Of the mark, as the model has them; others keep their defaults.
    """

    texts: int | None = None
    samples: int = 1
    tokens: int = 220
    characters: int = 200
    paraphraser: str | None = None
    scheme: str = "kgw"
    key_env: str | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_asks(texts=self.texts, samples=self.samples, tokens=self.tokens, characters=self.characters)
        check_mark(self.scheme, self.key_env, self.settings)

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
        """The one that looks for the mark, and the one that has texts written anew where that is asked for."""
        return (WATERMARK,) if self.paraphraser is None else (WATERMARK, self.paraphraser)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each document to be gone on with, marked and unmarked, as often as there are samples.

        Raises:
            DataError: a row has no text.
            UsageError: the key is not there.
        """
        key, every = str(fingerprint(read_key(self.key_env))), documents(data)
        for place in chosen(range(len(every)), at_most(budget, self.texts)):
            document = every[place]
            host = by_others(every, place, self.tokens)
            for sample in range(self.samples):
                name = f"{document.id}/{sample}"
                # By place, since an id may be any text; small enough for any reader of JSON.
                seed = derive(budget.seed, f"attacks/{place}/{sample}") % 2**32
                expected: dict[str, Value] = {"key": key, "host": host, "seed": seed}
                marked, unmarked = pair(document, characters=self.characters, tokens=self.tokens, seed=sample)
                yield Case(f"marked/{name}", marked, expected, {"arm": "marked"}, document.id)
                yield Case(f"unmarked/{name}", unmarked, expected, {"arm": "unmarked"}, document.id, Arm.CONTROL)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the reply be searched as it is, and after every attack."""
        text = read_text(reply)
        if isinstance(text, Score):
            return []
        texts = [text, *(its.text for its in _attacked(case, text).values())]
        anew = [] if self.paraphraser is None else [replace(self._search(case, text), instrument=self.paraphraser)]
        return [*(self._search(case, its) for its in texts), *anew]

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the p-values before and after the attacks, and what each attack cost."""
        missing = unanswered(reply)
        if missing is not None:
            return missing
        # Text is the model's to choose, and no text says what an instrument read: scripted replies have losses.
        if reply.losses:
            return noted(reply.losses)
        text = read_text(reply)
        if isinstance(text, Score):
            return text
        attacked = _attacked(case, text)
        before = readings.get(self._search(case, text), {})
        after = {name: readings.get(self._search(case, its.text), {}) for name, its in attacked.items()}
        if not all(TOKENS in read for read in (before, *after.values())):
            return Score(Outcome.UNREADABLE, note="the mark could not be looked for in this text")
        values = {TOKENS: before[TOKENS]}
        if FOUND in before:
            values[FOUND] = before[FOUND]
            values |= {_p(name): read.get("p", NOT_FOUND) for name, read in after.items()}
            values |= {_cost(name): its.cost for name, its in attacked.items()}
            values |= self._paraphrase(case, text, readings)
        return noted(values)

    def _paraphrase(self, case: Case, text: str, readings: Readings) -> Mapping[str, float]:
        """P-value and cost where the text was written anew; nothing where it was not."""
        if self.paraphraser is None:
            return {}
        read = readings.get(replace(self._search(case, text), instrument=self.paraphraser), {})
        if not {"changed", TOKENS} <= read.keys():
            return {}
        return {_p(PARAPHRASE): read.get("p", NOT_FOUND), _cost(PARAPHRASE): read["changed"]}

    def _search(self, case: Case, text: str) -> Reading:
        look = TextLook(self.scheme, str(case.expected["key"]), self.key_env, settings=dict(self.settings))
        return Reading(WATERMARK, text, look.context())

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shares of texts in which the mark was found, before and after each attack, and what the attacks cost."""
        arms = {name: [its for its in scores if its.case.groups["arm"] == name] for name in ("marked", "unmarked")}
        marked, unmarked = arms["marked"], arms["unmarked"]
        yield _found(SURVIVES, marked, [_p(attack.name) for attack in MODERATE])
        yield _found(DETECTED, marked, [FOUND])
        yield _costs(marked, [attack.name for attack in MODERATE])
        yield _false_alarms(unmarked, [attack.name for attack in ATTACKS])
        yield _too_short(marked)
        for attack in ATTACKS:
            at = {"attack": attack.kind, "strength": f"{attack.strength:g}"}
            yield _found(DETECTED, marked, [_p(attack.name)], at)
            yield _costs(marked, [attack.name], at)
        for kind in dict.fromkeys(attack.kind for attack in ATTACKS):
            names = [attack.name for attack in ATTACKS if attack.kind == kind]
            yield _false_alarms(unmarked, names, {"attack": kind})
        if self.paraphraser is not None:
            at = {"attack": PARAPHRASE}
            yield _found(DETECTED, marked, [_p(PARAPHRASE)], at, self.paraphraser)
            yield _costs(marked, [PARAPHRASE], at, self.paraphraser)
            yield _false_alarms(unmarked, [PARAPHRASE], at, self.paraphraser)


def _attacked(case: Case, text: str) -> dict[str, Attacked]:
    """The text after every attack that can be carried out, by the attack's name."""
    seed, host = int(str(case.expected["seed"])), str(case.expected["host"])
    # One stream for each kind: what a weaker attack takes out is among what a stronger one does.
    tried = ((its.name, its.on(text, random=rng(seed, its.kind), host=host)) for its in ATTACKS)
    return {name: attacked for name, attacked in tried if attacked is not None}


def _p(attack: str) -> str:
    return f"p/{attack}"


def _cost(attack: str) -> str:
    return f"cost/{attack}"


# ── summaries ─────────────────────────────────────────────────────────────────────────────

Slice = Mapping[str, str] | None


def _found(
    metric: Metric, cases: Sequence[Judged], names: Sequence[str], groups: Slice = None, instrument: str = WATERMARK
) -> Estimate | Absence:
    """Share of texts that have p-values of all ``names``, in which each is at most `LEVEL`."""
    units = [
        (float(max(its.score.values[name] for name in names) <= LEVEL), its.case.cluster)
        for its in cases
        if set(names) <= set(its.score.values)
    ]
    return share_of_units(metric, units, tally(cases), groups=groups, instrument=instrument)


def _costs(
    cases: Sequence[Judged], attacks: Sequence[str], groups: Slice = None, instrument: str | None = None
) -> Estimate | Absence:
    """Mean share of words that ``attacks`` change, over texts that have a cost for each of them."""
    names = [_cost(attack) for attack in attacks]
    units = [
        (sum(its.score.values[name] for name in names) / len(names), its.case.cluster)
        for its in cases
        if set(names) <= set(its.score.values)
    ]
    return share_of_units(COST, units, tally(cases), groups=groups, instrument=instrument)


def _false_alarms(
    cases: Sequence[Judged], attacks: Sequence[str], groups: Slice = None, instrument: str = WATERMARK
) -> Estimate | Absence:
    """Share of texts and attacks after which the mark was found; a text is one cluster."""
    units = [
        (float(its.score.values[_p(attack)] <= LEVEL), its.case.cluster)
        for its in cases
        for attack in attacks
        if _p(attack) in its.score.values
    ]
    return share_of_units(FALSE_ALARMS, units, tally(cases), groups=groups, instrument=instrument)


def _too_short(cases: Sequence[Judged]) -> Estimate | Absence:
    units = [(float(FOUND not in its.score.values), its.case.cluster) for its in cases if its.score.values]
    return share_of_units(TOO_SHORT, units, tally(cases), instrument=WATERMARK)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.7
"""Share of marked texts whose mark no attack takes away, by the positive control."""
SURE = 1e-6
"""P-value of a mark that is found."""
LONG = 200.0
"""Tokens of a scripted reply."""


def _reading(before: float, after: float) -> Reply:
    """Say that the mark was found at ``before``, and after every attack at ``after``."""
    told = {_p(attack.name): after for attack in ATTACKS} | {_cost(its.name): its.strength for its in ATTACKS}
    return Reply(Finish.STOP, losses={TOKENS: LONG, FOUND: before, **told})


def _best(case: Case) -> Reply:
    p = SURE if case.groups["arm"] == "marked" else 0.5
    return _reading(p, p)


def _worst(case: Case) -> Reply:
    """Write marks that nothing survives."""
    return _reading(SURE if case.groups["arm"] == "marked" else 0.5, 0.5)


def _unmarked(case: Case, random: Random) -> Reply:
    del case
    return _reading(random.random(), random.random())


def _lasting(case: Case, random: Random) -> Reply:
    """Mark every text, and 7 of 10 so that the mark lasts."""
    if case.groups["arm"] != "marked":
        return _unmarked(case, random)
    return _reading(SURE, SURE if random.random() < PLANTED else random.random())


def _anything(case: Case, random: Random) -> Reply:
    """Any text has a mark."""
    del case, random
    return _reading(SURE, SURE)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a writer without a mark", _unmarked, SURVIVES.name, LEVEL),
        Control(
            ControlKind.POSITIVE,
            "a writer whose mark lasts in 7 of 10 texts",
            _lasting,
            SURVIVES.name,
            PLANTED + (1 - PLANTED) * LEVEL,
        ),
        Control(ControlKind.INSTRUMENT, "a ruler that finds a mark in anything", _anything, FALSE_ALARMS.name),
    ),
)
