"""A steering changes what a model writes and how it scores, in what it is told and where it acts; and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from harness.contracts.mitigations import MitigationCard, MitigationKind, SteerableBackend
from harness.errors import UsageError
from harness.mitigations.steering import Steering
from harness.records import Capability, Finish, GenerateAsk, ScoreAsk, Windows
from harness.registry import Registry

GREEDY = GenerateAsk("The doctor said", chat=False, max_tokens=10)
OTHERS = [GenerateAsk(f"The nurse {n}" + " and the door" * n, chat=False, max_tokens=4 + n) for n in range(4)]
SAMPLED = [replace(GREEDY, temperature=1.0, top_p=top_p, seed=seed) for seed in range(4) for top_p in (1.0, 0.8)]
CHAT = GenerateAsk("Who?", system="Be brief.", max_tokens=5)
SCORED = [
    ScoreAsk("Q: Who?\nA:", (" Paris", " the doctor was late")),
    ScoreAsk("", ("He laughed.", "She laughed and went home.")),
    ScoreAsk("The doctor said ", ("that", "nothing"), moments=True),
]
CARD = MitigationCard("plain", "1", "Plain", MitigationKind.DECODING, "Does.", "Costs.", ("None.",), ("Here.",), {})


def as_it_is(logprobs, behind, written):
    return logprobs


def instead(number):
    """Put the distribution behind that preamble in place of the model's own."""

    def act(logprobs, behind, written):
        return behind[number]

    return act


@dataclass(frozen=True)
class Plain:
    """Does ``act`` to the log-probabilities."""

    act: object = as_it_is
    texts: tuple[str, ...] = ()
    scores: bool = True
    number: int = 0
    card = CARD

    def details(self):
        return {"number": self.number, "texts": list(self.texts)}

    def preambles(self, *, chat):
        return tuple(f"Chat: {text}" for text in self.texts) if chat else self.texts

    def opened(self, tokens):
        return self.act


def without(*forbidden):
    """Forbid these tokens."""

    def act(logprobs, behind, written):
        import torch

        return logprobs.index_fill(1, torch.tensor(forbidden), -torch.inf)

    return act


@pytest.fixture
def steered(tiny):
    """Return a function that opens a tiny model under steerings."""

    def make(*steerings, kind="llama", **settings):
        backend = tiny(kind, **settings)
        for one in steerings:
            backend = backend.steered(steering=one)
        return backend

    return make


def texts(replies):
    return [reply.text for reply in replies]


def test_it_is_steerable_and_takes_what_is_shaped_like_a_steering(tiny):
    assert isinstance(tiny(), SteerableBackend)
    assert isinstance(Plain(), Steering)


def test_a_steering_changes_the_identity_and_none_leaves_it_as_it_was(steered):
    plain, one = steered().identity(), steered(Plain()).identity()
    assert "mitigations" not in plain.details
    told = {"name": "plain", "version": "1", "details": Plain().details()}
    assert one.details == {**plain.details, "mitigations": [told]}
    assert len({each.digest for each in (plain, one, steered(Plain(number=1)).identity())}) == 3
    assert one.name == f"{plain.name} + plain"


def test_settings_that_a_model_has_not_are_refused(tiny):
    with pytest.raises(UsageError, match="cannot be set so"):
        tiny().steered(colour="red")
    with pytest.raises(UsageError, match="cannot be set so"):
        tiny().steered(watermark="invisible ink")
    with pytest.raises(UsageError, match=r"\[\[mitigation\]\]"):
        Registry().find("backend", "huggingface").create({"steering": ["self_debias"]})


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("preambles", [(), ("A text before.\n", "Und noch eine Größe:\n")])
def test_a_steering_that_changes_nothing_changes_nothing(steered, kind, preambles):
    asks = [*OTHERS, GREEDY, *SAMPLED, CHAT, *SCORED, ScoreAsk("", ("naïve café, 日本語",))]
    plain, same = steered(kind=kind), steered(Plain(texts=preambles), kind=kind)
    for ask, ours, theirs in zip(asks, same.answer(asks), plain.answer(asks), strict=True):
        assert (ours.text, ours.finish) == (theirs.text, theirs.finish)
        for one, other in zip(ours.scores, theirs.scores, strict=True):
            for name in ("logprobs", "means", "deviations"):
                assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-4)
            assert (one.starts, one.greedy) == (other.starts, other.greedy)
        assert bool(ours.scores) is isinstance(ask, ScoreAsk)


def test_what_is_told_of_a_preamble_is_what_the_model_says_behind_it(steered):
    swapped = steered(Plain(instead(1), ("Not this.\n", "Q: Who?\nA:")))
    plain = steered()
    asks = [*OTHERS, GREEDY, *SAMPLED]
    before = [replace(ask, prompt=f"Q: Who?\nA:{ask.prompt}") for ask in asks]
    # Another ask has another stream of chance, so only greedy ones compare.
    greedy = [n for n, ask in enumerate(asks) if ask.temperature == 0]
    ours, theirs = texts(swapped.answer(asks)), texts(plain.answer(before))
    assert [ours[n] for n in greedy] == [theirs[n] for n in greedy]
    scored = swapped.answer([ScoreAsk(" The doctor", (" said", " was"))])[0].scores
    expected = plain.answer([ScoreAsk("Q: Who?\nA: The doctor", (" said", " was"))])[0].scores
    for one, other in zip(scored, expected, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


def test_in_a_chat_the_preamble_stands_before_the_users_message(steered):
    swapped = steered(Plain(instead(0), ("a door. ",)))
    told = replace(CHAT, prompt=f"Chat: a door. {CHAT.prompt}")
    assert texts(swapped.answer([CHAT])) == texts(steered().answer([told]))


def test_the_preamble_stands_behind_the_start_of_text(steered):
    backend = steered(Plain(texts=("Not this.",)), adds_bos=True)
    backend.answer([])
    tokens = backend._opened.loaded.tokens
    plain = tokens.tokenizer("Not this.", add_special_tokens=False)["input_ids"]
    assert tokens.preceded("Not this.", (0, 9, 8)) == (0, *plain, 9, 8)
    assert tokens.preceded("Not this.", (9, 8)) == (*plain, 9, 8)


def test_a_steering_is_told_what_each_row_has_written(steered):
    seen = []

    def act(logprobs, behind, written):
        seen.append([list(row) for row in written])
        return logprobs

    reply = steered(Plain(act, ("Before.\n",))).answer([replace(GREEDY, max_tokens=4)])[0]
    assert [len(rows[0]) for rows in seen] == [0, 1, 2, 3]
    assert all(later[0][:-1] == earlier[0] for earlier, later in pairwise(seen))
    assert reply.usage.output_tokens == 4


@pytest.mark.parametrize("preambles", [(), ("Before.\n",)])
def test_a_forbidden_token_is_never_written(steered, preambles):
    seen, even = set(), range(4, 420, 2)

    def act(logprobs, behind, written):
        seen.update(token for row in written for token in row)
        return without(*even)(logprobs, behind, written)

    steered(Plain(act, preambles)).answer([*SAMPLED, GREEDY])
    assert len(seen) > 10
    assert not seen & set(even)
    # Only the end-of-text token is left.
    ended = steered(Plain(without(0, *range(2, 420)), preambles)).answer([*SAMPLED, GREEDY])
    assert {(reply.finish, reply.text) for reply in ended} == {(Finish.STOP, "")}


@pytest.mark.parametrize("scheme", ["kgw", "unigram", "gumbel", "synthid"])
def test_a_watermark_writes_no_forbidden_token(steered, scheme):
    seen, even = set(), range(4, 420, 2)

    def act(logprobs, behind, written):
        seen.update(token for row in written for token in row)
        return without(*even)(logprobs, behind, written)

    asks = [ask for ask in [*SAMPLED, GREEDY] if ask.top_p == 1]
    steered(Plain(act)).steered(watermark=scheme).answer([*asks, *(replace(ask, seed=9) for ask in asks)])
    assert len(seen) > 10
    assert not seen & set(even)


def after(number, act):
    """Do ``act`` to the rows that have written so many tokens, and to no other."""

    def do(logprobs, behind, written):
        changed = act(logprobs, behind, written)
        rows = [row for row, ids in enumerate(written) if len(ids) >= number]
        logprobs = logprobs.clone()
        logprobs[rows] = changed[rows]
        return logprobs

    return do


@pytest.mark.parametrize("preambles", [(), ("Before.\n",)])
@pytest.mark.parametrize("number", [0, 3])
def test_where_no_token_is_left_the_text_ends(steered, preambles, number):
    asks = [GREEDY, *SAMPLED, *OTHERS]
    whole = steered(Plain(after(10, without(*range(420))), preambles)).answer(asks)
    ended = steered(Plain(after(number, without(*range(420))), preambles)).answer(asks)
    for ask, one, other in zip(asks, ended, whole, strict=True):
        assert one.finish is Finish.STOP
        assert one.usage.output_tokens == number
        assert other.text.startswith(one.text)
        assert bool(one.text) is bool(number)
        assert other.finish is (Finish.STOP if ask.max_tokens > 10 else Finish.LENGTH)


def test_where_no_token_is_left_no_other_text_ends(steered):
    def act(logprobs, behind, written):
        import torch

        logprobs = logprobs.clone()
        logprobs[0] = -torch.inf
        return logprobs

    long = replace(GREEDY, prompt="The doctor said that the nurse")  # the longest is the first row
    ended, fine = steered(Plain(act, ("Before.\n",))).answer([long, GREEDY])
    assert (ended.finish, ended.text, ended.usage.output_tokens) == (Finish.STOP, "", 0)
    assert fine.text == steered().answer([GREEDY])[0].text


def test_where_what_comes_next_is_no_number_the_ask_fails(steered):
    def act(logprobs, behind, written):
        return logprobs * float("nan")

    for reply in steered(Plain(after(2, act))).answer([GREEDY, *SAMPLED]):
        assert reply.finish is Finish.FAILED
        assert "non-finite" in reply.error


def test_what_is_begun_for_a_batch_is_told_the_prompts_and_forgotten_with_it(steered):
    told, steps = [], []

    class Counting:
        def begun(self, prompts):
            told.append(list(prompts))
            seen = []

            def act(logprobs, behind, written):
                seen.append(len(written[0]))
                steps.append(list(seen))
                return logprobs

            return act

    backend = steered(Plain(Counting(), scores=False))
    backend.answer([replace(GREEDY, max_tokens=3), CHAT, *SCORED])
    backend.answer([replace(GREEDY, max_tokens=2)])
    assert sorted(told[0]) == sorted([GREEDY.prompt, CHAT.prompt])
    assert told[1:] == [[GREEDY.prompt]]
    assert steps[-1] == [0, 1]


def test_several_act_in_order_each_told_of_its_own_preambles(steered):
    first = Plain(instead(0), ("Q: Who?\nA:",), number=1)
    told = []

    def second(logprobs, behind, written):
        told.append((logprobs.clone(), behind.clone()))
        return logprobs

    both = steered(first, Plain(second, ("The nurse",), number=2))
    text = both.answer([GREEDY])[0].text
    assert text == steered(first).answer([GREEDY])[0].text
    assert [one["details"]["number"] for one in both.identity().details["mitigations"]] == [1, 2]
    logprobs, behind = told[0]
    assert logprobs.shape == behind[0].shape == (1, 420)
    assert not logprobs.allclose(behind[0])


def test_a_steering_of_writing_alone_leaves_scores_on_the_path_they_were_on(steered):
    backend, plain = steered(Plain(without(5, 6), scores=False)), steered()
    ours, theirs = backend.answer(SCORED), plain.answer(SCORED)
    assert [reply.scores for reply in ours] == [reply.scores for reply in theirs]
    assert type(backend._opened.scorer) is type(plain._opened.scorer)


def test_long_texts_are_scored_in_parts_that_make_no_difference(steered, monkeypatch):
    ask = ScoreAsk("", ("The nurse said that the doctor was late, and the doctor said nothing. " * 3,), moments=True)
    whole = steered(Plain(texts=("Before.\n",)), backend={"scoring": "plain"}).answer([ask])[0]
    monkeypatch.setattr("harness.backends.causal.steered.PLACES_AT_ONCE", 7)
    parts = steered(Plain(texts=("Before.\n",)), backend={"scoring": "plain"}).answer([ask])[0]
    assert parts.scores[0].logprobs == pytest.approx(whole.scores[0].logprobs, abs=1e-5)
    assert parts.scores[0].means == pytest.approx(whole.scores[0].means, abs=1e-5)


def test_a_preamble_takes_its_room_from_what_is_read_at_once(steered):
    preamble = "The nurse said that the doctor was late, and then"
    backend, plain = (steered(*its, kind="gpt2", n_positions=28) for its in ([Plain(texts=(preamble,))], []))
    long = ScoreAsk("", ("He could not find the key; 12345 numbers 67890 lines. Größe 9?",))
    assert plain.answer([long])[0].finish is Finish.STOP
    assert backend.answer([long])[0].finish is Finish.TOO_LONG
    windows = replace(long, windows=Windows())
    ours, theirs = backend.answer([windows])[0], plain.answer([windows])[0]
    assert len(ours.scores[0].logprobs) == len(theirs.scores[0].logprobs)
    assert ours.scores[0].logprobs[0] == pytest.approx(theirs.scores[0].logprobs[0], abs=1e-4)
    room = plain._opened.loaded.tokens.limit - backend._opened.loaded.tokens.limit
    assert room == len(backend._opened.loaded.tokens.tokenizer.encode(preamble))
    assert backend.answer([replace(GREEDY, max_tokens=20)])[0].finish is Finish.TOO_LONG


def test_prompts_of_all_readings_are_counted(steered):
    one, other = (steered(*its).answer([GREEDY])[0].usage for its in ([], [Plain(texts=("The nurse",))]))
    assert other.prompt_tokens == 2 * one.prompt_tokens + len(["The", "nurse"])
    assert other.output_tokens == one.output_tokens


@pytest.mark.parametrize("scheme", ["kgw", "gumbel", "synthid"])
def test_a_watermark_is_put_into_what_the_steering_left(steered, scheme):
    asks = [*OTHERS, *SAMPLED[::2]]
    plain = steered().steered(watermark=scheme)
    both = plain.steered(steering=Plain(texts=("A longer text that stands before.\n",)))
    assert Capability.MARK_TEXT in both.capabilities
    assert both.identity().details["watermark"] == plain.identity().details["watermark"]
    assert texts(both.answer(asks)) == texts(plain.answer(asks))


@pytest.mark.gpu
def test_a_cuda_device_gives_what_the_cpu_gives(tiny):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device is usable here")

    def act(logprobs, behind, written):
        return ((logprobs + behind[0]) / 2).log_softmax(1)

    halved = Plain(act, ("Before.\n",))
    backends = [tiny(backend=its).steered(steering=halved) for its in ({}, {"device": "cuda", "dtype": "float32"})]
    cpu, gpu = (backend.answer([GREEDY, *SCORED]) for backend in backends)
    assert cpu[0].text == gpu[0].text
    for ours, theirs in zip(cpu[1:], gpu[1:], strict=True):
        for one, other in zip(ours.scores, theirs.scores, strict=True):
            assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)
