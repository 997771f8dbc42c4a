"""The OpenAI-compatible backend against a server that misbehaves in every way it can."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.openai_api import OpenAIApi
from harness.backends.openai_echo import read_score
from harness.backends.openai_wire import NoAnswerError, TryAgainError, parsed, read_generation, refusal, retry_after
from harness.canonical import digest, dumps
from harness.contracts import ConcurrentBackend
from harness.errors import ModelError, OfflineError
from harness.offline import network_forbidden
from harness.records import Ask, Capability, DrawAsk, Finish, GenerateAsk, Reply, ScoreAsk

KEY = "sk-planted-0123456789abcdef"


def load_stub() -> ModuleType:
    """The stub server's module, by its place: test folders are no packages."""
    name = "stub_server"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("stub_server.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


stub = load_stub()


def backend(url: str, **settings: object) -> OpenAIApi:
    return OpenAIApi(**{"base_url": url, "model": "stub", "backoff_s": 0.001, "timeout_s": 10.0} | settings)


def answers(target: OpenAIApi, asks: Sequence[Ask]) -> list[Reply]:
    """Ask everything at once, as one event loop would."""

    async def everything() -> list[Reply]:
        try:
            return await asyncio.gather(*(target.answer_one(ask) for ask in asks))
        finally:
            await target.aclose()

    return asyncio.run(everything())


def answer(target: OpenAIApi, ask: Ask) -> Reply:
    return answers(target, [ask])[0]


def test_it_satisfies_its_contract_without_opening_a_connection():
    target = OpenAIApi(base_url="http://127.0.0.1:9/v1/", model="m")
    assert isinstance(target, ConcurrentBackend)
    assert target.identity().digest == digest(target.identity().details)
    target.close()
    target.close()


# ── what is sent and what comes back ──────────────────────────────────────────────────────


def test_a_chat_ask_is_sent_whole_and_its_reply_is_read_whole():
    ask = GenerateAsk(
        prompt="hi", system="be brief", max_tokens=7, temperature=0.5, top_p=0.9, stop=("\n",), seed=2**40 + 3
    )
    with stub.StubServer() as server:
        reply = answer(backend(server.url), ask)
    assert server.bodies == [
        {
            "model": "stub",
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
            "max_tokens": 7,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["\n"],
            "seed": 3,
        }
    ]
    assert (reply.finish, reply.text, reply.retries, reply.error) == (Finish.STOP, "reply to hi", 0, None)
    assert (reply.usage.prompt_tokens, reply.usage.output_tokens) == (1, 3)
    assert reply.seconds > 0


def test_the_completions_api_sends_bare_text_and_the_servers_own_name_for_the_limit():
    ask = GenerateAsk(prompt="once", system="a tale", max_tokens=9)
    with stub.StubServer() as server:
        reply = answer(backend(server.url, api="completions", max_tokens_field="max_completion_tokens"), ask)
    assert reply.text == "reply to a tale\n\nonce"
    assert server.bodies[0]["max_completion_tokens"] == 9
    assert "max_tokens" not in server.bodies[0]


@pytest.mark.parametrize(
    ("manner", "finish", "text"),
    [
        ({"empty": True}, Finish.STOP, ""),
        ({"content_filter": True}, Finish.REFUSED, None),
        ({"finish": "length"}, Finish.LENGTH, "reply to x"),
        ({"finish": "eos_token"}, Finish.STOP, "reply to x"),
        ({"finish": None}, Finish.STOP, "reply to x"),
        ({"hostile": True}, Finish.STOP, stub.HOSTILE),
    ],
)
@pytest.mark.parametrize("api", ["chat", "completions"])
def test_each_way_to_end_is_recorded_and_text_comes_unchanged(api, manner, finish, text):
    with stub.StubServer(**manner) as server:
        reply = answer(backend(server.url, api=api), GenerateAsk(prompt="x"))
    assert (reply.finish, reply.text, reply.retries) == (finish, text, 0)
    assert server.requests["x"] == 1


def test_missing_usage_is_no_usage():
    with stub.StubServer(usage=False) as server:
        reply = answer(backend(server.url), GenerateAsk(prompt="x"))
    assert (reply.usage.prompt_tokens, reply.usage.output_tokens) == (0, 0)


def test_text_that_utf8_cannot_hold_reaches_the_server_and_comes_back():
    with stub.StubServer() as server:
        reply = answer(backend(server.url), GenerateAsk(prompt="broken \ud83d text \x00"))
    assert reply.text == "reply to broken \ud83d text \x00"


def test_bare_text_over_the_chat_api_fails_instead_of_being_dressed_up():
    with stub.StubServer() as server:
        reply = answer(backend(server.url), GenerateAsk(prompt="x", chat=False))
    assert reply.finish is Finish.FAILED
    assert "completions" in reply.error
    assert not server.requests


@pytest.mark.parametrize("ask", [ScoreAsk("a", ("b",)), DrawAsk(seed=1)])
def test_an_ask_beyond_its_capabilities_fails(ask):
    target = backend("http://127.0.0.1:9")
    assert target.capabilities == {Capability.GENERATE}
    assert answer(target, ask).finish is Finish.FAILED


# ── rudeness ──────────────────────────────────────────────────────────────────────────────


def test_a_rude_server_gets_every_reply_out_exactly_once_and_never_too_many_at_a_time():
    asks = [GenerateAsk(prompt=f"question {number}") for number in range(400)]
    with stub.StubServer(
        too_many=0.05, server_error=0.05, malformed=0.02, dropped=0.02, slow=0.01, slow_s=0.2, latency_s=0.002
    ) as server:
        replies = answers(backend(server.url, in_flight=16, retries=8), asks)
    assert [reply.text for reply in replies] == [f"reply to question {number}" for number in range(400)]
    assert all(reply.finish is Finish.STOP and reply.error is None for reply in replies)
    # Each request beyond the first of its prompt is one counted retry: nothing was sent on the side.
    assert [reply.retries for reply in replies] == [server.requests[ask.prompt] - 1 for ask in asks]
    assert sum(reply.retries for reply in replies) > 20
    assert 1 < server.most_in_flight <= 16


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        ({"too_many": 1.0}, "HTTP 429"),
        ({"server_error": 1.0}, "HTTP 500: overloaded"),
        ({"malformed": 1.0}, "malformed JSON"),
        ({"dropped": 1.0}, "ServerDisconnectedError"),
        ({"slow": 1.0, "slow_s": 5.0}, "no answer within 0.2 s"),
        ({"status": 200, "body": b"[]"}, "JSON list"),
        ({"status": 200, "body": b'{"error": {"message": "no\\u001b[31m luck"}}'}, "no choices: no [31m luck"),
        ({"status": 200, "body": b"[" * 100_000}, "malformed JSON"),
        ({"status": 200, "body": b'{"choices": [{"message": {"content": 7}}]}'}, "without text"),
        ({"status": 200, "body": b'{"choices": [{"finish_reason": "error", "text": ""}]}'}, "failed while answering"),
    ],
)
def test_what_never_gets_better_fails_after_the_last_retry(manner, said):
    with stub.StubServer(**manner) as server:
        reply = answer(
            backend(server.url, retries=2, timeout_s=0.2 if "slow" in manner else 10), GenerateAsk(prompt="x")
        )
    assert (reply.finish, reply.text, reply.retries) == (Finish.FAILED, None, 2)
    assert reply.error.startswith("no answer after 3 tries; the last: ")
    assert said in reply.error
    assert server.requests["x"] == 3


@pytest.mark.parametrize(
    ("status", "body", "finish", "said"),
    [
        (400, {"error": {"message": "bad seed"}}, Finish.FAILED, "HTTP 400: bad seed"),
        (401, {"error": {"message": "who?"}}, Finish.FAILED, "HTTP 401: who?; check the key"),
        (404, {"detail": "Not Found"}, Finish.FAILED, "HTTP 404: Not Found; check base_url and model"),
        (302, {}, Finish.FAILED, "the server redirects"),
        (418, {"error": "teapot"}, Finish.FAILED, "HTTP 418: teapot"),
        (400, {"error": {"code": "content_filter", "message": "no"}}, Finish.REFUSED, None),
        (400, {"error": {"code": "context_length_exceeded", "message": "no"}}, Finish.TOO_LONG, "HTTP 400: no"),
        (400, {"message": "This model's maximum context length is 10 tokens."}, Finish.TOO_LONG, "context length"),
    ],
)
def test_a_final_answer_is_never_asked_again(status, body, finish, said):
    with stub.StubServer(status=status, body=json.dumps(body).encode()) as server:
        reply = answer(backend(server.url), GenerateAsk(prompt="x"))
    assert (reply.finish, reply.retries, server.requests["x"]) == (finish, 0, 1)
    assert reply.error is None if said is None else said in reply.error


def test_a_servers_error_is_quoted_short_and_on_one_clean_line():
    body = json.dumps({"error": {"message": "\x1b[2J\r\n\u202eevil\u200b " + "x" * 10_000}}).encode()
    with stub.StubServer(status=400, body=body) as server:
        reply = answer(backend(server.url), GenerateAsk(prompt="x"))
    assert reply.error.isprintable()
    assert len(reply.error) <= 200
    assert reply.error.startswith("HTTP 400: [2J evil xxx")


def test_the_wait_a_server_asks_for_is_kept():
    with stub.StubServer(status=429, retry_after="0.3") as server:
        reply = answer(backend(server.url, retries=2), GenerateAsk(prompt="x"))
    assert reply.retries == 2
    assert 0.6 <= reply.seconds < 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("nan", 0.0),
        ("86400", 60.0),
        ("inf", 60.0),
        ("soon", None),
        ("Sun, 01 Mar 2026 10:00:20 GMT", 20.0),
        ("Sun, 01 Mar 2026 09:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_both_its_forms_and_capped(header, seconds):
    assert retry_after(header, now=datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)) == seconds


def test_a_server_killed_midway_leaves_failed_replies_and_no_exception():
    async def ask_and_kill() -> list[Reply]:
        with stub.StubServer(latency_s=0.01) as server:
            target = backend(server.url, in_flight=8, retries=1)
            tasks = [asyncio.create_task(target.answer_one(GenerateAsk(prompt=f"q{n}"))) for n in range(200)]
            while server.requests.total() < 60:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(server.kill)
            replies = await asyncio.gather(*tasks)
            await target.aclose()
            return replies

    replies = asyncio.run(ask_and_kill())
    done = [reply for reply in replies if reply.finish is Finish.STOP]
    failed = [reply for reply in replies if reply.finish is Finish.FAILED]
    assert len(done) + len(failed) == 200
    assert len(done) >= 40
    assert len(failed) >= 100
    assert all(reply.error and reply.retries == 1 for reply in failed)


def test_nobody_listening_fails_and_says_so():
    with stub.StubServer() as server:
        url = server.url
    reply = answer(backend(url, retries=1), GenerateAsk(prompt="x"))
    assert reply.finish is Finish.FAILED
    assert "ClientConnectorError" in reply.error


def test_cancelling_an_ask_between_tries_or_during_one_stops_it():
    async def cancelled(target: OpenAIApi, wait: float) -> None:
        task = asyncio.create_task(target.answer_one(GenerateAsk(prompt="x")))
        await asyncio.sleep(wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await target.aclose()

    with stub.StubServer(latency_s=5) as server:
        asyncio.run(cancelled(backend(server.url), 0.2))
    with stub.StubServer(server_error=1.0) as server:
        asyncio.run(cancelled(backend(server.url, backoff_s=5.0), 0.2))


def test_an_answer_larger_than_any_honest_one_is_refused(monkeypatch):
    monkeypatch.setattr("harness.backends.openai_line.MOST_BYTES", 1000)
    with stub.StubServer(status=200, body=b" " * 5000) as server:
        reply = answer(backend(server.url), GenerateAsk(prompt="x"))
    assert (reply.finish, reply.retries) == (Finish.FAILED, 0)
    assert "larger than" in reply.error


# ── event loops and the network ───────────────────────────────────────────────────────────


def test_each_event_loop_has_its_own_session_and_asking_again_after_closing_works():
    with stub.StubServer() as server:
        target = backend(server.url)
        assert [answer(target, GenerateAsk(prompt=text)).text for text in "ab"] == ["reply to a", "reply to b"]


def test_closing_from_outside_a_loop_closes_what_the_loop_opened():
    with stub.StubServer() as server:
        target = backend(server.url)
        loop = asyncio.new_event_loop()
        reply = loop.run_until_complete(target.answer_one(GenerateAsk(prompt="x")))
        target.close()
        target.close()
        loop.close()
    assert reply.finish is Finish.STOP


@pytest.mark.parametrize("host", ["model.example", "192.0.2.1", "[2001:db8::1]"])
def test_offline_mode_stops_the_run_instead_of_being_retried(host):
    async def several(target: OpenAIApi) -> list[Reply | BaseException]:
        asks = [GenerateAsk(prompt=str(number)) for number in range(5)]
        outcomes = await asyncio.gather(*map(target.answer_one, asks), return_exceptions=True)
        await target.aclose()
        return outcomes

    with network_forbidden():
        outcomes = asyncio.run(several(backend(f"https://{host}/v1", backoff_s=60.0)))
    assert [type(outcome) for outcome in outcomes] == [OfflineError] * 5


def test_loopback_works_offline():
    with network_forbidden(), stub.StubServer() as server:
        assert answer(backend(server.url), GenerateAsk(prompt="x")).finish is Finish.STOP


# ── the key ───────────────────────────────────────────────────────────────────────────────


def test_the_key_is_sent_and_appears_nowhere_else(monkeypatch, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("STUB_KEY", f" {KEY}\n")
    echo = json.dumps({"error": {"message": "x" * 180 + f" wrong key {KEY}"}}).encode()
    text = json.dumps({"choices": [{"message": {"content": f"your key is {KEY}"}, "finish_reason": "stop"}]}).encode()
    written = []
    for manner in (
        {"too_many": 0.5},
        {"status": 401, "body": echo},
        {"status": 500, "body": echo},
        {"status": 200, "body": text},
    ):
        with stub.StubServer(**manner) as server:
            target = backend(server.url, api_key_env="STUB_KEY", retries=2)
            replies = answers(target, [GenerateAsk(prompt=f"q{n}") for n in range(5)])
            written += [repr(target), dumps(replies).decode(), dumps(target.identity()).decode(), repr(target._secret)]
        assert server.authorizations == {f"Bearer {KEY}"}
    captured = capsys.readouterr()
    everything = "\n".join([*written, caplog.text, captured.out, captured.err, *map(repr, map(vars, caplog.records))])
    assert KEY not in everything
    assert KEY[:12] not in everything
    assert "your key is [key withheld]" in everything


def test_an_unset_key_names_the_variable_and_the_next_step(monkeypatch):
    monkeypatch.delenv("STUB_KEY", raising=False)
    target = backend("http://127.0.0.1:9", api_key_env="STUB_KEY")
    target.identity()
    with pytest.raises(ModelError, match=r"STUB_KEY.*not set.*export STUB_KEY="):
        answer(target, GenerateAsk(prompt="x"))


def test_a_key_that_cannot_be_a_header_is_refused_unseen(monkeypatch):
    monkeypatch.setenv("STUB_KEY", f"{KEY}\r\nX-Evil: 1")
    with pytest.raises(ModelError) as caught:
        answer(backend("http://127.0.0.1:9", api_key_env="STUB_KEY"), GenerateAsk(prompt="x"))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key_env": KEY},
        {"base_url": f"http://user:{KEY}@127.0.0.1/v1"},
        {"base_url": f"http://127.0.0.1/v1?key={KEY}"},
        {"base_url": f"{KEY}.example/v1"[-14:]},
        {"base_url": "ftp://127.0.0.1"},
        {"api": "assistants"},
        {"in_flight": 0},
        {"timeout_s": 0},
        {"retries": -1},
        {"model": ""},
    ],
)
def test_settings_that_cannot_work_or_hold_a_secret_are_refused_without_showing_it(settings):
    with pytest.raises(ValueError, match=r"base_url|api|in_flight|model") as caught:
        backend(**{"url": "http://127.0.0.1/v1"} | settings) if "base_url" not in settings else OpenAIApi(
            model="m", **settings
        )
    assert KEY not in str(caught.value)


def test_identity_changes_with_what_changes_replies_and_with_nothing_else():
    first = backend("http://127.0.0.1:9/v1").identity()
    same = backend("http://127.0.0.1:9/v1/", in_flight=2, timeout_s=5.0, retries=0, api_key_env="OTHER").identity()
    other = backend("http://127.0.0.1:9/v1", api="completions").identity()
    assert first == same
    assert first.digest != other.digest


# ── scoring ───────────────────────────────────────────────────────────────────────────────

ASK = ScoreAsk("The sky is", (" blue today", " green"))


def expected(context: str, tokens: Sequence[str]) -> tuple[float, ...]:
    """What the stub says of ``tokens`` after ``context``."""
    places = [len(context) + sum(map(len, tokens[:index])) for index in range(len(tokens))]
    return tuple(stub.logprob(token, place) for token, place in zip(tokens, places, strict=True))


@pytest.mark.parametrize("start_token", [None, "", "<|begin|>"])
def test_continuations_are_scored_token_by_token_whatever_the_start_token(start_token):
    with stub.StubServer(start_token=start_token) as server:
        target = backend(server.url, api="completions")
        reply = answer(target, ASK)
    assert target.capabilities == {Capability.GENERATE, Capability.SCORE}
    assert reply.finish is Finish.STOP
    assert [score.logprobs for score in reply.scores] == [
        expected("The sky is", [" blue", " today"]),
        expected("The sky is", [" green"]),
    ]
    assert [score.starts for score in reply.scores] == [(0, 5), (0,)]
    assert all(score.greedy for score in reply.scores)
    assert reply.usage.prompt_tokens == 5 + 4


def test_scores_survive_a_rude_server():
    asks = [ScoreAsk(f"Number {n} is", (" odd", " even")) for n in range(60)]
    with stub.StubServer(too_many=0.1, server_error=0.05, malformed=0.05, dropped=0.03) as server:
        replies = answers(backend(server.url, api="completions", retries=8), asks)
    wanted = [[expected(ask.context, [option]) for option in ask.continuations] for ask in asks]
    assert [[score.logprobs for score in reply.scores] for reply in replies] == wanted
    assert sum(reply.retries for reply in replies) == server.requests.total() - 120 > 0


def test_an_empty_context_needs_a_start_token_from_the_server_or_from_the_settings():
    ask = ScoreAsk("", ("One two",))
    with stub.StubServer() as server:
        bare = answer(backend(server.url, api="completions"), ask)
        helped = answer(backend(server.url, api="completions", start_text="<s> "), ask)
    for start_token in ("", "<|begin|>"):
        with stub.StubServer(start_token=start_token) as server:
            started = answer(backend(server.url, api="completions"), ask)
        assert started.scores[0].logprobs == expected("", ["One", " two"])
    assert bare.finish is Finish.FAILED
    assert "start_text" in bare.error
    assert helped.finish is Finish.STOP


def test_a_server_that_cannot_echo_fails_and_names_the_setting():
    with stub.StubServer(echo=False) as server:
        reply = answer(backend(server.url, api="completions"), ASK)
    assert (reply.finish, reply.scores, server.requests.total()) == (Finish.FAILED, (), 1)
    assert "echo_logprobs = false" in reply.error
    assert backend(server.url, api="completions", echo_logprobs=False).capabilities == {Capability.GENERATE}


def echoed(
    tokens: Sequence[str], values: Sequence[object], offsets: object = None, top: object = None
) -> dict[str, object]:
    logprobs = {"tokens": tokens, "token_logprobs": values, "text_offset": offsets, "top_logprobs": top}
    return {"choices": [{"text": "", "logprobs": logprobs}]}


def test_a_token_across_the_boundary_counts_from_the_start():
    data = echoed(["foo", " bar", "x"], [None, -1.5, -9.0])
    score = read_score(data, context="foo ", continuation="bar")
    assert (score.logprobs, score.starts, score.greedy) == ((-1.5,), (0,), False)


def test_tokens_cut_inside_a_character_are_placed_by_the_servers_offsets():
    data = echoed(["a", "bytes:\\xc3", "bytes:\\xa9", "z", "!"], [None, -1.0, -2.0, -3.0, -4.0], [0, 1, 1, 2, 3])
    score = read_score(data, context="a", continuation="éz")
    assert (score.logprobs, score.starts) == ((-1.0, -2.0, -3.0), (0, 0, 1))


@pytest.mark.parametrize(
    ("tokens", "values"),
    [
        (["b", "c", "!"], [None, -1.0, -2.0]),
        (["a", "b", "c", "!"], [None, -1.0, None, -2.0]),
        (["a", "b", "c", "!"], [None, -1.0, 0.5, -2.0]),
        (["a", "b", "c", "!"], [None, -1.0, "x", -2.0]),
        ([], []),
    ],
)
def test_scores_that_do_not_fit_the_text_are_refused(tokens, values):
    with pytest.raises(NoAnswerError):
        read_score(echoed(tokens, values, [0, 1, 2, 3][: len(tokens)]), context="a", continuation="bc")


def test_greedy_is_false_where_another_token_was_likelier():
    top = [None, {"b": -0.1, "c": -2.0}, {"!": -0.1}]
    assert not read_score(echoed(["a", "c", "!"], [None, -2.0, -0.1], None, top), context="a", continuation="c").greedy


# ── the wire alone ────────────────────────────────────────────────────────────────────────

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "text", "logprobs", "tokens", "usage"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["choices", "usage", "error", "message"]), JSON))
def test_any_json_object_is_a_reply_or_a_reason_to_try_again(data):
    try:
        reply = read_generation(data, GenerateAsk(prompt="x"))
    except TryAgainError:
        return
    assert isinstance(reply.text, str)


@given(JSON, st.lists(JSON, max_size=4), JSON, JSON)
def test_any_logprobs_are_scores_or_a_named_fault(tokens, values, offsets, top):
    with suppress(TryAgainError, NoAnswerError):
        score = read_score(echoed(tokens, values, offsets, top), context="", continuation="ab")
        assert len(score.logprobs) == len(score.starts) >= 1


@given(st.integers(300, 599), st.binary(max_size=60))
def test_any_refusal_is_understood(status, body):
    error = refusal(status, body, wait_s=None)
    assert isinstance(error, TryAgainError) == (status == 429 or status >= 500)


@given(st.binary(max_size=40))
def test_any_body_is_an_object_or_a_reason_to_try_again(body):
    with suppress(TryAgainError):
        assert isinstance(parsed(body), dict)


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=4))
def test_a_reply_never_holds_its_stop_text(text, stop):
    choice = {"choices": [{"text": text, "finish_reason": "stop"}]}
    reply = read_generation(choice, GenerateAsk(prompt="x", stop=(stop,)))
    assert stop not in reply.text
    assert text.startswith(reply.text)
