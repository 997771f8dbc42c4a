"""Prompts → text: batches of transformers' ``generate``, each ask decoded by its own settings and random stream.

Sampling draws one number per token from a stream named by the ask and inverts the distribution's cumulative sum with
it. So an ask gives the same text whatever shares its batch, up to the rounding of the logits. A watermark is put into
the logits before, where the model has one and the ask wants it. Where the next token is steered, that comes first. A
token that steering forbids is never written; where it leaves none, the text ends, as if the model had ended it.
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
from harness.backends.causal.steered import BegunSteers, Steers
from harness.backends.causal.tokens import failed
from harness.canonical import digest
from harness.records import Finish, GenerateAsk, Reply, Usage
from harness.seeds import rng

if TYPE_CHECKING:
    import torch

__all__ = ["continue_prompts"]


@dataclass(slots=True)
class _Line:
    """One ask of a batch while its reply is written: a row, and one more behind each preamble.

    Attributes:
        ask: What is asked.
        prompts: Token ids of the prompt, and of the same behind each preamble.
        stream: Random stream of the ask.
        written: Number of new tokens, once it ended.
        finish: Why it ended; None while it goes on.
    """

    ask: GenerateAsk
    prompts: list[list[int]]
    stream: Random
    written: int = 0
    finish: Finish | None = None
    tail: int = field(init=False)

    def __post_init__(self) -> None:
        # A stop text of n bytes ends within the last n tokens, plus a few that decode to nothing.
        self.tail = max((len(stop.encode()) for stop in self.ask.stop), default=0) + 8

    @property
    def prompt(self) -> list[int]:
        """Token ids of the prompt itself."""
        return self.prompts[0]

    @property
    def width(self) -> int:
        """Tokens of the longest prompt."""
        return max(map(len, self.prompts))


def continue_prompts(
    loaded: Loaded,
    asks: Sequence[GenerateAsk],
    *,
    batch_tokens: int,
    mark: Mark | None = None,
    steers: Steers | None = None,
) -> list[Reply]:
    """Answer every ask, in order.

    Args:
        loaded: The model.
        asks: What is asked.
        batch_tokens: Most tokens of a batch: rows times the longest prompt with the most new tokens.
        mark: Watermark for the asks that want it; None where the model has none.
        steers: What changes the next token; None where nothing does.
    """
    replies: dict[int, Reply] = {}
    lines: dict[int, _Line] = {}
    for number, ask in enumerate(asks):
        refusal = None if mark is None else mark.refusal(ask)
        prompts = _prompts(loaded, ask, steers) if refusal is None else failed(refusal)
        if isinstance(prompts, Reply):
            replies[number] = prompts
        else:
            lines[number] = _Line(ask, prompts, rng(ask.seed, digest(ask).hex))
    for batch in _batches(lines, batch_tokens):
        replies |= zip(batch, _batch(loaded, [lines[number] for number in batch], mark, steers), strict=True)
    return [replies[number] for number in range(len(asks))]


def _prompts(loaded: Loaded, ask: GenerateAsk, steers: Steers | None) -> list[list[int]] | Reply:
    if steers is not None:
        return steers.prompts(loaded.tokens, ask)
    prompt = loaded.tokens.prompt(ask)
    return prompt if isinstance(prompt, Reply) else [prompt]


def _batches(lines: dict[int, _Line], most: int) -> list[list[int]]:
    batches: list[list[int]] = []
    longest = written = 0
    for number in sorted(lines, key=lambda n: (-lines[n].width - lines[n].ask.max_tokens, n)):
        line = lines[number]
        longest, written = max(longest, line.width), max(written, line.ask.max_tokens)
        if not batches or (len(batches[-1]) + 1) * len(line.prompts) * (longest + written) > most:
            batches.append([])
            longest, written = line.width, line.ask.max_tokens
        batches[-1].append(number)
    return batches


def _batch(loaded: Loaded, lines: list[_Line], mark: Mark | None, steers: Steers | None) -> list[Reply]:
    """Continue the lines together; where the batch cannot be computed, each by itself."""
    started = time.perf_counter()
    try:
        written = _generate(loaded, lines, mark, steers)
    except RuntimeError as error:  # torch's word for out of memory, among others
        if len(lines) > 1:
            fresh = [_Line(line.ask, line.prompts, rng(line.ask.seed, digest(line.ask).hex)) for line in lines]
            return [reply for line in fresh for reply in _batch(loaded, [line], mark, steers)]
        return [failed(f"the model could not be run: {error}"[:500])]
    seconds = (time.perf_counter() - started) / len(lines)
    return [replace(_reply(loaded, line, ids), seconds=seconds) for line, ids in zip(lines, written, strict=True)]


def _generate(loaded: Loaded, lines: list[_Line], mark: Mark | None, steers: Steers | None) -> list[list[int]]:
    import torch
    from transformers import GenerationConfig

    width = max(line.width for line in lines)
    # The prompts themselves first, then all behind the first preamble, and so on.
    prompts = [prompt for rows in zip(*(line.prompts for line in lines), strict=True) for prompt in rows]
    ids = [[loaded.padding] * (width - len(prompt)) + prompt for prompt in prompts]
    seen = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    marking = None if mark is None else _marking(loaded, lines, mark)
    begun = None if steers is None else steers.begun([line.ask.prompt for line in lines])
    control = _Control(loaded, lines, width, marking, begun)
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
    return [row[width : width + line.written] for row, line in zip(output[: len(lines)].tolist(), lines, strict=True)]


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
    steers: BegunSteers | None

    def choose(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Let every row of an ask go on with the token that is chosen for its first one.

        Args:
            ids: Prompts and what is written so far, [rows, tokens].
            scores: Logits of the next token, [rows, vocabulary].
        """
        import torch

        sound = torch.isfinite(scores).all(dim=1)
        if self.steers is None:
            return self._chosen(ids, scores, sound.tolist())
        lines, own = len(self.lines), max(len(line.prompt) for line in self.lines)
        behind = scores[lines:].view(len(scores) // lines - 1, lines, scores.shape[1])
        steered = self.steers(scores[:lines], behind, ids[:lines, self.width :].tolist())
        # What is no number behind a preamble is none for the ask.
        sound, best = sound.view(-1, lines).all(dim=0), steered.max(dim=1).values
        self._end((sound & (best == -torch.inf)).tolist(), ids.shape[1] - self.width)
        sound = sound & torch.isfinite(best)
        chosen = self._chosen(ids[:lines, self.width - own :], steered, sound.tolist())
        follow = torch.full_like(chosen, -torch.inf).scatter_(1, chosen.argmax(dim=1, keepdim=True), 0.0)
        return torch.cat([chosen, *([follow] * len(behind))])

    def _end(self, emptied: Sequence[bool], written: int) -> None:
        """End the lines to which no token is left, with what is written."""
        for line, is_empty in zip(self.lines, emptied, strict=True):
            if line.finish is None and is_empty:
                line.finish, line.written = Finish.STOP, written

    def _chosen(self, ids: torch.Tensor, scores: torch.Tensor, sound: Sequence[bool]) -> torch.Tensor:
        """Leave greedy lines as they are; let nothing but the drawn token stand in the sampled ones.

        Args:
            ids: Prompts and what is written so far, [lines, tokens].
            scores: Logits of the next token, [lines, vocabulary].
            sound: Whether those of each line are numbers.
        """
        import torch

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
        """Which rows have ended, [rows]: all of an ask at once."""
        import torch

        written = ids.shape[1] - self.width
        tails = ids[: len(self.lines), self.width :].tolist()
        for line, new in zip(self.lines, tails, strict=True):
            if line.finish is None and (finish := self._finish(line, new, written)) is not None:
                line.finish, line.written = finish, written
        ended = torch.tensor([line.finish is not None for line in self.lines], device=ids.device)
        return ended.repeat(len(ids) // len(self.lines))

    def _finish(self, line: _Line, ids: list[int], written: int) -> Finish | None:
        if ids[-1] in self.loaded.ends:
            return Finish.STOP
        if line.ask.stop:
            text = self.loaded.tokens.decode(ids[-line.tail :])
            if any(stop in text for stop in line.ask.stop):
                return Finish.STOP
        return Finish.LENGTH if written >= line.ask.max_tokens else None


def _reply(loaded: Loaded, line: _Line, ids: list[int]) -> Reply:
    usage = Usage(prompt_tokens=sum(map(len, line.prompts)), output_tokens=len(ids))
    if line.finish is Finish.FAILED:
        return replace(failed("non-finite logits: the model's arithmetic broke down on this prompt"), usage=usage)
    text = loaded.tokens.decode(ids)
    cut = min((place for stop in line.ask.stop if (place := text.find(stop)) >= 0), default=len(text))
    return Reply(line.finish or Finish.LENGTH, text=text[:cut], usage=usage)
