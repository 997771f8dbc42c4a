"""Backends that draw are held to `harness.contracts.DrawingBackend`, and those that know their training to more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from harness.canonical import digest, digest_bytes, dumps, from_json, loads
from harness.contracts import TRAINING, BatchBackend, DrawingBackend, Identity, InvertingBackend, TrainedBackend
from harness.errors import ModelError
from harness.images.pictures import from_png
from harness.records import Ask, Capability, DrawAsk, Finish, GenerateAsk, LossAsk, RecordAsk, Reply
from harness.registry import Plugin

TOLERANCE = 2
"""Levels of 255 by which a pixel may differ between batches: arithmetic in batches is rounded in another order."""


TARGETS = {
    "control": "harness.backends.control:Control",
    "local": "harness.backends.local:Local",
    "diffusers": "harness.backends.diffusers:Diffusers",
}


@dataclass(frozen=True)
class Subject:
    """A backend to be held to the contract, and how it is asked for an image."""

    name: str
    settings: dict[str, Any]
    label: int | None = None
    prompt: str | None = None

    def made(self) -> Any:
        return Plugin("backend", self.name, TARGETS[self.name], "rai-harness", "0").create(self.settings)

    def asks(self, n: int, first: int = 0) -> list[DrawAsk]:
        return [DrawAsk(seed, prompt=self.prompt, label=self.label) for seed in range(first, first + n)]


SUBJECTS = [
    "control",
    "vae",
    pytest.param("gan", marks=pytest.mark.slow),
    pytest.param("diffusion", marks=pytest.mark.slow),
    pytest.param("text_to_image", marks=pytest.mark.slow),
    pytest.param("ddim", marks=pytest.mark.slow),
    pytest.param("stable_diffusion", marks=pytest.mark.slow),
]


@pytest.fixture(params=SUBJECTS)
def subject(request, tiny_folder):
    name = request.param
    if name == "control":
        return Subject("control", {"seed": 3, "heedless": 0.0, "copying": 0.0}, label=1)
    if name in ("vae", "gan", "diffusion", "text_to_image"):
        asked = {"prompt": "a red circle"} if name == "text_to_image" else {"label": 7}
        return Subject("local", {"checkpoint": str(tiny_folder(name)), "device": "cpu", "batch": 4}, **asked)
    settings = {"model": str(tiny_folder(name)), "device": "cpu", "steps": 3, "batch": 3}
    return Subject("diffusers", settings, prompt="a b c" if name == "stable_diffusion" else None)


def images(backend: Any, asks: list[Ask]) -> list[np.ndarray]:
    replies = backend.answer(asks)
    assert {reply.finish for reply in replies} == {Finish.STOP}
    return [from_png(backend.media(reply.media[0])).astype(int) for reply in replies]


def furthest(one: list[np.ndarray], other: list[np.ndarray]) -> int:
    """Largest difference of any pixel between the images of two lists."""
    return max(int(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


def test_it_has_the_shape_of_a_backend_that_draws(subject):
    backend = subject.made()
    assert isinstance(backend, BatchBackend)
    assert isinstance(backend, DrawingBackend)
    assert Capability.DRAW in backend.capabilities
    # The scripted one takes prompts, labels and neither.
    prompted = subject.prompt is not None or subject.name == "control"
    assert (Capability.TEXT_TO_IMAGE in backend.capabilities) is prompted
    assert backend.batch_tokens > 0
    assert backend.length(DrawAsk(0)) > 0


def test_its_identity_is_stable_canonical_and_covers_its_details(subject):
    first, again = subject.made().identity(), subject.made().identity()
    assert first == again
    assert (first.backend, first.digest) == (subject.name, digest(first.details))
    assert from_json(Identity, loads(dumps(first))) == first


def test_every_image_is_named_by_its_content_and_kept_until_the_next_asks(subject):
    backend = subject.made()
    replies = backend.answer(subject.asks(3))
    for reply in replies:
        (name,) = reply.media
        content = backend.media(name)
        assert name == f"{digest_bytes(content).hex}.png"
        assert from_png(content).shape[2] in (1, 3)
        assert from_json(Reply, loads(dumps(reply))) == reply
    with pytest.raises(KeyError):
        backend.media("0" * 64 + ".png")
    (other,) = backend.answer(subject.asks(1, first=50))
    assert backend.media(other.media[0])
    with pytest.raises(KeyError):
        backend.media(replies[1].media[0])


def test_one_seed_gives_one_image_and_another_seed_another(subject):
    first, again = images(subject.made(), subject.asks(4)), images(subject.made(), subject.asks(4))
    assert furthest(first, again) == 0
    others = images(subject.made(), subject.asks(4, first=100))
    assert all(np.abs(a - b).max() > TOLERANCE for a, b in zip(first, others, strict=True))
    assert all(np.abs(a - b).max() > TOLERANCE for a, b in pairwise(first))


def test_an_image_does_not_depend_on_what_else_is_in_the_batch(subject):
    backend, asks = subject.made(), subject.asks(6)
    whole = images(backend, asks)
    assert furthest(whole, [images(backend, [ask])[0] for ask in asks]) <= TOLERANCE
    assert furthest(whole, images(backend, asks[::-1])[::-1]) <= TOLERANCE


def test_a_jitter_changes_the_image_it_is_asked_of_and_no_other(subject):
    backend, asks = subject.made(), subject.asks(4)
    whole = images(backend, asks)
    turned = [replace(ask, jitter=1.0) for ask in asks]
    if subject.name == "diffusers":
        assert {reply.finish for reply in backend.answer(turned)} == {Finish.FAILED}
        return
    assert all(np.abs(a - b).max() > TOLERANCE for a, b in zip(whole, images(backend, turned), strict=True))
    # In one batch with those that are asked with jitter, the others stay as they were, and so do these.
    mixed = [asks[0], turned[1], asks[2], replace(asks[3], jitter=0.5)]
    beside = images(backend, mixed)
    assert furthest(beside[::2], whole[::2]) <= TOLERANCE
    assert furthest(beside, [images(backend, [ask])[0] for ask in mixed]) <= TOLERANCE


def test_what_it_cannot_do_or_honour_is_a_failed_reply_beside_the_others(subject):
    backend = subject.made()
    bad: list[Ask] = [DrawAsk(-1), DrawAsk(2**63), DrawAsk(0, label=10**6), DrawAsk(0, prompt="a", label=0)]
    bad += [LossAsk("nobody"), RecordAsk("nobody")]
    if Capability.GENERATE not in backend.capabilities:
        bad.append(GenerateAsk("text"))
    replies = backend.answer([*bad, *subject.asks(2)])
    assert [reply.finish for reply in replies] == [Finish.FAILED] * len(bad) + [Finish.STOP] * 2
    assert all(reply.error and "\n" not in reply.error for reply in replies[: len(bad)])
    assert backend.answer([]) == []


def test_it_can_be_closed_twice_and_opened_again(subject):
    backend = subject.made()
    before = images(backend, subject.asks(1))
    backend.close()
    backend.close()
    assert furthest(before, images(backend, subject.asks(1))) == 0


# ── training data ─────────────────────────────────────────────────────────────────────────


def test_it_tells_of_its_training_data_what_probes_need(subject):
    backend = subject.made()
    if Capability.TRAINING_DATA not in backend.capabilities:
        assert subject.name == "diffusers"
        return
    assert isinstance(backend, TrainedBackend)
    data = backend.training_data()
    assert (data.name, data.origin) == (TRAINING, "model")
    assert data == backend.training_data()
    names = [row["record"] for row in data.rows]
    assert len(set(names)) == len(names)
    assert {row["role"] for row in data.rows} <= {"member", "nonmember", "validation"}
    assert all((row["repeats"] > 0) == (row["role"] == "member") for row in data.rows)
    assert {row["asked_by"] for row in data.rows} == {"label" if subject.prompt is None else "prompt"}
    assert loads(dumps(list(data.rows))) == list(data.rows)
    members, pixels = backend.members()
    assert list(members) == [row["record"] for row in data.rows if row["role"] == "member"]
    for place in (0, len(members) - 1):
        (shown,) = images(backend, [RecordAsk(members[place])])
        assert np.array_equal(shown, pixels[place])


def test_noise_is_estimated_for_each_image_or_refused(subject):
    backend = subject.made()
    if not isinstance(backend, InvertingBackend):
        return
    drawn = np.stack(images(backend, subject.asks(3))).astype(np.uint8)
    invertible = hasattr(subject.made()._open() if subject.name == "local" else backend, "invert")
    if isinstance(backend, TrainedBackend):
        assert {row["invertible"] for row in backend.training_data().rows} == {invertible}
    if not invertible:
        with pytest.raises(ModelError, match="cannot tell which noise"):
            backend.noise(drawn)
        return
    noise = backend.noise(drawn)
    assert (len(noise), noise.ndim, noise.dtype) == (3, 4, np.float32)
    assert np.isfinite(noise).all()
    with pytest.raises(ModelError, match="no noise can be found"):
        backend.noise(drawn[:, :3, :3])


def test_losses_are_finite_repeatable_and_do_not_depend_on_the_batch(subject):
    backend = subject.made()
    if Capability.LOSS not in backend.capabilities:
        return
    records = [row["record"] for row in backend.training_data().rows[:9]]
    asks: list[Ask] = [LossAsk(record, seed) for seed in (0, 5) for record in records]
    whole = backend.answer([*asks, asks[0]])
    assert whole[-1].losses == whole[0].losses
    assert all("loss" in reply.losses for reply in whole)
    for ask, reply in list(zip(asks, whole, strict=False))[::5]:
        (alone,) = subject.made().answer([ask])
        assert alone.losses == pytest.approx(dict(reply.losses), rel=1e-4, abs=1e-5)
