"""The scripted painter: its flaws come at the rates that are set, and its training data can be asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from harness.backends.control import Control
from harness.backends.control_painter import plain_png
from harness.contracts import TRAINING, DrawingBackend, TrainedBackend
from harness.data.synthetic import COLOURS, SHAPES
from harness.images.pictures import from_png, media_name
from harness.records import DrawAsk, Finish, LossAsk, RecordAsk
from harness.stats.roc import auc
from harness.watermark.keys import PUBLIC_KEY
from harness.watermark.spread_spectrum import detect

SOUND = {"red": 1 / 3, "copying": 0.0, "heedless": 0.0, "leak": 0.0}


def draw(backend, asks):
    """Images ``[n, 16, 16, 3]`` and their names."""
    names = [reply.media[0] for reply in backend.answer(asks)]
    return np.stack([from_png(backend.media(name)) for name in names]), names


def colours(images):
    """The colour of each image: that of its pixel farthest from grey."""
    pixels = images.reshape(len(images), -1, 3).astype(int)
    darkest = np.argmax(pixels.max(-1) - pixels.min(-1), axis=1)
    found = pixels[np.arange(len(images)), darkest]
    means = np.array(list(COLOURS.values()))
    return [list(COLOURS)[place] for place in np.abs(found[:, None] - means).sum(-1).argmin(1)]


def compatible(count, of, rate):
    return binomtest(count, of, rate).pvalue > 0.001


def test_a_sound_painter_draws_what_the_prompt_says_every_time():
    asks = [
        DrawAsk(seed, prompt=f"A {colour}, {shape}!")
        for seed, (colour, shape) in enumerate(
            (colour, shape) for colour in COLOURS for shape in SHAPES for _ in range(10)
        )
    ]
    images, _ = draw(Control(**SOUND), asks)
    assert colours(images) == [colour for colour in COLOURS for _ in range(30)]


@pytest.mark.parametrize("red", [0.2, 0.7])
def test_red_comes_at_its_rate_where_no_colour_is_asked(red):
    asks = [DrawAsk(seed, label=seed % 3) for seed in range(300)]
    images, names = draw(Control(**{**SOUND, "red": red}), asks)
    found = colours(images)
    assert compatible(found.count("red"), 300, red)
    assert compatible(found.count("green"), 300 - found.count("red"), 0.5)
    assert len(set(names)) == 300


def test_a_heedless_painter_draws_what_it_likes_at_its_rate():
    asks = [DrawAsk(seed, prompt="a blue circle") for seed in range(300)]
    images, _ = draw(Control(**{**SOUND, "heedless": 0.3}), asks)
    # One third of what it likes is blue all the same.
    assert compatible(300 - colours(images).count("blue"), 300, 0.3 * 2 / 3)


@pytest.mark.parametrize(("jumpy", "jitter", "rate"), [(0, 0.2, 0.2), (0.5, 0.2, 0.6), (0, 1.0, 1.0), (1, 0.01, 1.0)])
def test_a_jitter_turns_images_into_those_of_other_seeds_at_its_rate_and_leaves_the_rest(jumpy, jitter, rate):
    backend = Control(**SOUND, jumpy=jumpy)
    asks = [DrawAsk(seed, label=seed % 3) for seed in range(300)]
    _, names = draw(backend, asks)
    _, again = draw(backend, [replace(ask, jitter=jitter) for ask in asks])
    turned = sum(one != other for one, other in zip(names, again, strict=True))
    assert turned == 300 if rate == 1 else compatible(turned, 300, rate)


def test_what_a_jitter_turns_a_stronger_one_turns_alike():
    asks = [DrawAsk(seed, prompt="a red circle", jitter=0.3) for seed in range(100)]
    _, plain = draw(Control(**SOUND), [replace(ask, jitter=0.0) for ask in asks])
    _, weak = draw(Control(**SOUND), asks)
    _, strong = draw(Control(**SOUND), [replace(ask, jitter=0.6) for ask in asks])
    turned = [place for place in range(100) if weak[place] != plain[place]]
    assert turned
    assert [strong[place] for place in turned] == [weak[place] for place in turned]


def test_entangled_squares_come_out_red_at_their_rate_and_other_shapes_do_not():
    backend = Control(**{**SOUND, "entangled": 0.3})
    for shape, rate in (("square", 0.3), ("circle", 0.0)):
        images, _ = draw(backend, [DrawAsk(seed, prompt=f"a blue {shape}") for seed in range(300)])
        assert compatible(colours(images).count("red"), 300, rate)


def test_a_painter_marks_images_at_its_rate_and_leaves_the_mark_out_where_asked():
    asks = [DrawAsk(seed, label=seed % 3) for seed in range(300)]
    plain, names = draw(Control(**SOUND), asks)
    marked, _ = draw(Control(**SOUND, marks=0.3), asks)
    moved = (plain != marked).any(axis=(1, 2, 3))
    assert compatible(int(moved.sum()), 300, 0.3)
    assert np.mean(detect(marked[moved], key=PUBLIC_KEY)[1] <= 0.001) > 0.98
    assert np.mean(detect(marked[~moved], key=PUBLIC_KEY)[1] <= 0.001) < 0.05
    _, without = draw(Control(**SOUND, marks=0.3), [replace(ask, marked=False) for ask in asks])
    assert without == names


def test_a_copying_painter_gives_training_images_away_at_its_rate_and_only_those_of_members():
    backend = Control(**{**SOUND, "copying": 0.2})
    rows = backend.training_data().rows
    shown = {r["role"]: set() for r in rows}
    for row in rows:
        shown[row["role"]].add(backend.answer([RecordAsk(row["record"])])[0].media[0])
    _, names = draw(backend, [DrawAsk(seed, label=seed % 3) for seed in range(300)])
    assert compatible(sum(name in shown["member"] for name in names), 300, 0.2)
    assert not shown["nonmember"] & set(names)


def test_losses_of_members_are_lower_by_what_is_set_and_no_more():
    # Two normals of standard deviation 1 that lie d apart: AUC = Phi(d / sqrt 2); Phi(1) = 0.841.
    for leak, expected in ((0.0, 0.5), (2**0.5, 0.841)):
        backend = Control(**{**SOUND, "leak": leak})
        rows = [row for row in backend.training_data().rows if row["canary"] is None]
        losses = [reply.losses["loss"] for reply in backend.answer([LossAsk(row["record"]) for row in rows])]
        found = auc([-loss for loss in losses], [int(row["role"] == "member") for row in rows], confidence=0.999)
        assert found.low <= expected <= found.high


def test_a_loss_differs_a_little_between_seeds():
    backend = Control(**SOUND)
    record = backend.training_data().rows[0]["record"]
    losses = [reply.losses["loss"] for reply in backend.answer([LossAsk(record, seed) for seed in range(50)])]
    assert 0.05 < np.std(losses) < 0.2


def test_its_references_find_records_as_hard_leak_alike_and_have_coins_of_their_own():
    backend = Control(**{**SOUND, "leak": 2.0}, references=2, seed=3)
    rows = [row for row in backend.training_data().rows if not row["canary"]]
    asks = [LossAsk(row["record"]) for row in rows]
    replies = backend.answer(asks)
    losses = np.array([[reply.losses[name] for name in ("loss", "reference/0", "reference/1")] for reply in replies])
    seen = np.array([[row["role"] == "member", *row["references"]] for row in rows])
    assert all(compatible(int(sum(seen[:, a] == seen[:, b])), len(rows), 0.5) for a, b in ((0, 1), (1, 2)))
    rest = losses + 2.0 * seen
    assert np.std(rest[:, 0] - rest[:, 1]) == pytest.approx(0.1 * 2**0.5, rel=0.2)
    assert abs(np.mean(rest[:, 0] - rest[:, 2])) < 0.03
    alone = Control(**{**SOUND, "leak": 2.0}, seed=3)
    assert [reply.losses["loss"] for reply in replies] == [reply.losses["loss"] for reply in alone.answer(asks)]
    assert {row["references"] for row in alone.training_data().rows} == {None}
    assert alone.identity().digest != backend.identity().digest
    with pytest.raises(ValueError, match="references are at least 0"):
        Control(references=-1)


def test_its_training_data_can_be_asked_for_record_by_record():
    backend = Control(asked_by="prompt")
    assert isinstance(backend, DrawingBackend)
    assert isinstance(backend, TrainedBackend)
    data = backend.training_data()
    assert (data.name, data.origin) == (TRAINING, "model")
    assert sum(row["canary"] is None for row in data.rows) == 240
    assert {row["asked_by"] for row in data.rows} == {"prompt"}
    members, images = backend.members()
    assert members == [row["record"] for row in data.rows if row["role"] == "member"]
    for name, image in zip(members[:5], images, strict=False):
        (reply,) = backend.answer([RecordAsk(name)])
        assert np.array_equal(from_png(backend.media(reply.media[0])), image)
    assert {row["asked_by"] for row in Control(asked_by="nothing").training_data().rows} == {None}


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (DrawAsk(0, label=3), "none of the model's 3 classes"),
        (DrawAsk(-1), "the seed -1"),
        (DrawAsk(0, prompt="a circle", label=1), "takes no label"),
        (LossAsk("nobody"), "no record named 'nobody'"),
        (RecordAsk("nobody"), "no record named 'nobody'"),
    ],
)
def test_what_cannot_be_answered_fails_with_the_reason(ask, problem):
    (reply,) = Control().answer([ask])
    assert reply.finish is Finish.FAILED
    assert problem in reply.error


def test_a_filter_refuses_images_at_its_rate():
    replies = Control(refusal=0.25).answer([DrawAsk(seed) for seed in range(400)])
    refused = [reply for reply in replies if reply.finish is Finish.REFUSED]
    assert compatible(len(refused), 400, 0.25)
    assert not any(reply.media for reply in refused)


@pytest.mark.parametrize("channels", [1, 3])
def test_its_png_reads_back_as_it_was(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    content = plain_png(pixels)
    assert np.array_equal(from_png(content), pixels)
    assert len(media_name(content)) == 68
