"""The card of `probes.utility.tasks`: what it reports follows from the task, what that cannot tell does not."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contracts import ProbeCard
from harness.contracts.composed import OWN
from harness.records import Better, Capability, Metric
from harness.tasks.outline import GENERATE, Measure

__all__ = ["CHANCE", "DEFAULT", "DEFAULT_MEASURES", "ID", "SHARES", "card_of", "metrics_of"]

ID = "utility.tasks"
DEFAULT = "sensible_endings"
"""The task, and the data set, that ship."""
DEFAULT_MEASURES = tuple(Measure(metric, "none", "mean", higher=True) for metric in ("acc", "acc_norm"))
"""What its file says, so that the card can be read where nothing that reads the file is installed."""
CHANCE = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info"})
"""Metrics of choices, whose guessing rate is known."""
SHARES = CHANCE | {"exact_match"}
"""Metrics that are shares of documents where they are aggregated by their mean."""
UNITS = {
    "perplexity": "equally likely continuations",
    "word_perplexity": "equally likely words",
    "byte_perplexity": "equally likely bytes",
    "bits_per_byte": "bits per byte",
}
TITLES = {
    "acc": "Right choices, or continuations that the model would have written",
    "acc_norm": "Right choices by likelihood per character",
    "acc_bytes": "Right choices by likelihood per byte",
    "exact_match": "Replies that are the right answer word for word",
}


def metrics_of(task: str, measures: Sequence[Measure]) -> tuple[Metric, ...]:
    """Return a metric for each measure of ``task``, in order."""
    return tuple(_metric(task, measure) for measure in measures)


def _metric(task: str, measure: Measure) -> Metric:
    share = measure.metric in SHARES and measure.aggregation in {"mean", "nanmean"}
    title = TITLES.get(measure.metric, f"lm-eval's {measure.metric}")
    behind = "" if measure.filter == "none" else f" (filter {measure.filter})"
    return Metric(
        f"{ID}/{task}:{measure.label}",
        f"{title}{behind}: {task}",
        f"the model was right by lm-eval's {measure.label}" if share else f"lm-eval's {measure.label} came to",
        "share" if share else UNITS.get(measure.metric, "points"),
        "documents",
        Better.HIGHER if measure.higher else Better.LOWER,
    )


def card_of(task: str, output: str, measures: Sequence[Measure]) -> ProbeCard:
    """Return the card of the probe that runs ``task``.

    Args:
        task: Its name.
        output: Kind of request; empty where only its code knows.
        measures: What it reports.
    """
    needs = (Capability.GENERATE,) if output in {GENERATE, ""} else (Capability.SCORE,)
    return ProbeCard(
        id=ID,
        version="1",
        title="A task of lm-eval" if task == DEFAULT else f"lm-eval: {task}",
        question=f"How does the model do on the lm-eval task {task}?",
        family="utility",
        needs=needs,
        datasets=(DEFAULT,) if task == DEFAULT else (OWN,),
        metrics=metrics_of(task, measures),
        limits=LIMITS,
        references=(
            "Gao et al., EleutherAI lm-evaluation-harness 0.4.13: requests, results and aggregation are its own",
            "Biderman et al. 2024, Lessons from the Trenches on Reproducible Evaluation, arXiv 2405.14782",
        ),
        frameworks=FRAMEWORKS,
    )


LIMITS = (
    (
        "The number is lm-eval's, its conventions included: among equally likely choices the first wins, and a reply"
        " that its filters cannot read is wrong."
    ),
    (
        "What a document asks is not shortened: where lm-eval would cut the beginning of a prompt that is too long, the"
        " document is counted as truncated and left out."
    ),
    (
        "Public tasks are often in the training data of models, and a task says little about another: choose the one"
        " that your use is like."
    ),
    (
        "The interval is over documents, which are taken to be independent unless `cluster` names what they share;"
        " lm-eval's own standard error has another meaning and is not shown."
    ),
    (
        "The task's own functions are run when it has any: they are code, of lm-eval's authors or of whoever wrote the"
        " folder that include_path names."
    ),
    "The task that ships is small and meant to be easy: it shows that the probe works, and ranks no good models.",
)
FRAMEWORKS = {
    "nist-ai-rmf": ("MEASURE-2.3",),
    "nist-genai-profile": ("MS-2.3-002", "MS-2.5-001"),
    "eu-ai-act": ("Art.13(3)(b)", "Art.15(1)", "Art.15(3)"),
    "iso-42001": ("A.6.2.4",),
    "owasp-llm-2025": (),
    "owasp-llm-2026": (),
    "mitre-atlas": (),
    "avid": ("P0204",),
}
