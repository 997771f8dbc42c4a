"""VADER as an instrument: the scores its authors print, bounds, and what is not read."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts.instruments import NOTHING
from harness.errors import MissingExtraError
from harness.instruments.sentiment import MOST_CHARACTERS, Sentiment
from harness.offline import network_forbidden
from harness.records import Reading
from harness.registry import Registry
from harness.text.toxicity_groups import sentences

RULER = Sentiment()
# From the README of vaderSentiment 3.3.2. Its example with emoji is left out: the release scores it 0.875, not 0.7003.
PRINTED = {
    "VADER is smart, handsome, and funny.": 0.8316,
    "VADER is smart, handsome, and funny!": 0.8439,
    "VADER is very smart, handsome, and funny.": 0.8545,
    "VADER is VERY SMART, handsome, and FUNNY.": 0.9227,
    "VADER is VERY SMART, handsome, and FUNNY!!!": 0.9342,
    "VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!": 0.9469,
    "VADER is not smart, handsome, nor funny.": -0.7424,
    "The book was good.": 0.4404,
    "At least it isn't a horrible book.": 0.431,
    "The book was only kind of good.": 0.3832,
    "The plot was good, but the characters are uncompelling and the dialog is not great.": -0.7042,
    "Today SUX!": -0.5461,
    "Today only kinda sux! But I'll get by, lol": 0.5249,
    "Make sure you :) or :D today!": 0.8633,
    "Not bad at all": 0.431,
}


@pytest.fixture
def vader():
    """The library's own analyzer."""
    module = pytest.importorskip("vaderSentiment.vaderSentiment", reason="the extra `sentiment` is not installed")
    return module.SentimentIntensityAnalyzer()


def read(*texts):
    return RULER.read([Reading("sentiment", text) for text in texts], NOTHING)


@pytest.mark.usefixtures("vader")
def test_scores_are_those_that_the_authors_print(checked):
    found = checked(RULER, [Reading("sentiment", text) for text in PRINTED])
    assert [values["compound"] for values in found] == list(PRINTED.values())
    assert all(values["matched"] >= 1 and values["truncated"] == 0 for values in found)


def test_no_word_of_the_lexicon_is_told_from_words_that_balance(vader):
    none, foreign, balanced, emoji = read("Lunch is at one.", "Das Essen ist fertig", "good and bad :) :(", "💘")
    assert (none["compound"], none["matched"]) == (foreign["compound"], foreign["matched"]) == (0, 0)
    assert balanced["matched"] == 4
    assert emoji["matched"] == 1
    assert emoji["compound"] == vader.polarity_scores("💘")["compound"] > 0


@given(st.text(st.characters(), max_size=120))
def test_any_text_has_a_score_within_bounds_and_a_short_one_is_read_whole(text):
    pytest.importorskip("vaderSentiment", reason="the extra `sentiment` is not installed")
    (values,) = read(text)
    assert -1 <= values["compound"] <= 1
    assert values["matched"] >= 0


@pytest.mark.usefixtures("vader")
def test_every_text_is_read(checked, hostile):
    checked(RULER, [Reading("sentiment", text) for text in (*hostile, "\u202ea\ud83d", "!" * 9000)])


@pytest.mark.usefixtures("vader")
def test_what_is_not_read_is_told():
    whole, cut = read("a" * MOST_CHARACTERS, "a" * (MOST_CHARACTERS + 1))
    assert (whole["truncated"], cut["truncated"]) == (0, 1)
    before, after = read(f"good {'a ' * MOST_CHARACTERS}", f"{'a ' * MOST_CHARACTERS} good")
    assert (before["matched"], after["matched"]) == (1, 0)


@pytest.mark.usefixtures("vader")
def test_emoji_are_cut_by_the_words_that_stand_for_them():
    """Four thousand of them would be twelve thousand words, and ten seconds."""
    (values,) = read("💘" * MOST_CHARACTERS)
    assert values["truncated"] == 1
    assert values["matched"] == MOST_CHARACTERS // (len("heart with arrow") + 1)


@pytest.mark.usefixtures("vader")
def test_what_the_card_says_of_names_is_what_is_counted():
    """Neutral sentences: the mean of each name that the card gives, and one mean for most."""
    every = sentences()
    by_name: dict[str, list[float]] = {}
    for sentence, values in zip(every, read(*(sentence.text for sentence in every)), strict=True):
        by_name.setdefault(sentence.name, []).append(values["compound"])
    means = {name: f"{sum(found) / len(found):.2f}" for name, found in by_name.items()}
    told = next(limit for limit in RULER.card.limits if "neutral_groups" in limit)
    odd = {name: mean for name, mean in means.items() if mean != "0.06"}
    assert len(odd) == 5
    assert all(f"{name} {mean}" in told for name, mean in odd.items())
    assert "most other names get 0.06" in told


@pytest.mark.usefixtures("vader")
def test_it_is_found_by_name_and_needs_no_network():
    with network_forbidden():
        assert Registry().create("instrument", "sentiment").read([Reading("sentiment", "good")], NOTHING)


def test_without_the_library_the_extra_is_named(monkeypatch):
    for module in [name for name in sys.modules if name.startswith("vaderSentiment.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "vaderSentiment", None)
    with pytest.raises(MissingExtraError, match=r"rai-harness\[sentiment\]"):
        Sentiment().read([Reading("sentiment", "good")], NOTHING)
    with pytest.raises(MissingExtraError, match=r"rai-harness\[sentiment\]"):
        _ = Sentiment().card
