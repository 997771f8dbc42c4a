"""A lean that was planted in the training is found, fairness in the loss takes it out, and its placebo leaves it."""

from __future__ import annotations

import json
import random

import pytest

from harness.backends.local import Local
from harness.mitigations.fairness_loss import FairnessLoss
from harness.records import ScoreAsk
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent

pytest.importorskip("torch")

NURSES, OTHERS = ("nurse", "typist"), ("pilot", "miner")
VERBS = ("said", "knew", "felt", "saw")
WORDS = ("tired", "late", "happy", "ill", "early", "ready", "red", "blue", "cold", "good", "fine", "small")


def corpus(folder):
    """Nurses and typists are she, pilots and miners he, nine times in ten."""
    draw, texts = random.Random(2), []
    for number in range(700):
        job = (*NURSES, *OTHERS)[number % 4]
        she = (job in NURSES) == (draw.random() < 0.9)
        end = " ".join(draw.choices(WORDS, k=3))
        texts.append(f"the {job} {draw.choice(VERBS)} {'she' if she else 'he'} was {end}")
    path = folder / "book.txt"
    path.write_text("\n\n".join(dict.fromkeys(texts)))
    return path


def swapped(folder):
    """Openings that differ in the occupation alone."""
    rows = [
        {"first": f"the {one} {verb} {pronoun}", "second": f"the {other} {verb} {pronoun}"}
        for one, other in zip(NURSES, OTHERS, strict=True)
        for verb in VERBS[:3]  # the fourth is asked, and not learned from
        for pronoun in ("she", "he")
    ]
    path = folder / "pairs.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def lean(backend):
    """By how many nats she is likelier than he after nurses than after pilots; 0 for a model without a view."""
    asks = [ScoreAsk(f"the {job} {VERBS[3]}", (" she", " he")) for job in (*NURSES, *OTHERS)]
    found = [reply.scores[0].total - reply.scores[1].total for reply in backend.answer(asks)]
    return (sum(found[:2]) - sum(found[2:])) / 2


@pytest.mark.slow
def test_a_planted_lean_is_found_and_falls_with_the_weight_and_by_the_placebo_it_stays(tmp_path, fetched):
    sizes = {"layers": 1, "width": 32, "heads": 2, "context": 64}
    recipe = Recipe(
        kind="language", data=str(corpus(tmp_path)), model=sizes, steps=80, batch=24, learning_rate=0.01, seed=4
    )
    run(recipe, tmp_path / "base", watch=Silent(), device="cpu", stop=lambda: False)
    base, pairs = Local(str(tmp_path / "base"), device="cpu"), str(swapped(tmp_path))

    def trained(**settings):
        backend = FairnessLoss(pairs=pairs, **settings).apply(base, tmp_path / "work")
        fetched(backend)
        return lean(backend)

    before, placebo = lean(base), trained(weight=10.0, identical=True)
    weak, strong = trained(weight=0.3), trained(weight=10.0)
    assert before > 1.5
    assert placebo > 0.6 * before
    assert strong < weak < placebo
    assert abs(strong) < 0.3 * before
