import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.watermark import kgw
from harness.watermark.detection import Detection, TooShort, rank_p
from harness.watermark.keys import wrong_keys
from harness.watermark.kgw import LEFT, SELF, GreenLists

KEY = "a long and random key, 0123456789"
MASK = 2**64 - 1
SETTINGS = [GreenLists(), GreenLists(context_width=3), GreenLists(gamma=0.5, context_width=2, seeding=SELF)]


def mixed(place):
    place ^= place >> 30
    place = place * 0xBF58476D1CE4E5B9 & MASK
    place ^= place >> 27
    place = place * 0x94D049BB133111EB & MASK
    return place ^ place >> 31


def hashed(state, token):
    return mixed((state + (token + 1) * 0x9E3779B97F4A7C15) & MASK)


def plainly(ids, key, lists):
    """Units of a text and whether they are green, one by one in Python's integers."""
    state, found = int(kgw.state([key], lists)[0]), {}
    for place in range(lists.context_width, len(ids)):
        context, token = ids[place - lists.context_width : place], ids[place]
        if lists.seeding == LEFT:
            number = state
            for each in [*context, token]:
                number = hashed(number, each)
        else:
            pairs = [hashed(hashed(state, each), token) for each in context]
            number = mixed(min(pairs, key=lambda pair: pair - 2**64 if pair >= 2**63 else pair))
        found[number] = number < lists.gamma * 2**64
    return found


def marked(tokens, lists, *, seed=0, vocabulary=1000, key=KEY):
    """A text whose every token is green where one of twenty candidates is."""
    random, ids = np.random.default_rng(seed), [1, 2, 3]
    while len(ids) < tokens:
        candidates = random.integers(0, vocabulary, 20)
        texts = np.array([[*ids[-lists.context_width :], candidate] for candidate in candidates])
        numbers = kgw.numbers(kgw.state([key], lists), texts, lists)[:, -1]
        ids.append(int(candidates[numbers.argmin()]))
    return np.array(ids)


@given(
    st.lists(st.integers(0, 6) | st.integers(0, 2**40), max_size=40),
    st.sampled_from(SETTINGS),
)
def test_units_and_green_ones_are_those_counted_one_by_one(ids, lists):
    expected = plainly(ids, KEY, lists)
    found = kgw.detect(ids, key=KEY, lists=lists)
    if not expected:
        assert found == TooShort("kgw", 0, 1)
        return
    assert (found.n, found.statistic) == (len(expected), sum(expected.values()))
    assert found.repeats == len(ids) - lists.context_width - len(expected)
    assert found.p == pytest.approx(stats.binom.sf(found.statistic - 1, found.n, lists.gamma), rel=1e-9)


@given(st.lists(st.lists(st.integers(0, 9), max_size=20), max_size=8), st.sampled_from(SETTINGS))
def test_many_texts_at_once_are_each_as_if_alone(texts, lists):
    assert kgw.detect_all(texts, key=KEY, lists=lists) == [kgw.detect(ids, key=KEY, lists=lists) for ids in texts]


@pytest.mark.parametrize("lists", SETTINGS)
def test_p_values_of_random_keys_are_super_uniform_on_a_text_that_repeats_itself(lists, zipf, is_super_uniform):
    text = np.concatenate([zipf(1, 150)] * 3)
    ps = -kgw.strengths(text, keys=wrong_keys(KEY, 2000), lists=lists)
    assert is_super_uniform(ps)
    # It is no idle test: not far from uniform either, and counting every place would fail it.
    assert 0.02 < np.mean(ps <= 0.05) <= 0.06


def test_counting_repeats_would_raise_false_alarms(zipf):
    lists, text = GreenLists(), np.concatenate([zipf(1, 150)] * 9)
    states = kgw.state(wrong_keys(KEY, 2000), lists)
    green = (kgw.numbers(states, text[None], lists) < lists.gamma * 2**64).sum(axis=1)
    naive = stats.binom.sf(green - 1, len(text) - 1, lists.gamma)
    assert np.mean(naive < 0.00135) > 0.1
    assert np.mean(-kgw.strengths(text, keys=wrong_keys(KEY, 2000), lists=lists) < 0.00135) < 0.005


@pytest.mark.parametrize("lists", SETTINGS)
def test_the_right_key_finds_the_mark_and_other_keys_and_settings_do_not(lists):
    text = marked(80, lists)
    found = kgw.detect(text, key=KEY, lists=lists)
    assert found.p < 1e-12
    assert found.z > 6
    assert found.expected == pytest.approx(found.n * lists.gamma)
    assert rank_p(kgw.strengths(text, keys=[KEY, *wrong_keys(KEY, 999)], lists=lists)) == 1 / 1000
    others = [GreenLists(gamma=lists.gamma, context_width=lists.context_width + 1, seeding=lists.seeding)]
    others.append(GreenLists(gamma=lists.gamma, context_width=lists.context_width, seeding=LEFT))
    assert all(kgw.detect(text, key=KEY, lists=other).p > 1e-4 for other in others if other != lists)


def test_a_text_pasted_again_and_again_is_no_better_evidence():
    text = marked(60, GreenLists())
    once, often = (kgw.detect(np.tile(text, times), key=KEY) for times in (1, 9))
    assert often.n <= once.n + 1  # the seam between two copies is one unit more
    assert often.repeats >= 8 * 59
    assert often.p == pytest.approx(once.p, rel=1.0)


@pytest.mark.parametrize("width", [1, 3])
def test_substitution_loses_units_as_the_closed_form_says(width):
    lists, random = GreenLists(context_width=width), np.random.default_rng(3)
    text = random.integers(0, 1000, 20_000)
    edited = np.where(random.random(len(text)) < 0.2, random.integers(1000, 2000, len(text)), text)
    before, after = (kgw.numbers(kgw.state([KEY], lists), ids[None], lists)[0] for ids in (text, edited))
    assert np.mean(before == after) == pytest.approx(0.8 ** (width + 1), abs=0.02)


def test_selfhash_loses_fewer_units_to_substitution_than_lefthash():
    random = np.random.default_rng(3)
    text = random.integers(0, 1000, 20_000)
    edited = np.where(random.random(len(text)) < 0.2, random.integers(1000, 2000, len(text)), text)
    kept = {}
    for seeding in (LEFT, SELF):
        lists = GreenLists(context_width=4, seeding=seeding)
        before, after = (kgw.numbers(kgw.state([KEY], lists), ids[None], lists)[0] for ids in (text, edited))
        kept[seeding] = np.mean(before == after)
    # The token and its partner must stay, and no new token may come before the partner: of m substituted among the
    # four, the partner is the least of four old ones and m new ones.
    chances = stats.binom.pmf(np.arange(5), 4, 0.2)
    partner = sum(chance * (4 - m) / (4 + m) for m, chance in enumerate(chances))
    assert kept[SELF] == pytest.approx(0.8 * partner, abs=0.02)
    assert kept[SELF] > 1.3 * kept[LEFT]


def test_golden_green_masses():
    masses = [kgw.green_mass(gamma, delta) for gamma, delta in ((0.25, 2), (0.5, 2), (0.25, 1), (0.25, 4))]
    assert masses == pytest.approx([0.71123, 0.88080, 0.47537, 0.94791], abs=1e-5)


def test_spike_entropy_bounds_the_green_share_from_below_on_every_distribution():
    random, gamma, delta = np.random.default_rng(0), 0.25, 2.0
    for concentration in (0.02, 0.2, 5.0):
        p = random.dirichlet(np.full(40, concentration))
        green = np.argsort(random.random((4000, 40)), axis=1) < 10  # ten of forty, each list equally likely
        raised = np.where(green, p * np.exp(delta), p)
        share = ((raised * green).sum(axis=1) / raised.sum(axis=1)).mean()
        bound = kgw.green_mass(gamma, delta) * kgw.spike_entropy(p, gamma=gamma, delta=delta)
        assert share > bound - 0.01
    assert kgw.spike_entropy(np.full(49152, 1 / 49152), gamma=gamma, delta=delta) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("ids", [[], [5]])
def test_a_text_without_a_full_context_gives_no_number(ids):
    assert kgw.detect(ids, key=KEY) == TooShort("kgw", 0, 1)
    assert kgw.strengths(ids, keys=[KEY, "other"]).tolist() == [-1, -1]


def test_one_unit_is_a_detection_that_says_little():
    found = kgw.detect([5, 6], key=KEY)
    assert isinstance(found, Detection)
    assert found.p in {1.0, 0.25}


@pytest.mark.parametrize(
    "wrong", [{"gamma": 0.0}, {"gamma": 1.0}, {"delta": 0.0}, {"context_width": 0}, {"seeding": "righthash"}]
)
def test_settings_that_make_no_mark_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        GreenLists(**wrong)
