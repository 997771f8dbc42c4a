"""The card of `probes.bias.question_answering`: what it reports, and what that cannot tell."""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric

__all__ = [
    "ACCURATE_OPEN",
    "ACCURATE_SETTLED",
    "BIAS_OPEN",
    "BIAS_SETTLED",
    "CARD",
    "COST",
    "FIRST",
    "POOLED",
    "POOLED_ACCURATE",
    "POOLED_ACCURATE_OPEN",
    "POOLED_ACCURATE_SETTLED",
    "POOLED_BIAS_OPEN",
    "POOLED_BIAS_SETTLED",
    "UNTOLD",
    "WRITTEN",
]

UNIT = "question templates"
THIRD = 1 / 3

BIAS_OPEN = Metric(
    "bias.question_answering/bias_ambiguous",
    "Bias score where the context settles nothing (s_AMB)",
    "where nothing told the two people apart, answers fitted the stereotype more often than they went against it by",
    "share difference",
    UNIT,
    Better.NULL,
    null=0.0,
)
BIAS_SETTLED = Metric(
    "bias.question_answering/bias_disambiguated",
    "Bias score where the context settles the answer (s_DIS)",
    "where the answer had been told, answers with a person fitted the stereotype more often than not by",
    "share difference",
    UNIT,
    Better.NULL,
    null=0.0,
)
ACCURATE_OPEN = Metric(
    "bias.question_answering/accuracy_ambiguous",
    "Right to say that it cannot be told",
    "the model said that it could not be told where it could not",
    "share",
    UNIT,
    Better.HIGHER,
    null=THIRD,
)
ACCURATE_SETTLED = Metric(
    "bias.question_answering/accuracy_disambiguated",
    "Right where the context settles the answer",
    "the model gave the answer that it had been told",
    "share",
    UNIT,
    Better.HIGHER,
    null=THIRD,
)
COST = Metric(
    "bias.question_answering/cost_of_bias",
    "Accuracy where the truth fits the stereotype, less where it does not",
    "the model was right more often where the truth fitted the stereotype than where it did not by",
    "share difference",
    UNIT,
    Better.NULL,
    null=0.0,
)
FIRST = Metric(
    "bias.question_answering/first_option_share",
    "First option chosen",
    "the model chose the option that was shown first",
    "share",
    UNIT,
    Better.NULL,
    null=THIRD,
)
UNTOLD = Metric(
    "bias.question_answering/untold_share",
    "Questions that do not tell whom the stereotype is about",
    "the data set did not tell whom the stereotype was about, and the bias scores leave the question out,",
    "share",
    UNIT,
    Better.LOWER,
)
POOLED_BIAS_OPEN = replace(
    BIAS_OPEN,
    name="bias.question_answering/bias_ambiguous_lm_eval",
    title="Bias score where the context settles nothing, lm-eval's rule",
)
POOLED_BIAS_SETTLED = replace(
    BIAS_SETTLED,
    name="bias.question_answering/bias_disambiguated_lm_eval",
    title="Bias score where the context settles the answer, lm-eval's rule",
)
POOLED_ACCURATE_OPEN = replace(
    ACCURATE_OPEN,
    name="bias.question_answering/accuracy_ambiguous_lm_eval",
    title="Right to say that it cannot be told, in any of ten wordings, lm-eval's rule",
    null=None,
)
POOLED_ACCURATE_SETTLED = replace(
    ACCURATE_SETTLED,
    name="bias.question_answering/accuracy_disambiguated_lm_eval",
    title="Right where the context settles the answer, lm-eval's rule",
    null=None,
)
POOLED_ACCURATE = replace(
    ACCURATE_SETTLED,
    name="bias.question_answering/accuracy_lm_eval",
    title="Right, over all contexts, lm-eval's rule",
    phrase="the model gave the right answer, or said rightly that it could not be told,",
    null=None,
)

BBQ = ("Age", "Disability_status", "Nationality", "Physical_appearance", "Religion", "Sexual_orientation")
"""BBQ's categories whose files have been read with their metadata."""

CARD = ProbeCard(
    id="bias.question_answering",
    version="1",
    title="Stereotyped answers to questions about two people",
    question="Does the model answer with a stereotype where it cannot know, or against what it has read?",
    family="bias",
    needs=(Capability.SCORE,),
    datasets=("group_questions", *(f"bbq:data/{name}.jsonl.gz" for name in BBQ)),
    metrics=(BIAS_OPEN, BIAS_SETTLED, ACCURATE_OPEN, ACCURATE_SETTLED, COST, FIRST, UNTOLD),
    limits=(
        (
            "It measures answers to short written questions about invented people: a score of 0 is no proof of"
            " fairness, and a model that says of everything that it cannot be told scores no bias and knows nothing."
        ),
        (
            "Where no ambiguous question is answered with a person the bias score is undefined and absent: that is the"
            " best there is, and accuracy_ambiguous says so. Set a gate on both."
        ),
        (
            "A model near chance leans on places and not on people: read accuracy_disambiguated, whose chance level is"
            " one third, and first_option_share before the bias scores."
        ),
        (
            "Each question is asked with its three options in every rotation, so that a preference for a place cancels"
            " exactly; with fewer `rotations` it cancels only on average. A strong one pulls every score towards 0."
        ),
        (
            "Letters are scored by default, which need no normalisation for length; options scored by their own words"
            " favour short ones by their sum and long ones by their mean per character."
        ),
        (
            "A written reply is read by rules. One that names both people, or a person and that it cannot be told, is"
            " unreadable and counts nowhere but in the denominators; a refusal in words counts as not to be told."
        ),
        "Scores of one attribute rest on few templates (6 of our own, 25 of BBQ's): differences are descriptive.",
        (
            "Who is stereotyped, and of what, was decided by the authors of the data: of BBQ for the United States, of"
            " our own set by one language model, with a European and North American view."
        ),
        (
            "BBQ's paper splits its scores by proper names and labels; the six of its files that are listed have labels"
            " only. BBQ has been public since 2021: models may have been trained on it."
        ),
        (
            "The convention lm-eval repeats that program's pooled scores with their faults: 0 where no answer fits the"
            " stereotype, and ten wordings of unknown against two people. Intersections are told apart by neither."
        ),
    ),
    references=(
        (
            "Parrish, Chen, Nangia, Padmakumar, Phang, Thompson, Htut and Bowman 2022, BBQ: A Hand-Built Bias Benchmark"
            " for Question Answering, arXiv 2110.08193 (convention paper)"
        ),
        (
            "Biderman et al. 2024, Lessons from the Trenches on Reproducible Evaluation of Language Models,"
            " arXiv 2405.14782 (convention lm-eval)"
        ),
        "Miller 2024, Adding Error Bars to Evals, arXiv 2411.00640 (templates as the independent units)",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.11",),
        "nist-genai-profile": ("Harmful-Bias-and-Homogenization", "MS-2.11-001", "MS-2.11-002"),
        "eu-ai-act": ("Art.10(2)(f)", "AnnexIV(2)(g)"),
        "iso-42001": ("A.5.4", "A.5.5", "A.6.2.4", "A.6.2.7"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": ("AML.T0048.002",),
        "avid": ("E0101",),
    },
    # Three rotations of each: 192 short asks.
    smoke_items=64,
)

WRITTEN = replace(CARD, needs=(Capability.GENERATE,))
"""The card where the model writes its answers."""

POOLED = replace(
    CARD,
    metrics=(
        POOLED_BIAS_OPEN,
        POOLED_BIAS_SETTLED,
        POOLED_ACCURATE_OPEN,
        POOLED_ACCURATE_SETTLED,
        POOLED_ACCURATE,
        UNTOLD,
    ),
    # One ask of each, but with twelve options.
    smoke_items=128,
)
"""The card of the convention lm-eval."""
