"""Asks ↔ token ids, by the conventions that published log-likelihoods follow.

Context and continuation are encoded together and cut where the context, encoded alone, ends; white space at the end
of the context belongs to the continuation; an empty context is the start-of-text token, or the end-of-text token where
there is no other. These are the conventions of lm-eval 0.4.13, model type ``hf``, against which the log-likelihoods are
tested. Where it shortens what is too long, or stops at a continuation without a token of its own, the ask gets a reply
that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from jinja2 import TemplateError

from harness.backends.causal.tree import Branch
from harness.backends.causal.windows import cut
from harness.errors import ModelError
from harness.records import Finish, GenerateAsk, Reply, ScoreAsk, Usage, Windows

__all__ = ["Encoded", "Tokens", "failed"]

BROKEN = "the text holds half of a surrogate pair, which no tokenizer can read"

Spans = list[tuple[int, int]]
Text = tuple[str, bool]
"""A text, and whether the tokenizer adds the special tokens it is configured to add."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A `ScoreAsk` in tokens.

    Attributes:
        branches: One per continuation, in order, all with the same context; or the windows of the only one.
        starts: For each continuation, the offset in it of the first character of each scored token. A token that
            begins in white space taken over from the context begins at 0.
        rolling: Whether the branches are windows.
    """

    branches: tuple[Branch, ...]
    starts: tuple[tuple[int, ...], ...]
    rolling: bool = False

    @property
    def usage(self) -> Usage:
        """The context counted once, every continuation once; of windows, all that is read."""
        if self.rolling:
            return Usage(prompt_tokens=sum(len(branch.tokens) for branch in self.branches))
        context = self.branches[0].start
        return Usage(prompt_tokens=context + sum(len(branch.tokens) - context for branch in self.branches))


def _broken(*texts: str) -> bool:
    """Whether a text holds half of a surrogate pair, which has no UTF-8 form and so no tokens."""
    return any("\ud800" <= character <= "\udfff" for text in texts if not text.isascii() for character in text)


def failed(reason: str) -> Reply:
    """A reply for an ask that cannot be answered."""
    return Reply(Finish.FAILED, error=reason)


class Tokens:
    """A model's tokenizer with its start-of-text convention and the model's limits.

    Args:
        tokenizer: A transformers tokenizer.
        limit: Most tokens the model can read, or None where its configuration does not say.
        vocabulary: Number of token ids the model knows.

    Raises:
        ModelError: the tokenizer cannot say which characters a token stands for.
    """

    def __init__(self, tokenizer: Any, *, limit: int | None, vocabulary: int) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"{type(tokenizer).__name__} gives no character offsets. Save the tokenizer as tokenizer.json"
                " (`AutoTokenizer.from_pretrained(...).save_pretrained(...)` with the tokenizers package installed)."
            )
        self.tokenizer = tokenizer
        self.limit = limit
        self.vocabulary = vocabulary
        self.prefix: int | None = (
            tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        )
        self._prefix_text = None if self.prefix is None else tokenizer.decode([self.prefix])
        self._lines: dict[int, bool] = {}

    def breaks_line(self, token: int) -> bool:
        """Whether the text of ``token`` has a line break."""
        if token not in self._lines:
            self._lines[token] = "\n" in self.tokenizer.decode([token])
        return self._lines[token]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ``ids`` without special tokens, not tidied."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    # ── scoring ───────────────────────────────────────────────────────────────────────────

    def encode(self, asks: Sequence[ScoreAsk]) -> list[Encoded | Reply]:
        """Encode every ask, in order; one that cannot be scored becomes its reply."""
        sound = [ask for ask in asks if not _broken(ask.context, *ask.continuations)]
        wanted = dict.fromkeys(text for ask in sound for text in self._texts(ask))
        found: dict[Text, tuple[list[int], Spans]] = {}
        for special in (False, True):
            texts = [text for text, with_special in wanted if with_special is special]
            if texts:
                found |= zip([(text, special) for text in texts], self._encodings(texts, special=special), strict=True)
        return [
            failed(BROKEN)
            if _broken(ask.context, *ask.continuations)
            else self._encoded(ask, [found[text] for text in self._texts(ask)])
            for ask in asks
        ]

    def _texts(self, ask: ScoreAsk) -> list[Text]:
        """What must be encoded for an ask: its context (where there is one), then each continuation in context."""
        if not ask.context:
            return [(continuation, False) for continuation in ask.continuations]
        whole = [ask.context + continuation for continuation in ask.continuations]
        return [(text, self._takes_special(text)) for text in (ask.context.rstrip(), *whole)]

    def _takes_special(self, text: str) -> bool:
        # A text that already begins with the start-of-text token gets no second one.
        return self._prefix_text is None or not text.startswith(self._prefix_text)

    def _encodings(self, texts: list[str], *, special: bool) -> list[tuple[list[int], Spans]]:
        encoding = self.tokenizer(
            texts,
            add_special_tokens=special,
            return_offsets_mapping=True,
            return_attention_mask=False,
            verbose=False,
        )
        return list(zip(encoding["input_ids"], encoding["offset_mapping"], strict=True))

    def _encoded(self, ask: ScoreAsk, encodings: Sequence[tuple[list[int], Spans]]) -> Encoded | Reply:
        context: list[int] = []
        if ask.context:
            (context, _), *encodings = encodings
        skipped = len(context)
        if not context:
            if self.prefix is None:
                return failed("an empty context needs a start-of-text or end-of-text token, and the tokenizer has none")
            context = [self.prefix]
        branches, starts = [], []
        for ids, spans in encodings:
            tokens, offsets = ids[skipped:], [begin - len(ask.context) for begin, _ in spans[skipped:]]
            if not ask.context and tokens[:1] == context:  # the continuation brings its own start-of-text token
                tokens, offsets = tokens[1:], offsets[1:]
            if not tokens:
                return failed("a continuation has no token of its own: it merges into the last token of the context")
            branches.append(Branch((*context, *tokens), len(context)))
            starts.append(tuple(accumulate((max(0, offset) for offset in offsets), max)))
        if ask.windows is not None:
            return self._rolled(branches[0], starts[0], ask.windows)
        return self._refusal(branches) or Encoded(tuple(branches), tuple(starts))

    def _rolled(self, whole: Branch, starts: tuple[int, ...], windows: Windows) -> Encoded | Reply:
        most = min((limit for limit in (windows.tokens, self.limit) if limit is not None), default=None)
        if most is not None and most < windows.overlap:
            return failed(f"windows of {most} tokens cannot overlap by {windows.overlap}")
        prefix, *ids = whole.tokens
        return self._unknown(whole.tokens) or Encoded(
            cut(ids, prefix, most=most, overlap=windows.overlap), (starts,), rolling=True
        )

    def _refusal(self, branches: Sequence[Branch]) -> Reply | None:
        longest = max(branches, key=lambda branch: len(branch.tokens))
        # The last token is predicted, not read.
        if self.limit is not None and len(longest.tokens) - 1 > self.limit:
            return Reply(
                Finish.TOO_LONG,
                error=f"a context of {longest.start} tokens with a continuation of"
                f" {len(longest.tokens) - longest.start} exceeds the model's {self.limit}",
            )
        return self._unknown([token for branch in branches for token in branch.tokens])

    def _unknown(self, ids: Sequence[int]) -> Reply | None:
        if max(ids) < self.vocabulary:
            return None
        return failed(
            f"the tokenizer gives token {max(ids)}; the model knows {self.vocabulary}: they do not belong together"
        )

    # ── generating ────────────────────────────────────────────────────────────────────────

    def chats(self, ask: GenerateAsk) -> bool:
        """Whether the model's chat template is applied to ``ask``."""
        return ask.chat and self.tokenizer.chat_template is not None

    def preceded(self, preamble: str, ids: Sequence[int]) -> tuple[int, ...]:
        """``ids`` with the tokens of ``preamble`` before them, behind a start-of-text token that they begin with."""
        before = self._encodings([preamble], special=False)[0][0]
        begins = self.prefix is not None and tuple(ids[:1]) == (self.prefix,)
        return (*ids[:1], *before, *ids[1:]) if begins else (*before, *ids)

    def prompt(self, ask: GenerateAsk) -> list[int] | Reply:
        """Token ids of an ask's prompt, in the model's chat template where it has one and the ask wants it.

        Without a template, a system message stands before the prompt with an empty line between.
        """
        if _broken(ask.prompt, ask.system or ""):
            return failed(BROKEN)
        if self.chats(ask):
            system = [{"role": "system", "content": ask.system}] if ask.system is not None else []
            messages = [*system, {"role": "user", "content": ask.prompt}]
            try:
                text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            except (TemplateError, TypeError, ValueError) as error:
                return failed(f"the model's chat template refuses the messages: {error}"[:500])
            special = False  # templates write their own
        else:
            text = f"{ask.system}\n\n{ask.prompt}" if ask.chat and ask.system is not None else ask.prompt
            special = self._takes_special(text)
        ids = self._encodings([text], special=special)[0][0] or ([] if self.prefix is None else [self.prefix])
        if not ids:
            return failed("an empty prompt needs a start-of-text or end-of-text token, and the tokenizer has none")
        if self.limit is not None and len(ids) + ask.max_tokens > self.limit:
            return Reply(
                Finish.TOO_LONG,
                error=f"a prompt of {len(ids)} tokens with {ask.max_tokens} to come exceeds the model's {self.limit}",
            )
        return self._unknown(ids) or ids
