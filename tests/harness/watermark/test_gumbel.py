import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from harness.watermark import gumbel, prf
from harness.watermark.detection import TooShort, rank_p
from harness.watermark.gumbel import Choices
from harness.watermark.keys import wrong_keys

KEY = "a long and random key, 0123456789"


def plainly(ids, key, choices):
    """Scores of the first token after each context, one by one."""
    width, state, seen, scores = choices.context_width, gumbel.state([key], choices), set(), []
    for place in range(width, len(ids)):
        context = tuple(ids[place - width : place])
        if context not in seen:
            seen.add(context)
            number = prf.windows(state, np.array([[*context, ids[place]]]), width=width + 1)
            scores.append(-np.log(1 - prf.fractions(number)[0, 0]))
    return scores


@given(st.lists(st.integers(0, 3), max_size=40), st.sampled_from([Choices(context_width=1), Choices(context_width=3)]))
def test_each_context_is_scored_where_it_stands_first(ids, choices):
    scores = plainly(ids, KEY, choices)
    found = gumbel.detect(ids, key=KEY, choices=choices)
    if not scores:
        assert found == TooShort("gumbel", 0, 1)
        return
    assert (found.n, found.repeats) == (len(scores), len(ids) - choices.context_width - len(scores))
    assert found.statistic == pytest.approx(sum(scores), rel=1e-9)
    assert found.p == pytest.approx(special.gammaincc(found.n, found.statistic), rel=1e-9)
    assert found.expected == found.n


@given(st.lists(st.lists(st.integers(0, 9), max_size=20), max_size=8))
def test_many_texts_at_once_are_each_as_if_alone(texts):
    together = gumbel.detect_all(texts, key=KEY, choices=Choices(context_width=2))
    for ids, found in zip(texts, together, strict=True):
        alone = gumbel.detect(ids, key=KEY, choices=Choices(context_width=2))
        assert (type(alone), alone.n) == (type(found), found.n)
        if alone.n:
            assert found.p == pytest.approx(alone.p, rel=1e-9)


@pytest.mark.parametrize("width", [1, 4])
def test_p_values_of_random_keys_are_uniform_on_a_text_that_repeats_itself(width, zipf):
    choices, text = Choices(context_width=width), np.concatenate([zipf(1, 100)] * 3)
    sums = gumbel.strengths(text, keys=wrong_keys(KEY, 2000), choices=choices)
    n = gumbel.detect(text, key=KEY, choices=choices).n
    assert stats.kstest(special.gammaincc(n, sums), "uniform").pvalue > 0.01


def test_the_right_key_finds_a_text_that_it_chose():
    choices, random, ids = Choices(context_width=2), np.random.default_rng(0), [1, 2]
    while len(ids) < 80:
        candidates = random.integers(0, 500, 4)  # four tokens, equally likely
        numbers = prf.hashed(prf.windows(gumbel.state([KEY], choices), np.array([ids[-2:]]), width=2), candidates)
        ids.append(int(candidates[numbers[0].argmax()]))
    found = gumbel.detect(ids, key=KEY, choices=choices)
    assert found.p < 1e-9
    assert found.statistic / found.n == pytest.approx(2.0833, abs=0.5)
    assert rank_p(gumbel.strengths(ids, keys=[KEY, *wrong_keys(KEY, 999)], choices=choices)) == 1 / 1000
    assert gumbel.detect(ids, key="another key", choices=choices).p > 1e-3
    assert gumbel.detect(ids, key=KEY, choices=Choices(context_width=3)).p > 1e-3


def test_a_text_without_a_full_context_gives_no_number():
    assert gumbel.detect([1, 2, 3, 4], key=KEY) == TooShort("gumbel", 0, 1)
    assert gumbel.strengths([], keys=[KEY]).tolist() == [0]


@pytest.mark.parametrize("wrong", [{"context_width": 0}, {"temperature": 0.0}, {"temperature": float("nan")}])
def test_settings_that_make_no_mark_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Choices(**wrong)
