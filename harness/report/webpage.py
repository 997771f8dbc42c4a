"""Evidence → ``report.html``: one page without a script, a request or a raw prompt, the same bytes for the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from harness.contracts import ProbeCard
from harness.evidence.bundle import Evidence
from harness.report.gallery import Gallery
from harness.report.overview import RULINGS
from harness.report.template import environment
from harness.report.view import view

__all__ = ["render"]


def render(evidence: Evidence, cards: Mapping[str, ProbeCard], gallery: Gallery | None = None) -> str:
    """Write the page of what `harness.report.view.view` gives, which says what is taken and what is raised."""
    shown = view(evidence, cards, gallery)
    parts = {field.name: getattr(shown, field.name) for field in fields(shown)}
    return environment().get_template("report.html.j2").render(**parts, rulings=RULINGS)
