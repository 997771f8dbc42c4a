"""A finished study as one web page that needs nothing else: verdicts first, then the pictures, then every number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from harness.report.template import environment
from harness.study.design import Design
from harness.study.pairs import Ran
from harness.study.promises import promises
from harness.study.records import Results
from harness.study.view import view

__all__ = ["render_study"]


def render_study(design: Design, ran: Sequence[Ran], results: Results) -> str:
    """Write the page of what `harness.study.view.view` gives."""
    arms = [(one.arm, one.reason if one.evidence is None else "") for one in ran]
    shown = view(design, _model_name(ran), arms, results, promises(design, ran))
    parts = {field.name: getattr(shown, field.name) for field in fields(shown)}
    return environment().get_template("study.html.j2").render(**parts)


def _model_name(ran: Sequence[Ran]) -> str:
    """Name of the model of the first arm, which is a baseline; where each arm trains its own, one of them."""
    for one in ran:
        if one.evidence is not None:
            plan: Any = one.evidence.run["plan"]
            return str(plan["identity"]["name"])
    return "none"
