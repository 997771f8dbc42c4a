"""What was promised beside what was measured: each outcome in words, and on the page."""

from __future__ import annotations

import pytest

from harness.report.template import environment
from harness.stats.rates import proportion
from harness.study.promises import Kept, Promise, rows, told


def promise(kept, wrong=0, given=40, *, seed=1, threshold=0.8, dose=0.2):
    risk = proportion(wrong, given, method="clopper-pearson") if given else None
    place = f"deferral-dose1-seed{seed}"
    return Promise(place, "deferral", dose, seed, 0.2, 0.05, threshold, 90, 0.5, 80, given, risk, kept)


NOTHING = promise(Kept.NOTHING, given=0, seed=2, threshold=None)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            [promise(Kept.KEPT, 4), promise(Kept.BROKEN, 20, seed=3)],
            (
                "Deferral at 0.2 promised, 95 % sure, that at most 20 of 100 of the answers given are wrong. Measured"
                " on other questions: 4 of 40 answers with seed 1, as promised; 20 of 40 answers with seed 3, more than"
                " promised."
            ),
        ),
        (
            [promise(Kept.OPEN, 9), NOTHING],
            (
                "Deferral at 0.2 promised, 95 % sure, that at most 20 of 100 of the answers given are wrong. Measured"
                " on other questions: 9 of 40 answers with seed 1, more than promised, which may be chance. Nothing"
                " could be certified with seed 2: every question was handed over there."
            ),
        ),
        (
            [NOTHING],
            (
                "Deferral at 0.2: that at most 20 of 100 of the answers given are wrong could not be certified, 95 %"
                " sure, with seed 2: every question was handed over."
            ),
        ),
        (
            [promise(Kept.UNSEEN, given=0, dose=None)],
            (
                "Deferral promised, 95 % sure, that at most 20 of 100 of the answers given are wrong. Measured on other"
                " questions: no answer was given that could show it."
            ),
        ),
    ],
)
def test_each_outcome_is_told_in_one_sentence_for_a_dose(made, sentence):
    assert told(made, {"deferral": "Deferral"}) == [sentence]


def test_the_page_shows_a_line_for_each_promise_with_its_interval():
    made = [promise(Kept.KEPT, 4), promise(Kept.BROKEN, 20, seed=3), NOTHING]
    page = (
        environment()
        .get_template("promises.html.j2")
        .render(promised=told(made, {"deferral": "<b>Deferral"}), promise_rows=rows(made))
    )
    assert page.count('<tr role="row">') == 4
    for text in ("40 of 80", "10 of 100", "as promised", "50 of 100", "all handed over", "clopper-pearson; n = 40"):
        assert text in page
    assert "&lt;b&gt;Deferral" in page
