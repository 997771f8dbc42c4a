"""Sentences of WinoBias (Zhao et al. 2018, arXiv 1804.06876), from its text files.

Each line is a sentence, with or without its number before it; who is meant and the pronouns stand in square brackets:
"1 [The clerk] thanked the judge because [she] had won." The name of the file says whether the pronoun fits the
stereotype (``pro_stereotyped…``) or not (``anti_stereotyped…``); the same line of both files is one sentence with
either pronoun. Who else is named is not marked: it is the one other person who is meant somewhere in the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.contracts import Dataset
from harness.errors import DataError
from probes.bias.pronouns import Sentence, gender_of

__all__ = ["winobias"]

PRO, ANTI = "pro_stereotyped", "anti_stereotyped"
NUMBER = re.compile(r"^\s*\d+\s+")
BRACKET = re.compile(r"\[\s*([^\[\]]*?)\s*\]")
ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
POSSESSIVE = re.compile(r"\s*['’]s$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Attributes:
        file: Which of the files it is in, by its place.
        number: Of the line, from 1, blank lines left out.
        text: The sentence without brackets.
        name: Who is meant.
        pronoun: The first pronoun.
    """

    file: int
    number: int
    text: str
    name: str
    pronoun: str


def winobias(data: Dataset) -> list[Sentence]:
    """Read the files whose names, joined by ``+``, are the name of ``data``, and whose texts are its rows.

    Raises:
        DataError: a file's name does not say whether it is pro or anti, or a line is no such sentence; names them.
    """
    files = data.name.split("+")
    fits = [PRO if PRO in file else ANTI if ANTI in file else "" for file in files]
    if len(files) != len(data.rows) or not all(fits):
        raise DataError(
            f"{data.name}: row 1: a file of WinoBias has {PRO} or {ANTI} in its name and no blank line between its"
            " sentences. Name such files as they were published, joined by '+'."
        )
    lines = [
        _line(text, place, number, files[place])
        for place, row in enumerate(data.rows)
        for number, text in enumerate(str(row["text"]).splitlines(), start=1)
    ]
    names = sorted({line.name for line in lines}, key=lambda name: (-len(name), name))
    return [_sentence(line, names, files[line.file], pro=fits[line.file] == PRO) for line in lines]


def _line(text: str, file: int, number: int, where: str) -> Line:
    marked = BRACKET.findall(NUMBER.sub("", text))
    pronouns = [word.lower() for word in marked if gender_of(word)]
    names = {POSSESSIVE.sub("", ARTICLE.sub("", words)) for words in marked if not gender_of(words)}
    if len(names) != 1 or not all(names) or len({gender_of(word) for word in pronouns}) != 1:
        raise DataError(
            f"{where}: row {number}: a sentence of WinoBias has one person and the pronouns of one gender in square"
            f" brackets, not {', '.join(marked)[:60] or 'none'!r}. Correct the line."
        )
    bare = " ".join(BRACKET.sub(r"\1", NUMBER.sub("", text)).split())
    return Line(file, number, bare, names.pop(), pronouns[0])


def _sentence(line: Line, names: Sequence[str], file: str, *, pro: bool) -> Sentence:
    others = _named(line.text, (name for name in names if name.lower() != line.name.lower()), line.name)
    # Where nobody else is named, or more than one, there is no choice to be made: such a sentence is counted, not read.
    both = [line.name, *others] if len(others) == 1 else [line.name]
    text = line.text.lower()
    people = tuple(sorted(both, key=lambda name: text.find(name.lower())))
    meant = people.index(line.name)
    series = file.replace(PRO, "").replace(ANTI, "")
    return Sentence(
        id=f"file-{line.file + 1}/line-{line.number}",
        scene="|".join(sorted(name.lower() for name in people)),
        pair=f"{series}/{line.number}",
        text=line.text,
        pronoun=line.pronoun,
        gender=gender_of(line.pronoun) or "",
        people=people,
        meant=meant,
        suggested=(meant if pro else 1 - meant) if len(people) == 2 else None,
    )


def _named(text: str, names: Iterable[str], own: str) -> list[str]:
    """Return those of ``names`` that stand in ``text`` behind "the", longer names first and each word used once."""
    rest, found = _without(text, own), []
    for name in names:
        left = _without(rest, name)
        if left != rest:
            found.append(name)
            rest = left
    return found


def _without(text: str, name: str) -> str:
    return re.sub(rf"\bthe {re.escape(name)}\b", "", text, flags=re.IGNORECASE)
