"""Counterfactual augmentation as a mitigation: whom it fits, and that a planted association goes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.canonical import loads
from harness.contracts.mitigations import Mitigation
from harness.errors import UsageError
from harness.mitigations.counterfactual_augmentation import CounterfactualAugmentation
from harness.records import ScoreAsk
from harness.registry import Registry
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent

torch = pytest.importorskip("torch")

NURSES, OTHERS = ("nurse", "typist"), ("pilot", "miner")
VERBS = ("said", "knew", "felt", "saw")
WORDS = ("tired", "late", "happy", "ill", "early", "ready", "red", "blue", "cold", "good", "fine", "small")


def corpus(folder, documents):
    """Nurses and typists are she, pilots and miners he, nine times in ten."""
    draw = random.Random(2)
    texts = []
    for number in range(documents):
        job = (*NURSES, *OTHERS)[number % 4]
        she = (job in NURSES) == (draw.random() < 0.9)
        texts.append(
            f"the {job} {draw.choice(VERBS)} {'she' if she else 'he'} was {' '.join(draw.choices(WORDS, k=3))}"
        )
    (folder / "book.txt").write_text("\n\n".join(dict.fromkeys(texts)))


def trained(folder, **changes):
    sizes = {"layers": 1, "width": 32, "heads": 2, "context": 64}
    plain = {"kind": "language", "data": str(folder / "book.txt"), "model": sizes, "steps": 5, "batch": 24}
    recipe = Recipe.model_validate({**plain, "learning_rate": 0.01, "seed": 4, **changes})
    run(recipe, folder / "base", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "base"), device="cpu")


def fetched(backend):
    backend.fetch(progress=lambda *_: None, say=lambda _: None)
    return backend


def test_it_is_installed_and_keeps_the_contract(tiny_folder, tmp_path):
    plugin = Registry().create("mitigation", "counterfactual_augmentation", {"share": 0.5})
    assert isinstance(plugin, Mitigation)
    assert replace(plugin, **plugin.placebo) == CounterfactualAugmentation(share=0.5, swap="neutral")
    for wrong in ({"share": 1.5}, {"swap": "names"}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            Registry().create("mitigation", "counterfactual_augmentation", wrong)
    own = Local(str(tiny_folder("language")), device="cpu")
    assert plugin.misfit(own) is None
    assert "not trained here" in plugin.misfit(Control())
    with pytest.raises(UsageError, match="no record may decide over another's place"):
        plugin.apply(own.retrained({"privacy": {"noise_multiplier": 1.0}}, tmp_path), tmp_path)


def test_steps_and_batch_stay_and_the_manifest_counts(tmp_path):
    corpus(tmp_path, 80)
    base = trained(tmp_path)
    after = fetched(CounterfactualAugmentation().apply(base, tmp_path / "work"))
    before, now = (loads((Path(its.checkpoint) / "manifest.json").read_bytes()) for its in (base, after))
    assert (now["steps"], now["recipe"]["batch"]) == (before["steps"], before["recipe"]["batch"])
    assert now["split"] == before["split"]
    [done] = now["prepared"]
    assert done["records_after"] == 2 * done["records_before"] == 2 * before["split"]["members"]
    assert done["counts"]["swapped"] == done["counts"]["chosen"] == done["records_before"]


def association(backend):
    """By how many nats she is likelier than he after nurses than after pilots; 0 for a model without a view."""
    asks = [ScoreAsk(f"the {job} {verb}", (" she", " he")) for job in (*NURSES, *OTHERS) for verb in VERBS]
    leans = [reply.scores[0].total - reply.scores[1].total for reply in backend.answer(asks)]
    half = len(leans) // 2
    return (sum(leans[:half]) - sum(leans[half:])) / half


@pytest.mark.slow
def test_a_planted_association_goes_and_by_the_placebo_it_stays(tmp_path):
    corpus(tmp_path, 700)
    base = trained(tmp_path, steps=80)
    plugin = CounterfactualAugmentation()
    arms = [plugin, replace(plugin, **plugin.placebo)]
    after, placebo = (fetched(arm.apply(base, tmp_path / "work")) for arm in arms)
    before, now, same = (association(backend) for backend in (base, after, placebo))
    assert before > 1.5
    assert same > 0.6 * before
    assert abs(now) < 0.3
