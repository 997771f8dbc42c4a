from hypothesis import given
from hypothesis import strategies as st

from harness.backends.causal.windows import cut


def lm_eval_windows(ids, prefix, most, overlap):
    """``make_disjoint_window`` over ``get_rolling_token_windows`` of lm-eval 0.4.13, as the two are written there."""
    windows, predicted = [([prefix, *ids[: min(most, len(ids)) - 1]], ids[:most])], min(most, len(ids))
    while predicted < len(ids):
        length = min(len(ids) - predicted, most - overlap + 1)
        end = predicted + length
        windows.append((ids[end - most - 1 : end - 1], ids[end - length : end]))
        predicted += length
    return [(given[: len(given) - (len(wanted) - 1)], wanted) for given, wanted in windows]


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_windows_are_those_of_lm_eval(length, most, data):
    overlap = data.draw(st.integers(1, most))
    ids = list(range(1, length + 1))
    branches = cut(ids, 0, most=most, overlap=overlap)
    split = [(list(one.tokens[: one.start]), list(one.tokens[one.start :])) for one in branches]
    assert split == lm_eval_windows(ids, 0, most, overlap)
    assert [token for _, scored in split for token in scored] == ids
    assert all(len(one.tokens) - 1 <= most for one in branches)


def test_an_overlap_is_what_the_first_token_of_a_full_window_is_given():
    branches = cut(range(1, 12), 0, most=4, overlap=3)
    assert [(one.tokens, one.start) for one in branches] == [
        ((0, 1, 2, 3, 4), 1),
        ((2, 3, 4, 5, 6), 3),
        ((4, 5, 6, 7, 8), 3),
        ((6, 7, 8, 9, 10), 3),
        ((7, 8, 9, 10, 11), 4),
    ]


def test_without_a_limit_a_text_is_one_window():
    (only,) = cut([5, 6, 7], 0, most=None, overlap=1)
    assert (only.tokens, only.start) == ((0, 5, 6, 7), 1)
