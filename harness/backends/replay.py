"""Recorded outputs as a model: an auditor judges what a model said without having the model.

A row of the file answers an ask, found in one of two ways:

- ``ask``: the ask's digest, ``sha256:…`` (`harness.canonical.digest`); fits every kind of ask;
- ``prompt``: the exact prompt of a `GenerateAsk`, with ``system`` where only asks with that system
  message are meant; or the prompt of a `DrawAsk`; or the context of a `ScoreAsk`, with ``continuations``,
  the exact list of them.

It says one or more of

- ``text`` (or ``reply``), with ``finish`` where the reply did not simply stop;
- ``scores``, one ``{"logprobs": […], "starts": […], "greedy": …}`` per continuation; or ``logprobs``,
  one total in nats per continuation, which counts as a single token;
- ``media``, a list of images, each the name ``<sha256>.png`` of a file in the folder ``media`` beside the
  recorded file, which is how evidence keeps them too;
- ``losses`` of a training record, numbers by name, ``loss`` among them.

Several rows of one prompt are samples, ordered by their integer ``sample``, or else as they stand: the
ask's seed modulo their number picks one. Other columns are ignored. In CSV, lists are written as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.backends.replay_rows import PlacedRow, read_rows
from harness.backends.reply_checks import (
    SPOKEN,
    checked_losses,
    continuation_score,
    fitting,
    one_line,
    token_scores,
)
from harness.canonical import Digest, digest, digest_file, loads
from harness.contracts import Identity
from harness.errors import DataError, ModelError
from harness.records import Ask, Capability, ContinuationScore, DrawAsk, Finish, GenerateAsk, Reply, ScoreAsk

__all__ = ["Replay"]

KEYS = ("ask", "prompt")
ANSWERS = ("text", "reply", "scores", "logprobs", "media", "losses")
NAME = re.compile(r"[0-9a-f]{64}\.png")
LONGEST = 2**31
"""Stands for the length of a continuation that the row does not name."""


@dataclass(slots=True)
class Recorded:
    """The rows, by what they answer.

    Attributes:
        by_ask: Digest of the ask → reply.
        by_prompt: Prompt and system message (None for any) → sample number → reply.
        by_options: Context and continuations → reply.
        capabilities: What the rows answer.
        rows: How many there are.
    """

    by_ask: dict[str, Reply] = field(default_factory=dict)
    by_prompt: dict[tuple[str, str | None], dict[int, Reply]] = field(default_factory=dict)
    by_options: dict[tuple[str, tuple[str, ...]], Reply] = field(default_factory=dict)
    capabilities: set[Capability] = field(default_factory=set)
    rows: int = 0

    def add(self, row: PlacedRow) -> None:
        """File one row; raises `DataError` where it is malformed or says again what another said."""
        self.rows += 1
        reply = _reply(row)
        if reply.text is not None:
            self.capabilities.add(Capability.GENERATE)
        if reply.scores:
            self.capabilities.add(Capability.SCORE)
        if reply.media:
            self.capabilities |= {Capability.DRAW, *([Capability.TEXT_TO_IMAGE] if "prompt" in row.values else [])}
        if reply.losses:
            self.capabilities.add(Capability.LOSS)
        if "ask" in row.values:
            self._add_ask(row, reply)
        elif "continuations" in row.values:
            options = tuple(_strings(row, "continuations"))
            if reply.scores and len(reply.scores) != len(options):
                raise _malformed(row, f"{len(reply.scores)} scores for {len(options)} continuations")
            _put(self.by_options, (_string(row, "prompt"), options), reply, row)
        elif reply.scores and reply.text is None:
            raise _malformed(row, "scores by prompt need the list of continuations beside it")
        elif reply.losses:
            raise _malformed(row, "losses answer an ask by its digest, in the column `ask`")
        else:
            samples = self.by_prompt.setdefault((_string(row, "prompt"), _optional(row, "system")), {})
            _put(samples, _sample(row, default=len(samples)), reply, row)

    def _add_ask(self, row: PlacedRow, reply: Reply) -> None:
        try:
            key = str(Digest.parse(_string(row, "ask")))
        except ValueError as error:
            raise _malformed(row, str(error)) from error
        _put(self.by_ask, key, reply, row)

    def find(self, ask: Ask) -> Reply | None:
        """The recorded reply to ``ask``, if there is one."""
        if self.by_ask and (known := self.by_ask.get(str(digest(ask)))) is not None:
            return known
        if isinstance(ask, GenerateAsk):
            return self._sample(ask.prompt, ask.system, ask.seed)
        if isinstance(ask, DrawAsk) and ask.prompt is not None and ask.label is None:
            return self._sample(ask.prompt, None, ask.seed)
        if isinstance(ask, ScoreAsk):
            return self.by_options.get((ask.context, ask.continuations))
        return None

    def _sample(self, prompt: str, system: str | None, seed: int) -> Reply | None:
        samples = self.by_prompt.get((prompt, system)) or self.by_prompt.get((prompt, None))
        return samples[sorted(samples)[seed % len(samples)]] if samples else None


@dataclass(slots=True, kw_only=True, eq=False)
class Replay:
    """Answers asks from a file; an ask without a row FAILS, and is counted so.

    The file is read once, on first use.

    Attributes:
        path: JSON lines, CSV (either may be .gz) or Parquet; relative to the working directory.
        batch_tokens: Looking up costs next to nothing, so batches are large.
    """

    path: str
    batch_tokens: int = field(default=1_000_000, init=False)
    _recorded: Recorded | None = field(default=None, init=False, repr=False)
    _digest: Digest | None = field(default=None, init=False, repr=False)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the file answers: GENERATE where it has texts, SCORE scores, LOSS losses, DRAW images.

        TEXT_TO_IMAGE too, where images are recorded by their prompts.

        Raises:
            ModelError: there is no such file.
            DataError: it is empty or malformed; names the line.
        """
        found = self._rows().capabilities
        # Nothing but failures: whatever is asked, failures are what is recorded.
        return frozenset(found) or frozenset({Capability.GENERATE, Capability.SCORE})

    def identity(self) -> Identity:
        """The file's content is the model; its name and place do not matter.

        Raises:
            ModelError: there is no such file.
        """
        if self._digest is None:
            self._digest = digest_file(self._file())
        details = {"content": str(self._digest)}
        return Identity(backend="replay", name=Path(self.path).name, digest=digest(details), details={**details})

    def length(self, ask: Ask) -> int:
        """About how many tokens the ask's text has."""
        texts = [ask.prompt] if isinstance(ask, GenerateAsk) else []
        texts = [ask.context, *ask.continuations] if isinstance(ask, ScoreAsk) else texts
        return 1 + sum(map(len, texts)) // 4

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Look every ask up, in order.

        Raises:
            ModelError, DataError: the file cannot be read at all.
        """
        recorded = self._rows()
        missing = Reply(Finish.FAILED, error="no recorded reply")
        return [fitting(ask, recorded.find(ask) or missing) for ask in asks]

    def media(self, name: str) -> bytes:
        """Content of an image beside the file, by the name that a row gives it.

        Raises:
            KeyError: it is not there.
        """
        place = self._file().parent / "media" / name
        if not NAME.fullmatch(name) or not place.is_file():
            raise KeyError(f"there is no {one_line(name)} in the folder media beside the recorded file")
        return place.read_bytes()

    def close(self) -> None:
        """Forget the rows; they are read again when needed."""
        self._recorded = None

    def _file(self) -> Path:
        path = Path(self.path).expanduser()
        if not path.is_file():
            raise ModelError(
                f"There is no file of recorded outputs at {path} (looked for at {path.absolute()})."
                " Give the path of a .jsonl, .csv or .parquet file under [model] path."
            )
        return path

    def _rows(self) -> Recorded:
        if self._recorded is None:
            path = self._file()
            recorded = Recorded()
            try:
                for row in read_rows(path, check_columns=_check_columns):
                    recorded.add(row)
            except OSError as error:
                raise ModelError(f"{path} cannot be read: {error.strerror or error}. Check its permissions.") from error
            if not recorded.rows:
                raise DataError(f"{path}: no rows. Record at least one output, with the columns `prompt` and `text`.")
            self._recorded = recorded
        return self._recorded


def _check_columns(place: str, found: Collection[str]) -> None:
    for wanted, meaning in ((KEYS, "which ask a row answers"), (ANSWERS, "what the model answered")):
        if not set(wanted) & set(found):
            names = " or ".join(f"`{name}`" for name in wanted)
            shown = one_line(", ".join(map(str, found)))
            raise DataError(f"{place}: no column {names}, which says {meaning}. Found: {shown}. Rename or add one.")


def _malformed(row: PlacedRow, problem: str) -> DataError:
    return DataError(f"{row.place}: {problem}. Repair this row.")


def _put(where: dict[Any, Reply], key: object, reply: Reply, row: PlacedRow) -> None:
    if key in where:
        raise _malformed(row, "an earlier row answers the same ask (number samples of one prompt with `sample`)")
    where[key] = reply


def _reply(row: PlacedRow) -> Reply:
    """The reply a row records."""
    finish = _finish(row)
    scores, losses = _scores(row), _losses(row)
    media = tuple(_strings(row, "media")) if "media" in row.values else ()
    text = _optional(row, "text", "reply")
    if (scores or losses or media) and not text and finish in SPOKEN:
        # An empty cell beside scores is what CSV makes of "no text".
        text = None
    if text is None and not (scores or losses or media) and finish in SPOKEN:
        raise _malformed(row, "neither text nor scores nor images nor losses, and no finish that explains it")
    if finish in (Finish.FAILED, Finish.TOO_LONG):
        error = _optional(row, "error") or f"recorded as {finish}"
        return Reply(finish, error=one_line(error))
    return Reply(finish, text=text, scores=scores, media=media, losses=losses)


def _finish(row: PlacedRow) -> Finish:
    word = _optional(row, "finish") or Finish.STOP
    word = Finish.REFUSED if word == "content_filter" else word
    known = [finish.value for finish in Finish]
    if word not in known:
        raise _malformed(row, f"finish {one_line(word)!r} is none of {', '.join(known)}")
    return Finish(word)


def _scores(row: PlacedRow) -> tuple[ContinuationScore, ...]:
    column = "scores" if "scores" in row.values else "logprobs"
    if column not in row.values:
        return ()
    options = _strings(row, "continuations") if "continuations" in row.values else []
    given = _list(row, column)
    lengths = [len(option) for option in options] if len(options) == len(given) else [LONGEST] * len(given)
    try:
        return tuple(_score(item, length) for item, length in zip(given, lengths, strict=True))
    except (ValueError, TypeError) as error:
        raise _malformed(row, f"`{column}`: {error}") from error


def _losses(row: PlacedRow) -> dict[str, float]:
    if "losses" not in row.values:
        return {}
    value = row.values["losses"]
    try:
        return checked_losses(loads(value) if isinstance(value, str) else value)
    except (ValueError, TypeError, RecursionError) as error:
        raise _malformed(row, f"`losses`: {error}") from error


def _score(item: object, length: int) -> ContinuationScore:
    if not isinstance(item, Mapping):
        return continuation_score(item, length=length)
    if not {"logprobs", "starts"} <= set(item):
        raise ValueError("an object of scores has `logprobs` and `starts`")
    return token_scores(item["logprobs"], item["starts"], length=length, greedy=item.get("greedy") is True)


def _string(row: PlacedRow, column: str) -> str:
    value = row.values.get(column)
    if not isinstance(value, str):
        raise _malformed(row, f"`{column}` is {'missing' if value is None else type(value).__name__}, not text")
    return value


def _optional(row: PlacedRow, *columns: str) -> str | None:
    """The first of ``columns`` that the row has, as text."""
    return next((_string(row, column) for column in columns if column in row.values), None)


def _list(row: PlacedRow, column: str) -> list[Any]:
    value = row.values[column]
    if isinstance(value, str):
        try:
            value = loads(value)
        except (ValueError, RecursionError) as error:
            raise _malformed(row, f"`{column}` is not a JSON list ({error})") from error
    if not isinstance(value, list):
        raise _malformed(row, f"`{column}` is {type(value).__name__}, not a list")
    return value


def _strings(row: PlacedRow, column: str) -> list[str]:
    values = _list(row, column)
    if not all(isinstance(value, str) for value in values):
        raise _malformed(row, f"`{column}` holds something else than text")
    return values


def _sample(row: PlacedRow, *, default: int) -> int:
    value = row.values.get("sample", default)
    try:
        return int(value) if isinstance(value, str) else int(value.__index__())
    except (ValueError, AttributeError) as error:
        raise _malformed(row, f"`sample` is {one_line(str(value))!r}, not a whole number") from error
