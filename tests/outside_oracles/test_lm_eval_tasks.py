"""Metrics of tasks beside lm-eval 0.4.13's own run of them, given the same scripted answers.

Every kind of request is here: choices after one context and in several, cloze, whole texts, and text to be written,
with and without examples, filters and functions of the task's own. The files are lm-eval's, made to read local rows of
the schema of their benchmark; the rows are made up.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from random import Random

import pytest

from harness.canonical import digest, dumps, from_json, loads
from harness.contracts import Budget, Dataset
from harness.contracts.composed import OWN
from harness.judge import judge_cases
from harness.records import Capability, Case, ContinuationScore, Estimate, Finish, Reply, ScoreAsk
from probes.utility.tasks import Tasks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    # lm-eval and what it imports warn about their own future; our code runs under the same filter elsewhere.
    pytest.mark.filterwarnings("default"),
]

DOCUMENTS = 44
BOTH = frozenset({Capability.GENERATE, Capability.SCORE})
WORDS = ("river", "stone", "candle", "window", "garden", "letter", "silver", "button", "market", "winter", "harbour")


def sentence(random, length=8):
    return " ".join(random.choice(WORDS) for _ in range(length)).capitalize()


def rows(make, seed, count=DOCUMENTS):
    return [make(Random(f"{seed}/{number}"), number) for number in range(count)]


def rte(random, number):
    return {
        "sentence1": sentence(random),
        "sentence2": sentence(random, 4),
        "label": random.randrange(2),
        "idx": number,
    }


def cola(random, number):
    return {"sentence": sentence(random, 5), "label": random.randrange(2), "idx": number}


def arc(random, number):
    count = random.choice((3, 4))
    return {
        "id": f"q{number}",
        "question": f"{sentence(random)}?",
        "choices": {
            "text": [sentence(random, random.randint(1, 6)) for _ in range(count)],
            "label": list("ABCD"[:count]),
        },
        "answerKey": random.choice("ABCD"[:count]),
    }


def winogrande(random, number):
    return {
        "sentence": f"The {random.choice(WORDS)} was under the {random.choice(WORDS)} because _ was small {number}.",
        "option1": f"the {random.choice(WORDS)}",
        "option2": f"the {random.choice(WORDS)} there",
        "answer": random.choice("12"),
    }


def lambada(random, number):
    return {"text": f"{sentence(random, 12)} {number} and then the {random.choice(WORDS)}"}


def wikitext(random, number):
    lines = [f" = {sentence(random, 2)} = ", "", f" {sentence(random, 20)} @-@ {number} , ' {sentence(random, 5)} ' . "]
    return {"page": "\n ".join(lines)}


def gsm8k(random, number):
    return {"question": f"{sentence(random)}? {number}", "answer": f"{sentence(random)}.\n#### {random.randint(1, 4)}"}


def questions(random, number):
    return {"question": f"{sentence(random)} {number}?", "answer": random.choice(("3", "4"))}


def several(random, number):
    return {"question": f"{sentence(random)} {number}?", "answers": random.sample(["3", "4", "5"], 2)}


def choices(random, number):
    return {
        "question": f"{sentence(random)} {number}?",
        "options": [sentence(random, 2) for _ in range(3)],
        "gold": number % 3,
    }


# Name → lines of the file beside its data, rows to ask, rows to draw examples from, and settings.
OURS = {
    "written": """
output_type: generate_until
test_split: test
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: answer
generation_kwargs: {until: ["\\n", "."], max_gen_toks: 8}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true}
""",
    "written_several": """
output_type: generate_until
test_split: test
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: answers
generation_kwargs: {until: ["\\n"]}
""",
    "choices_all_metrics": """
output_type: multiple_choice
test_split: test
training_split: train
doc_to_text: "{{question}}"
doc_to_choice: options
doc_to_target: gold
description: "Choose well.\\n\\n"
metric_list:
  - {metric: acc}
  - {metric: acc_norm}
  - {metric: acc_bytes}
  - {metric: acc_mutual_info}
  - {metric: brier_score}
  - {metric: mcc}
""",
    "choices_same_part": """
output_type: multiple_choice
test_split: test
fewshot_split: test
num_fewshot: 2
doc_to_text: "{{question}}"
doc_to_choice: options
doc_to_target: gold
""",
    "cut_text": """
output_type: generate_until
test_split: test
training_split: train
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["Question:"]}
repeats: 3
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
filter_list:
  - name: voted
    filter: [{function: regex, regex_pattern: "([0-9]+)"}, {function: majority_vote}, {function: take_first}]
  - name: first
    filter: [{function: take_first}]
""",
}
THEIRS = {
    "rte": ("glue/rte/default.yaml", rte),
    "cola": ("glue/cola/default.yaml", cola),
    "mrpc": ("glue/mrpc/default.yaml", rte),
    "arc_easy": ("arc/arc_easy.yaml", arc),
    "winogrande": ("winogrande/default.yaml", winogrande),
    "lambada_openai": ("lambada/lambada_openai.yaml", lambada),
    "wikitext": ("wikitext/wikitext.yaml", wikitext),
    "gsm8k": ("gsm8k/gsm8k.yaml", gsm8k),
}
MADE = {"written": questions, "written_several": several, "cut_text": questions}
RUNS = [
    *((name, {}) for name in (*THEIRS, *OURS)),
    ("rte", {"num_fewshot": 3}),
    ("arc_easy", {"num_fewshot": 2, "limit": 25}),
    ("choices_all_metrics", {"num_fewshot": 4}),
    ("gsm8k", {"num_fewshot": 1, "limit": 30}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Task files that read local rows."""
    place = tmp_path_factory.mktemp("tasks")
    for name in (*THEIRS, *OURS):
        make = THEIRS[name][1] if name in THEIRS else MADE.get(name, choices)
        data = {}
        for part in ("train", "validation", "test"):
            data[part] = str(place / f"{name}-{part}.jsonl")
            content = rows(make, f"{name}/{part}")
            (place / f"{name}-{part}.jsonl").write_text("\n".join(map(json.dumps, content)) + "\n")
        head = f"include: {files('lm_eval') / 'tasks' / THEIRS[name][0]}" if name in THEIRS else ""
        local = {"data_files": data}
        text = (
            f"{head}\ntask: {name}_here\ndataset_path: json\ndataset_name: null\ndataset_kwargs: {json.dumps(local)}\n"
        )
        (place / f"{name}.yaml").write_text(text + OURS.get(name, ""))
    return place


def chance(*parts):
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:6], "big") / 2**48


def score(context, continuation):
    """A log-likelihood and whether it is greedy, by the texts alone."""
    return -20 * chance("score", context, continuation), chance("greedy", context, continuation) < 0.4


def whole(text):
    return -5 * len(text) * (0.5 + chance("whole", text))


def text(prompt, time):
    """Something that is now and then the answer, with a stop text in it."""
    number = 1 + int(4 * chance("number", prompt, time))
    return (f"{number}", f" {number}\nnot this", f"So #### {number}. And Question: 9", "")[
        int(4 * chance("form", prompt, time))
    ]


@pytest.fixture(scope="module")
def their_run(folder):
    """Return a function: lm-eval's own results of a task."""
    from lm_eval.api.model import LM
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    class Scripted(LM):
        def loglikelihood(self, requests):
            return [score(*request.args) for request in requests]

        def loglikelihood_rolling(self, requests):
            return [whole(request.args[0]) for request in requests]

        def generate_until(self, requests):
            asked, replies = {}, []
            for request in requests:
                prompt, settings = request.args
                time = asked[prompt] = asked.get(prompt, -1) + 1
                reply = text(prompt, time)
                for stop in settings["until"]:
                    reply = reply.split(stop)[0]
                replies.append(reply)
            return replies

    manager = TaskManager(include_path=str(folder), include_defaults=False)

    def run(name, **settings):
        found = simple_evaluate(Scripted(), tasks=[name], task_manager=manager, bootstrap_iters=0, **settings)
        return found["results"][name]

    return run


def reply_to(ask):
    """The same answers, as a backend gives them."""
    if isinstance(ask, ScoreAsk):
        pairs = [(whole(one), False) if ask.windows else score(ask.context, one) for one in ask.continuations]
        return Reply(Finish.STOP, scores=tuple(ContinuationScore((total,), (0,), greedy) for total, greedy in pairs))
    return Reply(Finish.STOP, text=text(ask.prompt, ask.seed))


def our_run(probe, data, items=None):
    cases = list(probe.cases(data, Budget(items, 0, probe.card.needs[0], BOTH)))
    judged = judge_cases(probe, cases, [reply_to(case.ask) for case in cases], {})
    return {result.metric.rpartition(":")[2]: result for result in probe.summarise(judged)}, judged


@pytest.mark.parametrize(("name", "settings"), RUNS, ids=[f"{name}{settings or ''}" for name, settings in RUNS])
def test_every_metric_is_that_of_lm_eval(folder, their_run, name, settings):
    expected = their_run(f"{name}_here", **settings)
    probe = Tasks(task=f"{name}_here", include_path=str(folder), **settings)
    found, _ = our_run(probe, probe.supply())
    labels = {label if "," in label else f"{label},none": result for label, result in found.items()}
    told = {key: value for key, value in expected.items() if "," in key and "_stderr" not in key}
    assert set(labels) == set(told)
    for label, result in labels.items():
        assert isinstance(result, Estimate), result
        assert result.interval.value == pytest.approx(told[label], abs=1e-6, rel=1e-6), label
        assert result.interval.low < result.interval.high
        assert result.counts.scored == settings.get("limit", DOCUMENTS)


def test_rows_of_a_users_own_file_give_the_same_as_the_tasks_own(folder, their_run):
    # GLUE's schema, one file, all of it asked.
    data = Dataset("mine", "1", digest("rows"), "unknown", rows(rte, "rte/validation"), "file")
    found, _ = our_run(Tasks(task="rte"), data)
    assert found["acc"].interval.value == pytest.approx(their_run("rte_here")["acc,none"], abs=1e-9)


def test_judging_from_evidence_needs_neither_the_data_nor_the_first_run(folder):
    for name in ("gsm8k", "winogrande", "wikitext", "choices_all_metrics", "cut_text"):
        probe = Tasks(task=f"{name}_here", include_path=str(folder))
        data = probe.supply()
        assert data.name == OWN
        found, judged = our_run(probe, data)
        read = [from_json(Case, loads(dumps(its.case))) for its in judged]
        again = Tasks(task=f"{name}_here", include_path=str(folder))
        rejudged = judge_cases(again, read, [reply_to(case.ask) for case in read], {})
        assert [its.score for its in rejudged] == [its.score for its in judged]
        assert {its.metric.rpartition(":")[2]: its for its in again.summarise(rejudged)} == found
