"""Studies of a store as readers see them: what their own files say, none hides another, and names stay names."""

from __future__ import annotations

import json
import shutil

import pytest

from harness.canonical import loads
from harness.errors import BundleError, UsageError
from harness.evidence.store import Store
from harness.execute import Stop
from harness.query import (
    Kind,
    Library,
    Role,
    list_studies,
    shipped,
    study_fingerprint,
    study_runs,
    study_tried,
    view_study,
)
from harness.registry import Registry
from harness.run import Silent
from harness.study.conduct import conduct
from harness.study.design import read_design

TEXT = """
title = "Averaging over orders"
question = "Does the order of the options matter less?"
seeds = [1]
[model]
backend = "control"
order_bias = 0.6
[run]
profile = "smoke"
[probe."robustness.option_order"]
items = 20
[probe."hallucination.closed_book"]
items = 20
[[risk]]
metric = "robustness.option_order/flip_rate"
[[utility]]
metric = "hallucination.closed_book/mc1"
margin = 0.15
reason = "A tenth is what users notice."
[[treatment]]
name = "permute"
mitigation = "permute_average"
"""


class Looking:
    """A watch that looks away."""

    def arm(self, arm, number, of):
        return Silent()

    def lost(self, arm, reason):
        """Nothing."""

    def comparing(self):
        """Nothing."""


@pytest.fixture(scope="module")
def conducted(tmp_path_factory):
    """The folder of a study, which no test may change."""
    store = tmp_path_factory.mktemp("studies") / "runs"
    design = read_design(TEXT, "study.toml", {"run.store": str(store)})
    return conduct(design, TEXT, Registry(), project=store.parent, stop=Stop(), watch=Looking()).folder


@pytest.fixture
def folder(conducted, tmp_path):
    """A copy of it in a store of its own, which may be changed."""
    return shutil.copytree(conducted, tmp_path / "runs" / "studies" / conducted.name)


@pytest.fixture
def library(folder):
    """The store, read by those who see the least."""
    return Library(Store(folder.parents[1]), Registry(), Role.POLICY)


def test_a_study_is_listed_with_its_question_its_model_and_its_verdicts(library, folder):
    (one,) = list_studies(library)
    rulings = loads((folder / "verdicts.json").read_bytes())["verdicts"]
    assert (one.name, one.title, one.trouble) == (folder.name, "Averaging over orders", "")
    assert (one.question, one.model) == ("Does the order of the options matter less?", "scripted control")
    assert one.mitigations == ("permute_average",)
    assert [sentence for _, _, sentence in one.verdicts] == [its["sentence"] for its in rulings]
    ends = [loads(path.read_bytes())["timing"]["finished"] for path in folder.glob("arms/*/run.json")]
    assert one.finished == max(ends)


def test_every_number_of_the_view_is_that_of_the_study_s_own_file(library, folder):
    written = loads((folder / "effects.json").read_bytes())["compared"]
    (part,) = view_study(library, folder.name).parts
    (mine,) = [its for its in written if its["role"] == "treatment" and its["against"] == "baseline"]
    assert len(part.numbers) == len(mine["effects"]) > 20
    for row, its in zip(part.numbers, mine["effects"], strict=True):
        assert (row.effect.cell, row.effect.metric, dict(row.effect.slice)) == (
            its["cell"],
            its["metric"],
            its["slice"],
        )
        assert (row.effect.before, row.effect.after) == (its["before"], its["after"])
        if its["change"] is not None:
            change = row.effect.change
            assert [change.value, change.low, change.high] == [its["change"][name] for name in ("value", "low", "high")]


def test_what_decides_what_it_may_cost_and_what_it_costs_are_told_apart(library, folder):
    (part,) = view_study(library, folder.name).parts
    kinds = {row.kind: row for row in part.numbers if not row.effect.slice}
    assert kinds[Kind.DECIDES].effect.metric == "robustness.option_order/flip_rate"
    assert kinds[Kind.USEFULNESS].effect.metric == "hallucination.closed_book/mc1"
    assert kinds[Kind.PRICE].effect.metric == "panel/tokens"
    # Asking in every order reads several times as much: that is planted, and must be seen.
    assert (kinds[Kind.PRICE].key, kinds[Kind.PRICE].word) == ("fail", "worse")
    assert [row.kind for row in part.placebo] == [Kind.DECIDES]


def test_the_page_of_the_study_says_what_its_view_says(library, folder):
    page = (folder / "report.html").read_text()
    for part in view_study(library, folder.name).parts:
        assert part.ruled.sentence in page
        assert all(row.change in page for row in (*part.goals, *part.price, *part.others))


def test_each_run_is_told_with_what_it_used(library, folder):
    runs = study_runs(library, folder.name)
    assert [one.arm.name for one in runs] == list(view_study(library, folder.name).arms)
    for one in runs:
        record = loads((folder / "arms" / one.arm.name / "run.json").read_bytes())
        assert (one.asks, one.read) == (record["totals"]["asks"], record["totals"]["prompt_tokens"])
        assert one.joules == record["energy"]["joules"]
        assert (one.joules is None) == bool(one.unmeasured)


def test_what_was_tried_is_told_by_its_own_card(library, folder):
    (one,) = study_tried(library, folder.name)
    assert (one.treatment, one.mitigation) == ("permute", "permute_average")
    assert one.does
    assert one.limits


@pytest.mark.parametrize("broken", ["study.json", "effects.json", "verdicts.json", "run.json"])
@pytest.mark.parametrize("content", [b"not json", b"[]", b"{}", b'{"compared": [1], "verdicts": [{}], "arms": 3}'])
def test_a_study_that_cannot_be_read_says_why_and_hides_no_other(library, folder, broken, content):
    other = shutil.copytree(folder, folder.with_name("other-1"))
    (other / "manifest.json").write_bytes(broken.encode() + content)
    place = other / "arms" / "baseline-seed1" / broken if broken == "run.json" else other / broken
    place.write_bytes(content)
    listed = {one.name: one for one in list_studies(library)}
    assert set(listed) == {folder.name, "other-1"}
    assert not listed[folder.name].trouble
    assert "other-1" in listed["other-1"].trouble
    with pytest.raises(BundleError):
        view_study(library, "other-1")


def test_verdicts_that_do_not_fit_the_effects_are_refused(library, folder):
    record = loads((folder / "verdicts.json").read_bytes())
    (folder / "verdicts.json").write_text(json.dumps({**record, "verdicts": record["verdicts"] * 2}))
    (folder / "manifest.json").write_bytes(b"another")
    assert "do not fit each other" in list_studies(library)[0].trouble


@pytest.mark.parametrize("name", ["", "..", "../..", "/etc", "studies", "averaging", "\x00"])
def test_a_name_from_a_link_is_looked_up_and_never_made_part_of_a_path(library, folder, name):
    assert folder.name.startswith("averaging")
    for asked in (view_study, study_runs, study_tried, study_fingerprint):
        with pytest.raises(UsageError, match="no study"):
            asked(library, name)


def test_another_study_in_the_same_folder_is_read_anew(library, folder):
    before = study_fingerprint(library, folder.name)
    assert view_study(library, folder.name).design.title == "Averaging over orders"
    record = loads((folder / "study.json").read_bytes())
    (folder / "study.json").write_text(json.dumps({**record, "design": {**record["design"], "title": "Another"}}))
    (folder / "manifest.json").write_bytes((folder / "manifest.json").read_bytes() + b" ")
    assert study_fingerprint(library, folder.name) != before
    assert view_study(library, folder.name).design.title == "Another"


def test_a_store_without_studies_has_none_and_those_that_ship_are_known(tmp_path):
    assert list_studies(Library(Store(tmp_path / "nowhere"), Registry(), Role.POLICY)) == ()
    names = {one.name: one.question for one in shipped()}
    assert {"dedup", "deferral", "debias_prompt", "privacy_text", "privacy_pictures", "watermark"} <= set(names)
    assert all(question.endswith("?") for question in names.values())
