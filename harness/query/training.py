"""How the model of a run was made: what its identity tells, and what the bundle holds of its training.

A bundle is somebody else's: what it holds is read into records of known types, pictures are decoded and encoded anew,
and what does not fit is absent with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from harness.canonical import digest_bytes, from_json
from harness.contracts import Identity
from harness.contracts.training import Training, training_of
from harness.errors import AccessError, BundleError
from harness.evidence.bundle import read_json
from harness.evidence.training import SAMPLES, Papers, read_papers
from harness.images.pictures import from_png, to_png
from harness.query.access import require
from harness.query.damage import DAMAGE
from harness.report.origins import training_lines

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["CurvePoint", "Energy", "Grid", "Hardware", "Timing", "TrainingRecord", "Untold", "training_record"]

T = TypeVar("T")
Finite = Annotated[float, Field(allow_inf_nan=False)]

SECRET = frozenset({"seed", "toss"})
"""Keys of a recipe by which whoever has the records can tell who was trained on: for auditors."""
OLDER = (
    "This bundle holds no record of the training: it was written before bundles kept one, or by a backend that keeps"
    " none. Run the audit again with `harness run` to have it."
)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of the training curve.

    Attributes:
        step: From 1.
        seconds: Training time up to here.
        loss: Mean training loss since the last point, in the unit of the kind of model; None with privacy.
        validation: Mean loss over records that are never trained on; None where it was not measured here.
        epsilon: Spent so far, at most, by Rényi accounting; None without privacy.
    """

    step: int
    seconds: Finite
    loss: Finite | None = None
    validation: Finite | None = None
    epsilon: Finite | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """How long training took.

    Attributes:
        seconds: In all, without loading data and drawing samples.
        seconds_per_step: On average.
        resumed: How often it was taken up again.
        finished: Time it ended, ISO 8601 in UTC.
    """

    seconds: Finite
    seconds_per_step: Finite
    resumed: int
    finished: str


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy that something took.

    Attributes:
        joules: As the counters of the hardware have it; None where there is no number.
        source: The counters; empty without any.
        reason: Why there is no number, or why a part is missing; empty where nothing is.
    """

    joules: float | None
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hardware:
    """What it was trained on.

    Attributes:
        device: ``cpu`` or ``cuda``.
        name: Of the processor or GPU.
        processors: Logical processors that could be used.
        processes: That trained together.
        precision: ``float32``, or ``bfloat16`` for mixed precision.
    """

    device: str
    name: str
    processors: int
    processes: int
    precision: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Samples of the model after some steps, one class a row; the same seeds at every step.

    Attributes:
        step: After which; of the last grid, the step whose weights were kept.
        png: Decoded and encoded anew; empty where it cannot be shown.
        missing: Why it cannot be shown; empty where it can.
    """

    step: int
    png: bytes
    missing: str = ""


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """How a model that was trained here came to be.

    Attributes:
        told: What the identity of the model tells, in numbers: it is in every bundle of such a model.
        facts: The same in the sentences of the report.
        claim_lines: What may be claimed of its privacy, whole, in sentences; the first says whether anything is.
        kind: ``language``, ``vae``, ``gan``, ``diffusion`` or ``text_to_image``; empty where it is not known.
        curve: Points of the training curve, by step; empty where `missing` says why.
        weights_of: Step whose weights were kept; None where it is not known.
        recipe: Keys of the recipe with JSON values; those that are for auditors are left out for others.
        claim: The claim of privacy as `harness.privacy.claim.Claim.dump` has it, with ``epsilon``, ``delta``,
            ``accountant``, ``unit``, ``mechanisms`` and more; None without privacy, or where it is not known.
        ledger: What a private training spent, as `harness.privacy.ledger.Ledger.dump` has it; None without privacy.
        timing: How long it took; None where it is not known.
        energy: What it took.
        hardware: What it ran on; None where it is not known.
        grids: Samples by step, the first step first; empty for models that write, and where `hidden` says why.
        samples: Samples of the weights that were kept, ten classes at most; None for models that write.
        hidden: Why pictures are not shown; empty where they are, or where there are none.
        missing: Why nothing is known beyond what the identity tells; empty where it is.
    """

    told: Training
    facts: tuple[str, ...]
    claim_lines: tuple[str, ...]
    energy: Energy
    kind: str = ""
    curve: tuple[CurvePoint, ...] = ()
    weights_of: int | None = None
    recipe: Mapping[str, Any] | None = None
    claim: Mapping[str, Any] | None = None
    ledger: Mapping[str, Any] | None = None
    timing: Timing | None = None
    hardware: Hardware | None = None
    grids: tuple[Grid, ...] = ()
    samples: Grid | None = None
    hidden: str = ""
    missing: str = ""

    @property
    def private(self) -> bool:
        """Whether it was trained with differential privacy, whatever became of the claim."""
        return self.claim is not None or any(point.epsilon is not None for point in self.curve)


@dataclass(frozen=True, slots=True)
class Untold:
    """Nothing is known of how a model was trained.

    Attributes:
        reason: Why, in sentences.
    """

    reason: str


def training_record(library: Library, run: str) -> TrainingRecord | Untold:
    """How the model of a run was trained; or why that is not known.

    Losses, the claim and the ledger are aggregates, for all to see. Pictures and seeds are for auditors.

    Raises:
        UsageError: no bundle of the store has that name.
        BundleError: its record cannot be read.
    """
    folder = library.folder(run)
    try:
        identity: Identity = from_json(Identity, read_json(folder, "run.json")["plan"]["identity"])
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder / 'run.json'}: not the record of a run. `harness verify` says more.") from error
    told = training_of(identity)
    if told is None:
        return Untold(
            f"This model is reached through the backend {identity.backend!r}, which does not tell how it was trained:"
            " what it learned from, for how long and with what promise is known to whoever made it."
        )
    bare = TrainingRecord(told, training_lines(told), told.claim, Energy(None, "", "the bundle does not tell"))
    try:
        papers = read_papers(folder)
        return replace(bare, missing=OLDER) if papers is None else _with_papers(bare, papers, library)
    except BundleError as error:
        return replace(bare, missing=f"The record of the training cannot be read: {error}")


def _with_papers(bare: TrainingRecord, papers: Papers, library: Library) -> TrainingRecord:
    manifest = papers.manifest
    try:
        require(library.role, "auditor")
        secret: frozenset[str] = frozenset()
    except AccessError:
        secret = SECRET
    recipe = _read(dict[str, Any], manifest, "recipe")
    told = _read(dict[str, Any], manifest, "energy")
    curve = sorted(_read(tuple[CurvePoint, ...], manifest, "curve"), key=lambda point: point.step)
    grids, samples, hidden = _pictures(papers, library)
    claim = manifest.get("claim")
    return replace(
        bare,
        kind=_read(str, manifest, "kind"),
        curve=tuple(curve),
        weights_of=_read(int, manifest, "weights_of"),
        recipe={key: value for key, value in recipe.items() if key not in secret},
        claim=claim if isinstance(claim, dict) else None,
        ledger=papers.ledger,
        timing=_read(Timing, manifest, "timing"),
        energy=_energy(told),
        hardware=_read(Hardware, manifest, "hardware"),
        grids=grids,
        samples=samples,
        hidden=hidden,
    )


def _read(kind: type[T], manifest: Mapping[str, Any], name: str) -> T:
    """One entry of a training's manifest.

    Raises:
        BundleError: it is missing, or of another form.
    """
    try:
        found: T = TypeAdapter(kind).validate_python(manifest[name])
    except (KeyError, ValidationError) as error:
        raise BundleError(f"training/manifest.json: {name} is missing or of another form.") from error
    return found


def _energy(told: Mapping[str, Any]) -> Energy:
    joules = told.get("joules")
    counted = isinstance(joules, int | float) and not isinstance(joules, bool) and isfinite(joules)
    number = float(joules) if counted and joules is not None else None
    return Energy(number, str(told.get("source") or ""), str(told.get("absent") or ""))


def _pictures(papers: Papers, library: Library) -> tuple[tuple[Grid, ...], Grid | None, str]:
    if not papers.pictures:
        return (), None, ""
    try:
        require(library.role, "raw")
    except AccessError as error:
        return (), None, f"Pictures that the model drew are shown to auditors. {error}"
    files = papers.manifest.get("files")
    known = files if isinstance(files, dict) else {}
    grids = tuple(_grid(papers.pictures[name], step, known.get(name)) for step, name in papers.grids.items())
    step = papers.manifest.get("weights_of")
    samples = papers.pictures.get(SAMPLES)
    last = None if samples is None else _grid(samples, step if isinstance(step, int) else 0, known.get(SAMPLES))
    return grids, last, ""


def _grid(path: Path, step: int, expected: Any) -> Grid:
    """Read a picture; `read_papers` has looked at its size. Total: one that cannot be shown says why."""
    try:
        content = path.read_bytes()
        if digest_bytes(content).hex != expected:
            return Grid(step, b"", "the file is not the one that was recorded")
        return Grid(step, to_png(from_png(content)))
    except DAMAGE as error:
        return Grid(step, b"", f"the picture cannot be read: {' '.join(str(error).split())[:200]}")
