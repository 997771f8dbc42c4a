"""Whether what a bundle holds of a training agrees with itself, and with the identity of the model that answered.

The identity has digests of the model's own files, of its data and of who was trained on; the training's manifest has
the same, and those of the files beside it: so pictures, ledger and claim belong to the model whose replies were judged,
or verification says that they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.canonical import digest_bytes, from_json, to_json
from harness.contracts import Identity
from harness.contracts.training import Training, training_of
from harness.errors import BundleError
from harness.evidence.findings import Finding, differences
from harness.evidence.training import FOLDER, LEDGER, MANIFEST, Papers, files_in, read_papers
from harness.privacy.claim import Claim, claim
from harness.privacy.ledger import Ledger

__all__ = ["check_training"]

WHERE = f"{FOLDER}/{MANIFEST}"
WEIGHTS = "model/"
"""What the names of the model's own files begin with, in a checkpoint and in an identity."""
ROUNDING = 1e-6
"""By which an epsilon may lie below the one that is computed here."""


FROM_LEDGER = ("adjacency", "unit", "records", "largest_unit", "sampling", "mechanisms", "touched")
"""Fields of a claim that stand in the ledger too."""


def check_training(folder: Path, run: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything that is wrong with the ``training`` folder of the bundle at ``folder``; nothing where it has none.

    Args:
        folder: Of the bundle; its files are as its manifest says.
        run: The content of its ``run.json``.
    """
    try:
        papers = read_papers(folder)
    except BundleError as error:
        yield Finding(FOLDER, str(error))
        return
    if papers is None:
        return
    identity: Identity = from_json(Identity, run["plan"]["identity"])
    yield from _check_files(files_in(folder), papers.manifest)
    told = training_of(identity)
    yield from _check_model(papers.manifest, identity.details, told)
    yield from _check_curve(papers.manifest)
    yield from _check_privacy(papers, told)


def _check_files(files: Mapping[str, Path], manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Every file is the one that the training wrote."""
    declared = _table(manifest.get("files"))
    for name, path in files.items():
        if name != MANIFEST and digest_bytes(path.read_bytes()).hex != declared.get(name):
            yield Finding(f"{FOLDER}/{name}", f"is not the file that {WHERE} names")
    if LEDGER in declared and LEDGER not in files:
        yield Finding(f"{FOLDER}/{LEDGER}", f"is named in {WHERE} and missing")


def _check_model(manifest: Mapping[str, Any], details: Mapping[str, Any], told: Training | None) -> Iterator[Finding]:
    """The record is about the model that answered."""
    if told is None or not isinstance(details.get("files"), dict):
        text = "cannot be held to the model: its identity has no digests of files, or tells nothing of a training"
        yield Finding(WHERE, text, fatal=False)
        return
    data, split = _table(manifest.get("data")), _table(manifest.get("split"))
    ours = {
        "files": {name: its for name, its in _table(manifest.get("files")).items() if name.startswith(WEIGHTS)},
        "kind": manifest.get("kind"),
        "data": data.get("digest"),
        "split": split.get("records_digest"),
        "steps": manifest.get("steps"),
        "weights": manifest.get("parameters"),
        "records": data.get("records"),
        "classes": data.get("classes"),
        **{name: split.get(name) for name in ("members", "nonmembers", "validation", "removed", "canaries")},
    }
    theirs = {**_table(to_json(told)), **{name: details.get(name) for name in ("files", "kind", "data", "split")}}
    for name, its in ours.items():
        if its != theirs.get(name):
            yield Finding(
                f"{WHERE}: {name}", f"is {its!r:.80}, and {theirs.get(name)!r:.80} in the identity of the model"
            )


def _check_curve(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Steps rise from 1 to the last one that was taken, and the weights are of one of them."""
    points = manifest.get("curve")
    steps = [_table(point).get("step") for point in points] if isinstance(points, list) else []
    last, kept = manifest.get("steps"), manifest.get("weights_of")
    whole = [step for step in (*steps, last, kept) if isinstance(step, int) and not isinstance(step, bool)]
    if len(whole) != len(steps) + 2 or not isinstance(last, int) or not isinstance(kept, int):
        yield Finding(WHERE, "has a curve whose steps are no whole numbers")
    elif whole[:-2] != sorted(set(whole[:-2])) or not all(1 <= step <= last for step in (*whole[:-2], kept)):
        yield Finding(WHERE, f"has a curve, or weights, of steps that are not in order from 1 to {last}")


def _check_privacy(papers: Papers, told: Training | None) -> Iterator[Finding]:
    """The claim follows from the ledger, and is the one that the identity tells."""
    stated, spent = papers.manifest.get("claim"), papers.ledger
    if (stated is None) != (spent is None):
        yield Finding(WHERE, f"a claim of privacy and {FOLDER}/{LEDGER} belong together; one of them is missing")
        return
    if stated is None or spent is None:
        if told is not None and len(told.claim) > 2:
            yield Finding(WHERE, "makes no claim of privacy, though the identity tells one")
        return
    try:
        claimed, ledger = Claim.parse(stated), Ledger.parse(spent)
    except (ValueError, TypeError) as error:
        yield Finding(WHERE, f"its claim, or the ledger, cannot be read: {error}")
        return
    if told is not None and tuple(claimed.lines()) != told.claim:
        yield Finding(WHERE, "claims something else of its privacy than the identity tells")
    yield from _check_claim(claimed, ledger)


def _check_claim(claimed: Claim, ledger: Ledger) -> Iterator[Finding]:
    """Hold a claim to its ledger; its epsilon is computed again where the accountants are installed."""
    ours = {name: _table(claimed.dump()).get(name) for name in FROM_LEDGER}
    dumped = {**ledger.dump(), "mechanisms": to_json(ledger.gaussian)}
    yield from differences(f"{WHERE}: claim", ours, {name: dumped.get(name) for name in FROM_LEDGER})
    if claimed.epsilon is None:
        return
    try:
        again = claim(ledger, delta=claimed.delta)
    except ImportError as error:
        text = f"its epsilon is taken as it was recorded: computing it again needs {error.name}"
        yield Finding(WHERE, text, fatal=False)
        return
    if again.epsilon is None:
        yield Finding(WHERE, f"claims an epsilon, which the ledger does not allow: {'; '.join(again.reasons)}")
    elif claimed.epsilon < again.epsilon - ROUNDING * max(1.0, again.epsilon):
        yield Finding(
            WHERE, f"claims epsilon = {claimed.epsilon:.6g}; the steps of the ledger cost {again.epsilon:.6g}"
        )


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
