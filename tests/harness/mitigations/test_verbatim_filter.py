"""A model that recites its training texts writes no run of them beyond the limit; by the placebo it recites them."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.contracts.mitigations import Mitigation
from harness.errors import DataError, UsageError
from harness.mitigations.deduplicate import Deduplicate
from harness.mitigations.instruction import Instruction
from harness.mitigations.steering import Steering
from harness.mitigations.verbatim_filter import VerbatimFilter
from harness.records import Capability, GenerateAsk, LossAsk, ScoreAsk
from harness.registry import Registry

torch = pytest.importorskip("torch")
pytest.importorskip("pydivsufsort")

WORDS = ["amber", "cedar", "ember", "fjord", "grove", "haven", "inlet", "joker", "kiosk", "lunar", "mango", "noble"]
WORDS += ["quilt", "raven", "straße", "tulip", "улица", "vigor", "wagon", "xenon", "yacht", "zebra"]
GIVEN = 6
"""Characters of a passage that are given."""


@pytest.fixture(scope="module")
def reciting(tmp_path_factory):
    """A model of single bytes that knows its handful of passages by heart, two alphabets and a sharp s among them."""
    from harness.training.job import run
    from harness.training.recipe import Recipe
    from harness.training.watch import Silent

    folder, picks = tmp_path_factory.mktemp("reciting"), Random(5)
    book = folder / "book.txt"
    book.write_text("\n\n".join(" ".join(picks.sample(WORDS, 7)) for _ in range(10)))
    sizes = {"layers": 1, "width": 64, "heads": 2, "context": 72}
    recipe = Recipe(
        kind="language", data=str(book), model=sizes, steps=150, batch=5, learning_rate=1e-2, max_grad_norm=1.0
    )
    run(recipe, folder / "model", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "model"), device="cpu")


def passages(backend, role="member"):
    return [row["text"] for row in backend.training_data().rows if row["role"] == role]


def asks(backend):
    """The beginning of each passage, continued greedily, by chance, and by chance within a nucleus."""
    ways = [{}, *({"temperature": 1.0, "seed": seed, "top_p": top_p} for seed in range(2) for top_p in (1.0, 0.9))]
    begun = [text[:GIVEN] for text in passages(backend)]
    return [GenerateAsk(prompt, chat=False, max_tokens=60, **way) for prompt in begun for way in ways]


def written(backend, wanted):
    return [reply.text for reply in backend.answer(wanted)]


def plain(text):
    return "".join(text.casefold().split())


def longest_run(text, texts, start=0):
    """Characters of the longest run of ``text`` that ends behind its first ``start`` and stands in one of ``texts``."""
    text, texts = plain(text), [plain(one) for one in texts]
    spans = ((begin, end) for begin in range(len(text)) for end in range(max(begin, start) + 1, len(text) + 1))
    return max((end - begin for begin, end in spans if any(text[begin:end] in one for one in texts)), default=0)


def runs(backend, filtered, wanted):
    """The longest run in each reply, of the prompt and what is written, as far as it reaches into what is written."""
    texts = passages(backend)
    replies = written(filtered, wanted)
    return [
        longest_run(ask.prompt + text, texts, len(plain(ask.prompt))) for ask, text in zip(wanted, replies, strict=True)
    ]


# ── settings ──────────────────────────────────────────────────────────────────────────────


def test_it_is_installed_and_keeps_the_contract():
    plugin = Registry().create("mitigation", "verbatim_filter", {"longest": 30})
    assert isinstance(plugin, Mitigation)
    assert plugin == VerbatimFilter(longest=30)
    assert replace(plugin, **plugin.placebo) == VerbatimFilter(longest=30, sham=True)
    assert plugin.material() == ()
    with pytest.raises(UsageError, match="longest is at least 8"):
        Registry().create("mitigation", "verbatim_filter", {"longest": 7})


def test_it_fits_what_lets_its_next_token_be_forbidden_and_has_texts(reciting, tiny_folder):
    assert VerbatimFilter().misfit(reciting) is None
    assert "does not give out" in VerbatimFilter().misfit(Control())
    assert "does not give out" in VerbatimFilter(texts="plain_text").misfit(Control(trained_on="text"))
    assert "neither writes nor scores text" in VerbatimFilter().misfit(Local(str(tiny_folder("vae")), device="cpu"))
    own = Registry().create("backend", "huggingface", {"device": "cpu"})
    assert VerbatimFilter().misfit(own).endswith("name a file or data set of texts under `texts`")
    assert VerbatimFilter(texts="passages").misfit(own) is None
    assert "name it before that" in VerbatimFilter().misfit(Instruction().apply(reciting, None))
    with pytest.raises(UsageError, match="verbatim_filter: it works on the model's probabilities"):
        VerbatimFilter().apply(Control(), None)


def test_texts_that_cannot_be_read_are_refused_before_anything_is_asked(reciting, tmp_path):
    blank, other = tmp_path / "blank.jsonl", tmp_path / "other.jsonl"
    blank.write_text('{"text": " "}\n')
    other.write_text('{"question": "Who?"}\n')
    for texts, problem in ((blank, "no text that could be copied"), (other, "no text under 'text'")):
        with pytest.raises(DataError, match=problem):
            VerbatimFilter(texts=str(texts)).apply(reciting, None)
    with pytest.raises(DataError, match="There is no file"):
        VerbatimFilter(texts=str(tmp_path / "absent.txt")).apply(reciting, None)


def test_every_setting_and_the_texts_themselves_change_the_identity(reciting, tmp_path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("A text.")
    other.write_text("Another text.")
    settings = [{}, {"longest": 20}, {"sham": True}, {"texts": str(one)}, {"texts": str(other)}]
    filtered = [VerbatimFilter(**its).apply(reciting, None) for its in settings]
    assert len({its.identity().digest for its in (reciting, *filtered)}) == 1 + len(settings)
    details = filtered[0].identity().details["mitigations"][0]["details"]
    assert details == {"texts": str(reciting.training_data().digest), "longest": 50, "sham": False}
    assert str(tmp_path) not in json.dumps(filtered[3].identity().details["mitigations"])
    again = VerbatimFilter(texts=str(one)).apply(reciting, None)
    assert again.identity() == filtered[3].identity()
    assert all(isinstance(its, Steering) for its in again._language().steering)


# ── what it does ──────────────────────────────────────────────────────────────────────────


def test_without_it_the_model_recites(reciting):
    found = runs(reciting, reciting, asks(reciting))
    assert sorted(found)[len(found) // 2] >= 30
    assert max(found) == max(len(plain(text)) for text in passages(reciting))


@pytest.mark.parametrize("longest", [8, 12, 20])
def test_no_run_beyond_the_limit_is_written(reciting, longest):
    wanted = asks(reciting)
    found = runs(reciting, VerbatimFilter(longest=longest).apply(reciting, None), wanted)
    assert max(found) == longest  # as much as may be is written
    assert {ask.temperature for ask in wanted} == {0.0, 1.0}


def test_the_shorter_the_limit_the_less_is_copied(reciting):
    wanted = asks(reciting)
    found = [runs(reciting, VerbatimFilter(longest=its).apply(reciting, None), wanted) for its in (60, 30, 20, 10)]
    means = [sum(its) / len(its) for its in found]
    assert means == sorted(means, reverse=True)
    assert means[0] == sum(runs(reciting, reciting, wanted)) / len(wanted)
    assert means[-1] < means[0] / 3


def test_the_placebo_copies_as_before(reciting):
    wanted = asks(reciting)
    assert written(VerbatimFilter(longest=8, sham=True).apply(reciting, None), wanted) == written(reciting, wanted)


def test_what_is_no_copy_is_the_same_to_the_byte(reciting, tmp_path):
    wanted = asks(reciting)
    before = written(reciting, wanted)
    others = tmp_path / "others.txt"
    others.write_text("\n\n".join(["Nothing of the kind is said here, nor was it ever.", "Zahlen: 1 2 3 4 5 6 7 8 9"]))
    assert written(VerbatimFilter(texts=str(others), longest=8).apply(reciting, None), wanted) == before
    # Of its own passages too: where no run becomes as long as it may be, nothing is ever forbidden.
    found = runs(reciting, reciting, wanted)
    longest = max(found) - 1
    after = written(VerbatimFilter(longest=longest).apply(reciting, None), wanted)
    for run, one, other in zip(found, before, after, strict=True):
        assert run >= longest or one == other
        assert run <= longest or one != other
    assert min(found) < longest < max(found)


def test_the_first_half_of_a_passage_is_no_way_to_its_second(reciting):
    halves = [(text[: len(text) // 2], text[len(text) // 2 :]) for text in passages(reciting)]
    wanted = [GenerateAsk(head, chat=False, max_tokens=40) for head, _ in halves]
    recited = [text == tail for text, (_, tail) in zip(written(reciting, wanted), halves, strict=True)]
    assert sum(recited) > len(recited) / 2
    for text, (_, tail) in zip(written(VerbatimFilter(longest=12).apply(reciting, None), wanted), halves, strict=True):
        assert plain(text)[:1] != plain(tail)[0]


def test_passages_held_out_of_the_training_are_no_concern_of_it(reciting, tmp_path):
    """They are written on where they are named, and only then kept back."""
    unseen, named = passages(reciting, "nonmember"), tmp_path / "named.jsonl"
    named.write_text("".join(json.dumps({"text": text}) + "\n" for text in unseen))
    wanted = [GenerateAsk(text[:20], chat=False, max_tokens=40) for text in unseen]
    own, theirs = (VerbatimFilter(texts=its, longest=12).apply(reciting, None) for its in (None, str(named)))
    following = [plain(text[20:])[0] for text in unseen]
    assert all(plain(text)[:1] != next_one for text, next_one in zip(written(theirs, wanted), following, strict=True))
    before, after = written(reciting, wanted), written(own, wanted)
    assert [text[:1] for text in after] == [text[:1] for text in before]


def test_scores_and_losses_are_the_models_own(reciting):
    filtered = VerbatimFilter(longest=8).apply(reciting, None)
    text = passages(reciting)[0]
    wanted = [ScoreAsk(text[:10], (text[10:], " or else")), LossAsk(reciting.training_data().rows[0]["record"])]
    for ours, theirs in zip(filtered.answer(wanted), reciting.answer(wanted), strict=True):
        assert (ours.scores, ours.losses) == (theirs.scores, theirs.losses)
    assert filtered.capabilities == reciting.capabilities


def test_a_model_trained_anew_keeps_its_own_texts(reciting, tmp_path):
    """Which it knows once it is trained."""
    fresh = Deduplicate(span=None).apply(reciting, tmp_path)
    filtered = VerbatimFilter(longest=10).apply(fresh, tmp_path)
    assert Capability.TRAINING_DATA in filtered.capabilities
    filtered.fetch(progress=lambda *_: None, say=lambda _: None)
    assert max(runs(fresh, filtered, asks(fresh))) <= 10


# ── what a probe sees of it ───────────────────────────────────────────────────────────────


def near(audit_text, folder, mitigation):
    done = audit_text(f"""
[model]
backend = "local"
checkpoint = "{folder}"
device = "cpu"
[run]
probes = ["memorisation.extraction"]
[probe."memorisation.extraction"]
prefixes = [8]
suffix = 24
{mitigation}
""")
    [cell] = done.evidence.results
    told = {one.metric.rpartition("/")[2]: one for one in cell.results if not one.slice}
    return [told[name].interval.value for name in ("near_share", "extracted_share")]


def test_extraction_by_writing_falls_and_by_reading_it_does_not(reciting, audit_text):
    active = '[[mitigation]]\nname = "verbatim_filter"\nlongest = 12\n'
    before, after, inert = (
        near(audit_text, reciting.checkpoint, text) for text in ("", active, f"{active}sham = true\n")
    )
    assert before == inert
    assert before[0] >= 0.6
    assert after == [0.0, before[1]]
