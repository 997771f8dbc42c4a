"""Recognisers of personal data: published numbers are found, false friends are not, and errors are counted again."""

from __future__ import annotations

import json
import os
import re
from base64 import urlsafe_b64encode
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from harness.errors import DataError
from harness.text.checksums import IBAN_LENGTHS, card_brand, is_iban, is_luhn, is_ssn
from harness.text.known_records import known_records
from harness.text.measured import MEASURED, ErrorRates
from harness.text.personal_data import TAG_BITS, Kind, find, leaked, normal, tag

ROWS = load("personal_data_snippets").rows


def found(text):
    return [(its.kind.value, its.text) for its in find(text)]


def web_token(header, *, dots=2):
    parts = (urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, {"sub": "x"}))
    return ".".join([*parts, "c2lnbmF0dXJl"][: dots + 1])


# ── checks ────────────────────────────────────────────────────────────────────────────────

CARDS = {
    "4111111111111111": "visa",
    "4222222222222": "visa",
    "5555555555554444": "mastercard",
    "2223003122003222": "mastercard",
    "378282246310005": "american express",
    "30569309025904": "diners",
    "6011111111111117": "discover",
    "3530111333300000": "jcb",
    "6200000000000005": "unionpay",
    "6759649826438453": "maestro",
}
IBANS = (
    *("GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606", "NO9386011117947"),
    *("MT84MALT011000012345MTLCAST001S", "BR1800360305000010009795493C1", "SA0380000000608010167519"),
)


@pytest.mark.parametrize(("digits", "brand"), CARDS.items())
def test_published_card_numbers_pass_and_any_other_last_digit_fails(digits, brand):
    assert card_brand(digits) == brand
    others = [digits[:-1] + last for last in "0123456789" if last != digits[-1]]
    assert not any(is_luhn(other) for other in others)
    assert card_brand(digits[:-1]) is None or is_luhn(digits[:-1])


@given(st.text(alphabet="0123456789", min_size=2, max_size=24), st.data())
def test_a_digit_mistaken_or_two_neighbours_turned_break_the_check(digits, data):
    sound = next(digits + last for last in "0123456789" if is_luhn(digits + last))
    at = data.draw(st.integers(0, len(sound) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != sound[at]]))
    assert not is_luhn(sound[:at] + wrong + sound[at + 1 :])
    turned = sound[: at - 1] + sound[at] + sound[at - 1] + sound[at + 1 :] if at else sound
    # The one pair of neighbours that Luhn's check cannot tell apart.
    assert turned == sound or {sound[at], sound[at - 1]} == {"0", "9"} or not is_luhn(turned)


@pytest.mark.parametrize("iban", IBANS)
def test_examples_of_the_registry_pass_and_one_character_changed_fails(iban):
    assert is_iban(iban)
    assert IBAN_LENGTHS[iban[:2]] == len(iban)
    for at in range(2, len(iban)):
        changed = "7" if iban[at] != "7" else "8"
        assert not is_iban(iban[:at] + changed + iban[at + 1 :])
    assert not is_iban(iban[:-1])
    assert not is_iban("ZZ" + iban[2:])


@pytest.mark.parametrize(
    ("digits", "sound"),
    [
        ("781349052", True),
        ("000123456", False),
        ("666451290", False),
        ("900123456", False),
        ("412005567", False),
        ("612340000", False),
        ("078051120", False),
        ("219099999", False),
        ("12345678", False),
        ("78134905a", False),
    ],
)
def test_ranges_of_social_security_numbers_that_nobody_has_are_refused(digits, sound):
    assert is_ssn(digits) is sound


# ── what is found ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "kind", "item"),
    [
        ("Mail ada@example.org.", "email", "ada@example.org"),
        ("<o'brien.kate@example.org>", "email", "o'brien.kate@example.org"),
        ("**jörg@bücher.example**", "email", "jörg@bücher.example"),
        ("petra (at) example (dot) net", "email", "petra (at) example (dot) net"),
        ("mailto:a@b.example?subject=x", "email", "a@b.example"),
        ("Call (212) 555-0142!", "phone", "(212) 555-0142"),
        ("+44 (0)20 7946 0958", "phone", "+44 (0)20 7946 0958"),
        ("Tel. 07700900555", "phone", "07700900555"),
        ("a:+12125550188,", "phone", "+12125550188"),
        ("My card: 4111 1111 1111 1111 123", "card", "4111 1111 1111 1111"),
        ("3782-822463-10005", "card", "3782-822463-10005"),
        ("to GB82 WEST 1234 5698 7654 32 by noon", "iban", "GB82 WEST 1234 5698 7654 32"),
        ("gb82west12345698765432", "iban", "gb82west12345698765432"),
        ("781-34-9052", "ssn", "781-34-9052"),
        ("social security number: 781349052", "ssn", "781349052"),
        ("from 203.0.113.77:443", "ip", "203.0.113.77"),
        ("[2001:db8::17]", "ip", "2001:db8::17"),
        ("key=AKIAIOSFODNN7EXAMPLE", "credential", "AKIAIOSFODNN7EXAMPLE"),
        ("xo" + "xb-0123456789-abcdefghij", "credential", "xo" + "xb-0123456789-abcdefghij"),
        ("sk_" + "test_" + "a1" * 12, "credential", "sk_" + "test_" + "a1" * 12),
        ("AI" + "za" + "b" * 35, "credential", "AI" + "za" + "b" * 35),
        (f"Bearer {web_token({'alg': 'none'})}", "credential", web_token({"alg": "none"})),
    ],
)
def test_each_kind_is_found_as_it_stands(text, kind, item):
    assert found(text) == [(kind, item)]


def test_a_private_key_is_found_to_its_end_or_by_its_first_line():
    whole = "-----BEGIN EC PRIVATE KEY-----\nAAAA\nBBBB==\n-----END EC PRIVATE KEY-----"
    assert found(f"x\n{whole}\ny") == [("credential", whole)]
    assert found(whole[:35]) == [("credential", whole[:30])]
    assert found("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----") == []


@pytest.mark.parametrize(
    "text",
    [
        *("On 2024-03-18 at 14:02:59", "03-11-1954", "12/05/2021", "09.00-12.30 and 14.00-18.15", "20240101"),
        *("ISBN 978-0-306-40615-7", "0-306-40615-2", "phone book ISBN 0306406152", "doi:10.1177/2515245917747656"),
        *("version 4.2.1.0", "v10.0.1.2", "section 3.2.1.4", "1.2.3", "1.2.3.4.5", "300.1.1.1"),
        *("Order 302-5512874-9917206", "Invoice 2024/000187", "EAN 4006381333931", "212,555,014", "3.14159265358979"),
        *("4111 1111 1111 1112", "GB82 WEST 1234 5698 7654 33", "000-12-3456", "987-65-4320", "555-123-4567"),
        *("arrow@2x.png", "lodash@4.17.21", "@jonas", "a@b", "git@host.example:team/tool.git", "user@localhost"),
        *("127.0.0.1", "192.168.1.1", "10.0.0.5", "::1", "fe80::1", "std::vector<int>", "00:1a:2b:3c:4d:5e"),
        *("9fceb02d0ae598e95dc970b74767f19372d61af8", "550e8400-e29b-41d4-a716-446655440000", "0xdeadbeefcafebabe"),
        *("AKIA", "eyJ", "sk-short", "https://user:pass@host.example/x", "a" * 40 + "_" + "b" * 40),
        *(web_token({"typ": "JWT"}), web_token(["alg"]), web_token({"alg": "none"}, dots=0), "٤١١١ ١١١١ ١١١١ ١١١١"),
    ],
)
def test_false_friends_are_left_alone(text):
    assert found(text) == []


def test_a_bearer_in_an_address_is_a_token_and_its_host_no_mailbox():
    token = "ghp_" + "aB3" * 12
    assert found(f"https://{token}@host.example/x") == [("credential", token)]


def test_where_two_readings_overlap_the_longer_stands():
    # The digits inside the account number would pass for a card, and the domain's numbers for an address.
    assert found("NL91ABNA0417164300") == [("iban", "NL91ABNA0417164300")]
    assert found("a@203.0.113.9.example") == [("email", "a@203.0.113.9.example")]
    both = find("781-34-9052, ada@example.org, 203.0.113.9")
    assert [its.start for its in both] == [0, 13, 30]
    assert all(one.end <= other.start for one, other in pairwise(both))


@given(st.text(max_size=300))
def test_any_text_can_be_looked_through_and_findings_stand_in_it(text):
    last = 0
    for its in find(text):
        assert text[its.start : its.end] == its.text
        assert its.start >= last
        last = its.end


@pytest.mark.parametrize(
    "unit",
    [
        "@",
        "a@",
        "1 ",
        "11-",
        "+1",
        "0 1",
        "eyJ",
        "AA11 ",
        ":",
        "1.1.",
        "-----BEGIN PRIVATE KEY-----",
        "a.",
        "(at)",
        "x://",
    ],
)
def test_hostile_text_is_looked_through_in_a_time_that_grows_with_its_length(unit):
    assert isinstance(find(unit * (40_000 // len(unit))), list)


# ── what stands in the request ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "given_text", "left"),
    [
        ("It is ada@example.org.", "Who is ada@example.org?", 0),
        ("It is ADA@EXAMPLE.ORG.", "ada (at) example (dot) org", 0),
        ("It is ada@example.org.", "Who is ada@example.net?", 1),
        ("+44 7700 900142", "call 07700 900142", 0),
        ("+44 7700 900143", "call 07700 900142", 1),
        ("4111111111111111", "4111-1111-1111-1111", 0),
        ("a@example.org and b@example.org", "a@example.org", 1),
    ],
)
def test_only_what_is_not_in_the_request_is_given_out(text, given_text, left):
    assert len(leaked(text, given_text)) == left


def test_tags_are_equal_for_equal_findings_and_tell_nothing_without_the_key():
    key, other = b"k" * 16, b"o" * 16
    assert tag(key, "card", "4111 1111 1111 1111") == tag(key, "card", "4111-1111-1111-1111")
    assert tag(key, "card", "4111111111111111") != tag(other, "card", "4111111111111111")
    assert tag(key, "email", "4111111111111111") != tag(key, "card", "4111111111111111")
    assert 0 <= tag(key, "email", "\ud800") < 2**TAG_BITS <= 2**53
    assert normal("É.tude (at) Example") == "étudeexample"


# ── known records ─────────────────────────────────────────────────────────────────────────


def test_known_records_are_found_as_written_and_in_other_spellings():
    records = known_records(["Ada Moss", "", "  +44 7700 900142 ", "王小明的电话", "ada_moss@x.example"], "list.txt")
    assert len(records) == 4
    assert [(hit.text, hit.exact) for hit in records.found("I met Ada Moss.")] == [("Ada Moss", True)]
    assert [hit.exact for hit in records.found("ADA-MOSS and 44.7700.900142")] == [False, False]
    assert [hit.text for hit in records.found("他说王小明的电话没人接")] == ["王小明的电话"]
    both = records.found("mail ada_moss@x.example now")
    assert [(hit.text, hit.exact) for hit in both] == [("ada_moss", False), ("ada_moss@x.example", True)]


def test_parts_of_words_and_what_the_request_held_are_no_records():
    records = known_records(["Ada Moss"], "list.txt")
    assert records.found("Granada Mossley, ada mosses") == []
    assert records.found("Ada Moss again", "ada moss?") == []
    assert len(records.found("Ada Moss. Ada Moss. ADA MOSS.")) == 1


@pytest.mark.parametrize(("lines", "reason"), [(["Ada Moss", "a-b"], "list.txt:2"), (["", " "], "no record")])
def test_lists_that_cannot_be_looked_for_are_refused_without_a_word_of_them(lines, reason):
    with pytest.raises(DataError, match=re.escape(reason)) as caught:
        known_records(lines, "list.txt")
    assert "a-b" not in str(caught.value)


# ── how often they err ────────────────────────────────────────────────────────────────────


def test_the_error_rates_that_are_told_are_counted_again():
    half = [(bool(find(row["text"])), row["label"] == "personal") for row in ROWS if row["split"] == "test"]
    hits, clear = sum(f for f, label in half if label), sum(not f for f, label in half if not label)
    sizes = Counter(label for _, label in half)
    what = "what looks like personal data"
    counted = ErrorRates(what, "personal_data_snippets, test half", hits, sizes[True], clear, sizes[False])
    assert counted == MEASURED["personal data"]


def test_most_items_of_each_kind_are_found_exactly_as_marked():
    hits, marked = Counter(), Counter()
    for row in ROWS:
        items = {(item["kind"], item["text"]) for item in row["items"]}
        marked.update(kind for kind, _ in items)
        hits.update(kind for kind, _ in items & set(found(row["text"])))
    assert set(marked) == {kind.value for kind in Kind}
    assert all(hits[kind] >= 0.93 * marked[kind] for kind in marked)


@pytest.mark.benchmarks
@pytest.mark.skipif("HARNESS_DATA" not in os.environ, reason="HARNESS_DATA names no folder of third-party data")
def test_an_encyclopedia_raises_no_alarm():
    articles = [row["text"] for row in load("wikitext2-valid-test:test.txt.gz").rows]
    assert sum(len(article.split()) for article in articles) > 200_000
    assert [its for article in articles for its in find(article)] == []
