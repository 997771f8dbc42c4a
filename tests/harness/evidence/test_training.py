"""How a model was trained is part of the evidence: it is there, it is of that model, or verification says why not."""

from __future__ import annotations

import json
from dataclasses import replace
from struct import pack

import pytest

from harness.backends.local import Local
from harness.backends.trained.papers import papers
from harness.canonical import digest_bytes, dumps, loads, to_json
from harness.evidence.bundle import read_bundle, write_bundle
from harness.evidence.training import LARGEST_JSON, MOST_GRIDS, admitted, read_papers
from harness.evidence.training_checks import check_training
from harness.evidence.verify import verify
from harness.registry import Registry
from harness.run import Silent, _papers


@pytest.fixture
def private(small_model):
    """The checkpoint of a VAE that was trained with differential privacy."""
    return small_model("private")


@pytest.fixture
def plain(small_model):
    """The same without."""
    return small_model("plain")


def recorded(checkpoint):
    """The record of a run of that model, as far as the identity goes."""
    return {"plan": {"identity": to_json(Local(str(checkpoint.folder), device="cpu").identity())}}


@pytest.fixture
def held(tmp_path):
    """Return a function that lays a checkpoint's files into a bundle, changed, and says what is wrong with them."""

    def go(checkpoint, change=None, *, of=None):
        files = papers(checkpoint)
        if change is not None:
            change(files)
        for name, content in files.items():
            place = tmp_path / "training" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        found = list(check_training(tmp_path, recorded(of or checkpoint)))
        return "\n".join(f"{one.where} {one.what}" for one in found if one.fatal)

    return go


def in_manifest(change):
    def go(files):
        manifest = loads(files["manifest.json"])
        change(manifest)
        files["manifest.json"] = dumps(manifest, indent=2)

    return go


# ── in a run ──────────────────────────────────────────────────────────────────────────────


TEXT = """
[model]
backend = "local"
checkpoint = "{folder}"
device = "cpu"
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 3
[[mitigation]]
name = "normalise"
"""


@pytest.fixture
def done(tiny_folder, audit_text):
    """A run of a language model that was trained here, under a layer."""
    return audit_text(TEXT.format(folder=tiny_folder("language")))


def test_a_bundle_says_how_the_model_beneath_all_layers_was_trained(done, tiny_folder):
    listed = {one["path"]: one for one in loads((done.folder / "manifest.json").read_bytes())["files"]}
    its = listed["training/manifest.json"]
    content = (done.folder / "training" / "manifest.json").read_bytes()
    ours, theirs = loads(content), loads((tiny_folder("language") / "manifest.json").read_bytes())
    # Its text lay in a folder, whose name is nobody's business.
    assert (ours["data"].pop("name"), ours["recipe"].pop("data")) == ("book.txt", "book.txt")
    assert theirs["data"].pop("name") == theirs["recipe"].pop("data") != "book.txt"
    assert ours == theirs
    assert (its["digest"], its["tier"], its["type"]) == (str(digest_bytes(content)), "auditor", "application/json")
    assert "mitigations" in done.target.plan.identity.details
    assert [finding for finding in verify(done.folder, Registry()) if finding.fatal] == []


def test_a_record_of_another_model_is_found_though_every_digest_fits_and_none_is_needed(done, plain, tmp_path):
    evidence = read_bundle(done.folder)
    bare = write_bundle(tmp_path / "older-1", evidence, {})
    assert [finding for finding in verify(bare, Registry()) if finding.fatal] == []
    assert read_papers(bare) is None
    taken, _ = admitted(papers(plain))
    forged = write_bundle(tmp_path / "forged-1", evidence, taken)
    wrong = [finding.where for finding in verify(forged, Registry()) if finding.fatal]
    assert "training/manifest.json: files" in wrong
    assert "training/manifest.json: kind" in wrong


def test_the_record_changes_neither_the_identity_nor_a_number(tiny_folder, plain):
    its = Local(str(plain.folder), device="cpu")
    before = its.identity()
    its.documents()
    assert its.identity() == before
    assert not any(name.startswith("sample") for name in before.details["files"])


# ── what is handed out ────────────────────────────────────────────────────────────────────


def test_no_folder_is_named_and_everything_else_stays(plain, tmp_path):
    secret = tmp_path / "of a person" / "book.txt"
    recipe = {**plain.manifest.recipe, "data": str(secret), "start": "~/models/first"}
    settings = {**plain.manifest.settings, "pairs": ["C:\\people\\a person\\pairs.jsonl", "../theirs/pairs.jsonl"]}
    data = replace(plain.manifest.data, name=f"text:{tmp_path}/book.txt")
    moved = replace(plain, manifest=replace(plain.manifest, recipe=recipe, settings=settings, data=data))
    told = papers(moved)["manifest.json"].decode()
    assert "person" not in told
    assert str(tmp_path) not in told
    found = json.loads(told)
    assert (found["recipe"]["data"], found["recipe"]["start"]) == ("book.txt", "first")
    assert found["settings"]["pairs"] == ["pairs.jsonl", "pairs.jsonl"]
    assert found["data"]["name"] == "text:book.txt"
    assert found["files"] == plain.manifest.files


def test_a_private_model_has_its_ledger_and_all_pictures(private):
    assert sorted(papers(private)) == [
        *("ledger.json", "manifest.json", "samples.png", "samples/1.png", "samples/3.png", "samples/6.png")
    ]


# ── what a bundle takes ───────────────────────────────────────────────────────────────────


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", width, height)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("../run.json", b"{}", "none of the files"),
        ("records.parquet", b"PAR1", "none of the files"),
        ("samples/007.png", png(8, 8), "none of the files"),
        ("samples/0.png", png(8, 8), "none of the files"),
        ("manifest.json", b"[]", "no JSON object"),
        ("manifest.json", b"{", "not JSON"),
        ("manifest.json", b'{"a": NaN}', "not JSON"),
        ("manifest.json", b" " * LARGEST_JSON + b"{}", "more than"),
        ("samples.png", b"<svg onload=alert(1)>", "no PNG"),
        ("samples.png", png(8, 50_000), "50,000 pixels"),
        ("samples.png", png(0, 8), "0 by 8 pixels"),
    ],
)
def test_what_no_bundle_takes_is_left_out_and_said(name, content, why):
    kept, left = admitted({name: content})
    assert kept == {}
    (reason,) = left
    assert why in reason


def test_no_more_pictures_are_taken_than_a_page_can_show():
    kept, left = admitted({f"samples/{step}.png": png(8, 8) for step in range(1, MOST_GRIDS + 3)})
    assert (len(kept), len(left)) == (MOST_GRIDS, 2)


def test_a_strangers_backend_may_document_its_model_and_is_told_what_was_left_out(acme, calculator_run, tmp_path):
    class Documented(type(calculator_run.done.target.backend)):
        def documents(self):
            return {"manifest.json": b'{"files": {}}', "../../evil": b"x"}

    class Told(Silent):
        def note(self, text):
            notes.append(text)

    notes = []
    taken = _papers(replace(calculator_run.done.target, backend=Documented()), Told())
    assert set(taken) == {"training/manifest.json"}
    assert ["evil" in note for note in notes] == [True]


# ── what verification finds ───────────────────────────────────────────────────────────────


def test_what_a_checkpoint_hands_out_agrees_with_its_identity(private, held):
    assert held(private) == ""


def test_what_a_checkpoint_without_privacy_hands_out_agrees_too(plain, held):
    assert held(plain) == ""


def test_a_ledger_that_no_claim_belongs_to_is_found(private, plain, held):
    assert "belong together" in held(plain, lambda files: files.update({"ledger.json": papers(private)["ledger.json"]}))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda m: m["files"].update({"model/config.json": "0" * 64}), "training/manifest.json: files"),
        (lambda m: m["files"].pop("model/config.json"), "training/manifest.json: files"),
        (lambda m: m.update(steps=7), "training/manifest.json: steps"),
        (lambda m: m["split"].update(members=1), "training/manifest.json: members"),
        (lambda m: m["split"].update(records_digest="sha256:" + "0" * 64), "training/manifest.json: split"),
        (lambda m: m["data"].update(digest="sha256:" + "0" * 64), "training/manifest.json: data"),
        (lambda m: m.update(kind="gan"), "training/manifest.json: kind"),
        (lambda m: m["curve"].reverse(), "steps that are not in order"),
        (lambda m: m["curve"].append({"step": 99}), "steps that are not in order"),
        (lambda m: m["curve"].append({"step": "x"}), "no whole numbers"),
        (lambda m: m.update(weights_of=60), "not in order"),
        (lambda m: m["claim"].update(epsilon=m["claim"]["epsilon"] / 2), "the steps of the ledger cost"),
        (lambda m: m["claim"].update(unit="one person"), "claim: unit"),
        (lambda m: m["claim"]["mechanisms"][0].update(steps=1), "mechanisms"),
        (lambda m: m["claim"].update(extra=1), "cannot be read"),
        (lambda m: m.update(claim=None), "belong together"),
        (lambda m: m["files"].update({"samples.png": "0" * 64}), "training/samples.png is not the file"),
    ],
)
def test_every_change_of_the_record_is_found(private, held, change, where):
    assert where in held(private, in_manifest(change))


def test_another_picture_another_ledger_and_a_strange_file_are_found(private, held, plain):
    def swap(files):
        files["samples/3.png"] = files["samples/1.png"]
        files["ledger.json"] = files["ledger.json"].replace(b'"steps": 6', b'"steps": 5')

    found = held(private, swap)
    assert "training/samples/3.png is not the file" in found
    assert "training/ledger.json is not the file" in found
    assert "none of the files that may be there" in held(private, lambda files: files.update({"notes.txt": b"x"}))


def test_the_record_of_another_training_of_the_same_recipe_is_found(plain, private, held):
    assert "training/manifest.json: files" in held(private, of=plain)


def test_a_manifest_must_lie_beside_the_rest(private, held):
    assert "there is no manifest.json" in held(private, lambda files: files.pop("manifest.json"))


def test_a_link_is_not_followed(private, held, tmp_path):
    held(private)
    (tmp_path / "training" / "samples.png").unlink()
    (tmp_path / "training" / "samples.png").symlink_to("/etc/hostname")
    found = list(check_training(tmp_path, recorded(private)))
    assert "no plain file" in found[0].what


def test_a_model_whose_identity_tells_nothing_is_said_to_be_held_to_nothing(plain, tmp_path):
    place = tmp_path / "training" / "manifest.json"
    place.parent.mkdir()
    place.write_bytes(papers(plain)["manifest.json"].replace(b"samples", b"other"))
    identity = {"backend": "acme", "name": "x", "digest": str(digest_bytes(b"")), "details": {}}
    found = list(check_training(tmp_path, {"plan": {"identity": identity}}))
    assert [finding.fatal for finding in found] == [False]
    assert "cannot be held to the model" in found[0].what
