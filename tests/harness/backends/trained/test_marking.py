"""Watermarks in what a checkpoint draws: there when asked for, gone when not, and the key in no record of it."""

from __future__ import annotations

import numpy as np
import pytest

from harness.backends.local import Local
from harness.backends.trained.marking import Mark, check_settings, open_mark
from harness.canonical import dumps
from harness.contracts import InvertingBackend
from harness.errors import ModelError, UsageError
from harness.images.pictures import from_png
from harness.models.kinds import KINDS, is_invertible
from harness.records import DrawAsk
from harness.watermark import spread_spectrum, tree_ring
from harness.watermark.keys import PUBLIC_KEY, fingerprint

torch = pytest.importorskip("torch")

KEY = "a long and random key, 0123456789"
HALF = [DrawAsk(seed, marked=seed % 2 == 0) for seed in range(6)]


def pictures(backend, asks):
    return np.stack([from_png(backend.media(reply.media[0])) for reply in backend.answer(asks)])


# ── the mark itself ───────────────────────────────────────────────────────────────────────


def test_a_tree_ring_mark_is_in_the_noise_of_those_asks_alone_that_want_it():
    mark, noise = Mark("tree_ring", KEY, 4.0), torch.randn((6, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    marked = mark.in_noise(noise, HALF)
    assert torch.equal(marked[1::2], noise[1::2])
    assert np.array_equal(marked[::2].numpy(), tree_ring.embed(noise[::2].numpy(), key=KEY, radius=4.0))
    assert mark.in_pictures(np.zeros((6, 4, 4, 1), np.uint8), HALF).max() == 0


def test_a_spread_spectrum_mark_is_in_the_pictures_of_those_asks_alone_that_want_it():
    mark, plain = Mark("spread_spectrum", KEY, 5.0), np.full((6, 16, 16, 1), 100, np.uint8)
    marked = mark.in_pictures(plain, HALF)
    assert np.array_equal(marked[1::2], plain[1::2])
    assert np.array_equal(marked[::2], spread_spectrum.embed(plain[::2], key=KEY, strength=5.0))
    noise = torch.zeros((6, 1, 4, 4))
    assert mark.in_noise(noise, HALF) is noise
    assert plain.min() == plain.max() == 100


def test_asks_without_a_mark_leave_all_as_it_is():
    asks = [DrawAsk(0, marked=False)] * 2
    noise, plain = torch.zeros((2, 1, 8, 8)), np.zeros((2, 8, 8, 1), np.uint8)
    for scheme in ("tree_ring", "spread_spectrum"):
        mark = Mark(scheme, KEY, 3.0)
        assert mark.in_noise(noise, asks) is noise
        assert mark.in_pictures(plain, asks) is plain


def test_noise_too_small_for_the_radius_is_refused():
    with pytest.raises(ModelError, match=r"cannot carry the mark: no coefficient of 2 x 2.*watermark_strength"):
        Mark("tree_ring", KEY, 3.0).in_noise(torch.zeros((1, 1, 2, 2)), [DrawAsk(0)])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        (("ink", None, None), "watermark is spread_spectrum or tree_ring, not 'ink'"),
        ((None, "WM_KEY", None), "need a watermark"),
        ((None, None, 3.0), "need a watermark"),
        (("tree_ring", KEY, None), "watermark_key_env is the NAME"),
        (("tree_ring", None, 0.0), "watermark_strength is above 0"),
        (("spread_spectrum", None, float("inf")), "watermark_strength is above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, match):
    with pytest.raises(ValueError, match=match) as error:
        check_settings(*settings)
    assert KEY not in str(error.value)
    with pytest.raises(ValueError, match=match):
        Local("x", **dict(zip(("watermark", "watermark_key_env", "watermark_strength"), settings, strict=True)))


def test_only_kinds_that_can_be_inverted_carry_a_tree_ring_mark():
    for kind in ("vae", "gan"):
        assert open_mark("spread_spectrum", None, None, kind=kind).strength == spread_spectrum.STRENGTH
        with pytest.raises(ModelError, match=f"kind '{kind}' cannot carry a tree_ring mark"):
            open_mark("tree_ring", None, None, kind=kind)
    for kind in ("diffusion", "text_to_image"):
        assert open_mark("tree_ring", None, None, kind=kind) == Mark("tree_ring", PUBLIC_KEY, tree_ring.RADIUS)
    with pytest.raises(ModelError, match="draws no pictures"):
        open_mark("spread_spectrum", None, None, kind="language")
    assert open_mark(None, None, None, kind="language") is None


def test_what_is_said_to_be_invertible_has_the_method():
    pytest.importorskip("diffusers")
    for kind, place in KINDS.items():
        module, _, name = place.partition(":")
        assert hasattr(getattr(__import__(module, fromlist=[name]), name), "invert") == is_invertible(kind)


# ── a checkpoint that marks ───────────────────────────────────────────────────────────────


def test_a_checkpoint_marks_its_pictures_and_leaves_the_mark_out_where_asked(tiny_folder, monkeypatch):
    monkeypatch.setenv("WM_KEY", KEY)
    settings = {"checkpoint": str(tiny_folder("vae")), "device": "cpu"}
    plain = Local(**settings)
    marking = Local(**settings, watermark="spread_spectrum", watermark_key_env="WM_KEY", watermark_strength=20.0)
    asks = [DrawAsk(seed, label=seed % 10, marked=seed < 30) for seed in range(60)]
    before, after = pictures(plain, asks), pictures(marking, asks)
    assert np.array_equal(after[:30], spread_spectrum.embed(before[:30], key=KEY, strength=20.0))
    assert np.array_equal(after[30:], before[30:])


def test_the_identity_tells_keys_schemes_and_strengths_apart_and_holds_no_key(tiny_folder, monkeypatch):
    monkeypatch.setenv("WM_KEY", KEY)
    folder = str(tiny_folder("vae"))

    def identity(**settings):
        return Local(folder, device="cpu", **settings).identity()

    own = {"watermark": "spread_spectrum", "watermark_key_env": "WM_KEY"}
    found = [identity(), identity(watermark="spread_spectrum"), identity(**own), identity(**own, watermark_strength=3)]
    monkeypatch.setenv("WM_KEY", f"{KEY} changed")
    found.append(identity(**own))
    assert len({its.digest for its in found}) == 5
    assert found[0].details["watermark"] is None
    assert found[2].details["watermark"] == {
        "scheme": "spread_spectrum",
        "strength": spread_spectrum.STRENGTH,
        "key": str(fingerprint(KEY)),
    }
    assert all(KEY not in dumps(its).decode() for its in found)


def test_the_key_is_missed_when_the_model_is_looked_at_and_not_before(tiny_folder, monkeypatch):
    monkeypatch.delenv("WM_KEY", raising=False)
    made = Local(str(tiny_folder("vae")), device="cpu", watermark="spread_spectrum", watermark_key_env="WM_KEY")
    with pytest.raises(UsageError, match="export WM_KEY="):
        made.identity()


def test_a_model_that_cannot_be_inverted_says_so_to_probes_and_to_those_who_mark(tiny_folder):
    vae = Local(str(tiny_folder("vae")), device="cpu", watermark="tree_ring")
    assert {row["invertible"] for row in vae.training_data().rows} == {False}
    with pytest.raises(ModelError, match="cannot carry a tree_ring mark"):
        vae.identity()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["diffusion", "text_to_image"])
def test_a_diffusion_model_carries_a_tree_ring_mark_in_the_noise_it_starts_from(tiny_folder, kind):
    folder = str(tiny_folder(kind))
    plain, marking = Local(folder, device="cpu"), Local(folder, device="cpu", watermark="tree_ring")
    assert {row["invertible"] for row in marking.training_data().rows} == {True}
    said = {"prompt": "a red circle"} if kind == "text_to_image" else {"label": 1}
    asks = [DrawAsk(seed, marked=seed < 3, **said) for seed in range(6)]
    before, after = pictures(plain, asks), pictures(marking, asks)
    assert np.array_equal(after[3:], before[3:])
    assert all((one != other).any() for one, other in zip(before[:3], after[:3], strict=True))
    assert isinstance(marking, InvertingBackend)
    assert marking.noise(after).shape[0] == 6
