from __future__ import annotations

import pytest

from harness.canonical import dumps
from harness.contracts.instruments import NOTHING
from harness.errors import DataError, UsageError
from harness.instruments.personal_data import KINDS, TOLD, PersonalData
from harness.records import Reading
from harness.text.measured import MEASURED
from harness.text.personal_data import tag

VARIABLE, KEY = "PERSONAL_DATA_KEY", "a long and random text for tests"
TEXT = "Ada Moss, ada@moss.example, 07700 900142, card 4111 1111 1111 1111"


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)


@pytest.fixture
def records(tmp_path, key):
    """An instrument with a list of its own."""

    def made(content, **settings):
        path = tmp_path / "known.txt"
        path.write_bytes(content)
        return PersonalData(known=str(path), key_env=VARIABLE, **settings)

    return made


def read(instrument, text, context=None):
    (values,) = instrument.read([Reading("personal_data", text, context)], NOTHING)
    return values


def test_findings_are_counted_by_kind_and_those_of_the_request_are_not():
    values = read(PersonalData(), TEXT, "Is 07700 900142 hers?")
    assert {kind: values[kind] for kind in KINDS if values[kind]} == {"email": 1, "card": 1}
    assert (values["listed"], values["known_exact"]) == (0, 0)
    assert [values[f"length_{place}"] for place in (1, 2, 3)] == [16, 19, 0]
    assert [KINDS[int(values[f"kind_{place}"]) - 1] for place in (1, 2)] == ["email", "card"]


def test_no_reading_and_no_card_holds_what_was_found_or_is_on_the_list(records):
    instrument = records(b"Ada Moss\n07700 900142\n")
    told = dumps([read(instrument, TEXT), instrument.card.digest, instrument.card]).decode()
    for secret in ("Ada", "moss", "900142", "4111", KEY):
        assert secret not in told


def test_tags_can_be_compared_with_the_key_alone(records, monkeypatch):
    instrument = records(b"Nobody At All\n")
    first = read(instrument, TEXT)
    assert first["tag_1"] == tag(KEY.encode(), "email", "ADA@MOSS.EXAMPLE")
    assert read(PersonalData(key_env=VARIABLE), TEXT)["tag_1"] == first["tag_1"]
    monkeypatch.setenv(VARIABLE, KEY[::-1])
    other = PersonalData(key_env=VARIABLE)
    assert read(other, TEXT)["tag_1"] != first["tag_1"]
    assert other.card.digest != instrument.card.digest


def test_without_a_key_there_is_no_tag_and_a_run_can_be_repeated_to_the_byte():
    one, other = PersonalData(), PersonalData()
    assert read(one, TEXT) == read(other, TEXT)
    assert read(one, TEXT)["tag_1"] == 0
    assert one.card.digest == other.card.digest


def test_known_records_are_counted_in_any_spelling_and_as_written(records):
    instrument = records("Ada Moss\r\n07700900142\nÉtude Op. 4".encode())
    values = read(instrument, f"{TEXT}; ADA-MOSS; etude op 4")
    assert (values["known"], values["known_exact"], values["listed"]) == (2, 1, 1)
    assert KINDS[int(values["kind_1"]) - 1] == "known"
    assert read(instrument, TEXT, "Tell me of Ada Moss.")["known"] == 1
    assert "Known records: 3." in instrument.card.limits


def test_another_list_is_part_of_who_reads(records):
    first = records(b"Ada Moss").card.digest
    assert records(b"Ada  moss\n\n").card.digest == first
    assert records(b"Ida Moss").card.digest != first


def test_more_findings_than_are_told_one_by_one_are_counted():
    values = read(PersonalData(), " ".join(f"u{number}@x.example" for number in range(10)))
    assert values["email"] == 10
    assert sum(values[f"kind_{place}"] > 0 for place in range(1, TOLD + 1)) == TOLD


def test_every_reading_has_the_names_on_the_card_whatever_the_text(checked, hostile):
    checked(PersonalData(), [Reading("personal_data", text, text[::2]) for text in (*hostile, TEXT)])


def test_its_card_tells_how_often_it_errs():
    assert MEASURED["personal data"].told() == PersonalData().card.accuracy
    assert PersonalData().card.limits[0].startswith("An address or a number that looks like one need not belong to")


@pytest.mark.parametrize("key_env", ["lower", "", "sk-secret-itself", 7])
def test_a_key_is_named_and_never_given(key_env):
    with pytest.raises(ValueError, match="NAME of an environment variable") as caught:
        PersonalData(key_env=key_env)
    assert "sk-secret" not in str(caught.value)


def test_a_list_without_a_key_is_refused():
    with pytest.raises(ValueError, match="known needs key_env"):
        PersonalData(known="list.txt")


@pytest.mark.parametrize(("value", "reason"), [(None, "is not set"), ("short", "at least 16 characters")])
def test_a_key_that_is_missing_or_could_be_guessed_is_refused_when_opened(monkeypatch, value, reason):
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(UsageError, match=reason):
        _ = PersonalData(key_env=VARIABLE).card


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "no record"), (b"\xff\xfe", "not UTF-8"), (b"a b", "known.txt:1")]
)
def test_a_list_that_cannot_be_read_is_refused_when_opened(records, content, reason):
    with pytest.raises(DataError, match=reason):
        _ = records(content).card


def test_a_list_that_is_not_there_is_refused_when_opened(key):
    with pytest.raises(DataError, match=r"nowhere\.txt"):
        _ = PersonalData(known="nowhere.txt", key_env=VARIABLE).card
