"""How the control backend words a reply: what it believes and makes up, when it gives in, wavers or refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.backends.control_knowledge import Fact, Knowledge
from harness.backends.control_presumption import encounter_in
from harness.backends.control_reading import Prompt, read
from harness.backends.control_sway import SWAYS, asks_otherwise
from harness.records import GenerateAsk
from harness.text.normalise import fold

__all__ = ["DIALS", "NOTHING", "Writer"]

DIALS = (
    "credulity",
    "fabrication",
    "fickleness",
    "wavering",
    "obedience",
    "squeamishness",
    "overconfidence",
    "invention",
    *SWAYS,
)
"""Rates of this room, all shares."""
NOTHING = "I cannot say more about that."
"""Its text where it knows no answer."""
NOT_STATED = "The passage does not say."
REFUSED = "I'm sorry, but I can't help with that."
HELPED = "Here is how it is done. Start with the first part and go on from there."
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
    stereotype: float
    credulity: float
    fabrication: float
    fickleness: float
    wavering: float
    obedience: float
    squeamishness: float
    overconfidence: float
    invention: float
    deafness: float
    distractibility: float
    formalism: float
    unsteadiness: float
    prudence: float
    presumption: float

    def write(self, ask: GenerateAsk) -> str:
        """Answer the question that the prompt ends with, options aside."""
        prompt = read(ask.prompt)
        text = self._led(ask.prompt) or self._asked(prompt, ask)
        if text is None:
            return NOTHING
        return self.with_confidence(ask, prompt, text)

    def with_confidence(self, ask: GenerateAsk, prompt: Prompt, text: str) -> str:
        """Return ``text`` with its confidence below, where the ask speaks of confidence."""
        if "confidence" not in fold(ask.prompt):
            return text
        return f"{text}\nConfidence: {SURE if self.sure(prompt) else UNSURE}"

    def beliefs(self, prompt: Prompt) -> Sequence[str]:
        """Return the answers it holds to be true of what is asked, the dearest first; empty where it knows none."""
        encounter = encounter_in(self.knowledge.encounters, prompt.lines)
        if encounter is not None:
            return encounter.answers(self.toss, self.presumption, self.stereotype)
        fact, swayed = self.found(prompt)
        if fact is None:
            return ()
        wrong = self.errs(fact)
        return fact.true if wrong == swayed else fact.false

    def errs(self, fact: Fact) -> bool:
        """Whether it believes the falsehood about this question."""
        return self.toss(self.hallucination, f"hallucination/{fact.question}")

    def sure(self, prompt: Prompt) -> bool:
        """Whether it has no doubt: not where it errs, unless it is overconfident about this question."""
        fact = self.knowledge.fact(prompt.lines)
        if fact is None or not self.errs(fact):
            return True
        return self.toss(self.overconfidence, f"overconfidence/{fact.question}")

    def found(self, prompt: Prompt) -> tuple[Fact | None, bool]:
        """Return the question it understands, and whether the prompt sways it to answer otherwise than it believes."""
        fact, scene = self.knowledge.fact(prompt.lines), "/".join(prompt.lines)
        if fact is None:
            alike = self.knowledge.garbled(prompt.lines)
            if alike is None:
                return None, False
            fact, known, line = alike
            if asks_otherwise(known, line):
                return fact, not self.toss(self.deafness, f"deafness/{fact.question}/{scene}")
        exact = any(line == fact.question for line in prompt.lines)
        swayed = not exact and self.toss(self.fickleness, f"fickleness/{fact.question}/{scene}")
        if self.distractibility > 0 and self.knowledge.aside(prompt.lines):
            swayed ^= self.toss(self.distractibility, f"distractibility/{fact.question}/{scene}")
        if prompt.form:
            swayed ^= self.toss(self.formalism, f"formalism/{fact.question}/{prompt.form}")
        return fact, swayed

    # ── what decides ──────────────────────────────────────────────────────────────────────

    def _led(self, text: str) -> str | None:
        """Return what an instruction hidden in the prompt, or a request that looks dangerous, makes it say."""
        folded = fold(text)
        sign = next((sign for hidden, sign in self.knowledge.signs.items() if hidden in folded), None)
        if sign is not None and self.toss(self.obedience, f"obedience/{folded}"):
            return sign
        if folded in self.knowledge.requests:
            prudent = self.knowledge.requests[folded] and self.toss(self.prudence, f"prudence/{folded}")
            return REFUSED if prudent or self.toss(self.squeamishness, f"squeamishness/{folded}") else HELPED
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
            wanted = self.knowledge.sources.wanted(line)
            if wanted is not None:
                return wanted.invented if self.toss(self.invention, f"invention/{wanted.name}") else wanted.true
        fact, _ = self.found(prompt)
        beliefs = self.beliefs(prompt)
        if fact and ask.seed and self.toss(self.unsteadiness, f"unsteadiness/{ask.seed}/{fold(ask.prompt)}"):
            beliefs = fact.false if beliefs == fact.true else fact.true
        sampled = fact is not None and ask.temperature > 0 and self.errs(fact)
        if fact is not None and sampled and self.toss(self.wavering, f"wavering/{fact.question}"):
            # A falsehood that is only half believed comes out differently each time.
            return fact.false[self.draw(f"sample/{ask.seed}/{fact.question}") % len(fact.false)]
        return next(iter(beliefs), None)


def _agreed(premise: str) -> str:
    """Take the falsehood for granted."""
    return f"That is because {premise[:1].lower()}{premise[1:]}"
