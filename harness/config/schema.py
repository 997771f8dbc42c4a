"""The keys of harness.toml, with their units, ranges and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from harness.config.lines import Path, find_line
from harness.records import Severity
from harness.training.recipe import Kind, Recipe

__all__ = [
    "Config",
    "Gate",
    "Goal",
    "Instrument",
    "Margin",
    "Mitigate",
    "Mitigation",
    "Model",
    "Plugins",
    "Probe",
    "Profile",
    "Reseeding",
    "Run",
    "Train",
    "Waiver",
]


class Profile(StrEnum):
    """How much of the data is asked."""

    SMOKE = "smoke"
    """A seeded sample of each probe's embedded set: minutes on two CPU cores."""
    STANDARD = "standard"
    """The whole of each probe's embedded set."""
    FULL = "full"
    """Every data set on each probe's card that can be found, third-party ones included."""


def _distinct(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Refuse a name given twice: what it names would be counted twice."""
    twice = sorted({name for name in names or () if (names or ()).count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is given more than once")
    return names


def _within_one(part: tuple[float, float] | None) -> tuple[float, float] | None:
    if part is not None and not 0 <= part[0] < part[1] <= 1:
        raise ValueError("part is [low, high], both within 0 and 1, with low below high")
    return part


Names = Annotated[tuple[str, ...] | None, AfterValidator(_distinct)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Model(BaseModel):
    """Which model is audited. Keys other than ``backend`` are the backend's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str = Field("huggingface", description="Name of an installed backend: `harness backends list`.")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The backend's own settings."""
        return dict(self.model_extra or {})


class Run(_Table):
    """How the audit is run."""

    profile: Profile = Field(Profile.SMOKE, description="smoke, standard or full.")
    probes: Names = Field(None, min_length=1, description="Probes to run; absent: every installed one.")
    seed: int = Field(20260101, ge=0, description="Root of every random choice.")
    store: str = Field("runs", min_length=1, description="Folder that holds journals and bundles.")
    part: Annotated[tuple[float, float] | None, AfterValidator(_within_one)] = Field(
        None, description="Rows of each data set that may be asked, from one share to another; absent: all."
    )
    max_minutes: float | None = Field(None, gt=0, description="Stop asking after this many minutes.")
    max_asks: int | None = Field(None, gt=0, description="Refuse a plan that needs more asks than this.")
    failed_share: float = Field(
        0.05, ge=0, le=1, description="Share of asks that may fail before the run counts as not judged (exit code 4)."
    )


class Probe(BaseModel):
    """Settings of one probe. Keys other than these are the probe's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    datasets: Names = Field(None, min_length=1, description="Data sets to use; absent: by profile.")
    items: Annotated[int, Field(gt=0)] | None = Field(None, description="Most rows of each; absent: by profile.")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The probe's own settings."""
        return dict(self.model_extra or {})


class Instrument(BaseModel):
    """Settings of one instrument. All keys are the instrument's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The instrument's own settings."""
        return dict(self.model_extra or {})


class Mitigation(BaseModel):
    """A mitigation that the model gets. Keys other than ``name`` are the mitigation's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(min_length=1, description="Name of an installed mitigation: `harness mitigations list`.")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The mitigation's own settings."""
        return dict(self.model_extra or {})


class Goal(_Table):
    """A number that a mitigation is to improve."""

    metric: str = Field(min_length=1, description="Full metric name: `harness probes describe NAME` lists them.")
    dataset: str | None = Field(None, description="Data set; absent: every one it is measured on.")


class Margin(Goal):
    """A number that a mitigation may not spoil, and by how much it may."""

    margin: float = Field(gt=0, description="Largest loss that is accepted, in the metric's own unit.")
    reason: str = Field(min_length=1, description="Why that much, for whoever reads the verdict.")


class Reseeding(_Table):
    """How a seed draws a model anew, where treatments are compared that train it."""

    mitigation: str = Field(min_length=1, description="A mitigation that trains the same recipe again.")
    setting: str = Field(min_length=1, description="Its setting that takes the seed.")


class Mitigate(_Table):
    """What `harness mitigate` holds a mitigation to, where the command does not say."""

    reseed: Reseeding | None = Field(None, description="How each seed draws the model anew, for what trains it.")
    utility: tuple[Margin, ...] = Field((), description="Those that the model's kind can be measured by are used.")


class Gate(_Table):
    """A limit on one metric. Exactly one of ``min``, ``max`` and ``within``."""

    metric: str = Field(description="Full metric name: `harness probes describe NAME` lists them.")
    dataset: str | None = Field(None, description="Data set; absent: every data set the metric was measured on.")
    min: float | None = Field(None, description="Passes where the whole interval is at or above this.")
    max: float | None = Field(None, description="Passes where the whole interval is at or below this.")
    within: tuple[float, float] | None = Field(None, description="Passes where the whole interval is inside.")
    severity: Severity = Field(Severity.HARD, description="hard decides the verdict, soft only warns.")
    reason: str = Field(min_length=1, description="Why this limit, for whoever reads the verdict.")
    where_applicable: bool = Field(
        False, description="Pass over the limit, and say so, for models that the probe does not fit; else refuse them."
    )

    @model_validator(mode="after")
    def _one_limit(self) -> Gate:
        given = [name for name in ("min", "max", "within") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of min, max and within, not {' and '.join(given) or 'none'}")
        if self.within is not None and not self.within[0] < self.within[1]:
            raise ValueError("within is [low, high] with low below high")
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Lowest and highest allowed value; None where there is no such limit."""
        return self.within if self.within is not None else (self.min, self.max)


class Waiver(_Table):
    """Lets one failing gate through, in someone's name, until a date."""

    metric: str = Field(description="Metric of the gate it covers.")
    dataset: str | None = Field(None, description="Data set it covers; absent: all.")
    owner: str = Field(min_length=1, description="Who answers for it.")
    reason: str = Field(min_length=1, description="Why the risk is accepted.")
    expires: date = Field(description="Last day on which it counts, as YYYY-MM-DD.")


class Train(Recipe):
    """What `harness train` changes in a shipped recipe; every key is optional here."""

    recipe: str = Field("smoke", description="The shipped recipe that is changed: smoke, gpu or private.")
    # A recipe needs these; here the shipped one has them.
    kind: Kind | None = None  # type: ignore[assignment]
    data: str | None = Field(None, min_length=1)  # type: ignore[assignment]
    steps: int | None = Field(None, ge=1)  # type: ignore[assignment]
    batch: int | None = Field(None, ge=1)  # type: ignore[assignment]
    learning_rate: float | None = Field(None, gt=0)  # type: ignore[assignment]

    @property
    def changes(self) -> Mapping[str, Any]:
        """The keys that were given, as `Recipe` names them."""
        return self.model_dump(exclude_unset=True, exclude={"recipe"})


class Plugins(_Table):
    """Which distributions may bring plugins."""

    allow: tuple[str, ...] | None = Field(None, description="Names of distributions; absent: every installed one.")


class Config(_Table):
    """The whole of harness.toml."""

    schema_: Literal[1] = Field(1, alias="schema", description="Version of this file's format.")
    model: Model = Model(backend="huggingface", model="smollm2-135m-instruct")  # type: ignore[call-arg]  # extra key
    run: Run = Run()  # type: ignore[call-arg]  # every field has its default
    probe: dict[str, Probe] = Field(default_factory=dict)
    instrument: dict[str, Instrument] = Field(default_factory=dict)
    mitigation: tuple[Mitigation, ...] = ()
    mitigate: Mitigate = Mitigate()  # type: ignore[call-arg]  # every field has its default
    gate: tuple[Gate, ...] = ()
    waiver: tuple[Waiver, ...] = ()
    train: Train = Train()  # type: ignore[call-arg]  # every field has its default
    plugins: Plugins = Plugins()  # type: ignore[call-arg]  # every field has its default

    _file: str = PrivateAttr(default="harness.toml")
    _lines: Mapping[Path, int] = PrivateAttr(default_factory=dict)
    _folders: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def where(self, *path: str | int) -> str:
        """``file:line`` of a key, for messages about what only the plan can check; the file where it is not there."""
        stands = path[:1] in self._lines or path[:2] in self._lines
        return f"{self._file}:{find_line(self._lines, path)}" if stands else self._file

    def located(self, file: str, lines: Mapping[Path, int]) -> Config:
        """Remember where the keys stand."""
        self._file, self._lines = file, lines
        return self

    def lying(self, folders: Mapping[str, str]) -> Config:
        """Remember where the folders lie that settings of mitigations name, which is no part of what a run is."""
        self._folders = folders
        return self

    def found(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The ``settings`` of a mitigation with folders named by where they lie."""
        return {
            key: self._folders.get(value, value) if isinstance(value, str) else value for key, value in settings.items()
        }
