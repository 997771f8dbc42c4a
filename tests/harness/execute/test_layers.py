"""A layer is answered through the backend beneath it, from the journal of the one beneath where that can be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from harness.canonical import digest, digest_bytes
from harness.contracts import Identity
from harness.execute import Journal, Stop, ask_all
from harness.mitigations.layer import Layer
from harness.records import Capability, Finish, GenerateAsk, Reply, Usage

MODEL = digest_bytes(b"the model beneath")


@dataclass
class Upper:
    """Answers in upper case; a prompt with "fail" in it fails."""

    batch_tokens: int = 1000
    capabilities = frozenset({Capability.GENERATE})
    asked: list = field(default_factory=list)

    def identity(self):
        return Identity("upper", "upper", MODEL, {"weights": "none"})

    def length(self, ask):
        return len(ask.prompt)

    def answer(self, asks):
        self.asked += asks
        return [
            Reply(Finish.FAILED, error="told to")
            if "fail" in ask.prompt
            else Reply(Finish.STOP, text=ask.prompt.upper(), usage=Usage(len(ask.prompt), 1), seconds=0.5)
            for ask in asks
        ]

    def close(self):
        pass


@dataclass
class Twice:
    """Asks, then asks again with the reply."""

    mark: str = "!"

    @property
    def card(self):
        @dataclass
        class Card:
            id: str = "twice"
            version: str = "1"

        return Card()

    def details(self):
        return {"mark": self.mark}

    def steps(self, ask):
        if ask.prompt.startswith("as it is"):
            [reply] = yield [ask]
            return reply
        if ask.prompt == "broken":
            raise KeyError("nothing here")
        if ask.prompt == "on and on":
            while True:
                yield [ask]
        [first] = yield [ask]
        if first.finish is Finish.FAILED:
            return first
        [second] = yield [replace(ask, prompt=f"{first.text}{self.mark}")]
        return second


def ask(prompt):
    return GenerateAsk(prompt)


@pytest.fixture
def answered(tmp_path):
    model = Upper()

    def put(*prompts, layer=None, stop=None):
        backend = layer or Layer(model, Twice())
        identity = backend.identity().digest
        with Journal(tmp_path / Journal.file_name(identity), identity) as journal:
            asked = ask_all(backend, [ask(prompt) for prompt in prompts], journal, stop=stop or Stop())
        return [asked.replies.get(digest(ask(prompt))) for prompt in prompts], asked

    put.model = model
    put.folder = tmp_path
    return put


def test_a_reply_goes_through_all_steps_and_bears_the_cost_of_them(answered):
    [reply], _ = answered("a")
    assert reply.text == "A!"
    assert reply.usage == Usage(1 + 2, 2)
    assert reply.seconds == 1.0


def test_each_round_is_asked_together(answered):
    answered("a", "bb")
    assert [one.prompt for one in answered.model.asked] in (["bb", "a", "BB!", "A!"], ["a", "bb", "A!", "BB!"])


def test_what_the_model_beneath_has_answered_before_is_not_asked_again(answered):
    with Journal(answered.folder / Journal.file_name(MODEL), MODEL) as journal:
        ask_all(answered.model, [ask("a"), ask("as it is")], journal, stop=Stop())
    answered.model.asked.clear()
    answered("a", "as it is")
    assert [one.prompt for one in answered.model.asked] == ["A!"]


def test_finished_replies_are_kept_under_the_layers_own_name(answered):
    answered("a")
    answered.model.asked.clear()
    replies, asked = answered("a")
    assert replies[0].text == "A!"
    assert asked.reused == 1
    assert answered.model.asked == []


def test_a_failure_beneath_is_the_reply_and_is_asked_again_next_time(answered):
    [reply], _ = answered("fail")
    assert (reply.finish, reply.error) == (Finish.FAILED, "told to")
    _, asked = answered("fail")
    assert asked.reused == 0


def test_a_stranger_that_raises_or_never_ends_fails_its_ask_and_no_other(answered):
    replies, _ = answered("broken", "on and on", "a")
    assert "KeyError" in replies[0].error
    assert "still asks after 100 rounds" in replies[1].error
    assert replies[2].text == "A!"


def test_a_stopped_run_leaves_what_it_did_not_come_to(answered):
    stop = Stop()
    stop.interrupted.set()
    replies, asked = answered("a", stop=stop)
    assert (replies, asked.left) == ([None], 1)


def test_layers_over_layers_each_have_their_own_name(answered):
    lower = Layer(answered.model, Twice())
    upper = Layer(lower, Twice("?"))
    [reply], _ = answered("a", layer=upper)
    assert reply.text == "A!?!"
    details = upper.identity().details
    assert [one["details"]["mark"] for one in details["mitigations"]] == ["!", "?"]
    assert details["weights"] == "none"
    assert (
        len({one.identity().digest for one in (answered.model, lower, upper, Layer(answered.model, Twice("?")))}) == 4
    )
