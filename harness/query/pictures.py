"""Pictures of a run: what the model draws, and what probes show beside their numbers; as its report shows them.

Training pictures are among them, so who sees no single case sees none. Bytes come from a model or from a stranger's
bundle: what leaves here has been decoded within bounds and encoded anew.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.canonical import Digest, from_json, loads
from harness.contracts import Probe, ShowingProbe
from harness.errors import AccessError, BundleError
from harness.evidence.bundle import Evidence, read_json
from harness.evidence.manifest import MANIFEST
from harness.evidence.media import FOLDER, in_folder, named
from harness.images.pictures import from_png, grid, to_png
from harness.query.access import require
from harness.query.cells import cases_of, scores_of
from harness.query.damage import DAMAGE
from harness.query.tables import opened, tables_of
from harness.records import Ask, Case, Cell, CellStatus, Finish, Judged, Reply
from harness.report.frames import Frame, frame
from harness.report.gallery import Wall, gallery

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Gallery", "Panel", "Picture", "Shown", "pictures", "pictures_named"]

SMALLEST = 96
"""Pixels of the longer side up to which each pixel of a picture becomes a square, so that single ones are seen."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, or the place where it would be.

    Attributes:
        label: What it is, in a few words.
        png: Encoded here; each pixel of a tiny picture is a square of several. Empty where it cannot be shown.
        width: Of the picture as it was drawn, in pixels; 0 where it cannot be shown.
        height: Likewise.
        missing: Why it is not shown; empty where it is.
    """

    label: str
    png: bytes = b""
    width: int = 0
    height: int = 0
    missing: str = ""

    @property
    def alt(self) -> str:
        """What stands for the picture where it cannot be seen."""
        return f"{self.label}, {self.width} by {self.height} pixels" if self.png else f"{self.label}: {self.missing}"


@dataclass(frozen=True, slots=True)
class Panel:
    """Pictures side by side: what is shown, why, and the pictures."""

    title: str
    note: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one probe shows, most telling first, and a sentence on what it shows besides; empty where that is all."""

    panels: tuple[Panel, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """All pictures that pages show of a run.

    Attributes:
        drawn: What the model draws, in the order of what was asked for, then of seeds; empty where it drew nothing.
        note: How those were chosen.
        walls: What probes show, by cell, ``probe@dataset``.
        hidden: Why the reader sees none; empty where they do.
    """

    drawn: tuple[Picture, ...] = ()
    note: str = ""
    walls: Mapping[str, Shown] = field(default_factory=dict)
    hidden: str = ""


def pictures(library: Library, run: str) -> Gallery:
    """The pictures of a run, as its report has them. Only files that are shown are opened.

    Args:
        library: The store, and who reads: auditors and administrators alone.
        run: Name of the bundle.

    Raises:
        UsageError: no bundle has that name, or a probe of it is not installed here.
        BundleError: it cannot be read.
    """
    folder = library.folder(run)
    probes = _showing(library, folder)
    digests = _draws(library, run)
    if not probes and not digests:
        return Gallery()
    try:
        require(library.role, "raw")
        require(library.role, _tier(folder))
    except AccessError:
        return Gallery(
            hidden="Pictures are for auditors: training pictures may be among them, and each is a single case."
            " Ask for the role of an auditor."
        )
    evidence = _evidence(library, run, probes, digests)
    found = gallery(evidence, probes)
    sheet = found.drawn
    return Gallery(
        drawn=tuple(_picture(frame) for _, frames in sheet.groups for frame in frames) if sheet else (),
        note=sheet.note if sheet else "",
        walls={key: _shown(wall) for key, wall in found.walls.items()},
    )


def pictures_named(library: Library, run: str, names: Sequence[str]) -> tuple[Picture, ...]:
    """The pictures of one reply, in its order; one that cannot be shown says why.

    Args:
        library: The store, and who reads.
        run: Name of the bundle.
        names: Of the reply's files.

    Raises:
        AccessError: the reader sees no single case, or the bundle asks for a stricter role.
        UsageError: no bundle has that name.
        BundleError: its manifest cannot be read.
    """
    folder = library.folder(run)
    require(library.role, "raw")
    require(library.role, _tier(folder))
    media = in_folder(folder, tuple(sorted(set(names))))
    return tuple(_picture(frame(name, f"picture {place}", media)) for place, name in enumerate(names, 1))


# ── which ones ────────────────────────────────────────────────────────────────────────────


def _showing(library: Library, folder: Path) -> dict[str, Probe]:
    """Probes of the run that have pictures to show, by cell."""
    plan: Any = read_json(folder, "run.json")["plan"]
    cells: list[Cell] = [from_json(Cell, cell) for cell in plan["cells"]]
    planned = [cell for cell in cells if cell.status is CellStatus.PLANNED]
    made = {cell.key: library.registry.create("probe", cell.probe, cell.settings) for cell in planned}
    return {key: probe for key, probe in made.items() if isinstance(probe, ShowingProbe)}


def _draws(library: Library, run: str) -> dict[str, str]:
    """Everything that the model was asked to draw: canonical JSON of the ask, by its digest."""
    cases = tables_of(library, run)["cases"]
    with opened(cases) as connection:
        rows = connection.execute(
            """SELECT DISTINCT ask_digest, ask FROM read_parquet($cases)
            WHERE json_extract_string(ask, '$.kind') = 'DrawAsk' ORDER BY ask_digest""",
            {"cases": cases},
        ).fetchall()
    return dict(rows)


def _evidence(library: Library, run: str, probes: Mapping[str, Probe], draws: Mapping[str, str]) -> Evidence:
    """The part of the run that the report's gallery looks at."""
    folder = library.folder(run)
    shown = {cell: cases_of(folder, cell) for cell in probes}
    scores = {cell: scores_of(folder, cell) for cell in probes}
    drawn = tuple(_drawing(key, ask) for key, ask in draws.items())
    replies = _replies(library, run, [*probes])
    try:
        judged = {cell: [Judged(case, scores[cell][case.id]) for case in its] for cell, its in shown.items()}
    except KeyError as error:
        raise BundleError(f"{folder}: scores.parquet has no score for {error}. The bundle is damaged.") from error
    return Evidence(
        run=read_json(folder, "run.json"),
        cases={**shown, "": drawn},
        replies=replies,
        readings={},
        judged=judged,
        results=(),
        verdict=None,
        media=in_folder(folder, named(replies.values())),
    )


def _drawing(key: str, ask: str) -> Case:
    wanted: Ask = from_json(Ask, loads(ask))
    return Case(key, wanted, {}, {}, key)


def _replies(library: Library, run: str, cells: Sequence[str]) -> dict[Digest, Reply]:
    """How each ask that matters ended and which pictures it brought; no text, no likelihood, no loss."""
    paths = tables_of(library, run)
    with opened(paths["replies"]) as connection:
        rows = connection.execute(
            """SELECT ask_digest, finish, media FROM read_parquet($replies) WHERE ask_digest IN (
                SELECT ask_digest FROM read_parquet($cases)
                WHERE list_contains($cells, cell) OR json_extract_string(ask, '$.kind') = 'DrawAsk')""",
            {"replies": paths["replies"], "cases": paths["cases"], "cells": cells},
        ).fetchall()
    return {Digest.parse(key): Reply(Finish(finish), media=tuple(loads(media))) for key, finish, media in rows}


def _tier(folder: Path) -> str:
    """The strictest tier that the bundle gives any picture; it may ask for more than pages do, and never for less."""
    files = read_json(folder, MANIFEST).get("files", [])
    tiers = {str(its.get("tier")) for its in files if str(its.get("path", "")).startswith(f"{FOLDER}/")}
    return "revealed" if tiers - {"public", "auditor", "raw"} else "raw"


# ── as pages show them ────────────────────────────────────────────────────────────────────


def _shown(wall: Wall) -> Shown:
    panels = (Panel(its.title, its.note, tuple(_picture(frame) for frame in its.frames)) for its in wall.panels)
    return Shown(tuple(panels), wall.left_out)


def _picture(frame: Frame) -> Picture:
    """Decode what the report would show, and encode it anew; total."""
    if frame.missing:
        return Picture(frame.label, missing=frame.missing)
    try:
        pixels = from_png(b64decode(frame.source.partition(",")[2]))
        height, width = pixels.shape[:2]
        squares = ceil(SMALLEST / max(height, width))
        return Picture(frame.label, to_png(grid(pixels[None], columns=1, scale=squares, gap=0)), width, height)
    except DAMAGE:
        return Picture(frame.label, missing="the file cannot be decoded")
