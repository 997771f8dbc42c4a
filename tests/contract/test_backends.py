"""Backends that need nothing but settings are held to `harness.contracts.BatchBackend`."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from itertools import product

import pytest

from harness.canonical import digest, dumps, from_json, loads
from harness.contracts import TRAINING, Backend, BatchBackend, Budget, Dataset, Identity
from harness.data import load
from harness.errors import NotApplicableError
from harness.records import Ask, Capability, DrawAsk, Finish, GenerateAsk, LossAsk, RecordAsk, Reply, ScoreAsk
from harness.registry import Registry

REGISTRY = Registry()
"""One for all tests: finding out what is installed takes longer than most of them."""

SETTINGS: dict[str, dict[str, object]] = {
    "control": {"refusal": 0.1, "empty": 0.1, "seed": 3},
    "control on text": {"refusal": 0.1, "empty": 0.1, "trained_on": "text", "verbatim": 0.5},
}
"""Backends that answer without weights, files or a server, and how they are set; the first word is their name."""

TRAINED: tuple[dict[str, object], ...] = ({}, {"references": 7}, {"trained_on": "text"})
"""Scripted models whose training data asks are made of: any backend's will do for their shape."""

each_backend = pytest.mark.parametrize("name", sorted(SETTINGS))


def made(name: str) -> BatchBackend:
    backend: BatchBackend = REGISTRY.create("backend", name.partition(" ")[0], SETTINGS[name])
    return backend


@cache
def training_data() -> tuple[Dataset, ...]:
    return tuple(REGISTRY.create("backend", "control", settings).training_data() for settings in TRAINED)


def asks() -> list[Ask]:
    """Some of what every installed probe asks, in every way it asks."""
    found: list[Ask] = []
    for name in sorted(REGISTRY.installed("probe")):
        probe = REGISTRY.create("probe", name)
        source = probe.card.datasets[0]
        for way, data in product(probe.card.needs, training_data() if source == TRAINING else (load(source),)):
            with suppress(NotApplicableError):
                found += [case.ask for case in probe.cases(data, Budget(8, 0, way))]
    return found


@each_backend
def test_it_has_the_shape_of_a_backend(name):
    backend = made(name)
    assert isinstance(backend, Backend)
    assert isinstance(backend, BatchBackend)
    assert backend.batch_tokens > 0
    assert backend.capabilities
    assert backend.capabilities <= set(Capability)


@each_backend
def test_its_identity_is_stable_canonical_and_covers_its_details(name):
    first, again = made(name).identity(), made(name).identity()
    assert first == again
    assert first.backend == name.partition(" ")[0]
    assert first.digest == digest(first.details)
    assert from_json(Identity, loads(dumps(first))) == first


@each_backend
def test_every_ask_gets_one_reply_in_its_place(name):
    backend, some = made(name), asks()
    replies = backend.answer(some)
    assert len(replies) == len(some)
    assert backend.answer([]) == []
    for ask, reply in zip(some, replies, strict=True):
        if reply.finish is Finish.STOP and isinstance(ask, ScoreAsk) and reply.scores:
            assert len(reply.scores) == len(ask.continuations)
        if reply.finish is Finish.STOP and isinstance(ask, GenerateAsk):
            assert reply.text is not None


@each_backend
def test_a_reply_does_not_depend_on_what_else_is_in_the_batch(name):
    some = asks()
    whole = made(name).answer(some)
    alone = [made(name).answer([ask])[0] for ask in some[:10]]
    turned = made(name).answer(some[::-1])[::-1]
    assert whole[:10] == alone
    assert whole == turned


@each_backend
def test_replies_survive_being_written_down(name):
    for reply in made(name).answer(asks()):
        assert from_json(Reply, loads(dumps(reply))) == reply


@each_backend
def test_likelihoods_are_at_most_zero_and_start_within_their_text(name):
    some = [ask for ask in asks() if isinstance(ask, ScoreAsk)]
    for ask, reply in zip(some, made(name).answer(some), strict=True):
        for text, score in zip(ask.continuations, reply.scores, strict=False):
            assert len(score.logprobs) == len(score.starts)
            assert max(score.logprobs) <= 0
            assert list(score.starts) == sorted(score.starts)
            assert 0 <= score.starts[0] <= score.starts[-1] < len(text)


@each_backend
def test_a_longer_ask_costs_more_tokens(name):
    backend = made(name)
    short, long = GenerateAsk("One word"), GenerateAsk("One word " * 50)
    assert 0 < backend.length(short) < backend.length(long)
    assert backend.length(ScoreAsk("", ("a",))) > 0


@each_backend
def test_what_it_cannot_do_is_a_failed_reply_not_an_exception(name):
    backend = made(name)
    # Nobody draws from a seed below 0, and nobody was trained on this record: where it can, it fails as well.
    for ask in (DrawAsk(seed=-1), LossAsk("no such record"), RecordAsk("no such record")):
        (reply,) = backend.answer([ask])
        assert reply.finish is Finish.FAILED
        assert reply.error
        assert not reply.media
        assert not reply.losses


@each_backend
def test_it_can_be_closed_twice(name):
    backend = made(name)
    backend.close()
    backend.close()
    assert backend.identity() == made(name).identity()
