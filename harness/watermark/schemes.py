"""Schemes of marks in text by name: what a reader sets, and one way to look a text over with any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import UsageError, nearest
from harness.watermark import gumbel, kgw, kgw_transformers, synthid, unigram
from harness.watermark.detection import Detection, TooShort, rank_p
from harness.watermark.keys import numbers_of, parse_numbers, wrong_keys
from harness.watermark.lengths import share_length

__all__ = ["BY_CHANCE", "OTHERS", "TEXT_SCHEMES", "Found", "TextScheme", "layers_of", "text_scheme"]

OTHERS = 999
"""Keys that a key is ranked among."""

BY_CHANCE = ("gumbel", "synthid")
"""Schemes that live on the chance with which tokens are drawn: greedy text has none, and stays as it is."""

LAYERS = 30
"""Numbers that SynthID makes of a key which is not a list of numbers itself."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """One text, looked over with one scheme and one key.

    Attributes:
        detection: What was found, with a p-value that is exact over keys; or that there is too little text.
        rank_p: p-value by rank among other keys, whatever is wrong with the hash; None where that would take too long,
            or where there is too little text.
    """

    detection: Detection | TooShort
    rank_p: float | None


@dataclass(frozen=True, slots=True)
class TextScheme:
    """A scheme with its settings.

    Attributes:
        name: One of `TEXT_SCHEMES`.
        settings: Of the mark, as a record of the scheme's module.
    """

    name: str
    settings: Any

    def detect(self, ids: ArrayLike, *, key: str) -> Detection | TooShort:
        """What of `look` takes no other keys, and so a thousandth of the time."""
        return LOOKS[self.name][0](ids, key, self.settings)

    def look(self, ids: ArrayLike, *, key: str) -> Found:
        """Look the text over.

        Args:
            ids: Token ids without the prompt.
            key: As it was when the text was marked: any text, or numbers between commas for ``synthid``, one number
                for ``kgw_transformers``.

        Raises:
            UsageError: the key is none of this scheme.
            ValueError: the ids are none of this vocabulary.
        """
        strengths = LOOKS[self.name][1]
        found = self.detect(ids, key=key)
        if strengths is None or isinstance(found, TooShort):
            return Found(found, None)
        return Found(found, rank_p(strengths(ids, [key, *wrong_keys(key, OTHERS)], self.settings)))

    def least(self, level: float) -> int | None:
        """Units below which even the strongest mark of these settings is not found at that p-value.

        Where every token is as likely as every other: written text leaves a mark less room, and needs more. None where
        the settings do not tell how strong a mark can be.
        """
        if self.name not in {"kgw", "unigram", "kgw_transformers"}:
            return None
        gamma, delta = self.settings.gamma, self.settings.delta
        return share_length(gamma, kgw.green_mass(gamma, delta), level=level)


def text_scheme(name: str, given: Mapping[str, Any], *, vocabulary: int | None = None) -> TextScheme:
    """Make a scheme of what a reader sets.

    Args:
        name: One of `TEXT_SCHEMES`.
        given: Settings by name; others keep their defaults.
        vocabulary: Tokens of the model, for schemes whose lists are parts of it.

    Raises:
        UsageError: there is no such scheme or setting, a value is out of range, or the vocabulary is not known.
    """
    if name not in TEXT_SCHEMES:
        raise UsageError(f"No mark of texts is named {name!r}.{nearest(name, TEXT_SCHEMES)} Known: {', '.join(LOOKS)}.")
    kind = TEXT_SCHEMES[name]
    names = [field.name for field in fields(kind)]
    odd = sorted(set(given) - set(names))
    if odd:
        raise UsageError(f"{name} has no setting {odd[0]!r}.{nearest(odd[0], names)} It has {', '.join(names)}.")
    settings = dict(given)
    if "vocabulary" in names:
        settings.setdefault("vocabulary", vocabulary)
        if settings["vocabulary"] is None:
            raise UsageError(f"{name} needs the model's number of tokens: set vocabulary, as its config.json has it.")
    try:
        return TextScheme(name, kind(**settings))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name} cannot be set so: {error}.") from error


TEXT_SCHEMES: Mapping[str, type] = {
    "kgw": kgw.GreenLists,
    "unigram": unigram.GreenList,
    "gumbel": gumbel.Choices,
    "synthid": synthid.Tournament,
    "kgw_transformers": kgw_transformers.Permuted,
}
"""Name → the settings of a mark."""


def layers_of(key: str) -> tuple[int, ...]:
    """SynthID's numbers: those that the key lists, or made of it.

    Raises:
        UsageError: it lists something else than numbers.
    """
    listed = "," in key and not any(character.isalpha() for character in key)
    return parse_numbers(key) if listed else numbers_of(key, count=LAYERS, below=2**16)


def _number(key: str) -> int:
    return parse_numbers(key, count=1, least=1, most=kgw_transformers.MOST)[0]


def _synthid(ids: ArrayLike, key: str, of: synthid.Tournament) -> Detection | TooShort:
    try:
        return synthid.detect(ids, keys=layers_of(key), of=of)
    except ValueError as error:
        raise UsageError(f"This key cannot be used for synthid: {error}.") from error


def _synthid_strengths(ids: ArrayLike, keys: Sequence[str], of: synthid.Tournament) -> Numbers:
    own = layers_of(keys[0])
    others = [numbers_of(key, count=len(own), below=min(2**16, of.sampling_table_size)) for key in keys[1:]]
    return synthid.strengths(ids, keys=[own, *others], of=of)


Detect = Callable[[ArrayLike, str, Any], Detection | TooShort]
Strengths = Callable[[ArrayLike, Sequence[str], Any], Numbers]

LOOKS: Mapping[str, tuple[Detect, Strengths | None]] = {
    "kgw": (
        lambda ids, key, lists: kgw.detect(ids, key=key, lists=lists),
        lambda ids, keys, lists: kgw.strengths(ids, keys=keys, lists=lists),
    ),
    "unigram": (
        lambda ids, key, of: unigram.detect(ids, key=key, of=of),
        lambda ids, keys, of: unigram.strengths(ids, keys=keys, of=of),
    ),
    "gumbel": (
        lambda ids, key, choices: gumbel.detect(ids, key=key, choices=choices),
        lambda ids, keys, choices: gumbel.strengths(ids, keys=keys, choices=choices),
    ),
    "synthid": (_synthid, _synthid_strengths),
    # Each other key would cost it a permutation for every distinct token.
    "kgw_transformers": (lambda ids, key, of: kgw_transformers.detect(ids, key=_number(key), of=of), None),
}
"""Name → how it is looked for, and how keys are compared."""
