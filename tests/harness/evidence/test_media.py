"""Images in a bundle: each named by a reply and by its own content, or a finding."""

from __future__ import annotations

import json
import shutil
from io import BytesIO

import pyarrow.parquet as pq
import pytest

from harness.canonical import digest, digest_bytes, dumps
from harness.errors import BundleError
from harness.evidence import tables
from harness.evidence.bundle import Evidence, read_bundle, write_bundle
from harness.evidence.manifest import MANIFEST, STATEMENT, build_manifest, build_statement
from harness.evidence.media import Media, in_folder, named
from harness.evidence.verify import verify
from harness.records import DrawAsk, Finish, LossAsk, Reply
from harness.registry import Registry


def pictures(bundle):
    return sorted((bundle / "media").glob("*.png"))


def resign(bundle):
    """Make manifest and statement fit whatever the files now hold, as a forger would."""
    paths = [path for path in bundle.rglob("*") if path.is_file() and path.name not in {MANIFEST, STATEMENT}]
    manifest = dumps(build_manifest({p.relative_to(bundle).as_posix(): p.read_bytes() for p in paths}), indent=2)
    (bundle / MANIFEST).write_bytes(manifest)
    model = json.loads((bundle / "run.json").read_text())["plan"]["identity"]
    (bundle / STATEMENT).write_bytes(build_statement(manifest, model, None))


def fatal(bundle):
    """What is wrong; that the code was edited since, as it may be while tests run, is a note."""
    return {(finding.where, finding.what) for finding in verify(bundle, Registry()) if finding.fatal}


def swap(bundle):
    """Exchange two pictures' contents."""
    one, other = pictures(bundle)[:2]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    return {one, other}


def change(bundle):
    one = pictures(bundle)[0]
    one.write_bytes(one.read_bytes()[:-1] + b"!")
    return {one}


def lose(bundle):
    one = pictures(bundle)[0]
    one.unlink()
    return {one}


def add(bundle):
    one = bundle / "media" / f"{'0' * 64}.png"
    one.write_bytes(pictures(bundle)[0].read_bytes())
    return {one}


def bury(bundle):
    one = bundle / "media" / "deeper" / pictures(bundle)[0].name
    one.parent.mkdir()
    one.write_bytes(pictures(bundle)[0].read_bytes())
    return {one}


def test_a_bundle_has_every_image_that_its_replies_name_and_whoever_tampers_is_found(pictures_run, tmp_path):
    evidence, folder = pictures_run.evidence, pictures_run.folder
    names = named(evidence.replies.values())
    assert [path.name for path in pictures(folder)] == list(names)
    assert len(names) > 30
    manifest = {entry["path"]: entry for entry in json.loads((folder / MANIFEST).read_text())["files"]}
    for name in names:
        content = (folder / "media" / name).read_bytes()
        assert name == f"{digest_bytes(content).hex}.png"
        entry = manifest[f"media/{name}"]
        assert (entry["digest"], entry["type"], entry["tier"]) == (str(digest_bytes(content)), "image/png", "raw")
    read = read_bundle(folder)
    assert dict(read.media) == dict(evidence.media)
    assert read.replies == evidence.replies
    assert any(reply.losses for reply in read.replies.values())
    assert fatal(folder) == set()
    for tamper in (swap, change, lose, add, bury):
        # A forger who only touches files, and one who makes every digest fit afterwards.
        for forge in (False, True):
            bundle = shutil.copytree(folder, tmp_path / f"{tamper.__name__}-{forge}")
            touched = {path.relative_to(bundle).as_posix() for path in tamper(bundle)}
            if forge:
                resign(bundle)
            found = fatal(bundle)
            assert {where for where, _ in found} - {STATEMENT} == touched, tamper.__name__


def test_a_name_that_leads_elsewhere_is_never_followed(tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "secret.png").write_text("secret")
    found = in_folder(tmp_path, ("../secret.png",))
    with pytest.raises(BundleError, match="is no image's name"):
        found["../secret.png"]


def test_images_are_read_one_at_a_time_and_only_when_asked_for():
    asked = []
    names = tuple(sorted(f"{digit * 64}.png" for digit in "0af"))
    media = Media(names, lambda name: asked.append(name) or b"content")
    assert (len(media), list(media), asked) == (3, list(names), [])
    assert media[names[1]] == b"content"
    assert asked == [names[1]]
    assert "b" * 64 + ".png" not in media
    with pytest.raises(KeyError):
        media["b" * 64 + ".png"]


def test_a_bundle_whose_images_cannot_be_read_is_not_written(tmp_path):
    def gone(name):
        raise BundleError(f"{name} is gone")

    name = f"{'0' * 64}.png"
    run = {"plan": {"identity": {"name": "painter", "digest": str(digest({}))}}}
    replies = {digest(DrawAsk(0)): Reply(Finish.STOP, media=(name,))}
    with pytest.raises(BundleError, match="is gone"):
        write_bundle(tmp_path / "run-1", Evidence(run, {}, replies, {}, {}, [], None, Media((name,), gone)), {})
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_before_there_were_losses_is_read():
    replies = {digest(LossAsk("a")): Reply(Finish.STOP, text="t", losses={"loss": 1.5, "bound": 0.5})}
    content = tables.replies_table(replies)
    assert tables.replies_from(content) == replies
    old = BytesIO()
    pq.write_table(pq.read_table(BytesIO(content)).drop_columns(["losses"]), old)
    (reply,) = tables.replies_from(old.getvalue()).values()
    assert (reply.text, reply.losses) == ("t", {})
