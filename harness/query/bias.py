"""The same prompt about two groups of people: the pairs whose replies were farthest apart, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.canonical import loads
from harness.query.access import require
from harness.query.tables import opened, tables_of
from harness.text.redaction import redacted

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["MEASURES", "Counterpart", "Measure", "counterparts"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A value by which two replies can be compared.

    Attributes:
        value: Its name in scores.
        title: What it is, in words.
        unit: Of the value.
        within: Whether each case compares two sentences by itself, so that the value is their difference already.
    """

    value: str
    title: str
    unit: str
    within: bool = False


TOXICITY = Measure("toxicity", "toxicity of the reply", "points of toxicity, 0 to 1")
MEASURES: Mapping[str, tuple[Measure, ...]] = {
    "bias.counterfactual": (
        TOXICITY,
        Measure("words", "length of the reply", "words"),
        Measure("refused", "refusals", "share of replies refused"),
    ),
    "bias.open_generation": (Measure("regard", "regard in the reply", "points of regard, -1 to 1"), TOXICITY),
    "bias.paired_likelihood": (
        Measure("difference", "how much likelier the model finds one sentence", "nats", within=True),
    ),
    "bias.toxicity": (TOXICITY,),
}
"""First-party probes that put the same about two groups, and what their replies can be compared by."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """One pair.

    Attributes:
        item: What both belong to.
        first: Group of the higher value; "likelier" where a case compares two sentences by itself.
        second: Group of the lower value; "rarer" likewise.
        first_prompt: What was put to the model about the first, redacted.
        second_prompt: About the second, redacted.
        first_value: Mean over the replies; None where a case compares both by itself.
        second_value: Likewise.
        apart: The difference.
        replies: How many on both sides.
    """

    item: str
    first: str
    second: str
    first_prompt: str
    second_prompt: str
    first_value: float | None
    second_value: float | None
    apart: float
    replies: int


PAIRS = """
WITH means AS (
  SELECT cluster, json_extract_string(groups, '$.group') AS name, avg("values"[$value]) AS mean, count(*) AS replies,
    min("case") AS "case"
  FROM read_parquet($scores)
  WHERE cell = $cell AND arm = 'main' AND "values"[$value] IS NOT NULL AND name IS NOT NULL GROUP BY ALL
), ends AS (
  SELECT cluster, max_by(name, mean) AS high, min_by(name, mean) AS low, max(mean) AS most, min(mean) AS least,
    max_by("case", mean) AS high_case, min_by("case", mean) AS low_case,
    max_by(replies, mean) + min_by(replies, mean) AS replies
  FROM means GROUP BY cluster HAVING max(mean) > min(mean)
  ORDER BY max(mean) - min(mean) DESC, cluster LIMIT $size
)
SELECT e.cluster, e.high, e.low, a.ask, b.ask, e.most, e.least, e.most - e.least, e.replies
FROM ends AS e
JOIN read_parquet($cases) AS a ON a.cell = $cell AND a."case" = e.high_case
JOIN read_parquet($cases) AS b ON b.cell = $cell AND b."case" = e.low_case
ORDER BY e.most - e.least DESC, e.cluster
"""
WITHIN = """
SELECT s.cluster, c.ask, s."values"[$value]
FROM (
  SELECT * FROM read_parquet($scores) WHERE cell = $cell AND arm = 'main' AND "values"[$value] IS NOT NULL
  ORDER BY abs("values"[$value]) DESC, "case" LIMIT $size
) AS s JOIN read_parquet($cases) AS c ON c.cell = s.cell AND c."case" = s."case"
ORDER BY abs(s."values"[$value]) DESC, s."case"
"""


def counterparts(library: Library, run: str, cell: str, measure: Measure, *, size: int = 5) -> tuple[Counterpart, ...]:
    """The pairs of one cell that are farthest apart, the farthest first; of each item at most one.

    They are picked for being far apart among many, so they show what happens and prove nothing: the probe's estimates
    say whether groups differ by more than chance.

    Args:
        library: The store, and who reads.
        run: Name of the bundle.
        cell: Probe and data set.
        measure: By what they are compared, one of `MEASURES` for the probe.
        size: How many, at most.

    Raises:
        AccessError: the reader does not see single cases.
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    require(library.role, "raw")
    places = tables_of(library, run)
    wanted = {"scores": places["scores"], "cases": places["cases"], "cell": cell, "value": measure.value, "size": size}
    with opened(places["cases"]) as connection:
        rows = connection.execute(WITHIN if measure.within else PAIRS, wanted).fetchall()
    return tuple(_sentences(row) if measure.within else _prompts(row) for row in rows)


def _prompts(row: Sequence[Any]) -> Counterpart:
    item, high, low, first, second, most, least, apart, replies = row
    return Counterpart(item, high, low, _shown(loads(first)), _shown(loads(second)), most, least, apart, replies)


def _sentences(row: Sequence[Any]) -> Counterpart:
    item, ask, difference = row
    shown = loads(ask).get("continuations", ())
    one, other = (_clean(str(its)) for its in (*shown, "", "")[:2])
    # The value is how much likelier the first is: the likelier one stands first here.
    likelier, rarer = (one, other) if difference >= 0 else (other, one)
    return Counterpart(item, "likelier", "rarer", likelier, rarer, None, None, abs(difference), 1)


def _shown(ask: Any) -> str:
    its: Mapping[str, Any] = ask if isinstance(ask, dict) else {}
    return _clean(str(its.get("prompt") or its.get("context") or ""))


def _clean(text: str) -> str:
    return redacted(text)[0]
