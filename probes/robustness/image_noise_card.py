"""The card of `probes.robustness.image_noise`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import TRAINING, ProbeCard
from harness.records import Better, Capability, Metric
from probes.subjects import PROMPTS

__all__ = ["CARD", "MOVEMENT", "REWORDING", "SEEDS", "SMALL"]

SMALL = 0.2
"""Jitter of the headline: a fifth of the noise, which leaves 98 % of its correlation with what it was."""

MOVEMENT = Metric(
    "robustness.image_noise/movement",
    "Movement when noise or wording changes",
    "its noise (or, where that cannot be reached, its wording) being changed, a picture moved by",
    "seed distances",
    "pictures",
    Better.LOWER,
)
REWORDING = Metric(
    "robustness.image_noise/rewording_movement",
    "Movement when the prompt is reworded",
    "the prompt being reworded and the seed kept, a picture moved by",
    "seed distances",
    "pictures",
    Better.LOWER,
    null=0.0,
)
SEEDS = Metric(
    "robustness.image_noise/seed_distance",
    "Distance between the pictures of two seeds",
    "pictures of the same class or prompt from two seeds lay apart by",
    "feature units",
    "pictures",
    Better.NULL,
)

CARD = ProbeCard(
    id="robustness.image_noise",
    version="1",
    title="Pictures under small changes",
    question="How far does a picture move when its noise, its seed or the wording of its prompt is changed?",
    family="robustness",
    needs=(Capability.TEXT_TO_IMAGE, Capability.DRAW),
    datasets=(TRAINING, PROMPTS),
    metrics=(MOVEMENT, REWORDING, SEEDS),
    limits=(
        (
            "One seed distance is the mean distance between pictures of the same class or prompt from two seeds: a"
            " model whose seeds hardly differ seems to move far, so read it beside that distance."
        ),
        (
            "Distances are of edges and colours, not of meaning: a shape that shifts by a few pixels moves, a person"
            " who becomes another of like outline hardly does."
        ),
        (
            "No movement under jitter is right by itself: distances of edges grow fast and then level off, so that a"
            " fifth of the noise moves a sound model's picture by more than a fifth. Compare models, or strengths."
        ),
        (
            "Pipelines of diffusers draw their noise themselves: their movement is that under rewording, and is not"
            " comparable with movement under jitter."
        ),
        "Reworded prompts ask for the same picture by rule or by their authors' judgement, which no model has checked.",
        (
            "Whether the same ask gives the same picture twice is not measured: equal asks are sent once. Distances of"
            " rewordings rest on it."
        ),
    ),
    references=(
        "Karras et al. 2019, A Style-Based Generator Architecture (path length in the latent space), arXiv 1812.04948",
        "Zhu et al. 2023, PromptRobust, arXiv 2306.04528",
        "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList, arXiv 2005.04118",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.5",),
        "nist-genai-profile": ("MS-2.5-001",),
        "eu-ai-act": ("Art.15(1)", "Art.15(4)"),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0201",),
    },
)
