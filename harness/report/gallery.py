"""Pictures for the page: what the model draws, and what probes have to show beside their numbers; within bounds.

Texts beside pictures are what was asked for and labels that probes chose, never what a model wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from harness.canonical import Digest, digest, from_json
from harness.contracts import Identity, Probe, ShowingProbe
from harness.contracts.training import training_of
from harness.records import DrawAsk, Exhibit, Finish, Judged, Reply
from harness.report.figures import plural
from harness.report.frames import LONGEST_LABEL, Frame, frame
from harness.text.safe import printable

if TYPE_CHECKING:
    from harness.evidence.bundle import Evidence

__all__ = ["Gallery", "Panel", "Sheet", "Wall", "gallery"]

MOST_DRAWN = 40
"""Drawn pictures on the contact sheet."""
MOST_PANELS = 20
"""Exhibits of one cell."""
MOST_FRAMES = 6
"""Pictures in one exhibit."""
MOST_CHOSEN = 1000
"""Exhibits that a probe is let choose; any beyond them are not even counted."""
SHEET_BYTES = 4 * 2**20
WALL_BYTES = 8 * 2**20
"""Bytes of the pictures on the contact sheet, and in the exhibits of all cells, which share them evenly."""
LONGEST_NOTE = 400
"""Characters."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Panel:
    """Pictures side by side, with what is said about all of them."""

    title: str
    note: str
    frames: tuple[Frame, ...]

    @property
    def size(self) -> int:
        """Bytes of its pictures."""
        return sum(frame.size for frame in self.frames)


@dataclass(frozen=True, slots=True)
class Wall:
    """What one probe shows: panels, most telling first, and a sentence on what is not there; empty where all is."""

    panels: tuple[Panel, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the model draws: pictures by what was asked for, which is nothing where a model takes neither."""

    note: str
    groups: tuple[tuple[str, tuple[Frame, ...]], ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """All pictures of a page.

    Attributes:
        drawn: What the model draws; None where it drew nothing.
        walls: What probes show, by `Cell.key`; only those that show something, or should have.
    """

    drawn: Sheet | None = None
    walls: Mapping[str, Wall] = field(default_factory=dict)


def gallery(evidence: Evidence, probes: Mapping[str, Probe]) -> Gallery:
    """Choose the pictures and read them.

    Args:
        evidence: The run. Asks, scores and pictures are looked at, and no text of a reply.
        probes: Those that ran, by `Cell.key`.
    """
    chosen = {
        key: _chosen(probe, evidence.judged.get(key, ()), evidence.replies)
        for key, probe in probes.items()
        if isinstance(probe, ShowingProbe)
    }
    shown = {key: its for key, its in chosen.items() if its}
    walls = {key: _wall(its, evidence.media, WALL_BYTES // len(shown)) for key, its in shown.items()}
    return Gallery(_sheet(evidence), walls)


def _fitting(found: Iterable[tuple[T, int]], room: int) -> list[T]:
    """Take from ``found`` up to the first whose size no longer fits: what comes after it is not put in its place."""
    taken = []
    for item, size in found:
        room -= size
        if room < 0:
            break
        taken.append(item)
    return taken


# ── what probes show ──────────────────────────────────────────────────────────────────────


def _chosen(probe: ShowingProbe, judged: Sequence[Judged], replies: Mapping[Digest, Reply]) -> list[Exhibit] | str:
    """Let the probe choose; where its code fails, that is said and nothing is lost, since no number depends on it."""
    answers = {its.case.id: replies[digest(its.case.ask)] for its in judged}
    pictures = {case: reply.media[0] for case, reply in answers.items() if reply.media}
    try:
        return list(islice(_copies(probe.exhibits(judged, pictures)), MOST_CHOSEN))
    except Exception as error:  # noqa: BLE001  a stranger's probe may raise anything
        # Its message may quote a reply: its kind has to do.
        return f"This probe has pictures to show, and failed to choose them ({type(error).__name__})."


def _copies(exhibits: Iterable[Exhibit]) -> Iterator[Exhibit]:
    """Hold what a stranger gave to its types."""
    for one in exhibits:
        yield Exhibit(str(one.title), str(one.note), tuple((str(name), str(label)) for name, label in one.pictures))


def _wall(chosen: list[Exhibit] | str, media: Mapping[str, bytes], room: int) -> Wall:
    if isinstance(chosen, str):
        return Wall((), chosen)
    panels = (_panel(exhibit, media) for exhibit in chosen[:MOST_PANELS])
    hung = _fitting(((panel, panel.size) for panel in panels), room)
    if len(hung) == len(chosen):
        return Wall(tuple(hung))
    known = f"{len(chosen):,}" if len(chosen) < MOST_CHOSEN else f"{MOST_CHOSEN:,} or more"
    shown = f"The first {len(hung)} of {known} are shown here" if hung else f"None of {known} is shown here"
    why = "" if len(hung) == MOST_PANELS else ": more would make this page too large"
    return Wall(tuple(hung), f"{shown}{why}. All pictures are in the bundle's folder media.")


def _panel(exhibit: Exhibit, media: Mapping[str, bytes]) -> Panel:
    frames = tuple(frame(name, label, media) for name, label in exhibit.pictures[:MOST_FRAMES])
    more = len(exhibit.pictures) - len(frames)
    left_out = f" {plural(more, 'further picture')} of it left out." if more else ""
    note = printable(exhibit.note, limit=LONGEST_NOTE) + left_out
    return Panel(printable(exhibit.title, limit=LONGEST_LABEL), note, frames)


# ── what the model draws ──────────────────────────────────────────────────────────────────


def _sheet(evidence: Evidence) -> Sheet | None:
    """Show the first draws by seed: nobody has picked them for their looks."""
    asks = {digest(case.ask): case.ask for cases in evidence.cases.values() for case in cases}
    draws = {key: ask for key, ask in asks.items() if isinstance(ask, DrawAsk) and _plain(ask)}
    in_turn = sorted(draws.items(), key=lambda item: (item[1].seed, *_wanted(item[1])))
    drawn = [(ask, evidence.replies[key].media[0]) for key, ask in in_turn if _came(evidence.replies[key])]
    if not drawn:
        return None
    frames = ((ask, frame(name, f"seed {ask.seed}", evidence.media)) for ask, name in drawn[:MOST_DRAWN])
    shown = _fitting(((pair, pair[1].size) for pair in frames), SHEET_BYTES)
    failed = Counter(evidence.replies[key].finish for key in draws if not _came(evidence.replies[key]))
    return Sheet(_told(len(shown), len(drawn), failed), tuple(_grouped(shown, _classes(evidence))))


def _grouped(shown: Sequence[tuple[DrawAsk, Frame]], classes: Sequence[str]) -> Iterator[tuple[str, tuple[Frame, ...]]]:
    """Put side by side what was asked for in the same words."""
    groups: dict[tuple[int, str], list[tuple[DrawAsk, Frame]]] = {}
    for ask, its in shown:
        groups.setdefault(_wanted(ask), []).append((ask, its))
    for _, pairs in sorted(groups.items()):
        label = printable(_label(pairs[0][0], classes), limit=LONGEST_LABEL)
        yield label, tuple(replace(its, label=f"{label}, {its.label}" if label else its.label) for _, its in pairs)


def _plain(ask: DrawAsk) -> bool:
    """Whether the picture is one that a user would get: not moved about, no watermark left out."""
    return not ask.jitter and ask.marked


def _came(reply: Reply) -> bool:
    return reply.finish is Finish.STOP and bool(reply.media)


def _wanted(ask: DrawAsk) -> tuple[int, str]:
    return -1 if ask.label is None else ask.label, ask.prompt or ""


def _label(ask: DrawAsk, classes: Sequence[str]) -> str:
    if ask.prompt is not None:
        return ask.prompt
    if ask.label is None:
        return ""
    return classes[ask.label] if 0 <= ask.label < len(classes) else f"class {ask.label}"


def _classes(evidence: Evidence) -> Sequence[str]:
    plan: Any = evidence.run["plan"]
    training = training_of(from_json(Identity, plan["identity"]))
    return training.classes if training else ()


def _told(shown: int, drawn: int, failed: Mapping[Finish, int]) -> str:
    which = f"All {drawn:,}" if shown == drawn else f"The first {shown:,} of {drawn:,}"
    told = f"{which} pictures drawn for this audit, in the order of their seeds: none was picked for its looks."
    if drawn == 1:
        told = "The one picture drawn for this audit."
    if shown < min(drawn, MOST_DRAWN):
        told += " More would make this page too large."
    if failed:
        parts = ", ".join(f"{number:,} {finish.value}" for finish, number in sorted(failed.items()))
        told += f" {plural(sum(failed.values()), 'further ask')} brought none ({parts})."
    return told
