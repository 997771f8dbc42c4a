"""The divergence behind swapped names: what it is, and what training with it does to a model that was biased."""

from __future__ import annotations

import json
from math import log
from random import Random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.spatial.distance import jensenshannon  # noqa: E402

from harness.errors import DataError  # noqa: E402
from harness.models.tokenizers import encode  # noqa: E402
from harness.training.checkpoint import open_checkpoint  # noqa: E402
from harness.training.job import run  # noqa: E402
from harness.training.objectives.fairness import SwappedPairs, divergence  # noqa: E402
from harness.training.objectives.tables import Fairness  # noqa: E402
from harness.training.objectives.texts import swapped_pairs  # noqa: E402
from harness.training.recipe import Recipe  # noqa: E402
from harness.training.watch import Silent  # noqa: E402

HIS = ("drives the red car", "builds the old wall", "counts the gold coins")
HERS = ("cooks the hot soup", "sews the blue coat", "sings the slow song")
SHOWN, HELD = ("the {}", "one {}"), ("today the {}", "this {}")
"""Beginnings that an objective is shown, and that it is tested on."""


@pytest.fixture(scope="module")
def model(tiny_folder):
    """A model of single bytes with a context of 64, as it is."""
    return open_checkpoint(tiny_folder("language")).generator()


@pytest.fixture
def pairs(tmp_path):
    """Return a function that writes pairs of sentences to a file and names it."""

    def write(rows, name="pairs.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps({"first": first, "second": second}) for first, second in rows))
        return str(path)

    return write


def test_the_divergence_is_that_of_jensen_and_shannon():
    scores = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    first, second = scores.softmax(-1).numpy()
    expected = [jensenshannon(one, other) ** 2 for one, other in zip(first, second, strict=True)]
    assert divergence(*scores).numpy() == pytest.approx(np.array(expected), abs=1e-12)
    apart = divergence(torch.tensor([50.0, 0.0]), torch.tensor([0.0, 50.0]))
    assert float(apart) == pytest.approx(log(2), abs=1e-6)
    assert float(divergence(scores[0], scores[0]).abs().max()) < 1e-12


def test_distributions_are_compared_at_the_words_that_both_sentences_share(model, pairs):
    rows = [("the red cat ran", "the slow dog ran"), ("a cat sat", "the cat sat")]
    found = SwappedPairs(model, Fairness(pairs=pairs(rows)))
    with torch.no_grad():
        got = found.measure([0, 1])
        for row, (first, second) in enumerate(rows):
            ends = (" ran", " cat sat")[row]
            logits = []
            for text in (first, second):
                [passage] = encode(model.tokenizer, [text])
                scores = model.network(input_ids=torch.tensor([passage.tokens[:-1]])).logits[0]
                logits.append(scores[-(len(ends) + 1) :])  # what predicts the shared bytes, and the end
            assert float(got[row]) == pytest.approx(float(divergence(*logits).mean()), abs=1e-6)


def test_equal_sentences_have_no_divergence_and_pull_no_weight(model, pairs):
    rows = [("the red cat ran", "the slow dog ran")]
    placebo = SwappedPairs(model, Fairness(pairs=pairs(rows), identical=True))
    model.network.zero_grad()
    loss = placebo.loss(4)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert max(float(weight.grad.abs().max()) for weight in model.network.parameters()) < 1e-5
    real = SwappedPairs(model, Fairness(pairs=pairs(rows), weight=3.0))
    assert float(real.loss(2).detach()) == pytest.approx(3 * float(real.measure([0])[0].detach()), rel=1e-5)


def test_pairs_that_do_not_fit_are_counted_and_none_at_all_is_an_error(model, pairs):
    long = ("the cat " * 20, "the dog " * 20)
    assert SwappedPairs(model, Fairness(pairs=pairs([("a cat", "the cat"), long]))).left_out == 1
    with pytest.raises(DataError, match="Not one of 1 pairs"):
        SwappedPairs(model, Fairness(pairs=pairs([long])))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"first": "a cat"}, "row 1: there is no text under 'second'"),
        ({"first": "a cat", "second": 7}, "there is no text under 'second'"),
        ({"first": "a cat", "second": " "}, "there is no text under 'second'"),
        ({"first": "a cat", "second": "a cat"}, "both sentences are"),
    ],
)
def test_a_file_without_two_sentences_in_each_row_is_refused(tmp_path, row, said):
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(DataError, match=said):
        swapped_pairs(str(path))


def test_half_of_a_surrogate_pair_is_an_error_that_names_the_row(model, tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps({"id": "odd", "first": "a \ud800 cat", "second": "the cat"}))
    with pytest.raises(DataError, match="surrogate"):
        SwappedPairs(model, Fairness(pairs=str(path)))


def test_an_objective_is_one_of_language_models_without_privacy():
    plain = {"data": "x", "steps": 1, "batch": 1, "learning_rate": 1.0, "objective": {"name": "fairness"}}
    with pytest.raises(ValueError, match="is one of language models, not of vae"):
        Recipe(kind="vae", **plain)
    with pytest.raises(ValueError, match="single records' losses alone"):
        Recipe(kind="language", privacy={"epsilon": 1}, **plain)
    assert "objective" not in Recipe(kind="language", **{**plain, "objective": None}).model_dump()


def swapped(frames):
    return [
        (f"{frame.format('man')} {what}.", f"{frame.format('woman')} {what}.")
        for frame in frames
        for what in HIS + HERS
    ]


@pytest.mark.slow
def test_a_biased_model_expects_the_same_in_frames_it_was_not_shown_and_the_placebo_does_not(pairs, tmp_path):
    draw = Random(0)
    said = [(draw.choice(SHOWN + HELD), *draw.choice([("man", HIS), ("woman", HERS)])) for _ in range(300)]
    book = tmp_path / "book.txt"
    book.write_text(
        "\n\n".join(f"{n} {frame.format(who)} {draw.choice(does)}." for n, (frame, who, does) in enumerate(said))
    )
    shown, held = pairs(swapped(SHOWN), "shown.jsonl"), pairs(swapped(HELD), "held.jsonl")

    def train(name, objective):
        sizes = {"layers": 1, "width": 32, "heads": 2, "context": 64}
        recipe = Recipe(
            kind="language", data=str(book), model=sizes, steps=70, batch=16, learning_rate=1e-2, objective=objective
        )
        trained = run(recipe, tmp_path / name, watch=Silent(), device="cpu", stop=lambda: False)
        measured = SwappedPairs(trained.generator(), Fairness(pairs=held))
        with torch.no_grad():
            return float(measured.measure(range(len(measured))).mean()), trained.manifest

    before, plain = train("plain", None)
    beside, _ = train("placebo", {"name": "fairness", "pairs": shown, "identical": True})
    after, manifest = train("fair", {"name": "fairness", "pairs": shown})
    assert before > 0.08
    assert beside == pytest.approx(before, rel=0.1)
    assert after < before / 2
    assert plain.sources is None
    assert manifest.sources == {"pairs": str(swapped_pairs(shown).digest)}
    assert manifest.curve[-1].validation < plain.curve[-1].validation + 0.1
