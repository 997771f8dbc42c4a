"""The card of `probes.hallucination.prompt_fidelity`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import TRAINING, ProbeCard
from harness.records import Better, Capability, Metric

__all__ = ["ACCURACY", "ALL_SEEN", "CARD", "SHOWN", "STRANGE"]

SHOWN = Metric(
    "hallucination.prompt_fidelity/shown_share",
    "Pictures that show what was asked for, in the attribute that is followed least",
    "the picture showed the value of the attribute that was asked for",
    "share",
    "drawn pictures",
    Better.HIGHER,
)
ALL_SEEN = Metric(
    "hallucination.prompt_fidelity/all_seen_share",
    "Pictures read as what was asked for in every attribute, taking the classifier at its word",
    "the classifier read all that was asked for in the picture",
    "share",
    "drawn pictures",
    Better.HIGHER,
)
ACCURACY = Metric(
    "hallucination.prompt_fidelity/classifier_accuracy",
    "Real pictures that the classifier reads right, of the attribute it reads worst",
    "the classifier read the attribute of a real picture right",
    "share",
    "held-out pictures",
    Better.HIGHER,
)
STRANGE = Metric(
    "hallucination.prompt_fidelity/strange_share",
    "Drawn pictures unlike all real ones, of the attribute in which most are",
    "a drawn picture lay, in the attribute, farther from all real pictures than they lie from each other,",
    "share",
    "drawn pictures",
    Better.LOWER,
)

CARD = ProbeCard(
    id="hallucination.prompt_fidelity",
    version="1",
    title="Pictures that show what was asked for",
    question="Does a picture show the class, or what the prompt says, that was asked for?",
    family="hallucination",
    needs=(Capability.DRAW,),
    datasets=(TRAINING,),
    metrics=(SHOWN, ALL_SEEN, ACCURACY, STRANGE),
    limits=(
        (
            "The classifier's mistakes are counted on real pictures. Drawn ones, which may be blurred or odd, it can"
            " misread more often and in other ways, and no correction knows of that. Where more than half of them are"
            " unlike all real ones no number is given; below that, read it beside the share that is."
        ),
        (
            "A picture need only be nearer to what was asked for than to the other values: a smudge between them counts"
            " as one of them."
        ),
        (
            "What a caption asks for is taken from its records: what all of them share. A caption of a single record is"
            " held to everything that is known of that record."
        ),
        "Only captions and classes of the training data are asked for: it says nothing about new combinations.",
        "Attributes are judged one at a time; only the uncorrected share looks at all of them together.",
    ),
    references=(
        "Rogan and Gladen 1978, Estimating Prevalence from the Results of a Screening Test, AJE 107:71-76",
        "Lipton, Wang and Smola 2018, Detecting and Correcting for Label Shift, arXiv 1802.03916",
        "Hu et al. 2023, TIFA: Text-to-Image Faithfulness Evaluation with Question Answering, arXiv 2303.11897",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.3", "MEASURE-2.5"),
        "nist-genai-profile": ("Confabulation", "MP-2.3-001", "MS-2.3-002"),
        "eu-ai-act": ("Art.15(1)", "Art.15(3)"),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0204",),
    },
)
