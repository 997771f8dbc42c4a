"""Our log-likelihoods, and the metrics made of them, beside lm-eval 0.4.13's ``hf`` model on its own requests.

Both sides read the same safetensors in float32 on the CPU. lm-eval builds the requests from its own task files and the
benchmarks' rows, so context, delimiter and continuation are its doing; we only answer them. Its token-by-token reading
of the few-shot primer for every option makes this minutes of work.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from importlib.resources import files
from itertools import groupby

import numpy as np
import pytest

from harness.contracts import Budget
from harness.data import load
from harness.records import Absence, Capability, Finish, Judged, Reply, ScoreAsk
from probes.bias.preference import preference
from probes.bias.question_answering import QuestionAnswering
from probes.hallucination.truthfulness import mc1, mc2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.benchmarks,
    pytest.mark.timeout(3600),
    # lm-eval and what it imports warn about their own future; our code runs under the same filter elsewhere.
    pytest.mark.filterwarnings("default"),
]

PAIRS = 200
QUESTIONS = 60
BBQ = ("Age", "Disability_status", "Nationality", "Physical_appearance", "Religion", "Sexual_orientation")
OF_EACH = 4
"""Rows of each category of BBQ, the first: one template, ambiguous and not, with both questions."""


def crows_rows(benchmarks):
    """The first pairs, as lm-eval's data set names the columns."""
    with (benchmarks / "crows-pairs/crows_pairs_anonymized.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[:PAIRS]
    return [{key: row[key] for key in ("sent_more", "sent_less", "bias_type")} for row in rows]


def truthful_rows(benchmarks):
    """The questions with the fewest options (lm-eval reads the primer anew for each), in file order."""
    rows = json.loads((benchmarks / "truthfulqa/mc_task.json").read_text("utf-8"))
    sizes = [len({*row["mc1_targets"], *row["mc2_targets"]}) for row in rows]
    chosen = sorted(sorted(range(len(rows)), key=lambda n: (sizes[n], n))[:QUESTIONS])

    def column(targets):
        return {"choices": list(targets), "labels": list(targets.values())}

    return [
        {"question": row["question"], **{f"{name}_targets": column(row[f"{name}_targets"]) for name in ("mc1", "mc2")}}
        for row in (rows[n] for n in chosen)
    ]


def bbq_rows():
    """The first rows of each category, as published."""
    return [row for name in BBQ for row in load(f"bbq:data/{name}.jsonl.gz").rows[:OF_EACH]]


def task(name, folder, rows, split):
    """lm-eval's own task of that name, on ``rows``."""
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    import datasets

    config = load_yaml(files("lm_eval") / "tasks" / folder / f"{name}.yaml", resolve_func=True)
    data = {split: datasets.Dataset.from_list(rows)}
    made = ConfigurableTask(config={**config, "tag": None, "custom_dataset": lambda **_: data})
    made.build_all_requests()
    return made


@pytest.fixture(scope="module")
def both(real_model):
    """Return a function that answers a task's requests on both sides, each distinct one once."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    from harness.backends.huggingface import HuggingFace

    theirs = HFLM(pretrained=str(real_model), device="cpu", dtype="float32", batch_size=8)
    ours = HuggingFace(str(real_model), device="cpu", dtype="float32")
    assert ours.identity().details["scoring"] == "tree-1"

    def answer(requests):
        distinct = list(dict.fromkeys(requests))
        instances = [Instance("loglikelihood", {}, request, number) for number, request in enumerate(distinct)]
        expected = dict(zip(distinct, theirs.loglikelihood(instances, disable_tqdm=True), strict=True))
        asks = [
            ScoreAsk(context, tuple(continuation for _, continuation in group))
            for context, group in groupby(distinct, key=lambda request: request[0])
        ]
        found = {}
        for ask, reply in zip(asks, ours.answer(asks), strict=True):
            assert reply.finish is Finish.STOP
            for continuation, score in zip(ask.continuations, reply.scores, strict=True):
                found[ask.context, continuation] = score
        return expected, found

    yield answer
    ours.close()


def assert_equal_log_likelihoods(expected, found):
    assert found.keys() == expected.keys()
    worst = max(abs(found[request].total - expected[request][0]) for request in expected)
    print(f"{len(expected)} log-likelihoods, largest difference {worst:.2g} nats")
    assert worst <= 1e-3
    assert [found[request].greedy for request in expected] == [greedy for _, greedy in expected.values()]


def processed(made, found):
    """Per document: the document, our scores of its requests, and lm-eval's own metric when fed with them."""
    ordered = sorted(made.instances, key=lambda instance: (instance.doc_id, instance.idx))
    for _, instances in groupby(ordered, key=lambda instance: instance.doc_id):
        its = list(instances)
        scores = [found[instance.args] for instance in its]
        fed = [(score.total, score.greedy) for score in scores]
        yield its[0].doc, scores, made.process_results(its[0].doc, fed)


@pytest.fixture(scope="module")
def crows(benchmarks, both):
    made = task("crows_pairs_english", "crows_pairs", crows_rows(benchmarks), "test")
    return made, *both([instance.args for instance in made.instances])


@pytest.fixture(scope="module")
def truthful(benchmarks, both):
    rows = truthful_rows(benchmarks)
    made = {name: task(f"truthfulqa_{name}", "truthfulqa", rows, "validation") for name in ("mc1", "mc2")}
    requests = sorted({instance.args for each in made.values() for instance in each.instances})
    return made, *both(requests)


@pytest.fixture(scope="module")
def bbq(benchmarks, both):
    """lm-eval's task, our cases of the same rows, and the likelihoods of its requests on both sides."""
    rows = bbq_rows()
    columns = ("context", "question", "ans0", "ans1", "ans2", "answer_info", "additional_metadata", "label")
    kept = [{key: row[key] for key in (*columns, "category", "context_condition", "question_polarity")} for row in rows]
    made = task("bbq_multiple_choice", "bbq", kept, "test")
    data = replace(load("bbq:data/Age.jsonl.gz"), rows=rows)
    cases = list(QuestionAnswering(convention="lm-eval").cases(data, Budget(None, 0, Capability.SCORE)))
    return made, cases, *both([instance.args for instance in made.instances])


def test_crows_pairs_log_likelihoods_are_those_of_lm_eval(crows):
    _, expected, found = crows
    assert len(expected) >= 2 * PAIRS - 4  # some sentences stand in two pairs
    assert_equal_log_likelihoods(expected, found)


def test_truthfulqa_log_likelihoods_are_those_of_lm_eval(truthful):
    _, expected, found = truthful
    assert len({context for context, _ in expected}) == QUESTIONS
    assert_equal_log_likelihoods(expected, found)


def test_the_share_of_stereotypes_is_that_of_lm_eval_where_no_pair_is_tied(crows):
    made, _, found = crows
    rows = list(processed(made, found))
    ours = [preference((doc["sent_more"], doc["sent_less"]), scores) for doc, scores, _ in rows]
    theirs = float(np.mean([metrics["pct_stereotype"] for _, _, metrics in rows]))
    assert float(np.mean([one["prefers_lm_eval"] for one in ours])) == pytest.approx(theirs, abs=1e-9)
    # A tie counts one half with us and nothing with lm-eval: the only difference there may be.
    ties = sum(one["difference"] == 0 for one in ours)
    assert float(np.mean([one["prefers"] for one in ours])) - ties / 2 / len(rows) == pytest.approx(theirs, abs=1e-9)
    distances = [metrics["likelihood_diff"] for _, _, metrics in rows]
    assert [one["distance"] for one in ours] == pytest.approx(distances, abs=1e-9)


def test_mc1_is_that_of_lm_eval_given_equal_log_likelihoods(truthful):
    made, _, found = truthful
    for _, scores, metrics in processed(made["mc1"], found):
        totals = [score.total for score in scores]
        # The true option comes first, and with lm-eval wins every tie; with us it would share the credit.
        assert totals.count(max(totals)) == 1
        assert mc1(totals, 0, range(len(totals))) == pytest.approx(float(metrics["acc"]), abs=1e-9)


def test_mc2_is_that_of_lm_eval_given_equal_log_likelihoods(truthful):
    made, _, found = truthful
    for doc, scores, metrics in processed(made["mc2"], found):
        totals = [score.total for score in scores]
        true = [place for place, label in enumerate(doc["mc2_targets"]["labels"]) if label == 1]
        # Exponentials of raw sums vanish below -745 nats; none of these options is that long.
        assert math.isfinite(metrics["acc"])
        assert mc2(totals, true) == pytest.approx(float(metrics["acc"]), abs=1e-9)


def test_where_lm_eval_breaks_ties_and_underflows_ours_shares_and_does_not(truthful):
    doc = {"mc1_targets": {"choices": ["a", "b"]}, "mc2_targets": {"choices": ["a", "b"], "labels": [1, 0]}}
    tied = truthful[0]["mc1"].process_results({**doc, "question": "?"}, [(-3.0, False), (-3.0, False)])["acc"]
    assert (tied, mc1([-3.0, -3.0], 0, range(2))) == (1.0, 0.5)
    with np.errstate(invalid="ignore"):
        long = truthful[0]["mc2"].process_results(doc, [(-800.0, False), (-801.0, False)])["acc"]
    assert math.isnan(long)
    assert mc2([-800.0, -801.0], [0]) == pytest.approx(0.731058578630, abs=1e-9)


def test_bbq_asks_what_lm_eval_asks_and_its_log_likelihoods_are_those_of_lm_eval(bbq):
    made, cases, expected, found = bbq
    assert len(cases) == len(BBQ) * OF_EACH
    assert {(case.ask.context, text) for case in cases for text in case.ask.continuations} == {
        (instance.args[0], instance.args[1]) for instance in made.instances
    }
    assert_equal_log_likelihoods(expected, found)


def test_bbq_scores_are_those_of_lm_eval_given_its_log_likelihoods(bbq):
    made, cases, expected, found = bbq
    probe = QuestionAnswering(convention="lm-eval")
    documents = [metrics for _, _, metrics in processed(made, found)]
    # Ours are made of our own reading, theirs of theirs: no choice may hang on the last digits.
    ordered = sorted(made.instances, key=lambda instance: (instance.doc_id, instance.idx))
    theirs = [
        made.process_results(its[0].doc, [expected[instance.args] for instance in its])
        for its in (list(group) for _, group in groupby(ordered, key=lambda instance: instance.doc_id))
    ]
    assert documents == theirs
    judged = [
        Judged(case, probe.judge(case, Reply(Finish.STOP, scores=scores), {}))
        for case in cases
        for scores in [tuple(found[case.ask.context, text] for text in case.ask.continuations)]
    ]
    ours = {(its.metric.partition("/")[2], *its.slice.values()): its for its in probe.summarise(judged)}
    pooled = {name: float(pool([its[name] for its in theirs])) for name, pool in made.aggregation().items()}
    for name, its in {
        "accuracy_lm_eval": "acc",
        "accuracy_ambiguous_lm_eval": "accuracy_amb",
        "accuracy_disambiguated_lm_eval": "accuracy_disamb",
        "bias_ambiguous_lm_eval": "amb_bias_score",
        "bias_disambiguated_lm_eval": "disamb_bias_score",
    }.items():
        assert ours[name,].interval.value == pytest.approx(pooled[its], abs=1e-9)
    for category in BBQ:
        for name, its in (("ambiguous", "amb"), ("disambiguated", "disamb")):
            one, other = ours[f"bias_{name}_lm_eval", category], pooled[f"{its}_bias_score_{category}"]
            # Where nothing was answered with a person there is no number with us, and none with them.
            assert (
                math.isnan(other) if isinstance(one, Absence) else one.interval.value == pytest.approx(other, abs=1e-9)
            )
