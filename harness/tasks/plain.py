"""Documents of a task that consists of templates alone, made as lm-eval 0.4.13 makes them, and without importing it.

Planning needs the documents of every probe, and lm-eval takes seconds to import. Most tasks need it, for examples to
show or functions of their own; those that choose between given answers and say how by templates do not. That both ways
give the same requests is tested.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateError

from harness.errors import DataError
from harness.records import Value
from harness.tasks.document import Document, Request, RequestKind, Row, target_of
from harness.tasks.outline import CHOICE, Outline

__all__ = ["is_plain", "plain_documents"]

TEMPLATES = ("doc_to_text", "doc_to_target", "doc_to_choice")
ELSEWHERE = (
    *("process_docs", "process_results", "use_prompt", "description", "fewshot_config", "gen_prefix", "custom_dataset"),
    *("filter_list", "repeats", "class"),
)
"""Keys that need more than templates."""


def is_plain(outline: Outline, *, shots: int | None) -> bool:
    """Whether the task's documents can be made here."""
    config = outline.config
    return (
        outline.output == CHOICE
        and not shots
        and not config.get("num_fewshot")
        and not any(config.get(key) for key in ELSEWHERE)
        and all(isinstance(config.get(key), str | list) for key in TEMPLATES)
        and isinstance(config["doc_to_text"], str)
        and isinstance(config.get("target_delimiter", " "), str)
        and all(measure.metric != "acc_mutual_info" and measure.aggregation for measure in outline.measures)
    )


def plain_documents(outline: Outline, rows: Sequence[Row], name: str) -> list[Document] | None:
    """Make the documents of ``rows``.

    Args:
        outline: A task that `is_plain`.
        rows: Of the part that is asked.
        name: Of the data, for messages.

    Returns:
        The documents; None where the first shows that a choice is part of what is given, which takes lm-eval to make.

    Raises:
        DataError: a row does not fit the task's templates; names it.
    """
    found: list[Document] = []
    several = 0
    for number, row in enumerate(rows):
        try:
            text = _text(outline.config["doc_to_text"], row)
            choices = _choices(outline.config["doc_to_choice"], row)
            gold = _gold(outline.config["doc_to_target"], row)
        except (TemplateError, ValueError, TypeError, SyntaxError, KeyError, AttributeError, IndexError) as error:
            raise DataError(
                f"{name}: row {number + 1}: does not fit the templates of {outline.name!r}: {error}. Its file"
                f" {outline.path.name} says which columns it needs."
            ) from error
        if number == 0:
            if text.isdigit():
                return None
            several = len(gold) if isinstance(gold, list) else 0
        target = target_of(gold, choices, several=several, inputs=0)
        found.append(Document(number, row, _requests(outline.config, text, choices), target))
    return found


def _requests(config: Mapping[str, Any], text: str, choices: Sequence[str]) -> tuple[Request, ...]:
    delimiter = config.get("target_delimiter", " ")
    return tuple(Request(RequestKind.SCORE, text, f"{delimiter}{choice}", {}, 1) for choice in choices)


# ── templates ─────────────────────────────────────────────────────────────────────────────


def _replace(text: str, pattern: str, replacement: str, count: int = 0) -> str:
    return re.sub(pattern, replacement, text, count=count)


@lru_cache(maxsize=64)
def _compiled(template: str) -> Template:
    # Not HTML: what a template makes is put to a model.
    environment = Environment(loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    environment.filters["regex_replace"] = _replace
    return environment.from_string(template)


def _rendered(template: str, row: Row) -> str:
    return _compiled(template).render(**row)


def _text(template: str, row: Row) -> str:
    value = row[template] if template in row else _rendered(template, row)
    if not isinstance(value, str):
        raise TypeError(f"doc_to_text gives {type(value).__name__}, not text")
    return value


def _choices(template: str | list[Any], row: Row) -> list[str]:
    if isinstance(template, list):
        value: Any = template
    else:
        value = row[template] if template in row else ast.literal_eval(_rendered(template, row))
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise TypeError("doc_to_choice gives no list of texts")
    return list(value)


def _gold(template: str | list[Any], row: Row) -> Value:
    if isinstance(template, list):
        return list(template)
    if template in row:
        return row[template]
    text = _rendered(template, row)
    if text.isdigit():
        return int(ast.literal_eval(text))
    if len(text) >= 2 and text[0] == "[" and text[-1] == "]":
        try:
            listed: Value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text
        return listed
    return text
