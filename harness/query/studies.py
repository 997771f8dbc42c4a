"""The studies of a store: each as one line of a list, and as everything that its pages show.

All is read from what a study wrote when it was finished; nothing is measured or compared again. What is read is single
numbers over many cases: every role may see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.canonical import digest_bytes
from harness.errors import BundleError, HarnessError, UsageError, nearest
from harness.evidence.bundle import read_json
from harness.evidence.manifest import MANIFEST
from harness.records import Value
from harness.study.design import read_design, shipped_studies
from harness.study.reading import ARMS, read_promises, read_results, read_study, studies
from harness.study.records import Arm, Role
from harness.study.view import StudyView, view

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = [
    "Shipped",
    "StudyListed",
    "StudyRun",
    "Tried",
    "list_studies",
    "shipped",
    "study_fingerprint",
    "study_runs",
    "study_tried",
    "view_study",
]

READ_AT_ONCE = 64
"""Studies that are kept in memory once they are read."""


@dataclass(frozen=True, slots=True)
class StudyListed:
    """One study of a store, as far as a list shows it.

    Attributes:
        name: Of its folder, which names it in links.
        title: Of its design; empty where it cannot be read.
        question: That it answers; likewise.
        model: Name of the model of its first run; likewise.
        finished: When its last run ended, ISO 8601 in UTC; likewise.
        verdicts: Of each treatment and dose: shape, word and sentence.
        mitigations: Plugin names of what was tried.
        trouble: Why it cannot be read; empty where it can.
    """

    name: str
    title: str = ""
    question: str = ""
    model: str = ""
    finished: str = ""
    verdicts: tuple[tuple[str, str, str], ...] = ()
    mitigations: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class StudyRun:
    """One run of a study, and what it used.

    Attributes:
        arm: What it was there for, which treatment, dose and seed.
        asks: Distinct asks.
        read: Tokens that the model read.
        written: Tokens that it wrote.
        seconds: Spent asking.
        joules: None where they could not be measured.
        unmeasured: Why there are no joules, or what they leave out; empty where there is nothing to say.
    """

    arm: Arm
    asks: int
    read: int
    written: int
    seconds: float
    joules: float | None
    unmeasured: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What one treatment is, as its own card says it in the runs' record.

    Attributes:
        treatment: Its name in the study.
        mitigation: Name of the plugin.
        title: Of the mitigation.
        does: What it does, in one sentence.
        cost: In words.
        limits: What it does not do, one sentence each.
    """

    treatment: str
    mitigation: str
    title: str
    does: str
    cost: str
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A study that ships: its name on the command line, its title and its question."""

    name: str
    title: str
    question: str


def list_studies(library: Library) -> tuple[StudyListed, ...]:
    """All finished studies, newest first; one that cannot be read says why, and hides no other."""
    return tuple(_listed(folder) for folder in studies(library.store.root))


def study_fingerprint(library: Library, name: str) -> str:
    """Digest of the study's manifest, which names every other file: equal ones are equal studies.

    Raises:
        UsageError: no study of the store has that name.
        BundleError: its manifest cannot be read.
    """
    return _fingerprint(_folder(library, name))


def view_study(library: Library, name: str) -> StudyView:
    """Everything that pages show of a study.

    Raises:
        UsageError: no study of the store has that name.
        BundleError: a file is missing, or is not what it should be.
    """
    folder = _folder(library, name)
    return _read(folder, _fingerprint(folder)).view


def study_runs(library: Library, name: str) -> tuple[StudyRun, ...]:
    """Every run of a study that has evidence, in order, with what it used.

    Raises:
        UsageError: no study of the store has that name.
        BundleError: a file is missing, or is not what it should be.
    """
    folder = _folder(library, name)
    return _read(folder, _fingerprint(folder)).runs


def study_tried(library: Library, name: str) -> tuple[Tried, ...]:
    """What was tried: one for each treatment of which a run has evidence.

    Raises:
        UsageError: no study of the store has that name.
        BundleError: a file is missing, or is not what it should be.
    """
    folder = _folder(library, name)
    return _read(folder, _fingerprint(folder)).tried


def shipped() -> tuple[Shipped, ...]:
    """The studies that ship with the house, by name."""
    designs = {name: read_design(path.read_text("utf-8"), name) for name, path in shipped_studies().items()}
    return tuple(Shipped(name, its.title, its.question) for name, its in designs.items())


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _folder(library: Library, name: str) -> Path:
    """The study of that name. A name comes from a link: it is looked up, and never made part of a path."""
    known = {folder.name: folder for folder in studies(library.store.root)}
    if name not in known:
        raise UsageError(f"There is no study {name!r} in this store.{nearest(name, known)} Choose one of the list.")
    return known[name]


def _fingerprint(folder: Path) -> str:
    try:
        return str(digest_bytes((folder / MANIFEST).read_bytes()))
    except OSError as error:
        raise BundleError(f"{folder / MANIFEST}: cannot be read: {error.strerror}. The study is not whole.") from error


def _listed(folder: Path) -> StudyListed:
    try:
        its = _read(folder, _fingerprint(folder))
    except HarnessError as error:
        return StudyListed(folder.name, trouble=str(error))
    design = its.view.design
    return StudyListed(
        name=folder.name,
        title=design.title,
        question=design.question,
        model=its.view.model,
        finished=its.finished,
        verdicts=tuple((part.key, part.word, part.ruled.sentence) for part in its.view.parts),
        mitigations=tuple(dict.fromkeys(one.mitigation for one in design.treatment)),
    )


@dataclass(frozen=True, slots=True)
class _Study:
    view: StudyView
    runs: tuple[StudyRun, ...]
    tried: tuple[Tried, ...]
    finished: str


@lru_cache(maxsize=READ_AT_ONCE)
def _read(folder: Path, fingerprint: str) -> _Study:
    """Read a study once: it never changes, and another one in its place has another fingerprint."""
    del fingerprint
    design, _, arms = read_study(folder)
    results, made = read_results(folder), read_promises(folder, design)
    there = [(arm, read_json(folder / ARMS / arm.name, "run.json")) for arm, reason in arms if not reason]
    try:
        runs = tuple(_run(arm, record) for arm, record in there)
        finished = max((str(record["timing"]["finished"]) for _, record in there), default="")
        return _Study(view(design, _model(there), arms, results, made), runs, tuple(_tried(there)), finished)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(
            f"{folder}: its files do not fit each other ({type(error).__name__}: {error}). `harness verify` says what"
            " is wrong."
        ) from error


def _model(there: Sequence[tuple[Arm, Any]]) -> str:
    return str(there[0][1]["plan"]["identity"]["name"]) if there else "none"


def _run(arm: Arm, record: Any) -> StudyRun:
    totals, energy = record["totals"], record["energy"]
    joules: Value = energy["joules"]
    return StudyRun(
        arm=arm,
        asks=int(totals["asks"]),
        read=int(totals["prompt_tokens"]),
        written=int(totals["output_tokens"]),
        seconds=float(record["timing"]["asking_seconds"]),
        joules=None if joules is None else float(str(joules)),
        unmeasured=str(energy["reason"]),
    )


def _tried(there: Sequence[tuple[Arm, Any]]) -> Iterator[Tried]:
    first = {arm.treatment: record for arm, record in reversed(there) if arm.role is Role.TREATMENT}
    for treatment in dict.fromkeys(arm.treatment for arm, _ in there if arm.treatment in first):
        # The outermost one is the treatment; beneath it lies what all arms have.
        layers = first[treatment]["plan"].get("mitigations") or []
        card = (layers[-1].get("card") or {}) if layers else {}
        if card:
            yield Tried(
                treatment=treatment,
                mitigation=str(layers[-1]["name"]),
                title=str(card["title"]),
                does=str(card["does"]),
                cost=str(card["cost"]),
                limits=tuple(str(limit) for limit in card["limits"]),
            )
