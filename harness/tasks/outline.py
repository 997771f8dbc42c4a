"""A task's YAML file → what it asks and what it measures, without running any of its code.

What lm-eval 0.4.13 would make of the file: included files first, then its own keys; where it lists no metrics, those
that lm-eval has for that kind of request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import MissingExtraError, UsageError
from harness.tasks import EXTRA

__all__ = ["GENERATE", "ROLLING", "Code", "Measure", "Outline", "read_outline"]

CHOICE, SCORE, ROLLING, GENERATE = "multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until"
"""Kinds of request."""
MEASURED = {
    SCORE: ("perplexity", "acc"),
    ROLLING: ("word_perplexity", "byte_perplexity", "bits_per_byte"),
    CHOICE: ("acc", "acc_norm"),
    GENERATE: ("exact_match",),
}
"""Metrics of a task that lists none."""
AGGREGATED = {
    "perplexity": "perplexity",
    "word_perplexity": "weighted_perplexity",
    "byte_perplexity": "weighted_perplexity",
    "bits_per_byte": "bits_per_byte",
    "brier_score": "brier_score",
    "mcc": "matthews_corrcoef",
    "f1": "f1",
    "bleu": "bleu",
    "chrf": "chrf",
    "chrf++": "chrf++",
    "ter": "ter",
}
"""How lm-eval aggregates metrics for which the file does not say; the others by their mean."""
WORSE = frozenset({"perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score", "ter"})
"""Of which lm-eval holds less to be better."""
UNFILTERED = "none"
"""Name of the filter of a task that lists none."""


@dataclass(frozen=True, slots=True)
class Code:
    """A function that the file refers to, not looked up: ``utils.process_docs``."""

    name: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a task.

    Attributes:
        metric: Its name in lm-eval.
        filter: What replies went through first.
        aggregation: How the numbers of documents become one; empty for the task's own function.
        higher: Whether more is better.
    """

    metric: str
    filter: str
    aggregation: str
    higher: bool

    @property
    def label(self) -> str:
        """As lm-eval's own results name it, but for the filter of tasks that have none."""
        return self.metric if self.filter == UNFILTERED else f"{self.metric},{self.filter}"


@dataclass(frozen=True, slots=True)
class Outline:
    """A task as its file describes it.

    Attributes:
        name: Of the task.
        path: Of the file.
        config: All of it, included files too; `Code` in place of functions.
        output: Kind of request; empty where the task is a class of its own.
        measures: What it reports, in order; empty for such a class.
    """

    name: str
    path: Path
    config: Mapping[str, Any]
    output: str
    measures: tuple[Measure, ...]

    @property
    def is_class(self) -> bool:
        """Whether the task is a Python class of its own, of which the file says nothing more."""
        return "class" in self.config


def read_outline(path: Path) -> Outline:
    """Read a task's file.

    Raises:
        UsageError: it cannot be read, or describes no single task of text.
        MissingExtraError: the package that reads YAML is not installed.
    """
    config = _load(path, ())
    name = config.get("task")
    if not isinstance(name, str) or ("group" in config and "class" not in config):
        raise UsageError(f"{path} describes no single task: it needs `task: name` and no `group`.")
    if any(config.get(key) for key in ("doc_to_image", "doc_to_audio")):
        raise UsageError(f"The task {name!r} shows images or plays sounds, which no ask for text can carry.")
    if config.get("unsafe_code"):
        raise UsageError(f"The task {name!r} runs code that the model writes, which the harness does not do.")
    if "class" in config:
        return Outline(name, path, config, "", ())
    output = str(config.get("output_type", GENERATE))
    if output not in MEASURED:
        raise UsageError(f"{path}: output_type is one of {', '.join(MEASURED)}, not {output!r}.")
    return Outline(name, path, config, output, tuple(_measures(config, output, path)))


def _measures(config: Mapping[str, Any], output: str, path: Path) -> list[Measure]:
    listed = config.get("metric_list")
    if listed is None:
        listed = [{"metric": metric} for metric in MEASURED[output]]
    filters = [str(one["name"]) for one in config.get("filter_list") or ()] or [UNFILTERED]
    try:
        return [_measure(entry, name) for name in filters for entry in listed]
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: metric_list is a list of tables with `metric`: {error}. Correct it.") from error


def _measure(entry: Mapping[str, Any], filter_name: str) -> Measure:
    metric, aggregation = entry["metric"], entry.get("aggregation")
    # A metric that is a function goes by the function's name, as in lm-eval.
    name = metric.name.rpartition(".")[2] if isinstance(metric, Code) else str(metric)
    own = "" if isinstance(aggregation, Code) else str(aggregation or AGGREGATED.get(name, "mean"))
    return Measure(name, filter_name, own, bool(entry.get("higher_is_better", name not in WORSE)))


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _load(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Read a file and those that it includes; the file's own keys win."""
    path = path.expanduser().resolve()
    if path in above:
        raise UsageError(f"{path} includes itself. Correct it.")
    content = _parse(path)
    included = content.pop("include", None)
    merged: dict[str, Any] = {}
    for other in [] if included is None else included if isinstance(included, list) else [included]:
        merged |= {key: its for key, its in _load(path.parent / other, (*above, path)).items() if key != "task_list"}
    return merged | content


def _parse(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise MissingExtraError("Reading a task", "lm-eval, and PyYAML with it", EXTRA) from error

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Leaves functions where they are."""

    Loader.add_constructor("!function", lambda loader, node: Code(loader.construct_scalar(node)))
    try:
        with path.open("rb") as file:
            content = yaml.load(file, Loader=Loader)  # noqa: S506  a safe loader that knows one tag more
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read: {' '.join(str(error).split())}. Correct it.") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path} is no table of keys. Correct it.")
    return content


def strings(value: object) -> list[str]:
    """Return ``value`` as a list of texts: one text, or several."""
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else [str(value)]
