from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import digest, digest_bytes
from harness.contracts import Identity
from harness.errors import ModelError
from harness.execute import Journal, Stop, ask_all
from harness.execute.batches import batches
from harness.records import Capability, Finish, GenerateAsk, Reply, ScoreAsk

MODEL = digest_bytes(b"a model")


@dataclass
class Fake:
    """Answers with the prompt in upper case, and remembers how it was asked."""

    batch_tokens: int = 40
    capabilities = frozenset({Capability.GENERATE})
    batches: list = field(default_factory=list)
    error: Exception | None = None

    def identity(self):
        return Identity("fake", "fake", MODEL, {})

    def length(self, ask):
        return len(ask.prompt)

    def answer(self, asks):
        self.batches.append(list(asks))
        if self.error:
            raise self.error
        return [Reply(Finish.STOP, text=ask.prompt.upper()) for ask in asks]

    def close(self):
        pass


@dataclass
class Remote:
    """The same, one at a time and many at once."""

    in_flight: int = 5
    capabilities = frozenset({Capability.GENERATE})
    now: int = 0
    most: int = 0
    asked: list = field(default_factory=list)
    error_at: str = ""
    error: Exception | None = None
    closed: bool = False
    pause: float = 0.001

    def identity(self):
        return Identity("remote", "remote", MODEL, {})

    async def answer_one(self, ask):
        self.asked.append(ask)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.pause)
        self.now -= 1
        if ask.prompt == self.error_at and self.error:
            raise self.error
        return Reply(Finish.STOP, text=ask.prompt.upper())

    async def aclose(self):
        self.closed = True

    def close(self):
        pass


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.sqlite", MODEL) as journal:
        yield journal


ASKS = [GenerateAsk(f"prompt {'x' * (number % 7)} {number}") for number in range(60)]


@pytest.mark.parametrize("backend", [Fake(), Remote()], ids=["batches", "concurrent"])
def test_every_ask_gets_its_own_reply(backend, journal):
    asked = ask_all(backend, ASKS, journal, stop=Stop())
    assert {key: reply.text for key, reply in asked.replies.items()} == {digest(a): a.prompt.upper() for a in ASKS}
    assert (asked.reused, asked.left) == (0, 0)


@pytest.mark.parametrize("backend", [Fake(), Remote()], ids=["batches", "concurrent"])
def test_nothing_that_was_answered_is_asked_again(backend, journal):
    first = ask_all(backend, ASKS[:20], journal, stop=Stop())
    sent = list(backend.asked if isinstance(backend, Remote) else [a for batch in backend.batches for a in batch])
    again = ask_all(backend, ASKS, journal, stop=Stop())
    now = backend.asked if isinstance(backend, Remote) else [a for batch in backend.batches for a in batch]
    assert len(now) == len(set(now)) == len(ASKS)
    assert (len(sent), again.reused) == (20, 20)
    assert all(again.replies[key] == reply for key, reply in first.replies.items())


def test_equal_asks_are_sent_once(journal):
    backend = Fake()
    ask_all(backend, [ASKS[0]] * 9, journal, stop=Stop())
    assert sum(map(len, backend.batches)) == 1


def test_a_reply_is_durable_before_anyone_is_told(journal):
    told = []

    def listen(replies):
        told.extend(replies)
        assert set(journal.replies(list(replies))) == set(replies)

    ask_all(Fake(), ASKS, journal, stop=Stop(), on_replies=listen)
    assert sorted(told) == sorted(map(digest, ASKS))


def test_no_more_than_the_allowed_number_is_in_flight(journal):
    backend = Remote(in_flight=5)
    ask_all(backend, ASKS, journal, stop=Stop())
    assert backend.most == 5
    assert backend.closed


def test_a_backend_that_raises_gives_failed_replies_with_the_reason(journal):
    asked = ask_all(Fake(error=RuntimeError("out of memory")), ASKS, journal, stop=Stop())
    assert {reply.finish for reply in asked.replies.values()} == {Finish.FAILED}
    assert "RuntimeError in answer: out of memory" in next(iter(asked.replies.values())).error
    assert journal.count() == 0


def test_one_raising_request_does_not_disturb_the_others(journal):
    backend = Remote(error_at=ASKS[7].prompt, error=OSError("reset"))
    asked = ask_all(backend, ASKS, journal, stop=Stop())
    failed = [key for key, reply in asked.replies.items() if reply.finish is Finish.FAILED]
    assert failed == [digest(ASKS[7])]


def test_an_error_of_ours_ends_the_run_and_keeps_what_was_answered(journal):
    backend = Remote(in_flight=1, error_at=ASKS[7].prompt, error=ModelError("the key is wrong"))
    with pytest.raises(ModelError, match="the key is wrong"):
        ask_all(backend, ASKS, journal, stop=Stop())
    assert journal.count() == 7
    assert backend.closed


def test_a_backend_that_loses_replies_is_found_out(journal):
    class Forgetful(Fake):
        def answer(self, asks):
            return super().answer(asks)[1:]

    asked = ask_all(Forgetful(), ASKS[:4], journal, stop=Stop())
    assert all("replies to" in reply.error for reply in asked.replies.values())


@pytest.mark.parametrize("backend", [Fake(), Remote(pause=0.05)], ids=["batches", "concurrent"])
def test_a_stopped_run_says_how_much_is_left_and_goes_on_from_there(backend, journal):
    stop = Stop()
    seen = []

    def listen(replies):
        seen.extend(replies)
        if seen:
            stop.interrupted.set()

    first = ask_all(backend, ASKS, journal, stop=stop, on_replies=listen)
    assert 0 < len(first.replies) < len(ASKS)
    assert first.left == len(ASKS) - len(first.replies)
    second = ask_all(backend, ASKS, journal, stop=Stop())
    assert (second.left, second.reused) == (0, len(first.replies))


def test_a_time_limit_stops_the_run():
    assert Stop(0.0).due
    assert not Stop(60.0).due
    assert not Stop().due


def test_resumed_batches_are_those_of_an_uninterrupted_run(journal, tmp_path):
    whole, half = Fake(), Fake()
    ask_all(whole, ASKS, journal, stop=Stop())
    with Journal(tmp_path / "other.sqlite", MODEL) as other:
        stop = Stop()
        ask_all(half, ASKS, other, stop=stop, on_replies=lambda r: stop.interrupted.set() if r else None)
        ask_all(half, ASKS, other, stop=Stop())
    assert half.batches == whole.batches


LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=40)


@given(LENGTHS, st.integers(10, 80), st.randoms(use_true_random=False))
def test_batches_fit_the_budget_lose_nothing_and_do_not_depend_on_order(lengths, budget, random):
    asks = [(digest(ask), ask) for n, size in enumerate(lengths) for ask in [GenerateAsk("p" * size, seed=n)]]
    made = list(batches(asks, lambda ask: len(ask.prompt), budget))
    shuffled = random.sample(asks, len(asks))
    assert list(batches(shuffled, lambda ask: len(ask.prompt), budget)) == made
    assert sorted(key for batch in made for key, _ in batch) == sorted(key for key, _ in asks)
    assert all(len(b) == 1 or len(b) * max(len(a.prompt) for _, a in b) <= budget for b in made)


def test_asks_of_different_kinds_or_settings_never_share_a_batch():
    asks = [GenerateAsk("a"), GenerateAsk("b", temperature=1.0), ScoreAsk("c", ("d",)), GenerateAsk("e")]
    made = list(batches([(digest(ask), ask) for ask in asks], lambda _: 1, 100))
    assert sorted(len(batch) for batch in made) == [1, 1, 2]
