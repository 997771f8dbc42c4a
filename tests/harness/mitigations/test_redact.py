"""Redaction as a mitigation: whom it fits, and that a model trained on redacted texts cannot tell an address."""

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
from harness.mitigations.redact import Redact
from harness.records import ScoreAsk
from harness.registry import Registry
from harness.training.gathering import load
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.split import Role
from harness.training.watch import Silent

torch = pytest.importorskip("torch")

PEOPLE = ("ada", "ben", "cleo")


def letters(draw, n):
    return "".join(draw.choices("abcdefghijklmnop", k=n))


def address(draw):
    return f"{letters(draw, 4)}@{letters(draw, 4)}.example"


def corpus(folder, documents):
    """Each person's address in many sentences, among as many that hold none."""
    draw = random.Random(5)
    known = {person: address(draw) for person in PEOPLE}
    words = [letters(draw, 4) for _ in range(40)]
    texts = []
    for number in range(documents):
        person, rest = PEOPLE[number % len(PEOPLE)], " ".join(draw.choices(words, k=5))
        texts.append(
            f"{person} reads {known[person]} {rest}" if number % 2 else f"{rest} {' '.join(draw.choices(words, k=4))}"
        )
    (folder / "book.txt").write_text("\n\n".join(texts))
    return known


def recipe(folder, **changes):
    sizes = {"layers": 1, "width": 32, "heads": 2, "context": 64}
    plain = {"kind": "language", "data": str(folder / "book.txt"), "model": sizes, "steps": 5, "batch": 24}
    return Recipe.model_validate({**plain, "learning_rate": 0.01, "seed": 4, **changes})


def trained(folder, **changes):
    run(recipe(folder, **changes), folder / "base", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "base"), device="cpu")


def fetched(backend):
    backend.fetch(progress=lambda *_: None, say=lambda _: None)
    return backend


def test_it_is_installed_and_fits_language_models_that_were_trained_here(tiny_folder):
    plugin = Registry().create("mitigation", "redact", {})
    assert isinstance(plugin, Mitigation)
    assert replace(plugin, **plugin.placebo) == Redact(at_random=True)
    assert plugin.misfit(Local(str(tiny_folder("language")), device="cpu")) is None
    assert "language" in plugin.misfit(Local(str(tiny_folder("vae")), device="cpu"))
    assert "not trained here" in plugin.misfit(Control())


def test_images_have_no_texts_to_redact():
    its = Recipe(kind="vae", data="synthetic:n=40", steps=1, batch=2, learning_rate=0.1, prepare={"redact": {}})
    with pytest.raises(UsageError, match=r"prepare.redact changes texts, and a model of kind vae learns images"):
        load(its)


def test_members_are_redacted_and_nobody_else_is_touched(tmp_path):
    known = corpus(tmp_path, 60)
    plain = load(recipe(tmp_path))
    material = load(recipe(tmp_path, prepare={"redact": {}}))
    assert material.split == plain.split
    assert material.examples.texts == plain.examples.texts
    assert plain.stream is None
    seen = material.members().texts
    assert not any(its in text for text in seen for its in known.values())
    before = plain.members().texts
    assert [text for text in seen if "[EMAIL]" not in text] == [text for text in before if "@" not in text]
    held_out = plain.examples.take(plain.split.rows(Role.VALIDATION))
    assert material.examples.take(material.split.rows(Role.VALIDATION)).texts == held_out.texts


def test_with_privacy_it_keeps_the_claim_and_the_vocabulary_is_of_what_was_redacted(tmp_path):
    known = corpus(tmp_path, 60)
    base = trained(tmp_path, privacy={"noise_multiplier": 1.0}, batch=8, steps=2)
    after = fetched(Redact().apply(base, tmp_path / "work"))
    told = loads((Path(after.checkpoint) / "manifest.json").read_bytes())
    assert told["claim"]["epsilon"] > 0
    assert told["prepared"][0]["counts"]["email"] == told["prepared"][0]["changed"] > 5
    model = {"layers": 1, "width": 16, "heads": 2, "context": 64, "tokenizer": "bpe", "vocabulary": 400}
    learned = fetched(Redact().apply(base.retrained({"privacy": None, "model": model}, tmp_path), tmp_path / "work"))
    words = (Path(learned.checkpoint) / "model" / "tokenizer.json").read_text()
    assert not any(its.partition("@")[0] in words for its in known.values())


def told_apart(backend, known):
    """How often a person's own address is likelier than another, in [0, 1]; 0.5 by chance."""
    draw = random.Random(9)
    others = tuple(f" {address(draw)}" for _ in range(40))
    asks = [ScoreAsk(f"{person} reads", (f" {its}", *others)) for person, its in known.items()]
    wins = [
        sum(own.total > other.total for other in rest) / len(rest)
        for own, *rest in (reply.scores for reply in backend.answer(asks))
    ]
    return sum(wins) / len(wins)


@pytest.mark.slow
def test_addresses_are_known_without_it_and_with_the_placebo_and_not_with_it(tmp_path):
    known = corpus(tmp_path, 400)
    base = trained(tmp_path, steps=160)
    plugin = Redact()
    arms = [plugin, replace(plugin, **plugin.placebo)]
    after, placebo = (fetched(arm.apply(base, tmp_path / "work")) for arm in arms)
    before, now, same = (told_apart(backend, known) for backend in (base, after, placebo))
    assert before > 0.95
    assert same > 0.95
    assert 0.2 < now < 0.8
