from __future__ import annotations

from random import Random

import pytest

from harness.stats.citations import Statement, precision, recall

# Six statements with eight citations, written out by hand: four are borne out, five citations belong where they stand.
SIX = (
    Statement(together=True, alone=(True,), without=(False,)),  # one source, and it says so
    Statement(together=True, alone=(False, False), without=(False, False)),  # half from each of two
    Statement(together=True, alone=(True, False), without=(False, True)),  # the second adds nothing
    Statement(together=True, alone=(True,), without=(False,)),
    Statement(together=False, alone=(False, False), without=(False, False)),  # two sources that do not say it
    Statement(together=False),  # no source at all
)


def test_the_worked_example_has_a_recall_of_four_in_six_and_a_precision_of_five_in_eight():
    assert recall(SIX) == (4, 6)
    assert precision(SIX) == (5, 8)


def test_two_sources_that_each_suffice_are_both_in_place():
    assert Statement(together=True, alone=(True, True), without=(True, True)).precise == (True, True)


def test_shuffled_citations_support_no_more_than_chance():
    # Each of 200 statements is borne out by its own source alone; the sources are handed out at random.
    random = Random(0)
    places = list(range(200))
    random.shuffle(places)
    shuffled = [
        Statement(together=at == place, alone=(at == place,), without=(False,)) for at, place in enumerate(places)
    ]
    assert recall(shuffled)[0] <= 5
    assert recall([Statement(together=True, alone=(True,), without=(False,))] * 200) == (200, 200)


def test_nothing_said_is_nothing_counted():
    assert (recall([]), precision([])) == ((0, 0), (0, 0))


def test_verdicts_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match="two verdicts"):
        Statement(together=True, alone=(True,))
    with pytest.raises(ValueError, match="borne out by none"):
        Statement(together=True)
