"""The model is told in words to be fair, or to keep to what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind, Steps
from harness.mitigations.instruction_wordings import STRENGTHS, WORDINGS, inert
from harness.mitigations.layer import Layer
from harness.records import Ask, Capability, GenerateAsk, ScoreAsk, Value

__all__ = ["Instruction"]

CARD = MitigationCard(
    id="instruction",
    version="1",
    title="An instruction",
    kind=MitigationKind.PROMPT,
    does="Tells the model in words, before everything else, to be fair, to keep to what is true, or both.",
    cost="The words of the instruction are read with every ask: 14 to 150 tokens. No further calls.",
    limits=(
        "Models that were not tuned to follow instructions hardly heed one, and small ones that were may not either.",
        (
            "Where a model scores text, the instruction is text before it. What it does to likelihoods is then the"
            " effect of those words being there, heeded or not: the placebo has as many that say nothing of the kind."
        ),
        (
            "In a chat it is added to the system message. A model whose template brings a system message of its own"
            " where none is given loses that one: part of an effect may be that, and the placebo shares it."
        ),
        (
            "Texts that are scored in windows, because they may be longer than the model reads, are passed on as they"
            " are: perplexity of long texts does not see the instruction."
        ),
        "The wordings are a few of very many, in English; another wording may do more, or less.",
        "Whoever writes the prompt can talk the model out of it: it is no protection against an adversary.",
    ),
    references=(
        "Schick et al. 2021, Self-Diagnosis and Self-Debiasing, arXiv 2103.00453",
        "Ganguli et al. 2023, The Capacity for Moral Self-Correction in Large Language Models, arXiv 2302.07459",
        "Si et al. 2023, Prompting GPT-3 To Be Reliable, arXiv 2210.09150",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002", "MG-2.2-004"),
        "eu-ai-act": ("Art.15(4)",),
        "iso-42001": ("A.6.2.6", "A.9.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": (),
        "mitre-atlas": ("AML.M0020",),
        "avid": ("E0100", "E0402"),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """Words before every ask.

    Attributes:
        topic: ``fair``, ``accurate`` or ``both``.
        strength: ``short``, ``full`` or ``emphatic``: the dose.
        text: An instruction of your own in place of those; None for one of them.
        sham: True for the placebo: exactly as many words, which ask for nothing.
    """

    topic: str = "fair"
    strength: str = "full"
    text: str | None = None
    sham: bool = False
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if self.topic not in WORDINGS:
            raise ValueError(f"topic is one of {', '.join(WORDINGS)}, not {self.topic!r}")
        if self.strength not in STRENGTHS:
            raise ValueError(f"strength is one of {', '.join(STRENGTHS)}, not {self.strength!r}")
        if self.text is not None and not self.text.split():
            raise ValueError("text is an instruction in words, and not blank")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many words that ask for nothing."""
        return {"sham": True}

    @property
    def words(self) -> str:
        """What the model is told."""
        told = WORDINGS[self.topic][self.strength] if self.text is None else self.text.strip()
        return inert(len(told.split())) if self.sham else told

    def material(self) -> Sequence[str]:
        """None: an instruction shows no item."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """Only what can neither score nor write text does not fit."""
        if target.capabilities & {Capability.SCORE, Capability.GENERATE}:
            return None
        return "it is words before a text, and this backend neither scores nor writes text"

    def details(self) -> Mapping[str, Value]:
        """The words themselves."""
        return {"words": self.words}

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with this over it."""
        del work
        return Layer(target, self)

    def steps(self, ask: Ask) -> Steps:
        """Ask with the words before."""
        [reply] = yield [self._told(ask)]
        return reply

    def _told(self, ask: Ask) -> Ask:
        if isinstance(ask, GenerateAsk) and ask.chat:
            return replace(ask, system=f"{ask.system}\n\n{self.words}" if ask.system else self.words)
        if isinstance(ask, GenerateAsk):
            return replace(ask, prompt=f"{self.words}\n\n{ask.prompt}")
        if isinstance(ask, ScoreAsk) and ask.windows is None:
            return replace(ask, context=f"{self.words}\n\n{ask.context}")
        return ask
