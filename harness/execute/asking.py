"""Ask what the journal does not answer yet; every reply is in the journal before anyone sees it."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event

from harness.canonical import Digest, digest, dumps
from harness.contracts import Backend, BatchBackend, ConcurrentBackend
from harness.contracts.mitigations import LayeredBackend, RetouchingBackend, beneath
from harness.energy import NONE, Counters
from harness.errors import HarnessError
from harness.execute.batches import Asks, batches
from harness.execute.journal import Journal
from harness.execute.layers import walk
from harness.execute.media import Answer, with_media
from harness.records import Ask, Finish, Reply

__all__ = ["Asked", "Stop", "ask_all"]

COMMIT_EVERY_S = 0.25
"""Concurrent replies are committed together at this interval: a sync for each would cost more than the call."""

ELSEWHERE = Counters(missing="the model answers elsewhere, and its energy is not counted here")

OnReplies = Callable[[Mapping[Digest, Reply]], None]
Keep = Callable[[Mapping[Digest, Answer]], None]


class Stop:
    """Says when to ask no more: the user interrupted, or the time allowed is over.

    Args:
        max_seconds: Time allowed, counted from construction; None for no limit.
    """

    def __init__(self, max_seconds: float | None = None) -> None:
        self.interrupted = Event()
        self._deadline = None if max_seconds is None else time.monotonic() + max_seconds

    @property
    def due(self) -> bool:
        """Whether no further ask may be sent."""
        return self.interrupted.is_set() or self.out_of_time

    @property
    def out_of_time(self) -> bool:
        """Whether the time allowed is over."""
        return self._deadline is not None and time.monotonic() >= self._deadline


@dataclass(frozen=True, slots=True)
class Asked:
    """What asking brought.

    Attributes:
        replies: By digest of the ask; complete unless ``left`` is above 0.
        reused: How many came from the journal.
        left: How many were not asked, because the run was stopped.
        seconds: Wall time spent asking.
        counters: What counted the energy of it.
    """

    replies: Mapping[Digest, Reply]
    reused: int
    left: int
    seconds: float
    counters: Counters = NONE


def ask_all(
    backend: Backend,
    asks: Sequence[Ask],
    journal: Journal,
    *,
    stop: Stop,
    on_replies: OnReplies = lambda _: None,
    counters: Counters = NONE,
) -> Asked:
    """Answer every distinct ask, from the journal where it can.

    Args:
        backend: The model; what a `LayeredBackend` asks beneath is kept in the journal of the one beneath.
        asks: In any order; equal asks are sent once.
        journal: Where replies are kept.
        stop: Checked between batches, or before each concurrent ask.
        on_replies: Told of replies once they are durable (and, first, of those the journal had).
        counters: Of the energy that a model in this process takes; a batch's asks share it in equal parts, as they
            share its time.

    Raises:
        ModelError: the model cannot be opened.
        JournalError, StoreError: the journal cannot be read or written.
    """
    distinct = {digest(ask): ask for ask in asks}
    known = journal.replies(list(distinct))
    on_replies(known)
    started = time.monotonic()
    replies = dict(known)

    def keep(answers: Mapping[Digest, Answer]) -> None:
        new = {key: answer.reply for key, answer in answers.items()}
        journal.add_replies(new, {name: data for answer in answers.values() for name, data in answer.media.items()})
        replies.update(new)
        on_replies(new)

    counters = ELSEWHERE if isinstance(beneath(backend), ConcurrentBackend) else counters
    if len(known) < len(distinct):
        everything = list(distinct.items())
        if isinstance(backend, LayeredBackend):
            unanswered = {key: ask for key, ask in everything if key not in known}
            keep(_ask_beneath(backend, unanswered, journal, stop=stop, counters=counters))
        elif isinstance(backend, ConcurrentBackend):
            missing = [(key, ask) for key, ask in everything if key not in known]
            asyncio.run(_ask_concurrently(backend, missing, stop, keep))
        elif isinstance(backend, BatchBackend):
            _ask_in_batches(backend, everything, set(known), stop, keep, counters=counters)
        else:
            raise TypeError(f"{type(backend).__name__} answers neither batches nor single asks")
    return Asked(replies, len(known), len(distinct) - len(replies), time.monotonic() - started, counters)


def _ask_beneath(
    backend: LayeredBackend, asks: Mapping[Digest, Ask], journal: Journal, *, stop: Stop, counters: Counters
) -> dict[Digest, Answer]:
    """Take the steps of a layer; the pictures that its replies name come out of the journal beneath."""
    with journal.beside(backend.inner.identity().digest) as below:

        def ask(wanted: Sequence[Ask]) -> Mapping[Digest, Reply]:
            return ask_all(backend.inner, wanted, below, stop=stop, counters=counters).replies

        return {key: _retouched(backend, asks[key], reply, below) for key, reply in walk(backend, asks, ask).items()}


def _retouched(backend: LayeredBackend, ask: Ask, reply: Reply, below: Journal) -> Answer:
    """Fetch the pictures that ``reply`` names, and let the layer change them where it does such things."""
    media: Mapping[str, bytes] = {name: below.media(name) for name in reply.media}
    if isinstance(backend, RetouchingBackend):
        reply, media = backend.retouch(ask, reply, media)
    return Answer(_sound(reply), media)


def _failed(error: BaseException) -> Reply:
    """A reply for what a backend should have caught itself; the traceback's last frame says where."""
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" in {frame[0].name}" if frame else ""
    return Reply(Finish.FAILED, error=f"{type(error).__name__}{place}: {error}"[:500])


def _ask_in_batches(
    backend: BatchBackend, asks: Asks, known: set[Digest], stop: Stop, keep: Keep, *, counters: Counters
) -> None:
    # Batches are formed over all asks, answered or not: a resumed run must form those of an uninterrupted one.
    for batch in batches(asks, backend.length, backend.batch_tokens):
        missing = [(key, ask) for key, ask in batch if key not in known]
        if not missing:
            continue
        if stop.due:
            return
        before = counters.joules()
        answers = _answers(backend, [ask for _, ask in missing])
        keep(dict(zip([key for key, _ in missing], _with_energy(answers, before, counters.joules()), strict=True)))


def _with_energy(answers: list[Answer], before: float | None, after: float | None) -> list[Answer]:
    if before is None or after is None:
        return answers
    share = (after - before) / len(answers)
    return [replace(answer, reply=replace(answer.reply, joules=share)) for answer in answers]


def _answers(backend: BatchBackend, asks: list[Ask]) -> list[Answer]:
    try:
        answers = [with_media(backend, _sound(reply)) for reply in backend.answer(asks)]
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001  a stranger's backend may raise anything; it is counted, not fatal
        return [Answer(_failed(error))] * len(asks)
    if len(answers) != len(asks):
        lost = Reply(Finish.FAILED, error=f"the backend gave {len(answers)} replies to {len(asks)} asks")
        return [Answer(lost)] * len(asks)
    return answers


def _sound(reply: object) -> Reply:
    """``reply``, if evidence can hold it; else a FAILED one that says why not."""
    if not isinstance(reply, Reply):
        return Reply(Finish.FAILED, error=f"the backend gave a {type(reply).__name__} where a Reply belongs")
    try:
        dumps(reply)
    except (TypeError, ValueError) as error:
        return Reply(Finish.FAILED, error=f"the backend gave a reply that cannot be recorded: {error}"[:500])
    return reply


async def _ask_concurrently(backend: ConcurrentBackend, asks: Asks, stop: Stop, keep: Keep) -> None:
    waiting = iter(asks)
    done: dict[Digest, Answer] = {}

    async def worker() -> None:
        for key, ask in waiting:
            if stop.due:
                return
            try:
                # No other ask runs between a reply and the fetching of its files: neither awaits.
                done[key] = with_media(backend, _sound(await backend.answer_one(ask)))
            except HarnessError:
                raise
            except Exception as error:  # noqa: BLE001  as in `_answers`
                done[key] = Answer(_failed(error))

    def commit() -> None:
        if done:
            ready = dict(done)
            done.clear()
            keep(ready)

    async def commit_regularly() -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            commit()

    committer = asyncio.create_task(commit_regularly())
    workers = [asyncio.create_task(worker()) for _ in range(max(1, min(backend.in_flight, len(asks))))]
    try:
        await _first_failure([*workers], committer)
    finally:
        for task in (*workers, committer):
            task.cancel()
        await asyncio.gather(*workers, committer, return_exceptions=True)
        commit()
        await backend.aclose()


async def _first_failure(workers: list[asyncio.Task[None]], committer: asyncio.Task[None]) -> None:
    """Wait for all workers; raise at once what one of them, or the committer, raised."""
    pending: set[asyncio.Task[None]] = {*workers, committer}
    while pending - {committer}:
        finished, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in finished:
            task.result()
