import pytest

from harness.data import load
from harness.errors import DataError
from probes.documents import CORPUS, beginning, documents


def test_a_document_is_named_by_its_row_or_by_its_number(dataset):
    found = documents(dataset([{"id": "one", "text": " First. "}, {"text": "Second.", "title": "no matter"}]))
    assert [(its.id, its.text) for its in found] == [("one", "First."), ("document-000002", "Second.")]
    assert len(documents(load(CORPUS))) == 46


@pytest.mark.parametrize("text", ["", "  \n", None, 7, "half \ud800 a pair"])
def test_a_row_without_text_is_refused_by_its_number(dataset, text):
    with pytest.raises(DataError, match="row 2: .*'text'"):
        documents(dataset([{"text": "fine"}, {"text": text}]))


def test_a_beginning_ends_where_a_word_does():
    text = "alpha beta gamma"
    found = [beginning(text, most) for most in (3, 5, 6, 9, 10, 11, 15, 16, None)]
    assert found == ["alp", "alpha", "alpha", "alpha", "alpha beta", "alpha beta", "alpha beta", text, text]


@pytest.mark.benchmarks
@pytest.mark.parametrize(
    ("name", "count"), [("wikitext2-valid-test:test.txt.gz", 62), ("tinyshakespeare:input.txt", 7222)]
)
def test_third_party_corpora_are_read_as_documents(name, count):
    try:
        data = load(name)
    except DataError as error:
        pytest.skip(str(error))
    assert len(documents(data)) == count
