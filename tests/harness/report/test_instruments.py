from __future__ import annotations

from dataclasses import replace

import pytest

from harness.canonical import digest, to_json
from harness.contracts.instruments import InstrumentCard
from harness.measure import InstrumentRecord
from harness.plan_records import PluginRecord
from harness.report.instruments import readers
from harness.report.webpage import render

CELL = "robustness.order@facts_mc"


def record(name="eye", cells=(CELL,), **changes):
    card = InstrumentCard(
        name, "3", "The eye", {"bytes": "at least 8"}, digest(1), "Right 9 times in 10.", ("No colour.",)
    )
    plugin = PluginRecord("instrument", name, "acme-eye", "2.1", digest(2))
    return to_json(InstrumentRecord(plugin, replace(card, **changes), cells))


def run_with(calm, *records):
    return replace(calm.evidence, run={**calm.evidence.run, "instruments": list(records)})


def test_an_instrument_is_laid_out_with_its_code_and_its_errors(calm):
    (found,) = readers(run_with(calm, record()).run)
    assert (found.title, found.name, found.accuracy, found.limits) == (
        "The eye",
        "eye",
        "Right 9 times in 10.",
        ("No colour.",),
    )
    assert dict(found.facts) == {
        "version": "3",
        "distribution": "acme-eye 2.1",
        "digest of weights and word lists": str(digest(1)),
        "digest of its code": str(digest(2)),
        "measures": "bytes (at least 8)",
        "read replies of": CELL,
    }


def test_of_many_measures_the_first_are_named(calm):
    many = record(measures={f"m{number:03}": "0 to 1" for number in range(40)})
    told = dict(readers(run_with(calm, many).run)[0].facts)["measures"]
    assert told.startswith("m000 (0 to 1), ")
    assert told.endswith("m009 (0 to 1) and 30 more")


def test_evidence_without_instruments_has_none(calm):
    assert readers(calm.evidence.run) == ()
    assert "Read by" not in render(calm.evidence, calm.cards)


def test_what_is_no_instrument_is_refused(calm):
    for wrong in ({"name": "eye"}, {**record(), "card": {"id": "eye"}}):
        with pytest.raises((KeyError, ValueError)):
            readers({"instruments": [wrong]})


def test_it_stands_beside_the_numbers_of_its_cells_and_with_the_code(calm):
    page = render(run_with(calm, record(), record("ear", ("bias.pairs@facts_mc",), title="The ear")), calm.cards)
    second, third = (
        page[page.index(f'id="cell-{n}"') : page.index(end)] for n, end in ((2, 'id="cell-3"'), (3, 'id="origin"'))
    )
    assert '<a href="#instrument-1">The eye</a> <code class="muted">eye</code>: Right 9 times in 10.' in third
    assert '<a href="#instrument-2">The ear</a>' in second
    assert "The eye" not in second
    origin = page[page.index('id="origin"') :]
    for text in (
        'id="instrument-1"',
        'id="instrument-2"',
        "No colour.",
        str(digest(1)),
        str(digest(2)),
        "acme-eye 2.1",
    ):
        assert text in origin


def test_a_hostile_card_does_nothing(calm, hostile):
    poisoned = record(title=hostile, accuracy=hostile, limits=(hostile,), measures={hostile: hostile}, version=hostile)
    page = render(run_with(calm, poisoned), calm.cards)
    assert "<script" not in page
    assert "\x1b" not in page
