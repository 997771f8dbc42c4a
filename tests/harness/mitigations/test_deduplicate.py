"""Deduplication as a mitigation: what it asks of a model, and that it takes the memory of repeated canaries away."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.canonical import loads
from harness.contracts import Budget
from harness.contracts.mitigations import Mitigation, RetrainableBackend
from harness.data.canaries import FAMILIES
from harness.errors import UsageError
from harness.execute import Journal, Stop, ask_all
from harness.judge import judge_cases, replies_to
from harness.mitigations.deduplicate import Deduplicate
from harness.mitigations.layer import Layer
from harness.mitigations.permute_average import PermuteAverage
from harness.records import Capability
from harness.registry import Registry
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent
from probes.memorisation.canary import Exposure

torch = pytest.importorskip("torch")

LETTERS = "abcdefghijklmnop"


def book(path, documents):
    """Documents of four words and ten digits or marks each, so that digits and marks alone are nothing special."""
    draw = random.Random(3)
    words = ["".join(draw.choices(LETTERS, k=4)) for _ in range(40)]
    signs = list(FAMILIES.values())
    ends = [draw.choices(signs[number % 2], k=10) for number in range(documents)]
    path.write_text("\n\n".join(" ".join([*draw.choices(words, k=4), *end]) for end in ends))
    return path


def trained(folder, *, documents=160, **changes):
    sizes = {"layers": 1, "width": 32, "heads": 2, "context": 96}
    data = str(book(folder / "book.txt", documents))
    recipe = {"kind": "language", "data": data, "model": sizes, "seed": 4, "learning_rate": 0.01}
    plain = {**recipe, "steps": 5, "batch": 16, "canaries": {"repeats": [16], "per_level": 4}, **changes}
    run(Recipe.model_validate(plain), folder / "base", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "base"), device="cpu")


def fetched(backend):
    backend.fetch(progress=lambda *_: None, say=lambda _: None)
    return backend


def manifest(backend):
    return loads((Path(backend.checkpoint) / "manifest.json").read_bytes())


def test_it_is_installed_and_keeps_the_contract():
    plugin = Registry().create("mitigation", "deduplicate", {"near": 0.6})
    assert isinstance(plugin, Mitigation)
    assert plugin == Deduplicate(near=0.6)
    placebo = Registry().create("mitigation", "deduplicate", {"near": 0.6, **plugin.placebo})
    assert placebo == Deduplicate(near=0.6, at_random=True)
    assert plugin.material() == ()
    for wrong in ({"near": 0.2}, {"near": 1.0}, {"span": 3}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            Registry().create("mitigation", "deduplicate", wrong)


def test_it_fits_what_was_trained_here_and_nothing_else(tiny_folder):
    own = Local(str(tiny_folder("language")), device="cpu")
    assert isinstance(own, RetrainableBackend)
    assert Deduplicate().misfit(own) is None
    assert "was not trained here" in Deduplicate().misfit(Control())
    assert "name this one before them" in Deduplicate().misfit(Layer(own, PermuteAverage()))


def test_a_private_training_refuses_it(tiny_folder, tmp_path):
    own = Local(str(tiny_folder("language")), device="cpu")
    private = own.retrained({"privacy": {"noise_multiplier": 1.0}}, tmp_path)
    with pytest.raises(UsageError, match="no record may decide over another's place"):
        Deduplicate().apply(private, tmp_path)


def test_copies_of_canaries_are_taken_out_and_everything_else_stays(tmp_path):
    base = trained(tmp_path)
    after = fetched(Deduplicate().apply(base, tmp_path / "work"))
    before, now = ({row["record"]: row for row in its.training_data().rows} for its in (base, after))
    canaries = [row for row in now.values() if row["canary"] is not None]
    assert [(row["role"], row["repeats"]) for row in canaries] == [("member", 1)] * 4
    assert {name: row for name, row in now.items() if row["canary"] is None} == {
        name: row for name, row in before.items() if row["canary"] is None
    }
    told = manifest(after)["prepared"]
    assert len(told) == 1
    assert (told[0]["step"], told[0]["counts"]["copies"], told[0]["token"]) == ("deduplicate", 60, "character")
    assert told[0]["removed"] == told[0]["records_before"] - told[0]["records_after"] == 60
    assert told[0]["tokens_before"] - told[0]["tokens_after"] == 15 * sum(len(row["text"]) for row in canaries)
    assert (manifest(after)["steps"], after.recipe["batch"]) == (manifest(base)["steps"], base.recipe["batch"])
    assert "prepared" not in manifest(base)
    assert "prepare" not in base.recipe


def test_the_placebo_leaves_the_canaries_and_takes_out_as_many_others(tmp_path):
    base = trained(tmp_path, canaries={"repeats": [5], "per_level": 3})
    after = fetched(Deduplicate(at_random=True).apply(base, tmp_path / "work"))
    [told] = manifest(after)["prepared"]
    assert told["removed"] == told["counts"]["copies"] == 12
    assert manifest(after)["split"]["removed"] == 12 + manifest(base)["split"]["removed"]
    rows = after.training_data().rows
    assert [row["repeats"] for row in rows if row["canary"] is not None] == [5, 5, 5]
    assert len(rows) == len(base.training_data().rows) - 12


def test_what_an_earlier_mitigation_prepares_stays(tmp_path, tiny_folder):
    own = Local(str(tiny_folder("language")), device="cpu").retrained({"prepare": {"redact": {}}}, tmp_path)
    both = Deduplicate(span=None).apply(own, tmp_path)
    assert both.recipe["prepare"]["redact"] == {"at_random": False}
    assert both.recipe["prepare"]["deduplicate"] == {"near": 0.8, "span": None, "at_random": False}


def exposure(backend, folder):
    """Mean exposure of the canaries, in bits."""
    probe = Exposure(references=63)
    cases = list(probe.cases(backend.training_data(), Budget(None, 0, Capability.LOSS)))
    identity = backend.identity().digest
    with Journal(folder / Journal.file_name(identity), identity) as journal:
        asked = ask_all(backend, [case.ask for case in cases], journal, stop=Stop())
    scores = judge_cases(probe, cases, replies_to(cases, asked.replies), {})
    [found] = [one for one in probe.summarise(scores) if one.metric.endswith("/exposure") and not one.slice]
    return found.interval.value


@pytest.mark.slow
def test_repeated_canaries_are_forgotten_and_by_the_placebo_they_are_not(tmp_path):
    base = trained(tmp_path, documents=1000, steps=120, batch=24, canaries={"repeats": [64], "per_level": 4})
    plugin = Deduplicate()
    arms = [plugin, replace(plugin, **plugin.placebo)]
    after, placebo = (fetched(arm.apply(base, tmp_path / "work")) for arm in arms)
    before, now, same = (exposure(backend, tmp_path) for backend in (base, after, placebo))
    # Of 63 references: 6 bits at most, 1.4 by chance.
    assert before > 5
    assert same > 5
    assert now < 3
