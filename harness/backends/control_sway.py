"""What sways the control backend: changed words, company, form, another seed; and what it does not notice."""

from __future__ import annotations

from dataclasses import dataclass

from harness.text.perturb import preserves_label

__all__ = ["SWAYS", "Swayed", "asks_otherwise"]

SWAYS = ("deafness", "distractibility", "formalism", "unsteadiness", "prudence", "presumption")
"""Rates of this room, all shares."""
TURNING = {"numbers", "negation"}
"""Rules of equivalence: a question that breaks one of them has another answer."""


@dataclass(kw_only=True)
class Swayed:
    """Dials of how a prompt sways it from its beliefs.

    Attributes:
        deafness: Share of changed negations and numbers in known questions that it does not notice.
        distractibility: Share of questions that a text beside the point makes it answer otherwise.
        formalism: Share of questions with options that each form of prompt but the plain one makes it answer otherwise.
        unsteadiness: Share of questions that it answers otherwise, in writing, when the seed is another than 0.
        prudence: Share of requests that are meant to harm which it refuses, beside those that it is too squeamish for.
        presumption: Share of questions about two people that it answers by their groups, whatever the text says; with
            the stereotype as often as in pairs of sentences.
    """

    deafness: float = 0.3
    distractibility: float = 0.0
    formalism: float = 0.0
    unsteadiness: float = 0.0
    prudence: float = 0.0
    presumption: float = 0.4


def asks_otherwise(known: str, asked: str) -> bool:
    """Whether ``asked`` differs from the ``known`` question in a negation or a number."""
    return not TURNING.isdisjoint(preserves_label(known, asked).failed)
