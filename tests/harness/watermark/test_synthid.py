import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.watermark import synthid
from harness.watermark.detection import TooShort, rank_p
from harness.watermark.keys import numbers_of, wrong_keys
from harness.watermark.marking import synthid_config, synthid_processor
from harness.watermark.synthid import Tournament, detect, g_values, layer_mean, layer_weights, mask

KEYS = numbers_of("a long and random key, 0123456789", count=30, below=2**16)
OTHERS = [numbers_of(key, count=30, below=2**16) for key in wrong_keys("a long and random key", 999)]


def their_scores(processor, texts, end_token, weights=None):
    """Mean g-values as the authors' own detector sums them, under transformers' masks."""
    import torch

    ids = torch.tensor(texts)
    ends = processor.compute_eos_token_mask(ids, end_token)[:, processor.ngram_len - 1 :]
    counted = (processor.compute_context_repetition_mask(ids) * ends).numpy().astype(float)
    coins = processor.compute_g_values(ids).numpy().astype(float)
    if weights is not None:
        coins = coins * (weights * len(weights) / weights.sum())
    return (coins * counted[:, :, None]).sum(axis=(1, 2)) / (coins.shape[2] * counted.sum(axis=1))


@given(
    st.lists(st.integers(0, 3) | st.integers(0, 70_000), min_size=6, max_size=40),
    st.sampled_from(
        [
            Tournament(),
            Tournament(ngram_len=2, context_history_size=3),
            Tournament(sampling_table_size=1000, sampling_table_seed=7),
        ]
    ),
    st.sampled_from([None, 0, 2]),
)
def test_coins_and_masks_are_those_of_transformers_bit_for_bit(ids, of, end_token):
    import torch

    keys = [*KEYS[:5], 2**62 + 11]
    processor = synthid_processor(keys, of, vocabulary=100, device="cpu")
    theirs = torch.tensor([ids])
    assert (g_values(ids, keys=keys, of=of) == processor.compute_g_values(theirs)[0].numpy()).all()
    counted = processor.compute_context_repetition_mask(theirs)[0]
    if end_token is not None:
        counted = counted * processor.compute_eos_token_mask(theirs, end_token)[0, of.ngram_len - 1 :]
    assert (mask(ids, of=of, end_token=end_token) == counted.numpy().astype(bool)).all()


@pytest.fixture(scope="module")
def texts(write):
    """Texts of 60 tokens with a mark, and without."""
    return write(20, seed=1, watermarking_config=synthid_config(KEYS, Tournament())), write(180, seed=2)


@pytest.mark.parametrize("weighted", [False, True])
def test_mean_scores_equal_the_mean_g_values_of_transformers(texts, weighted):
    both = np.concatenate(texts)
    both[:, 40:50] = both[:, 20:30]  # contexts that come back
    both[both == 599] = 598
    both[::3, 55] = 599  # texts that end early
    processor = synthid_processor(KEYS, Tournament(), vocabulary=600, device="cpu")
    theirs = their_scores(processor, both, 599, np.linspace(10, 1, 30) if weighted else None)
    ours = synthid.mean_scores(both, keys=KEYS, end_token=599, weighted=weighted)
    assert ours == pytest.approx(theirs.tolist(), abs=1e-12)
    # What is detected has the same score, unless two windows happen to share all coins.
    equal = 0
    for ids, score in list(zip(both, ours, strict=True))[10:34]:
        found = detect(ids, keys=KEYS, end_token=599, weighted=weighted)
        if found.n == mask(ids, of=Tournament(), end_token=599).sum():
            assert found.statistic == pytest.approx(score, abs=1e-12)
            equal += 1
    assert equal > 10


@pytest.mark.parametrize("weighted", [False, True])
def test_marks_of_transformers_are_found_and_other_texts_and_keys_are_not(texts, weighted):
    count = 12 if weighted else 180
    marked, plain = (synthid.detect_all(its[:count], keys=KEYS, weighted=weighted) for its in texts)
    assert np.mean([found.p < 1e-4 for found in marked]) > 0.9
    assert np.mean([found.p < 0.01 for found in plain]) < 0.07
    assert np.mean([found.p < 0.01 for found in synthid.detect_all(texts[0], keys=OTHERS[0])]) < 0.1
    ranks = [rank_p(synthid.strengths(ids, keys=[KEYS, *OTHERS[:99]], weighted=weighted)) for ids in texts[0][:3]]
    assert ranks == [0.01] * 3


def test_p_values_of_random_keys_are_super_uniform_by_count_and_by_weight(zipf, is_super_uniform):
    text = zipf(3, 150)
    found = [detect(text, keys=keys).p for keys in OTHERS[:600]]
    assert is_super_uniform(found)
    assert 0.02 < np.mean(np.array(found) <= 0.05) < 0.09
    assert is_super_uniform([detect(text[:30], keys=keys, weighted=True).p for keys in OTHERS[:50]])


def test_the_chance_of_a_one_is_the_tables_own():
    assert [synthid.chance(Tournament(sampling_table_seed=seed)) for seed in (0, 1)] == pytest.approx(
        [0.49962, 0.50026], abs=5e-6
    )
    drawn = np.mean([g_values(list(range(300)), keys=keys, of=Tournament()).mean() for keys in OTHERS])
    assert drawn == pytest.approx(0.49962, abs=5e-4)


def test_only_the_last_16_bits_of_keys_and_tokens_matter():
    ids = np.random.default_rng(0).integers(0, 2**16, 50)
    shifted = [key + 2**16 * 12345 for key in KEYS]
    same = g_values(ids, keys=KEYS, of=Tournament())
    assert (g_values(ids, keys=shifted, of=Tournament()) == same).all()
    assert (g_values(ids + 2**16, keys=KEYS, of=Tournament()) == same).all()


def test_windows_that_share_all_coins_are_one_unit():
    ids = np.random.default_rng(1).integers(0, 2**16, 40)
    twice = np.concatenate([ids, ids + 2**16])  # other tokens and other contexts, but the same coins
    once, both = (detect(text, keys=KEYS) for text in (ids, twice))
    assert mask(twice, of=Tournament()).all()
    assert both.n == once.n + 4  # those windows that lie across the seam
    assert both.repeats == once.repeats + 36


def test_a_passage_pasted_again_is_no_better_evidence():
    ids = np.random.default_rng(1).integers(0, 2**16, 40)
    small = Tournament(context_history_size=5)  # forgets before the passage comes back
    assert mask(np.tile(ids, 5), of=small).all()
    assert detect(np.tile(ids, 5), keys=KEYS, of=small).n <= 36 + 4


def test_the_first_layers_mean_is_the_closed_form():
    import torch

    p = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    expected = layer_mean(p)
    assert expected == pytest.approx(0.5 + 0.25 * (1 - 0.315))
    means = []
    for keys in OTHERS[:250]:
        # A processor begins with a context of zeros, whatever it is given.
        processor = synthid_processor(keys[:1], Tournament(), vocabulary=6, device="cpu")
        marked = torch.softmax(processor(torch.zeros(1, 4, dtype=torch.long), torch.log(torch.tensor(p))[None]), dim=1)[
            0
        ]
        coins = [int(g_values([0, 0, 0, 0, token], keys=keys[:1], of=Tournament())[0, 0]) for token in range(6)]
        means.append(float(marked.numpy() @ coins))
    assert np.mean(means) == pytest.approx(expected, abs=3 * np.std(means) / np.sqrt(len(means)))


def test_weights_go_from_ten_down_to_one():
    assert (layer_weights(30) / layer_weights(30)[-1]).tolist() == pytest.approx(np.linspace(10, 1, 30).tolist())
    assert layer_weights(1).tolist() == [1]


@pytest.mark.parametrize("ids", [[], [1, 2, 3, 4], [9, 1, 2, 3, 4, 5, 6]])
def test_a_text_with_nothing_to_count_gives_no_number(ids):
    for weighted in (False, True):
        assert detect(ids, keys=KEYS, end_token=9, weighted=weighted) == TooShort("synthid", 0, 1)
    assert synthid.mean_scores([ids], keys=KEYS, end_token=9) == [None]


def test_keys_that_make_no_tournament_are_refused_without_showing_one():
    for keys, problem in (
        ([], "there is no key"),
        ([77_777, -1], "key 2 of 2 is no whole number from 0"),
        ([77_777, 2**63], "key 2 of 2"),
        ([5, 77_777, 77_777 + 2**16], "keys 2 and 3 of 3 are equal modulo 65536"),
    ):
        with pytest.raises(ValueError, match=problem) as error:
            detect([1, 2, 3, 4, 5, 6], keys=keys)
        assert "77777" not in str(error.value)
    assert detect(list(range(9)), keys=[5, 5 + 1000], of=Tournament(sampling_table_size=1000)).n == 5


@pytest.mark.parametrize(
    "wrong", [{"ngram_len": 1}, {"context_history_size": 0}, {"sampling_table_size": 1}, {"sampling_table_size": 2**25}]
)
def test_settings_that_make_no_mark_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Tournament(**wrong)
