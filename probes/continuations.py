"""Documents gone on with by a model that marks its text, once with its mark and once without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from math import inf, isfinite

from harness.errors import UsageError
from harness.records import GenerateAsk, Judged, Outcome, Score, Value
from harness.watermark.keys import check_variable
from harness.watermark.schemes import text_scheme
from probes.documents import Document, beginning

__all__ = [
    "TOKENS",
    "WATERMARK",
    "by_others",
    "check_asks",
    "check_mark",
    "noted",
    "pair",
    "rest_of",
    "surprise_in",
    "thirds",
]

WATERMARK = "text_watermark"
"""Name of the instrument that looks for marks."""
TOKENS = "tokens"
"""Name of the value that says how long a reply is."""


def check_asks(*, texts: int | None, samples: int, tokens: int, characters: int) -> None:
    """Refuse numbers of asks that cannot be.

    Args:
        texts: Most documents; None for all.
        samples: How often each is gone on with.
        tokens: Most tokens of a reply.
        characters: Most characters of a document that are shown.

    Raises:
        ValueError: one is too small.
    """
    if min(samples, tokens) < 1 or characters < 16 or (texts is not None and texts < 1):
        raise ValueError("texts, samples and tokens are at least 1, and characters at least 16")


def check_mark(scheme: str, key_env: str | None, settings: Mapping[str, Value]) -> None:
    """Refuse what describes no mark.

    Args:
        scheme: One of `harness.watermark.schemes.TEXT_SCHEMES`.
        key_env: Name of the environment variable that holds the key; None for the public test key.
        settings: Of the mark; others keep their defaults.

    Raises:
        ValueError: there is no such scheme or setting, a value is out of range, or ``key_env`` is no name.
    """
    check_variable(key_env, "key_env")
    if not isinstance(settings, Mapping):
        raise ValueError(f"settings is a table, such as {{ gamma = 0.5 }}, not {settings!r}")  # noqa: TRY004
    try:
        # How many tokens there are is told by the tokenizer, which the instrument has.
        text_scheme(scheme, settings, vocabulary=2**16)
    except UsageError as error:
        raise ValueError(str(error)) from error


def pair(
    document: Document, *, characters: int, tokens: int, seed: int, temperature: float = 1.0
) -> tuple[GenerateAsk, GenerateAsk]:
    """Ask that ``document`` be gone on with: with the model's mark, and without.

    Args:
        document: Its beginning is shown.
        characters: Most of it that is shown, up to the end of a word.
        tokens: Most tokens of a reply.
        seed: Names the sample.
        temperature: Of the sampling.
    """
    prompt = f"Continue this text:\n\n{beginning(document.text, characters)}"
    marked = GenerateAsk(prompt, max_tokens=tokens, temperature=temperature, seed=seed)
    return marked, replace(marked, marked=False)


def rest_of(document: Document, characters: int) -> str:
    """What the document goes on with behind the beginning that `pair` shows; empty where that is all of it."""
    return document.text[len(beginning(document.text, characters)) :].strip()


def noted(values: Mapping[str, float]) -> Score:
    """The score of a reply with these ``values``; unreadable where they do not say how long it is."""
    if TOKENS not in values or not all(isfinite(value) for value in values.values()):
        return Score(Outcome.UNREADABLE, note="the reply does not say how long it is")
    return Score(Outcome.SCORED, dict(values))


def by_others(documents: Sequence[Document], place: int, words: int) -> str:
    """The first ``words`` words of the documents that follow the one at ``place``, the first after the last.

    Shorter where all others together are; never from the document itself.
    """
    others = [*documents[place + 1 :], *documents[:place]]
    return " ".join(islice((word for its in others for word in its.text.split()), words))


def surprise_in(read: Mapping[str, float]) -> float | None:
    """Nats per token in what the instrument ``likelihood`` ``read`` of a text; None where it read nothing."""
    tokens = read.get("tokens", 0.0)
    return -read["nats"] / tokens if tokens > 0 and "nats" in read else None


def thirds(cases: Sequence[Judged], key: str) -> Mapping[str, list[Judged]]:
    """Sort cases into thirds by their value of ``key``, named by their bounds; none where fewer than 3 have one.

    Equal values stay together, so that thirds can differ in size.
    """
    found = sorted(its.score.values[key] for its in cases if key in its.score.values)
    if len(found) < 3:
        return {}
    bounds = [found[0], found[len(found) // 3], found[2 * len(found) // 3], found[-1]]
    parts: dict[str, list[Judged]] = {}
    for name, (low, high) in zip(("lowest", "middle", "highest"), pairwise(bounds), strict=True):
        top = inf if name == "highest" else high
        its = [one for one in cases if key in one.score.values and low <= one.score.values[key] < top]
        if its:
            parts[f"{name} third, {low:.2f}-{high:.2f} nats per token"] = its
    return parts
