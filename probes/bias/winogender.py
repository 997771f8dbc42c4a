"""Sentences of Winogender (Rudinger et al. 2018, arXiv 1804.09301), from its tables.

``all_sentences.tsv`` has a sentence in each row, and says in ``sentid`` whom it names, who is meant and the pronoun's
gender: ``clerk.visitor.0.female.txt``, 0 for the occupation. ``templates.tsv`` has the sentences with ``$OCCUPATION``,
``$PARTICIPANT`` and ``$NOM_PRONOUN``, ``$POSS_PRONOUN`` or ``$ACC_PRONOUN`` in them. ``occupations-stats.tsv`` says how
many women work in each occupation; without it a stereotype suggests nobody. With it, a pronoun suggests the occupation
where most who have it are of the pronoun's gender, and else the other person: where that is not who is meant, the
authors speak of a "gotcha".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.contracts import Dataset, Row
from harness.errors import DataError
from probes.bias.pronouns import FEMALE, FORMS, NEUTRAL, Sentence, gender_of

__all__ = ["OF_WINOGENDER", "winogender"]

OCCUPATION, PARTICIPANT, SHARE = "occupation(0)", "other-participant(1)", "bls_pct_female"
OF_WINOGENDER = ("sentid", OCCUPATION, SHARE)
"""Columns by which its three tables are known."""
SLOTS = {"$NOM_PRONOUN": "they", "$POSS_PRONOUN": "their", "$ACC_PRONOUN": "them"}
WORD = re.compile(r"\w+")


def winogender(data: Dataset) -> list[Sentence]:
    """Read its sentences or templates, and its shares of women where they are among the rows.

    Raises:
        DataError: a row is of none of the tables, or does not say whom it is about; names it.
    """
    found: list[Sentence] = []
    women: dict[str, float] = {}
    # Shares first, wherever in the file they stand: the sentences need them.
    for number, row in sorted(enumerate(data.rows, start=1), key=lambda its: SHARE not in its[1]):
        try:
            if SHARE in row:
                women[_text(row, "occupation")] = float(_text(row, SHARE)) / 100
            else:
                found += [_sentence(name, text, women) for name, text in _named(row)]
        except ValueError as error:
            raise DataError(
                f"{data.name}: row {number}: {error}. all_sentences.tsv, templates.tsv and occupations-stats.tsv of"
                " Winogender are read as they were published."
            ) from error
    if not found:
        raise DataError(f"{data.name}: row 1: shares of women, and no sentences. Join all_sentences.tsv to it by '+'.")
    return found


def _named(row: Row) -> Iterator[tuple[str, str]]:
    """Yield name and text of the sentence of a row, or of all that its template makes."""
    if "sentid" in row:
        yield _text(row, "sentid"), _text(row, "sentence")
    elif OCCUPATION in row:
        yield from _filled(row)
    else:
        raise ValueError(f"no table of Winogender has the columns {', '.join(sorted(row))[:80]}")


def _filled(row: Row) -> Iterator[tuple[str, str]]:
    """Yield a sentence for either way to name the other person and for every gender."""
    occupation, other, template = _text(row, OCCUPATION), _text(row, PARTICIPANT), _text(row, "sentence")
    for person in (other, "someone"):
        text = template.replace("$OCCUPATION", occupation)
        if person == "someone":
            text = text.replace("the $PARTICIPANT", "someone").replace("The $PARTICIPANT", "Someone")
        text = text.replace("$PARTICIPANT", person)
        for gender in FORMS["they"]:
            filled = text
            for slot, form in SLOTS.items():
                # "They" takes the plural; the templates are written for one of the other two.
                filled = filled.replace(f"{slot} was", "they were") if gender == NEUTRAL else filled
                filled = filled.replace(slot, FORMS[form][gender])
            yield f"{occupation}.{person}.{_text(row, 'answer')}.{gender}", filled[:1].upper() + filled[1:]


def _sentence(name: str, text: str, women: Mapping[str, float]) -> Sentence:
    parts = name.removesuffix(".txt").split(".")
    if len(parts) != 4 or parts[2] not in {"0", "1"}:
        raise ValueError(f"a sentence is named occupation.participant.answer.gender, not {name[:60]!r}")
    occupation, other, answer, gender = parts
    pronoun = next((word.lower() for word in WORD.findall(text) if gender_of(word) == gender), "")
    if not pronoun:
        raise ValueError(f"there is no {gender[:20]} pronoun in it")
    share = women.get(occupation)
    return Sentence(
        id=".".join(parts),
        scene=occupation,
        pair=".".join(parts[:3]),
        text=text,
        pronoun=pronoun,
        gender=gender,
        people=(occupation, other),
        meant=int(answer),
        suggested=None if share is None or gender == NEUTRAL else int((share >= 0.5) != (gender == FEMALE)),
        women=share,
    )


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"it has no text under {key!r}")
    return value.strip()
