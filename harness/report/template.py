"""The surroundings of every template: what is escaped, what may not be missing, what may be printed."""

from __future__ import annotations

from importlib.resources import files
from math import isfinite

from jinja2 import Environment, FunctionLoader, StrictUndefined, Undefined
from markupsafe import Markup

from harness.contracts import TRAINING
from harness.report.figures import figure, flatten, interval_words, moment, plural
from harness.text.safe import printable

__all__ = ["environment"]

LONGEST = 2000
"""Characters of any one text on the page: a name or a reason that is longer is an attack or an accident."""


def environment() -> Environment:
    """Return the templates' surroundings: everything is escaped, nothing may be missing, no text arrives raw."""
    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(figure=figure, flatten=flatten, interval_words=interval_words, moment=moment)
    made.globals.update(plural=plural, TRAINING=TRAINING)
    return made


def _source(name: str) -> str:
    return (files("harness.report") / name).read_text("utf-8")


def _finalize(value: object) -> object:
    """Make every text harmless on its way into the page, before it is escaped: no expression can forget to.

    Raises:
        TypeError: something that is neither text nor a finite number would have been printed.
    """
    if isinstance(value, Markup | Undefined):
        # Made by our own macros from parts that came through here, or a picture's data, which has no character that
        # HTML reads; or missing, which jinja refuses better.
        return value
    if isinstance(value, str):
        return printable(value, limit=LONGEST)
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    raise TypeError(f"a page shows texts and finite numbers, not {value!r}")
