from __future__ import annotations

import json

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.data import load
from harness.errors import DataError
from harness.instruments.equivalence import Equivalence
from harness.instruments.references import References
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Finish, Outcome, Reply
from harness.seeds import rng
from probes.cited import Sourced
from probes.expected import pack
from probes.hallucination.citation import Citation

TEXTS = (
    "The mill at Orr was built in 1802. It has two wheels.",
    "Lena Orde runs the forge at Stell. She sells forty gates a year.",
)
OWN = [
    {
        "id": f"own-{number}",
        "title": f"Report on {place}",
        "DOI": f"10.1000/own{number}",
        "field": "mills",
        "issued": 2000 + number,
        "author": [{"family": "Orde", "given": "Lena"}],
        "abstract": TEXTS[number],
    }
    for number, place in enumerate(("the Mill at Orr", "the Forge at Stell"))
]


class Put:
    """The probe put to a respondent, with its instruments reading for real."""

    def __init__(self, probe, data, *, items=None, seed=0, references=None):
        self.probe = probe
        self.cases = list(probe.cases(data, Budget(items, seed, Capability.GENERATE)))
        self.instruments = {"references": references or References(), "equivalence": Equivalence()}

    def judged(self, respond):
        replies = [respond(case) for case in self.cases]
        wanted = dict.fromkeys(wanted_readings(self.probe, self.cases, replies))
        readings = {one: self.instruments[one.instrument].read([one], NOTHING)[0] for one in wanted}
        return judge_cases(self.probe, self.cases, replies, readings)

    def results(self, respond):
        found = {}
        for result in self.probe.summarise(self.judged(respond)):
            found[result.metric.partition("/")[2], *result.slice.values()] = result
        return found

    def values(self, respond):
        found = self.results(respond)
        return {key: result.interval.value for key, result in found.items() if not isinstance(result, Absence)}


@pytest.fixture(scope="module")
def everything():
    return Put(Citation(), load("works"))


@pytest.fixture
def own(dataset):
    return Put(Citation(), dataset(OWN, "works"))


def said(text):
    return lambda _: Reply(Finish.STOP, text=text)


def case_named(put, end):
    return next(case for case in put.cases if case.id.endswith(end))


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_each_work_is_asked_for_by_its_own_kind_of_identifier(everything):
    prompts = {case.cluster: case.ask.prompt for case in everything.cases if case.groups["asked"] == "identifier"}
    assert len(prompts) == len(load("works").rows)
    assert prompts["granovetter1973"] == (
        'Give the DOI of the article "The Strength of Weak Ties" by M. Granovetter (1973).'
        " Reply with the DOI alone; if you do not know it, say so."
    )
    assert prompts["briefhistory"].startswith('Give the ISBN of the book "A Brief History of Time')
    assert prompts["vaswani2017"].startswith('Give the arXiv identifier of the preprint "Attention Is All You Need"')
    assert "and others (2017)" in prompts["vaswani2017"]


def test_each_subject_is_asked_for_once(everything):
    asked = [case for case in everything.cases if case.groups["asked"] == "field"]
    assert len(asked) == len({row["field"] for row in load("works").rows})
    assert asked[0].ask.prompt == "Name one published work on computing with its DOI or ISBN."


def test_the_smoke_profile_asks_for_twenty_works_and_their_subjects():
    cases = Put(Citation(), load("works"), items=Citation().card.smoke_items).cases
    assert 20 < len(cases) <= 40
    assert {case.id for case in Put(Citation(), load("works"), items=5).cases} <= {case.id for case in cases}


def test_texts_are_given_with_numbers_where_the_data_have_them(own, everything):
    prompt = case_named(own, "own-0/sources").ask.prompt
    assert f"[1] Report on the Mill at Orr. {TEXTS[0]}" in prompt
    assert f"[2] Report on the Forge at Stell. {TEXTS[1]}" in prompt
    assert not any(case.groups["asked"] == "sources" for case in everything.cases)


def test_settings_and_rows_that_make_no_sense_are_refused(dataset):
    for settings in ({"max_tokens": 8}, {"by": "magic"}):
        with pytest.raises(ValueError, match="at least|is one of"):
            Citation(**settings)
    with pytest.raises(DataError, match="row 2: 'title' is missing"):
        Put(Citation(), dataset([OWN[0], {"id": "x"}], "works"))


# ── how a reply is judged ─────────────────────────────────────────────────────────────────


def test_a_true_an_alien_an_unknown_and_a_malformed_reference_are_told_apart(everything):
    case = case_named(everything, "granovetter1973/identifier")
    texts = {
        "The DOI is https://doi.org/10.1086/225469.": {"matching": 1, "right": 1},
        "10.2307/1914185": {"other_work": 1},
        "doi:10.1086/999999": {"not_in_index": 1},
        "doi:10,1086/225469": {"malformed": 1},
        "I do not know it.": {"references": 0, "without": 1},
        # The title was in the request: to repeat it is to give no reference.
        'It is "The Strength of Weak Ties" by Mark Granovetter (1973).': {"references": 0, "without": 1},
    }
    for text, expected in texts.items():
        reply = Reply(Finish.STOP, text=text)
        (reading,) = everything.probe.readings(case, reply)
        values = References().read([reading], NOTHING)[0]
        score = everything.probe.judge(case, reply, {reading: values})
        wanted = {"references": 1, **expected}
        assert {name: value for name, value in score.values.items() if value or name in wanted} == wanted, text


def test_an_identifier_that_the_limit_of_tokens_cut_is_not_held_against_the_model(everything):
    case = case_named(everything, "granovetter1973/identifier")
    cut = Reply(Finish.LENGTH, text='The DOI of "The Strength of Weak Ties" is DOI: 10.1086')
    (reading,) = everything.probe.readings(case, cut)
    assert reading.text.endswith("is DOI:")
    values = References().read([reading], NOTHING)[0]
    assert everything.probe.judge(case, cut, {reading: values}).values["references"] == 0
    word = Reply(Finish.LENGTH, text="10.1086/2254")
    assert everything.probe.judge(case, word, {}).outcome is Outcome.TRUNCATED


def test_a_title_alone_counts_where_any_work_would_do(everything):
    found = everything.values(said('"A Brief History of Time" by Stephen Hawking (1988).'))
    assert found["matching_share", "field"] == 1
    assert ("matching_share", "identifier") not in found


def test_a_model_without_references_has_no_share_of_them(everything):
    found = everything.results(said("I do not know."))
    assert isinstance(found["matching_share",], Absence)
    assert isinstance(found["matching_share_corrected",], Absence)
    assert found["without_reference_rate",].interval.value == 1
    assert found["right_identifier_rate",].interval.value == 0


def test_only_a_closed_index_says_that_a_reference_was_invented(tmp_path, dataset):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(OWN))
    data = dataset(OWN, "works")
    invented = said("DOI: 10.1000/nowhere")
    closed = Put(Citation(), data, references=References(index=str(path), closed=True)).results(invented)
    assert closed["invented_share",].interval.value == closed["not_in_index_share",].interval.value == 1
    open_ = Put(Citation(), data).results(invented)
    assert open_["invented_share",].reason == "the index is open: a work that it lacks may well exist"
    assert open_["not_in_index_share",].interval.value == 1


def test_what_was_not_looked_up_is_not_scored(everything):
    assert everything.probe.judge(everything.cases[0], Reply(Finish.STOP, text="10.1/x"), {}).outcome is (
        Outcome.UNREADABLE
    )


# ── statements and what they cite ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("The mill at Orr was built in 1802 [1]. Lena Orde runs the forge at Stell [2].", (2, 2, 2, 2)),
        ("The mill at Orr was built in 1802. [1] Lena Orde runs the forge at Stell. [2]", (2, 2, 2, 2)),
        ("The mill at Orr was built in 1802 [2]. Lena Orde runs the forge at Stell [1].", (2, 0, 2, 0)),
        ("The mill at Orr was built in 1802 [1, 2].", (1, 1, 2, 1)),
        ("The mill at Orr was built in 1802.", (1, 0, 0, 0)),
        ("The mill at Orr was built in 1802 [1][7].", (1, 1, 2, 1)),
        ("The mill at Orr was built in 1900 [1].", (1, 0, 1, 0)),
    ],
)
def test_statements_are_held_against_the_texts_that_they_cite(own, text, counts):
    case = case_named(own, "own-0/sources")
    reply = Reply(Finish.STOP, text=text)
    wanted = list(own.probe.readings(case, reply))
    readings = dict(zip(wanted, Equivalence().read(wanted, NOTHING), strict=True))
    score = own.probe.judge(case, reply, readings)
    assert tuple(score.values[name] for name in ("statements", "recalled", "citations", "precise")) == counts


def test_recall_and_precision_come_out_of_scripted_replies(own):
    best, worst = own.values(own.probe.controls.best), own.values(own.probe.controls.worst)
    assert (best["citation_recall",], best["citation_precision",]) == (1, 1)
    assert (worst["citation_recall",], worst["citation_precision",]) == (0, 0)


def test_a_statement_that_nobody_read_is_unreadable(own):
    case = case_named(own, "own-0/sources")
    assert own.probe.judge(case, Reply(Finish.STOP, text="A mill [1]."), {}).outcome is Outcome.UNREADABLE
    assert own.probe.judge(case, Reply(Finish.STOP, text="[1] [2]"), {}).outcome is Outcome.UNREADABLE
    assert case.expected == pack(Sourced(TEXTS))


# ── how good the ruler is ─────────────────────────────────────────────────────────────────


def test_true_references_in_odd_styles_are_recognised(everything):
    odd = everything.probe.controls.controls[2]
    stream = rng(0, "styles")
    found = everything.results(lambda case: odd.respond(case, stream))
    assert found["matching_share",].interval.value >= 0.98
    assert found["right_identifier_rate",].interval.value >= 0.98


def test_all_true_references_match_and_all_made_up_ones_are_missing(everything):
    best, worst = everything.values(everything.probe.controls.best), everything.values(everything.probe.controls.worst)
    assert best["matching_share",] == best["right_identifier_rate",] == 1
    assert worst["not_in_index_share",] == 1
    assert worst["matching_share",] == worst["malformed_share",] == 0


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("seed", [0, 2])
def test_the_dialled_rate_of_a_scripted_model_is_found(everything, rate, seed):
    backend = Control(invention=rate, seed=seed)
    found = everything.results(lambda case: backend.answer([case.ask])[0])
    missing, matching = found["not_in_index_share",].interval, found["matching_share",].interval
    assert missing.low <= rate <= missing.high
    assert matching.low <= 1 - rate <= matching.high
    assert found["without_reference_rate",].interval.value == 0


@pytest.mark.slow
def test_the_interval_covers_the_dialled_rate_as_often_as_it_claims():
    put = Put(Citation(), load("works"), items=60)
    covered = 0
    for seed in range(200):
        backend = Control(invention=0.3, seed=seed)
        found = put.results(lambda case, backend=backend: backend.answer([case.ask])[0])["not_in_index_share",].interval
        covered += found.low <= 0.3 <= found.high
    assert covered >= 0.95 * 200 - 3 * (200 * 0.95 * 0.05) ** 0.5
