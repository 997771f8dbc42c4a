"""The card of `probes.utility.sample_speed`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import TRAINING, ProbeCard
from harness.records import Better, Capability, Metric
from probes.subjects import PROMPTS

__all__ = ["CARD", "RATE", "SECONDS"]

SECONDS = Metric(
    "utility.sample_speed/seconds_per_picture",
    "Time that a picture takes",
    "drawing one picture took",
    "seconds",
    "timings",
    Better.LOWER,
)
RATE = Metric(
    "utility.sample_speed/pictures_per_second",
    "Pictures drawn in a second",
    "the model drew",
    "pictures per second",
    "timings",
    Better.HIGHER,
)

CARD = ProbeCard(
    id="utility.sample_speed",
    version="1",
    title="Speed of drawing",
    question="How long does the model take to draw a picture?",
    family="utility",
    needs=(Capability.TEXT_TO_IMAGE, Capability.DRAW),
    datasets=(TRAINING, PROMPTS),
    metrics=(SECONDS, RATE),
    limits=(
        (
            "Times belong to one machine and to what else ran on it: compare them only between runs on the same one,"
            " with the same batch size."
        ),
        "Replies that an earlier run left in the journal bring the time that they took then.",
        (
            "Pictures drawn in one batch share its time in equal parts, and count together as one timing: few batches"
            " give a wide interval, and one batch gives none."
        ),
        "The first batch also pays for warming up; loading the model is not counted.",
        "There is no speed that a harmless model has: the numbers have no reference value.",
    ),
    references=("Dehghani et al. 2021, The Efficiency Misnomer, arXiv 2110.12894",),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.3",),
        "nist-genai-profile": (),
        "eu-ai-act": ("Art.13(3)(b)",),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": (),
    },
)
