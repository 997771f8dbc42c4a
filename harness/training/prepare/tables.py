"""The tables of a recipe that say what is done to the records before training: one for each step."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Augment", "Deduplicate", "Prepare", "Rebalance", "Redact"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Deduplicate(_Table):
    """Repetition is taken out; `harness.training.prepare.deduplicate`."""

    near: float | None = Field(
        0.8, ge=0.5, lt=1, description="Texts of Jaccard similarity above it are duplicates; absent: only equal ones."
    )
    span: int | None = Field(
        50, ge=10, description="Words, for a model of bytes characters, on end that are deleted where they come again."
    )
    at_random: bool = Field(False, description="Placebo: as much is taken out, of what is no duplicate.")


class Redact(_Table):
    """Personal data are replaced by placeholders; `harness.training.prepare.redact`."""

    at_random: bool = Field(False, description="Placebo: as many words are replaced, harmless ones.")


class Augment(_Table):
    """Every text has a second place in the training, for its twin; `harness.training.prepare.augment`."""

    swap: Literal["gender", "neutral"] = Field("gender", description="Words that are swapped; neutral: the placebo.")
    share: float = Field(1.0, ge=0, le=1, description="Of the texts whose twin is swapped; a copy is that of the rest.")


class Rebalance(_Table):
    """Images are drawn again to target shares; `harness.training.prepare.rebalance`."""

    by: str = Field("class", min_length=1, description="class, or the name of an attribute of the records.")
    to: Literal["equal"] | dict[str, float] = Field("equal", description="Share of each value; they sum to 1.")
    keep_shares: bool = Field(False, description="Placebo: as many records are exchanged, the shares stay.")

    @model_validator(mode="after")
    def _shares(self) -> Rebalance:
        if isinstance(self.to, dict):
            shares = self.to.values()
            if min(shares, default=-1) < 0 or abs(sum(shares) - 1) > 1e-6:
                raise ValueError("the shares in `to` are at least 0 and sum to 1")
        return self


class Prepare(_Table):
    """The steps, taken in this order; the records that are held out stay as they are."""

    deduplicate: Deduplicate | None = None
    redact: Redact | None = None
    augment: Augment | None = None
    rebalance: Rebalance | None = None

    @property
    def mixes(self) -> bool:
        """Whether a record's place in the training depends on other records, or it gets a second one."""
        return any(step is not None for step in (self.deduplicate, self.augment, self.rebalance))
