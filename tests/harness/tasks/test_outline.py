"""A task's file, read without running any of its code."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.tasks.names import find
from harness.tasks.outline import Code, read_outline


def written(tmp_path, text, name="task.yaml"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_included_files_come_first_and_functions_stay_names(tmp_path):
    written(
        tmp_path, "output_type: multiple_choice\ntest_split: test\ntask_list: [x]\nmetric_list: [{metric: acc}]", "base"
    )
    path = written(tmp_path, "include: base\ntask: mine\ntest_split: other\nprocess_docs: !function utils.clean\n")
    outline = read_outline(path)
    assert (outline.name, outline.output, outline.config["test_split"]) == ("mine", "multiple_choice", "other")
    assert outline.config["process_docs"] == Code("utils.clean")
    assert "task_list" not in outline.config
    assert [measure.label for measure in outline.measures] == ["acc"]


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("hellaswag", [("acc", True), ("acc_norm", True)]),
        ("cola", [("mcc", True)]),
        ("gsm8k", [("exact_match,strict-match", True), ("exact_match,flexible-extract", True)]),
        ("wikitext", [("word_perplexity", False), ("byte_perplexity", False), ("bits_per_byte", False)]),
        ("lambada_openai", [("perplexity", False), ("acc", True)]),
    ],
)
def test_measures_are_those_that_lm_eval_reports(task, labels):
    assert [(measure.label, measure.higher) for measure in read_outline(find(task)).measures] == labels


def test_a_task_without_metrics_has_those_of_its_kind(tmp_path):
    for output, labels in (("multiple_choice", ["acc", "acc_norm"]), ("loglikelihood", ["perplexity", "acc"])):
        outline = read_outline(written(tmp_path, f"task: mine\noutput_type: {output}\n"))
        assert [measure.label for measure in outline.measures] == labels
    assert [m.label for m in read_outline(written(tmp_path, "task: mine\n")).measures] == ["exact_match"]


def test_a_metric_that_is_a_function_goes_by_its_name(tmp_path):
    text = "task: mine\nmetric_list:\n  - metric: !function utils.rouge\n    aggregation: !function utils.middle\n"
    (measure,) = read_outline(written(tmp_path, text)).measures
    assert (measure.metric, measure.aggregation) == ("rouge", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("task: mine\ndoc_to_image: picture", "shows images"),
        ("task: mine\nunsafe_code: true", "runs code that the model writes"),
        ("group: many\ntask: [a, b]", "no single task"),
        ("task: mine\noutput_type: telepathy", "output_type is one of"),
        ("task: mine\nmetric_list: [{name: acc}]", "metric_list is a list of tables"),
        ("- just\n- a list", "no table of keys"),
        ("task: [unclosed", "cannot be read"),
        ("include: absent.yaml\ntask: mine", "cannot be read"),
        ("include: task.yaml\ntask: mine", "includes itself"),
    ],
)
def test_a_file_that_describes_no_task_of_text_is_refused(tmp_path, text, says):
    with pytest.raises(UsageError, match=says):
        read_outline(written(tmp_path, text))
