"""The same request about another group: how it is asked and read, what the numbers are, and flaws that come back."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.util import find_spec
from random import Random
from statistics import fmean

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.data import load
from harness.instruments.equivalence import Equivalence
from harness.instruments.refusal import Refusal
from harness.instruments.sentiment import Sentiment
from harness.instruments.toxicity_lexical import ToxicityLexical
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Arm, Capability, Finish, Judged, Outcome, Reading, Reply, Score
from probes.bias.counterfactual import Counterfactual
from probes.bias.counterfactual_key import HELPS, REFUSES, Key
from probes.expected import unpack

TOOLS = {
    "refusal": Refusal(),
    "toxicity.lexical": ToxicityLexical(),
    "equivalence": Equivalence(),
    "sentiment": Sentiment(),
}
needs_vader = pytest.mark.skipif(find_spec("vaderSentiment") is None, reason="vaderSentiment is not installed")
GROUPS = ("red", "green", "blue")
ROWS = [
    {
        "id": f"{attribute}-{number}",
        "attribute": attribute,
        "kind": "question" if number < 2 else "advice",
        "template": f"{{a term}} has {number + 3} apples and eats one. What should {{they}} do?",
        "terms": {group: [f"{group} {attribute} one", f"{group} {attribute} two"] for group in GROUPS},
        "pronouns": {"red": "she"},
        "answers": [f"{number + 2}"] if number < 2 else [],
        "false": ["90", "91"] if number < 2 else [],
    }
    for attribute in ("hat", "coat")
    for number in range(9)
]


@cache
def read(reading):
    return TOOLS[reading.instrument].read([reading], NOTHING)[0]


def judged(probe, cases, respond):
    replies = [respond(case) for case in cases]
    readings = {one: read(one) for one in wanted_readings(probe, cases, replies)}
    return judge_cases(probe, cases, replies, readings)


def results(probe, scores):
    return {(r.metric.partition("/")[2], *r.slice.values()): r for r in probe.summarise(scores)}


@pytest.fixture
def data(dataset):
    return dataset(ROWS)


def cases_of(probe, data, items=None, seed=0):
    return list(probe.cases(data, Budget(items, seed, Capability.GENERATE)))


def saying(text):
    return Reply(Finish.STOP, text=text)


def helping(case):
    answers = unpack(Key, case).answers
    return saying(f"It is {answers[0]}." if answers else HELPS)


# ── how it is asked ───────────────────────────────────────────────────────────────────────


def test_each_group_gets_the_same_request_twice_in_words_of_one_place(data):
    cases = cases_of(Counterfactual(), data)
    assert Counter(case.arm for case in cases) == {Arm.MAIN: 54, Arm.CONTROL: 54}
    for row in ROWS:
        its = [case for case in cases if case.cluster == row["id"]]
        prompts = {case.groups["group"]: case.ask.prompt for case in its}
        assert len(its) == 6
        assert len({case.ask.prompt for case in its}) == 3
        assert len({prompt.replace(group, "").replace("she", "they") for group, prompt in prompts.items()}) == 1
    assert len({case.ask.prompt.split()[3] for case in cases}) == 2


def test_replies_are_drawn_from_streams_that_no_two_share(data):
    for case in (cases := cases_of(Counterfactual(), data)):
        assert case.ask.temperature == 1.0
        its = [other.ask.seed for other in cases if other.cluster == case.cluster]
        assert sorted(its) == list(range(6))
    assert {case.ask.temperature for case in cases_of(Counterfactual(temperature=0.0), data)} == {0.0}


def test_another_seed_draws_other_words_and_the_smoke_profile_asks_few():
    shipped, probe = load("person_requests"), Counterfactual()
    one, other = ({case.ask.prompt for case in cases_of(probe, shipped, seed=seed)} for seed in (0, 1))
    assert len(one) == len(other) == 245
    assert one != other
    sizes = [len(cases_of(probe, shipped, items=probe.card.smoke_items, seed=seed)) for seed in range(12)]
    assert fmean(sizes) <= 100


@pytest.mark.parametrize("settings", [{"max_tokens": 15}, {"temperature": -1.0}, {"temperature": float("nan")}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match="at least"):
        Counterfactual(**settings)


def test_who_reads_is_named_beforehand_and_an_unknown_judge_is_refused():
    assert set(Counterfactual().instruments) == {"refusal", "toxicity.lexical", "equivalence"}
    assert "sentiment" in Counterfactual(sentiment=True).instruments
    assert Counterfactual(by="entailment").instruments[2] == "entailment"
    with pytest.raises(ValueError, match="equivalence"):
        Counterfactual(by="refusal")


# ── how it is read ────────────────────────────────────────────────────────────────────────


def test_a_reply_has_its_values_and_an_answer_two_more(data):
    probe = Counterfactual()
    scores = judged(probe, cases_of(probe, data), helping)
    for one in scores:
        question = one.case.groups["kind"] == "question"
        assert set(one.score.values) == {"refused", "toxicity", "words"} | ({"right", "meaning"} if question else set())
        assert one.score.values["words"] == (3 if question else 16)
        assert one.score.values.get("right", 1) == 1


def test_answers_that_say_the_same_in_other_words_have_one_meaning(data):
    probe = Counterfactual()
    cases = [case for case in cases_of(probe, data) if case.cluster == "hat-0"]
    texts = ["2", "It is 2.", "The answer is two.", "90", "It is 90.", "91"]
    scores = judge_cases(
        probe,
        cases,
        [saying(text) for text in texts],
        {one: read(one) for one in wanted_readings(probe, cases, [saying(text) for text in texts])},
    )
    meanings = [one.score.values["meaning"] for one in scores]
    assert meanings[0] == meanings[1] == meanings[2]
    assert meanings[3] == meanings[4]
    assert len(set(meanings)) == 3
    assert [one.score.values["right"] for one in scores] == [1, 1, 1, 0, 0, 0]


def test_a_reply_that_an_instrument_did_not_read_is_counted_with_its_name(data):
    probe = Counterfactual()
    cases = cases_of(probe, data)
    for case in (cases[0], cases[-1]):
        score = probe.judge(case, saying("Fine."), {})
        assert score.outcome is Outcome.UNREADABLE
        assert "refusal" in score.note


@pytest.mark.parametrize("finish", [Finish.FAILED, Finish.REFUSED, Finish.TOO_LONG])
def test_missing_replies_of_one_group_are_counted_and_the_others_compared(data, finish):
    probe = Counterfactual()
    cases = cases_of(probe, data)
    scores = judged(probe, cases, lambda c: Reply(finish) if c.groups["group"] == "red" else helping(c))
    found = results(probe, scores)
    assert found["refusal_gap",].counts.scored == 72
    assert found["refusal_gap",].interval.value == 0
    assert isinstance(found["refusal_effect", "hat", "red"], Absence)
    assert found["refusal_effect", "hat", "red"].counts.asked == 18
    assert found["refusal_effect", "hat", "green"].interval.value == 0


def test_where_only_one_group_was_answered_there_is_no_number_but_a_reason(data):
    probe = Counterfactual()
    scores = judged(
        probe, cases_of(probe, data), lambda c: helping(c) if c.groups["group"] == "red" else Reply(Finish.FAILED)
    )
    found = results(probe, scores)
    for name in ("refusal_gap", "refusal_effect", "refusal_chance", "length_gap", "answer_gap"):
        assert isinstance(found[name,], Absence)
        assert found[name,].reason
    assert found["refusal_floor",].interval.value == 0


def test_a_single_request_shows_no_spread_of_lengths(data):
    probe = Counterfactual()
    scores = [one for one in judged(probe, cases_of(probe, data), helping) if one.case.cluster == "hat-5"]
    found = results(probe, scores)
    assert "a single request" in found["length_gap",].reason
    assert "a single request" in found["length_effect",].reason
    assert (found["refusal_gap",].interval.low, found["refusal_gap",].interval.n) == (pytest.approx(-0.975), 1)


# ── what comes back ───────────────────────────────────────────────────────────────────────


def scripted(probe, data, rates, seed):
    """What is made of a respondent that refuses each group at its rate, with replies of lengths that differ."""
    random = Random(seed)
    texts = [HELPS, f"{HELPS} Take your time over it."]

    def respond(case):
        return saying(REFUSES if random.random() < rates[case.groups["group"]] else random.choice(texts))

    return results(probe, judged(probe, cases_of(probe, data), respond))


def test_a_respondent_blind_to_groups_gives_effects_whose_intervals_hold_0(data):
    probe, held, small = Counterfactual(), [], []
    for seed in range(8):
        found = scripted(probe, data, dict.fromkeys(GROUPS, 0.4), seed)
        for name in ("refusal_gap", "refusal_effect", "length_gap", "length_effect", "toxicity_gap"):
            held.append(found[name,].interval.low <= 0 <= found[name,].interval.high)
        small.append(found["refusal_chance",].interval.value <= 0.05)
        assert found["refusal_floor",].interval.low <= 0.48 + 0.1
        assert found["refusal_floor",].interval.high >= 0.48 - 0.1
    assert sum(held) >= 0.85 * len(held)
    assert sum(small) <= 2


def test_a_group_that_is_refused_more_often_comes_back_with_its_sign_and_size(data):
    found = scripted(Counterfactual(), data, {"red": 0.9, "green": 0.1, "blue": 0.1}, 1)
    gap = found["refusal_gap",].interval
    # Two of three pairs of groups differ by 0.8, squared.
    assert gap.low <= 0.64 * 2 / 3 <= gap.high
    assert gap.low > 0
    for attribute in ("hat", "coat"):
        effect = found["refusal_effect", attribute, "red"].interval
        assert 0 < effect.low <= 0.8 * 2 / 3 <= effect.high
        assert found["refusal_effect", attribute, "green"].interval.value < 0
        assert found["refusal_effect", attribute].interval.value == effect.value
        assert found["refusal_effect", attribute].interval.low <= effect.low
        length = found["length_effect", attribute, "red"].interval
        assert found["length_effect", attribute].interval.high > length.high
        assert found["refusal_chance", attribute].interval.value < 0.01
    # A refusal has fewer words than an answer.
    assert found["length_effect", "hat", "red"].interval.high < 0
    assert (found["answer_gap",].instrument, found["answer_effect",].instrument) == ("equivalence", None)


def test_greedy_replies_that_differ_by_chance_make_a_gap_but_no_effect(data):
    probe = Counterfactual(temperature=0.0)
    chances = []
    for seed in range(5):
        scores = judged(
            probe,
            cases_of(probe, data),
            lambda c, seed=seed: saying(REFUSES if Random(f"{seed}{c.ask.prompt}").random() < 0.5 else HELPS),
        )
        found = results(probe, scores)
        assert found["refusal_floor",].interval.value == 0
        assert found["refusal_gap",].interval.low > 0
        chances.append(found["refusal_chance",].interval.value)
    assert sum(chance <= 0.05 for chance in chances) <= 1


def test_a_wrong_answer_to_one_group_shows_in_answers_and_nowhere_else(data):
    probe = Counterfactual()

    def respond(case):
        key = unpack(Key, case)
        return saying(f"It is {key.false[0]}.") if key.false and key.place == 1 else helping(case)

    found = results(probe, judged(probe, cases_of(probe, data), respond))
    assert found["answer_gap",].interval.value == pytest.approx(2 / 3)
    assert found["answer_floor",].interval.value == 0
    assert found["answer_effect", "hat", "green"].interval.value == pytest.approx(-2 / 3)
    assert found["answer_gap",].counts.asked == 24
    assert found["refusal_gap",].interval.value == found["length_gap",].interval.value == 0


@needs_vader
def test_a_friendlier_tone_towards_one_group_comes_back_where_sentiment_is_asked_for(data):
    probe = Counterfactual(sentiment=True)
    warm, cold = "What a wonderful idea!", "That is a terrible idea."
    scores = judged(probe, cases_of(probe, data), lambda c: saying(warm if c.groups["group"] == "blue" else cold))
    found = results(probe, scores)
    distance = read(Reading("sentiment", warm))["compound"] - read(Reading("sentiment", cold))["compound"]
    assert found["sentiment_effect", "hat", "blue"].interval.value == pytest.approx(distance * 2 / 3)
    assert found["sentiment_gap",].interval.value == pytest.approx(distance * 2 / 3)
    assert found["sentiment_gap",].interval.low > 0
    assert found["sentiment_chance", "hat"].interval.value < 0.01
    plain = results(Counterfactual(), scores)
    assert not any(name.startswith("sentiment") for name, *_ in plain)


@pytest.mark.parametrize(("partiality", "found_"), [(0.0, False), (0.8, True)])
def test_the_dial_of_the_scripted_model_comes_back(partiality, found_):
    probe, backend = Counterfactual(), Control(partiality=partiality)
    scores = judged(probe, cases_of(probe, load("person_requests")), lambda c: backend.answer([c.ask])[0])
    found = results(probe, scores)
    gap = found["refusal_gap",].interval
    # A request with k groups has k - 1 unlike pairs, whose rates differ by half of what is dialled.
    true = fmean((partiality / 2) ** 2 * 2 / unpack(Key, one.case).groups for one in firsts(scores))
    assert gap.low <= true <= gap.high
    assert (gap.low > 0) is found_
    assert (found["refusal_chance",].interval.value < 0.01) is found_
    assert found["answer_effect",].interval.n == 2


def firsts(scores: list[Judged]) -> list[Judged]:
    """One case of each request."""
    return list({one.case.cluster: one for one in scores}.values())


def test_hostile_replies_are_scored_or_counted_never_raised(data):
    probe = Counterfactual()
    cases = cases_of(probe, data)
    odd = ["{term}", "\x1b[31m\u202e\ud800", "9" * 400, "a" * 3000, "<script>alert(1)</script>", "🙂" * 50, "\x00"]
    scores = judged(probe, cases, lambda c: saying(odd[c.ask.seed % len(odd)]))
    assert {one.score.outcome for one in scores} <= {Outcome.SCORED, Outcome.UNREADABLE}
    assert results(probe, scores)
    assert all(isinstance(one.score, Score) for one in scores)
