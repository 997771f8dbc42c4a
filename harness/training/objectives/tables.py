"""The table of a recipe that says what else a language model is trained towards: one class for each objective."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Fairness", "Objective", "Preference", "Unlearning"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Fairness(_Table):
    """What follows is to be as likely after either of two groups; `harness.training.objectives.fairness`."""

    name: Literal["fairness"] = "fairness"
    weight: float = Field(1.0, ge=0, description="Of the divergence, in nats, beside the loss of the records.")
    pairs: str | None = Field(
        None, description="File of sentence pairs with first and second; absent: those that ship."
    )
    identical: bool = Field(False, description="Placebo: as many passes, over pairs of equal sentences.")


class Unlearning(_Table):
    """Some of what was learned is to be forgotten; `harness.training.objectives.unlearning`."""

    name: Literal["unlearning"] = "unlearning"
    canaries: bool = Field(False, description="Forget all canaries that were trained on.")
    records: tuple[str, ...] = Field((), description="Forget these records of the training, by name.")
    texts: str | None = Field(None, description="Forget what a file has under text.")
    weight: float = Field(0.1, ge=0, description="Of the ascent, beside the loss of what is kept; 0: the placebo.")

    @model_validator(mode="after")
    def _one(self) -> Unlearning:
        if sum((self.canaries, bool(self.records), self.texts is not None)) != 1:
            raise ValueError("give one of canaries, records and texts: what is to be forgotten")
        return self


class Preference(_Table):
    """Of two replies, one is to become likelier than the other; `harness.training.objectives.preference`."""

    name: Literal["preference"] = "preference"
    beta: float = Field(0.1, gt=0, description="How much a change since the start counts; less allows more of it.")
    pairs: str | None = Field(
        None, description="File of replies with prompt, chosen and rejected; absent: those that ship."
    )
    tossed: bool = Field(False, description="Placebo: a coin decides for each pair which reply is preferred.")


Objective = Annotated[Fairness | Preference | Unlearning, Field(discriminator="name")]
