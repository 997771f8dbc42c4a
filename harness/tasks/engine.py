"""lm-eval's own task objects: documents of any task, what a document's answers are worth, and what all of them are.

A task object is made from the file and from rows that are handed to it, so it loads nothing; what lm-eval would draw at
random it draws from the seeds of its own ``simple_evaluate``, and the process's own generators are put back.
"""

from __future__ import annotations

import inspect
import io
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np

from harness.errors import DataError, HarnessError, MissingExtraError, UsageError
from harness.records import Value
from harness.tasks import EXTRA, PACKAGE
from harness.tasks.document import Answer, Document, Request, RequestKind, Row, Target, as_json, target_of
from harness.tasks.outline import UNFILTERED, Measure, Outline

__all__ = ["aggregate", "class_documents", "class_measures", "documents", "judge", "quiet", "theirs"]

SEED, OTHER_SEED = 0, 1234
"""Of Python's generator; and of NumPy's and of the choice of examples, as in ``simple_evaluate``."""


# ── documents ─────────────────────────────────────────────────────────────────────────────


def documents(
    outline: Outline, parts: Mapping[str, Sequence[Row]], *, shots: int | None, most: int | None, name: str
) -> list[Document]:
    """Make the documents of a task, with examples as lm-eval draws them.

    Args:
        outline: The task.
        parts: Rows of every part of the data that it speaks of.
        shots: Number of examples to show; None for what the file says. A file that says 0 is not overruled, as in
            lm-eval.
        most: Documents to make, the first of them; None for all.
        name: Of the data, for messages.

    Raises:
        DataError: a row does not fit the task; names it.
        UsageError: lm-eval cannot make the task; says why.
        MissingExtraError: it is not installed.
    """
    with quiet():
        tables = {part: _table(rows, name) for part, rows in parts.items()}
        task = _made(outline, tables, name)
        _set_shots(task, shots)
        every = enumerate(task.eval_docs)
        return [_document(task, number, doc, name) for number, doc in every if most is None or number < most]


def class_documents(outline: Outline) -> list[Row]:
    """Let a task that is a Python class of its own load its data, and return what it asks.

    Raises:
        OSError, ValueError: it cannot be loaded.
    """
    config = _config(outline)
    base = _class(outline, config)
    task = base(config=config) if "config" in inspect.signature(base.__init__).parameters else base()
    return [as_json(doc) for doc in task.eval_docs]


def _document(task: Any, number: int, doc: Mapping[str, Any], name: str) -> Document:
    """Build one document's requests, in the way of ``build_all_requests``."""

    def unfit(problem: str) -> HarnessError:
        return DataError(f"{name}: row {number + 1}: does not fit the task {task.config.task!r}: {problem}")

    with theirs(unfit):
        context = task.fewshot_context(
            doc,
            num_fewshot=task.config.num_fewshot or 0,
            system_instruction=None,
            apply_chat_template=False,
            fewshot_as_multiturn=False,
            chat_template=None,
            gen_prefix=task.doc_to_prefix(doc),
        )
        built = task.construct_requests(
            doc=doc,
            ctx=context,
            metadata=(task.config.task, number, task.config.repeats),
            apply_chat_template=False,
            chat_template=None,
        )
        requests = tuple(_request(its) for its in (built if isinstance(built, list) else [built]))
        return Document(number, as_json(doc), requests, _target(task, doc))


def _request(instance: Any) -> Request:
    kind, arguments = RequestKind(instance.request_type), instance.args
    repeats = int(instance.repeats or 1)
    if kind is RequestKind.ROLLING:
        return Request(kind, "", str(arguments[0]), {}, repeats)
    if kind is RequestKind.GENERATE:
        return Request(kind, str(arguments[0]), "", as_json(arguments[1]), repeats)
    return Request(kind, str(arguments[0]), str(arguments[1]), {}, repeats)


def _target(task: Any, doc: Mapping[str, Any]) -> Target:
    choices = task.doc_to_choice(doc) if task.config.doc_to_choice is not None else []
    # Where choices are what is given, the right one is told in the place of the text.
    gold = task.doc_to_text(doc) if task.multiple_input else task.doc_to_target(doc)
    return target_of(gold, choices, several=task.multiple_target, inputs=task.multiple_input)


# ── answers ───────────────────────────────────────────────────────────────────────────────


def judge(outline: Outline, document: Document, answers: Sequence[Sequence[Answer]]) -> Mapping[str, Value]:
    """Let lm-eval say what a document's answers are worth.

    Args:
        outline: The task.
        document: One of `documents`.
        answers: For each request, in order, its answers: as many as it was asked for.

    Returns:
        What ``process_results`` gives behind each filter, named as `Measure.label` has it, as JSON holds it.

    Raises:
        UsageError: the task's own functions fail on it; says how.
    """
    with quiet(), theirs(lambda problem: UsageError(f"{outline.name} fails on it: {problem}")):
        from lm_eval.api.instance import Instance

        task = _judging(outline, document)
        instances: list[Any] = []
        found: dict[str, Any] = {}
        for place, (request, given) in enumerate(zip(document.requests, answers, strict=True)):
            metadata = (outline.name, document.number, request.repeats)
            made = Instance(str(request.kind), dict(document.doc), _arguments(request), place, metadata)
            made.resps = list(given)
            instances.append(made)
        task._instances = instances  # noqa: SLF001  where lm-eval's own evaluator puts them
        task.apply_filters()
        for name in instances[0].filtered_resps:
            told = task.process_results(dict(document.doc), [its.filtered_resps[name] for its in instances])
            found |= {metric if name == UNFILTERED else f"{metric},{name}": value for metric, value in told.items()}
        return as_json(found)


def _arguments(request: Request) -> tuple[Any, ...]:
    if request.kind is RequestKind.ROLLING:
        return (request.continuation,)
    if request.kind is RequestKind.GENERATE:
        return (request.context, dict(request.settings))
    return (request.context, request.continuation)


def aggregate(outline: Outline, label: str, items: Sequence[Any], document: Document) -> float:
    """Let lm-eval make one number of what it said of all documents.

    Args:
        outline: The task.
        label: Of the measure.
        items: One for each document.
        document: Any of them.

    Raises:
        UsageError: its function fails on them; says how.
    """
    with quiet(), theirs(lambda problem: UsageError(f"lm-eval cannot aggregate it: {problem}")):
        from lm_eval.api.metrics import mean

        functions = _judging(outline, document).aggregation()
        return float(functions.get(label.partition(",")[0], mean)(list(items)))


def class_measures(outline: Outline) -> tuple[Measure, ...]:
    """What a task reports that is a Python class of its own.

    Raises:
        UsageError: it does not say before it has its data.
        MissingExtraError: lm-eval is not installed.
    """
    with (
        quiet(),
        theirs(lambda problem: UsageError(f"The task {outline.name!r} does not say what it reports: {problem}")),
    ):
        bare = object.__new__(_class(outline, _config(outline)))
        better = bare.higher_is_better()
        return tuple(Measure(name, UNFILTERED, "", bool(better.get(name, True))) for name in bare.aggregation())


# ── task objects ──────────────────────────────────────────────────────────────────────────

_TASKS: dict[tuple[str, str], Any] = {}
"""Task objects for judging, by file and content: making one takes longer than all that it is asked."""


class _Rows(list[Row]):
    """Rows with the one thing that a task asks of a data set before it has any to do with it."""

    @property
    def features(self) -> Mapping[str, None]:
        """Names of the columns."""
        return dict.fromkeys(self[0])


class _Parts(dict[str, Any]):
    """Parts of the data; one that is not there, and of which nothing is asked, is the first of them."""

    def __missing__(self, name: str) -> Any:
        return next(iter(self.values()))


def _judging(outline: Outline, document: Document) -> Any:
    """The task around one document, which it takes as it is: nothing is processed anew, and no example is shown."""
    key = (str(outline.path), repr(outline.config))
    if key not in _TASKS:
        task = _made(outline, {"": _Rows([document.doc])}, outline.name, processed=True)
        _set_shots(task, 0)
        _TASKS[key] = task
    task = _TASKS[key]
    # lm-eval decides by the first document of all how it reads every one.
    task.multiple_input, task.multiple_target = document.target.inputs, document.target.several
    task.features = list(document.doc)
    return task


def _made(outline: Outline, parts: Mapping[str, Any], name: str, *, processed: bool = False) -> Any:
    """Make a task object whose data are ``parts``."""

    def impossible(problem: str) -> HarnessError:
        return DataError(
            f"lm-eval cannot make the task {outline.name!r} of {name}: {problem}. Correct the task or the data."
        )

    with theirs(impossible):
        config = _config(outline)
        if processed:
            config |= {"process_docs": None, "fewshot_config": None, "num_fewshot": 0}
        base = _class(outline, config)
        made = type(base.__name__, (base,), {"download": _handing(_Parts(parts))})
        takes = "config" in inspect.signature(base.__init__).parameters or not outline.is_class
        task: Any = made(config=config) if takes else made()
        task.config.task = outline.name
        return task


def _handing(parts: _Parts) -> Callable[..., None]:
    """What stands in the place of a task's own loading."""

    def download(self: Any, *_: Any, **__: Any) -> None:
        self.dataset = parts

    return download


def _config(outline: Outline) -> dict[str, Any]:
    """The file with its functions, as lm-eval's own factory hands it to a task."""
    try:
        from lm_eval.tasks._yaml_loader import load_yaml
    except ModuleNotFoundError as error:
        raise MissingExtraError("A task of lm-eval", PACKAGE, EXTRA) from error
    config: dict[str, Any] = load_yaml(outline.path, resolve_func=True)
    for key in ("tag", "group", "task_list"):
        config.pop(key, None)
    metadata = config.get("metadata", {})
    return config | {"metadata": dict(metadata) if isinstance(metadata, dict) else {"_metadata": metadata}}


def _class(outline: Outline, config: dict[str, Any]) -> Any:
    if outline.is_class:
        return config["class"]
    from lm_eval.api.task import ConfigurableTask

    return ConfigurableTask


def _set_shots(task: Any, shots: int | None) -> None:
    """Say how many examples are shown, by the rules of ``simple_evaluate``."""
    said = task.config.num_fewshot
    if shots is not None and said != 0:
        task.config.num_fewshot = shots
    elif said is None:
        task.config.num_fewshot = 0
    task.set_fewshot_seed(seed=OTHER_SEED)


def _table(rows: Sequence[Row], name: str) -> Any:
    """Rows as the kind of data set that tasks expect, with its methods."""
    import pyarrow as pa

    import datasets

    try:
        return datasets.Dataset.from_list([dict(row) for row in rows])
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(f"{name}: the rows do not agree in what their columns hold: {error}. Correct them.") from error


# ── theirs and ours ───────────────────────────────────────────────────────────────────────


@contextmanager
def theirs(problem: Callable[[str], HarnessError]) -> Iterator[None]:
    """Run code of lm-eval, of its tasks and of what they load by; whatever it raises becomes a ``problem`` of ours."""
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        # Broad on purpose: a task's own functions run here, and may raise anything.
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise problem(said[:400]) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep lm-eval's notes and bars off the terminal, and the process's random generators as they are."""
    loggers = [logging.getLogger(name) for name in ("lm_eval", "datasets")]
    levels, python, numbers = [its.level for its in loggers], random.getstate(), np.random.get_state()
    random.seed(SEED)
    np.random.seed(OTHER_SEED)
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        random.setstate(python)
        np.random.set_state(numbers)
