"""Prompts → text: batches of transformers' ``generate``, each ask decoded by its own settings and random stream.

Sampling draws one number per token from a stream named by the ask and inverts the distribution's cumulative sum with
it. So an ask gives the same text whatever shares its batch, up to the rounding of the logits. A watermark is put into
the logits before, where the model has one and the ask wants it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

from harness.backends.causal.loading import Loaded
from harness.backends.causal.marks import Mark, Marking
from harness.backends.causal.sampling import draw
from harness.backends.causal.tokens import failed
from harness.canonical import digest
from harness.records import Finish, GenerateAsk, Reply, Usage
from harness.seeds import rng

if TYPE_CHECKING:
    import torch

__all__ = ["continue_prompts"]


@dataclass(slots=True)
class _Line:
    """One row of a batch while it is written.

    Attributes:
        ask: What is asked.
        prompt: Token ids of the prompt.
        stream: Random stream of the ask.
        written: Number of new tokens, once it ended.
        finish: Why it ended; None while it goes on.
    """

    ask: GenerateAsk
    prompt: list[int]
    stream: Random
    written: int = 0
    finish: Finish | None = None
    tail: int = field(init=False)

    def __post_init__(self) -> None:
        # A stop text of n bytes ends within the last n tokens, plus a few that decode to nothing.
        self.tail = max((len(stop.encode()) for stop in self.ask.stop), default=0) + 8


def continue_prompts(
    loaded: Loaded, asks: Sequence[GenerateAsk], *, batch_tokens: int, mark: Mark | None = None
) -> list[Reply]:
    """Answer every ask, in order.

    Args:
        loaded: The model.
        asks: What is asked.
        batch_tokens: Most tokens of a batch: rows times the longest prompt with the most new tokens.
        mark: Watermark for the asks that want it; None where the model has none.
    """
    replies: dict[int, Reply] = {}
    lines: dict[int, _Line] = {}
    for number, ask in enumerate(asks):
        refusal = None if mark is None else mark.refusal(ask)
        prompt = loaded.tokens.prompt(ask) if refusal is None else failed(refusal)
        if isinstance(prompt, Reply):
            replies[number] = prompt
        else:
            lines[number] = _Line(ask, prompt, rng(ask.seed, digest(ask).hex))
    for batch in _batches(lines, batch_tokens):
        replies |= zip(batch, _batch(loaded, [lines[number] for number in batch], mark), strict=True)
    return [replies[number] for number in range(len(asks))]


def _batches(lines: dict[int, _Line], most: int) -> list[list[int]]:
    batches: list[list[int]] = []
    longest = written = 0
    for number in sorted(lines, key=lambda n: (-len(lines[n].prompt) - lines[n].ask.max_tokens, n)):
        line = lines[number]
        longest, written = max(longest, len(line.prompt)), max(written, line.ask.max_tokens)
        if not batches or (len(batches[-1]) + 1) * (longest + written) > most:
            batches.append([])
            longest, written = len(line.prompt), line.ask.max_tokens
        batches[-1].append(number)
    return batches


def _batch(loaded: Loaded, lines: list[_Line], mark: Mark | None) -> list[Reply]:
    """Continue the lines together; where the batch cannot be computed, each by itself."""
    started = time.perf_counter()
    try:
        written = _generate(loaded, lines, mark)
    except RuntimeError as error:  # torch's word for out of memory, among others
        if len(lines) > 1:
            fresh = [_Line(line.ask, line.prompt, rng(line.ask.seed, digest(line.ask).hex)) for line in lines]
            return [reply for line in fresh for reply in _batch(loaded, [line], mark)]
        return [failed(f"the model could not be run: {error}"[:500])]
    seconds = (time.perf_counter() - started) / len(lines)
    return [replace(_reply(loaded, line, ids), seconds=seconds) for line, ids in zip(lines, written, strict=True)]


def _generate(loaded: Loaded, lines: list[_Line], mark: Mark | None) -> list[list[int]]:
    import torch
    from transformers import GenerationConfig

    width = max(len(line.prompt) for line in lines)
    ids = [[loaded.padding] * (width - len(line.prompt)) + line.prompt for line in lines]
    seen = [[0] * (width - len(line.prompt)) + [1] * len(line.prompt) for line in lines]
    control = _Control(loaded, lines, width, None if mark is None else _marking(loaded, lines, mark))
    with torch.inference_mode():
        output = loaded.model.generate(
            input_ids=torch.tensor(ids, device=loaded.device),
            attention_mask=torch.tensor(seen, device=loaded.device),
            generation_config=GenerationConfig(
                do_sample=False,
                max_new_tokens=max(line.ask.max_tokens for line in lines),
                pad_token_id=loaded.padding,
                eos_token_id=None,
            ),
            logits_processor=[control.choose],
            stopping_criteria=[control.ended],
        )
    return [row[width : width + line.written] for row, line in zip(output.tolist(), lines, strict=True)]


def _marking(loaded: Loaded, lines: Sequence[_Line], mark: Mark) -> Marking:
    asks, prompts = [line.ask for line in lines], [len(line.prompt) for line in lines]
    return mark.marking(asks, prompts, vocabulary=loaded.tokens.vocabulary, device=loaded.device)


@dataclass(frozen=True, slots=True)
class _Control:
    """Chooses the next token of each line, and says which lines have ended."""

    loaded: Loaded
    lines: Sequence[_Line]
    width: int
    marking: Marking | None

    def choose(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Leave greedy lines as they are; let nothing but the drawn token stand in the sampled ones.

        Args:
            ids: Prompts and what is written so far, [lines, tokens].
            scores: Logits of the next token, [lines, vocabulary].
        """
        import torch

        sound = torch.isfinite(scores).all(dim=1).tolist()
        for line, is_sound in zip(self.lines, sound, strict=True):
            if line.finish is None and not is_sound:
                line.finish = Finish.FAILED
        if self.marking is not None:
            scores = self.marking(ids, scores)
        drawing = [n for n, line in enumerate(self.lines) if line.finish is None and line.ask.temperature > 0]
        broken = [n for n, is_sound in enumerate(sound) if not is_sound]
        if not drawing and not broken:
            return scores
        asks = [self.lines[number].ask for number in drawing]
        points = [self.lines[number].stream.random() for number in drawing]
        tokens = draw(scores[drawing], asks, points) if drawing else []
        chosen = scores.clone()
        chosen[drawing + broken] = -torch.inf
        chosen[drawing + broken, tokens + [self.loaded.padding] * len(broken)] = 0.0
        return chosen

    def ended(self, ids: torch.Tensor, _scores: Any) -> torch.Tensor:
        """Which lines have ended, [lines]."""
        import torch

        written = ids.shape[1] - self.width
        tails = ids[:, self.width :].tolist()
        for line, new in zip(self.lines, tails, strict=True):
            if line.finish is None and (finish := self._finish(line, new, written)) is not None:
                line.finish, line.written = finish, written
        return torch.tensor([line.finish is not None for line in self.lines], device=ids.device)

    def _finish(self, line: _Line, ids: list[int], written: int) -> Finish | None:
        if ids[-1] in self.loaded.ends:
            return Finish.STOP
        if line.ask.stop:
            text = self.loaded.tokens.decode(ids[-line.tail :])
            if any(stop in text for stop in line.ask.stop):
                return Finish.STOP
        return Finish.LENGTH if written >= line.ask.max_tokens else None


def _reply(loaded: Loaded, line: _Line, ids: list[int]) -> Reply:
    usage = Usage(prompt_tokens=len(line.prompt), output_tokens=len(ids))
    if line.finish is Finish.FAILED:
        return replace(failed("non-finite logits: the model's arithmetic broke down on this prompt"), usage=usage)
    text = loaded.tokens.decode(ids)
    cut = min((place for stop in line.ask.stop if (place := text.find(stop)) >= 0), default=len(text))
    return Reply(line.finish or Finish.LENGTH, text=text[:cut], usage=usage)
