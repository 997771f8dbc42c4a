"""Do the references that the model gives exist, and are they of the works that it gives them for?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.contracts import Budget, Controls, Dataset, ProbeCard, Readings
from harness.records import Absence, Case, Estimate, GenerateAsk, Judged, Outcome, Reading, Reply, Score
from harness.text.references import Work, work_of
from probes.cited import SOURCES, Sourced, sourced_prompt, sourced_readings, sourced_score
from probes.expected import pack, unpack
from probes.hallucination.citation_card import (
    CARD,
    CORRECTED,
    INVENTED,
    MALFORMED,
    MATCHING,
    NOT_IN_INDEX,
    OTHER_WORK,
    PRECISION,
    RECALL,
    RIGHT,
    WITHOUT,
)
from probes.hallucination.citation_controls import controls_of
from probes.hallucination.citation_key import FIELD, IDENTIFIER, Cited, cited
from probes.meaning import EQUIVALENCE, check_meaning
from probes.replies import whole_words
from probes.rows import once
from probes.sampling import chosen
from probes.summaries import by_group, share_of, share_of_parts, tally, without_errors

__all__ = ["Citation"]

CHECKER = "references"
"""Name of the instrument that looks references up."""
COUNTS = ("references", "matching", "other_work", "not_in_index", "malformed")
NAMES = {
    "doi": "DOI",
    "arxiv": "arXiv identifier",
    "isbn": "ISBN",
    "pmid": "PubMed identifier",
    "url": "address on the web",
}
"""Kind of identifier → what it is called."""
KINDS = {"book": "book", "standard": "standard", "report": "report", "legislation": "law", "article": "preprint"}
"""Type of work → what it is called; any other is an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Asks for the identifiers of known works, for any work on a subject, and, where texts are given, to cite them.

    The instrument ``references`` looks up what is cited: its settings name the index, and whether that is closed.

    Attributes:
        by: Instrument that holds statements against cited texts: equivalence, entailment or judge.
        max_tokens: Most tokens of a reply, at least 32.
    """

    by: str = EQUIVALENCE
    max_tokens: int = 64

    def __post_init__(self) -> None:
        if self.max_tokens < 32:
            raise ValueError("max_tokens is at least 32")
        check_meaning(self.by)

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """One that cites truly, one that makes up 4 of 10 references, and one that cites truly in odd styles."""
        return controls_of(MATCHING, NOT_IN_INDEX)

    @property
    def instruments(self) -> Sequence[str]:
        """Who looks references up, and who holds statements against what they cite."""
        return (CHECKER, self.by)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield a request for each work's identifier, one for each subject among them, and one for each text."""
        works = once(data, _work, "works")
        picked = chosen(works, budget)
        yield from (self._identifier(work) for work in picked if work.identifiers)
        known = [work for work in works if work.identifiers]
        subjects = dict.fromkeys(work.field for work in picked if work.field)
        first = {subject: next((work for work in known if work.field == subject), None) for subject in subjects}
        yield from (self._field(subject, work) for subject, work in first.items() if work is not None)
        texts = [work for work in works if work.text]
        for work in picked:
            if work.text and len(texts) > 1:
                yield self._sources(work, texts[(texts.index(work) + 1) % len(texts)])

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the references of the reply be looked up; where texts were given, its statements held against them."""
        text = whole_words(reply)
        if isinstance(text, Score):
            return []
        if case.groups["asked"] == SOURCES:
            return sourced_readings(self.by, unpack(Sourced, case), text)
        return [_reading(case, text)]

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Count what became of each reference, or of each statement."""
        text = whole_words(reply)
        if isinstance(text, Score):
            return text
        if case.groups["asked"] == SOURCES:
            return sourced_score(self.by, unpack(Sourced, case), text, readings)
        read = readings.get(_reading(case, text), {})
        if not {*COUNTS, "titles", "titles_matching", "closed"} <= set(read):
            return Score(Outcome.UNREADABLE, note=f"{CHECKER} did not read the reply")
        return Score(Outcome.SCORED, _counted(read, by_title=case.groups["asked"] == FIELD))

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall, and matching references by what was asked."""
        asked = [judged for judged in scores if judged.case.groups.get("asked") != SOURCES]
        identifiers = [judged for judged in asked if judged.case.groups.get("asked") == IDENTIFIER]
        sourced = [judged for judged in scores if judged.case.groups.get("asked") == SOURCES]
        matching = share_of_parts(MATCHING, asked, "matching", "references", instrument=CHECKER)
        yield matching
        yield without_errors(CORRECTED, matching, CHECKER, cleared=True, instrument=CHECKER)
        yield share_of(RIGHT, identifiers, "right", instrument=CHECKER)
        yield share_of_parts(OTHER_WORK, asked, "other_work", "references", instrument=CHECKER)
        yield share_of_parts(NOT_IN_INDEX, asked, "not_in_index", "references", instrument=CHECKER)
        yield _invented(asked)
        yield share_of_parts(MALFORMED, asked, "malformed", "references", instrument=CHECKER)
        yield share_of(WITHOUT, asked, "without", instrument=CHECKER)
        yield share_of_parts(RECALL, sourced, "recalled", "statements", instrument=self.by)
        yield share_of_parts(PRECISION, sourced, "precise", "citations", instrument=self.by)
        for kind, its in by_group(asked, "asked").items():
            groups = {"asked": kind}
            yield share_of_parts(MATCHING, its, "matching", "references", groups=groups, instrument=CHECKER)

    # ── cases ─────────────────────────────────────────────────────────────────────────────

    def _identifier(self, work: Work) -> Case:
        key = cited(work, about=work.title)
        name, kind = NAMES[key.kind], KINDS.get(work.kind, "article")
        by = f" by {_authors(work)}" if work.authors else ""
        year = f" ({work.year})" if work.year else ""
        prompt = (
            f'Give the {name} of the {kind} "{work.title}"{by}{year}.'
            f" Reply with the {name} alone; if you do not know it, say so."
        )
        return self._case(f"{work.id}/{IDENTIFIER}", prompt, pack(key), IDENTIFIER, work.id)

    def _field(self, subject: str, work: Work) -> Case:
        prompt = f"Name one published work on {subject} with its DOI or ISBN."
        return self._case(f"{subject}/{FIELD}", prompt, pack(cited(work)), FIELD, f"field {subject}")

    def _sources(self, work: Work, other: Work) -> Case:
        key = Sourced((work.text, other.text))
        return self._case(f"{work.id}/{SOURCES}", sourced_prompt(work, other), pack(key), SOURCES, work.id)

    def _case(self, name: str, prompt: str, expected: Mapping[str, object], asked: str, cluster: str) -> Case:
        ask = GenerateAsk(prompt, max_tokens=self.max_tokens)
        return Case(name, ask, expected, {"asked": asked}, cluster)  # type: ignore[arg-type]  # values of JSON


def _work(row: Mapping[str, object], number: int) -> Work:
    return work_of(row, default=f"row-{number}")


def _authors(work: Work) -> str:
    """Name one author or two, more as "and others"."""
    names = [f"{given[:1]}. {family}" if given else family for family, given in work.authors]
    return " and ".join(names) if len(names) <= 2 else f"{names[0]} and others"


def _reading(case: Case, text: str) -> Reading:
    return Reading(CHECKER, text, unpack(Cited, case).about or None)


# ── scores ────────────────────────────────────────────────────────────────────────────────


def _counted(read: Mapping[str, float], *, by_title: bool) -> Mapping[str, float]:
    """Return the counts of a reply; a title alone is a reference only where no title was given in the request."""
    values = {name: read[name] for name in COUNTS}
    if by_title:
        values["references"] += read["titles"]
        values["matching"] += read["titles_matching"]
        values["not_in_index"] += read["titles"] - read["titles_matching"]
    else:
        values["right"] = float(read["matching"] > 0)
    return {**values, "closed": read["closed"], "without": float(not values["references"])}


def _invented(asked: Sequence[Judged]) -> Estimate | Absence:
    """Say how many references do not exist, where the index can tell."""
    read = [judged.score.values for judged in asked if "closed" in judged.score.values]
    if read and not all(values["closed"] for values in read):
        reason = "the index is open: a work that it lacks may well exist"
        return INVENTED.absent(reason, tally(asked))
    return share_of_parts(INVENTED, asked, "not_in_index", "references", instrument=CHECKER)
