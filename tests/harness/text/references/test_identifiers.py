from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.references.identifiers import Kind, canonical, identifiers

SOUND = [
    ("10.2307/1914185", "doi", "10.2307/1914185"),
    ("DOI: 10.1136/BMJ.N71.", "doi", "10.1136/bmj.n71"),
    ("see <https://dx.doi.org/10.1145/359340.359342>", "doi", "10.1145/359340.359342"),
    ("**DOI:** `10.2307/1914185`", "doi", "10.2307/1914185"),
    ("[10.2307/1914185](https://doi.org/10.2307/1914185)", "doi", "10.2307/1914185"),
    ("https://doi.org/10.2307%2F1914185", "doi", "10.2307/1914185"),
    ("doi:10.1016/S0140-6736(05)66912-7)", "doi", "10.1016/s0140-6736(05)66912-7"),
    ("https://www.pnas.org/doi/10.1073/pnas.0601602103", "doi", "10.1073/pnas.0601602103"),
    ("https://www.frontiersin.org/articles/10.3389/fpsyg.2014.00781/full", "doi", "10.3389/fpsyg.2014.00781"),
    ("10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2", "doi", None),
    ("arXiv:1706.03762v5 [cs.CL]", "arxiv", "1706.03762"),
    ("https://arxiv.org/pdf/1706.03762.pdf", "arxiv", "1706.03762"),
    ("10.48550/arXiv.1706.03762", "arxiv", "1706.03762"),
    ("arXiv preprint arXiv:0704.0001", "arxiv", "0704.0001"),
    ("arXiv:hep-th/9711200", "arxiv", "hep-th/9711200"),
    ("arXiv: cs.CL/0501001", "arxiv", "cs/0501001"),
    ("1706.03762", "arxiv", "1706.03762"),
    ("ISBN 978-0-262-04630-5", "isbn", "9780262046305"),
    ("ISBN-10: 0-553-38016-8 (paperback)", "isbn", "9780553380163"),
    ("ISBN 978 0 262 04630 5, 2022", "isbn", "9780262046305"),
    ("0262046301", "isbn", None),
    ("PMID: 13054692", "pmid", "13054692"),
    ("https://pubmed.ncbi.nlm.nih.gov/13054692/", "pmid", "13054692"),
    ("https://www.RFC-editor.org/rfc/rfc2119/#section-1", "url", "rfc-editor.org/rfc/rfc2119"),
    ("www.example.org/a?b=1", "url", "example.org/a?b=1"),
]
MALFORMED = [
    ("doi:10,1038/171737a0", "doi"),
    ("DOI 10.1109", "doi"),
    ("The DOI of the article is: 123456", "doi"),
    ("https://doi.org/11.1038/x1", "doi"),
    ("arXiv:9912345", "arxiv"),
    ("arXiv:1713.01234", "arxiv"),
    ("arXiv:1706.3762", "arxiv"),
    ("arXiv:0612.00001", "arxiv"),
    ("https://arxiv.org/abs/20O5.14165", "arxiv"),
    ("eprint={2005-14165}, archivePrefix={arXiv}", "arxiv"),
    ("ISBN 978-0-262-0463-5", "isbn"),
    ("ISBN 978-0-553-38016-X", "isbn"),
    ("ISBN: 123", "isbn"),
    ('The ISBN of the book "The Woman in White" by W. Collins is 20190121.', "isbn"),
    ('The DOI of the book "Spline Models for Observational Data" (1990) is 1000.', "doi"),
    ("PMID 0", "pmid"),
    ("https://example", "url"),
    ("htp://example.org", "url"),
    ("https://-x.org/", "url"),
]
NONE = [
    "I do not know the DOI.",
    "The DOI is not available, but it appeared in 2010.",
    "DOI: N/A",
    'The ISBN of the book "Dreaming in Code: Two Dozen Programmers" is 2007.',
    "It was put on arXiv in 2017.",
    "arXiv 2017",
    "The dose was 10.5/100 and 1706.03762 of it was lost.",
    "My number is 0262046305123.",
    "See the publisher's website.",
    "",
]


@pytest.mark.parametrize(("text", "kind", "value"), SOUND)
def test_a_sound_identifier_is_found_in_its_one_form(text, kind, value):
    (found,) = identifiers(text)
    assert str(found.kind) == kind
    if value is not None:
        assert found.value == value
    assert text[found.start : found.end].endswith(found.text)


@pytest.mark.parametrize(("text", "kind"), MALFORMED)
def test_what_breaks_the_rules_of_its_kind_is_found_and_has_no_form(text, kind):
    (found,) = identifiers(text)
    assert (str(found.kind), found.value) == (kind, None)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_identifier_is_left_alone(text):
    assert identifiers(text) == []


def test_several_are_found_in_order_and_none_within_another():
    text = "A (doi:10.1000/a1), B https://doi.org/10.1000/b2 and https://example.org/10.1000/c3; ISBN 0306406152."
    found = identifiers(text)
    assert [one.value for one in found] == ["10.1000/a1", "10.1000/b2", "10.1000/c3", "9780306406157"]
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    for one in identifiers(text):
        assert 0 <= one.start < one.end <= len(text)


@given(st.sampled_from(Kind), st.text(max_size=60))
def test_the_one_form_is_a_fixed_point(kind, text):
    once = canonical(kind, text)
    if once is not None:
        assert canonical(kind, once) == once


@pytest.mark.parametrize(
    "text",
    ["doi " * 2500, "10.1234/" * 1200, "isbn 1 1 1 1 1 1 1 1 1 1 1 1 1 " * 300, "http://a" * 1200, "doi is " * 1400],
)
def test_a_hostile_text_costs_little(text):
    assert isinstance(identifiers(text), list)
