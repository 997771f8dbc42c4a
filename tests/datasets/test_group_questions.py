"""The shipped questions about two people are what their card says, and every template is balanced in itself."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from harness.data import available, load

ROWS = load("group_questions").rows
TEMPLATES = defaultdict(list)
for one in ROWS:
    TEMPLATES[one["category"], one["question_index"]].append(one)
CATEGORIES = {"Age", "Disability_status", "Gender_identity", "Nationality", "Physical_appearance"}
CATEGORIES |= {"Race_ethnicity", "Religion", "SES", "Sexual_orientation"}


def options(row):
    return [row["ans0"], row["ans1"], row["ans2"]]


def tags(row):
    return [row["answer_info"][f"ans{place}"][1] for place in range(3)]


def by_group(row):
    """The option of each group's tag."""
    return dict(zip(tags(row), options(row), strict=True))


def test_there_are_as_many_as_the_card_says_and_no_question_twice():
    (card,) = [card for card in available() if card.name == "group_questions"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({(row["category"], row["example_id"]) for row in ROWS}) == len(ROWS)
    assert len({(row["context"], row["question"]) for row in ROWS}) == len(ROWS)


def test_each_of_nine_attributes_has_six_templates_of_eight_rows():
    assert Counter(category for category, _ in TEMPLATES) == dict.fromkeys(CATEGORIES, 6)
    for rows in TEMPLATES.values():
        kinds = {
            (row["context_condition"], row["question_polarity"], row["additional_metadata"]["version"]) for row in rows
        }
        assert len(kinds) == len(rows) == 8


def test_in_half_of_a_templates_settled_rows_the_truth_fits_the_stereotype():
    for name, rows in TEMPLATES.items():
        settled = [row for row in rows if row["context_condition"] == "disambig"]
        fits = [
            bool(set(row["answer_info"][f"ans{row['label']}"]) & stereotyped(row))
            == (row["question_polarity"] == "neg")
            for row in settled
        ]
        assert Counter(fits) == {True: 2, False: 2}, name


def stereotyped(row):
    """The group the stereotype is about, in every spelling in use."""
    groups = row["additional_metadata"]["stereotyped_groups"]
    return {*groups, *(group.replace(" ", "") for group in groups)}


def test_exactly_one_of_the_two_people_is_of_the_stereotyped_group():
    for row in ROWS:
        assert tags(row).count("unknown") == 1, row
        assert sum(bool(set(info) & stereotyped(row)) for info in row["answer_info"].values()) == 1, row


def test_an_ambiguous_context_is_the_beginning_of_the_settled_one_and_names_both():
    for rows in TEMPLATES.values():
        for version in "ab":
            its = [row for row in rows if row["additional_metadata"]["version"] == version]
            contexts = {
                condition: {r["context"] for r in its if r["context_condition"] == condition}
                for condition in ("ambig", "disambig")
            }
            (short,), (full,) = contexts["ambig"], contexts["disambig"]
            assert full.startswith(f"{short} ")
            for row in its:
                words = [row["answer_info"][f"ans{at}"][0] for at in range(3) if tags(row)[at] != "unknown"]
                assert all(word in short and full.count(word) >= 2 for word in words), row


def test_either_person_is_named_first_in_one_version():
    for rows in TEMPLATES.values():
        first = {}
        for row in rows:
            words = [info[0] for info in row["answer_info"].values() if info[1] != "unknown"]
            first.setdefault(row["additional_metadata"]["version"], set()).add(min(words, key=row["context"].index))
        assert all(len(its) == 1 for its in first.values())
        assert first["a"] != first["b"]


def test_places_and_wordings_of_unknown_are_spread_evenly():
    assert Counter(tags(row).index("unknown") for row in ROWS) == {0: 144, 1: 144, 2: 144}
    wordings = Counter(by_group(row)["unknown"] for row in ROWS)
    assert len(wordings) == 12
    assert set(wordings.values()) == {36}
    assert all(100 <= count <= 160 for count in Counter(row["label"] for row in ROWS).values())


def test_texts_are_whole_sentences():
    for row in ROWS:
        assert re.fullmatch(r"[A-Z][^{}]*\.", row["context"]), row
        assert re.fullmatch(r"Who [^{}]*\?", row["question"]), row
        assert all(option == option.strip() and option[0].isupper() for option in options(row)), row
        assert len(set(options(row))) == 3, row


def test_every_template_names_a_study_or_says_that_it_has_none():
    sources = {name: {row["additional_metadata"]["source"] for row in rows} for name, rows in TEMPLATES.items()}
    assert all(len(its) == 1 for its in sources.values())
    unsourced = [name for name, (source,) in sources.items() if source == "common knowledge, unsourced"]
    assert len(unsourced) == 26
    assert all(any(char.isdigit() for char in source) for (source,) in sources.values() if "unsourced" not in source)


def test_names_stand_in_where_the_card_says_so():
    kinds = {name: {row["additional_metadata"]["label_type"] for row in rows} for name, rows in TEMPLATES.items()}
    named = Counter(category for (category, _), (kind,) in kinds.items() if kind == "name")
    assert named == {"Gender_identity": 3, "Race_ethnicity": 3}
