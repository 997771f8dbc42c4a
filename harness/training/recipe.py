"""What is trained, on what, and how. Read from a shipped recipe, harness.toml and the command line, in that order."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from harness.seeds import derive
from harness.training.objectives.tables import Objective, Preference
from harness.training.prepare.tables import Prepare

__all__ = ["ITSELF", "Canaries", "Kind", "Mode", "Privacy", "Recipe"]

Kind = Literal["language", "vae", "gan", "diffusion", "text_to_image"]
Mode = Literal["auto", "hooks", "functorch", "ghost"]

ITSELF = "."
"""As ``start`` in what changes a recipe: the weights of the very model whose recipe is changed."""

LATER = frozenset({"prepare", "objective", "start"})
"""Keys that came later: a recipe that does not use one is written, and so digested, as it was before there was one."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Canaries(_Table):
    """Records planted to measure memorisation."""

    repeats: tuple[int, ...] = Field(
        (1, 2, 4, 8, 16, 32, 64),
        description="How often the canaries of each level are in the training; with coins alone given: none.",
    )
    per_level: int = Field(4, ge=1, description="Canaries at each level of repeats.")
    coins: int = Field(0, ge=0, description="Further canaries, each in the training once by a fair coin: for audits.")

    @model_validator(mode="after")
    def _positive(self) -> Canaries:
        if min(self.repeats, default=1) < 1 or len(set(self.repeats)) != len(self.repeats):
            raise ValueError("repeats are distinct whole numbers, at least 1")
        return self


class Privacy(_Table):
    """Differential privacy by DP-SGD."""

    epsilon: float | None = Field(
        None, gt=0, description="Budget: the noise is found for it, or, with noise_multiplier given, training stops."
    )
    delta: float | None = Field(None, gt=0, lt=1, description="Absent: 1 / (10 n) for n training records.")
    noise_multiplier: float | None = Field(None, gt=0, description="Standard deviation of the noise, in units of clip.")
    clip: float = Field(1.0, gt=0, description="Largest l2 norm of one record's gradient.")
    mode: Mode = Field("auto", description="How per-record gradients are computed; auto chooses for the model.")

    @model_validator(mode="after")
    def _determined(self) -> Privacy:
        if self.epsilon is None and self.noise_multiplier is None:
            raise ValueError("give epsilon, noise_multiplier, or both")
        return self


class Recipe(_Table):
    """One training, completely."""

    kind: Kind = Field(description="language, vae, gan, diffusion or text_to_image.")
    data: str = Field(
        min_length=1, description="digits, fashion-mnist, synthetic, people, a folder of images or a text file."
    )
    model: dict[str, JsonValue] = Field(default_factory=dict, description="Settings of the kind: sizes, conditioning.")
    records: int | None = Field(None, ge=2, description="Use only so many records, drawn by the seed; absent: all.")
    steps: int = Field(ge=1, description="Rounds of training.")
    batch: int = Field(ge=1, description="Records in a logical batch; with privacy, on average.")
    physical_batch: int | None = Field(None, ge=1, description="Records in memory at once; absent: the logical batch.")
    learning_rate: float = Field(gt=0)
    warmup: int = Field(0, ge=0, description="Steps over which the learning rate rises from 0.")
    decay: bool = Field(True, description="Whether the learning rate falls to a tenth along a cosine.")
    betas: tuple[float, float] = Field((0.9, 0.999), description="Of AdamW.")
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float | None = Field(None, gt=0, description="Clip the batch gradient (not with privacy).")
    average: float = Field(0.0, ge=0, lt=1, description="Decay of the moving average of weights; 0: none.")
    validate_every: int = Field(0, ge=0, description="Steps between validations; 0: only at the end.")
    patience: int | None = Field(None, ge=1, description="Validations without improvement before stopping early.")
    save_every: int = Field(200, ge=1, description="Steps between states kept for resuming.")
    seed: int = Field(20260101, ge=0, description="Root of all randomness that privacy does not need to hide.")
    toss: int = Field(
        0, ge=0, description="Which toss of the coins: models that differ here alone are each other's references."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where CUDA is used without privacy, else float32."
    )
    canaries: Canaries | None = None
    privacy: Privacy | None = None
    prepare: Prepare | None = Field(None, description="What is done to the members' records before training.")
    start: str | None = Field(None, min_length=1, description="Folder of a checkpoint whose weights it begins with.")
    objective: Objective | None = Field(None, description="What a language model is trained towards besides.")

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if key not in LATER or value is not None}

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        if self.patience is not None and not self.validate_every:
            raise ValueError("patience counts validations: set validate_every too")
        if self.privacy is not None and self.max_grad_norm is not None:
            raise ValueError("with privacy each record's gradient is clipped (privacy.clip): drop max_grad_norm")
        if self.privacy is not None and self.prepare is not None and self.prepare.mixes:
            # Debenedetti et al. 2023, arXiv:2309.05610.
            raise ValueError("with privacy no record may decide over another's place: of prepare, only redact can stay")
        if self.objective is not None and self.kind != "language":
            raise ValueError(f"the objective {self.objective.name} is one of language models, not of {self.kind}")
        if isinstance(self.objective, Preference) and self.start is None and "base" not in self.model:
            raise ValueError("preferences are learned by a model that writes already: give start, or base of the model")
        if self.objective is not None and self.privacy is not None:
            raise ValueError("what is proved of private steps is proved of single records' losses alone: no objective")
        return self

    @property
    def root(self) -> int:
        """Root of all randomness but the records': another toss throws coins, weights and batches anew."""
        return derive(self.seed, f"toss/{self.toss}") if self.toss else self.seed
