"""The one place from which screens, reports and pages take their words.

Written for readers who have never seen a p-value: natural frequencies ("31 of 100"), the interval
beside every value, the denominator in front, what was left out behind.

Rounding, everywhere: the value goes to the nearest step, the bounds go outward, so that a printed
interval holds the true one and the printed value. Numbers are read to 12 significant digits first,
so that 0.29 is 29 of 100 and not 28.999….
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from math import isfinite

from harness.records import Absence, Better, Counts, Estimate, Interval, Metric
from harness.text.safe import printable

__all__ = ["absence_sentence", "denominator", "interval_text", "number", "sentence", "share_text"]

SCALES = (100, 1_000, 10_000, 100_000, 1_000_000)
"""Of how many a share is told: the coarsest that does not turn a small chance into none, or a large one into all."""

DIFFERENCE = "share difference"
"""Unit of a difference of two shares, in [-1, 1]: told on the scale of shares, without "in"."""

# Enough for any float in plain notation, so that no intermediate result is rounded.
DIGITS = 1_000


def sentence(estimate: Estimate, metric: Metric) -> str:
    """Say ``estimate`` in plain words, as one to four sentences.

    "Of 120 questions, the model chose the true answer in about 31 of 100 (95 % interval 23-40). Guessing alone
    would give 20 of 100. 12 of 132 asked were not scored (8 unreadable, 4 failed)."

    Raises:
        ValueError: ``metric`` is not the one that was estimated.
    """
    if estimate.metric != metric.name:
        raise ValueError(f"an estimate of {estimate.metric} cannot be told in the words of {metric.name}")
    opening = f"For {_labels(estimate.slice)}: of" if estimate.slice else "Of"
    value = f"in {_value_text(estimate)}" if _is_rate(estimate) else _value_text(estimate)
    finding = f"{opening} {_units(estimate)}, {_word(metric.phrase)} {value} ({interval_text(estimate)})."
    further = (_null_text(estimate, metric), _left_out(estimate.counts), _measured_by(estimate))
    return " ".join(filter(None, (finding, *further)))


def absence_sentence(absence: Absence, metric: Metric) -> str:
    """Say that, and why, there is no number.

    "No number for accuracy: no reply could be read. None of 132 asked was scored (128 unreadable, 4 failed)."

    Raises:
        ValueError: ``metric`` is not the one that is absent.
    """
    if absence.metric != metric.name:
        raise ValueError(f"the absence of {absence.metric} cannot be told in the words of {metric.name}")
    group = f" ({_labels(absence.slice)})" if absence.slice else ""
    reason = printable(absence.reason, limit=300).strip().rstrip(".")
    asked, scored = absence.counts.asked, absence.counts.scored
    if scored:
        told = denominator(absence.counts)
        rest = f"{told[0].upper()}{told[1:]}."
    else:
        rest = f"None of {asked:,} asked was scored{_why(absence.counts)}." if asked else "Nothing was asked."
    return f"No number for {_word(metric.title)}{group}: {reason}. {rest}"


def denominator(counts: Counts) -> str:
    """How many of the asked cases are behind a number: "120 of 132 asked were scored (8 unreadable, 4 failed)"."""
    if counts.scored == counts.asked:
        return f"all {counts.asked:,} asked were scored" if counts.asked != 1 else "the one asked was scored"
    return f"{counts.scored:,} of {counts.asked:,} asked {_were(counts.scored)} scored{_why(counts)}"


def interval_text(estimate: Estimate) -> str:
    """The interval in the steps of the sentence: "95 % interval 23-40", "95 % interval -0.31 to 0.42".

    The bounds of a share are on the scale on which `sentence` tells its value: of 100, or of more where the
    share is very small or very large. For differences and other units they are joined by "to".
    """
    interval = estimate.interval
    confidence = f"{(_exact(interval.confidence) * 100).normalize():f}"  # not `number`: 99.99 must not become 100
    if _is_share(estimate):
        scale = _scale(estimate)
        low, high = (
            f"{_steps(interval.low, scale, ROUND_FLOOR):,}",
            f"{_steps(interval.high, scale, ROUND_CEILING):,}",
        )
        return f"{confidence} % interval {low}{'-' if _is_rate(estimate) else ' to '}{high}"
    step = _step(interval)
    low, high = _fixed(interval.low, step, ROUND_FLOOR), _fixed(interval.high, step, ROUND_CEILING)
    return f"{confidence} % interval {low} to {high}"


def share_text(share: float) -> str:
    """A share in [0, 1] as a natural frequency: "31 of 100", "8 of 1,000", "fewer than 1 of 1,000,000".

    Raises:
        ValueError: it is not a share.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    return _frequency(share, _coarsest(above_none=[share], below_all=[share]))


def number(value: float) -> str:
    """A number in plain notation, to three significant digits or the whole part: "1,234", "0.0123", "-2.5".

    Raises:
        ValueError: it is not finite; absence has its own sentence.
    """
    exact = _exact(value)
    if exact == exact.to_integral_value():
        return f"{exact:,.0f}" if exact else "0"
    text = _fixed(value, Decimal(1).scaleb(min(0, exact.adjusted() - 2)), ROUND_HALF_EVEN)
    return text.rstrip("0").rstrip(".") if "." in text else text


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def _exact(value: float) -> Decimal:
    """``value`` to 12 significant digits, which drops the noise of binary fractions."""
    if not isfinite(value):
        raise ValueError(f"only finite numbers are told, not {value}")
    return Decimal(f"{value:.12g}")


def _rounded(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    """The multiple of ``step``, a power of ten, next to ``value``; never "-0"."""
    exact = Context(prec=DIGITS)
    multiple = exact.multiply(value.scaleb(-step.adjusted(), exact).to_integral_value(rounding, exact), step)
    return multiple or abs(multiple)


def _steps(share: float, scale: int, rounding: str) -> int:
    return int(_rounded(_exact(share) * scale, Decimal(1), rounding))


def _fixed(value: float, step: Decimal, rounding: str) -> str:
    return f"{_rounded(_exact(value), step, rounding):,.{max(0, -step.adjusted())}f}"


def _step(interval: Interval) -> Decimal:
    """The place of the last printed digit: two digits of the interval's width, six of the number at most."""
    low, high = _exact(interval.low), _exact(interval.high)
    largest = max(low, high, key=abs)
    if not largest:
        return Decimal(1)
    by_width = (high - low).adjusted() - 1 if high > low else int(largest.normalize().as_tuple().exponent)
    return Decimal(1).scaleb(max(by_width, largest.adjusted() - 5))


# ── shares ────────────────────────────────────────────────────────────────────────────────


def _is_share(estimate: Estimate) -> bool:
    return estimate.unit in {"share", DIFFERENCE}


def _is_rate(estimate: Estimate) -> bool:
    """A share of something, not a difference of two shares."""
    return estimate.unit == "share" and estimate.interval.low >= 0 and estimate.interval.high <= 1


def _scale(estimate: Estimate) -> int:
    interval = estimate.interval
    if not _is_rate(estimate):
        # A difference may well be nothing; only its far bound must not vanish.
        return _coarsest(above_none=[max(abs(interval.low), abs(interval.high))], below_all=[])
    told = [interval.value]
    if estimate.null is not None and 0 <= estimate.null <= 1:
        told.append(estimate.null)
    # Where nothing, or everything, was seen, the other bound is the message.
    return _coarsest(
        above_none=[*told, interval.high] if interval.value == 0 else told,
        below_all=[*told, interval.low] if interval.value == 1 else told,
    )


def _coarsest(*, above_none: list[float], below_all: list[float]) -> int:
    """The coarsest of `SCALES` on which no share above 0 is under one step, and none below 1 within one step of all."""
    some = [_exact(share) for share in above_none if _exact(share) != 0]
    most = [_exact(share) for share in below_all if _exact(share) != 1]
    for scale in SCALES:
        if all(share * scale >= 1 for share in some) and all((1 - share) * scale >= 1 for share in most):
            return scale
    return SCALES[-1]


def _frequency(share: float, scale: int) -> str:
    exact = _exact(share)
    if 0 < exact < 1 and exact * scale < 1:
        return f"fewer than 1 of {scale:,}"
    if 0 < exact < 1 and (1 - exact) * scale < 1:
        return f"more than {scale - 1:,} of {scale:,}"
    return f"{_steps(share, scale, ROUND_HALF_EVEN):,} of {scale:,}"


def _about(share: float, scale: int) -> str:
    """The frequency, marked as rounded where it is; "fewer than" and "more than" say so themselves."""
    text = _frequency(share, scale)
    exact = _exact(share) * scale
    return text if text[0] in "fm" or exact == exact.to_integral_value() else f"about {text}"


# ── words ─────────────────────────────────────────────────────────────────────────────────


def _word(text: str) -> str:
    """Words of a card, which a stranger may have written."""
    return printable(text, limit=400).strip()


def _value_text(estimate: Estimate) -> str:
    if _is_share(estimate):
        return _about(estimate.interval.value, _scale(estimate))
    text = _fixed(estimate.interval.value, _step(estimate.interval), ROUND_HALF_EVEN)
    return f"{text} {_word(estimate.unit)}"


def _null_text(estimate: Estimate, metric: Metric) -> str:
    """The value of a harmless or guessing model, or of whom the metric names, and whether the interval rules it out."""
    null, interval = estimate.null, estimate.interval
    if null is None:
        return ""
    told = _about(null, _scale(estimate)) if _is_share(estimate) else f"{number(null)} {_word(estimate.unit)}"
    open_question = ", which this interval does not rule out" if interval.low <= null <= interval.high else ""
    if metric.null_of:
        return f"{metric.null_of[:1].upper()}{metric.null_of[1:]} would give {told}{open_question}."
    match estimate.better:
        case Better.HIGHER:
            return f"Guessing alone would give {told}{open_question}."
        case Better.LOWER:
            return f"A harmless model would give {told}{open_question}."
        case Better.NULL:
            return f"A model that leans neither way would give {told}{open_question}."


def _left_out(counts: Counts) -> str:
    out = counts.asked - counts.scored
    return f"{out:,} of {counts.asked:,} asked {_were(out)} not scored{_why(counts)}." if out else ""


def _why(counts: Counts) -> str:
    parts = {
        "refused": counts.refused,
        "unreadable": counts.unreadable,
        "cut off": counts.truncated,
        "failed": counts.failed,
    }
    told = ", ".join(f"{count:,} {word}" for word, count in parts.items() if count)
    return f" ({told})" if told else ""


def _measured_by(estimate: Estimate) -> str:
    return f"Measured by {_word(estimate.instrument)}." if estimate.instrument else ""


def _units(estimate: Estimate) -> str:
    """The independent units, and the answers they gave where these are more or fewer."""
    n, scored = estimate.interval.n, estimate.counts.scored
    unit = _word(estimate.n_unit)
    answers = "" if scored == n else f" ({scored:,} {'answer' if scored == 1 else 'answers'})"
    return f"{n:,} {_singular(unit) if n == 1 else unit}{answers}"


def _singular(plural: str) -> str:
    """One of a regular English plural; the noun stands before "of" or last."""
    head, joint, rest = plural.partition(" of ")
    if head.endswith("ies") and not head.endswith("series"):
        head = f"{head[:-3]}y"
    elif head.endswith(("sses", "ches", "shes", "xes")):
        head = head[:-2]
    elif head.endswith("s") and not head.endswith(("ss", "series")):
        head = head[:-1]
    return f"{head}{joint}{rest}"


def _labels(labels: Mapping[str, str]) -> str:
    return " and ".join(f"{printable(name, limit=60)} {printable(value, limit=60)}" for name, value in labels.items())


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
