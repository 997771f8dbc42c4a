"""Tasks of lm-eval: what is asked of whom, what becomes of replies, and what a user is told."""

from __future__ import annotations

import json
from math import exp, log

import numpy as np
import pytest

from harness.backends.control import Control
from harness.canonical import digest
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.data import load
from harness.errors import DataError, NotApplicableError, UsageError
from harness.judge import judge_cases
from harness.records import (
    Absence,
    Capability,
    ContinuationScore,
    Estimate,
    Finish,
    GenerateAsk,
    Outcome,
    Reply,
    ScoreAsk,
    Windows,
)
from harness.registry import Registry
from harness.tasks import names
from harness.tasks.names import find
from harness.tasks.outline import read_outline
from probes.utility.tasks import Tasks
from probes.utility.tasks_card import DEFAULT, DEFAULT_MEASURES

# lm-eval and what it imports warn about their own future.
pytestmark = pytest.mark.filterwarnings("default")

BOTH = frozenset({Capability.GENERATE, Capability.SCORE})
RTE = [{"sentence1": f"One {n}.", "sentence2": f"Two {n}.", "label": n % 2, "idx": n} for n in range(48)]
GSM = [{"question": f"How many are {n}?", "answer": f"Some.\n#### {n}"} for n in range(48)]
PAGES = [{"page": f"Page {n} has {'some ' * (n % 5)}words."} for n in range(48)]
WINO = [
    {
        "sentence": f"The cat sat on the mat {n} because _ was tired.",
        "option1": "the cat",
        "option2": "mats",
        "answer": "1",
    }
    for n in range(48)
]


def table(rows):
    return Dataset("rows", "1", digest(rows), "unknown", rows, "file")


def cases_of(probe, rows, items=None, abilities=BOTH):
    return list(probe.cases(table(rows), Budget(items, 0, probe.card.needs[0], abilities)))


def put(probe, rows, respond):
    cases = cases_of(probe, rows)
    judged = judge_cases(probe, cases, [respond(case) for case in cases], {})
    return {result.metric.rpartition(":")[2]: result for result in probe.summarise(judged)}, judged


def scores(*totals, greedy=False):
    return Reply(Finish.STOP, scores=tuple(ContinuationScore((total,), (0,), greedy) for total in totals))


# ── asks ──────────────────────────────────────────────────────────────────────────────────


def test_choices_after_one_context_are_one_ask():
    (case, *_) = cases_of(Tasks(task="rte"), RTE)
    assert case.ask == ScoreAsk("One 0.\nQuestion: Two 0. True or False?\nAnswer:", (" True", " False"))
    assert (case.id, case.cluster) == ("document-000000/0", "document-000000")


def test_choices_that_are_part_of_what_is_given_are_asks_of_one_document():
    cases = cases_of(Tasks(task="winogrande"), WINO)
    assert [case.ask.context for case in cases[:2]] == [
        "The cat sat on the mat 0 because the cat",
        "The cat sat on the mat 0 because mats",
    ]
    assert {case.ask.continuations for case in cases[:2]} == {(" was tired.",)}
    assert cases[0].cluster == cases[1].cluster


def test_a_whole_text_is_read_in_windows_and_text_is_written_by_the_tasks_settings():
    (page, *_) = cases_of(Tasks(task="wikitext"), PAGES)
    assert page.ask == ScoreAsk("", ("Page 0 has words.",), Windows())
    (question, *_) = cases_of(Tasks(task="gsm8k", num_fewshot=0), GSM)
    assert question.ask == GenerateAsk(
        "Question: How many are 0?\nAnswer:",
        chat=False,
        max_tokens=256,
        stop=("Question:", "</s>", "<|im_end|>"),
    )
    (chatting, *_) = cases_of(Tasks(task="gsm8k", num_fewshot=0, chat=True), GSM)
    assert chatting.ask.chat


def test_the_first_documents_are_the_limit_and_a_run_draws_from_them():
    assert [case.id for case in cases_of(Tasks(task="rte", limit=3), RTE)] == [
        f"document-{number:06d}/0" for number in range(3)
    ]
    few, more = (cases_of(Tasks(task="rte"), RTE, items=items) for items in (10, 30))
    assert {case.id for case in few} < {case.id for case in more}
    assert max(int(case.id[9:15]) for case in few) > 10


def test_documents_that_share_a_column_are_one_unit():
    rows = [{**row, "sentence1": f"One {n // 4}."} for n, row in enumerate(RTE)]
    cases = cases_of(Tasks(task="rte", cluster="sentence1"), rows)
    assert len({case.cluster for case in cases}) == 12
    assert not any("One" in case.cluster for case in cases)
    found, _ = put(Tasks(task="rte", cluster="sentence1"), rows, lambda _: scores(-1.0, -2.0))
    assert found["acc"].interval.n == 12
    with pytest.raises(DataError, match="row 1: there is no column 'passage'"):
        cases_of(Tasks(task="rte", cluster="passage"), RTE)


# ── replies ───────────────────────────────────────────────────────────────────────────────


def test_a_choice_is_judged_as_lm_eval_judges_it():
    found, judged = put(Tasks(task="rte"), RTE, lambda _: scores(-1.0, -2.0))
    assert found["acc"].interval.value == 0.5
    assert found["acc"].null == pytest.approx(0.5)
    assert [its.score.values["acc"] for its in judged[:3]] == [1.0, 0.0, 1.0]
    # A tie goes to the first choice, as in lm-eval, and that is said on the card.
    tied, _ = put(Tasks(task="rte"), RTE, lambda _: scores(-1.0, -1.0))
    assert tied["acc"].interval.value == 0.5


def test_a_document_of_several_asks_is_scored_once_and_lost_with_any_of_them():
    def respond(case):
        if case.id == "document-000003/1":
            return Reply(Finish.TOO_LONG, error="900 tokens")
        return scores(-1.0 if "the cat was" in case.ask.context + case.ask.continuations[0] else -2.0)

    found, judged = put(Tasks(task="winogrande"), WINO, respond)
    assert (found["acc"].counts.asked, found["acc"].counts.scored, found["acc"].counts.truncated) == (48, 47, 1)
    assert found["acc"].interval.value == 1.0
    lost = [its.score for its in judged if its.case.id.startswith("document-000003/")]
    assert [score.outcome for score in lost] == [Outcome.TRUNCATED, Outcome.TRUNCATED]
    assert lost[0].note == "another ask of the document: 900 tokens"
    alone = Tasks(task="winogrande")
    assert alone.judge(judged[0].case, scores(-1.0), {}).outcome is Outcome.UNREADABLE


def test_replies_go_through_the_tasks_filters_and_what_stands_behind_a_stop_is_no_part_of_them():
    def respond(case):
        number = int(case.id[9:15])
        text = {0: f"It is {number}", 1: f"#### {number}", 2: "", 3: f"#### {number} Question: #### 99"}[number % 4]
        return Reply(Finish.STOP, text=text)

    found, judged = put(Tasks(task="gsm8k", num_fewshot=0), GSM, respond)
    assert found["exact_match,strict-match"].interval.value == 0.5
    assert found["exact_match,flexible-extract"].interval.value == 0.75
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}


def test_whole_texts_have_bits_per_byte_and_perplexities():
    def respond(case):
        return scores(-2.0 * log(2) * len(case.ask.continuations[0].encode()))

    found, judged = put(Tasks(task="wikitext"), PAGES, respond)
    assert found["bits_per_byte"].interval.value == pytest.approx(2.0)
    assert found["byte_perplexity"].interval.value == pytest.approx(4.0)
    words = sum(len(its.case.ask.continuations[0].split()) for its in judged)
    size = sum(len(its.case.ask.continuations[0].encode()) for its in judged)
    assert found["word_perplexity"].interval.value == pytest.approx(exp(2 * log(2) * size / words))
    assert set(judged[0].score.values) == {
        f"{name}[{place}]" for name in ("word_perplexity", "byte_perplexity", "bits_per_byte") for place in (0, 1)
    }


def test_a_metric_of_all_documents_has_an_interval_over_them():
    rows = [{"sentence": f"So {n}.", "label": n % 2, "idx": n} for n in range(60)]
    random = np.random.default_rng(0)
    found, _ = put(Tasks(task="cola"), rows, lambda _: scores(*(-random.random(2))))
    assert found["mcc"].interval.method.startswith("jackknife")
    assert found["mcc"].interval.low < 0 < found["mcc"].interval.high
    few, _ = put(Tasks(task="cola"), rows[:10], lambda _: scores(-1.0, -2.0))
    assert isinstance(few["mcc"], Absence)


def test_functions_of_a_task_that_fail_lose_the_document_and_not_the_run(tmp_path):
    (tmp_path / "fragile.py").write_text(
        "def results(doc, answers):\n    if 'boom' in answers[0]:\n        raise KeyError('boom')\n"
        "    return {'length': len(answers[0]), 'words': answers[0].split()}\n"
    )
    (tmp_path / "fragile.yaml").write_text(
        "task: fragile\ntest_split: test\ndoc_to_text: '{{question}}'\ndoc_to_target: answer\n"
        "process_results: !function fragile.results\n"
        "metric_list:\n  - {metric: length, aggregation: mean, higher_is_better: false}\n"
        "  - {metric: absent, aggregation: mean, higher_is_better: true}\n"
    )
    probe = Tasks(task="fragile", include_path=str(tmp_path))

    def respond(case):
        return Reply(Finish.STOP, text="boom" if case.id.startswith("document-000001") else "four")

    found, judged = put(probe, GSM, respond)
    assert found["length"].interval.value == 4.0
    assert (found["length"].counts.scored, found["length"].counts.unreadable) == (47, 1)
    assert judged[1].score.note == "fragile fails on it: KeyError: 'boom'"
    assert json.loads(judged[0].score.note) == {"words": ["four"]}
    assert isinstance(found["absent"], Absence)


# ── users ─────────────────────────────────────────────────────────────────────────────────


def test_the_task_that_ships_is_the_one_on_the_card():
    outline = read_outline(find(DEFAULT))
    assert outline.measures == DEFAULT_MEASURES
    assert Tasks().card.datasets == (DEFAULT,)
    assert Tasks().card == Tasks(task=DEFAULT).card


def test_the_card_follows_from_the_task():
    card = Tasks(task="gsm8k").card
    assert [metric.name for metric in card.metrics] == [
        "utility.tasks/gsm8k:exact_match,strict-match",
        "utility.tasks/gsm8k:exact_match,flexible-extract",
    ]
    assert card.needs == (Capability.GENERATE,)
    assert Tasks(task="rte").card.needs == (Capability.SCORE,)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"task": "rtee"}, "Did you mean"),
        ({"task": "glue"}, "Name one: cola"),
        ({"task": "humaneval"}, "runs code that the model writes"),
        ({"limit": 0}, "at least 1"),
        ({"num_fewshot": -1}, "at least 0"),
    ],
)
def test_settings_that_cannot_be_had_are_refused_before_anything_is_asked(settings, says):
    with pytest.raises(UsageError, match=says):
        Registry().create("probe", "utility.tasks", settings)


def test_without_lm_eval_the_task_that_ships_does_not_apply_and_others_say_what_to_install(monkeypatch):
    for module in (names, __import__("probes.utility.tasks", fromlist=["installed"])):
        monkeypatch.setattr(module, "installed", lambda: None)
    with pytest.raises(NotApplicableError, match=r"pip install 'rai-harness\[lm-eval\]'"):
        cases_of(Tasks(), load(DEFAULT).rows)
    with pytest.raises(UsageError, match=r"pip install 'rai-harness\[lm-eval\]'"):
        Tasks(task="rte")


def test_a_model_that_cannot_do_what_the_task_asks_is_told_so():
    probe = Tasks(task="rte")
    with pytest.raises(NotApplicableError, match="asks the model to score"):
        list(probe.cases(table(RTE), Budget(None, 0, Capability.GENERATE)))


# ── controls ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("task", "rows", "settings"),
    [
        ("rte", RTE, {}),
        ("winogrande", WINO, {}),
        ("wikitext", PAGES, {}),
        ("lambada_openai", [{"text": f"{row['question']} and then some"} for row in GSM], {}),
        ("cola", [{"sentence": f"So {n}.", "label": n % 2, "idx": n} for n in range(48)], {}),
        ("gsm8k", GSM, {"num_fewshot": 0}),
    ],
)
def test_controls_of_every_kind_of_task_pass(task, rows, settings):
    probe = Tasks(task=task, **settings)
    cases = cases_of(probe, rows)
    results = run_controls(probe, cases, 1, lambda _: {})
    assert {result.passed for result in results} <= {True, None}
    assert all(isinstance(result.estimate, Estimate) for result in results)
    assert sum(result.passed is True for result in results) == {"cola": 1, "gsm8k": 0}.get(task, 2)


def test_the_scripted_model_guesses_and_is_found_to():
    backend = Control(seed=3)
    found, judged = put(Tasks(), load(DEFAULT).rows, lambda case: backend.answer([case.ask])[0])
    interval = found["acc"].interval
    assert interval.low <= 1 / 3 <= interval.high
    assert len(judged) == 64
