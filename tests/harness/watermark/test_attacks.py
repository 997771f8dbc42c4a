"""Attacks on marked texts: what they do to words, what they say it costs, and what they leave of a mark."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.records import GenerateAsk
from harness.text.perturb import OPERATORS
from harness.watermark import kgw
from harness.watermark.attacks import KINDS, Attack
from harness.watermark.keys import PUBLIC_KEY
from harness.watermark.words import word_ids

TEXT = " ".join(f"w{place}" for place in range(12))
HOST = " ".join(f"H{place}" for place in range(200))
PROSE = "Everybody in the enormous house was frequently certain that the dangerous bridge would vanish."
WHOLE_WORDS = ("truncation", "copy_paste", "deletion", "substitution")
GREEN = 1 - (1 - 0.25) ** 4
"""Share of green words that the control backend writes: the first green one of four, a quarter being green."""


def attacked(kind, strength, text=TEXT, seed=0, host=HOST):
    return Attack(kind, strength).on(text, random=Random(seed), host=host)


def distance(one, other):
    """Levenshtein's distance between two rows of words."""
    row = list(range(len(other) + 1))
    for place, word in enumerate(one, start=1):
        before, row = row, [place]
        for at, its in enumerate(other, start=1):
            row.append(min(before[at] + 1, row[-1] + 1, before[at - 1] + (word != its)))
    return row[-1]


# ── what is left ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "strength", "left", "cost"),
    [
        ("truncation", 0.75, "w0 w1 w2", 9 / 12),
        ("truncation", 1.0, "", 1.0),
        ("copy_paste", 0.5, "H0 w1 w2 H1 H2 w5 w6 H3 w8 w9 H4 H5", 6 / 12),
        ("copy_paste", 1.0, " ".join(f"H{place}" for place in range(12)), 1.0),
    ],
)
def test_what_takes_no_chance_is_known_beforehand(kind, strength, left, cost):
    found = attacked(kind, strength)
    assert (found.text, found.cost) == (left, pytest.approx(cost))


def test_passages_of_a_text_stay_whole_and_where_they_were():
    words = attacked("copy_paste", 0.75, " ".join(f"w{place}" for place in range(100))).text.split()
    own = [place for place, word in enumerate(words) if word.startswith("w")]
    assert all(words[place] == f"w{place}" for place in own)
    assert len(own) == 25
    assert sum(later - place > 1 for place, later in pairwise(own)) == 2
    assert [word for word in words if word.startswith("H")] == [f"H{place}" for place in range(75)]


def test_layout_is_kept_where_words_are_not_touched():
    assert attacked("truncation", 0.5, "one  two\n\nthree\tfour").text == "one  two"
    assert attacked("substitution", 0.01, "one  two\n\nthree").text == "one  two\n\nthree"


@pytest.mark.parametrize(
    ("kind", "operator"), [("typos", "keyboard_typo"), ("homoglyphs", "homoglyph"), ("synonyms", "synonym")]
)
def test_words_are_altered_as_the_operators_of_perturbation_do(kind, operator):
    found = attacked(kind, 1.0, PROSE)
    change = OPERATORS[operator].apply(PROSE, Random(0), 1.0)
    assert found.text == change.text != PROSE
    assert found.cost == pytest.approx(change.count / len(PROSE.split()))


@pytest.mark.parametrize("kind", ["copy_paste", "substitution"])
def test_a_host_with_too_few_words_is_no_attack(kind):
    assert attacked(kind, 0.5, host="H0 H1 H2 H3 H4 H5") is not None
    assert attacked(kind, 0.5, host="H0 H1 H2 H3 H4") is None


@pytest.mark.parametrize("settings", [("ink", 0.5), ("deletion", 0.0), ("deletion", 1.5), ("deletion", float("nan"))])
def test_there_is_no_attack_of_another_name_or_strength(settings):
    with pytest.raises(ValueError, match="attack"):
        Attack(*settings)


# ── what it costs ─────────────────────────────────────────────────────────────────────────


@given(
    kind=st.sampled_from(WHOLE_WORDS),
    strength=st.floats(0.01, 1.0),
    seed=st.integers(0, 99),
    words=st.lists(st.sampled_from(["one", "two", "three", "four"]), min_size=1, max_size=30),
)
def test_the_cost_is_the_distance_in_words_where_the_host_has_other_words(kind, strength, seed, words):
    found = attacked(kind, strength, " ".join(words), seed)
    assert distance(words, found.text.split()) == pytest.approx(found.cost * len(words))


@given(kind=st.sampled_from(["deletion", "substitution"]), seed=st.integers(0, 99))
def test_a_stronger_attack_takes_what_a_weaker_one_does_and_more(kind, seed):
    weak, strong = (set(attacked(kind, strength, seed=seed).text.split()) for strength in (0.25, 0.75))
    assert {word for word in strong if word.startswith("w")} < {word for word in weak if word.startswith("w")}


@given(text=st.text(max_size=80), kind=st.sampled_from(sorted(KINDS)), strength=st.floats(0.01, 1.0))
def test_any_text_can_be_attacked_and_alike_every_time(text, kind, strength):
    found = attacked(kind, strength, text)
    assert found == attacked(kind, strength, text)
    assert 0 <= found.cost <= 1


ODD = ["", " " * 50_000, "a" + " " * 50_000, ("a" * 200 + " ") * 20, "`" * 5000, "\ud800 b", "a\u202eb \x1b[2J"]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_and_huge_texts_are_attacked_too(kind, text):
    assert 0 <= attacked(kind, 0.5, text).cost <= 1


@pytest.mark.parametrize(("kind", "possible"), [(kind, kind in WHOLE_WORDS) for kind in KINDS])
def test_a_word_of_thousands_of_letters_has_no_slips_and_is_no_attack(kind, possible):
    assert (attacked(kind, 0.5, "b " + "a" * 50_000) is not None) is possible


# ── what it leaves of a mark ──────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def marked():
    """Texts of 400 words in which the share `GREEN` is green."""
    asks = [GenerateAsk(f"text {number}", max_tokens=400, temperature=1.0) for number in range(60)]
    return [reply.text for reply in Control(marks_text=1.0).answer(asks)]


def green_share(texts):
    found = [kgw.detect(word_ids(text), key=PUBLIC_KEY) for text in texts]
    return sum(its.statistic for its in found) / sum(its.n for its in found)


@pytest.mark.parametrize(
    ("kind", "strength", "intact"),
    [
        # A pair of words is left where both are; among those that deletion leaves, where they stood together.
        ("truncation", 0.5, 1.0),
        ("substitution", 0.25, 0.75**2),
        ("substitution", 0.5, 0.5**2),
        ("deletion", 0.25, 0.75),
        ("deletion", 0.75, 0.25),
        ("copy_paste", 0.5, 0.5),
        ("copy_paste", 0.9, 0.1),
    ],
)
def test_what_is_left_of_a_mark_is_what_the_closed_form_says(marked, kind, strength, intact):
    texts = [
        # A host of its own for each text, so that its words are green by many chances and not by one.
        attacked(kind, strength, text, seed, " ".join(f"host{seed}x{place}" for place in range(400))).text
        for seed, text in enumerate(marked)
    ]
    before = green_share(marked)
    assert before == pytest.approx(GREEN, abs=0.02)
    assert green_share(texts) == pytest.approx(0.25 + intact * (before - 0.25), abs=0.02)


def test_ps_of_attacked_texts_without_a_mark_are_no_smaller_than_chance_has_them():
    asks = [GenerateAsk(f"text {number}", max_tokens=150, temperature=1.0, marked=False) for number in range(300)]
    replies = Control(marks_text=1.0).answer(asks)
    kinds = [("deletion", 0.5), ("substitution", 0.5), ("copy_paste", 0.5)]
    ps = [
        kgw.detect(word_ids(attacked(*kinds[seed % 3], reply.text, seed, HOST).text), key=PUBLIC_KEY).p
        for seed, reply in enumerate(replies)
    ]
    assert np.mean(np.array(ps) <= 0.1) <= 0.1 + 3 * (0.1 * 0.9 / 300) ** 0.5
