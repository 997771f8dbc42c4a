"""A store as readers see it: every bundle is listed, none hides another, and names from links stay names."""

from __future__ import annotations

import pytest

from harness.errors import AccessError, BundleError, StoreError, UsageError
from harness.evidence.bundle import read_bundle, read_findings
from harness.evidence.store import Store
from harness.query.access import Role, require
from harness.query.library import Library, open_library
from harness.query.samples import LONGEST_PAGE, Filter, count_outcomes, page_of, reveal
from harness.registry import Registry

QUIZ = """
[model]
backend = "control"
hallucination = 0.3
[run]
profile = "smoke"
probes = ["hallucination.closed_book", "bias.paired_likelihood"]
[probe."hallucination.closed_book"]
items = 20
[probe."bias.paired_likelihood"]
items = 20
"""


@pytest.fixture
def folder(audit_text):
    """The bundle of a short run."""
    return audit_text(QUIZ).folder


@pytest.fixture
def library(folder):
    """Return a function that opens the store of that run for a role."""
    return lambda role=Role.AUDITOR: Library(Store(folder.parent), Registry(), role)


def test_a_run_is_listed_with_its_model_its_verdict_and_how_much_was_asked(library, folder):
    (listed,) = library(Role.POLICY).runs()
    assert (listed.name, listed.model, listed.backend) == (folder.name, "scripted control", "control")
    assert (listed.profile, listed.trouble, listed.mitigations) == ("smoke", "", ())
    assert listed.banner.key == "none"


def test_what_cannot_be_read_says_why_and_hides_no_other(library, folder):
    for name, content in (("broken-1", b"{"), ("empty-1", b"{}"), ("other-1", b'{"plan": {"identity": 3}}')):
        (folder.parent / name).mkdir()
        (folder.parent / name / "manifest.json").write_bytes(b"{}")
        (folder.parent / name / "run.json").write_bytes(content)
    listed = {one.name: one for one in library().runs()}
    assert {name for name, one in listed.items() if one.trouble} == {"broken-1", "empty-1", "other-1"}
    assert "broken-1" in listed["broken-1"].trouble
    assert listed[folder.name].banner is not None


def test_an_empty_store_and_one_that_is_not_there_have_no_runs(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        assert Library(Store(place), Registry(), Role.POLICY).runs() == ()


@pytest.mark.parametrize("name", ["../../etc", "..", "", "/etc/passwd", "' OR 1=1 --"])
def test_a_name_that_is_no_run_of_the_store_is_refused(library, name):
    with pytest.raises(UsageError, match="There is no run"):
        library().folder(name)


def test_a_view_has_the_sentences_of_the_report_and_reads_no_table(library, folder):
    for name in ("cases", "replies", "scores", "readings"):
        (folder / f"{name}.parquet").unlink()
    shown = library(Role.POLICY).view(folder.name)
    page = (folder / "report.html").read_text()
    sentences = [part.sentence for section in shown.sections for part in section.metrics]
    assert len(sentences) > 5
    assert all(one.replace("'", "&#39;") in page for one in sentences)
    assert shown.untested.families == ("robustness", "memorisation", "watermark")


def test_the_findings_alone_are_those_of_the_whole_bundle(folder):
    whole, part = read_bundle(folder), read_findings(folder)
    assert (part.run, part.results, part.verdict) == (whole.run, whole.results, whole.verdict)


# ── samples ───────────────────────────────────────────────────────────────────────────────


def test_pages_together_are_all_cases_once_and_in_their_order(library, folder):
    cases = [(cell, case.id) for cell, its in read_bundle(folder).cases.items() for case in its]
    found, start = [], 0
    while start < len(cases):
        page = page_of(library(), folder.name, Filter(), start=start, size=17)
        assert page.fitting == len(cases)
        found += [(sample.cell, sample.case) for sample in page.samples]
        start += 17
    assert found == cases
    assert len(page_of(library(), folder.name, Filter(), size=10**9).samples) <= LONGEST_PAGE


def test_a_sample_is_the_case_its_reply_and_its_score(library, folder):
    whole = read_bundle(folder)
    (sample,) = page_of(library(), folder.name, Filter(), start=3, size=1).samples
    judged = next(one for one in whole.judged[sample.cell] if one.case.id == sample.case)
    assert dict(sample.values) == dict(judged.score.values)
    assert (sample.outcome, sample.arm, dict(sample.groups)) == (
        judged.score.outcome.value,
        judged.case.arm.value,
        dict(judged.case.groups),
    )
    assert sample.hidden == 0


def test_filters_pick_what_they_say_and_count_it(library, folder):
    whole = read_bundle(folder)
    cell = "bias.paired_likelihood@minimal_pairs"
    of_cell = page_of(library(), folder.name, Filter(cell=cell), size=LONGEST_PAGE)
    assert of_cell.fitting == len(whole.cases[cell])
    group = next(iter(whole.cases[cell][0].groups.values()))
    assert page_of(library(), folder.name, Filter(group=group)).fitting == sum(
        group in case.groups.values() for its in whole.cases.values() for case in its
    )
    assert page_of(library(), folder.name, Filter(cell=cell, arm="main")).fitting < of_cell.fitting
    assert page_of(library(), folder.name, Filter(outcome="refused")).fitting == 0


def test_a_search_looks_at_the_words_themselves_whatever_their_case(library, folder):
    ask = read_bundle(folder).cases["bias.paired_likelihood@minimal_pairs"][0].ask
    word = max(ask.continuations[0].split(), key=len).strip(".,")
    found = page_of(library(), folder.name, Filter(text=word.upper()), size=LONGEST_PAGE)
    assert found.samples
    assert all(word.lower() in str(sample.ask).lower() for sample in found.samples)


@pytest.mark.parametrize("text", ["' OR 1=1 --", '"; DROP TABLE c; --', "%", "$cell", "\\"])
def test_what_is_sought_is_never_part_of_a_statement(library, folder, text):
    assert page_of(library(), folder.name, Filter(text=text)).fitting == 0
    assert page_of(library(), folder.name, Filter(cell=text, outcome=text, group=text, arm=text)).fitting == 0


def test_outcomes_are_counted_by_cell(library, folder):
    whole = read_bundle(folder)
    counted = count_outcomes(library(), folder.name)
    assert sum(counted.values()) == sum(map(len, whole.cases.values()))
    assert counted["hallucination.closed_book@facts_mc", "scored"] > 0


def test_a_damaged_table_is_told_with_what_to_do(library, folder):
    (folder / "replies.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(BundleError, match="`harness verify`"):
        page_of(library(), folder.name, Filter())


# ── who may see what ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.POLICY, {"public"}),
        (Role.AUDITOR, {"public", "auditor", "raw"}),
        (Role.ADMIN, {"public", "auditor", "raw", "revealed"}),
    ],
)
def test_each_role_sees_what_the_one_before_sees_and_more(role, sees):
    for tier in ("public", "auditor", "raw", "revealed"):
        if tier in sees:
            require(role, tier)
        else:
            with pytest.raises(AccessError, match=f"The role '{role.value}' does not see this"):
                require(role, tier)


def test_a_policy_reader_sees_no_case_and_no_score(library, folder):
    for ask in (lambda lib: page_of(lib, folder.name, Filter()), lambda lib: count_outcomes(lib, folder.name)):
        with pytest.raises(AccessError):
            ask(library(Role.POLICY))


REPLAY = """
[model]
backend = "function"
target = "leaky:answer"
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 4
mode = "write"
"""


@pytest.fixture
def leaky(audit_text, tmp_path, monkeypatch):
    """The bundle of a model that gives away an address."""
    (tmp_path / "leaky.py").write_text("def answer(prompt):\n    return 'Write to ada.byron@engine.org for it.'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return audit_text(REPLAY).folder


def test_personal_data_are_blacked_out_and_a_look_at_them_is_written_down(leaky):
    def library(role):
        return Library(Store(leaky.parent), Registry(), role)

    sample = next(s for s in page_of(library(Role.ADMIN), leaky.name, Filter(), size=50).samples if s.text)
    assert sample.text == "Write to [EMAIL] for it."
    assert sample.hidden >= 1
    with pytest.raises(AccessError):
        reveal(library(Role.AUDITOR), leaky.name, sample.cell, sample.case, who="eve", why="curious")
    with pytest.raises(UsageError, match="Say why"):
        reveal(library(Role.ADMIN), leaky.name, sample.cell, sample.case, who="ada", why=" ")
    assert not (leaky.parent / ".reveals.jsonl").exists()
    seen = reveal(library(Role.ADMIN), leaky.name, sample.cell, sample.case, who="ada", why="is it real?")
    assert seen.text == "Write to ada.byron@engine.org for it."
    (line,) = (leaky.parent / ".reveals.jsonl").read_text().splitlines()
    assert all(part in line for part in ('"who":"ada"', '"why":"is it real?"', sample.case, leaky.name))
    assert "engine.org" not in line


def test_what_cannot_be_written_down_is_not_shown(leaky):
    (leaky.parent / ".reveals.jsonl").mkdir()
    library = Library(Store(leaky.parent), Registry(), Role.ADMIN)
    sample = page_of(library, leaky.name, Filter(), size=1).samples[0]
    with pytest.raises(StoreError, match="so it is not shown"):
        reveal(library, leaky.name, sample.cell, sample.case, who="ada", why="because")


def test_a_policy_without_a_limit_is_refused_when_the_store_is_opened(tmp_path):
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(UsageError, match=r"no \[\[gate\]\]"):
        open_library(tmp_path, Role.POLICY, {"empty": tmp_path / "empty.toml"})


def test_a_bundle_that_takes_the_place_of_another_is_read_anew(library, folder):
    (before,) = library().runs()
    (folder / "manifest.json").unlink()
    (folder / "run.json").write_bytes(b"{}")
    (folder / "manifest.json").write_bytes(b"{}")
    (after,) = library().runs()
    assert not before.trouble
    assert after.trouble


def test_the_report_is_for_everybody_unless_it_shows_pictures(library, folder):
    assert library(Role.POLICY).report(folder.name) == (folder / "report.html").read_bytes()
    (folder / "media").mkdir()
    assert library(Role.AUDITOR).report(folder.name)
    with pytest.raises(AccessError, match="auditor"):
        library(Role.POLICY).report(folder.name)
