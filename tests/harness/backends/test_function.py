"""A user's function as a model: what it gets, what it may return, and how it may break."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.function import Function
from harness.backends.reply_checks import one_line
from harness.canonical import digest
from harness.contracts import BatchBackend
from harness.errors import ModelError, OfflineError
from harness.offline import network_forbidden
from harness.records import Ask, Capability, DrawAsk, Finish, GenerateAsk, Reply, ScoreAsk

ASK = GenerateAsk(prompt="hi")
SCORE = ScoreAsk("The sky is", (" blue", " green"))


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write ``model_<n>.py`` into the working directory and return its name, a new one each time."""
    monkeypatch.chdir(tmp_path)
    made: list[str] = []

    def write(source: str) -> str:
        name = f"model_{tmp_path.name.replace('-', '_')}_{len(made)}"
        Path(f"{name}.py").write_text(dedent(source), encoding="utf-8")
        made.append(name)
        return name

    yield write
    for name in made:
        sys.modules.pop(name, None)


@pytest.fixture
def answer(module):
    """Write a module whose ``f`` is the function, and answer one ask with it."""

    def ask_it(source: str, ask: Ask = ASK, **settings: object) -> Reply:
        return Function(target=f"{module(source)}:f", **settings).answer([ask])[0]

    return ask_it


def test_a_function_in_the_working_directory_answers_prompts(module):
    target = Function(target=f"{module('def f(prompt): return prompt.upper()')}:f")
    before = list(sys.path)
    assert isinstance(target, BatchBackend)
    assert target.capabilities == {Capability.GENERATE}
    replies = target.answer([GenerateAsk(prompt=text) for text in ("a", "", "b")])
    assert [(reply.finish, reply.text) for reply in replies] == [(Finish.STOP, text) for text in ("A", "", "B")]
    assert all(reply.seconds > 0 for reply in replies)
    assert sys.path == before
    target.close()
    target.close()


def test_a_method_of_an_object_can_be_named(answer, module):
    name = module("class Model:\n  def reply(self, prompt): return 'me'\nmodel = Model()")
    assert Function(target=f"{name}:model.reply").answer([ASK])[0].text == "me"


def test_it_can_take_whole_asks_and_return_whole_replies(answer):
    reply = answer(
        """
        from harness.records import Finish, Reply
        def f(ask): return Reply(Finish.LENGTH, text=f"{ask.system}/{ask.prompt}/{ask.max_tokens}")
        """,
        GenerateAsk(prompt="p", system="s", max_tokens=3),
        takes="ask",
    )
    assert (reply.finish, reply.text) == (Finish.LENGTH, "s/p/3")


def test_a_system_message_is_not_dropped_silently(answer):
    reply = answer("def f(prompt): return 'x'", GenerateAsk(prompt="p", system="s"))
    assert reply.finish is Finish.FAILED
    assert "takes = 'prompt'" in reply.error


@pytest.mark.parametrize("given_for_each", ["-2.5", "[-2.0, -0.5]", "(-2, -0.5)"])
def test_it_can_score_with_totals_or_token_log_probabilities(answer, given_for_each):
    reply = answer(f"def f(context, continuation): return {given_for_each}", SCORE, capability=["score"])
    assert reply.finish is Finish.STOP
    assert [score.total for score in reply.scores] == [-2.5, -2.5]
    assert all(set(score.starts) == {0} and not score.greedy for score in reply.scores)


def test_it_can_say_where_tokens_begin(answer):
    source = """
        from harness.records import ContinuationScore
        def f(ask):
            return [ContinuationScore((-1.0, -2.0), (0, 3), True) for _ in ask.continuations]
    """
    reply = answer(source, SCORE, takes="ask", capability=["score", "generate"])
    assert [(score.starts, score.greedy) for score in reply.scores] == [((0, 3), True)] * 2


def test_numpy_numbers_are_numbers(answer):
    reply = answer("import numpy\ndef f(c, o): return numpy.float32(-1.5)", SCORE, capability=["score"])
    assert [score.logprobs for score in reply.scores] == [(-1.5,), (-1.5,)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 7", "returned int, not text"),
        ("return None", "returned NoneType, not text"),
        ("return b'x'", "returned bytes, not text"),
        ("raise ValueError('no\\n\\x1b[31m luck')", "ValueError: no [31m luck"),
        ("raise KeyError('k' * 9999)", "KeyError: 'kkk"),
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("assert False", "AssertionError:"),
    ],
)
def test_a_function_that_breaks_fails_that_reply_in_one_clean_line(answer, body, said):
    reply = answer(f"def f(prompt): {body}")
    assert (reply.finish, reply.text) == (Finish.FAILED, None)
    assert said in reply.error
    assert reply.error.isprintable()
    assert len(reply.error) <= 200


def test_one_broken_reply_does_not_touch_its_neighbours(module):
    target = Function(target=f"{module('def f(p): return 10 // int(p) * p')}:f")
    replies = target.answer([GenerateAsk(prompt=text) for text in "105"])
    assert [reply.finish for reply in replies] == [Finish.STOP, Finish.FAILED, Finish.STOP]


def test_an_async_function_is_not_mistaken_for_text(answer):
    assert "coroutine" in answer("async def f(prompt): return 'x'").error


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("float('nan')", "finite"),
        ("float('-inf')", "finite"),
        ("0.7", "at most 0"),
        ("'x'", "not str"),
        ("True", "not bool"),
        ("[]", "one start per token"),
        ("[-1, None]", "not NoneType"),
    ],
)
def test_what_is_no_log_probability_fails(answer, returned, said):
    reply = answer(f"def f(context, continuation): return {returned}", SCORE, capability=["score"])
    assert (reply.finish, reply.scores) == (Finish.FAILED, ())
    assert said in reply.error


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("-1.0", "returned float, not a list"),
        ("[-1.0]", "1 entries for 2 continuations"),
        ("Reply(Finish.STOP, text='x')", "0 scores for 2 continuations"),
        ("Reply(Finish.STOP, scores=(ContinuationScore((-1.0,), (0,), True),))", "1 scores for 2"),
        ("Reply(Finish.STOP, scores=(ContinuationScore((1.0,), (0,), True),) * 2)", "at most 0"),
        ("Reply(Finish.FAILED, error='a\\nb')", "a b"),
    ],
)
def test_whole_replies_are_checked_too(answer, returned, said):
    source = f"from harness.records import ContinuationScore, Finish, Reply\ndef f(ask): return {returned}"
    reply = answer(source, SCORE, takes="ask", capability=["score"])
    assert reply.finish is Finish.FAILED
    assert said in reply.error


@pytest.mark.parametrize("ask", [SCORE, DrawAsk(seed=1)])
def test_an_ask_it_was_not_declared_for_fails(answer, ask):
    assert "not declared to answer" in answer("def f(prompt): return 'x'", ask).error


def test_reaching_for_the_network_offline_stops_the_run(answer):
    source = "import socket\ndef f(prompt): return str(socket.create_connection(('192.0.2.1', 9)))"
    with network_forbidden(), pytest.raises(OfflineError):
        answer(source)


# ── settings, loading, identity ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "settings",
    [
        {"target": "model"},
        {"target": "model:"},
        {"target": ":f"},
        {"target": "../model.py:f"},
        {"target": "model:f", "takes": "everything"},
        {"target": "model:f", "capability": []},
        {"target": "model:f", "capability": ["draw"]},
        {"target": "model:f", "capability": ["generate", "score"]},
    ],
)
def test_settings_that_cannot_work_are_refused(settings):
    with pytest.raises(ValueError, match=r"target|takes|capability"):
        Function(**settings)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def g(): ...", "AttributeError"),
        ("f = 3", "it is a int, which cannot be called"),
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("def f(:", "SyntaxError"),
        ("raise RuntimeError('at\\nimport')", "RuntimeError: at import"),
    ],
)
def test_a_module_that_cannot_be_used_says_why_and_what_to_do(answer, source, said):
    with pytest.raises(ModelError, match="module:callable") as caught:
        answer(source)
    assert said in str(caught.value)


def test_a_missing_module_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for target in ("no_such_model:f", "no_such_package.model:f"):
        with pytest.raises(ModelError, match="no_such") as caught:
            Function(target=target).identity()
        assert "working directory" in str(caught.value)


def test_identity_follows_the_source_and_runs_none_of_it(module):
    name = module("raise RuntimeError('must not run')\ndef f(prompt): ...")
    first = Function(target=f"{name}:f").identity()
    assert first.digest == digest(first.details)
    assert Function(target=f"{name}:f").identity() == first
    assert Function(target=f"{name}:f", takes="ask").identity().digest != first.digest
    Path(f"{name}.py").write_text("def f(prompt): return 'other'", encoding="utf-8")
    assert Function(target=f"{name}:f").identity().digest != first.digest


def test_a_module_without_a_source_file_has_no_identity():
    with pytest.raises(ModelError, match="no source file"):
        Function(target="sys:intern").identity()


@given(st.text(), st.integers(2, 50))
def test_one_line_is_one_printable_line_of_bounded_length(text, limit):
    line = one_line(text, limit=limit)
    assert len(line) <= limit
    assert not line or line.isprintable()
    assert one_line(line, limit=limit) == line
