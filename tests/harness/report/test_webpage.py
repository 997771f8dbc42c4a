from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from harness.canonical import to_json
from harness.mitigations.instruction import CARD as INSTRUCTION
from harness.plan_records import PlannedMitigation
from harness.records import Estimate, Ruling, Verdict
from harness.report.template import environment
from harness.report.webpage import render

URLS = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "cite", "ping", "xlink:href"}
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page as a browser would: elements with their attributes, words, and tags that were not closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def read(page):
    return Reader(render(page.evidence, page.cards, page.gallery))


@pytest.fixture(params=["calm", "poisoned", "pictures", "nothing fits", "no policy"])
def page(request, make_page):
    if request.param in {"calm", "poisoned", "pictures"}:
        return request.getfixturevalue(request.param)
    return make_page("model", "facts", fits=request.param == "no policy", judged=False)


def test_every_tag_is_closed(page):
    assert read(page).open == []


def test_nothing_is_fetched_from_anywhere(page):
    for tag, attributes in read(page).elements:
        assert tag not in {"script", "iframe", "object", "embed", "link", "form", "base"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in URLS:
                assert value.startswith("data:image/png;base64," if tag == "img" else "#")


def test_styles_fetch_nothing_either(page):
    text = render(page.evidence, page.cards)
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(style) == 1
    assert not re.search(r"url\(|@import|expression|//", style[0])
    assert all("style" not in attributes for _, attributes in read(page).elements)


def test_the_page_forbids_the_browser_what_it_does_not_need(calm):
    policy = [a["content"] for tag, a in read(calm).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_links_lead_to_places_on_the_page_and_names_are_given_once(page):
    elements = read(page).elements
    names = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(names) == len(set(names))
    assert {a["href"][1:] for _, a in elements if "href" in a} <= set(names)
    assert {a["aria-labelledby"] for _, a in elements if "aria-labelledby" in a} <= set(names)


def test_every_picture_has_a_size_and_words_in_its_place(pictures):
    found = [attributes for tag, attributes in read(pictures).elements if tag == "img"]
    assert len(found) == 6
    for attributes in found:
        assert (attributes["width"], attributes["height"]) == ("8", "8")
        assert "8 by 8 pixels" in attributes["alt"]
        assert attributes["class"] == "tiny"
    assert "image-rendering: pixelated" in render(pictures.evidence, pictures.cards)


def test_what_is_not_shown_leaves_its_place(pictures):
    text = read(pictures).text
    assert "Not shown: the file is not there." in text
    assert "The first 1 of 3 are shown here." in text


def test_hostile_text_is_shown_and_does_nothing(poisoned, hostile):
    text = render(poisoned.evidence, poisoned.cards)
    assert "<script" not in text
    assert "<img" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    shown = hostile.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e")
    assert unescape(text).count(shown) > 40
    # Each of the ways in: model, run, verdict, gate, waiver, card, reason, group, control, energy, override.
    assert shown in Reader(text).text


def test_a_very_long_name_is_cut(make_page):
    text = render(*vars(make_page("x" * 100_000, "facts")).values())
    assert len(text) < 200_000
    assert "(100,000 characters in all)" in text


def estimates(page):
    for result in page.evidence.results:
        yield from (found for found in result.results if isinstance(found, Estimate))
        yield from (one.estimate for one in result.controls if isinstance(one.estimate, Estimate))


def test_every_number_of_every_estimate_is_on_the_page_to_the_last_digit(calm):
    told = {a["value"] for tag, a in read(calm).elements if tag == "data"}
    text = render(calm.evidence, calm.cards)
    count = 0
    for found in estimates(calm):
        interval = found.interval
        assert {str(interval.value), str(interval.low), str(interval.high)} <= told
        assert str(interval.n) in text
        assert interval.method in text
        count += 1
    assert count == 20


def test_every_metric_group_control_and_reason_for_a_missing_number_is_named(calm):
    text = read(calm).text
    for result in calm.evidence.results:
        for found in result.results:
            assert found.metric in text
            assert " · ".join(found.slice[name] for name in sorted(found.slice)) in text
            if not isinstance(found, Estimate):
                assert found.reason in text
        for control in result.controls:
            assert control.title in text


def test_every_picture_says_in_words_what_it_shows(calm):
    text = render(calm.evidence, calm.cards)
    pictures = re.findall(r'<svg class="plot.*?</title>', text, re.DOTALL)
    # One for each number, one for each headline in short, one for the worst finding.
    assert len(pictures) == len(list(estimates(calm))) + 3 + 1
    assert all("<title>" in picture and 'role="img"' in picture for picture in pictures)
    assert "0.314 (95 % interval 0.237 to 0.402) share; limit value at least 25 of 100" in text


def test_prompts_and_replies_are_not_read(calm):
    evidence = replace(calm.evidence, cases=None, replies=None, readings=None, judged=None)
    assert render(evidence, calm.cards) == render(calm.evidence, calm.cards)


def test_the_same_evidence_gives_the_same_bytes(calm):
    again = replace(calm.evidence, run=json.loads(json.dumps(to_json(calm.evidence.run))))
    assert render(again, dict(reversed(calm.cards.items()))) == render(calm.evidence, calm.cards)


def test_the_verdict_comes_first_then_the_worst_finding_then_what_was_not_tested(calm):
    text = read(calm).text
    places = [
        "smollm2-135m-instruct",
        "robustness.order/flips on facts_mc broke its limit.",
        "Worst finding",
        "What was not tested",
        "Gates",
        "Where the numbers come from",
        "harness verify FOLDER",
    ]
    assert [text.index(place) for place in places] == sorted(text.index(place) for place in places)


@pytest.mark.parametrize(
    ("ruling", "word"),
    [
        (Ruling.PASS, "Passed"),
        (Ruling.FAIL, "Failed"),
        (Ruling.INCONCLUSIVE, "Not enough evidence"),
        (Ruling.NOT_JUDGED, "Not judged"),
    ],
)
def test_every_verdict_has_its_word_and_its_shape(calm, ruling, word):
    evidence = replace(calm.evidence, verdict=Verdict(ruling, f"{word}: so it is.", ()))
    text = render(evidence, calm.cards)
    assert f"<h2>{word}</h2>\n<p>So it is.</p>" in text
    assert f'<div class="banner {ruling.value}"' in text
    assert f'href="#shape-{ruling.value}"' in text


def test_without_a_policy_the_page_says_so(make_page):
    page = make_page("model", "facts", judged=False)
    text = read(page).text
    assert "No policy was set" in text
    assert "limit of a gate" in text
    assert "at least 25 of 100" not in text


def test_where_nothing_fits_the_page_says_what_and_why(make_page):
    text = read(make_page("model", "facts", fits=False, judged=False)).text
    assert "Nothing in this run speaks about hallucination, robustness, bias, memorisation or watermark." in text
    assert "There is none, because nothing was measured." in text
    assert text.count("facts needs a model that can loss; this one can score.") == 4
    assert "No data set was read." in text


def test_a_waiver_shows_who_accepted_what_until_when(calm):
    text = read(calm).text
    assert "Failed, waived" in text
    assert "M. Okafor, until 2027-01-31: the feature does not write about people" in text


def test_a_failed_control_is_said_beside_the_numbers(calm):
    assert "A control of this probe failed on these very cases." in read(calm).text


def test_frameworks_are_spoken_of_as_evidence_and_dates_are_given(calm):
    text = read(calm).text
    assert "evidence relevant to MEASURE-2.5" in text
    assert "no direct entry" in text
    assert "applies from 2027-12-02" in text


def test_an_entry_that_is_not_shipped_is_said_to_be_so(calm):
    cards = {name: replace(one, frameworks={"tomorrow-act": ("Art.1",)}) for name, one in calm.cards.items()}
    text = Reader(render(calm.evidence, cards)).text
    assert "evidence relevant to Art.1 named by the probe's card; not among the shipped entries" in text


def test_energy_has_a_number_or_a_reason(calm):
    assert "No number for energy: no energy meter is read by this version." in read(calm).text
    run = {**calm.evidence.run, "energy": {"joules": 12_345.6, "reason": None}}
    assert "12,346 J" in Reader(render(replace(calm.evidence, run=run), calm.cards)).text


def test_a_missing_value_cannot_be_printed():
    template = environment().from_string("{{ value }}")
    for value in (None, True, float("nan"), float("inf"), b"bytes"):
        with pytest.raises(TypeError, match="texts and finite numbers"):
            template.render(value=value)
    with pytest.raises(UndefinedError):
        template.render()


def test_every_printed_text_is_made_harmless_before_it_is_escaped():
    template = environment().from_string('<i title="{{ value }}">{{ value }}</i>')
    assert template.render(value='\x07"<b>\u202e') == (
        '<i title="\\x07&#34;&lt;b&gt;\\u202e">\\x07&#34;&lt;b&gt;\\u202e</i>'
    )


def test_a_result_without_its_card_is_refused(calm):
    with pytest.raises(KeyError):
        render(calm.evidence, {})


def mitigated(page, *planned):
    """The page of the same run with mitigations."""
    plan = {**page.evidence.run["plan"], "mitigations": to_json(list(planned))}
    return render(replace(page.evidence, run={**page.evidence.run, "plan": plan}), page.cards)


def test_a_mitigated_model_is_called_so_at_the_top_with_settings_cost_and_limits_below(calm, hostile):
    card = replace(INSTRUCTION, does="Tells the model to be fair.", limits=("It may not listen.", hostile))
    text = mitigated(calm, PlannedMitigation("instruction", {"topic": "fair", "strength": hostile}, card))
    top, below = text[text.index('id="audited"') : text.index('id="short"')], text[text.index('id="mitigations"') :]
    assert "it is audited with 1 mitigation" in top
    assert "Tells the model to be fair." in top
    assert all(told in below for told in ("fair</dd>", INSTRUCTION.cost.split(":")[0], "It may not listen."))
    assert "<script" not in text
    assert "it is audited with" not in render(calm.evidence, calm.cards)


def test_a_mitigation_whose_card_was_not_kept_is_named(calm):
    text = mitigated(calm, PlannedMitigation("instruction", {"topic": "fair"}), PlannedMitigation("watermark", {}))
    assert "it is audited with 2 mitigations" in text
    assert text.count("<bdi>instruction</bdi>") == 1
