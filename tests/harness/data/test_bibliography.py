from __future__ import annotations

import json
import sys
from collections import Counter

import pytest

from harness.data import load
from harness.data.bibliography import gathered, read_bibliography
from harness.data.cited import Found, checked
from harness.errors import DataError, MissingExtraError
from harness.text.measured import MEASURED

WORKS = [
    {"id": "a", "title": "Alpha Beta Gamma: A Study", "DOI": "10.1000/A1", "issued": {"date-parts": [[2001, 5]]}},
    {"id": "b", "title": "Delta Epsilon Zeta", "ISBN": "0-306-40615-2, 978-0-262-04630-5", "issued": 2002},
    {"id": "c", "title": "Eta Theta Iota", "arxiv": "1706.03762v3", "author": [{"literal": "The Group"}]},
]
BIB = """
@string{j = {Journal of Letters}}
@article{a, title = {Alpha {B}eta {\\"u}ber Gamma}, author = {Knuth, Donald E. and J{\\"u}rgen Schmidhuber},
  journal = j, year = 2001, doi = {10.1000/A1}}
@article{a, title = {The same key again}, year = 2002}
@book{b, title = {Twice}, title = {A title}, year = 2003}
@misc{broken, title = {Never closed
@misc{c, title = {Eta Theta Iota}, eprint = {1706.03762}, archivePrefix = {arXiv}}
@misc{d, year = 2004}
"""


@pytest.fixture(scope="module")
def shipped():
    return read_bibliography(None)


def found(text, index, about=""):
    return [str(one.found) for one in checked(text, index, about=about)]


# ── reading an index ──────────────────────────────────────────────────────────────────────


def test_the_set_that_ships_has_no_problems_and_is_open(shipped):
    assert (len(shipped), shipped.problems, shipped.closed) == (len(load("works").rows), (), False)


def test_rows_are_found_by_every_identifier_and_title():
    index = gathered(WORKS, "made")
    assert index.owner("doi", "10.1000/a1").year == 2001
    assert index.owner("isbn", "9780306406157") is index.owner("isbn", "9780262046305")
    assert index.owner("arxiv", "1706.03762").authors == (("The Group", ""),)
    assert index.titled("", ["alpha beta gamma"]).id == "a"
    assert index.titled("a book called Delta, Epsilon, Zeta by somebody", []).id == "b"
    assert index.titled("Delta Epsilon", []) is None


def test_what_is_doubtful_is_told_line_by_line_and_the_rest_is_kept():
    rows = [
        *WORKS,
        {"id": "again", "title": "Another Name", "DOI": "10.1000/a1"},
        {"id": "untitled"},
        {"id": "odd", "title": "Odd One", "DOI": "11.1/x", "author": "A. Author"},
        {"id": "unsound", "title": "Unsound One", "ISBN": "123"},
    ]
    index = gathered(rows, "made")
    assert [work.id for work in index.works] == ["a", "b", "c", "unsound"]
    assert len(index.problems) == 4
    assert all(problem.startswith("made: entry ") for problem in index.problems)
    assert "is that of a" in index.problems[0]


def test_an_index_without_any_work_is_refused():
    for rows in ([], [{"id": "x"}], [{"title": "  "}]):
        with pytest.raises(DataError, match="made: no work"):
            gathered(rows, "made")


@pytest.mark.parametrize("form", ["array", "object", "lines"])
def test_csl_json_is_read_in_its_three_forms(tmp_path, form):
    path = tmp_path / ("index.jsonl" if form == "lines" else "index.json")
    whole = WORKS if form == "array" else {"items": WORKS}
    path.write_text("\n".join(map(json.dumps, WORKS)) if form == "lines" else json.dumps(whole))
    index = read_bibliography(str(path), closed=True)
    assert (len(index), index.closed) == (3, True)


def test_bibtex_is_read_and_what_is_broken_in_it_is_told_with_its_line(tmp_path, caplog):
    pytest.importorskip("bibtexparser")
    path = tmp_path / "index.bib"
    path.write_text(BIB)
    index = read_bibliography(str(path))
    assert [(work.id, work.title, work.year) for work in index.works] == [
        ("a", "Alpha Beta über Gamma", 2001),
        ("c", "Eta Theta Iota", None),
    ]
    assert index.works[0].authors == (("Knuth", "Donald E."), ("Schmidhuber", "Jürgen"))
    assert index.owner("arxiv", "1706.03762").id == "c"
    assert [problem.removeprefix(f"{path}:").split(":")[0] for problem in index.problems[:3]] == ["5", "6", "7"]
    assert index.problems[3] == f"{path}: entry 3: 'title' is missing or empty; left out."
    assert caplog.records == []


@pytest.mark.parametrize("content", ["", "no entry here", "@article{" * 50, "@article{x, title = {open", "\x00\xff"])
def test_a_bibtex_file_without_an_entry_is_refused_in_a_sentence(tmp_path, content):
    pytest.importorskip("bibtexparser")
    path = tmp_path / "index.bib"
    path.write_text(content)
    with pytest.raises(DataError, match="no (?:work|entry) in it"):
        read_bibliography(str(path))


def test_without_the_package_for_bibtex_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "index.bib"
    path.write_text(BIB)
    monkeypatch.setitem(sys.modules, "bibtexparser", None)
    with pytest.raises(MissingExtraError, match=r"rai-harness\[cite\].*CSL-JSON"):
        read_bibliography(str(path))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"nowhere\.bib"):
        read_bibliography("nowhere.bib")


# ── looking references up ─────────────────────────────────────────────────────────────────


def test_each_of_the_four_outcomes():
    index = gathered(WORKS, "made")
    assert found('"Alpha Beta Gamma" (doi:10.1000/a1)', index) == ["matches"]
    assert found('"Quite Another Thing" (doi:10.1000/a1)', index) == ["other work"]
    assert found('"Alpha Beta Gamma" (doi:10.1000/zz)', index) == ["not in index"]
    assert found('"Alpha Beta Gamma" (doi:10,1000/a1)', index) == ["malformed"]


def test_an_identifier_must_be_of_the_work_that_was_asked_for():
    index = gathered(WORKS, "made")
    assert found("10.1000/a1", index, about="Alpha Beta Gamma: A Study") == ["matches"]
    assert found("10.1000/a1", index, about="Delta Epsilon Zeta") == ["other work"]
    assert found("10.1000/a1", index) == ["matches"]


def test_every_work_that_ships_is_found_by_its_own_reference(shipped):
    for work in shipped.works:
        author = work.authors[0][0]
        for kind, identifier in work.written:
            cue = {"doi": "doi:", "isbn": "ISBN ", "arxiv": "arXiv:", "url": ""}[kind]
            said = f'{author} ({work.year}). "{work.title}". {cue}{identifier}'
            assert set(found(said, shipped)) == {"matches"}, said
            assert set(found(f"{cue}{identifier}.", shipped, about=work.title)) == {"matches"}, said


def test_its_error_rates_are_what_is_counted_on_the_test_half(shipped):
    rates = MEASURED["references"]
    counted = Counter()
    for row in load("cited_claims").rows:
        if row["split"] == "test":
            outcomes = {one.found for one in checked(row["text"], shipped)}
            wrong = bool(outcomes - {Found.MATCHES})
            counted[row["label"] == "real", "wrong" if wrong else "right" if outcomes else "none"] += 1
    positives = sum(count for (real, _), count in counted.items() if not real)
    negatives = sum(count for (real, _), count in counted.items() if real)
    assert (counted[False, "wrong"], positives) == (rates.found, rates.positives)
    assert (counted[True, "right"], negatives) == (rates.cleared, rates.negatives)
