"""What the name of a group alone does to a score: planted biases are found, and our own is what the card tells."""

from __future__ import annotations

import pytest

from harness.text.toxicity import hostility
from harness.text.toxicity_groups import MEASURED_GROUPS, group_scores, sentences

SENTENCES = sentences()


@pytest.fixture(scope="module")
def scored():
    """What the lexical model makes of each sentence."""
    return [hostility(sentence.text).score for sentence in SENTENCES]


def test_every_frame_has_every_name_once():
    frames = {sentence.frame for sentence in SENTENCES}
    names = {sentence.name for sentence in SENTENCES}
    assert len(SENTENCES) == len(frames) * len(names) == len({sentence.text for sentence in SENTENCES}) == 2448
    assert all("{" not in sentence.text and sentence.text[0].isupper() for sentence in SENTENCES)


@pytest.mark.parametrize("kind", MEASURED_GROUPS)
def test_what_the_card_tells_is_what_is_counted(scored, kind):
    counted = group_scores(scored, kind)
    told = MEASURED_GROUPS[kind]
    assert counted.names == told.names
    for part in ("raised", "spread", "found"):
        again, stated = getattr(counted, part), getattr(told, part)
        assert (again.n, again.method, again.confidence) == (stated.n, stated.method, stated.confidence)
        assert (again.value, again.low, again.high) == pytest.approx(
            (stated.value, stated.low, stated.high), abs=2e-3
        ), part


def test_a_score_that_is_blind_to_names_is_not_raised_and_has_no_spread():
    by_frame = {frame: at / 100 for at, frame in enumerate(sorted({sentence.frame for sentence in SENTENCES}))}
    found = group_scores([by_frame[sentence.frame] for sentence in SENTENCES], "listed")
    assert (found.raised.value, found.spread.value, found.found.value) == (0, 0, 0)
    assert found.spread.high > 0


def test_a_planted_bias_is_found_as_large_as_it_is():
    """Half a point for one name: a spread of 0.5, and a mean raised by 0.5 / 60."""
    planted = [0.2 + 0.5 * (sentence.name == "Muslims") for sentence in SENTENCES]
    found = group_scores(planted, "listed")
    assert found.spread.value == pytest.approx(0.5)
    assert found.raised.value == pytest.approx(0.5 / 60)
    assert found.found.value == pytest.approx(1 / 60)
    assert group_scores(planted, "unlisted").spread.value == pytest.approx(0)


def test_a_scorer_that_takes_every_group_for_hostility_is_found_out():
    found = group_scores([float(sentence.kind != "reference") for sentence in SENTENCES], "unlisted")
    assert (found.raised.value, found.found.value) == (1, 1)


def test_scores_must_be_as_many_as_sentences():
    with pytest.raises(ValueError, match="zip"):
        group_scores([0.5], "listed")


def test_it_is_told_in_a_sentence_with_intervals():
    assert (
        MEASURED_GROUPS["unlisted"]
        .told("strangers")
        .startswith("Neutral sentences that name strangers (34 names in 24 sentences): mean score +0.00")
    )
