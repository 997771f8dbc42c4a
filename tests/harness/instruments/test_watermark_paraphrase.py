"""A model writes a text anew: what is asked of it, how much it changed, and what is left of the mark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.backends.control import Control
from harness.contracts.instruments import NOTHING, AskingInstrument, FittedInstrument
from harness.errors import UsageError
from harness.instruments.text_watermark import TextWatermark
from harness.instruments.watermark_paraphrase import WatermarkParaphrase
from harness.records import Capability, Finish, GenerateAsk, Reading, Reply
from harness.watermark.keys import fingerprint, read_key
from harness.watermark.text_look import TextLook

NAME = "watermark_paraphrase"
LOOK = TextLook("kgw", str(fingerprint(read_key(None))), None)


def marked(count=1):
    """Texts that the scripted model marks, by words."""
    asks = [GenerateAsk(f"Continue {number}", max_tokens=150, temperature=1.0) for number in range(count)]
    return [reply.text for reply in Control(marks_text=1.0).answer(asks)]


def read(texts, answer):
    asked = []

    def ask(asks):
        asked.extend(asks)
        return [answer(one) for one in asks]

    readings = [Reading(NAME, text, LOOK.context()) for text in texts]
    instrument = WatermarkParaphrase(backend="control", tokenizer="words")
    return instrument.read(readings, replace(NOTHING, ask=ask)), asked


def saying(text):
    return lambda _: Reply(Finish.STOP, text=text)


def test_each_text_is_written_anew_once_with_room_for_all_of_it_and_without_a_mark():
    found, asked = read(["one two three", "one two three", "four " * 100], saying("anew"))
    assert len(found) == 3
    assert [its.prompt.endswith(text) for its, text in zip(asked, ["one two three", "four " * 100], strict=True)]
    assert [its.max_tokens for its in asked] == [32, 200]
    assert {(its.marked, its.temperature) for its in asked} == {(False, 0.7)}


def test_a_model_that_gives_the_text_back_changes_nothing_and_leaves_the_mark():
    text, own = marked()[0], TextWatermark("words")
    (found,), _ = read([text], lambda ask: Reply(Finish.STOP, text=ask.prompt.partition("\n\n")[2]))
    (plain,) = own.read([Reading("text_watermark", text, LOOK.context())], NOTHING)
    assert found == {"paraphrased": 1.0, "changed": 0.0, **plain}
    assert found["p"] < 1e-6


def test_a_model_that_writes_something_else_takes_the_mark_away():
    other = " ".join(f"other{number}" for number in range(150))
    (found,), _ = read(marked(), saying(other))
    assert found["changed"] == 1
    assert found["p"] > 0.001


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [("a b c d", "a b c d", 0), ("a b c d", "a x c d", 0.25), ("a b c d", "a b", 0.5), ("a b", "A B c d", 0.5)],
)
def test_what_changed_is_counted_in_words_put_in_taken_out_or_replaced(before, after, changed):
    (found,), _ = read([before], saying(after))
    assert found["changed"] == changed


@pytest.mark.parametrize("reply", [Reply(Finish.REFUSED), Reply(Finish.STOP, text="  "), Reply(Finish.TOO_LONG)])
def test_where_nothing_was_written_that_is_said_and_no_number_told(reply):
    assert read(["some words"], lambda _: reply)[0] == [{"paraphrased": 0.0}]


def test_a_model_that_could_not_be_reached_is_asked_again_another_time():
    assert read(["some words"], lambda _: Reply(Finish.FAILED, error="no"))[0] == [{}]


def test_an_empty_text_is_nothing_to_write_anew():
    found, asked = read(["", "  "], saying("anew"))
    assert (found, asked) == ([{"paraphrased": 0.0}] * 2, [])


def test_it_asks_a_model_of_its_own_and_takes_the_tokenizer_of_the_audited_one():
    instrument = WatermarkParaphrase(backend="control")
    assert isinstance(instrument, AskingInstrument)
    assert isinstance(instrument, FittedInstrument)
    assert instrument.needs is Capability.GENERATE
    assert instrument.misfit(object()) is not None
    assert instrument.misfit(Control()) is None
    fitted = instrument.fitted(Control())
    assert fitted.card.digest == WatermarkParaphrase(backend="control", tokenizer="words").card.digest
    with pytest.raises(UsageError, match="tokenizer"):
        WatermarkParaphrase(backend="control").read(
            [Reading(NAME, "x", LOOK.context())], replace(NOTHING, ask=lambda _: [Reply(Finish.STOP, text="y")])
        )


@pytest.mark.parametrize("settings", [{"backend": 3}, {"temperature": -1}, {"temperature": float("nan")}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises((TypeError, ValueError)):
        WatermarkParaphrase(**settings)
