"""Tasks of lm-eval as data: documents and requests out, recorded answers in, its own metrics back.

    names      a task's name → the YAML file that describes it, found by a scan that imports nothing
    outline    the YAML file → what is asked and what is measured, without the task's code
    document   one document of a task with its requests, as JSON
    plain      documents of a task that consists of templates alone, made without lm-eval
    engine     lm-eval's own task objects: documents of any task, metrics of a document, metrics of all
    supply     the documents that a task brings itself, from where its file says

Nothing here runs a model. Only `engine` and `supply` import lm-eval and what it needs, inside functions.
"""

from __future__ import annotations

__all__ = ["EXTRA", "PACKAGE"]

PACKAGE, EXTRA = "lm_eval", "lm-eval"
"""The package that the tasks are of, and the extra that installs it."""
