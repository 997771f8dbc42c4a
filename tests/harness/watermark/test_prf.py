import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.watermark import prf, prf_torch

EVERY = np.arange(50_000)

GOLDEN_STATE = 3775070451546769327
GOLDEN_WINDOWS = [4444547521196907283, 1886748989048822734, 4544420351579912668]


def as_torch(numbers):
    return torch.from_numpy(np.asarray(numbers, np.uint64).view(np.int64))


def test_the_numbers_of_a_state_are_splitmix64s_stream():
    # The first numbers from seed 1234567, as implementations of SplitMix64 are checked by.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert prf.hashed(np.array([1234567], np.uint64), np.arange(4)).tolist() == published


def test_golden_numbers_of_a_key_never_change():
    state = prf.states(["a key for golden numbers"], "test")
    assert state.tolist() == [GOLDEN_STATE]
    assert prf.windows(state, np.array([[0, 49151, 7, 2**40]]), width=2).tolist() == [GOLDEN_WINDOWS]


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4),
    st.lists(st.integers(0, 2**40), min_size=3, max_size=8),
)
def test_torch_gives_the_same_numbers_bit_for_bit(seeds, ids):
    states, tokens = np.array(seeds, np.uint64), np.array(ids)
    ours = prf.windows(states, tokens[None], width=3)[:, 0]
    theirs = prf_torch.windows(seeds, torch.tensor(ids[:3]).expand(len(seeds), 3))
    assert (theirs.numpy().view(np.uint64) == ours).all()
    assert (prf_torch.below(theirs, 0.25).numpy() == prf.below(ours, 0.25)).all()
    assert (prf_torch.fractions(theirs).numpy() == prf.fractions(ours)).all()
    pairs = np.stack([ours, prf.mixed(ours.copy())])
    assert (prf_torch.least(as_torch(pairs), 0).numpy().view(np.uint64) == prf.least(pairs, 0)).all()


@pytest.mark.gpu
def test_a_gpu_gives_the_same_numbers_bit_for_bit():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    states = prf.states(["a key of some length"], "test")
    ours = prf.hashed(states[:, None], EVERY)[0]
    theirs = prf_torch.hashed(as_torch(states).cuda(), torch.arange(len(EVERY), device="cuda"))
    assert (theirs.cpu().numpy().view(np.uint64) == ours).all()
    assert (prf_torch.fractions(theirs).cpu().numpy() == prf.fractions(ours)).all()


@pytest.mark.parametrize("which", ["tokens", "keys", "contexts"])
def test_numbers_are_uniform_over_tokens_over_keys_and_over_contexts(which):
    if which == "tokens":
        numbers = prf.hashed(prf.states(["one key"], "test"), EVERY)
    elif which == "keys":
        numbers = prf.windows(prf.states([str(key) for key in range(20_000)], "test"), np.array([[3, 5]]), width=2)
    else:  # neighbouring contexts before the same token: the least that differs
        pairs = np.stack([EVERY, np.full_like(EVERY, 7)], axis=1)
        numbers = prf.windows(prf.states(["one key"], "test"), pairs, width=2)
    numbers = numbers.ravel()
    assert stats.kstest(prf.fractions(numbers), "uniform").pvalue > 0.01
    counts = np.bincount((numbers >> np.uint64(56)).astype(int), minlength=256)
    assert stats.chisquare(counts).pvalue > 0.001
    last = np.bincount((numbers & np.uint64(255)).astype(int), minlength=256)
    assert stats.chisquare(last).pvalue > 0.001


def test_every_bit_of_key_context_and_token_changes_half_of_the_bits():
    states = prf.states([str(key) for key in range(2000)], "test")
    before = prf.windows(states, np.array([[11, 12]]), width=2)
    for changed in ([[11, 13]], [[10, 12]]):
        after = prf.windows(states, np.array(changed), width=2)
        assert np.unpackbits((before ^ after).view(np.uint8)).mean() == pytest.approx(0.5, abs=0.01)
    after = prf.windows(states ^ np.uint64(1), np.array([[11, 12]]), width=2)
    assert np.unpackbits((before ^ after).view(np.uint8)).mean() == pytest.approx(0.5, abs=0.01)


def test_no_two_tokens_share_a_number_under_one_state():
    assert len(np.unique(prf.hashed(prf.states(["one key"], "test"), EVERY))) == len(EVERY)


def test_a_fraction_is_never_0_or_1_so_that_no_logarithm_is_infinite():
    ends = prf.fractions(np.array([0, 2**64 - 1], np.uint64))
    assert 0 < ends[0] < 1e-15
    assert 1 - 1e-15 < ends[1] < 1
    assert np.isfinite(np.log1p(-ends)).all()


def test_purposes_and_keys_have_states_of_their_own():
    states = {int(prf.states([key], purpose)[0]) for key in ("a", "b") for purpose in ("kgw/1", "kgw/2", "unigram")}
    assert len(states) == 6


@given(st.lists(st.integers(0, 5), min_size=0, max_size=30))
def test_repeats_and_their_distances_are_found(values):
    numbers = np.array([values], np.uint64)
    naive = [
        next((place - before for before in range(place - 1, -1, -1) if values[before] == value), 0)
        for place, value in enumerate(values)
    ]
    assert prf.since(numbers)[0].tolist() == naive
    rows, again = prf.repeated(numbers)
    assert rows[~again].tolist() == sorted(set(values))
