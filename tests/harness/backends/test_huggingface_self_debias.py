"""Self-debiasing computes what was published, in scores and in what is written."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import UsageError
from harness.mitigations.self_debias import SelfDebias
from harness.records import Capability, Finish, GenerateAsk, ScoreAsk
from harness.registry import Registry

SEVERAL = ("stereotype", "speaks ill of the nurse", "threat")


def applied(backend, **settings):
    return SelfDebias(**settings).apply(backend, None)


def test_it_fits_what_gives_out_probabilities_and_goes_beneath_other_mitigations(tiny):
    from harness.mitigations.instruction import Instruction

    backend = tiny()
    assert SelfDebias().misfit(backend) is None
    assert applied(backend).capabilities == {Capability.GENERATE, Capability.SCORE}
    layered = Instruction().apply(backend, None)
    assert "name it before that" in SelfDebias().misfit(layered)
    with pytest.raises(UsageError, match="another mitigation lies already"):
        applied(layered)
    assert SelfDebias().misfit(Instruction().apply(applied(backend), None)) is not None
    assert "does not give out" in SelfDebias().misfit(Registry().create("backend", "control"))


def test_every_setting_changes_the_identity(tiny):
    settings = [{}, {"decay": 10.0}, {"floor": 0.1}, {"description": "insult"}, {"sham": True}]
    assert len({applied(tiny(), **its).identity().digest for its in settings}) == len(settings)


class ByHand:
    """The published formula in numpy, from plain forward passes over the same tokens, without a cache or a batch."""

    def __init__(self, backend, mitigation):
        backend.answer([])
        self.loaded, self.its = backend._opened.loaded, mitigation
        encode = self.loaded.tokens.tokenizer
        texts = mitigation.preambles(chat=False)
        self.before = [encode(text, add_special_tokens=False)["input_ids"] for text in texts]

    def raw(self, ids):
        import torch

        with torch.no_grad():
            logits = self.loaded.model(torch.tensor([ids])).logits[0, -1].double().numpy()
        return np.exp(logits - np.logaddexp.reduce(logits))

    def probabilities(self, ids):
        p, (decay, floor) = self.raw(ids), (self.its.decay, self.its.floor)
        alphas = []
        for before in self.before:
            # Behind the start-of-text token, which is 0, where there is one.
            delta = p - self.raw([0, *before, *ids[1:]] if ids[0] == 0 else [*before, *ids])
            alphas.append(np.where(delta >= 0, 1.0, np.maximum(floor, np.exp(decay * delta))))
        weighted = np.min(alphas, axis=0) * p
        return weighted / weighted.sum()


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize(
    "settings", [{}, {"description": SEVERAL, "decay": 7.5, "floor": 0.0}, {"decay": 3.0, "sham": True}]
)
def test_scores_are_those_of_the_published_formula(tiny, kind, settings):
    mitigation, plain = SelfDebias(**settings), tiny(kind)
    by_hand = ByHand(plain, mitigation)
    asks = [
        ScoreAsk("The doctor said", (" that", " the nurse was late.")),
        ScoreAsk("", ("She laughed.",), moments=True),
    ]
    replies = mitigation.apply(plain, None).answer(asks)
    encode = by_hand.loaded.tokens.tokenizer.encode
    for ask, reply in zip(asks, replies, strict=True):
        for text, score in zip(ask.continuations, reply.scores, strict=True):
            context = encode(ask.context) if ask.context else [0]
            ids = [*context, *encode(text)]
            rows = [by_hand.probabilities(ids[:place]) for place in range(len(context), len(ids))]
            wanted = [np.log(row[ids[len(context) + place]]) for place, row in enumerate(rows)]
            assert score.logprobs == pytest.approx(wanted, abs=2e-4)
            assert score.greedy is all(row.argmax() == ids[len(context) + n] for n, row in enumerate(rows))
            if ask.moments:
                assert score.means == pytest.approx([np.sum(row * np.log(row)) for row in rows], abs=1e-3)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("settings", [{}, {"description": SEVERAL, "decay": 7.5, "floor": 0.0}])
def test_what_it_writes_is_drawn_from_the_published_formula(tiny, kind, settings):
    from harness.canonical import digest
    from harness.seeds import rng

    mitigation, plain = SelfDebias(**settings), tiny(kind)
    by_hand = ByHand(plain, mitigation)
    asks = [GenerateAsk("The doctor said", chat=False, max_tokens=8)]
    asks += [GenerateAsk(f"The nurse{n * ' and'}", chat=False, max_tokens=6, temperature=0.7, seed=n) for n in range(4)]
    for ask, reply in zip(asks, mitigation.apply(plain, None).answer(asks), strict=True):
        ids, stream = list(by_hand.loaded.tokens.tokenizer.encode(ask.prompt)), rng(ask.seed, digest(ask).hex)
        start = len(ids)
        while len(ids) - start < ask.max_tokens and ids[-1] != 1:
            row = by_hand.probabilities(ids)
            mass = np.cumsum(row ** (1 / (ask.temperature or 1)))
            drawn = np.searchsorted(mass, stream.random() * mass[-1], side="right") if ask.temperature else row.argmax()
            ids.append(int(drawn))
        assert reply.text == by_hand.loaded.tokens.decode(ids[start:])


def test_a_decay_of_nothing_and_a_floor_of_one_change_nothing(tiny):
    asks = [ScoreAsk("The doctor", (" said", " was late")), GenerateAsk("The nurse", chat=False, max_tokens=9)]
    score, write = tiny().answer(asks)
    for settings in ({"decay": 0.0}, {"floor": 1.0}):
        ours, text = applied(tiny(), description=SEVERAL, **settings).answer(asks)
        assert text.text == write.text
        for one, other in zip(ours.scores, score.scores, strict=True):
            assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


def test_text_that_is_no_text_fails_alone(tiny):
    replies = applied(tiny()).answer(
        [ScoreAsk("", ("\ud83d",)), GenerateAsk("\ud83d"), GenerateAsk("Who?", max_tokens=2)]
    )
    assert [reply.finish for reply in replies] == [Finish.FAILED, Finish.FAILED, Finish.LENGTH]
