"""The card of `probes.robustness.paraphrase`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric
from harness.text.sentences import DIFFERENCE

__all__ = ["ALIKE", "CARD", "CHECKED", "CLEAN", "DROP", "FLIP", "LOST", "MATCHED", "MEAN", "REPEAT", "WON", "WORST"]

FLIP = Metric(
    "robustness.paraphrase/flip_rate",
    "Answers that change with the wording",
    "the model, over other wordings of the same question, answered otherwise",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
    null_of="asking in the plainest wording twice",
)
REPEAT = Metric(
    "robustness.paraphrase/repeat_flip_rate",
    "Answers that change when the same wording is sent twice",
    "the model answered otherwise when it was asked the very same again",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
ALIKE = Metric(
    "robustness.paraphrase/consistency",
    "Pairs of wordings that were answered alike",
    "the model answered two wordings of the same question alike",
    "share",
    "questions",
    Better.HIGHER,
    null_of="asking in the plainest wording twice",
)
CLEAN = Metric(
    "robustness.paraphrase/clean_accuracy",
    "Right in the plainest wording",
    "the model answered the plainest wording rightly",
    "share",
    "questions",
    Better.HIGHER,
    null=0.0,
)
MEAN = Metric(
    "robustness.paraphrase/mean_accuracy",
    "Right, averaged over wordings",
    "the model answered rightly, averaged over the wordings,",
    "share",
    "questions",
    Better.HIGHER,
    null=0.0,
)
WORST = Metric(
    "robustness.paraphrase/worst_case_accuracy",
    "Right in every wording",
    "the model answered rightly in every wording",
    "share",
    "questions",
    Better.HIGHER,
    null_of="the same questions in their plainest wording",
)
MATCHED = Metric(
    "robustness.paraphrase/matched_clean_accuracy",
    "Right in the plainest wording, of the questions that the worst case counts",
    "the model answered the plainest wording rightly, for comparison with the worst case,",
    "share",
    "questions",
    Better.HIGHER,
    null=0.0,
)
DROP = Metric(
    "robustness.paraphrase/accuracy_drop",
    "Accuracy lost by other wordings",
    "the share answered rightly was lower in other wordings by",
    DIFFERENCE,
    "questions",
    Better.LOWER,
    null=0.0,
)
LOST = Metric(
    "robustness.paraphrase/right_to_wrong",
    "Right answers that another wording made wrong",
    "the model was right in the plainest wording and wrong in another",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
WON = Metric(
    "robustness.paraphrase/wrong_to_right",
    "Wrong answers that another wording made right",
    "the model was wrong in the plainest wording and right in another",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
CHECKED = Metric(
    "robustness.paraphrase/rule_checked_sets",
    "Sets of wordings that pass the rules of equivalence",
    "no wording broke the rules of equivalence",
    "share",
    "questions",
    Better.HIGHER,
)

CARD = ProbeCard(
    id="robustness.paraphrase",
    version="1",
    title="Other wordings",
    question="Does the model's answer change when the same question is asked in other words?",
    family="robustness",
    needs=(Capability.GENERATE,),
    datasets=("wordings",),
    metrics=(FLIP, REPEAT, ALIKE, CLEAN, MEAN, WORST, MATCHED, DROP, LOST, WON, CHECKED),
    limits=(
        "It shows that an answer is unstable, not that it is false: who is wrong in all wordings alike never flips.",
        (
            "Whether two answers say the same is told by an instrument with known errors; how often it takes one answer"
            " in other words for two is what the control with changing words shows."
        ),
        (
            "Replies are short: one that was cut before it came to the answer is compared by what there is of it, and"
            " counts as another answer."
        ),
        "The worst case falls with the number of wordings; compare it only between runs with the same number.",
        (
            "No two wordings are quite the same request. Sets that break a rule of equivalence, as `above` for `below`"
            " does, are asked and counted all the same; the flip rate is told for either kind."
        ),
        (
            "How often the same wording gives another answer is what decoding alone does; it is 0 for greedy decoding"
            " that computes alike in every batch."
        ),
        "English only; general knowledge that many collections ask for.",
    ),
    references=(
        "Elazar et al. 2021, Measuring and Improving Consistency in Pretrained Language Models, arXiv 2102.01017",
        "Liang et al. 2022, Holistic Evaluation of Language Models (worst case), arXiv 2211.09110",
        "Nalbandyan et al. 2025, SCORE: Systematic COnsistency and Robustness Evaluation, arXiv 2503.00137",
        "McNemar 1947, Note on the sampling error of the difference between correlated proportions, Psychometrika 12",
    ),
    smoke_items=32,
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.5",),
        "nist-genai-profile": ("MS-2.5-001",),
        "eu-ai-act": ("Art.15(1)", "Art.15(4)"),
        "iso-42001": ("A.6.2.4", "A.6.2.6", "A.6.2.7"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0201",),
    },
)
