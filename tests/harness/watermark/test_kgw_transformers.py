import numpy as np
import pytest

from harness.watermark import kgw_transformers
from harness.watermark.detection import TooShort
from harness.watermark.kgw_transformers import MOST, Permuted, detect, detect_all
from harness.watermark.marking import permuted_config

KEY = 15485863
VOCABULARY = 600
SCHEMES = [("lefthash", 1), ("lefthash", 2), ("selfhash", 1), ("selfhash", 3)]


def peer(tiny_model, of, key=KEY, **settings):
    from transformers import WatermarkDetector

    return WatermarkDetector(tiny_model.config, "cpu", permuted_config(key, of), **settings)


def of_scheme(seeding, width):
    return Permuted(vocabulary=VOCABULARY, seeding=seeding, context_width=width, delta=4.0)


@pytest.fixture(scope="module")
def texts(write):
    """A hundred texts without a mark, a hundred with that of ``lefthash``, and a few of ``selfhash``, which is slow."""
    found = {"none": write(100, seed=1)}
    for seeding, width in SCHEMES:
        config = permuted_config(KEY, of_scheme(seeding, width))
        found[seeding, width] = write(100 if (seeding, width) == SCHEMES[0] else 4, seed=2, watermarking_config=config)
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ignoring", [False, True])
def test_z_equals_that_of_transformers_on_marked_and_unmarked_texts(tiny_model, texts, scheme, ignoring):
    import torch

    of = of_scheme(*scheme)
    # Of those that are alike in what they run through, fewer: transformers takes its time.
    both = np.concatenate([texts[scheme], texts["none"]])[: 200 if scheme == SCHEMES[0] else 30]
    both[:, 30:40] = both[:, 10:20]  # so that there is something to ignore
    theirs = peer(tiny_model, of, ignore_repeated_ngrams=ignoring)(torch.tensor(both), return_dict=True)
    ours = detect_all(both, key=KEY, of=of, ignore_repeated_ngrams=ignoring)
    assert [found.z for found in ours] == pytest.approx(theirs.z_score.tolist(), abs=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_marks_of_transformers_are_found_and_other_texts_and_keys_are_not(texts, scheme):
    of = of_scheme(*scheme)
    marked = [found.p for found in detect_all(texts[scheme], key=KEY, of=of)]
    assert np.mean(np.array(marked) < 1e-4) > 0.9
    for key, its in ((KEY, texts["none"]), (KEY + 1, texts[scheme])):
        assert np.mean([found.p < 0.01 for found in detect_all(its, key=key, of=of)]) < 0.08


def test_units_are_what_the_hash_reads_whatever_the_window(tiny_model):
    import torch

    text = [5, 6, 7, 6, 7, 8, 7, 6, 7, 6, 7]
    wide, narrow = (detect(text, key=KEY, of=of_scheme("lefthash", width)) for width in (2, 1))
    # The last token alone seeds: the pairs 6-7 and 7-6 come back, though windows of three do not as often.
    assert (narrow.n, narrow.repeats) == (5, 5)
    assert (wide.n, wide.repeats) == (4, 5)
    theirs = peer(tiny_model, of_scheme("lefthash", 2), ignore_repeated_ngrams=True)(
        torch.tensor([text]), return_dict=True
    )
    assert theirs.num_tokens_scored[0] > wide.n


@pytest.mark.parametrize("key", [1, 2**32 - 1, 2**40 + 7, 2**62 + 12345, MOST])
@pytest.mark.parametrize("scheme", [("lefthash", 1), ("selfhash", 3)])
def test_lists_of_any_key_are_those_of_transformers(key, scheme):
    import torch
    from transformers.generation.logits_process import WatermarkLogitsProcessor

    of, ids = of_scheme(*scheme), np.random.default_rng(0).integers(0, VOCABULARY, 40)
    processor = WatermarkLogitsProcessor(
        VOCABULARY, "cpu", hashing_key=key, seeding_scheme=of.seeding, context_width=of.context_width
    )
    green = {}
    for place in range(of.before, len(ids)):
        prefix = ids[place - 2 : place + 1] if of.seeding == "selfhash" else ids[place - 1 : place]
        green[place] = ids[place] in processor._get_greenlist_ids(torch.tensor(prefix)).tolist()
    # Texts that end one token later each: so every single token is compared, not their sum.
    texts = [ids[place - of.before : place + 1] for place in green]
    assert [bool(found.statistic) for found in detect_all(texts, key=key, of=of)] == list(green.values())


@pytest.mark.parametrize("scheme", [("lefthash", 1), ("selfhash", 3)])
def test_p_values_of_random_keys_are_super_uniform(scheme, zipf, is_super_uniform):
    text = zipf(4, 60, vocabulary=VOCABULARY - 1) + 1  # after token 0 all keys have one list
    keys = [int(key) for key in np.random.default_rng(0).integers(1, 2**31, 150)]
    ps = -kgw_transformers.strengths(text, keys=keys, of=of_scheme(*scheme))
    assert is_super_uniform(ps)
    assert np.mean(ps <= 0.2) > 0.05


def test_after_token_0_all_keys_have_one_list():
    text = [0, 17, 0, 18, 0, 19]
    assert len({detect(text, key=key, of=of_scheme("lefthash", 1)).statistic for key in (1, 2, 3, KEY)}) > 1
    every = [[0, token] for token in range(VOCABULARY)]
    lists = [[its.statistic for its in detect_all(every, key=key, of=of_scheme("lefthash", 1))] for key in (1, KEY)]
    assert lists[0] == lists[1]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_too_short_a_text_gives_no_number(scheme):
    of = of_scheme(*scheme)
    assert detect([], key=KEY, of=of) == TooShort("kgw_transformers", 0, 1)
    assert detect([3] * of.before, key=KEY, of=of, ignore_repeated_ngrams=True) == TooShort("kgw_transformers", 0, 1)
    assert kgw_transformers.strengths([], keys=[KEY], of=of).tolist() == [-1]
    assert detect_all([], key=KEY, of=of) == []


@pytest.mark.parametrize("key", [0, -77_777, MOST + 77_777, 77_777.5, True, "77777"])
def test_a_key_out_of_range_is_refused_without_showing_it(key):
    with pytest.raises(ValueError, match="key 1 of 1 is no whole number from 1 to") as error:
        detect([1, 2], key=key, of=of_scheme("lefthash", 1))
    assert "777" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [{"vocabulary": 3}, {"gamma": 0.0}, {"gamma": 1.0}, {"context_width": 0}, {"seeding": "x"}, {"vocabulary": 2**40}],
)
def test_settings_that_make_no_list_are_refused(wrong):
    with pytest.raises(ValueError, match=r"no list|context_width|seeding"):
        Permuted(**({"vocabulary": VOCABULARY} | wrong))
