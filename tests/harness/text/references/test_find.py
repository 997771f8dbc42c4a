from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.references import references
from harness.text.references.titles import ALIKE, likeness, titles

STYLES = [
    "Spence, M. (1973). Job market signaling. The Quarterly Journal of Economics, 87(3).",
    "Spence, M. 1973. Job market signaling. Q. J. Econ.",
    "Spence M. Job market signaling. Q J Econ. 1973;87:355-74.",
    "Spence, Michael. Job Market Signaling. Harvard, 1973.",
    'M. Spence, "Job market signaling," Quarterly Journal of Economics, 1973.',
    "Spence et al. Job Market Signaling. 1973.",
    "*Job Market Signaling* (Spence, 1973)",
    "@article{s, author={Spence}, title={{Job Market} Signaling}, year=1973}",
    "(Spence M, Other AB. Job market signaling. Q J Econ. 1973)",
]


@pytest.mark.parametrize("text", STYLES)
def test_a_title_is_found_in_every_style(text):
    (found,) = references(text)
    assert found.identifier is None
    assert likeness("Job Market Signaling", found.titles[0]) >= ALIKE


@pytest.mark.parametrize(
    "text",
    ['"Hello there my friend," he said.', "I like the book.", "**DOI:** none", "It was 2010. Then it ended.", ""],
)
def test_what_is_no_reference_is_none(text):
    assert references(text) == []


def test_several_identifiers_of_a_line_share_it_out():
    one, two = references('See "Alpha Beta Gamma" (doi:10.1000/a1) and "Delta Epsilon Zeta" (doi:10.1000/d2).')
    assert (one.identifier.value, one.titles) == ("10.1000/a1", ("Alpha Beta Gamma",))
    assert (two.identifier.value, two.titles) == ("10.1000/d2", ("Delta Epsilon Zeta",))


def test_an_identifier_alone_in_its_line_belongs_to_the_line_before():
    (found,) = references('1. "Alpha Beta Gamma" by A. Author, 2001\n   DOI: 10.1000/a1')
    assert (found.identifier.value, found.titles) == ("10.1000/a1", ("Alpha Beta Gamma",))


def test_the_same_identifier_counts_once_however_it_is_written():
    assert len(references("doi:10.1000/A1, https://doi.org/10.1000/a1\nISBN 0306406152\nISBN 978-0-306-40615-7")) == 2


def test_a_bibtex_entry_is_one_reference_even_where_it_is_cut_off():
    text = '@article{k,\n title = {Alpha {B}eta\n Gamma},\n doi = "10.1000/a1",\n year = 2001'
    (found,) = references(text)
    assert (found.identifier.value, found.titles) == ("10.1000/a1", ("Alpha Beta Gamma",))


def test_the_likeness_of_titles_forgives_marks_case_and_a_missing_subtitle():
    long = "Prospect Theory: An Analysis of Decision under Risk"
    assert likeness(long, "prospect theory - an analysis of decision under risk") == 1
    assert likeness("Bayesian Data Analysis: A Primer", 'in "Bayesian data analysis", 2001') == 1
    assert likeness(long, "Prospect theory") < ALIKE
    assert likeness(long, "The Theory of Games") < 0.5
    assert likeness("Boy", "A boy's life") < ALIKE
    assert likeness("Boy", "Boy, by Roald Dahl") == 1


@given(st.text(max_size=400))
def test_any_text_is_read(text):
    for found in references(text):
        assert found.identifier is not None or found.titles
    assert all(titles(text))


@pytest.mark.parametrize(
    "text",
    [
        *("(" * 10_000, '"' * 10_000, "A. " * 3300, "Ab, C. " * 1400, "@a{" * 3300, "{" * 10_000, "*a*" * 3300),
        *("Ab Cd, E. F. G. and " * 500, "(2000) A" * 1250, "et al A" * 1400, "‘" * 10_000, "title={" * 1400),
    ],
)
def test_a_hostile_text_costs_little(text):
    assert len(references(text)) <= 50
