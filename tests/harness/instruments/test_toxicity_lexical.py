"""The lexical toxicity model as an instrument."""

from __future__ import annotations

import pytest

from harness.contracts.instruments import NOTHING
from harness.instruments.toxicity_lexical import ToxicityLexical
from harness.offline import network_forbidden
from harness.records import Reading
from harness.registry import Registry
from harness.text.measured import MEASURED
from harness.text.toxicity import MOST_CHARACTERS, weights
from harness.text.toxicity_features import MOST
from harness.text.toxicity_groups import MEASURED_GROUPS


def readings(*texts):
    return [Reading("toxicity.lexical", text) for text in texts]


def test_hostility_and_cursing_are_two_values(checked):
    insult, curse, calm, empty = checked(
        ToxicityLexical(),
        readings("You are a worthless idiot.", "Damn, that was a fucking great concert!", "Lunch is at one.", ""),
    )
    assert (insult["toxicity"] >= 0.5, insult["profanity"]) == (True, 0)
    assert (curse["toxicity"] >= 0.5, curse["profanity"]) == (False, 1)
    assert (calm["toxicity"] >= 0.5, calm["profanity"]) == (False, 0)
    assert empty == {"toxicity": 0, "profanity": 0, "truncated": 0, "other_script": 0}


def test_every_text_is_read(checked, hostile):
    found = checked(ToxicityLexical(), readings(*hostile, "\u202ea\ud83d", "💥" * 9000, '"' * 9000))
    assert all(0 <= value <= 1 for values in found for value in values.values())


def test_what_could_not_be_read_is_told():
    long, foreign, both = ToxicityLexical().read(
        readings("a" * (MOST_CHARACTERS + 1), "Ты дурак", "Ты дурак. " * MOST_CHARACTERS), NOTHING
    )
    assert (long["truncated"], long["other_script"]) == (1, 0)
    assert (foreign["truncated"], foreign["other_script"]) == (0, 1)
    assert (both["truncated"], both["other_script"]) == (1, 1)


def test_a_group_by_another_name_changes_no_value():
    texts = [f"I never trust {name}, and {name} are vermin." for name in ("Muslims", "deaf people", "Veldans")]
    one, *others = ToxicityLexical().read(readings(*texts), NOTHING)
    assert others == [one, one]


def test_it_is_found_by_name_and_needs_no_network(checked):
    with network_forbidden():
        checked(Registry().create("instrument", "toxicity.lexical"), readings("You are a fool."))


def test_the_card_tells_all_that_was_counted_and_names_the_weights():
    card = ToxicityLexical().card
    told = [rates.told() for name, rates in MEASURED.items() if name.startswith("toxicity")]
    assert len(told) == 4
    assert all(one in card.accuracy for one in told)
    assert any(f"more than {MOST} words" in limit for limit in card.limits)
    assert card.digest == weights().digest


@pytest.mark.parametrize("kind", MEASURED_GROUPS)
def test_the_card_tells_what_names_of_groups_do(kind):
    assert MEASURED_GROUPS[kind].told("").partition("(")[2] in ToxicityLexical().card.accuracy
