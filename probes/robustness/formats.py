"""Ways to lay out a question with options: a grammar of fields, marks and order after FormatSpread.

Sclar et al. 2023 (arXiv 2310.11324): names of fields and their letters, what separates a name from its text, what
stands between fields, and how options are marked; here also the order of options and of the examples before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.records import Ask, Capability, GenerateAsk, ScoreAsk
from harness.seeds import rng
from probes.letters import LETTERS, parse

__all__ = ["EXAMPLES", "PLAIN", "Format", "formats", "place_in", "put"]

REPLY_TOKENS = 8
"""Room for a mark and a few words."""


@dataclass(frozen=True, slots=True)
class Format:
    """One layout.

    Attributes:
        names: Of the fields of question and answer, as written.
        separator: Between a field's name and its text.
        between: Between fields and between options.
        style: Of an option's mark.
        marks: What options are numbered with: ``A``, ``a`` or ``1``.
        shift: By how many places the options are moved on.
        turned: Whether the examples come in the other order.
        chat: Whether the model's chat template is applied, where text is written.
    """

    names: tuple[str, str] = ("Question", "Answer")
    separator: str = ": "
    between: str = "\n"
    style: str = "{}."
    marks: str = "A"
    shift: int = 0
    turned: bool = False
    chat: bool = False

    @property
    def words(self) -> str:
        """What it looks like, for readers: the name of the first field, what follows it, what stands between fields.

        Then the first mark, by how many places the options are moved on, and whether the examples are turned.
        """
        parts = [self.names[0], SEPARATORS[self.separator], BETWEEN[self.between], self.style.format(self.marks)]
        parts += [f"+{self.shift}"] if self.shift else []
        parts += ["turned"] if self.turned else []
        parts += ["chat"] if self.chat else []
        return ", ".join(parts)

    def mark(self, place: int) -> str:
        """What the option at ``place`` is numbered with."""
        return str(place + 1) if self.marks == "1" else chr(ord(self.marks) + place)

    def label(self, place: int) -> str:
        """How the option at ``place`` is named in an answer: brackets on both sides are kept, one at the end is not."""
        return self.style.format(self.mark(place)) if self.style in BRACKETS else self.mark(place)


BRACKETS = ("({})", "[{}]")
PLAIN = Format()
NAMES = (("Question", "Answer"), ("QUESTION", "ANSWER"), ("question", "answer"), ("Q", "A"), ("Input", "Output"))
SEPARATORS = {": ": "colon", " - ": "dash", " :: ": "two colons", ":\n": "colon line", " ": "space"}
BETWEEN = {"\n": "lines", "\n\n": "blank lines", " || ": "bars"}
STYLES = ("{}.", "{})", "({})", "[{}]")
MARKS = ("A", "a", "1")

EXAMPLES: Sequence[tuple[str, tuple[str, ...], int]] = (
    ("Which day comes after Monday?", ("Friday", "Tuesday", "Sunday", "Thursday"), 1),
    ("What does a bakery sell?", ("Bread", "Shoes", "Stamps", "Lamps"), 0),
)
"""Question, options, place of the true one: plain facts that no question of the data sets touches."""


def formats(n: int, options: int, seed: int, *, writes: bool) -> list[Format]:
    """Return ``n`` different formats, the plain one first; fewer are the first of more.

    Args:
        n: How many.
        options: Options of a question, for their order.
        seed: Of the draws.
        writes: Whether text is written, so that the chat template can be left out.
    """
    found = [replace(PLAIN, chat=writes)]
    random = rng(seed, "formats")
    while len(found) < n:
        drawn = Format(
            names=random.choice(NAMES),
            separator=random.choice(list(SEPARATORS)),
            between=random.choice(list(BETWEEN)),
            style=random.choice(STYLES),
            marks=random.choice(MARKS),
            shift=random.randrange(options),
            turned=random.random() < 0.5,
            # Drawn in either case, so that both ways of asking have the same layouts.
            chat=random.random() < 0.5 and writes,
        )
        if drawn not in found:
            found.append(drawn)
    return found


def put(question: str, options: Sequence[str], how: Format, capability: Capability, *, seed: int = 0) -> Ask:
    """Ask ``question`` with ``options`` as they are to be shown, after two examples, in that format."""
    shown = [_block(text, its[: len(options)], how, how.label(true)) for text, its, true in EXAMPLES]
    prompt = "\n\n".join([*(shown[::-1] if how.turned else shown), _block(question, options, how, "")])
    if capability is Capability.SCORE:
        space = "" if prompt.endswith("\n") else " "
        return ScoreAsk(prompt, tuple(f"{space}{how.label(place)}" for place in range(len(options))))
    return GenerateAsk(prompt, chat=how.chat, max_tokens=REPLY_TOKENS, seed=seed)


def _block(question: str, options: Sequence[str], how: Format, answer: str) -> str:
    listed = [f"{how.style.format(how.mark(place))} {option}" for place, option in enumerate(options)]
    # A field that is left open keeps no space behind its name, only a line break.
    last = f"{how.names[1]}{how.separator}{answer}"
    return how.between.join([f"{how.names[0]}{how.separator}{question}", *listed, last if answer else last.rstrip(" ")])


NUMBERED = re.compile(
    r"(^[\s(\[*_\"']*|\b(?:answer|option|choice|number)(?:\s+(?:is|number|option))*\s*:?\s*[(\[*]?)(\d)(?=[\s).\]:,*]|$)",
    re.IGNORECASE,
)


def place_in(text: str, options: Sequence[str], how: Format) -> int | None:
    """Return the place of the option that ``text`` chooses, or None: its first line decides where it can."""
    if how.marks == "1":
        text = NUMBERED.sub(lambda found: f"{found[1]}{_letter(found[2])}", text)
    first = text.strip().partition("\n")[0]
    place = parse(first, options)
    return parse(text, options) if place is None else place


def _letter(digit: str) -> str:
    return LETTERS[int(digit) - 1] if digit != "0" else digit
