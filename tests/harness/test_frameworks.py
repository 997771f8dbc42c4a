from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from importlib.util import find_spec

import pytest

from harness.errors import DataError, UsageError
from harness.frameworks import FAMILIES, KEYS, Entry, Relation, describe, for_family, frameworks, parse
from harness.registry import Registry

SHAPES = {
    "nist-ai-rmf": r"(GOVERN|MAP|MEASURE|MANAGE)-\d\.\d{1,2}",
    "nist-genai-profile": r"(MP|MS|MG)-\d\.\d{1,2}-\d{3}|[A-Z][A-Za-z-]+",
    "eu-ai-act": r"(Art\.\d+a?|Annex[IVX]+(\.\d)?)(\(\d\))?(\([a-z]\))?|CoP-(Transparency|GPAI)\.[A-Za-z0-9.-]+",
    "iso-42001": r"A\.\d{1,2}(\.\d){1,2}|9\.1",
    "owasp-llm-2025": r"LLM(0[1-9]|10)",
    "owasp-llm-2026": r"LLM(0[1-9]|10)",
    "mitre-atlas": r"AML\.(T\d{4}(\.\d{3})?|M\d{4})",
    "avid": r"[SEP]0\d{3}",
}

SMALL = """
edition = "1"
title = "T"
publisher = "P"
source = "S"
last_checked = 2026-11-22
note = ""
none = ["robustness", "bias", "memorisation", "watermark", "utility", "dp_training", "deferral", "energy", "gates"]
[[entry]]
id = "X1"
title = "x"
relation = { hallucination = "measures" }
"""


@pytest.mark.parametrize("key", KEYS)
def test_every_shipped_file_parses_with_edition_source_and_date(key):
    framework = frameworks()[key]
    assert framework.key == key
    assert framework.edition
    assert framework.source
    assert framework.publisher
    assert framework.last_checked >= date(2026, 11, 22)
    assert framework.entries


def test_every_toml_file_beside_the_loader_is_listed():
    found = {entry.name.removesuffix(".toml") for entry in files("harness.frameworks").iterdir()}
    assert {name for name in found if not name.startswith("__")} == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_ids_are_unique_and_spelled_as_the_edition_spells_them(key):
    ids = [entry.id for entry in frameworks()[key].entries]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if not re.fullmatch(SHAPES[key], name)] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_an_entry_or_is_said_to_have_none(family):
    for key, entries in for_family(family).items():
        assert bool(entries) != (family in frameworks()[key].none)


@pytest.mark.parametrize("key", KEYS)
def test_nothing_claims_compliance(key):
    text = (files("harness.frameworks") / f"{key}.toml").read_text("utf-8").lower()
    assert not re.search(r"\b(compliant|compliance|complies|certified)\b", text)


@pytest.mark.parametrize("key", KEYS)
def test_titles_are_short_single_lines_without_a_full_stop(key):
    for entry in frameworks()[key].entries:
        assert 3 < len(entry.title) <= 120
        assert "\n" not in entry.title
        assert not entry.title.endswith(".")


def test_misinformation_has_another_number_in_each_owasp_edition():
    assert describe("owasp-llm-2025", "LLM09").title == describe("owasp-llm-2026", "LLM07").title == "Misinformation"


def test_dates_of_the_amended_act_are_those_of_the_omnibus():
    assert describe("eu-ai-act", "Art.15(1)").date_applies == date(2027, 12, 2)
    assert "2 August 2028" in describe("eu-ai-act", "Art.15(1)").applies_to
    assert describe("eu-ai-act", "Art.50(2)").date_applies == date(2026, 8, 2)
    assert "2 December 2026" in describe("eu-ai-act", "Art.50(2)").applies_to
    assert describe("eu-ai-act", "Art.53(1)(a)").date_applies == date(2025, 8, 2)
    assert describe("eu-ai-act", "Art.4a").date_applies is None


def test_the_closest_relation_comes_first():
    order = list(Relation)
    for family in FAMILIES:
        for entries in for_family(family).values():
            ranks = [order.index(entry.relation[family]) for entry in entries]
            assert ranks == sorted(ranks)


def test_the_phrase_never_promises_more_than_evidence():
    assert describe("nist-ai-rmf", "MEASURE-2.11").phrase("bias") == (
        "evidence relevant to MEASURE-2.11 (Fairness and bias are evaluated and documented)"
    )
    assert describe("eu-ai-act", "Art.27").phrase("bias").startswith("background to Art.27 (")


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(UsageError, match=r"Did you mean 'MEASURE-2\.5'\?"):
        describe("nist-ai-rmf", "MEASURE-25")


def test_an_unknown_framework_names_the_nearest():
    with pytest.raises(UsageError, match=r"Did you mean 'nist-ai-rmf'\?"):
        describe("nist-ai-rfm", "MEASURE-2.5")


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(UsageError, match=r"Did you mean 'memorisation'\?"):
        for_family("memorization")


def test_the_mapping_of_frameworks_cannot_be_changed():
    with pytest.raises(TypeError):
        frameworks()["x"] = frameworks()["avid"]
    with pytest.raises(TypeError):
        describe("avid", "P0204").relation["bias"] = Relation.MEASURES


def test_a_small_file_is_read():
    assert parse("small", SMALL).entries == (Entry("small", "X1", "x", {"hallucination": Relation.MEASURES}),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "X1"', "id = ", "small.toml: TOMLDecodeError"),
        ('"measures"', '"proves"', "'proves' is not a valid Relation"),
        ('title = "x"', 'titel = "x"', "unexpected keyword argument 'titel'"),
        ('"energy", ', "", "'energy' has neither an entry nor a place under none"),
        ('"energy"', '"energie"', "no family is named 'energie'"),
        ('"energy"', '"energy", "hallucination"', "'hallucination' has an entry and a place under none"),
        ('{ hallucination = "measures" }', "{}", "X1: a relation or a note is needed"),
        ('title = "x"', 'title = "x"\ndate_applies = 2027-12-02', "X1: a date needs applies_to"),
        (
            "[[entry]]",
            '[[entry]]\nid = "X1"\ntitle = "y"\nrelation = { hallucination = "measures" }\n[[entry]]',
            "twice",
        ),
        ('edition = "1"\n', "", "edition"),
    ],
)
def test_a_mistake_in_a_file_is_named(old, new, message):
    with pytest.raises(DataError, match=re.escape(message)):
        parse("small", SMALL.replace(old, new))


def our_probes():
    found = Registry().installed("probe")
    return [name for name in found if {plugin.distribution for plugin in found[name]} == {"rai-harness"}]


@pytest.mark.parametrize("name", our_probes())
def test_every_entry_on_a_probes_card_exists_and_fits_its_family(name):
    module = Registry().find("probe", name).target.partition(":")[0]
    if find_spec(module) is None:
        pytest.skip(f"{module} is declared but not written yet")
    card = Registry().create("probe", name).card
    assert set(card.frameworks) <= set(KEYS)
    for key, ids in card.frameworks.items():
        for entry in [describe(key, name) for name in ids]:
            assert card.family in entry.relation or Relation.CONTEXT in entry.relation.values(), f"{key} {entry.id}"
