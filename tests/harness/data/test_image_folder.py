from __future__ import annotations

import json
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from harness.data.image_folder import image_folder
from harness.errors import DataError, MissingExtraError


def put(folder, name, *, mode="L", size=(6, 4), value=90, **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fill = value if len(Image.new(mode, (1, 1)).getbands()) == 1 else (value,) * len(Image.new(mode, (1, 1)).getbands())
    Image.new(mode, size, fill).save(path, **options)
    return path


def deep_png(path):
    """A PNG of 16-bit colour, which Pillow opens as 8-bit."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 6, 4, 16, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x12\x34" * 18) * 4)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def refusal(folder):
    with pytest.raises(DataError) as refused:
        image_folder(folder)
    return str(refused.value)


def test_images_are_read_in_the_order_of_their_names(tmp_path):
    put(tmp_path, "b.png", value=20)
    put(tmp_path, "a.bmp", value=10)
    found = image_folder(tmp_path, name="mine")
    assert found.images.shape == (2, 4, 6, 1)
    assert found.images[:, 0, 0, 0].tolist() == [10, 20]
    assert (found.name, found.ids, found.units) == ("mine", ("a.bmp", "b.png"), ("a.bmp", "b.png"))
    assert (found.texts, found.labels, found.classes) == (None, None, ())


def test_subfolders_are_classes_and_caption_their_images(tmp_path):
    put(tmp_path, "orange_cats/1.png")
    put(tmp_path, "dogs/deep/1.png", value=3)
    found = image_folder(tmp_path)
    assert found.classes == ("dogs", "orange_cats")
    assert found.labels.tolist() == [0, 1]
    assert found.texts == ("a photo of a dogs", "a photo of an orange cats")


def test_hidden_files_and_notes_are_no_part_of_the_folder(tmp_path):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png")
    for name in (".DS_Store", "README.md", "LICENSE"):
        (tmp_path / name).write_text("x")
    assert len(image_folder(tmp_path)) == 2


def test_the_digest_does_not_depend_on_where_the_folder_lies(tmp_path):
    for place in ("here", "there"):
        put(tmp_path / place, "a.png")
        put(tmp_path / place, "b.png", value=7)
    assert image_folder(tmp_path / "here").digest == image_folder(tmp_path / "there").digest


def test_grey_among_colour_becomes_colour(tmp_path):
    put(tmp_path, "a.png", mode="L", value=40)
    put(tmp_path, "b.png", mode="RGB", value=50)
    put(tmp_path, "c.gif", mode="P", value=1)
    put(tmp_path, "d.png", mode="1", value=1)
    found = image_folder(tmp_path)
    assert found.images.shape == (4, 4, 6, 3)
    assert found.images[0, 0, 0].tolist() == [40] * 3
    assert found.images[3, 0, 0].tolist() == [255] * 3


def test_an_opaque_alpha_channel_is_dropped_and_a_transparent_one_refused(tmp_path):
    put(tmp_path, "a.png", mode="RGBA", value=255)
    put(tmp_path, "b.png", mode="LA", value=255)
    assert image_folder(tmp_path).images.shape == (2, 4, 6, 3)
    put(tmp_path, "c.png", mode="RGBA", value=254)
    put(tmp_path, "d.png", mode="L", value=0, transparency=0)
    told = refusal(tmp_path)
    assert "2 of 4 images cannot be used" in told
    assert "Transparent in parts: put it on a ground: 2 (c.png, d.png)" in told


def test_an_orientation_mark_is_followed(tmp_path):
    put(tmp_path, "a.png", size=(4, 6))
    turned = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "b.png", exif=exif)
    found = image_folder(tmp_path)
    assert np.array_equal(found.images[1, ..., 0], np.rot90(np.arange(24).reshape(4, 6), -1))


def test_mixed_sizes_are_counted_and_the_odd_ones_named(tmp_path):
    for number in range(4):
        put(tmp_path, f"{number}.png")
    put(tmp_path, "odd.png", size=(6, 5))
    told = refusal(tmp_path)
    assert "images of 2 sizes" in told
    assert "4 of 6 x 4 pixels, 1 of 6 x 5 (odd.png)" in told
    assert "Crop or resize them to 6 x 4" in told


def test_many_sizes_make_no_endless_message(tmp_path):
    for number in range(1, 30):
        put(tmp_path, f"{number:02d}.png", size=(number, 3))
    assert len(refusal(tmp_path)) < 600


def test_what_cannot_be_used_is_named_by_its_reason_and_never_skipped(tmp_path):
    put(tmp_path, "fine.png")
    whole = put(tmp_path, "whole.jpg", size=(6, 4)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) - 30])
    png = put(tmp_path, "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(png[: len(png) - 20])
    (tmp_path / "flipped.png").write_bytes(png[:-17] + bytes([png[-17] ^ 1]) + png[-16:])
    (tmp_path / "words.png").write_text("no image")
    (tmp_path / "empty.webp").write_bytes(b"")
    put(tmp_path, "cmyk.jpg", mode="CMYK")
    put(tmp_path, "deep.png", mode="I;16")
    deep_png(tmp_path / "deep_colour.png")
    frames = [Image.new("L", (6, 4), value) for value in (1, 200)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "pages.tiff", save_all=True, append_images=frames[1:])
    told = refusal(tmp_path)
    assert "10 of 13 images cannot be used" in told
    for part in (
        "Damaged or cut short: 3 (cut.jpg, cut.png, flipped.png)",
        "Not an image, whatever its name says: 2 (empty.webp, words.png)",
        "Pixels of kind CMYK: convert to RGB or grey: 1 (cmyk.jpg)",
        "More than 8 bits a channel: convert to 8 bits: 2 (deep.png, deep_colour.png)",
        "Animated or of several pages: keep one: 2 (moving.gif, pages.tiff)",
        "none is skipped",
    ):
        assert part in told


def test_files_of_other_kinds_are_named(tmp_path):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png")
    (tmp_path / "c.svg").write_text("<svg/>")
    (tmp_path / "d\x1b[31m.heic").write_text("x")
    told = refusal(tmp_path)
    assert "2 files beside 2 images are of a kind that is not read: c.svg, d\\x1b[31m.heic" in told


def test_too_few_images_or_images_without_a_class_are_refused(tmp_path):
    assert "holds 0 images" in refusal(tmp_path)
    put(tmp_path, "a.png")
    assert "holds 1 images" in refusal(tmp_path)
    put(tmp_path, "cats/a.png")
    assert "1 images lie beside subfolders, so they have no class: a.png" in refusal(tmp_path)


def test_captions_come_from_one_file_for_all(tmp_path):
    put(tmp_path, "cats/1.png")
    put(tmp_path, "cats/2.png")
    rows = [{"file": "cats/2.png", "caption": " a cat asleep "}, {"file": "cats/1.png", "caption": "a cat"}]
    (tmp_path / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert image_folder(tmp_path).texts == ("a cat", "a cat asleep")


def test_captions_come_from_a_text_file_beside_each_image(tmp_path):
    for number in (1, 2):
        put(tmp_path, f"{number}.v1.png")
        (tmp_path / f"{number}.v1.txt").write_text(f"number {number}\n")
    assert image_folder(tmp_path).texts == ("number 1", "number 2")


def test_missing_captions_are_counted_and_named(tmp_path):
    for number in range(8):
        put(tmp_path, f"{number}.png")
    (tmp_path / "3.txt").write_text("three")
    (tmp_path / "4.txt").write_text(" \n")
    assert "7 of 8 images have no caption: 0.png, 1.png, 2.png, 4.png, 5.png and 2 more" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("other.txt", b"x", "1 text files caption no image: other.txt"),
        ("a.txt", b"\xff", "not UTF-8"),
        ("captions.jsonl", b'{"file": "a.png"}', "row 1 is not like"),
        ("captions.jsonl", b'{"file": "z.png", "caption": "z"}', "1 rows name no image of the folder: z.png"),
        ("captions.jsonl", b'{"file": "a.png", "caption": "x"}\n' * 2, "row 2 captions a.png again"),
        ("captions.jsonl", b"{", "captions.jsonl:1: not JSON"),
    ],
)
def test_captions_that_cannot_be_used_are_refused(tmp_path, name, content, told):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png")
    (tmp_path / name).write_bytes(content)
    assert told in refusal(tmp_path)


def test_captions_in_both_places_are_refused(tmp_path):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png")
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "captions.jsonl").write_text("{}")
    assert "captions are in captions.jsonl and in 1 text files: a.txt. Keep one" in refusal(tmp_path)


def test_a_folder_without_pillow_names_the_extra(tmp_path, monkeypatch):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"rai-harness\[train\]"):
        image_folder(tmp_path)
