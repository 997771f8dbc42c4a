"""A watermark in what a language model writes: put into the logits before each token is chosen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.canonical import digest, to_json
from harness.errors import ModelError, UsageError, nearest
from harness.records import GenerateAsk, Value
from harness.seeds import derive
from harness.watermark import gumbel
from harness.watermark.keys import check_variable, fingerprint, read_key
from harness.watermark.schemes import BY_CHANCE, TextScheme, layers_of, text_scheme

if TYPE_CHECKING:
    import torch

__all__ = ["MARKS", "Mark", "Marking", "check_settings", "open_mark"]

MARKS = ("kgw", "unigram", "gumbel", "synthid")
"""Schemes that a model can be told to mark its text with."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A watermark and the key it is put in with.

    Attributes:
        scheme: One of `MARKS`, with its settings.
        key: The key itself.
    """

    scheme: TextScheme
    key: str = field(repr=False)

    def details(self) -> dict[str, Value]:
        """What an identity says of it: all but the key, which its digest names."""
        settings = to_json(self.scheme.settings)
        return {"scheme": self.scheme.name, "settings": settings, "key": str(fingerprint(self.key))}

    def wanted(self, ask: GenerateAsk) -> bool:
        """Whether the reply to ``ask`` is to carry it; see `BY_CHANCE` for greedy ones."""
        return ask.marked and (ask.temperature > 0 or self.scheme.name not in BY_CHANCE)

    def refusal(self, ask: GenerateAsk) -> str | None:
        """Why ``ask`` cannot be answered with this mark; None where it can."""
        if self.scheme.name == "gumbel" and ask.top_p < 1 and self.wanted(ask):
            return (
                f"a gumbel mark chooses among all tokens, and this ask cuts them at top_p = {ask.top_p:g};"
                " ask with top_p = 1 or without the mark, or use another scheme"
            )
        return None

    def fit(self, vocabulary: int) -> None:
        """Refuse a list of another vocabulary than the model's.

        Raises:
            ModelError: it is one.
        """
        known = getattr(self.scheme.settings, "vocabulary", vocabulary)
        if known != vocabulary:
            raise ModelError(
                f"The watermark's list is of {known} tokens and the model knows {vocabulary}. Set"
                f" watermark_settings = {{ vocabulary = {vocabulary} }}."
            )

    def marking(
        self, asks: Sequence[GenerateAsk], prompts: Sequence[int], *, vocabulary: int, device: torch.device
    ) -> Marking:
        """The mark for one call of ``generate``: what remembers anything remembers this call alone.

        Args:
            asks: One for each row.
            prompts: Tokens of each row's prompt, which stand at the right end of the rows.
            vocabulary: Width of the logits.
            device: Where the logits are.
        """
        width, parts = max(prompts, default=0), []
        for start, rows in self._groups(asks, prompts, width):
            its = [asks[row] for row in rows]
            processor = self._processor(its, width - start, vocabulary=vocabulary, device=device)
            parts.append(_Part(rows, start, [ask.temperature or 1.0 for ask in its], processor))
        return Marking(parts)

    def _groups(self, asks: Sequence[GenerateAsk], prompts: Sequence[int], width: int) -> list[tuple[int, list[int]]]:
        """Rows that are marked together, behind the place where what they see begins.

        A prompt shorter than the context of the mark would have padding in it, and padding is others' doing: there it
        is cut off.
        """
        context = getattr(self.scheme.settings, "context_width", 0)
        groups: dict[int, list[int]] = defaultdict(list)
        for row, (ask, prompt) in enumerate(zip(asks, prompts, strict=True)):
            if self.wanted(ask):
                groups[0 if prompt >= context else width - prompt].append(row)
        return sorted(groups.items())

    def _processor(self, asks: Sequence[GenerateAsk], prompt: int, *, vocabulary: int, device: torch.device) -> Any:
        from harness.watermark.marking import GumbelMark, KgwMark, UnigramMark, synthid_processor

        settings = self.scheme.settings
        if self.scheme.name == "kgw":
            return KgwMark(key=self.key, lists=settings)
        if self.scheme.name == "unigram":
            return UnigramMark(key=self.key, of=settings)
        if self.scheme.name == "synthid":
            return synthid_processor(layers_of(self.key), settings, vocabulary=vocabulary, device=device)
        # Logits come divided by the temperature already.
        choices = gumbel.Choices(context_width=settings.context_width)
        seeds = [derive(ask.seed, f"gumbel/{digest(ask).hex}") for ask in asks]
        return GumbelMark(key=self.key, prompt=prompt, seeds=seeds, choices=choices)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that one processor marks, given their ids from ``start`` on and their logits over their temperature."""

    rows: list[int]
    start: int
    temperatures: list[float]
    processor: Any


@dataclass(frozen=True, slots=True)
class Marking:
    """Marks the rows of one call of ``generate`` whose asks want it."""

    parts: Sequence[_Part]

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return logits with the mark, [rows, vocabulary]; those of unmarked rows as they are.

        The mark is put into the distribution that is drawn from, at the ask's own temperature, so that a detector's
        settings mean the same at each. A nucleus is cut from what comes of it.

        Args:
            ids: Padding, prompts and what is written so far, [rows, tokens].
            scores: Logits of the next token.
        """
        import torch

        marked = scores.clone() if self.parts else scores
        for part in self.parts:
            temperatures = torch.tensor(part.temperatures, dtype=scores.dtype, device=scores.device)[:, None]
            found = part.processor(ids[part.rows, part.start :], scores[part.rows] / temperatures)
            marked[part.rows] = found * temperatures
        return marked


def check_settings(scheme: str | None, key_env: str | None, settings: Mapping[str, Value] | None) -> None:
    """Refuse settings that make no sense together; reads no key.

    Raises:
        ValueError: says which and why.
    """
    check_variable(key_env, "watermark_key_env")
    if scheme is None:
        if key_env is not None or settings is not None:
            raise ValueError(f"watermark_key_env and watermark_settings need a watermark: {' or '.join(MARKS)}")
        return
    if scheme not in MARKS:
        raise ValueError(f"watermark is {' or '.join(MARKS)}, not {scheme!r}.{nearest(str(scheme), MARKS)}")
    if settings is not None and not isinstance(settings, Mapping):
        raise ValueError(f"watermark_settings is a table, such as {{ gamma = 0.5 }}, not {settings!r}")
    if scheme == "gumbel" and "temperature" in (settings or {}):
        raise ValueError("a gumbel mark takes each ask's own temperature: leave it out of watermark_settings")
    try:
        # How many tokens the model has is told by its files, which are not read yet.
        text_scheme(scheme, settings or {}, vocabulary=2**16)
    except UsageError as error:
        raise ValueError(str(error)) from error


def open_mark(
    scheme: str | None, key_env: str | None, settings: Mapping[str, Value] | None, *, vocabulary: int | None
) -> Mark | None:
    """The mark that a model puts into its text; None where no scheme is named.

    Args:
        scheme: One of `MARKS`.
        key_env: Environment variable that holds the key; None for the public test key.
        settings: Of the scheme; others keep their defaults.
        vocabulary: Tokens that the model knows, where its files tell.

    Raises:
        UsageError: the key is not there or is none of this scheme, or the vocabulary is needed and not known.
    """
    if scheme is None:
        return None
    mark = Mark(text_scheme(scheme, settings or {}, vocabulary=vocabulary), read_key(key_env))
    if scheme == "synthid":
        _check_layers(mark)
    return mark


def _check_layers(mark: Mark) -> None:
    from harness.watermark.synthid import check_keys

    try:
        check_keys(layers_of(mark.key), mark.scheme.settings)
    except ValueError as error:
        raise UsageError(f"This key cannot be used for synthid: {error}.") from error
