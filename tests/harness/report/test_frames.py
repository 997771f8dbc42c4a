from __future__ import annotations

import struct
from base64 import b64decode

import pytest

from harness.canonical import digest_bytes
from harness.errors import BundleError
from harness.evidence.media import Media
from harness.report.frames import count_pictures, frame

HEADER = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"


def png(width=8, height=6, rest=b"\x08\x00\x00\x00\x00"):
    """As much of a PNG as is looked at."""
    return HEADER + struct.pack(">II", width, height) + rest


def kept(content):
    name = f"{digest_bytes(content).hex}.png"
    return name, {name: content}


def test_a_picture_is_in_the_page_byte_for_byte():
    name, media = kept(png())
    shown = frame(name, "drawn", media)
    opening, _, data = shown.source.partition(",")
    assert (opening, b64decode(data)) == ("data:image/png;base64", media[name])
    assert (shown.width, shown.height, shown.size, shown.missing) == (8, 6, len(media[name]), "")
    assert shown.alt == "drawn, 8 by 6 pixels"


@pytest.mark.parametrize(("side", "tiny"), [(1, True), (96, True), (97, False), (4096, False)])
def test_small_pictures_are_told_from_large_ones(side, tiny):
    name, media = kept(png(side, 1))
    assert (frame(name, "drawn", media).tiny, frame(name, "drawn", media).missing) == (tiny, "")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"GIF89a, and no PNG at all", "the file is no PNG"),
        (b"", "the file is no PNG"),
        (HEADER, "the file is no PNG"),
        (HEADER.replace(b"IHDR", b"IDAT") + bytes(20), "the file is no PNG"),
        (png(0, 5), "it is of 0 by 5 pixels; shown are 1 to 4,096 a side"),
        (png(5, 4097), "it is of 5 by 4,097 pixels; shown are 1 to 4,096 a side"),
        (png(2**32 - 1, 2**32 - 1), "it is of 4,294,967,295 by 4,294,967,295 pixels; shown are 1 to 4,096 a side"),
    ],
)
def test_what_no_browser_should_be_given_is_not_shown_and_the_reason_is(content, why):
    name, media = kept(content)
    shown = frame(name, "drawn", media)
    assert (shown.source, shown.size, shown.missing) == ("", 0, why)


def test_a_picture_that_is_missing_or_another_one_leaves_its_place_and_the_reason():
    name, media = kept(png())

    def gone(_):
        raise BundleError("cannot be read")

    assert frame("0" * 64 + ".png", "drawn", media).missing == "the file is not there"
    assert frame(name, "drawn", Media((name,), gone)).missing == "the file is not there"
    assert frame(name, "drawn", {name: png(9)}).missing == "the file is not the one that was recorded"
    assert frame("../run.json", "drawn", {"../run.json": png()}).source == ""


def test_labels_are_made_harmless_and_cut():
    name, media = kept(png())
    assert frame(name, "\x1b[31mred\u202e", media).label == r"\x1b[31mred\u202e"
    assert len(frame(name, "x" * 10_000, media).label) == 120


def test_pictures_of_a_report_are_counted_where_there_is_one(tmp_path):
    assert count_pictures(tmp_path) == 0
    (tmp_path / "report.html").write_text('<img src="data:image/png;base64,AA"><img src="data:image/png;base64,AB">')
    assert count_pictures(tmp_path) == 2
