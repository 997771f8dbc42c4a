from __future__ import annotations

import random
import sys

import numpy as np
import pytest

from harness.data.duplicates import duplicates, image_duplicates, text_duplicates
from harness.data.images import digits
from harness.data.near_images import CONTRAST_SHARE, RANGE_SHARE
from harness.data.near_texts import THRESHOLD, jaccard, lsh_curve, shingles
from harness.data.repeated_spans import Span, repeated_spans
from harness.data.synthetic import Plan, coloured_shapes
from harness.errors import MissingExtraError

VOCABULARY = [f"w{number}" for number in range(3000)]


def prose(draw, words):
    return " ".join(draw.choice(VOCABULARY) for _ in range(words))


def swapped(draw, text, n):
    """The text with ``n`` words, far apart, replaced."""
    words = text.split()
    for place in range(n):
        words[place * len(words) // n] = draw.choice(VOCABULARY)
    return " ".join(words)


def kept_by_naive(alike, n):
    """Keep each row that is like none kept before it: all with all."""
    kept: list[int] = []
    for row in range(n):
        if not any(alike(other, row) for other in kept):
            kept.append(row)
    return kept


@pytest.mark.parametrize(
    ("rows", "bands", "s", "chance"), [(5, 20, 0.8, 0.99964), (10, 25, 0.8, 0.9416), (20, 450, 0.75, 0.76)]
)
def test_the_chance_of_looking_at_a_pair_is_the_published_curve(rows, bands, s, chance):
    assert lsh_curve(s, rows=rows, bands=bands) == pytest.approx(chance, abs=0.005 if bands == 450 else 5e-5)


def test_similarity_is_that_of_runs_of_five_words():
    left, right = [*"abcdefgh"], [*"abcdefgx"]
    assert jaccard(shingles(left), shingles(right)) == 3 / 5
    assert jaccard(shingles(["a", "b"]), shingles(["a", "b"])) == 1
    assert jaccard(shingles(["a"]), shingles([])) == 0


def test_planted_duplicates_are_all_found_and_nothing_else():
    draw = random.Random(1)
    texts = [prose(draw, 45) for _ in range(600)]
    near = [swapped(draw, text, 1) for text in texts[:100]]
    exact = [text.upper().replace(" ", "\n") for text in texts[100:200]]
    far = [swapped(draw, text, 6) for text in texts[200:300]]
    found = text_duplicates([*texts, *near, *exact, *far])
    assert found.groups == tuple((row, 600 + row) for row in range(200))
    assert found.removed.tolist() == list(range(600, 800))
    assert found.sizes == {2: 200}


def test_what_is_kept_equals_what_comparing_all_with_all_keeps():
    draw = random.Random(2)
    texts = [prose(draw, 40) for _ in range(150)]
    texts += [swapped(draw, draw.choice(texts), draw.randrange(1, 4)) for _ in range(400)]
    runs = [shingles(text.split()) for text in texts]
    kept = kept_by_naive(lambda a, b: jaccard(runs[a], runs[b]) > THRESHOLD, len(texts))
    found = text_duplicates(texts)
    assert sorted(set(range(len(texts))) - set(found.removed.tolist())) == kept


def test_looking_again_at_what_was_kept_finds_nothing():
    draw = random.Random(3)
    texts = [prose(draw, 60) for _ in range(80)]
    texts += [swapped(draw, draw.choice(texts), draw.randrange(4)) for _ in range(300)]
    gone = set(text_duplicates(texts).removed.tolist())
    again = text_duplicates([text for row, text in enumerate(texts) if row not in gone])
    assert again.groups == ()


def test_a_chain_of_similar_texts_does_not_make_one_giant_group():
    draw = random.Random(4)
    chain = [prose(draw, 90)]
    for step in range(60):
        words = chain[-1].split()
        words[(step * 37) % 90] = f"new{step}"
        chain.append(" ".join(words))
    # Neighbours are alike; the ends of the chain have hardly a word in common.
    assert 2 < max(text_duplicates(chain).sizes) < 12


def test_fifty_words_on_end_are_found_across_passages_of_a_document():
    draw = random.Random(5)
    shared = prose(draw, 60).split()
    one = [prose(draw, 30), *(" ".join(shared[at : at + 20]) for at in (0, 20, 40))]
    other = [
        f"{prose(draw, 20)} {' '.join(shared[:10])}",
        " ".join(shared[10:45]),
        f"{' '.join(shared[45:])} {prose(draw, 9)}",
    ]
    found = text_duplicates([*one, *other], units=["one"] * 4 + ["other"] * 3)
    # No passage of the other document is like one of the first, yet all three hold its words.
    assert found.groups == ((1, 4, 5, 6),)
    fewer = text_duplicates([" ".join(shared[:49]), f"x {' '.join(shared[:49])} {prose(draw, 60)}"])
    assert fewer.groups == ()


def test_no_long_run_is_left_twice_in_documents_that_quote_each_other():
    draw = random.Random(8)
    documents = [prose(draw, draw.randrange(40, 400)).split() for _ in range(30)]
    for quoting in documents[10:]:
        quoted = draw.choice(documents)
        at, place = draw.randrange(len(quoted) // 2), draw.randrange(len(quoting))
        quoting[place:place] = quoted[at : at + draw.randrange(40, 160)]
    rows = [(f"d{n}", words[at : at + 40]) for n, words in enumerate(documents) for at in range(0, len(words), 40)]
    found = text_duplicates([" ".join(words) for _, words in rows], units=[unit for unit, _ in rows])
    gone = set(found.removed.tolist())
    assert 20 < len(gone) < len(rows) / 2
    runs = [[]]
    for row, (unit, words) in enumerate(rows):
        if row in gone or unit != rows[row - 1][0] or row - 1 in gone:
            runs.append([])
        runs[-1] += [] if row in gone else words
    numbers = {word: n for n, word in enumerate(sorted({word for run in runs for word in run}))}
    assert repeated_spans([np.array([numbers[word] for word in run], dtype=int) for run in runs]) == []


def test_rows_of_one_document_need_not_follow_each_other():
    draw = random.Random(6)
    passages = [prose(draw, 30) for _ in range(4)]
    found = text_duplicates([passages[0], passages[2], passages[1], passages[1]], units=["a", "b", "a", "b"])
    assert found.removed.tolist() == [3]


def test_a_passage_that_repeats_itself_is_no_duplicate_of_another():
    assert text_duplicates(["la " * 200, "other words"]).groups == ()


def test_short_texts_are_duplicates_only_where_they_are_equal():
    found = text_duplicates(["Yes.", "No.", "yes.", "Yes indeed.", "", "No. "])
    assert found.groups == ((0, 2), (1, 5))


def naive_spans(streams, length):
    """Mark the tokens of windows that stood before, without the windows that overlap their own first place."""
    first, marks, at = {}, [np.zeros(len(stream), bool) for stream in streams], 0
    for number, stream in enumerate(streams):
        for start in range(len(stream) - length + 1):
            window = tuple(stream[start : start + length])
            if first.setdefault(window, at + start) <= at + start - length:
                marks[number][start : start + length] = True
        at += len(stream) + 1
    return marks


@pytest.mark.parametrize("length", [3, 10, 50])
def test_repeated_spans_equal_those_of_a_naive_search(length):
    rng = np.random.default_rng(length)
    for trial in range(6):
        streams = [rng.integers(70_000 if trial % 2 else 4, size=rng.integers(0, 400)) for _ in range(6)]
        streams += [np.concatenate([streams[trial % 6][50:350], rng.integers(9, size=30), streams[1][:120]])]
        marks = [np.zeros(len(stream), bool) for stream in streams]
        for span in repeated_spans(streams, at_least=length):
            assert span.stop - span.start >= length
            marks[span.stream][span.start : span.stop] = True
        for mine, theirs in zip(marks, naive_spans(streams, length), strict=True):
            assert np.array_equal(mine, theirs)


def test_spans_equal_the_naive_ones_on_two_hundred_kilobytes():
    rng = np.random.default_rng(7)
    streams = [rng.integers(256, size=2000) for _ in range(80)]
    for number in range(40):
        streams.append(np.concatenate([rng.integers(256, size=600), streams[number][100 : 149 + number]]))
    found = repeated_spans(streams)
    # 49 tokens are too few; from the second on each copy is found whole.
    chance = [span for span in found if span.stop - span.start < 50]
    assert chance == []
    assert [(span.stream, span.stop - span.start, span.source) for span in found] == [
        (80 + n, 49 + n, n) for n in range(1, 40)
    ]


def test_a_span_says_where_it_stands_and_where_it_comes_from():
    line = np.arange(60)
    assert repeated_spans([line, np.arange(100, 105), np.append([7, 7], line)]) == [Span(2, 2, 62, 0)]
    assert repeated_spans([]) == []
    assert repeated_spans([line[:49], line[:49]]) == []
    # A match never crosses from one stream to the next.
    assert repeated_spans([line[:30], line[30:], line]) == []


def test_equal_images_and_re_encoded_images_are_found():
    found = coloured_shapes(Plan(n=60, seed=2)).images
    rng = np.random.default_rng(0)
    noisy = np.clip(found[:20] + rng.integers(-3, 4, size=found[:20].shape), 0, 255).astype(np.uint8)
    result = image_duplicates(np.concatenate([found, found[20:40], noisy, noisy[:5]]))
    assert [group[0] for group in result.groups] == list(range(40))
    assert result.sizes == {3: 5, 2: 35}
    assert result.removed.tolist() == list(range(60, 105))


def test_no_two_ordinary_digits_are_duplicates():
    assert image_duplicates(digits().images).groups == ()


def test_small_dots_on_a_large_ground_are_not_duplicates():
    images = np.zeros((50, 64, 64, 1), np.uint8)
    for row in range(50):
        images[row, row, row, 0] = 255
    # Their difference is 2.2 hundredths of the range at most, but as large as all they show.
    assert image_duplicates(images).groups == ()


def test_images_kept_equal_those_that_comparing_all_with_all_keeps():
    rng = np.random.default_rng(3)
    images = rng.integers(256, size=(150, 6, 6, 3)).astype(np.uint8)
    copies = images[rng.integers(150, size=500)].astype(int)
    images = np.concatenate(
        [
            images,
            np.clip(copies + rng.normal(0, rng.uniform(0, 7, size=(500, 1, 1, 1)), copies.shape), 0, 255).astype(
                np.uint8
            ),
        ]
    )
    flat = images.reshape(len(images), -1).astype(float)
    distance = np.stack([np.sqrt(np.mean((flat - one) ** 2, axis=1)) for one in flat])
    limit = np.minimum(RANGE_SHARE * 255, CONTRAST_SHARE * flat.std(axis=1))
    alike = distance <= np.minimum(limit[:, None], limit)
    found = image_duplicates(images)
    kept = sorted(set(range(len(images))) - set(found.removed.tolist()))
    assert kept == kept_by_naive(lambda a, b: alike[a, b], len(images))
    assert 150 < len(kept) < 500
    assert image_duplicates(images[kept]).groups == ()


def test_records_with_images_are_compared_by_image_alone():
    shapes = coloured_shapes(Plan(n=30))
    assert duplicates(shapes).groups == ()
    assert duplicates(shapes.take([])).removed.tolist() == []


@pytest.mark.parametrize("package", ["datasketch", "pydivsufsort"])
def test_a_missing_package_names_the_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*rai-harness\[train\]"):
        text_duplicates([prose(random.Random(0), 120)])
