"""Prompts put right before the model sees them: look-alikes, layout, shouting, slips of the pen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from harness.canonical import digest
from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, Steps
from harness.errors import DataError
from harness.mitigations.layer import Layer
from harness.mitigations.normalise_card import CARD
from harness.records import Ask, Capability, GenerateAsk, ScoreAsk, Value
from harness.text.perturb.change import Edit, changed
from harness.text.repair import case, characters, layout, slips
from harness.text.vocabulary import Vocabulary, english, is_here

__all__ = ["STAGES", "Normalise"]

STAGES = ("characters", "layout", "case", "spelling")
"""In the order in which they are taken."""
MOST_PASSES = 5
"""What one stage puts right can be what another needs; text that people write takes one pass."""
FURTHEST = 2
"""Edits beyond which a word is more likely another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalise:
    """The user's text of a prompt, put right in stages; what is in doubt stays as it is.

    Attributes:
        stages: Which of ``characters``, ``layout``, ``case`` and ``spelling`` are taken; always in this order.
        distance: Most edits of a slip of the pen that is repaired, 0 to 2; 0 repairs none.
        words: Path of a UTF-8 text whose words are known too, as those of a field of your own; None for none.
        sham: True for the placebo: each slip that would be repaired is turned into another slip of the same word, and
            nothing else is changed.
    """

    stages: Sequence[str] = STAGES
    distance: int = 1
    words: str | None = None
    sham: bool = False

    def __post_init__(self) -> None:
        unknown = [stage for stage in self.stages if stage not in STAGES]
        if unknown:
            raise ValueError(f"stages are some of {', '.join(STAGES)}, not {', '.join(map(repr, unknown))}")
        if not 0 <= self.distance <= FURTHEST:
            raise ValueError(f"distance lies in 0 to {FURTHEST}, not {self.distance}")

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many words changed, in the same places, and none put right."""
        words: Mapping[str, Value] = {} if self.words is None else {"words": self.words}
        return {"stages": list(self.stages), "distance": self.distance, **words, "sham": True}

    def material(self) -> Sequence[str]:
        """The lines of the file of further words.

        Raises:
            DataError: it cannot be read.
        """
        return [line.strip() for line in _further(self.words).splitlines() if line.strip()]

    def misfit(self, target: Backend) -> str | None:
        """It needs a model that scores or writes, and its list of words."""
        if not is_here():
            return "its list of words comes with the extra `spelling`, which is not installed"
        if target.capabilities & {Capability.SCORE, Capability.GENERATE}:
            return None
        return "it works on the text of prompts, and this backend neither scores nor writes text"

    def details(self) -> Mapping[str, Value]:
        """All settings, with the digest of every word that is known in place of the file's name."""
        taken: Value = [stage for stage in STAGES if stage in self.stages]
        return {"stages": taken, "distance": self.distance, "words": _digest(self.words), "sham": self.sham}

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with this over it."""
        del work
        return Layer(target, self)

    def steps(self, ask: Ask) -> Steps:
        """Ask with the text put right."""
        [reply] = yield [self._put_right(ask)]
        return reply

    def normalised(self, text: str) -> str:
        """Return ``text`` put right; twice is once, but for the sham.

        Raises:
            DataError: the file of further words cannot be read.
        """
        known = _known(self.words)
        if self.sham:
            return changed(text, [_shammed(edit) for edit in self._slips(text, known)]).text
        for _ in range(MOST_PASSES):
            before, text = text, self._once(text, known)
            if text == before:
                break
        return text

    def _once(self, text: str, known: Vocabulary) -> str:
        stages: Mapping[str, Callable[[str], str]] = {
            "characters": lambda text: characters(text, known),
            "layout": layout,
            "case": lambda text: case(text, known),
            "spelling": lambda text: changed(text, self._slips(text, known)).text,
        }
        for stage, done in stages.items():
            if stage in self.stages:
                text = done(text)
        return text

    def _slips(self, text: str, known: Vocabulary) -> list[Edit]:
        return slips(text, known, self.distance) if "spelling" in self.stages else []

    def _put_right(self, ask: Ask) -> Ask:
        """Change the user's text alone, and never to nothing: an empty context is another question."""
        if isinstance(ask, GenerateAsk):
            return replace(ask, prompt=self.normalised(ask.prompt) or ask.prompt)
        if isinstance(ask, ScoreAsk):
            return replace(ask, context=self.normalised(ask.context) or ask.context)
        return ask


def _shammed(edit: Edit) -> Edit:
    """Put another slip of the same word for a slip: two inner neighbours swapped, or an inner letter twice."""
    word, meant = edit.before, edit.after
    swapped = [f"{meant[:at]}{meant[at + 1]}{meant[at]}{meant[at + 2 :]}" for at in range(1, len(meant) - 2)]
    doubled = [f"{meant[: at + 1]}{meant[at:]}" for at in range(1, len(meant) - 1)]
    return replace(edit, after=next((other for other in (*swapped, *doubled) if other not in (word, meant)), word))


@lru_cache(maxsize=4)
def _known(words: str | None) -> Vocabulary:
    return english(_further(words))


@lru_cache(maxsize=4)
def _digest(words: str | None) -> str:
    return str(digest(dict(_known(words).ranks)))


def _further(words: str | None) -> str:
    if words is None:
        return ""
    try:
        return Path(words).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"normalise: the file of words {words} cannot be read: {error}. Name a text in UTF-8, or leave `words` out."
        ) from error
