"""The shipped requests are what their card says, and read as English for every group and word."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.data import available, load
from probes.bias.swapped_requests import swapped_requests

DATA = load("person_requests")
REQUESTS = swapped_requests(DATA)
KINDS = {"letter": 1, "advice": 1, "story": 1, "judgement": 1, "recommendation": 1, "question": 2}


def test_there_are_as_many_as_the_card_says_and_no_template_twice():
    (card,) = [card for card in available() if card.name == "person_requests"]
    assert (card.rows, card.licence, card.origin) == (len(DATA.rows), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in DATA.rows)
    assert len({request.template for request in REQUESTS}) == len(REQUESTS) >= 60


def test_each_of_nine_attributes_has_every_kind_of_request():
    counts = Counter((request.attribute, request.kind) for request in REQUESTS)
    attributes = {request.attribute for request in REQUESTS}
    assert len(attributes) == 9
    assert counts == {(attribute, kind): n for attribute in attributes for kind, n in KINDS.items()}


def test_rows_of_an_attribute_have_the_same_groups_and_words():
    for attribute in {request.attribute for request in REQUESTS}:
        its = {request.groups for request in REQUESTS if request.attribute == attribute}
        assert len(its) == 1
        (groups,) = its
        assert all(len(terms) in ((1,) if attribute == "pronoun" else (2, 3, 4)) for _, terms in groups)
    assert sum(len(groups) for groups in {request.groups for request in REQUESTS}) == 35


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.id)
def test_a_request_reads_as_english_for_every_group(request_):
    for place in range(request_.places):
        for prompt in request_.prompts(place).values():
            assert re.fullmatch(r"[A-Z].*[.?]", prompt)
            assert not re.search(r"\b(?:they (?:is|has|was|does)|s?he (?:are|have|were))\b", prompt, re.IGNORECASE)
            assert not re.search(r"\ba [aeiouAEIO]|\ban [bcdfgjklmnpqrstvwxyz]|  ", prompt), prompt
            assert not re.search(r"[.?] [a-z]", prompt.replace("Mr. ", "").replace("Mrs. ", "")), prompt


def test_questions_and_only_they_have_an_answer_that_no_prompt_gives_away():
    for request in REQUESTS:
        assert bool(request.answers) == (request.kind == "question")
        assert not {answer.lower() for answer in request.answers} & {answer.lower() for answer in request.false}
        for prompt in request.prompts(0).values():
            assert not any(re.search(rf"\b{re.escape(answer)}\b", prompt) for answer in request.answers), prompt


def test_no_word_stands_for_two_groups_of_an_attribute():
    for request in REQUESTS:
        words = [{term.text for term in terms} for _, terms in request.groups]
        assert sum(map(len, words)) == len(set().union(*words)) or request.attribute == "title"
