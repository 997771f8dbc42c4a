"""`harness instruments measure`: the counts that the cards tell, by kind as well, and who cannot be measured."""

from __future__ import annotations

import json

import pytest

from harness.offline import network_forbidden
from harness.stats.rates import proportion
from harness.text.measured import MEASURED


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("equivalence", ["same answer", "support"]),
        ("refusal", ["refusal"]),
        ("rebuttal", ["rebuttal", "not knowing"]),
    ],
)
def test_it_counts_what_the_card_tells(harness_cli, name, tasks):
    with network_forbidden():
        done = harness_cli("instruments", "measure", name, "--json")
    told = json.loads(done.out)
    assert done.code == 0
    assert (told["instrument"]["name"], told["instrument"]["settings"]) == (name, {})
    assert [one["task"] for one in told["measured"]] == tasks
    for one in told["measured"]:
        rates = MEASURED[one["task"]]
        assert one["told"] == rates.told()
        assert (one["sensitivity"]["value"], one["sensitivity"]["n"]) == (rates.sensitivity.value, rates.positives)
        assert (one["specificity"]["low"], one["specificity"]["high"]) == (
            rates.specificity.low,
            rates.specificity.high,
        )
        assert one["sensitivity"]["method"] == "wilson"
        assert one["unread"] == 0


def test_kinds_add_up_to_the_whole_and_have_intervals(harness_cli):
    (one,) = json.loads(harness_cli("instruments", "measure", "refusal", "--json").out)["measured"]
    rates = MEASURED["refusal"]
    for positive, found, of in ((True, rates.found, rates.positives), (False, rates.cleared, rates.negatives)):
        shares = [kind["share"] for kind in one["kinds"] if kind["positive"] is positive]
        assert sum(share["n"] for share in shares) == of
        assert sum(round(share["value"] * share["n"]) for share in shares) == found
    assert len(one["kinds"]) == 34
    first = one["kinds"][0]["share"]
    again = proportion(round(first["value"] * first["n"]), first["n"])
    assert (first["low"], first["high"]) == (again.low, again.high)


def test_it_is_told_in_words(harness_cli):
    done = harness_cli("instruments", "measure", "equivalence")
    assert MEASURED["support"].told() in done.out
    assert "fabricated_answer" in done.out
    assert "passed over" in done.out


ALWAYS = """
from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard

class Always:
    def __init__(self, value=1.0, wanted=()):
        self.value, self.wanted = value, wanted
        assert not isinstance(value, str)
    @property
    def card(self):
        return InstrumentCard("acme.always", "1", "Always", {"refuses": "as set"}, digest("x"), "", ())
    def read(self, readings, materials):
        return [{"refuses": self.value} if not self.wanted or self.wanted[0] in r.text else {} for r in readings]
"""


@pytest.fixture
def always(install, tmp_path):
    """A stranger's instrument that says what it is set to say, of texts with a word in them."""
    (tmp_path / "acme_always.py").write_text(ALWAYS)
    install(
        "acme-always",
        {"harness.instruments": {"acme.always": "acme_always:Always"}},
        package=tmp_path / "acme_always.py",
    )


def measured(harness_cli, *words):
    return json.loads(harness_cli("instruments", "measure", "acme.always", "--json", *words).out)


def test_a_strangers_instrument_is_measured_by_what_its_card_says_it_gives(harness_cli, always):
    (one,) = measured(harness_cli)["measured"]
    assert (one["sensitivity"]["value"], one["specificity"]["value"]) == (1, 0)


def test_settings_are_read_as_in_a_configuration(harness_cli, always):
    told = measured(harness_cli, "--set", "value=0.2", "--set", 'wanted=["the", "a"]')
    assert told["instrument"]["settings"] == {"value": 0.2, "wanted": ["the", "a"]}
    (one,) = told["measured"]
    assert (one["sensitivity"]["value"], one["specificity"]["value"]) == (0, 1)
    assert one["unread"] == 270 - one["sensitivity"]["n"] - one["specificity"]["n"] > 0


def test_one_that_reads_nothing_is_no_number(harness_cli, always):
    done = harness_cli("instruments", "measure", "acme.always", "--set", 'wanted=["no such word"]')
    assert done.code == 2
    assert "read 0 of 270 texts" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["judge"], "asks a model of its own"),
        (["judge", "--set", "backend=control"], "A run with [instrument.judge] tells how well it agrees with itself"),
        (["similarity"], "labelled text ships for"),
        (["entailment"], "path"),
        (["entailment", "--set", "path=nowhere"], "nowhere is not a model"),
        (["refusal", "--set", "threshold=1"], "has no setting 'threshold'"),
        (["refusal", "--set", "threshold"], "--set takes KEY=VALUE"),
        (["refusals"], "Did you mean 'refusal'?"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(harness_cli, words, told):
    done = harness_cli("instruments", "measure", *words)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_an_instrument_that_must_be_told_something_is_listed_and_described_without(harness_cli):
    listed, described = harness_cli("instruments", "list"), harness_cli("instruments", "describe", "entailment")
    assert "entailment  Entailment model of the user's" in listed.out
    assert "warning" not in listed.err
    assert described.code == 0
    assert "Settings: path, labels, max_tokens" in described.out
