"""Repetition taken out of a training set: all of it, nothing else, and for the placebo as much of something else."""

from __future__ import annotations

import random

import numpy as np
import pytest

from harness.data.canaries import Canary
from harness.data.content import examples_of
from harness.data.near_texts import BANDS, ROWS, THRESHOLD, banded, jaccard, lsh_curve, shingles
from harness.errors import DataError
from harness.training.prepare.deduplicate import deduplicated
from harness.training.prepare.stream import Stream, compared
from harness.training.prepare.tables import Deduplicate

WORDS = [f"w{number}" for number in range(2000)]


def prose(draw, words):
    return " ".join(draw.choices(WORDS, k=words))


def swapped(draw, text, n):
    words = text.split()
    for place in range(n):
        words[place * len(words) // n] = draw.choice(WORDS)
    return " ".join(words)


def stream(texts, repeats=None, **more):
    examples = examples_of("texts", ids=[f"r{row}" for row in range(len(texts))], texts=texts)
    return Stream(examples, np.array(repeats or [1] * len(texts)), **more)


def taken(its, seed=0, **how):
    return deduplicated(its, how=Deduplicate(**how), seed=seed)


def test_lower_thresholds_look_at_a_pair_at_the_threshold_as_often():
    assert banded(THRESHOLD) == (BANDS, ROWS)
    for threshold in (0.5, 0.6, 0.7, 0.9, 0.99):
        bands, rows = banded(threshold)
        assert lsh_curve(threshold, rows=rows, bands=bands) >= lsh_curve(THRESHOLD) - 1e-9
        assert bands * rows <= 200
    with pytest.raises(ValueError, match="more than 200 hashes"):
        banded(0.01)


def test_planted_copies_are_all_taken_out():
    draw = random.Random(1)
    texts = [prose(draw, 30) for _ in range(100)]
    its = stream([*texts, *texts[:20]], [64, 16, *[1] * 118])
    after, counts = taken(its)
    assert after.repeats.tolist() == [1] * 100 + [0] * 20
    assert counts == {"copies": 63 + 15, "equal": 20, "near": 0, "emptied": 0, "spans": 0, "span_tokens": 0}
    assert after.texts == its.texts


@pytest.mark.parametrize("near", [0.6, 0.8])
def test_planted_near_duplicates_are_taken_out_at_the_rate_of_the_curve_and_others_stay(near):
    draw = random.Random(2)
    texts = [prose(draw, 60) for _ in range(150)]
    planted = [swapped(draw, draw.choice(texts), draw.randint(1, 5)) for _ in range(450)]
    after, counts = taken(stream([*texts, *planted]), near=near, span=None)
    runs = [shingles(text.split()) for text in (*texts, *planted)]
    kept: list[int] = []
    for row, its in enumerate(runs):  # all with all, as the definition says
        if all(jaccard(its, runs[other]) <= near for other in kept):
            kept.append(row)
    # Of 450 pairs at the threshold 0.16 are missed on average; these are above it.
    assert len(set(kept) ^ set(after.kept.tolist())) <= 2
    assert counts["near"] == pytest.approx(len(runs) - len(kept), abs=2)
    assert 100 < counts["near"] < 451


def without_repeated_runs(text_of_characters, length):
    """Whether no run of so many characters stands in these texts twice: every pair of places compared."""
    places = [(row, at) for row, text in enumerate(text_of_characters) for at in range(len(text) - length + 1)]
    seen: dict[str, tuple[int, int]] = {}
    for row, at in places:
        run = text_of_characters[row][at : at + length]
        first = seen.setdefault(run, (row, at))
        if first != (row, at) and (first[0] != row or at - first[1] >= length):
            return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_of_every_repeated_run_one_stays_and_taking_out_again_finds_nothing(seed):
    draw = random.Random(seed)
    texts = ["".join(draw.choices("abcd ", k=draw.randint(0, 60))) for _ in range(12)]
    for row in range(4, 12):
        other = draw.choice(texts[:row])
        at, place = draw.randint(0, max(0, len(other) - 20)), draw.randint(0, len(texts[row]))
        texts[row] = texts[row][:place] + other[at : at + draw.randint(10, 40)] + texts[row][place:]
    its = stream(texts, characters=True)
    after, counts = taken(its, near=None, span=10)
    left = [after.texts[row] for row in after.kept]
    assert without_repeated_runs(left, 10)
    assert not without_repeated_runs(texts, 10) or counts["spans"] == 0
    # What is not repeated stays: every run of ten that was there once is there, or its text was cut within it.
    assert counts["span_tokens"] == sum(len(text) for text in texts) - sum(len(text) for text in after.texts)
    again, found = taken(after, near=None, span=10)
    assert again.texts == after.texts
    assert set(found.values()) == {0}


def test_planted_runs_of_words_are_cut_and_the_first_stays():
    draw = random.Random(3)
    shared = prose(draw, 55)
    texts = [prose(draw, 40) for _ in range(6)]
    quoting = [f"{texts[4]}\n{shared}\n\n{texts[5]}", f"{shared} {prose(draw, 30)}"]
    its = stream([*texts[:4], f"x {shared} y", *quoting])
    after, counts = taken(its)
    assert after.texts[4] == its.texts[4]
    assert after.texts[5] == f"{texts[4]}\n{texts[5]}"
    assert after.texts[6] == its.texts[6].removeprefix(f"{shared} ")
    assert counts["spans"] == 2
    assert counts["span_tokens"] == 110
    short, _ = taken(its, span=56)
    assert short.texts == its.texts


def test_a_text_that_is_all_repetition_is_taken_out_whole():
    draw = random.Random(4)
    shared = prose(draw, 60)
    after, counts = taken(stream([f"{shared} {prose(draw, 60)}", shared]), near=None)
    assert (after.repeats.tolist(), counts["emptied"], counts["spans"]) == ([1, 0], 1, 1)


def test_canaries_that_a_coin_put_there_stay_whatever_they_are_like():
    text = prose(random.Random(5), 80)
    canaries = (Canary("r1", 0, "", "", "digits"), Canary("r2", 4, "", "", "digits"))
    after, _ = taken(stream([text, text, text], [1, 1, 4], canaries=canaries))
    assert after.repeats.tolist() == [1, 1, 0]
    assert after.texts[1] == text


def test_hostile_texts_are_cut_without_a_traceback():
    odd = ["", " ", "\ud800" * 30, "\ud800" * 30, "🙂" * 40, "\0" * 64, "e\u0301" * 30, "\n\n"]
    for characters in (False, True):
        after, _ = taken(stream(odd, characters=characters), span=10)
        again, found = taken(after, span=10)
        assert again.texts == after.texts
        assert set(found.values()) == {0}


def test_the_placebo_takes_out_as_many_records_and_spans_as_long_of_others():
    draw = random.Random(6)
    shared = prose(draw, 52)
    texts = [prose(draw, 90) for _ in range(60)]
    its = stream([*texts, f"{shared} {prose(draw, 20)}", f"{prose(draw, 20)} {shared}", *texts[:5]], [9, *[1] * 66])
    active, counts = taken(its)
    placebo, same = taken(its, at_random=True)
    assert same == counts
    active_done, placebo_done = compared("x", its, active, counts), compared("x", its, placebo, same)
    assert placebo_done.removed == active_done.removed == 8 + 5
    assert placebo_done.changed == active_done.changed == 1
    assert placebo.repeats[0] == 9
    assert placebo.repeats[60:].tolist() == [1] * 7
    assert placebo.texts[60:] == its.texts[60:]
    lost = [len(a.split()) - len(b.split()) for a, b in zip(its.texts, placebo.texts, strict=True)]
    assert sorted(lost)[-2:] == [0, 52]
    other, _ = taken(its, seed=1, at_random=True)
    assert other.repeats.tolist() != placebo.repeats.tolist()


def test_a_placebo_that_finds_too_little_says_so():
    with pytest.raises(DataError, match=r"takes out 63 records and parts of 0 others.*: 1\. Give"):
        taken(stream(["one text", "another one"], [64, 1]), at_random=True)


def test_images_are_taken_out_by_copies_and_likeness():
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (20, 8, 8, 1), dtype=np.uint8)
    near = np.clip(images[:1].astype(int) + draw.integers(-2, 3, images[:1].shape), 0, 255).astype(np.uint8)
    whole = np.concatenate([images, images[3:4], near])
    examples = examples_of("images", ids=[f"r{row}" for row in range(22)], images=whole)
    its = Stream(examples, np.array([64, *[1] * 21]))
    after, counts = taken(its)
    assert after.repeats.tolist() == [1] * 20 + [0, 0]
    assert (counts["copies"], counts["equal"], counts["near"]) == (63, 1, 1)
    done = compared("deduplicate", its, after, counts)
    assert (done.records_before, done.records_after, done.tokens_before, done.token) == (85, 20, None, "")
    with pytest.raises(DataError, match="takes out 65 records"):
        taken(its, at_random=True)
