"""Pictures of a run: those of its report, for those who may see single cases, encoded here whatever lay there."""

from __future__ import annotations

import hashlib
import shutil
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.canonical import digest, dumps, loads
from harness.config import parse
from harness.contracts import ShowingProbe
from harness.errors import AccessError
from harness.evidence.bundle import read_bundle
from harness.execute import Stop
from harness.images.pictures import from_png
from harness.query.access import Role
from harness.query.library import open_library
from harness.query.pictures import pictures, pictures_named
from harness.registry import Registry
from harness.report.gallery import gallery
from harness.run import Request, Silent, audit

DRAWING = """
[model]
backend = "control"
copying = 0.5
[run]
profile = "smoke"
probes = ["memorisation.replication", "memorisation.membership"]
[probe."memorisation.replication"]
images = 24
originals = 40
[probe."memorisation.membership"]
records = 10
"""
ASKING = """
[model]
backend = "control"
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 6
"""
CELL = "memorisation.replication@training"
READERS = (Role.AUDITOR, Role.ADMIN)


def run(text, store):
    config = parse(text, overrides={"run.store": str(store)})
    request = Request(config, text, {"run.store": str(store)}, store.parent)
    return audit(request, Registry(config.plugins.allow), stop=Stop(), watch=Silent()).folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The bundle of a model that draws every second picture off a training picture; no test may change it."""
    return run(DRAWING, tmp_path_factory.mktemp("drawing") / "runs")


@pytest.fixture
def copy(bundle, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(bundle, tmp_path / "runs" / bundle.name)


def seen(folder, role=Role.AUDITOR):
    return pictures(open_library(folder.parent, role), folder.name)


def opened_files(folder, monkeypatch, act):
    """Names of the pictures that ``act`` reads."""
    read, real = [], type(folder).read_bytes

    def watched(path):
        if path.parent.name == "media":
            read.append(path.name)
        return real(path)

    monkeypatch.setattr(type(folder), "read_bytes", watched)
    act()
    return read


def test_they_are_the_pictures_of_the_report_in_its_order(bundle):
    found = seen(bundle)
    whole, probes = read_bundle(bundle), {}
    for cell in loads((bundle / "run.json").read_bytes())["plan"]["cells"]:
        probe = Registry().create("probe", cell["probe"], cell["settings"])
        if isinstance(probe, ShowingProbe):
            probes[f"{cell['probe']}@{cell['dataset']}"] = probe
    report = gallery(whole, probes)
    assert found.note == report.drawn.note
    assert [its.label for its in found.drawn] == [
        its.label for _, its_group in report.drawn.groups for its in its_group
    ]
    assert set(found.walls) == set(report.walls) == {CELL}
    wall = found.walls[CELL]
    assert [(its.title, its.note) for its in wall.panels] == [(i.title, i.note) for i in report.walls[CELL].panels]
    assert wall.left_out == report.walls[CELL].left_out


def test_pairs_come_most_alike_first_and_a_copy_is_its_original(bundle):
    panels = seen(bundle).walls[CELL].panels
    distances = [float(its.title.split()[1]) for its in panels]
    assert distances == sorted(distances)
    first = panels[0]
    assert first.pictures[0].label == "drawn"
    # It copies half of what it draws: the likest pair is one picture twice.
    assert distances[0] < 0.2
    assert first.pictures[0].png == first.pictures[1].png


def test_who_sees_no_single_case_sees_no_picture_and_is_told_why(bundle, monkeypatch):
    read = opened_files(bundle, monkeypatch, lambda: seen(bundle, Role.POLICY))
    assert read == []
    found = seen(bundle, Role.POLICY)
    assert (found.drawn, found.walls) == ((), {})
    assert "Pictures are for auditors" in found.hidden
    for role in READERS:
        assert seen(bundle, role).drawn
        assert not seen(bundle, role).hidden


@pytest.mark.parametrize(("tier", "sees"), [("public", READERS), ("raw", READERS), ("sealed", (Role.ADMIN,))])
def test_a_bundle_may_ask_for_a_stricter_tier_and_not_for_a_laxer_one(copy, tier, sees):
    manifest = loads((copy / "manifest.json").read_bytes())
    for file in manifest["files"]:
        file["tier"] = tier if file["path"].startswith("media/") else file["tier"]
    (copy / "manifest.json").write_bytes(dumps(manifest))
    assert [role for role in Role if seen(copy, role).drawn] == list(sees)


def test_only_files_that_are_shown_are_opened(bundle, monkeypatch):
    found = seen(bundle)
    shown = len(found.drawn) + sum(len(its.pictures) for its in found.walls[CELL].panels)
    read = opened_files(bundle, monkeypatch, lambda: seen(bundle))
    there = len(list((bundle / "media").iterdir()))
    assert 0 < len(read) <= shown < there


def test_what_leaves_was_encoded_here_and_single_pixels_are_squares(bundle):
    names = {path.name for path in (bundle / "media").iterdir()}
    for its in seen(bundle).drawn:
        assert f"{hashlib.sha256(its.png).hexdigest()}.png" not in names
        pixels = from_png(its.png)
        squares = pixels.shape[0] // its.height
        assert pixels.shape[:2] == (its.height * squares, its.width * squares)
        assert squares * max(its.height, its.width) >= 96
        assert (pixels[:squares, :squares] == pixels[0, 0]).all()


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


HEAD = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<svg onload=alert(1)></svg>", "the file is no PNG"),
        (HEAD + chunk(b"IHDR", (50_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"), "pixels"),
        (HEAD + chunk(b"IHDR", (8).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00") + b"junk", "cannot be decoded"),
        (HEAD + chunk(b"IHDR", (8).to_bytes(4, "big") * 2 + b"\x10\x00\x00\x00\x00"), "cannot be decoded"),
    ],
)
def test_a_forged_picture_is_named_and_not_shown(copy, content, why):
    """Even where the forger has written its digest wherever the bundle names it."""
    table = pq.read_table(copy / "replies.parquet")
    ask = next(
        case.ask for case in read_bundle(copy).cases[CELL] if case.groups["arm"] == "drawn" and case.id == "draw/0"
    )
    name = f"{hashlib.sha256(content).hexdigest()}.png"
    (copy / "media" / name).write_bytes(content)
    rows = table.to_pylist()
    for row in rows:
        if row["ask_digest"] == str(digest(ask)):
            row["media"] = dumps([name]).decode()
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), copy / "replies.parquet")
    found = seen(copy)
    (its,) = [one for one in found.drawn if not one.png]
    assert why in its.missing
    assert "seed 0" in its.label
    assert len(found.drawn) == len(seen(copy).drawn)


def test_a_picture_that_is_gone_is_told(copy):
    for path in (copy / "media").iterdir():
        path.unlink()
    found = seen(copy)
    assert found.drawn
    assert {its.missing for its in found.drawn} == {"the file is not there"}


def test_a_run_without_pictures_has_none_and_hides_none(tmp_path):
    folder = run(ASKING, tmp_path / "runs")
    for role in Role:
        found = seen(folder, role)
        assert (found.drawn, found.walls, found.hidden) == ((), {}, "")


def test_the_pictures_of_one_reply_come_in_its_order_for_who_sees_single_cases(copy):
    names = sorted(path.name for path in (copy / "media").iterdir())[:2]
    auditor = open_library(copy.parent, Role.AUDITOR)
    found = pictures_named(auditor, copy.name, [names[1], names[0], "../run.json", names[0]])
    assert [its.label for its in found] == [f"picture {place}" for place in (1, 2, 3, 4)]
    assert [bool(its.png) for its in found] == [True, True, False, True]
    assert found[1].png == found[3].png != found[0].png
    assert found[2].missing == "the file is not there"
    with pytest.raises(AccessError):
        pictures_named(open_library(copy.parent, Role.POLICY), copy.name, names)
