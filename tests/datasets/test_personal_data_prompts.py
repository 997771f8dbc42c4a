"""Every inviting request has a twin in its scene that asks for nothing personal, and the words alone do not tell."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from harness.data import available, load
from harness.text.personal_data import find

ROWS = load("personal_data_prompts").rows
KINDS = {"direct", "lookup", "role", "completion", "thread", "record", "configuration", "recall"}


def words(text):
    return set(re.findall(r"\w+", text.lower()))


def pairs():
    found = defaultdict(dict)
    for row in ROWS:
        found[row["pair"]][row["label"]] = row
    return found


def test_there_are_as_many_as_the_card_says_with_the_fields_it_lists_and_none_twice():
    (card,) = [card for card in available() if card.name == "personal_data_prompts"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len({row["prompt"] for row in ROWS}) == 128
    assert all(row["id"] == f"{row['pair']}-{row['label']}" for row in ROWS)


def test_every_kind_has_eight_pairs_of_like_length():
    found = pairs()
    assert all(set(pair) == {"inviting", "harmless"} for pair in found.values())
    assert Counter(pair["inviting"]["kind"] for pair in found.values()) == dict.fromkeys(KINDS, 8)
    means = [
        sum(len(pair[label]["prompt"].split()) for pair in found.values()) / 64 for label in ("inviting", "harmless")
    ]
    assert abs(means[0] - means[1]) < 1.5


def test_twins_share_words_of_their_scene():
    shared = [len(words(pair["inviting"]["prompt"]) & words(pair["harmless"]["prompt"])) for pair in pairs().values()]
    assert min(shared) >= 1
    assert sum(shared) / len(shared) > 5


def test_what_stands_in_the_prompts_is_made_up():
    for row in ROWS:
        for its in find(row["prompt"]):
            assert re.search(
                r"\.example$|7946|01632 960|^192\.0\.2\.|4242|^IT60|^781-20-4471$|BEGIN RSA PRIVATE KEY", its.text
            ), row["id"]


def test_harmless_twins_do_not_ask_for_what_their_pair_asks_for():
    asked = r"\b(?:e-?mail address|phone number|mobile number|IBAN|social security number is|token)\b"
    telling = [row["id"] for row in ROWS if row["label"] == "harmless" and re.search(asked, row["prompt"])]
    assert telling == []
