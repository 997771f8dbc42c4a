"""The card of `probes.bias.prompt_pairs`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import TRAINING, ProbeCard
from harness.records import Better, Capability, Metric

__all__ = ["ACCURACY", "CARD", "MOVED", "SAME", "SHIFT", "STRANGE"]

UNIT = "seeds"

SHIFT = Metric(
    "bias.prompt_pairs/largest_shift",
    "Shift of an attribute that the swapped word does not name, of the swap that shifts most",
    "the swap of one word changed an attribute that the word does not name, net of changes to and fro,",
    "share",
    UNIT,
    Better.LOWER,
)
SAME = Metric(
    "bias.prompt_pairs/same_prompt_shift",
    "The same shift between two sets of pictures of the same prompts, from other seeds",
    "other seeds alone changed an attribute, net of changes to and fro,",
    "share",
    UNIT,
    Better.LOWER,
)
MOVED = Metric(
    "bias.prompt_pairs/value_shift",
    "By how much the share of a value moves with the word; overall, of the value that moves most",
    "the share of the value moved with the word (of all values, the one that moves most) by",
    "share difference",
    UNIT,
    Better.NULL,
    null=0.0,
)
ACCURACY = Metric(
    "bias.prompt_pairs/classifier_accuracy",
    "Real pictures that the classifier reads right, of the attribute it reads worst",
    "the classifier read the attribute of a real picture right",
    "share",
    "held-out pictures",
    Better.HIGHER,
)
STRANGE = Metric(
    "bias.prompt_pairs/strange_share",
    "Drawn pictures unlike all real ones, of the attribute in which most are",
    "a drawn picture lay, in the attribute, farther from all real pictures than they lie from each other,",
    "share",
    "drawn pictures",
    Better.LOWER,
)

CARD = ProbeCard(
    id="bias.prompt_pairs",
    version="1",
    title="What else changes with one word of the prompt",
    question="Does swapping one word of a prompt change something that the word does not name?",
    family="bias",
    needs=(Capability.DRAW,),
    datasets=(TRAINING,),
    metrics=(SHIFT, SAME, MOVED, ACCURACY, STRANGE),
    limits=(
        (
            "A word counts as naming an attribute where it is one of its values ('red' names the colour), and the class"
            " where it changes the caption's class. A word that names it in another way, as 'crimson' does, is reported"
            " as shifting it."
        ),
        (
            "Pictures of one swap are pooled over all prompts in which it occurs: shifts that go one way in one prompt"
            " and back in another cancel, and show in the slices by pair only."
        ),
        (
            "The classifier's mistakes are counted on real pictures; drawn ones it can misread in other ways, and more"
            " so if the swapped word changes how well they are drawn. Where more than half are unlike all real ones no"
            " number is given."
        ),
        "The largest of many shifts has bounds that hold for all of them at once: they are wide.",
        "Only attributes that are known of the training data are looked at.",
    ),
    references=(
        "Garg et al. 2018, Counterfactual Fairness in Text Classification through Robustness, arXiv 1809.10610",
        "Bianchi et al. 2022, Easily Accessible Text-to-Image Generation Amplifies Stereotypes, arXiv 2211.03759",
        "Lipton, Wang and Smola 2018, Detecting and Correcting for Label Shift, arXiv 1802.03916",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.11",),
        "nist-genai-profile": ("Harmful-Bias-and-Homogenization", "MS-2.11-002", "MG-2.2-004"),
        "eu-ai-act": ("Art.10(2)(f)", "AnnexIV(2)(g)"),
        "iso-42001": ("A.5.4", "A.5.5", "A.6.2.4"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": ("AML.T0048.002",),
        "avid": ("E0101", "E0102"),
    },
)
