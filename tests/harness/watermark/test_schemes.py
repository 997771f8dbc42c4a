"""Schemes by name: settings are checked, and every scheme finds its own mark by one way to look."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import UsageError
from harness.watermark import kgw, prf
from harness.watermark.detection import Detection, TooShort
from harness.watermark.keys import PUBLIC_KEY
from harness.watermark.schemes import OTHERS, TEXT_SCHEMES, text_scheme


@pytest.mark.parametrize("name", TEXT_SCHEMES)
def test_every_scheme_looks_at_any_text_and_says_when_there_is_none(name):
    scheme, key = text_scheme(name, {}, vocabulary=2000), "15485863015485863"
    found = scheme.look(np.random.default_rng(0).integers(0, 2000, 120), key=key)
    assert isinstance(found.detection, Detection)
    assert found.detection.scheme == name
    assert (found.rank_p is None) == (name == "kgw_transformers")
    nothing = scheme.look([], key=key)
    assert isinstance(nothing.detection, TooShort)
    assert nothing.rank_p is None


def test_green_tokens_alone_are_found_by_both_p_values():
    state = kgw.state([PUBLIC_KEY], kgw.GreenLists())
    ids = [0]
    while len(ids) < 60:
        every = kgw.numbers(state, np.array([[ids[-1], t] for t in range(500)]), kgw.GreenLists())[:, 0]
        fresh = [t for t in np.flatnonzero(prf.below(every, 0.25)) if t not in ids]
        ids.append(int(fresh[0]))
    found = text_scheme("kgw", {}).look(ids, key=PUBLIC_KEY)
    assert found.detection.statistic == found.detection.n == 59
    assert found.detection.p == pytest.approx(0.25**59, rel=1e-6)
    assert found.rank_p == pytest.approx(1 / (OTHERS + 1))


def test_the_least_length_is_that_of_the_strongest_mark():
    assert text_scheme("kgw", {}).least(1e-6) == 43
    assert text_scheme("kgw", {"gamma": 0.5}).least(1e-6) == 59
    assert text_scheme("gumbel", {}).least(1e-6) is None


def test_a_list_of_a_vocabulary_needs_one():
    with pytest.raises(UsageError, match="unigram needs the model's number of tokens"):
        text_scheme("unigram", {})
    assert text_scheme("unigram", {"vocabulary": 100}).settings.size == 25
