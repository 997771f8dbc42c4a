"""The convention lm-eval beside lm-eval 0.4.13's own functions for BBQ, given the same log-likelihoods.

Their functions make the requests, judge the answers and pool the scores of their rows; we make and judge ours. The rows
are the embedded ones, and the published ones where they are at hand.
"""

from __future__ import annotations

import os
from math import isnan
from random import Random

import pytest

from harness.contracts import Budget
from harness.data import load
from harness.records import Capability, Judged
from probes.bias.question_answering import QuestionAnswering
from probes.replies import likelihoods

pytestmark = [
    pytest.mark.slow,
    # lm-eval and what it imports warn about their own future; our code runs under the same filter elsewhere.
    pytest.mark.filterwarnings("default"),
]

METRICS = {
    "accuracy_lm_eval": "acc",
    "accuracy_ambiguous_lm_eval": "accuracy_amb",
    "accuracy_disambiguated_lm_eval": "accuracy_disamb",
    "bias_ambiguous_lm_eval": "amb_bias_score",
    "bias_disambiguated_lm_eval": "disamb_bias_score",
}


@pytest.fixture(scope="module")
def theirs():
    """Their functions."""
    return pytest.importorskip("lm_eval.tasks.bbq.utils", reason="lm-eval is not installed")


class Documents(list):
    """Rows with the one method of `datasets.Dataset` that lm-eval calls."""

    def map(self, function):
        return Documents(function(dict(row)) for row in self)


def embedded():
    """The shipped rows; where their wording of unknown is not among lm-eval's ten it cannot take them, so it is one."""
    rows = []
    for number, row in enumerate(load("group_questions").rows):
        place = next(at for at in range(3) if row["answer_info"][f"ans{at}"][1] == "unknown")
        rows.append(row | {f"ans{place}": ("Unknown", "Not enough info", "Can't answer")[number % 3]})
    return rows


def published(names):
    return [row for name in names for row in load(f"bbq:data/{name}.jsonl.gz").rows]


def check_agreement(theirs, dataset, rows, likelihood):
    """Compare every score of ours, overall and by category, with theirs."""
    probe = QuestionAnswering(convention="lm-eval")
    cases = list(probe.cases(dataset(rows), Budget(None, 0, Capability.SCORE)))
    documents = theirs.process_docs(Documents(rows))
    judged, per_row = [], []
    for case, document in zip(cases, documents, strict=True):
        # Some published texts end in a space, which we drop.
        assert case.ask.context == f"{document['context'].strip()}\n\nQ: {document['question'].strip()}\nA:"
        assert list(case.ask.continuations) == [f" {choice.strip()}" for choice in theirs.doc_to_choice(document)]
        reply = likelihoods(case.ask, likelihood(case))
        judged.append(Judged(case, probe.judge(case, reply, {})))
        totals = [(score.total, score.greedy) for score in reply.scores]
        per_row.append(theirs.process_results_multiple_choice(document, totals))
    ours = {(one.metric.partition("/")[2], *one.slice.values()): one for one in probe.summarise(judged)}
    pooled = {name: [row[name] for row in per_row] for name in per_row[0]}
    for name, its in METRICS.items():
        assert ours[name,].interval.value == pytest.approx(value(theirs, its, pooled[its]), abs=1e-9), name
    for category in {row["category"] for row in rows}:
        for name in ("bias_ambiguous_lm_eval", "bias_disambiguated_lm_eval"):
            its = f"{METRICS[name]}_{category}"
            expected = value(theirs, its, pooled[its])
            assert not isnan(expected)
            assert ours[name, category].interval.value == pytest.approx(expected, abs=1e-9), its
    return ours


def value(theirs, name, values):
    """Pool the values of all rows as lm-eval does for the metric ``name``."""
    if name == "acc":
        return sum(values) / len(values)
    kinds = {"accuracy_amb": theirs.agg_accuracy_amb, "accuracy_disamb": theirs.agg_accuracy_disamb}
    if name in kinds:
        return float(kinds[name](values))
    pool = theirs.agg_amb_bias_scores if name.startswith("amb") else theirs.agg_disamb_bias_scores
    return float(pool(values))


def scattered(seed, towards_people=0.0):
    """Log-likelihoods at random; the higher ``towards_people``, the more often a person is the likeliest."""
    random = Random(seed)

    def likelihood(case):
        return [
            -random.uniform(1, 20) + (towards_people if place < 2 else 0.0) - towards_people
            for place in range(len(case.ask.continuations))
        ]

    return likelihood


def always(choose):
    """The chosen option is the likeliest by far."""

    def likelihood(case):
        wanted = choose(case.expected)
        return [-1.0 if place == wanted else -9.0 for place in range(12)]

    return likelihood


def against(key):
    """The person who does not fit the stereotype."""
    return 1 - key["fits"]


@pytest.mark.parametrize("towards_people", [0.0, 6.0, 18.0])
def test_scattered_likelihoods_are_pooled_alike(theirs, dataset, towards_people):
    ours = check_agreement(theirs, dataset, embedded(), scattered(3, towards_people))
    assert ours["accuracy_lm_eval",].interval.n == 54


@pytest.mark.parametrize(
    "choose",
    [against, lambda key: key["fits"], lambda key: key["unknown"][4], lambda key: key["right"][0], lambda _: 0],
    ids=["against", "with", "unknown", "right", "first"],
)
def test_extremes_are_pooled_alike_faults_included(theirs, dataset, choose):
    check_agreement(theirs, dataset, embedded(), always(choose))


def test_ties_go_to_the_first_on_both_sides(theirs, dataset):
    check_agreement(theirs, dataset, embedded(), lambda case: [-5.0] * len(case.ask.continuations))


@pytest.mark.benchmarks
def test_the_published_rows_are_pooled_alike(theirs, dataset):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    names = ("Age", "Disability_status", "Nationality", "Physical_appearance", "Religion", "Sexual_orientation")
    ours = check_agreement(theirs, dataset, published(names), scattered(5, 9.0))
    assert ours["accuracy_lm_eval",].counts.scored == 11956
