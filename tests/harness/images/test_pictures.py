import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from harness.images.pictures import from_png, grid, media_name, to_bytes, to_floats, to_png

images = arrays(np.uint8, st.tuples(st.just(1), st.integers(1, 9), st.integers(1, 9), st.sampled_from((1, 3))))


@given(images)
def test_png_returns_every_pixel(batch):
    assert np.array_equal(from_png(to_png(batch[0])), batch[0])


@given(images)
def test_bytes_survive_the_trip_through_floats(batch):
    assert np.array_equal(to_bytes(to_floats(batch)), batch)


def test_floats_outside_the_range_are_cut_off_not_wrapped():
    assert to_bytes(np.array([[[[-3.0, -1.0, 1.0, 7.0]]]])).ravel().tolist() == [0, 0, 255, 255]


def test_equal_images_have_one_name_and_others_another():
    black, grey = np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 7, np.uint8)
    assert media_name(to_png(black)) == media_name(to_png(black.copy())) != media_name(to_png(grey))


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n", b"GIF89a" + b"\0" * 40])
def test_what_is_no_png_is_refused(content):
    with pytest.raises(ValueError, match="not a readable PNG"):
        from_png(content)


def test_a_png_with_transparency_is_refused(tmp_path):
    Image.new("RGBA", (2, 2)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="mode RGBA"):
        from_png((tmp_path / "a.png").read_bytes())


def test_a_grid_shows_each_image_once_in_reading_order():
    batch = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * 10
    shown = grid(batch, columns=3, gap=1)
    assert shown.shape == (5, 7, 1)
    assert [shown[1, 1, 0], shown[1, 3, 0], shown[1, 5, 0], shown[3, 1, 0], shown[3, 3, 0]] == [0, 10, 20, 30, 40]
    assert shown[3, 5, 0] == 128
    assert grid(batch, columns=3, scale=4).shape == (20, 28, 1)
