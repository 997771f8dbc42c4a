from __future__ import annotations

import re
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest

from harness.backends.control_painter import plain_png
from harness.canonical import digest, digest_bytes, to_json
from harness.contracts import Identity
from harness.contracts.training import HOW_TRAINED, Training
from harness.records import Case, DrawAsk, Exhibit, Finish, Judged, Outcome, Reply, Score
from harness.report import gallery as made
from harness.report.gallery import Gallery, gallery
from harness.report.webpage import render

np = pytest.importorskip("numpy")
CELL = "hallucination.quiz@facts_mc"


def picture(number, side=8):
    """A PNG of one grey, another one for each number below 65,536."""
    pixels = np.zeros((side, side, 1), np.uint8)
    pixels[0, :2, 0] = divmod(number, 256)
    return plain_png(pixels)


class Showing:
    """A probe of which only what it shows is asked."""

    card = controls = "not asked"

    def __init__(self, choose):
        self.choose = choose

    def cases(self, data, budget):
        raise AssertionError

    def judge(self, case, reply, readings):
        raise AssertionError

    def summarise(self, scores):
        raise AssertionError

    def exhibits(self, scores, pictures):
        return self.choose(scores, pictures)


def every(scores, pictures):
    """One exhibit for each picture, in the order of the cases."""
    return [Exhibit(f"case {its.case.id}", "It was drawn.", ((pictures[its.case.id], "drawn"),)) for its in scores]


@pytest.fixture
def drawn(calm):
    """Return a function that gives the calm run with draws: asks, their pictures, and a probe that shows them."""

    def make(asks, choose=every, *, replies=(), side=8, classes=()):
        files = [picture(number, side) for number in range(len(asks))]
        names = [f"{digest_bytes(file).hex}.png" for file in files]
        answers = list(replies) + [Reply(Finish.STOP, media=(name,)) for name in names[len(replies) :]]
        cases = [Case(str(number), ask, {}, {}, str(number)) for number, ask in enumerate(asks)]
        judged = [Judged(case, Score(Outcome.SCORED, {"yes": 1.0})) for case in cases]
        run = calm.evidence.run
        if classes:
            identity = Identity("local", "m", digest(0), {HOW_TRAINED: to_json(trained(classes))})
            run = {**run, "plan": {**run["plan"], "identity": to_json(identity)}}
        evidence = replace(
            calm.evidence,
            run=run,
            cases={CELL: cases},
            judged={CELL: judged},
            replies={digest(ask): answer for ask, answer in zip(asks, answers, strict=True)},
            media=dict(zip(names, files, strict=True)),
        )
        return SimpleNamespace(evidence=evidence, probes={CELL: Showing(choose)}, names=names, cards=calm.cards)

    return make


def trained(classes):
    return Training("vae", 1, "digits", 2, 1, 1, 0, 0, 0, tuple(classes), 1, "so", ("No DP claim.",), 0, "")


def page_of(its):
    return render(its.evidence, its.cards, gallery(its.evidence, its.probes))


def wall_of(its):
    return gallery(its.evidence, its.probes).walls[CELL]


# ── what probes show ──────────────────────────────────────────────────────────────────────


def test_exhibits_stand_in_their_probes_section_with_title_note_and_labels(drawn):
    def pair(scores, pictures):
        return [
            Exhibit("Distance 0.12", "It counts as a copy.", ((pictures["0"], "drawn"), (pictures["1"], "original")))
        ]

    its = drawn([DrawAsk(0), DrawAsk(1)], pair)
    page = page_of(its)
    section = page[page.index('id="cell-1"') : page.index('id="cell-2"')]
    assert section.count("<img") == 2
    for text in ("Distance 0.12", "It counts as a copy.", "<bdi>drawn</bdi>", "<bdi>original</bdi>", "8 by 8 pixels"):
        assert text in section
    assert '<img class="tiny"' in section


def test_a_probe_without_exhibits_has_no_gallery(drawn):
    its = drawn([DrawAsk(0)], lambda *_: [])
    assert gallery(its.evidence, its.probes).walls == {}
    assert gallery(its.evidence, {CELL: object()}).walls == {}


def test_a_probe_is_told_the_first_picture_of_each_case_that_has_one(drawn):
    told = {}

    def look(scores, pictures):
        told.update(pictures)
        return []

    its = drawn([DrawAsk(0), DrawAsk(1)], look, replies=[Reply(Finish.REFUSED)])
    gallery(its.evidence, its.probes)
    assert told == {"1": its.names[1]}


def test_of_many_exhibits_the_first_are_shown_and_the_rest_is_counted(drawn):
    its = drawn([DrawAsk(seed) for seed in range(33)])
    wall = wall_of(its)
    assert [panel.title for panel in wall.panels] == [f"case {number}" for number in range(20)]
    assert wall.left_out == "The first 20 of 33 are shown here. All pictures are in the bundle's folder media."
    page = page_of(its)
    assert "14 more exhibits" in page
    assert wall.left_out in page.replace("&#39;", "'")


def test_a_probe_that_never_stops_showing_is_stopped(drawn):
    def endless(scores, pictures):
        return (Exhibit(f"number {number}", "On it goes.", ((pictures["0"], "drawn"),)) for number in count())

    assert wall_of(drawn([DrawAsk(0)], endless)).left_out.startswith("The first 20 of 1,000 or more are shown here.")


def test_an_exhibit_of_many_pictures_is_cut_and_says_so(drawn):
    def all_in_one(scores, pictures):
        return [Exhibit("All", "Together.", tuple((pictures[its.case.id], its.case.id) for its in scores))]

    (panel,) = wall_of(drawn([DrawAsk(seed) for seed in range(9)], all_in_one)).panels
    assert [frame.label for frame in panel.frames] == ["0", "1", "2", "3", "4", "5"]
    assert panel.note == "Together. 3 further pictures of it left out."


def test_pictures_share_a_bounded_room_and_a_later_one_does_not_take_an_earlier_ones_place(drawn, monkeypatch):
    its = drawn([DrawAsk(seed) for seed in range(6)])
    large = picture(0, 64) + bytes(1000)
    name = f"{digest_bytes(large).hex}.png"
    its.evidence.media[name] = large
    small = len(picture(0))

    def second_is_large(scores, pictures):
        chosen = [pictures["0"], name, pictures["2"]]
        return [Exhibit(f"number {place}", "So.", ((one, "drawn"),)) for place, one in enumerate(chosen)]

    its.probes = {CELL: Showing(second_is_large)}
    monkeypatch.setattr(made, "WALL_BYTES", 3 * small)
    assert len(large) > 3 * small
    wall = wall_of(its)
    assert [panel.title for panel in wall.panels] == ["number 0"]
    assert wall.left_out.startswith("The first 1 of 3 are shown here: more would make this page too large.")
    monkeypatch.setattr(made, "WALL_BYTES", small - 1)
    assert wall_of(its).left_out.startswith("None of 3 is shown here: more would make this page too large.")
    # Two cells that show something have half of the room each.
    monkeypatch.setattr(made, "WALL_BYTES", 2 * small)
    its.probes = {CELL: Showing(every), "bias.pairs@facts_mc": Showing(every)}
    its.evidence = replace(
        its.evidence, judged={**its.evidence.judged, "bias.pairs@facts_mc": its.evidence.judged[CELL]}
    )
    assert [len(wall.panels) for wall in gallery(its.evidence, its.probes).walls.values()] == [1, 1]


@pytest.mark.parametrize(
    "choose",
    [
        lambda *_: 1 / 0,
        lambda *given: [Exhibit("a", "b", ((given[1]["nobody"], "c"),))],
        lambda *_: ["no exhibit"],
        lambda *_: None,
    ],
)
def test_a_probe_that_fails_to_choose_costs_its_pictures_and_nothing_else(drawn, choose):
    its = drawn([DrawAsk(0)], choose)
    assert wall_of(its).panels == ()
    assert re.fullmatch(
        r"This probe has pictures to show, and failed to choose them \(\w+Error\)\.", wall_of(its).left_out
    )
    assert wall_of(its).left_out in page_of(its)


def test_what_a_reply_said_does_not_come_onto_the_page_with_an_error(drawn):
    def quote(scores, pictures):
        raise ValueError("the model wrote: SECRET")

    assert "SECRET" not in page_of(drawn([DrawAsk(0)], quote))


def test_hostile_titles_notes_and_labels_are_shown_and_do_nothing(drawn, hostile):
    def poison(scores, pictures):
        return [Exhibit(hostile, hostile, ((pictures["0"], hostile), (hostile, hostile)))]

    its = drawn([DrawAsk(0, prompt=hostile)], poison, classes=[hostile])
    page = page_of(its)
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    pictures = re.findall(r"<img[^>]*>", page)
    assert len(pictures) == 2
    for tag in pictures:
        assert re.fullmatch(
            r'<img class="tiny" src="data:image/png;base64,[A-Za-z0-9+/=]+" width="8" height="8" alt="[^"<>]*">', tag
        )


def test_a_missing_or_forged_file_leaves_its_place_and_the_page_stands(drawn):
    its = drawn([DrawAsk(seed) for seed in range(3)])
    del its.evidence.media[its.names[0]]
    its.evidence.media[its.names[1]] = b"<script>alert(1)</script>"
    page = page_of(its)
    assert page.count("Not shown: the file is not there.") == 2
    assert page.count("Not shown: the file is not the one that was recorded.") == 2
    assert page.count("<img") == 2
    assert "alert(1)" not in page


# ── what the model draws ──────────────────────────────────────────────────────────────────


def sheet_of(its):
    return gallery(its.evidence, its.probes).drawn


def test_the_first_draws_by_seed_are_shown_side_by_side_with_those_asked_for_alike(drawn):
    asks = [DrawAsk(seed, label=seed % 3) for seed in reversed(range(50))]
    sheet = sheet_of(drawn(asks, classes=("circle", "square")))
    assert [label for label, _ in sheet.groups] == ["circle", "square", "class 2"]
    labels = [frame.label for _, frames in sheet.groups for frame in frames]
    assert labels[:3] == ["circle, seed 0", "circle, seed 3", "circle, seed 6"]
    assert sorted(int(label.rpartition(" ")[2]) for label in labels) == list(range(40))
    assert sheet.note == (
        "The first 40 of 50 pictures drawn for this audit, in the order of their seeds: none was picked for its looks."
    )


def test_pictures_are_labelled_by_their_prompt_or_not_at_all(drawn):
    asks = [DrawAsk(0, prompt="a red circle"), DrawAsk(1, prompt="a blue square"), DrawAsk(2)]
    sheet = sheet_of(drawn(asks))
    assert [label for label, _ in sheet.groups] == ["", "a blue square", "a red circle"]
    assert sheet.groups[0][1][0].alt == "seed 2, 8 by 8 pixels"
    page = page_of(drawn(asks))
    assert "<figcaption><bdi>a red circle</bdi></figcaption>" in page


def test_only_pictures_that_a_user_would_get_are_what_the_model_draws(drawn):
    asks = [DrawAsk(0), DrawAsk(0, jitter=0.5), DrawAsk(0, marked=False)]
    sheet = sheet_of(drawn(asks))
    assert [len(frames) for _, frames in sheet.groups] == [1]
    assert sheet.note == "The one picture drawn for this audit."
    assert sheet_of(drawn([DrawAsk(0, jitter=0.5)])) is None


def test_asks_that_brought_no_picture_are_counted(drawn):
    replies = [Reply(Finish.REFUSED), Reply(Finish.FAILED, error="no"), Reply(Finish.REFUSED)]
    sheet = sheet_of(drawn([DrawAsk(seed) for seed in range(5)], replies=replies))
    assert sheet.note.endswith("3 further asks brought none (1 failed, 2 refused).")
    assert sheet_of(drawn([DrawAsk(0)], replies=replies[:1])) is None


def test_the_sheet_is_bounded_too(drawn, monkeypatch):
    monkeypatch.setattr(made, "SHEET_BYTES", sum(len(picture(number)) for number in range(3)))
    sheet = sheet_of(drawn([DrawAsk(seed) for seed in range(5)]))
    assert sum(len(frames) for _, frames in sheet.groups) == 3
    assert "More would make this page too large." in sheet.note


def test_a_model_that_draws_nothing_has_no_sheet(calm):
    assert gallery(calm.evidence, {}) == Gallery()
    assert "What was audited" not in render(calm.evidence, calm.cards, Gallery())


def test_the_same_evidence_gives_the_same_page_whatever_the_order_of_its_asks(drawn):
    asks = [DrawAsk(seed, label=seed % 2) for seed in range(12)]
    its = drawn(asks)
    again = replace(its.evidence, replies=dict(reversed(its.evidence.replies.items())))
    assert render(again, its.cards, gallery(again, its.probes)) == page_of(its)
    turned = {CELL: list(reversed(its.evidence.cases[CELL]))}
    assert gallery(replace(its.evidence, cases=turned), its.probes).drawn == sheet_of(its)


def test_large_pictures_are_smoothed_and_small_ones_are_not(drawn):
    assert '<img class="tiny"' in page_of(drawn([DrawAsk(0)]))
    page = page_of(drawn([DrawAsk(0)], side=128))
    assert '<img class="tiny"' not in page
    assert page.count('width="128" height="128"') == 2
