"""Preference optimisation: its loss against a closed form, its reference, and what it is shown."""

from __future__ import annotations

import json
from math import exp, log

import pytest

torch = pytest.importorskip("torch")

from harness.errors import DataError  # noqa: E402
from harness.models.tokenizers import encode  # noqa: E402
from harness.training.checkpoint import open_checkpoint  # noqa: E402
from harness.training.objectives.preference import Choices, preference_loss  # noqa: E402
from harness.training.objectives.tables import Preference  # noqa: E402
from harness.training.objectives.texts import preferences  # noqa: E402
from harness.training.recipe import Recipe  # noqa: E402

ROWS = [("the cat", "sat under", "ran over"), ("a dog", "ran", "sat under the mat"), ("red", "blue", "slow house")]


@pytest.fixture
def model(tiny_folder):
    """A model of single bytes with a context of 64; its own copy."""
    return open_checkpoint(tiny_folder("language")).generator()


@pytest.fixture
def pairs(tmp_path):
    """Return a function that writes prompts with two replies to a file and names it."""

    def write(rows):
        path = tmp_path / "pairs.jsonl"
        path.write_text(
            "\n".join(json.dumps(dict(zip(("prompt", "chosen", "rejected"), row, strict=True))) for row in rows)
        )
        return str(path)

    return write


def test_the_loss_is_that_of_the_paper():
    now, first = torch.tensor([[-1.0, -2.0], [-7.0, -3.0]]), torch.tensor([[-1.5, -1.2], [-7.0, -3.0]])
    found = preference_loss(now, first, beta=0.1)
    margin = 0.1 * ((-1.0 + 1.5) - (-2.0 + 1.2))
    assert found.tolist() == pytest.approx([-log(1 / (1 + exp(-margin))), log(2)], abs=1e-6)


def test_the_gradient_raises_the_preferred_reply_and_lowers_the_other_by_as_much():
    now = torch.tensor([[-1.0, -2.0]], requires_grad=True)
    preference_loss(now, torch.tensor([[-1.0, -2.0]]), beta=0.4).sum().backward()
    # Equation 7's gradient at the start: beta times a half, with either sign.
    assert now.grad.tolist() == [pytest.approx([-0.2, 0.2])]


def test_a_reply_counts_from_its_first_token_to_the_end_and_the_prompt_does_not(model, pairs):
    found = Choices(model, Preference(pairs=pairs(ROWS)))
    with torch.no_grad():
        got = found.measure(range(3))
    for row, (prompt, *replies) in enumerate(ROWS):
        for side, reply in enumerate(replies):
            [passage] = encode(model.tokenizer, [f"{prompt} {reply}"])
            [told] = model.token_logprobs([f"{prompt} {reply}"])
            own = [one for start, one in zip(told.starts, told.logprobs, strict=True) if start >= len(prompt)]
            assert len(own) == len(passage.tokens) - 1 - len(prompt)
            assert float(got[row, side]) == pytest.approx(sum(own), abs=1e-4)


def test_the_loss_begins_at_the_logarithm_of_two_and_is_measured_from_the_model_as_it_was(model, pairs):
    found = Choices(model, Preference(pairs=pairs(ROWS), beta=0.5))
    rows = {"length": torch.zeros(4)}
    assert found.losses(rows).tolist() == pytest.approx([log(2)] * 4, abs=1e-5)
    optimizer = torch.optim.SGD(model.network.parameters(), lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        found.losses(rows).mean().backward()
        optimizer.step()
    with torch.no_grad():
        assert float(found.losses(rows).mean()) < 0.5 * log(2)


def test_the_placebo_turns_about_half_of_the_pairs_the_same_ones_each_time(model, pairs):
    rows = [(f"{n} cats", "sat", "ran") for n in range(40)]
    straight, tossed, again = (
        Choices(model, Preference(pairs=pairs(rows), tossed=tossed))._sides for tossed in (False, True, True)
    )
    assert tossed == again
    turned = [mine != its for mine, its in zip(straight, tossed, strict=True)]
    assert 10 <= sum(turned) <= 30
    for mine, its, is_turned in zip(straight, tossed, turned, strict=True):
        assert {mine.preferred, mine.rejected} == {its.preferred, its.rejected}
        assert (mine.preferred == its.rejected) == is_turned


def test_a_model_of_chats_is_shown_the_prompt_in_its_own_form(model, pairs):
    plain = Choices(model, Preference(pairs=pairs(ROWS[:1])))._sides[0]
    model.tokenizer.chat_template = "{% for m in messages %}[{{ m['content'] }}]{% endfor %}>"
    chat = Choices(model, Preference(pairs=pairs(ROWS[:1])))._sides[0]
    text = model.tokenizer.decode(chat.preferred[: chat.start])
    assert text.replace(" ", "") == "[thecat]>"
    assert chat.preferred != plain.preferred


def test_pairs_that_cannot_be_learned_from_are_refused(model, pairs, tmp_path):
    assert Choices(model, Preference(pairs=pairs([*ROWS, ("the cat", "sat " * 30, "ran")]))).left_out == 1
    with pytest.raises(DataError, match="Not one of 1 pairs of replies fits"):
        Choices(model, Preference(pairs=pairs([("the cat", "sat " * 30, "ran")])))
    with pytest.raises(DataError, match="both replies are"):
        preferences(pairs([("the cat", "sat", "sat")]))
    path = tmp_path / "odd.jsonl"
    path.write_text(json.dumps({"prompt": "a", "chosen": "b"}))
    with pytest.raises(DataError, match="no text under 'rejected'"):
        preferences(str(path))
    path.write_text(json.dumps({"prompt": "a \ud800", "chosen": "b", "rejected": "c"}))
    with pytest.raises(DataError, match="surrogate"):
        Choices(model, Preference(pairs=str(path)))


def test_preferences_need_a_model_that_writes_already():
    plain = {"kind": "language", "data": "x", "steps": 1, "batch": 1, "learning_rate": 1.0}
    with pytest.raises(ValueError, match="a model that writes already"):
        Recipe(**plain, objective={"name": "preference"})
    assert Recipe(**plain, start="folder", objective={"name": "preference"}).objective.beta == 0.1
    assert Recipe(**plain, model={"base": "folder"}, objective={"name": "preference"}).start is None
