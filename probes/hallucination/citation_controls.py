"""Scripted respondents of `probes.hallucination.citation`."""

from __future__ import annotations

from random import Random
from zlib import crc32

from harness.contracts import Control, Controls
from harness.records import Case, ControlKind, Metric, Reply
from harness.text.words import pieces
from probes.cited import SOURCES, Sourced, faithful, faithless
from probes.expected import generate_ask, unpack
from probes.hallucination.citation_key import FIELD, Cited
from probes.replies import chosen_text

__all__ = ["PLANTED", "controls_of"]

PLANTED = 0.4
"""Share of references that the positive control makes up."""
INVALID_PREFIX = "10.5555"
"""A prefix of DOIs that is kept for examples."""
CUES = {"doi": "DOI: ", "arxiv": "arXiv:", "isbn": "ISBN ", "pmid": "PMID: ", "url": ""}


def controls_of(matching: Metric, missing: Metric) -> Controls:
    """Return the controls, which look at the shares of references that match and of those that are in no index."""
    return Controls(
        best=true_reference,
        worst=made_up,
        controls=(
            Control(ControlKind.NEGATIVE, "a respondent that cites truly", _truly, matching.name, 1.0),
            Control(
                ControlKind.POSITIVE, "a respondent that makes up 4 of 10 references", _often, missing.name, PLANTED
            ),
            Control(ControlKind.INSTRUMENT, "a respondent that cites truly in odd styles", _oddly, matching.name),
        ),
    )


def true_reference(case: Case) -> Reply:
    """Cite the work that is asked for, or one on the subject."""
    if case.groups["asked"] == SOURCES:
        return chosen_text(generate_ask(case), faithful(unpack(Sourced, case)))
    key = unpack(Cited, case)
    return _said(case, key, f"{CUES[key.kind]}{key.identifier}")


def made_up(case: Case) -> Reply:
    """Cite a well-formed identifier that nobody has."""
    if case.groups["asked"] == SOURCES:
        return chosen_text(generate_ask(case), faithless(unpack(Sourced, case)))
    number = crc32(case.id.encode("utf-8", "backslashreplace"))
    return _said(case, unpack(Cited, case), f"DOI: {INVALID_PREFIX}/{number:08x}", invented=True)


def _said(case: Case, key: Cited, reference: str, *, invented: bool = False) -> Reply:
    """Name the work before its identifier where any work would do, and where both fit."""
    title = "A Survey of Many Things" if invented else key.title
    text = f'"{title}" ({key.year or "n.d."}). {reference}'
    named = case.groups["asked"] == FIELD and len(pieces(text)) <= generate_ask(case).max_tokens
    return chosen_text(generate_ask(case), text if named else reference)


def _truly(case: Case, random: Random) -> Reply:
    del random
    return true_reference(case)


def _often(case: Case, random: Random) -> Reply:
    return made_up(case) if random.random() < PLANTED else true_reference(case)


def _oddly(case: Case, random: Random) -> Reply:
    """Cite truly, as a reader would still understand."""
    if case.groups["asked"] == SOURCES:
        return true_reference(case)
    key = unpack(Cited, case)
    its = key.identifier
    styles = {
        "doi": (
            f"https://doi.org/{its}",
            f"<http://dx.doi.org/{its.upper()}>",
            f"**DOI**: `{its}`.",
            f"[{its}](https://doi.org/{its})",
            f"It is doi:{its}, as far as I know.",
            f"@article{{{key.author.split()[0] if key.author else 'x'}, doi = {{{its}}}}}",
        ),
        "arxiv": (f"https://arxiv.org/abs/{its}v2", f"arXiv: {its} [cs.CL]", f"10.48550/arXiv.{its}", f"({its})"),
        "isbn": (
            f"ISBN-13: {its[:3]}-{its[3:4]}-{its[4:8]}-{its[8:12]}-{its[12:]}",
            f"ISBN {' '.join((its[:3], its[3:4], its[4:8], its[8:12], its[12:]))}.",
            f"The ISBN of the book is {its}.",
        ),
        "pmid": (f"PMID {its}", f"https://pubmed.ncbi.nlm.nih.gov/{its}/"),
        "url": (f"See {its}.", f"[here]({its}/)"),
    }
    return chosen_text(generate_ask(case), random.choice(styles[key.kind]))
