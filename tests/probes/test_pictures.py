import math

import pytest

from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.errors import DataError
from harness.records import Finish, Outcome, Reading, Reply, Score
from probes.pictures import FEATURES, draws, held_out, members, picture_readings, scripted, values_of


def training(asked_by, rows=12):
    made = [
        {
            "record": f"r{number}",
            "role": ("member", "nonmember")[number % 2],
            "label": number % 3,
            "class": "abc"[number % 3],
            "caption": f"a {('red', 'blue')[number // 3 % 2]} {'abc'[number % 3]}",
            "attributes": {"colour": ("red", "blue")[number // 3 % 2]},
            "asked_by": asked_by,
            "canary": {"fill": "x"} if number == 0 else None,
        }
        for number in range(rows)
    ]
    return Dataset("training", "1", digest_bytes(b""), "unknown", made, "model")


def test_a_model_of_classes_is_asked_for_each_in_turn():
    found = draws(training("label"), 7)
    assert [draw.ask.label for draw in found] == [0, 1, 2, 0, 1, 2, 0]
    assert [draw.ask.seed for draw in found] == list(range(7))
    assert {draw.ask.prompt for draw in found} == {None}
    assert found[1].class_name == "b"


def test_a_model_of_prompts_is_asked_for_each_caption_in_turn():
    found = draws(training("prompt"), 7)
    assert found[0].ask.prompt == found[6].ask.prompt == "a blue a"
    assert found[0].attributes == {"colour": "blue"}
    assert found[0].class_name == "a"


def test_a_model_that_takes_neither_gets_a_seed_alone():
    assert [(draw.ask.seed, draw.ask.label, draw.ask.prompt) for draw in draws(training(None), 2)] == [
        (0, None, None),
        (1, None, None),
    ]


def test_a_longer_list_of_draws_or_records_begins_with_the_shorter():
    data = training("label", rows=60)
    assert draws(data, 20)[:5] == draws(data, 5)
    assert members(data, 20)[:5] == members(data, 5)


def test_planted_records_are_not_among_the_natural_ones():
    data = training("label")
    assert {row["record"] for row in members(data, 99)} == {"r2", "r4", "r6", "r8", "r10"}
    assert all(row["role"] == "nonmember" for row in held_out(data, 99))


def test_captions_that_nobody_has_are_refused():
    with pytest.raises(DataError, match="caption"):
        draws(Dataset("training", "1", digest_bytes(b""), "unknown", [{"record": "r", "asked_by": "prompt"}], "m"), 1)


def test_values_come_from_readings_or_from_a_script():
    reply = Reply(Finish.STOP, media=("a.png",))
    (reading,) = picture_readings(reply, FEATURES)
    assert reading == Reading(FEATURES, "", media="a.png")
    assert values_of(reply, {reading: {"x": 1.0}}, FEATURES) == {"x": 1.0}
    assert values_of(scripted({"x": 2.0}), {}, FEATURES) == {"x": 2.0}


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(Finish.STOP, media=("a.png",)), Outcome.UNREADABLE),
        (Reply(Finish.STOP, text="a picture of nothing"), Outcome.UNREADABLE),
        (Reply(Finish.STOP, text='{"x": "y"}'), Outcome.UNREADABLE),
        (Reply(Finish.STOP), Outcome.UNREADABLE),
        (Reply(Finish.REFUSED), Outcome.REFUSED),
        (Reply(Finish.FAILED, error="e"), Outcome.FAILED),
    ],
)
def test_a_reply_without_a_reading_has_an_outcome_and_no_value(reply, outcome):
    found = values_of(reply, {}, FEATURES)
    assert isinstance(found, Score)
    assert found.outcome is outcome


def test_a_script_holds_finite_numbers_only():
    with pytest.raises(ValueError, match="."):
        scripted({"x": math.nan})
