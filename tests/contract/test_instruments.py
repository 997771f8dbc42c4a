"""Every registered instrument is held to `harness.contracts.instruments.Instrument`.

What one reads is taken from the probes: what they would have it read of the scripted model's replies, with the texts
replaced by hostile ones. Those that look at pictures, or at a model's weights, are held to their cards here, and to
their readings by tests of their own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
from math import isfinite
from random import Random

import pytest

from harness.canonical import dumps, loads
from harness.contracts import TRAINING, Budget
from harness.contracts.instruments import (
    NOTHING,
    AskingInstrument,
    FittedInstrument,
    Instrument,
    Materials,
)
from harness.data import load
from harness.errors import HarnessError, NotApplicableError, UsageError
from harness.judge import wanted_readings
from harness.records import Capability, Interval, Reading
from harness.registry import Registry

REGISTRY = Registry()
"""One for all tests: finding out what is installed takes longer than most of them."""

WEIGHTS = {"entailment", "toxicity.detoxify"}
"""Need weights that do not ship."""
PICTURES = {"image_features", "image_watermark", "nearest_members"}
ALIKE = {
    "entailment": "equivalence",
    "judge": "equivalence",
    "sentiment": "refusal",
    "similarity": "refusal",
    "watermark_paraphrase": "text_watermark",
}
"""Instruments that no probe names unless told to, and those that are asked in the same form."""

HOSTILE = (
    "",
    " \n\t",
    "\x00\x1b[31mred\x1b[0m",
    "\u202eevil\u202c \u200b\ufeff",
    "half of a pair \ud800",
    "a" * 3000,
    "(" * 500 + ")" * 500,
    "'\"`<>&;-- ${x} {{y}} %s \\u0041",
    "I 𝓱𝓪𝓽𝓮 𝟙𝟚𝟛 ٣٤٥ ½ ﷽ 🏳️‍🌈",
    "no no no " * 200,
)

NAMES = sorted(REGISTRY.installed("instrument"))
each = pytest.mark.parametrize("name", NAMES)
each_reader = pytest.mark.parametrize("name", [name for name in NAMES if name not in WEIGHTS | PICTURES])


@cache
def scripted() -> object:
    return REGISTRY.create("backend", "control", {"trained_on": "text"})


def made(name: str) -> Instrument:
    """The instrument, fitted to the scripted model where it is to be."""
    try:
        instrument: Instrument = REGISTRY.create("instrument", name)
        _ = instrument.card
    except UsageError as error:
        pytest.skip(f"{name} needs what does not ship: {error}")
    return instrument.fitted(scripted()) if isinstance(instrument, FittedInstrument) else instrument


@cache
def materials() -> Materials:
    return replace(NOTHING, ask=scripted().answer, training=scripted().training_data)


@cache
def asked_by_probes() -> dict[str, list[Reading]]:
    """What the probes would have each instrument read of the scripted model's replies."""
    found: dict[str, list[Reading]] = {}
    backend = scripted()
    for probe_name in sorted(REGISTRY.installed("probe")):
        probe = REGISTRY.create("probe", probe_name)
        source = (*probe.card.datasets, "facts_mc")[0]
        for way in probe.card.needs:
            if way not in backend.capabilities:
                continue
            with suppress(NotApplicableError):
                data = backend.training_data() if source == TRAINING else load(source)
                cases = list(probe.cases(data, Budget(4, 0, way, backend.capabilities)))
                for reading in wanted_readings(probe, cases, backend.answer([case.ask for case in cases])):
                    found.setdefault(reading.instrument, []).append(reading)
    return found


def readings_for(name: str) -> list[Reading]:
    """A few readings of the instrument's own form, then the same of hostile texts."""
    asked = asked_by_probes()
    own = asked.get(name) or asked.get(ALIKE.get(name, ""), [])
    own = [replace(one, instrument=name) for one in dict.fromkeys(own)] or [Reading(name, "The tide came in.")]
    few = Random(0).sample(own, min(8, len(own)))
    return [*few, *(replace(few[0], text=text) for text in HOSTILE)]


# ── cards ─────────────────────────────────────────────────────────────────────────────────


@each
def test_a_card_says_what_it_measures_how_well_and_what_it_cannot_tell(name):
    card = made(name).card
    assert card.id == name
    assert card.version
    assert card.title[0].isupper()
    assert not card.title.endswith(".")
    assert card.measures
    assert all(measure.strip() and words.strip() for measure, words in card.measures.items())
    assert card.accuracy.strip().endswith(".")
    assert card.limits
    assert all(limit.strip().endswith(".") for limit in card.limits)
    assert len(card.digest.hex) == 64


@each
def test_a_card_is_the_same_each_time(name):
    assert made(name).card == made(name).card


@each
def test_an_unknown_setting_is_refused_by_name(name):
    with pytest.raises(HarnessError, match="colour"):
        REGISTRY.create("instrument", name, {"colour": "red"})


# ── readings ──────────────────────────────────────────────────────────────────────────────


@each_reader
def test_each_text_has_one_reading_with_the_names_on_the_card_and_numbers_that_can_be_written_down(name):
    instrument, wanted = made(name), readings_for(name)
    read = instrument.read(wanted, materials())
    assert len(read) == len(wanted)
    for values in read:
        assert set(values) <= set(instrument.card.measures)
        assert all(isinstance(value, float) and isfinite(value) for value in values.values()), values
        assert loads(dumps(dict(values))) == dict(values)


@each_reader
def test_a_reading_does_not_depend_on_what_else_is_read_or_in_which_order(name):
    instrument, wanted = made(name), readings_for(name)
    together = instrument.read(wanted, materials())
    assert instrument.read(wanted, materials()) == together
    order = Random(1).sample(range(len(wanted)), len(wanted))
    mixed = instrument.read([wanted[place] for place in order], materials())
    assert mixed == [together[place] for place in order]
    for place in order[:4]:
        assert made(name).read([wanted[place]], materials()) == [together[place]]


@each_reader
def test_nothing_to_read_gives_nothing(name):
    assert made(name).read([], materials()) == []


def test_who_asks_a_model_says_what_of_it_and_how_far_it_agrees_with_itself():
    readers = [made(name) for name in NAMES if name not in WEIGHTS | PICTURES]
    asking = [its for its in readers if isinstance(its, AskingInstrument)]
    assert {its.card.id for its in asking} >= {"judge", "likelihood"}
    for its in asking:
        assert isinstance(its.needs, Capability)
        agreement = its.agreement(its.read(readings_for(its.card.id), materials()))
        assert agreement is None or isinstance(agreement, Interval)


def test_probes_name_instruments_that_are_installed():
    named = {
        (probe_name, its)
        for probe_name in REGISTRY.installed("probe")
        for its in getattr(REGISTRY.create("probe", probe_name), "instruments", ())
    }
    assert named
    assert {its for _, its in named} <= set(NAMES)


def test_most_readers_are_tried_on_what_probes_ask_of_them():
    tried = {name for name in NAMES if asked_by_probes().get(name)}
    assert tried >= {
        "equivalence",
        "refusal",
        "rebuttal",
        "toxicity.lexical",
        "personal_data",
        "references",
        "packages",
    }
