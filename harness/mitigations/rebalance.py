"""Train again on images that are drawn to target shares: what is drawn of a group is what there is to learn of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import Backend, TrainedBackend
from harness.contracts.mitigations import MitigationCard, MitigationKind, RetrainableBackend
from harness.errors import UsageError, nearest
from harness.mitigations.preparing import train_prepared
from harness.mitigations.retraining import AS_MUCH, untrainable
from harness.records import Capability, Value

__all__ = ["CARD", "Rebalance"]

CARD = MitigationCard(
    id="rebalance",
    version="1",
    title="Balanced resampling",
    kind=MitigationKind.DATA,
    does=(
        "Drops images of classes or attributes that are there too often, repeats those of the others until each has its"
        " target share, and trains again, as many steps with as large batches."
    ),
    cost=AS_MUCH,
    limits=(
        (
            "It balances one attribute, whose values must be known for every training image; what goes with it in the"
            " data may fall out of balance."
        ),
        (
            "Images of a small group are repeated, and what is repeated is learned by heart sooner: look at what is"
            " replicated. Nothing new is learned of the group."
        ),
        (
            "Members are no longer drawn like non-members, but to other shares: compare them within a value only."
            " Dropped images are neither."
        ),
        (
            "Shares of the training set hold exactly, up to one image. What a generator draws need not follow:"
            " measure it, with the error of the classifier."
        ),
        "A generator that is asked by class or prompt draws what it is asked for: balance may show in quality alone.",
        "Texts have no classes or attributes here. Canaries are left as they are, and so are the held-out images.",
    ),
    references=(
        "Buda et al. 2017, A systematic study of the class imbalance problem in CNNs, arXiv 1710.05381",
        "Choi et al. 2019, Fair Generative Modeling via Weak Supervision, arXiv 1910.12008",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("Harmful-Bias-and-Homogenization", "MG-2.2-004"),
        "eu-ai-act": ("Art.10(2)(g)",),
        "iso-42001": ("A.7.6",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("E0101",),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebalance:
    """Train again on images drawn to target shares.

    Attributes:
        by: ``class``, or the name of an attribute of the training images.
        to: ``equal``, or a share for each value, which sum to 1.
        keep_shares: Drop and repeat as many images within each value instead: the placebo.
    """

    by: str = "class"
    to: str | Mapping[str, float] = "equal"
    keep_shares: bool = False

    def __post_init__(self) -> None:
        if not self.by:
            raise ValueError("by is class, or the name of an attribute")
        if isinstance(self.to, str):
            if self.to != "equal":
                raise ValueError(f"to is equal, or a table of shares, not {self.to!r}")
        elif min(self.to.values(), default=-1) < 0 or abs(sum(self.to.values()) - 1) > 1e-6:
            raise ValueError("to gives shares of at least 0 that sum to 1")

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many images exchanged, and the shares as they were."""
        return {"keep_shares": True}

    def material(self) -> Sequence[str]:
        """Nothing: it shows no text."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """A model that was not trained here cannot be trained again, and texts have no classes."""
        why = untrainable(target)
        if why is None and isinstance(target, RetrainableBackend) and target.recipe["kind"] == "language":
            return "it goes by classes or attributes of training images, and this model learned from texts"
        return why

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what the same recipe trains to on images drawn again.

        Raises:
            UsageError: the training images have no such attribute, or the recipe refuses it.
        """
        self._refuse_unknown(target)
        to: Value = self.to if isinstance(self.to, str) else dict(self.to)
        return train_prepared(target, "rebalance", {"by": self.by, "to": to, "keep_shares": self.keep_shares}, work)

    def _refuse_unknown(self, target: Backend) -> None:
        """Refuse an attribute that no record has, before anything is trained."""
        if not isinstance(target, TrainedBackend) or Capability.TRAINING_DATA not in target.capabilities:
            return
        known: set[str] = set()
        for row in target.training_data().rows:
            its = row.get("attributes")
            known |= set(its) if isinstance(its, Mapping) else set()
            known |= set() if row.get("class") is None else {"class"}
        if self.by not in known:
            has, hint = ", ".join(sorted(known)) or "none", nearest(self.by, sorted(known))
            raise UsageError(f"rebalance: the training images have no {self.by!r}.{hint} They have: {has}.")
