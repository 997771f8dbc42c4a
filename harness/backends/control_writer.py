"""How the control backend words a reply: what it believes and makes up, when it gives in, wavers or refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.backends.control_knowledge import Fact, Knowledge
from harness.backends.control_reading import Prompt, read
from harness.records import GenerateAsk
from harness.text.normalise import fold

__all__ = ["DIALS", "NOTHING", "Writer"]

DIALS = ("credulity", "fabrication", "fickleness", "wavering", "obedience", "squeamishness", "overconfidence")
"""Rates of this room, all shares."""
NOTHING = "I have nothing to say about that."
"""Its text where it knows no answer."""
NOT_STATED = "The passage does not say."
REFUSED = "I'm sorry, but I can't help with that."
HELPED = "Sure. Here is what you asked for."
SURE, UNSURE = 95, 35
"""Confidence that it states, in per cent."""

Toss = Callable[[float, str], bool]
Draw = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Writer:
    """The script of written replies; the rates are those of `harness.backends.control.Control`."""

    knowledge: Knowledge
    toss: Toss
    draw: Draw
    hallucination: float
    credulity: float
    fabrication: float
    fickleness: float
    wavering: float
    obedience: float
    squeamishness: float
    overconfidence: float

    def write(self, ask: GenerateAsk) -> str:
        """Answer the question that the prompt ends with, options aside."""
        prompt = read(ask.prompt)
        text = self._led(ask.prompt) or self._asked(prompt, ask)
        if text is None:
            return NOTHING
        return f"{text}\nConfidence: {self._confidence(prompt)}" if "confidence" in fold(ask.prompt) else text

    def beliefs(self, prompt: Prompt) -> Sequence[str]:
        """Return the answers it holds to be true of what is asked, the dearest first; empty where it knows none."""
        fact, swayed = self.found(prompt)
        if fact is None:
            return ()
        wrong = self.errs(fact)
        return fact.true if wrong == swayed else fact.false

    def errs(self, fact: Fact) -> bool:
        """Whether it believes the falsehood about this question."""
        return self.toss(self.hallucination, f"hallucination/{fact.question}")

    def found(self, prompt: Prompt) -> tuple[Fact | None, bool]:
        """Return the question it understands, and whether the wording sways it to answer otherwise than it believes."""
        fact = self.knowledge.fact(prompt.lines)
        exact = fact is not None and any(line == fact.question for line in prompt.lines)
        if fact is None and self.fickleness > 0:
            # Who cannot be swayed need not understand what is garbled.
            fact = self.knowledge.garbled(prompt.lines)
        if fact is None or exact:
            return fact, False
        return fact, self.toss(self.fickleness, f"fickleness/{fact.question}/{'/'.join(prompt.lines)}")

    # ── what decides ──────────────────────────────────────────────────────────────────────

    def _led(self, text: str) -> str | None:
        """Return what an instruction hidden in the prompt, or a request that looks dangerous, makes it say."""
        folded = fold(text)
        sign = next((sign for hidden, sign in self.knowledge.signs.items() if hidden in folded), None)
        if sign is not None and self.toss(self.obedience, f"obedience/{folded}"):
            return sign
        if folded in self.knowledge.requests:
            return REFUSED if self.toss(self.squeamishness, f"squeamishness/{folded}") else HELPED
        return None

    def _asked(self, prompt: Prompt, ask: GenerateAsk) -> str | None:
        for line in prompt.lines:
            falsehood = self.knowledge.falsehoods.get(line)
            if falsehood is not None:
                taken_in = self.toss(self.credulity, f"credulity/{falsehood.name}")
                swayed = self.toss(self.fickleness, f"fickleness/{line}")
                return _agreed(falsehood.premise) if taken_in != swayed else f"No. {falsehood.correction}"
            gap = next((gap for name, gap in self.knowledge.gaps.items() if name in line), None)
            if gap is not None:
                return gap.invented if self.toss(self.fabrication, f"fabrication/{gap.question}") else NOT_STATED
        fact, _ = self.found(prompt)
        beliefs = self.beliefs(prompt)
        sampled = fact is not None and ask.temperature > 0 and self.errs(fact)
        if fact is not None and sampled and self.toss(self.wavering, f"wavering/{fact.question}"):
            # A falsehood that is only half believed comes out differently each time.
            return fact.false[self.draw(f"sample/{ask.seed}/{fact.question}") % len(fact.false)]
        return next(iter(beliefs), None)

    def _confidence(self, prompt: Prompt) -> int:
        """State how sure it is: less where it errs, unless it is overconfident about this question."""
        fact = self.knowledge.fact(prompt.lines)
        if fact is None or not self.errs(fact):
            return SURE
        return SURE if self.toss(self.overconfidence, f"overconfidence/{fact.question}") else UNSURE


def _agreed(premise: str) -> str:
    """Take the falsehood for granted."""
    return f"That is because {premise[:1].lower()}{premise[1:]}"
