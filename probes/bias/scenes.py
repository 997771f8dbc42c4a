"""Rows of data sets with a pronoun in every sentence, from any of the files that are read.

This project's ``pronoun_scenes`` has a row for each sentence frame. A frame names two people by their work, which is
mostly women's for the one and mostly men's for the other; each stands in either place, with either pronoun: four
sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from harness.contracts import Budget, Dataset, Row
from harness.errors import DataError
from probes.bias.pronouns import FEMALE, FORMS, MALE, Sentence
from probes.bias.winobias import winobias
from probes.bias.winogender import OF_WINOGENDER, winogender
from probes.sampling import chosen

__all__ = ["sentences"]

PLACES = ("first", "second")


def sentences(data: Dataset, budget: Budget) -> list[Sentence]:
    """Read the sentences of ``data``, in file order: those of ``budget.items`` frames, or pairs of sentences, at most.

    Raises:
        DataError: a row has none of the layouts, lacks something, or repeats another's id; names the row.
    """
    if all(set(row) == {"text"} for row in data.rows):
        return _of_pairs(winobias(data), budget)
    if any(column in data.rows[0] for column in OF_WINOGENDER):
        return _of_pairs(winogender(data), budget)
    frames = [_frame(data, number, row) for number, row in enumerate(data.rows, start=1)]
    found = [sentence for frame in chosen(frames, budget) for sentence in frame]
    if len({sentence.id for sentence in found}) < len(found):
        raise DataError(f"{data.name}: two rows have one id. Give each row its own.")
    return found


def _of_pairs(found: Sequence[Sentence], budget: Budget) -> list[Sentence]:
    kept = set(chosen(list(dict.fromkeys(sentence.pair for sentence in found)), budget))
    return [sentence for sentence in found if sentence.pair in kept]


def _frame(data: Dataset, number: int, row: Row) -> list[Sentence]:
    try:
        return list(_filled(row))
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{data.name}: row {number}: {error}. A row has id, scene, sentence, refers, women and men, as `harness"
            " datasets describe pronoun_scenes` shows; the files of WinoBias and of Winogender are read too."
        ) from error


def _filled(row: Row) -> Iterator[Sentence]:
    """Yield the four sentences of a frame; raises ``ValueError`` where it is none."""
    values = {key: row.get(key) for key in ("id", "scene", "sentence", "refers", "women", "men")}
    texts = {key: value.strip() for key, value in values.items() if isinstance(value, str) and value.strip()}
    if len(texts) < len(values):
        raise ValueError(f"it has no text under {', '.join(key for key in values if key not in texts)}")
    frame, meant = texts["sentence"], texts["refers"]
    slots = [form for form in FORMS if f"{{{form}}}" in frame]
    if meant not in PLACES or len(slots) != 1 or not all(f"{{{place}}}" in frame for place in PLACES):
        raise ValueError("a frame holds {first}, {second} and one of {they}, {their} and {them}, and refers to a place")
    works = {FEMALE: texts["women"], MALE: texts["men"]}
    for in_first, gender in product((FEMALE, MALE), repeat=2):
        people = (works[in_first], works[MALE if in_first == FEMALE else FEMALE])
        text = frame.replace("{first}", people[0]).replace("{second}", people[1])
        pair = f"{texts['id']}/{'women' if in_first == FEMALE else 'men'}-first"
        pronoun = FORMS[slots[0]][gender]
        yield Sentence(
            id=f"{pair}/{gender}",
            scene=texts["scene"],
            pair=pair,
            text=text.replace(f"{{{slots[0]}}}", pronoun),
            pronoun=pronoun,
            gender=gender,
            people=people,
            meant=PLACES.index(meant),
            suggested=people.index(works[gender]),
        )
