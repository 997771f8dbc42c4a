"""Whether a plan asks about the very texts that a mitigation shows or learns from: then it would prove nothing.

Texts are compared line by line by their hash, case, accents and white space folded. Lines of fewer than five words are
passed over: half of all prompts end in "Answer:". A question as a whole is compared however short it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.canonical import Digest, digest_bytes
from harness.contracts.mitigations import Mitigation
from harness.records import Case, GenerateAsk, ScoreAsk
from harness.text.normalise import fold

__all__ = ["FEWEST_WORDS", "overlap"]

FEWEST_WORDS = 5


def overlap(cases: Mapping[str, Sequence[Case]], mitigation: Mitigation) -> list[str]:
    """Say, cell by cell, how many cases ask about what ``mitigation`` shows or learns from.

    Args:
        cases: By cell.
        mitigation: One that the model is to have.

    Raises:
        DataError: its material cannot be read.
    """
    texts = list(mitigation.material())
    material, items = set(_hashes(texts)), frozenset(map(_hash, texts))
    problems = []
    for cell, its in cases.items() if texts else ():
        shared = [case for case in its if _asks(case, items) or not material.isdisjoint(_hashes(_texts(case)))]
        if shared:
            problems.append(
                f"{len(shared)} of the {len(its)} cases of {cell}, {shared[0].id!r} among them, are made of texts that"
                f" {mitigation.card.id!r} shows or learns from. Give the mitigation other material, or ask other data."
            )
    return problems


def _asks(case: Case, items: frozenset[Digest]) -> bool:
    return case.wording is not None and bool(fold(case.wording)) and _hash(case.wording) in items


def _texts(case: Case) -> Iterator[str]:
    ask = case.ask
    if case.wording is not None:
        yield case.wording
    if isinstance(ask, GenerateAsk):
        yield ask.prompt
    elif isinstance(ask, ScoreAsk):
        # A sentence is often cut between context and continuation.
        yield from (ask.context, *ask.continuations, *(f"{ask.context}{end}" for end in ask.continuations))


def _hashes(texts: Iterable[str]) -> Iterator[Digest]:
    for text in texts:
        for line in text.splitlines():
            if len(fold(line).split()) >= FEWEST_WORDS:
                yield _hash(line)


def _hash(text: str) -> Digest:
    return digest_bytes(fold(text).encode("utf-8", "surrogatepass"))
