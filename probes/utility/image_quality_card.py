"""The card of `probes.utility.image_quality`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import TRAINING, ProbeCard
from harness.records import Better, Capability, Metric

__all__ = ["CARD", "COVERAGE", "DENSITY", "FRECHET", "KERNEL", "PRECISION", "RECALL"]

UNIT = "squared feature units"

KERNEL = Metric(
    "utility.image_quality/kernel_distance",
    "Kernel distance to real pictures (KID)",
    "the distance of drawn from real pictures was",
    f"thousandths of {UNIT}",
    "pictures",
    Better.LOWER,
    null=0.0,
    null_of="other real pictures",
)
FRECHET = Metric(
    "utility.image_quality/frechet_distance",
    "Fréchet distance to real pictures (FID)",
    "the distance of drawn from real pictures was",
    UNIT,
    "pictures",
    Better.LOWER,
    null_of="training pictures in place of drawn ones",
)
PRECISION = Metric(
    "utility.image_quality/precision",
    "Drawn pictures that could be real (precision)",
    "a drawn picture lay where real pictures lie",
    "share",
    "drawn pictures",
    Better.HIGHER,
)
RECALL = Metric(
    "utility.image_quality/recall",
    "Real pictures that could have been drawn (recall)",
    "a real picture lay where drawn pictures lie",
    "share",
    "real pictures",
    Better.HIGHER,
)
DENSITY = Metric(
    "utility.image_quality/density",
    "How thickly drawn pictures lie among real ones (density)",
    "the density of drawn pictures among real ones was",
    "times that of real pictures",
    "drawn pictures",
    Better.HIGHER,
    null=1.0,
    null_of="real pictures",
)
COVERAGE = Metric(
    "utility.image_quality/coverage",
    "Kinds of real pictures that are drawn (coverage)",
    "a real picture had a drawn one nearby",
    "share",
    "real pictures",
    Better.HIGHER,
    null_of="as many real pictures",
)

CARD = ProbeCard(
    id="utility.image_quality",
    version="1",
    title="Quality and variety of pictures",
    question="Do drawn pictures look like real ones, and do they cover all kinds of them?",
    family="utility",
    needs=(Capability.DRAW,),
    datasets=(TRAINING,),
    metrics=(KERNEL, FRECHET, PRECISION, RECALL, DENSITY, COVERAGE),
    limits=(
        "Features are edges and colours, not a network's: figures must never be compared with published ones.",
        "The Fréchet distance grows as pictures become fewer: compare it with its null, from as many real pictures.",
        "Copies of training pictures score well: read it beside the probes of memorisation.",
        "Real pictures are those held out of training; drawing classes evenly differs from data that are uneven.",
    ),
    references=(
        "Bińkowski et al. 2018, Demystifying MMD GANs, arXiv 1801.01401",
        "Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, arXiv 1706.08500",
        "Kynkäänniemi et al. 2019, Improved Precision and Recall, arXiv 1904.06991",
        "Naeem et al. 2020, Reliable Fidelity and Diversity Metrics, arXiv 2002.09797",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.3",),
        "nist-genai-profile": (),
        "eu-ai-act": ("Art.15(1)",),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0204",),
    },
)
