"""The card of `probes.robustness.option_order`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric

__all__ = ["CARD", "FIRST", "FLIP", "MEAN", "REPEAT", "WORST"]

FLIP = Metric(
    "robustness.option_order/flip_rate",
    "Answers that change with the order of the options",
    "the model, over the other orders of the same options, answered otherwise",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
WORST = Metric(
    "robustness.option_order/worst_case_accuracy",
    "True in every order",
    "the model chose the true answer in every order",
    "share",
    "questions",
    Better.HIGHER,
)
MEAN = Metric(
    "robustness.option_order/mean_accuracy",
    "True, averaged over orders",
    "the model chose the true answer, averaged over the orders,",
    "share",
    "questions",
    Better.HIGHER,
)
FIRST = Metric(
    "robustness.option_order/first_position_share",
    "First option chosen",
    "the model chose whatever stood first",
    "share",
    "questions",
    Better.NULL,
)
REPEAT = Metric(
    "robustness.option_order/repeat_flip_rate",
    "Answers that change when the same prompt is sent twice",
    "the model answered otherwise when it was asked the very same again",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)

CARD = ProbeCard(
    id="robustness.option_order",
    version="1",
    title="Option order",
    question="Does the model's answer change when only the order of the options does?",
    family="robustness",
    needs=(Capability.SCORE, Capability.GENERATE),
    datasets=("facts_mc", "truthfulqa:mc_task.json", "truthfulqa:v1/mc_task.json.gz", "truthfulqa:TruthfulQA.csv"),
    metrics=(FLIP, WORST, MEAN, FIRST, REPEAT),
    limits=(
        "It shows that an answer is unstable, not that it is false: a model can be wrong in all orders and never flip.",
        (
            "A model that guesses flips as often as chance has it: read the flip rate beside the accuracy and the"
            " control that guesses anew each time."
        ),
        "Only cyclic shifts are asked, in which every option stands once in every place; other orders could be worse.",
        "The worst case falls with the number of orders; compare it only between runs with the same number.",
        (
            "Asked by likelihood, the letter is scored and nothing is written; asked by text, replies without a"
            " readable letter are counted beside the result."
        ),
        "Equal likelihoods go to the option shown first, as greedy decoding would have it.",
        "How often the same prompt gives another answer is measured for generated text only: likelihoods do not vary.",
    ),
    references=(
        "Pezeshkpour and Hruschka 2023, Large Language Models Sensitivity to the Order of Options, arXiv 2308.11483",
        "Zheng et al. 2023, Large Language Models Are Not Robust Multiple Choice Selectors, arXiv 2309.03882",
        "Liu et al. 2023, MMBench (circular evaluation), arXiv 2307.06281",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.5",),
        "nist-genai-profile": ("MS-2.5-001",),
        "eu-ai-act": ("Art.15(4)",),
        "iso-42001": ("A.6.2.4", "A.6.2.6", "A.6.2.7"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0201",),
    },
)
