"""How the control backend marks its text: it strings words together, and prefers those that a key makes green.

Marks are those of `harness.watermark.kgw` with the public test key, over words as `harness.watermark.words` numbers
them: each word is the first green one of a few that chance offers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.backends.control_writer import NOTHING
from harness.records import GenerateAsk
from harness.seeds import rng
from harness.watermark import kgw, prf
from harness.watermark.keys import PUBLIC_KEY
from harness.watermark.words import WHOLE, word_ids

__all__ = ["MARKING", "Marked", "strung"]

MARKING = ("marks_text",)
"""Rates of this room."""
OFFERED = 4
"""Words of which the first green one is written."""
MOST = 400
"""Words that it goes on for at most."""
LIST = """
the a an and or but so then when while after before until since because though if as than that this these those which
he she they we you it who what where how why here there now soon later early late again once twice never always often
house garden door window table chair kitchen street corner bridge river hill field road village town market shop school
church station train boat letter book paper picture clock lamp coat hat shoe basket bottle cup plate bread apple cheese
man woman child boy girl neighbour teacher baker farmer doctor friend cousin aunt uncle dog cat horse bird
went came saw found lost took gave kept left put made said asked told heard knew thought wanted needed liked
small large old new young long short high low warm cold dry wet bright dark quiet loud slow quick green grey red blue
in on at by from to with without under over near behind between through across along about for of into out up down
"""
WORDS = LIST.split()
"""What it strings together."""


@dataclass(kw_only=True)
class Marked:
    """The dial of its marks.

    Attributes:
        marks_text: Share of marked asks for sampled text, of those to which it knows no answer, whose replies carry a
            watermark with the public test key. Above 0, it strings words together there instead of saying nothing.
    """

    marks_text: float = 0.0

    def tokenizer(self) -> str:
        """It marks whole words."""
        return WHOLE


class Dials(Protocol):
    """What it must be told: see `Marked`, and ``seed`` of `harness.backends.control.Control`."""

    marks_text: float
    seed: int


def strung(ask: GenerateAsk, text: str, dials: Dials, toss: Callable[[float, str], bool]) -> str:
    """Return words, marked or not, in place of ``text``, its reply, where that says that it knows no answer.

    Args:
        ask: What was asked.
        text: Its reply.
        dials: Rates.
        toss: Decides for a rate and a name.
    """
    if text != NOTHING or not dials.marks_text or not ask.temperature:
        return text
    name = f"{ask.seed}/{ask.prompt.encode('utf-8', 'backslashreplace').decode()}"
    marked = ask.marked and toss(dials.marks_text, f"marks_text/{name}")
    random = rng(dials.seed, f"strung/{ask.marked}/{name}")
    places = [random.randrange(len(WORDS))]
    while len(places) < min(ask.max_tokens, MOST):
        offered = random.sample(range(len(WORDS)), OFFERED)
        green = [place for place in offered if _green()[places[-1], place]] if marked else []
        places.append((green or offered)[0])
    return " ".join(WORDS[place] for place in places)


@cache
def _green() -> NDArray[np.bool_]:
    """Which word is green after which, ``[words, words]``."""
    lists = kgw.GreenLists()
    ids = word_ids(" ".join(WORDS))
    pairs = np.stack(np.broadcast_arrays(ids[:, None], ids[None, :]), axis=2).reshape(-1, 2)
    numbers = kgw.numbers(kgw.state([PUBLIC_KEY], lists), pairs, lists)
    return prf.below(numbers, lists.gamma).reshape(len(WORDS), len(WORDS))
