"""A layered backend is answered by rounds: what all its asks want of the backend beneath is asked together.

Each backend has its own journal, so what a layer leaves as it is, and what it has asked before, is not asked again; and
a run that was killed goes on within the steps of an ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.canonical import Digest, digest
from harness.contracts.mitigations import LayeredBackend, Steps
from harness.errors import HarnessError
from harness.records import Ask, Finish, Reply, Usage

__all__ = ["Round", "Walked", "walk"]

MOST_ROUNDS = 100
"""A layer that asks on and on is broken: its asks end as FAILED."""

Round = Callable[[Sequence[Ask]], Mapping[Digest, Reply]]
"""Answers asks beneath; leaves out what it did not come to, because the run was stopped."""


@dataclass(slots=True)
class Walked:
    """One ask on its way.

    Attributes:
        steps: Its generator.
        wanted: What it waits for; empty once it has its reply.
        heard: Replies it was sent, each ask once.
        reply: What it came to.
    """

    steps: Steps
    wanted: tuple[Ask, ...] = ()
    heard: dict[Digest, Reply] | None = None
    reply: Reply | None = None

    def go_on(self, replies: Sequence[Reply] | None) -> None:
        """Send ``replies``, None at first, and learn what it wants next."""
        try:
            self.wanted = tuple(next(self.steps) if replies is None else self.steps.send(replies))
        except StopIteration as end:
            self._end(end.value if isinstance(end.value, Reply) else _broken("it ended without a reply"))
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001  a stranger's mitigation may raise anything; it is counted, not fatal
            self._end(_broken(f"{type(error).__name__}: {error}"))

    def hear(self, replies: Mapping[Digest, Reply]) -> None:
        """Take the replies to what it wants."""
        its = {digest(ask): replies[digest(ask)] for ask in self.wanted}
        self.heard = {**(self.heard or {}), **its}
        self.go_on([its[digest(ask)] for ask in self.wanted])

    def give_up(self, why: str) -> None:
        """End it as FAILED."""
        self.steps.close()
        self._end(_broken(why))

    def _end(self, reply: Reply) -> None:
        self.wanted, self.reply = (), _with_cost(reply, list((self.heard or {}).values()))


def walk(backend: LayeredBackend, asks: Mapping[Digest, Ask], ask: Round) -> dict[Digest, Reply]:
    """Answer ``asks`` through the backend beneath; those that were not all answered there are left out.

    Args:
        backend: The layer.
        asks: By digest.
        ask: Answers beneath.
    """
    walked = {key: Walked(backend.steps(one)) for key, one in asks.items()}
    for one in walked.values():
        one.go_on(None)
    for _ in range(MOST_ROUNDS):
        waiting = [one for one in walked.values() if one.wanted]
        if not waiting:
            break
        replies = ask([wanted for one in waiting for wanted in one.wanted])
        ready = [one for one in waiting if all(digest(wanted) in replies for wanted in one.wanted)]
        for one in ready:
            one.hear(replies)
        if len(ready) < len(waiting):
            # The run was stopped: what could be ended in this round is kept, the rest is asked next time.
            break
    else:
        for one in walked.values():
            if one.wanted:
                one.give_up(f"it still asks after {MOST_ROUNDS} rounds")
    return {key: one.reply for key, one in walked.items() if one.reply is not None}


def _with_cost(reply: Reply, heard: Sequence[Reply]) -> Reply:
    """Give ``reply`` the cost of all that was asked for it."""
    joules = [one.joules for one in heard if one.joules is not None]
    return replace(
        reply,
        usage=Usage(sum(one.usage.prompt_tokens for one in heard), sum(one.usage.output_tokens for one in heard)),
        seconds=sum(one.seconds for one in heard),
        retries=sum(one.retries for one in heard),
        joules=sum(joules) if heard and len(joules) == len(heard) else None,
    )


def _broken(why: str) -> Reply:
    return Reply(Finish.FAILED, error=f"the mitigation gave no reply: {why}"[:500])
