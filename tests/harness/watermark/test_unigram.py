import numpy as np
import pytest
from scipy import stats

from harness.watermark import unigram
from harness.watermark.detection import TooShort, rank_p
from harness.watermark.keys import wrong_keys
from harness.watermark.unigram import GreenList

KEY = "a long and random key, 0123456789"
LIST = GreenList(vocabulary=5000)


def test_a_list_has_exactly_its_size_and_each_key_its_own():
    sizes = [unigram.green(key, LIST).sum() for key in (KEY, "another key")]
    assert sizes == [1250, 1250]
    assert GreenList(vocabulary=7, gamma=0.5).size == 3
    shared = (unigram.green(KEY, LIST) & unigram.green("another key", LIST)).sum()
    assert shared == pytest.approx(1250 / 4, abs=60)


def test_every_token_is_green_as_often_as_any_other():
    of = GreenList(vocabulary=40)
    counts = sum(unigram.green(key, of).astype(int) for key in wrong_keys(KEY, 4000))
    # Counts of one list are tied to each other, which makes the sum of squares smaller by 39 / 40 of 3 / 4.
    assert stats.chi2.sf(((counts - 1000) ** 2 / 1000 / 0.75).sum() * 39 / 40, 39) > 0.001


def test_the_p_value_is_the_hypergeometric_tail_of_different_tokens():
    kinds = (
        np.flatnonzero(unigram.green(KEY, LIST))[:30].tolist() + np.flatnonzero(~unigram.green(KEY, LIST))[:20].tolist()
    )
    found = unigram.detect(kinds * 4, key=KEY, of=LIST)
    assert (found.n, found.repeats, found.statistic, found.expected) == (50, 150, 30, 12.5)
    assert found.p == pytest.approx(stats.hypergeom.sf(29, 5000, 1250, 50), rel=1e-9)
    assert found.z is None


def test_p_values_of_random_keys_are_super_uniform_on_a_text_of_few_tokens(zipf, is_super_uniform):
    text = zipf(2, 300)
    hits = unigram.strengths(text, keys=wrong_keys(KEY, 2000), of=LIST)
    n = len(np.unique(text))
    ps = stats.hypergeom.sf(hits - 1, 5000, 1250, n)
    assert is_super_uniform(ps)
    assert 0.02 < np.mean(ps <= 0.05) <= 0.06
    # The places of a text, with their repeats, would not do.
    places = np.array([unigram.green(key, LIST)[text].sum() for key in wrong_keys(KEY, 2000)])
    assert not is_super_uniform(stats.binom.sf(places - 1, len(text), 0.25))


def test_the_right_key_finds_the_mark_after_every_second_token_was_replaced():
    random = np.random.default_rng(0)
    green = np.flatnonzero(unigram.green(KEY, LIST))
    text = random.choice(green, 120)
    text[::2] = random.integers(0, 5000, 60)
    assert unigram.detect(text, key=KEY, of=LIST).p < 1e-6
    assert rank_p(unigram.strengths(text, keys=[KEY, *wrong_keys(KEY, 199)], of=LIST)) == 1 / 200
    assert unigram.detect_all([text, [1]], key="another key", of=LIST)[0].p > 1e-3


def test_an_empty_text_gives_no_number_and_a_stranger_an_error():
    assert unigram.detect([], key=KEY, of=LIST) == TooShort("unigram", 0, 1)
    with pytest.raises(ValueError, match="between 0 and 4999"):
        unigram.detect([5000], key=KEY, of=LIST)


@pytest.mark.parametrize("wrong", [{"vocabulary": 1}, {"vocabulary": 3}, {"gamma": 1.0}, {"delta": -1.0}])
def test_settings_that_make_no_list_are_refused(wrong):
    with pytest.raises(ValueError, match=r"too few|gamma|delta"):
        GreenList(**({"vocabulary": 5000} | wrong))
