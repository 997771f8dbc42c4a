import numpy as np
import pytest
import torch
from scipy import stats

from harness.watermark import gumbel, kgw, lengths, prf, unigram
from harness.watermark.detection import rank_p
from harness.watermark.gumbel import Choices
from harness.watermark.keys import wrong_keys
from harness.watermark.kgw import GreenLists
from harness.watermark.kgw_transformers import Permuted
from harness.watermark.marking import GumbelMark, KgwMark, UnigramMark, permuted_config, synthid_config
from harness.watermark.synthid import Tournament
from harness.watermark.unigram import GreenList

KEY = "a long and random key, 0123456789"
SETTINGS = [GreenLists(), GreenLists(context_width=3), GreenLists(context_width=3, seeding="selfhash")]


def gumbel_mark(rows, *, prompt=4, seed=0, key=KEY, **choices):
    seeds = [seed * 1000 + row for row in range(rows)]
    return GumbelMark(key=key, prompt=prompt, seeds=seeds, choices=Choices(**choices))


@pytest.mark.parametrize("lists", SETTINGS)
def test_green_logits_are_raised_by_delta_and_they_are_those_that_are_counted(lists):
    ids, scores = torch.tensor([[9, 8, 7, 6], [1, 2, 3, 4]]), torch.zeros(2, 500)
    raised = KgwMark(key=KEY, lists=lists)(ids, scores)
    assert set(raised.unique().tolist()) == {0.0, lists.delta}
    for row, context in enumerate(ids.tolist()):
        texts = np.array([[*context, token] for token in range(500)])
        numbers = kgw.numbers(kgw.state([KEY], lists), texts, lists)[:, -1]
        assert (raised[row].numpy() > 0).tolist() == prf.below(numbers, lists.gamma).tolist()
        # Exactly the closed form, at the share of tokens that this list happens to have.
        share = float((raised[row] > 0).double().mean())
        mass = float(torch.softmax(raised[row].double(), 0)[raised[row] > 0].sum())
        assert mass == pytest.approx(kgw.green_mass(share, lists.delta), abs=1e-9)


def test_golden_green_mass_over_many_contexts():
    ids, scores = torch.arange(300)[:, None], torch.zeros(300, 1000, dtype=torch.float64)
    raised = KgwMark(key=KEY)(ids, scores)
    mass = torch.where(raised > 0, torch.softmax(raised, 1), 0).sum(dim=1).numpy()
    assert mass.mean() == pytest.approx(0.71123, abs=3 * mass.std() / np.sqrt(300))


def test_before_the_first_full_context_nothing_is_changed():
    scores = torch.randn(2, 50)
    assert KgwMark(key=KEY, lists=GreenLists(context_width=5))(torch.ones(2, 4, dtype=torch.long), scores) is scores


def test_one_green_list_is_raised_and_another_vocabulary_refused():
    of = GreenList(vocabulary=500)
    raised = UnigramMark(key=KEY, of=of)(torch.ones(1, 3, dtype=torch.long), torch.zeros(1, 500))
    assert (raised[0].numpy() > 0).tolist() == unigram.green(KEY, of).tolist()
    assert float(torch.softmax(raised.double(), 1)[0, raised[0] > 0].sum()) == pytest.approx(0.71123, abs=1e-5)
    with pytest.raises(ValueError, match="500 tokens and the model's logits of 499"):
        UnigramMark(key=KEY, of=of)(torch.ones(1, 3, dtype=torch.long), torch.zeros(1, 499))


def test_gumbel_max_leaves_the_distribution_as_it_is_over_keys():
    p = torch.tensor([0.55, 0.3, 0.1, 0.05], dtype=torch.float64)
    ids, counts = torch.tensor([[5, 6, 7, 8]]), np.zeros(4, int)
    for key in wrong_keys(KEY, 800):
        counts[gumbel_mark(1, key=key)(ids, torch.log(p)[None]).argmax()] += 1
    assert stats.chisquare(counts, p.numpy() * 800).pvalue > 0.01


def test_gumbel_max_chooses_the_largest_root_of_the_keys_fractions():
    scores = torch.randn(1, 300, generator=torch.Generator().manual_seed(0))
    chosen = gumbel_mark(1, prompt=6)(torch.tensor([[1, 2, 3, 4, 5, 6]]), scores)
    state = prf.windows(gumbel.state([KEY], Choices()), np.array([[3, 4, 5, 6]]), width=4)
    r = prf.fractions(prf.hashed(state, np.arange(300)))[0]
    root = r ** (1 / torch.softmax(scores[0].double(), 0).numpy())
    assert int(chosen.argmax()) == root.argmax()
    assert torch.isinf(chosen).sum() == 299


def test_gumbel_uses_each_context_once_and_draws_by_its_seed_where_it_comes_back():
    scores = torch.zeros(1, 5000)
    first = torch.tensor([[7, 7, 1, 2, 3, 9, 9, 1, 2]])
    again = torch.tensor([[7, 7, 1, 2, 3, 9, 9, 1, 2, 3, 5, 1, 2]])  # 1 2 led to 3 before, after the prompt

    def chosen(ids, seed, prompt):
        return int(gumbel_mark(1, prompt=prompt, seed=seed, context_width=2)(ids, scores).argmax())

    assert chosen(first, 0, 5) == chosen(first, 1, 5)  # 1 2 stands in the prompt only, where nothing was drawn
    assert chosen(first, 0, 4) != chosen(first, 1, 4)
    assert chosen(again, 0, 5) != chosen(again, 1, 5)
    assert chosen(again, 0, 5) == chosen(again, 0, 5)
    assert chosen(again, 0, 5) != chosen(first, 0, 5)
    assert chosen(torch.tensor([[4]]), 0, 1) != chosen(torch.tensor([[4]]), 1, 1)  # no full context yet


def test_a_row_is_drawn_by_its_own_context_and_seed_whatever_stands_beside_it():
    ids, scores = torch.randint(0, 50, (6, 9), generator=torch.Generator().manual_seed(0)), torch.zeros(6, 400)
    together = gumbel_mark(6)(ids, scores).argmax(dim=1).tolist()
    alone = [
        int(GumbelMark(key=KEY, prompt=4, seeds=[row])(ids[row : row + 1], scores[:1]).argmax()) for row in range(6)
    ]
    assert together == alone
    with pytest.raises(ValueError, match="6 rows need as many seeds, not 2"):
        gumbel_mark(2)(ids, scores)


@pytest.mark.parametrize("lists", SETTINGS)
def test_what_a_model_writes_with_green_lists_is_found_by_its_key_alone(write, lists):
    marked = write(20, seed=3, logits_processor=[KgwMark(key=KEY, lists=lists)])
    found = kgw.detect_all(marked, key=KEY, lists=lists)
    assert np.mean([its.p < 1e-4 for its in found]) > 0.9
    assert all(its.p > 1e-3 for its in kgw.detect_all(marked, key="another key", lists=lists))
    assert rank_p(kgw.strengths(marked[0], keys=[KEY, *wrong_keys(KEY, 199)], lists=lists)) == 1 / 200


def test_what_a_model_writes_with_one_list_is_found_by_its_key_alone(write):
    of = GreenList(vocabulary=600)
    marked = write(20, seed=3, logits_processor=[UnigramMark(key=KEY, of=of)])
    assert np.mean([its.p < 1e-4 for its in unigram.detect_all(marked, key=KEY, of=of)]) > 0.9
    assert all(its.p > 1e-3 for its in unigram.detect_all(marked, key="another key", of=of))


def test_what_a_model_writes_by_gumbel_max_is_found_and_is_the_same_whatever_draws_it(write):
    marked = write(20, seed=3, logits_processor=[gumbel_mark(20)])
    assert (write(20, seed=3, logits_processor=[gumbel_mark(20)]) == marked).all()
    assert all(its.p < 1e-9 for its in gumbel.detect_all(marked, key=KEY))
    assert all(its.p > 1e-3 for its in gumbel.detect_all(marked, key="another key"))
    other = write(20, seed=3, logits_processor=[gumbel_mark(20, seed=1)])
    assert (other[:, 0] == marked[:, 0]).all()  # the context is the prompt's end: the key decides
    assert gumbel.detect_all(other, key=KEY)[0].p < 1e-9


def test_gumbel_scores_are_as_high_as_the_models_own_distributions_let_expect(write, tiny_model):
    choices = Choices(context_width=4, temperature=0.7)
    mark = GumbelMark(key=KEY, prompt=4, seeds=list(range(40)), choices=choices)
    marked = write(40, seed=5, logits_processor=[mark])
    found = gumbel.detect_all(marked, key=KEY, choices=choices)
    with torch.inference_mode():
        p = torch.softmax(tiny_model(torch.tensor(marked)).logits.double() / 0.7, dim=2).numpy()
    # Scored tokens are those from the fifth on; the model sees the prompt too, so this is near, not exact.
    expected = np.mean([[lengths.surprise(p[row, place])[0] for place in range(4, 59, 6)] for row in range(40)])
    assert np.mean([its.statistic / its.n for its in found]) == pytest.approx(expected, rel=0.1)


def test_configurations_for_transformers_hold_every_setting():
    theirs = permuted_config(7, Permuted(vocabulary=600, gamma=0.5, delta=3.0, context_width=2, seeding="selfhash"))
    assert theirs.to_dict() == {
        "greenlist_ratio": 0.5,
        "bias": 3.0,
        "hashing_key": 7,
        "seeding_scheme": "selfhash",
        "context_width": 2,
    }
    synthid = synthid_config([5, 6], Tournament(ngram_len=3, context_history_size=9, sampling_table_size=1000))
    assert synthid.to_dict() == {
        "ngram_len": 3,
        "keys": [5, 6],
        "sampling_table_size": 1000,
        "sampling_table_seed": 0,
        "context_history_size": 9,
        "skip_first_ngram_calls": False,
        "debug_mode": False,
    }
    with pytest.raises(ValueError, match="equal modulo"):
        synthid_config([5, 5], Tournament())
    with pytest.raises(ValueError, match="from 1 to"):
        permuted_config(0, Permuted(vocabulary=600))


def test_no_key_is_shown_by_what_marks():
    for mark in (KgwMark(key=KEY), UnigramMark(key=KEY, of=GreenList(vocabulary=600)), gumbel_mark(1)):
        assert KEY not in repr(mark)


@pytest.mark.gpu
def test_a_gpu_marks_what_a_cpu_finds():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    ids, scores = torch.randint(0, 500, (4, 9)), torch.randn(4, 500)
    for mark in (
        *(KgwMark(key=KEY, lists=lists) for lists in SETTINGS),
        UnigramMark(key=KEY, of=GreenList(vocabulary=500)),
        gumbel_mark(4),
    ):
        assert torch.equal(mark(ids.cuda(), scores.cuda()).cpu(), mark(ids, scores))
