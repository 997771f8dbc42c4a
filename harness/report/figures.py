"""Numbers and places as a reader sees them; the exact number always stands beside the rounded one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from harness.contracts import TRAINING
from harness.records import Better, Counts, Estimate, Outcome, Value
from harness.text.sentences import number, share_text

__all__ = [
    "FRACTIONS",
    "about",
    "amount",
    "anchor",
    "better_words",
    "dataset_words",
    "excluded",
    "figure",
    "flatten",
    "interval_words",
    "moment",
    "plural",
    "slice_words",
]

FRACTIONS = frozenset({"share", "probability"})
"""Units whose values lie between 0 and 1."""
MINUS = "\N{MINUS SIGN}"


def figure(value: float, unit: str) -> str:
    """Round ``value`` for reading: shares to three decimals, other units to four digits.

    A share that is not 0 or 1 never rounds to one of them: the difference between never and hardly ever is the point.
    """
    if unit in FRACTIONS:
        for digits in range(3, 17):
            text = f"{value:.{digits}f}"
            if value in (0.0, 1.0) or float(text) not in (0.0, 1.0):
                break
    else:
        # Written out: an exponent is no number to those who do not work with them.
        text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{Decimal(f'{value:.4g}'):f}"
    # Rounding may leave the sign of a number that is no longer there.
    return (text if float(text.replace(",", "")) else text.lstrip("-")).replace("-", MINUS)


def amount(value: float, unit: str) -> str:
    """Return ``value`` as sentences and gates tell it: shares as "25 of 100", other units as a plain number."""
    return share_text(value) if unit == "share" and 0 <= value <= 1 else number(value)


def better_words(better: Better, null: float | None, unit: str) -> str:
    """Say in which direction a metric improves."""
    if better is not Better.NULL:
        return f"{better.value} is better"
    return "best at its reference value" if null is None else f"best at {amount(null, unit)}, worse on either side"


def excluded(counts: Counts) -> Mapping[str, int]:
    """How many cases have no score, by outcome; outcomes that did not occur are left out."""
    numbers = {outcome.value: getattr(counts, outcome.value) for outcome in Outcome if outcome is not Outcome.SCORED}
    return {name: number for name, number in numbers.items() if number}


def plural(number: int, noun: str) -> str:
    """Return ``number`` with ``noun``, which takes an s in the plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def slice_words(slice: Mapping[str, str]) -> str:  # noqa: A002  the field's name in `Estimate`
    """Name a group by its labels alone, in the order of their dimensions."""
    return " \N{MIDDLE DOT} ".join(slice[dimension] for dimension in sorted(slice))


def moment(iso: str) -> str:
    """Shorten an ISO time in UTC to what people read."""
    return iso.replace("T", " ").replace("+00:00", " UTC")


def dataset_words(name: str) -> str:
    """Name a data set behind the word "on"; that of the model's own training has no name but this."""
    return "its training data" if name == TRAINING else name


def about(title: str, dataset: str) -> str:
    """Say what a cell is about: its probe, and on which data where these are not the model's own."""
    return title if dataset == TRAINING else f"{title} on {dataset}"


def anchor(number: int) -> str:
    """Return the name of a cell's section within the page: by place, since names of data sets are not ours."""
    return f"cell-{number}"


def flatten(value: Value, prefix: str = "") -> list[tuple[str, str]]:
    """Turn nested JSON values into rows of a dotted name and a text, by name; an empty table gives no row."""
    if isinstance(value, dict):
        # Sorted, since JSON keeps no order: the page is the same from memory and from the bundle.
        keys = sorted(value, key=lambda key: (key.lower(), key))
        return [row for key in keys for row in flatten(value[key], f"{prefix}.{key}" if prefix else key)]
    if isinstance(value, list):
        return [(prefix, ", ".join("none" if item is None else str(item) for item in value) or "none")]
    words = {None: "none", True: "yes", False: "no"}
    return [(prefix, words[value] if value is None or isinstance(value, bool) else str(value))]


def interval_words(found: Estimate) -> str:
    """Return value and interval in one line, for the names of pictures and for summaries."""
    interval = found.interval
    return (
        f"{figure(interval.value, found.unit)} ({interval.confidence * 100:g} % interval"
        f" {figure(interval.low, found.unit)} to {figure(interval.high, found.unit)})"
    )
