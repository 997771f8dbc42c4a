"""The walk from end to end. The command line, a notebook and the tests all go through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest, digest, to_json
from harness.config import Config
from harness.consult import Consultations, StoppedError
from harness.contracts import Backend, Dataset, FetchingBackend, InvertingBackend, Readings, TrainedBackend
from harness.contracts.instruments import Materials
from harness.contracts.mitigations import beneath
from harness.contracts.training import DocumentedBackend
from harness.controls import run_controls
from harness.energy import machine_counters
from harness.errors import ModelError, NothingToRunError
from harness.evidence.bundle import Evidence, totals, write_bundle
from harness.evidence.media import Media, in_folder, named
from harness.evidence.provenance import environment
from harness.evidence.store import Store, Underway, slug
from harness.evidence.training import admitted
from harness.execute import Asked, Journal, Stop, ask_all
from harness.forecast import Forecast, forecast, total_cost
from harness.gate import Policy, judge
from harness.judge import judge_cases, replies_to, wanted_readings
from harness.measure import Instruments, measure
from harness.plan import make_plan
from harness.plan_records import Target
from harness.records import Ask, Judged, Reading, Reply, Value
from harness.registry import Registry
from harness.report.gallery import gallery
from harness.report.webpage import render
from harness.summarise import CellResult, count, summarise

__all__ = ["Finished", "Request", "Silent", "Unfinished", "Watch", "audit", "preview"]


class Watch(Protocol):
    """Who is told how a run goes: the command line's progress bars, or nobody."""

    def fetching(self, done: int, total: int) -> None:
        """The model is being downloaded: bytes so far, and in all."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def planned(self, target: Target, forecast: Forecast) -> None:
        """The plan stands; nothing was asked yet."""

    def answered(self, cells: Mapping[str, int]) -> None:
        """So many more cases of these cells have their reply."""

    def done_asking(self) -> None:
        """All replies are there; what follows is arithmetic."""


class Silent:
    """A watch that looks away."""

    def fetching(self, done: int, total: int) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def planned(self, target: Target, forecast: Forecast) -> None:
        """Nothing."""

    def answered(self, cells: Mapping[str, int]) -> None:
        """Nothing."""

    def done_asking(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be run.

    Attributes:
        config: The configuration.
        text: The file it was read from, kept in the bundle.
        overrides: What the command line changed.
        project: Folder of the file.
        fresh: Ask everything again, leaving earlier replies aside.
        folder: Where the bundle goes, for a run that is part of something larger; None: the store's next.
    """

    config: Config
    text: str
    overrides: Mapping[str, Value]
    project: Path
    fresh: bool = False
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has its bundle."""

    folder: Path
    evidence: Evidence
    target: Target


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that was stopped; its replies are in the journal."""

    id: str
    left: int
    interrupted: bool


def run_id(target: Target) -> str:
    """Name of the run: the model, and the digest of the plan."""
    return f"{slug(target.plan.identity.name)}-{target.plan.digest.short}"


def preview(request: Request, registry: Registry) -> tuple[Target, Forecast]:
    """Plan and forecast, without asking anything."""
    target = _plan(request, registry, None)
    store = Store(Path(request.config.run.store))
    path = store.journal(target.plan.identity.digest)
    if not path.exists() or request.fresh:
        return target, _forecast(request.config, target, {}, None)
    with Journal(path, target.plan.identity.digest) as journal:
        return target, _forecast(request.config, target, journal.replies(_digests(target)), journal.rate())


def audit(
    request: Request, registry: Registry, *, stop: Stop, watch: Watch, today: Callable[[], date] = date.today
) -> Finished | Unfinished:
    """Plan, ask, measure, judge, summarise, decide and write the bundle.

    Raises:
        ConfigError: everything that is wrong with the configuration.
        NothingToRunError: no probe fits the model.
        HarnessError: the model, the journal or the store failed; what was answered is kept.
    """
    store = Store(Path(request.config.run.store))
    store.prepare()
    target = _plan(request, registry, watch)
    identity = target.plan.identity.digest
    if request.fresh:
        store.set_journal_aside(identity)
    started = datetime.now(UTC)
    with Journal(store.journal(identity), identity) as journal:
        known = journal.replies(_digests(target))
        watch.planned(target, _forecast(request.config, target, known, journal.rate()))
        if request.folder is None:
            store.mark(_mark(request, target, started))
        try:
            asked = _ask(target, journal, known, stop=stop, watch=watch)
            papers = {} if asked.left else _papers(target, watch)
        finally:
            target.backend.close()
        if asked.left:
            return Unfinished(run_id(target), asked.left, stop.interrupted.is_set())
        watch.done_asking()
        consulted = _consultations(target, journal, store, stop)
        try:
            evidence = _conclude(
                request, registry, target, asked, consulted=consulted, journal=journal, started=started, today=today()
            )
        except StoppedError as error:
            return Unfinished(run_id(target), error.left, stop.interrupted.is_set())
        finally:
            consulted.close()
        page = render(evidence, target.cards(), gallery(evidence, target.probes))
        extra = {"harness.toml": request.text.encode(), "report.html": page.encode(), **papers}
        folder = write_bundle(request.folder or store.next_folder(run_id(target)), evidence, extra)
    if request.folder is None:
        store.unmark(run_id(target))
    # The journal is closed: from here on images are read from the bundle.
    return Finished(folder, replace(evidence, media=in_folder(folder, tuple(evidence.media))), target)


# ── steps ─────────────────────────────────────────────────────────────────────────────────


def _plan(request: Request, registry: Registry, watch: Watch | None) -> Target:
    def fetch(backend: Backend) -> None:
        if watch is not None and isinstance(backend, FetchingBackend):
            backend.fetch(progress=watch.fetching, say=watch.note)

    target = make_plan(request.config, registry, fetch=fetch)
    if not target.cases:
        reasons = "; ".join(f"{cell.key}: {cell.reason}" for cell in target.plan.cells)
        raise NothingToRunError(f"No probe fits this model. {reasons}. Choose other probes or another backend.")
    return target


def _digests(target: Target) -> list[Digest]:
    return [digest(ask) for _, ask in target.asks()]


def _forecast(config: Config, target: Target, known: Mapping[Digest, Reply], rate: float | None) -> Forecast:
    distinct = {digest(ask): ask for _, ask in target.asks()}
    left = [ask for key, ask in distinct.items() if key not in known]
    return forecast(target, config.gate, left=left, total=len(distinct), rate=rate)


def _mark(request: Request, target: Target, started: datetime) -> Underway:
    return Underway(
        id=run_id(target),
        config=request.text,
        overrides=request.overrides,
        project=str(request.project),
        asks=tuple(sorted({str(key) for key in _digests(target)})),
        started=started.isoformat(timespec="seconds"),
        identity=str(target.plan.identity.digest),
    )


def _ask(target: Target, journal: Journal, known: Mapping[Digest, Reply], *, stop: Stop, watch: Watch) -> Asked:
    cells: dict[Digest, list[str]] = {}
    asks: dict[Digest, Ask] = {}
    for key, ask in target.asks():
        name = digest(ask)
        cells.setdefault(name, []).append(key)
        asks[name] = ask

    def tell(replies: Mapping[Digest, Reply]) -> None:
        numbers: dict[str, int] = {}
        for name in replies:
            for key in cells[name]:
                numbers[key] = numbers.get(key, 0) + 1
        watch.answered(numbers)

    counters = machine_counters()
    asked = ask_all(target.backend, list(asks.values()), journal, stop=stop, on_replies=tell, counters=counters)
    new = [ask for name, ask in asks.items() if name in asked.replies and name not in known]
    if new and asked.seconds > 0:
        journal.set_rate(total_cost(new) / asked.seconds)
    return asked


def _conclude(
    request: Request,
    registry: Registry,
    target: Target,
    asked: Asked,
    *,
    consulted: Consultations,
    journal: Journal,
    started: datetime,
    today: date,
) -> Evidence:
    readings: dict[Reading, Mapping[str, float]] = {}
    instruments = Instruments(registry, target.instruments, consulted.models)

    def materials(name: str) -> Materials:
        model = beneath(target.backend)
        members, noise = partial(_members, model), partial(_noise, model)
        its = Materials(journal.media, members, noise, training=partial(_training, model))
        return replace(its, ask=partial(consulted.ask, name)) if name in consulted.judges else its

    def read(cell: str, wanted: Iterable[Reading]) -> Readings:
        asked_for = instruments.noted(cell, wanted)
        # Within a run a reading stands, even where a judge that failed would answer the second time.
        readings.update(measure([one for one in asked_for if one not in readings], journal, instruments, materials))
        return readings

    judged: dict[str, Sequence[Judged]] = {}
    results = []
    for cell in target.plan.cells:
        if cell.key in target.cases:
            result, scores = _conclude_cell(target, cell.key, asked, partial(read, cell.key))
            judged[cell.key] = scores
            results.append(result)
    policy = Policy.of(request.config) if request.config.gate else None
    verdict = judge(policy, target.plan.cells, results, target.metrics(), today) if policy else None
    used = to_json(instruments.records(readings))
    run = _run_record(request, target, asked, used, policy=policy, started=started, today=today)
    media = Media(named(asked.replies.values()), journal.media)
    return Evidence(run, target.cases, asked.replies, readings, judged, results, verdict, media, consulted.made)


def _papers(target: Target, watch: Watch) -> dict[str, bytes]:
    """How the model was trained, as files of the bundle: of the model that answers in the end, under all layers."""
    model = beneath(target.backend)
    taken, left = admitted(model.documents()) if isinstance(model, DocumentedBackend) else ({}, [])
    for reason in left:
        watch.note(reason)
    return taken


def _consultations(target: Target, journal: Journal, store: Store, stop: Stop) -> Consultations:
    models = {one.name: one.model for one in target.plan.instruments if one.model is not None}
    return Consultations(target.judges, models, journal, target.plan.identity.digest, store, stop)


def _members(backend: Backend) -> tuple[Sequence[str], NDArray[np.uint8]]:
    if not isinstance(backend, TrainedBackend):
        raise ModelError("An instrument compares with training data, which this backend does not know.")
    return backend.members()


def _training(backend: Backend) -> Dataset:
    if not isinstance(backend, TrainedBackend):
        raise ModelError("An instrument looks into training data, which this backend does not know.")
    return backend.training_data()


def _noise(backend: Backend, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    if not isinstance(backend, InvertingBackend):
        raise ModelError("An instrument looks for the noise a picture was drawn from, which this backend cannot tell.")
    return backend.noise(images)


def _conclude_cell(
    target: Target, key: str, asked: Asked, read: Callable[[Iterable[Reading]], Readings]
) -> tuple[CellResult, list[Judged]]:
    probe, cases = target.probes[key], target.cases[key]
    name, _, dataset = key.partition("@")
    replies = replies_to(cases, asked.replies)
    readings = read(wanted_readings(probe, cases, replies))
    scores = judge_cases(probe, cases, replies, readings)
    controls = run_controls(probe, cases, target.plan.seed, read)
    return CellResult(name, dataset, count(scores), summarise(probe, scores), controls), scores


def _run_record(
    request: Request,
    target: Target,
    asked: Asked,
    instruments: Value,
    *,
    policy: Policy | None,
    started: datetime,
    today: date,
) -> dict[str, Value]:
    return {
        "schema": 1,
        "id": run_id(target),
        "plan": to_json(target.plan),
        "plan_digest": str(target.plan.digest),
        "instruments": instruments,
        # Where the run is kept changes no number, and may name a person's folder.
        "overrides": {key: value for key, value in request.overrides.items() if key != "run.store"},
        "policy": None if policy is None else policy.dump(),
        "judged_on": today.isoformat(),
        "environment": environment(request.project),
        "timing": {
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "asking_seconds": round(asked.seconds, 3),
        },
        "totals": {**totals(asked.replies), "from_journal": asked.reused},
        "energy": _energy(asked),
        "reproducibility": "bit-exact on the same machine and packages for local models; statistical elsewhere",
    }


def _energy(asked: Asked) -> dict[str, Value]:
    """What the counters of this machine attribute to the replies, those of the journal too; or why nothing."""
    counted = [reply.joules for reply in asked.replies.values() if reply.joules is not None]
    reasons = [asked.counters.missing] if asked.counters.missing else []
    if counted and len(counted) < len(asked.replies):
        reasons.append(f"{len(asked.replies) - len(counted)} of {len(asked.replies)} replies came without")
    return {
        "joules": sum(counted) if counted else None,
        "source": asked.counters.names,
        "reason": "; ".join(reasons) or (None if counted else "nothing was asked"),
    }
