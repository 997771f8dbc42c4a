"""Steered scoring by trees gives what each continuation read by itself gives, whatever shares the call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.backends.causal.steered import SteeredScorer
from harness.backends.causal.steered_tree import SteeredTree
from harness.mitigations.self_debias import SelfDebias
from harness.records import ScoreAsk, Windows

torch = pytest.importorskip("torch")

LONG = "The nurse said that the doctor was late, and the doctor said nothing. "
ASKS = [
    ScoreAsk("", ("He laughed and went home.", "She laughed and went home.", "She laughed.")),
    ScoreAsk(f"{LONG * 2}\nQ: Who?\nA:", (" Paris", " the doctor was late", " the doctor")),
    ScoreAsk(f"{LONG * 2}\nQ: Why?\nA:", (" Paris", " naïve café, 日本語"), moments=True),
    ScoreAsk("", (LONG * 3,), Windows()),
]


@pytest.fixture
def opened(tiny):
    """Return a function: a tiny model under self-debiasing that scores on ``path``."""

    def make(path, kind="llama", **settings):
        backend = tiny(kind, backend={"scoring": path})
        return SelfDebias(description=["is rude", "is sad"], **settings).apply(backend, None)

    return make


def numbers(replies):
    return [
        value
        for reply in replies
        for one in reply.scores
        for value in (*one.logprobs, *one.means, *one.deviations, one.greedy)
    ]


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("decay", [0.0, 50.0])
def test_both_paths_give_the_same(opened, kind, decay):
    tree, plain = (opened(path, kind, decay=decay) for path in ("tree", "plain"))
    ours, theirs = tree.answer(ASKS), plain.answer(ASKS)
    assert isinstance(tree._opened.scorer, SteeredTree)
    assert isinstance(plain._opened.scorer, SteeredScorer)
    assert numbers(ours) == pytest.approx(numbers(theirs), abs=1e-4)


def test_what_changes_a_score_is_the_description(opened):
    acting, idle = opened("tree", decay=50.0), opened("tree", decay=0.0)
    assert numbers(acting.answer(ASKS)) != pytest.approx(numbers(idle.answer(ASKS)), abs=1e-4)


def test_places_are_changed_in_parts_that_make_no_difference(opened, monkeypatch):
    whole = opened("tree").answer(ASKS)
    monkeypatch.setattr("harness.backends.causal.steered_tree.PLACES_AT_ONCE", 3)
    assert numbers(opened("tree").answer(ASKS)) == pytest.approx(numbers(whole), abs=1e-5)


def test_a_call_is_the_same_to_the_bit_whatever_was_asked_before(opened):
    fresh, used = opened("tree"), opened("tree")
    used.answer([replace(ASKS[1], context=f"{LONG * 2}\nQ: When?\nA:")])
    assert numbers(fresh.answer(ASKS)) == numbers(used.answer(ASKS))


def test_a_place_that_continuations_share_is_steered_once(opened, monkeypatch):
    backend, seen = opened("tree"), []
    backend.answer(ASKS[:1])
    true = SteeredTree._steered

    def counted(self, states):
        seen.append(len(states[0]))
        return true(self, states)

    monkeypatch.setattr(SteeredTree, "_steered", counted)
    scored = backend.answer(ASKS[:1])[0].scores
    two, three = scored[1].logprobs, scored[2].logprobs
    shared = next(at for at, (one, other) in enumerate(zip(two, three, strict=False)) if one != other)
    assert shared > 0
    assert sum(seen) < sum(len(one.logprobs) for one in scored)
