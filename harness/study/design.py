"""A study's file: the model, what is asked, what is tried, and what would count as success, all settled beforehand."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.canonical import Digest, digest, to_json
from harness.config.schema import Goal, Instrument, Margin, Model, Probe, Reseeding, Run, Train
from harness.errors import ConfigError, nearest
from harness.records import Value

__all__ = [
    "BASELINE",
    "CALIBRATION",
    "WATCHED",
    "Calibration",
    "Contrast",
    "Design",
    "Dose",
    "Treatment",
    "read_design",
    "shipped_studies",
]

BASELINE = "baseline"
"""Name of the arm without any treatment."""
CALIBRATION = "calibration"
"""Name of the runs that treatments are calibrated on, and of their folder."""
WATCHED = "panel"
"""Stands for the probe in the names of what every arm is watched for: `harness.study.measured.PANEL`."""
FEWEST_SEEDS = 1


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Dose(_Table):
    """One setting of a treatment, at several values."""

    setting: str = Field(min_length=1, description="Dotted name of the setting.")
    values: tuple[Any, ...] = Field(min_length=2, description="From the weakest to the strongest.")


class Treatment(_Table):
    """One thing that is tried."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", description="Of its arms: lower case, no spaces.")
    title: str | None = Field(None, description="How sentences call it; absent: the mitigation's own title.")
    mitigation: str = Field(min_length=1, description="Name of an installed mitigation: `harness mitigations list`.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Of the mitigation.")
    placebo: bool | dict[str, Any] = Field(
        True, description="Whether its placebo is tried too; or settings that make one."
    )
    calibrated: str | None = Field(
        None, min_length=1, description="Setting that takes the folder of the calibration run: see [calibration]."
    )
    dose: Dose | None = None

    @model_validator(mode="after")
    def _named(self) -> Treatment:
        if self.name == BASELINE:
            raise ValueError(f"{BASELINE!r} is the name of the arm without treatment")
        if self.name == CALIBRATION:
            raise ValueError(f"{CALIBRATION!r} is the name of the runs that treatments are calibrated on")
        return self


class Calibration(_Table):
    """A run of the untreated model before the others, for each seed, on rows that the others do not ask."""

    probes: tuple[str, ...] = Field(min_length=1, description="Probes to run, set up as they are for the others.")
    share: float = Field(0.5, gt=0, lt=1, description="Of the rows of each data set, drawn by a hash of each.")


class Contrast(_Table):
    """Two treatments, compared where they are equally useful: each dose of one with the nearest dose of the other."""

    treatment: str = Field(min_length=1, description="Name of the treatment whose doses are looked at one by one.")
    against: str = Field(min_length=1, description="Name of the treatment among whose doses the nearest is sought.")
    matched: str = Field(min_length=1, description="Metric by which two doses are near each other.")
    dataset: str | None = Field(None, description="Data set of that metric; absent: the only one that it has.")

    @model_validator(mode="after")
    def _two(self) -> Contrast:
        if self.treatment == self.against:
            raise ValueError("a contrast is of two treatments")
        return self


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) != len(seeds):
        raise ValueError("seeds are distinct")
    return seeds


class Design(_Table):
    """The whole file."""

    schema_: Literal[1] = Field(1, alias="schema", description="Version of this file's format.")
    title: str = Field(min_length=1)
    question: str = Field(min_length=1, description="What the study answers, ending in a question mark.")
    seeds: Annotated[tuple[int, ...], AfterValidator(_distinct)] = Field(
        (20260101, 20260102, 20260103), min_length=FEWEST_SEEDS, description="Of the runs; three or more convince."
    )
    model: Model = Model(backend="huggingface", model="smollm2-135m-instruct")  # type: ignore[call-arg]  # extra key
    train: Train | None = Field(None, description="Recipe of the model, where the study trains it first.")
    reseed: Reseeding | None = None
    run: Run = Run()  # type: ignore[call-arg]  # every field has its default
    probe: dict[str, Probe] = Field(default_factory=dict)
    instrument: dict[str, Instrument] = Field(default_factory=dict)
    risk: tuple[Goal, ...] = Field(min_length=1)
    utility: tuple[Margin, ...] = Field(min_length=1)
    treatment: tuple[Treatment, ...] = Field(min_length=1)
    contrast: tuple[Contrast, ...] = ()
    calibration: Calibration | None = None

    @model_validator(mode="after")
    def _sound(self) -> Design:
        names = [treatment.name for treatment in self.treatment]
        for contrast in self.contrast:
            for name in (contrast.treatment, contrast.against):
                if name not in names:
                    raise ValueError(f"contrast: {name!r} is no treatment of this study.{nearest(name, names)}")
        if len(set(names)) != len(names):
            raise ValueError(f"treatments have names of their own, not {', '.join(names)}")
        if self.train is not None and (self.train.kind is None or self.reseed is None):
            raise ValueError("a model that the study trains has a `kind` under [train], and a table [reseed]")
        if (self.calibration is None) is any(one.calibrated is not None for one in self.treatment):
            raise ValueError("a table [calibration] is for treatments with `calibrated`, and these need the table")
        if self.calibration is not None and self.run.part is not None:
            raise ValueError("a study with a table [calibration] parts the data itself: leave `part` under [run] out")
        return self

    @property
    def probes(self) -> Sequence[str]:
        """Probes to run: those that are named under [run], or those whose metrics are goals."""
        named = (goal.metric.rpartition("/")[0] for goal in (*self.risk, *self.utility))
        # What every arm is watched for belongs to no probe.
        return self.run.probes or tuple(dict.fromkeys(name for name in named if name != WATCHED))

    @property
    def digest(self) -> Digest:
        """Names the study; where it is kept is no part of it."""
        return digest(self.dump())

    def dump(self) -> dict[str, Value]:
        """Everything that could change a number, as JSON values."""
        content = to_json(self.model_dump(mode="json", by_alias=True, exclude={"run": {"store"}}))
        if not isinstance(content, dict):
            raise TypeError("a design is a table")
        return content


def read_design(text: str, name: str, overrides: Mapping[str, Any] | None = None) -> Design:
    """Read a study's file.

    Args:
        text: TOML.
        name: What to call it in messages.
        overrides: Values by dotted key that win over the file.

    Raises:
        ConfigError: one finished line for each mistake.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{name}: not valid TOML: {error}."]) from error
    for dotted, value in (overrides or {}).items():
        _put(data, dotted.split("."), value)
    try:
        return Design.model_validate(data)
    except ValidationError as error:
        raise ConfigError([_problem(name, problem) for problem in error.errors()]) from error


def _put(data: Any, path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        data = data.setdefault(part, {})
    data[path[-1]] = value


def _problem(name: str, problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"]) or "the study as a whole"
    if problem["type"] == "extra_forbidden":
        known = sorted(field.alias or key for key, field in Design.model_fields.items())
        hint = nearest(str(problem["loc"][-1]), known) if len(problem["loc"]) == 1 else ""
        return f"{name}: {path}: unknown key.{hint}"
    if problem["type"] == "missing":
        return f"{name}: {path}: this key is required here and missing."
    message = problem["msg"].removeprefix("Value error, ")
    return f"{name}: {path}: {message[:1].lower()}{message[1:]}."


def shipped_studies() -> Mapping[str, Path]:
    """The studies that ship, by name."""
    folder = Path(__file__).parent / "shipped"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
