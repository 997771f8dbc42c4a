from __future__ import annotations

import shutil

import pytest

from harness.errors import BrokenPluginError, PluginClashError, UnknownPluginError, UsageError
from harness.registry import KINDS, Registry


def test_a_strangers_plugins_are_found_and_work_like_ours(acme):
    registry = Registry()
    plugin = registry.find("probe", "acme.arithmetic")
    assert (plugin.owner, plugin.target) == ("acme-arithmetic 1.2.0", "acme_arithmetic.probe:Arithmetic")
    assert registry.create("probe", "acme.arithmetic", {"largest": 5}).largest == 5
    assert "acme.calculator" in registry.installed("backend")


def test_our_own_plugins_are_declared_as_entry_points():
    owners = {p.distribution for kind in ("probe", "backend") for ps in Registry().installed(kind).values() for p in ps}
    assert owners == {"rai-harness"}


def test_every_kind_has_its_entry_point_group():
    assert [group for group, _ in KINDS.values()] == [
        f"harness.{name}" for name in ("probes", "backends", "instruments", "mitigations", "watermarks", "exporters")
    ]


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownPluginError, match=r"'bias.paired_likelyhood'.*Did you mean 'bias.paired_likelihood'\?"):
        Registry().find("probe", "bias.paired_likelyhood")


def test_a_name_that_two_distributions_declare_is_refused(acme, install):
    install("mallory", {"harness.probes": {"acme.arithmetic": "mallory:Probe"}})
    with pytest.raises(PluginClashError, match=r"declared by acme-arithmetic 1\.2\.0 and by mallory 1\.0"):
        Registry().find("probe", "acme.arithmetic")


def test_a_distribution_seen_through_two_path_entries_does_not_clash_with_itself(acme, tmp_path, monkeypatch):
    shutil.copytree(acme, tmp_path / "stale-copy", symlinks=True)
    monkeypatch.syspath_prepend(str(tmp_path / "stale-copy"))
    assert Registry().find("probe", "acme.arithmetic").distribution == "acme-arithmetic"


def test_a_plugin_that_cannot_be_imported_stops_only_those_who_ask_for_it(install):
    install("broken", {"harness.probes": {"broken.probe": "no_such_module:Probe"}})
    registry = Registry()
    assert "hallucination.closed_book" in registry.installed("probe")
    with pytest.raises(BrokenPluginError, match=r"'broken.probe' from broken 1\.0 .*No module named 'no_such_module'"):
        registry.find("probe", "broken.probe").load()
    assert [row for row in registry.broken() if "broken.probe" in row]


def test_something_that_is_no_probe_is_refused_by_what_it_lacks(install):
    site = install("hollow", {"harness.probes": {"hollow": "acme_hollow:Hollow"}})
    (site / "acme_hollow.py").write_text("class Hollow:\n    card = None\n")
    with pytest.raises(BrokenPluginError, match="cases"):
        Registry().create("probe", "hollow")


def test_an_unknown_setting_names_the_nearest(acme):
    with pytest.raises(UsageError, match=r"no setting 'largst'. Did you mean 'largest'\?"):
        Registry().create("probe", "acme.arithmetic", {"largst": 3})


def test_an_allow_list_hides_other_distributions_but_never_our_own(acme):
    registry = Registry(allow=["somebody-else"])
    with pytest.raises(UnknownPluginError):
        registry.find("probe", "acme.arithmetic")
    assert registry.find("backend", "control").distribution == "rai-harness"
    assert Registry(allow=["ACME-arithmetic"]).find("probe", "acme.arithmetic")


def test_the_code_digest_of_a_plugin_covers_its_whole_package(install, tmp_path):
    package = tmp_path / "acme_moving"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "probe.py").write_text("class P: pass\n")
    helper = package / "helper.py"
    helper.write_text("LIMIT = 1\n")
    install("moving", {"harness.probes": {"moving": "acme_moving.probe:P"}}, package=package)
    before = Registry().find("probe", "moving").code_digest()
    helper.write_text("LIMIT = 2\n")
    assert Registry().find("probe", "moving").code_digest() != before


# ── a probe around another ────────────────────────────────────────────────────────────────

WRAPPING = """
from dataclasses import dataclass, field
from types import SimpleNamespace


@dataclass
class Around:
    of: str = "acme.arithmetic"
    of_settings: dict = field(default_factory=dict)

    def around(self, inner):
        if self.of_settings.get("largest") == 7:
            raise ValueError("7 does not go together with it")
        return SimpleNamespace(
            inner=inner, card=inner.card, controls=inner.controls, cases=inner.cases, judge=inner.judge,
            summarise=inner.summarise,
        )
"""


@pytest.fixture
def wrapping(acme, install):
    site = install("wrapping", {"harness.probes": {"acme.around": "acme_wrapping:Around"}})
    (site / "acme_wrapping.py").write_text(WRAPPING)
    return Registry()


def test_a_wrapping_probe_comes_around_the_probe_that_it_names(wrapping):
    made = wrapping.create("probe", "acme.around", {"of_settings": {"largest": 5}})
    assert made.inner.largest == 5
    plugin = wrapping.find("probe", "acme.around")
    assert [its.name for its in wrapping.involved(plugin, {})] == ["acme.around", "acme.arithmetic"]
    assert wrapping.involved(wrapping.find("probe", "acme.arithmetic"), {}) == [
        wrapping.find("probe", "acme.arithmetic")
    ]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"of": "acme.arithmetik"}, r"No probe named 'acme.arithmetik'.*Did you mean 'acme.arithmetic'\?"),
        ({"of": "acme.around"}, r"no probe can be put around it, itself included"),
        ({"of": "robustness.perturbation"}, r"'robustness.perturbation' asks another probe's cases"),
        ({"of_settings": {"largst": 3}}, r"no setting 'largst'. Did you mean 'largest'\?"),
        ({"of_settings": {"largest": 7}}, r"'acme.around' refuses its settings: 7 does not go together"),
    ],
)
def test_what_cannot_be_wrapped_is_refused_with_the_nearest_name(wrapping, settings, told):
    with pytest.raises(UsageError, match=told):
        wrapping.create("probe", "acme.around", settings)
