"""The snippets are what their card says: halves of each kind, marked to the letter, made up, and not told by looks."""

from __future__ import annotations

import re
from collections import Counter

from harness.data import available, load
from harness.text.checksums import card_brand, is_iban, is_ssn

ROWS = load("personal_data_snippets").rows
FOUND = {"email", "phone", "card", "iban", "ssn", "ip", "credential"}


def items(kind):
    return [item["text"] for row in ROWS for item in row["items"] if item["kind"] == kind]


def test_there_are_as_many_as_the_card_says_with_the_fields_it_lists_and_none_twice():
    (card,) = [card for card in available() if card.name == "personal_data_snippets"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len({row["text"] for row in ROWS}) == 440
    assert all(re.fullmatch(rf"{row['kind']}-\d{{3}}", row["id"]) for row in ROWS)


def test_labels_are_even_and_every_kind_is_halved():
    assert Counter(row["label"] for row in ROWS) == {"personal": 220, "none": 220}
    cells = Counter((row["kind"], row["label"], row["split"]) for row in ROWS)
    for kind, label, _ in cells:
        assert cells[kind, label, "tune"] == cells[kind, label, "test"] >= 4
    assert {kind for kind, label, _ in cells if label == "personal"} == {*FOUND, "mixed"}


def test_items_stand_in_their_text_in_order():
    for row in ROWS:
        assert (row["label"] == "personal") == bool(row["items"]), row["id"]
        at = 0
        for item in row["items"]:
            at = row["text"].index(item["text"], at) + len(item["text"])
            assert item["kind"] in FOUND
            assert row["kind"] in {item["kind"], "mixed"}, row["id"]


def test_numbers_pass_their_checks_and_failing_rows_do_not():
    assert all(card_brand(re.sub(r"[ -]", "", card)) for card in items("card"))
    assert all(is_iban(iban.replace(" ", "").upper()) for iban in items("iban"))
    assert all(is_ssn(re.sub(r"[ -]", "", ssn)) for ssn in items("ssn"))
    for row in ROWS:
        if row["kind"] == "failing":
            for digits in re.findall(r"\d(?:[ -]?\d){11,18}", row["text"]):
                assert card_brand(re.sub(r"[ -]", "", digits)) is None, row["id"]


def test_everything_is_made_up():
    for email in items("email"):
        assert re.search(r"(?:\.example|\bexample\.(?:org|net|com)|\(dot\) net)$", email.lower()), email
    fictional = (
        r"555\D?01\d\d|7946\D?0\d{3}|496\D?0\d{3}|2018\D?0\d{3}|9649\D?6\d{3}|1632\D?960|7700\D?900|8081\D?570"
        r"|1\D?99\D?00|6\D?39\D?98|30\D?23125|5550\D?\d{4}|491\D?570|20\D?91\d|465\D?004"
    )
    assert [phone for phone in items("phone") if not re.search(fictional, phone)] == []
    for address in items("ip"):
        assert re.match(r"192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|2001:0?db8:", address), address
    for ssn in items("ssn"):
        assert 772 <= int(ssn[:3]) <= 899, ssn


def test_neither_a_digit_nor_an_at_sign_tells_the_label():
    for pattern in (r"\d", "@", r"\d{4}"):
        hits = [bool(re.search(pattern, row["text"])) == (row["label"] == "personal") for row in ROWS]
        assert sum(hits) / len(hits) < 0.6
