"""A Python function as a model: the shortest way from any code of yours to an audit.

``target = "my_model:reply"`` with

    def reply(prompt: str) -> str: ...

in ``my_model.py`` in the working directory (which can be imported from while the function is loaded).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from harness.backends.reply_checks import continuation_score, fitting, one_line
from harness.canonical import digest, digest_file
from harness.contracts import Identity
from harness.errors import ModelError, OfflineError
from harness.records import Ask, Capability, Finish, GenerateAsk, Reply, ScoreAsk

__all__ = ["Function"]


class RaisedError(Exception):
    """The user's code raised; the message is one safe line with the exception's type and text."""


@dataclass(slots=True, kw_only=True, eq=False)
class Function:
    """Answers by calling ``target``.

    What the function gets and must return:

    ==========  ============  ==================================  =================================
    ``takes``   capability    called with                         returns
    ==========  ============  ==================================  =================================
    prompt      generate      the prompt                          text
    prompt      score         context, continuation               a total in nats, a list of token
                                                                  log-probabilities, or a
                                                                  `ContinuationScore`
    ask         either        the `GenerateAsk` or `ScoreAsk`     a `Reply`; or text; or, for each
                                                                  continuation, one of the above
    ==========  ============  ==================================  =================================

    With ``takes = "prompt"`` an ask with a system message FAILS, since the function would never see it.
    An exception in the function becomes a FAILED reply; an `OfflineError` stops the run.

    Attributes:
        target: ``module:callable``; dots after the colon reach into objects.
        takes: ``prompt`` or ``ask``.
        capability: What it can do: ``generate``, ``score``, or both where it takes asks.
        batch_tokens: Asks per batch (each counts as one): replies are kept safe after every batch.
    """

    target: str
    takes: Literal["prompt", "ask"] = "prompt"
    capability: Sequence[str] = ("generate",)
    batch_tokens: int = field(default=16, init=False)
    _call: Callable[..., Any] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        module, _, name = self.target.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            raise ValueError(f"target is module:callable, such as my_model:reply, not {self.target!r}")
        if self.takes not in ("prompt", "ask"):
            raise ValueError(f"takes is 'prompt' or 'ask', not {self.takes!r}")
        wanted = [self.capability] if isinstance(self.capability, str) else list(self.capability)
        self.capability = tuple(sorted(set(wanted)))
        if not self.capability or not set(self.capability) <= {"generate", "score"}:
            raise ValueError(f"capability lists 'generate', 'score' or both, not {wanted!r}")
        if self.takes == "prompt" and len(self.capability) > 1:
            raise ValueError("a function that both generates and scores needs takes = 'ask' to tell what is asked")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """As declared in ``capability``."""
        return frozenset(Capability(name) for name in self.capability)

    def identity(self) -> Identity:
        """The function by its module's file and the settings; modules that it imports are not covered.

        Raises:
            ModelError: there is no such module, or it has no source file.
        """
        details: dict[str, Any] = {
            "target": self.target,
            "takes": self.takes,
            "capability": list(self.capability),
            "source": str(digest_file(self._source())),
        }
        return Identity(backend="function", name=self.target, digest=digest(details), details=details)

    def length(self, ask: Ask) -> int:
        """One for every ask: what a call costs is not known."""
        del ask
        return 1

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Call the function once per ask (per continuation, where it takes context and continuation).

        Raises:
            ModelError: the function cannot be loaded.
            OfflineError: it reached for the network and ``--offline`` forbids that.
        """
        call = self._loaded()
        return [self._answered(call, ask) for ask in asks]

    def close(self) -> None:
        """Let go of the function; its module stays imported."""
        self._call = None

    def _answered(self, call: Callable[..., Any], ask: Ask) -> Reply:
        started = perf_counter()
        try:
            reply = self._reply(call, ask)
        except (RaisedError, ValueError, TypeError) as error:
            reply = Reply(Finish.FAILED, error=one_line(str(error)))
        return replace(reply, seconds=perf_counter() - started)

    def _reply(self, call: Callable[..., Any], ask: Ask) -> Reply:
        if isinstance(ask, GenerateAsk) and Capability.GENERATE in self.capabilities:
            if self.takes == "prompt" and ask.system is not None:
                raise ValueError("the ask has a system message, which takes = 'prompt' cannot pass on; use 'ask'")
            result = _guarded(lambda: call(ask if self.takes == "ask" else ask.prompt))
            return _finished(result, ask) if isinstance(result, Reply) else _generated(result)
        if isinstance(ask, ScoreAsk) and Capability.SCORE in self.capabilities:
            if self.takes == "ask":
                result = _guarded(lambda: call(ask))
                return _finished(result, ask) if isinstance(result, Reply) else _scored(result, ask)
            return _scored([_guarded(partial(call, ask.context, option)) for option in ask.continuations], ask)
        raise ValueError(f"the function is not declared to answer a {type(ask).__name__}")

    def _source(self) -> Path:
        """The module's file, found without running it (its parent packages are run)."""
        module = self.target.partition(":")[0]
        try:
            with _working_directory_importable():
                spec = _guarded(lambda: find_spec(module))
        except RaisedError as error:
            raise self._unusable(str(error)) from error
        if spec is None:
            raise self._unusable(f"there is no module {module!r} in {Path.cwd()} or among the installed packages")
        if spec.origin is None or not Path(spec.origin).is_file():
            raise self._unusable(f"the module {module!r} has no source file to identify it by")
        return Path(spec.origin)

    def _loaded(self) -> Callable[..., Any]:
        if self._call is None:
            module, _, name = self.target.partition(":")

            def load() -> Any:
                found: Any = import_module(module)
                for part in name.split("."):
                    found = getattr(found, part)
                return found

            try:
                with _working_directory_importable():
                    call = _guarded(load)
            except RaisedError as error:
                raise self._unusable(str(error)) from error
            if not callable(call):
                raise self._unusable(f"it is a {type(call).__name__}, which cannot be called")
            self._call = call
        return self._call

    def _unusable(self, reason: str) -> ModelError:
        return ModelError(
            f"The function {self.target!r} cannot be used: {reason}."
            " Give [model] target as module:callable, with the module in the working directory or installed."
        )


def _guarded(work: Callable[[], Any]) -> Any:
    """Run the user's code; raises `RaisedError` for whatever it raises, except `OfflineError`, which is ours."""
    try:
        return work()
    except OfflineError:
        raise
    except Exception as error:
        # Broad on purpose: this is the user's code, and a model that breaks is a result, counted as FAILED.
        raise RaisedError(one_line(f"{type(error).__name__}: {error}")) from error


@contextmanager
def _working_directory_importable() -> Iterator[None]:
    """Put the working directory first on the import path, as ``python -m`` does, and take it off again."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _finished(reply: Reply, ask: Ask) -> Reply:
    """A reply that the function made itself, with its error cleaned and its scores checked."""
    pairs = zip(reply.scores, ask.continuations, strict=False) if isinstance(ask, ScoreAsk) else ()
    for score, continuation in pairs:
        continuation_score(score, length=len(continuation))
    clean = None if reply.error is None else one_line(reply.error)
    return fitting(ask, replace(reply, error=clean))


def _generated(result: object) -> Reply:
    if isinstance(result, str):
        return Reply(Finish.STOP, text=str(result))
    raise TypeError(f"the function returned {_kind(result)}, not text")


def _scored(result: object, ask: ScoreAsk) -> Reply:
    if not isinstance(result, list | tuple):
        raise TypeError(f"the function returned {_kind(result)}, not a list with one entry per continuation")
    if len(result) != len(ask.continuations):
        raise ValueError(f"the function returned {len(result)} entries for {len(ask.continuations)} continuations")
    pairs = zip(result, ask.continuations, strict=True)
    return Reply(Finish.STOP, scores=tuple(continuation_score(given, length=len(text)) for given, text in pairs))


def _kind(result: object) -> str:
    if inspect.iscoroutine(result):
        result.close()  # else Python warns that nobody awaited it
        return "a coroutine (async functions are not awaited)"
    return type(result).__name__
