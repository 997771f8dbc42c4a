"""Another probe's cases in changed wordings: what is asked, who judges, and what each number counts."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.data import load
from harness.errors import NotApplicableError, UsageError
from harness.records import Absence, Arm, Capability, Finish, Outcome, Reply
from harness.registry import Registry
from harness.text.perturb import OPERATORS, preserves_label
from probes.replies import preferring
from probes.robustness.perturbation import Perturbation


def wrapped(**settings):
    return Registry().create("probe", "robustness.perturbation", settings)


def key(case):
    return case.expected


def right(case):
    """Prefer the reference answer of the closed-book probe."""
    return preferring(case.ask, key(case)["inner"]["expected"]["true"])


def wrong(case):
    its = key(case)["inner"]["expected"]
    return preferring(case.ask, next(at for at in its["among"] if at != its["true"]))


def by_role(**answers):
    """Answer each role as told, rightly where nothing is told of it."""
    return lambda case: answers.get(key(case)["role"], right)(case)


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_each_question_is_asked_once_as_it_stands_and_once_for_each_change(asked, facts):
    cases = [case for case in asked(wrapped(), facts).cases if case.cluster == "facts-0"]
    assert [case.id for case in cases] == [
        "facts-0/mc/clean",
        "facts-0/mc/keyboard_typo",
        "facts-0/mc/polite_prefix",
        "facts-0/mc/spacing",
        "facts-0/mc/negation_added",
        "facts-0/mc/number_changed",
    ]
    assert [case.arm for case in cases] == [Arm.MAIN] * 4 + [Arm.CONTROL] * 2
    assert key(cases[0])["planned"] == {
        "keyboard_typo": "asked",
        "synonym": "unchanged",
        "polite_prefix": "asked",
        "spacing": "asked",
    }


def test_only_the_wording_changes_and_the_edits_say_how(asked, facts):
    cases = {case.id.rpartition("/")[2]: case for case in asked(wrapped(), facts, items=1).cases}
    clean = cases.pop("clean")
    for name, case in cases.items():
        edited = clean.wording
        for start, end, before, after in reversed(key(case)["edits"]):
            assert edited[start:end] == before
            edited = edited[:start] + after + edited[end:]
        assert edited == case.wording, name
        assert case.ask.continuations == clean.ask.continuations
        assert case.ask.context == clean.ask.context[: -len(clean.wording + "\nA:")] + f"{edited}\nA:"
        assert OPERATORS[name].preserves is preserves_label(clean.wording, case.wording).passed


def test_where_text_is_written_the_same_prompt_is_sent_once_more_with_another_seed(asked):
    one = asked(wrapped(of="robustness.paraphrase"), load("wordings"), items=2)
    clean, again = (next(c for c in one.cases if c.expected["role"] == role) for role in ("clean", "again"))
    assert (again.ask.prompt, again.arm) == (clean.ask.prompt, Arm.CONTROL)
    assert again.ask.seed != clean.ask.seed


def test_several_draws_of_an_operator_are_asked_unless_they_come_to_the_same(asked, facts):
    one = asked(wrapped(operators=["keyboard_typo", "polite_prefix"], seeds=3, controls=[]), facts)
    planned = [value for case in one.cases for value in key(case)["planned"].values()]
    names = {case.id.rpartition("/")[2] for case in one.cases}
    assert {"keyboard_typo", "keyboard_typo-2", "keyboard_typo-3"} < names
    found = Counter(planned)
    assert (found["asked"] + found["repeated"], found["asked"]) == (30 * 6, len(one.cases) - 30)
    assert found["repeated"] > 0


def test_a_change_that_breaks_a_rule_is_not_asked_and_counted(asked, dataset, facts):
    row = {**facts.rows[0], "question": "Who?"}
    one = asked(wrapped(operators=["polite_prefix", "spacing"], controls=[]), dataset([row, *facts.rows[1:]], "facts"))
    planned = next(key(case)["planned"] for case in one.cases if case.cluster == "facts-0" and key(case)["planned"])
    assert planned == {"polite_prefix": "unchanged", "spacing": "unchanged"}
    found = one.results(right)
    assert found["nothing_to_change",].interval.value == pytest.approx(1 / 30)
    assert found["rules_broken",].interval.value == 0.0


def test_a_probe_without_wordings_does_not_fit(asked, pairs_set):
    with pytest.raises(NotApplicableError, match=r"no case of bias\.paired_likelihood has a wording"):
        asked(wrapped(of="bias.paired_likelihood"), pairs_set)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"operators": ["keybord_typo"]}, "Did you mean 'keyboard_typo'"),
        ({"operators": ["negation_added"]}, "operators: there is none named 'negation_added'"),
        ({"controls": ["spacing"]}, "controls: there is none named 'spacing'"),
        ({"operators": []}, "names at least one"),
        ({"strength": 0}, "strength"),
        ({"seeds": 0}, "seeds"),
        ({"of": "hallucination.closed_bok"}, "Did you mean 'hallucination.closed_book'"),
        ({"of": "robustness.perturbation"}, "itself included"),
        ({"of_settings": {"conventio": "both"}}, "Did you mean 'convention'"),
        ({"of_settings": {"convention": "mine"}}, "convention is one of"),
    ],
)
def test_settings_that_make_no_probe_are_refused(settings, told):
    with pytest.raises(UsageError, match=told):
        wrapped(**settings)


# ── who judges ────────────────────────────────────────────────────────────────────────────


def test_the_other_probe_judges_and_its_first_value_is_the_credit(asked, facts):
    one = asked(wrapped(), facts)
    inner = Registry().create("probe", "hallucination.closed_book")
    mine = {judged.case.id: judged.score for judged in one.judged(right)}
    assert {score.values["credit"] for score in mine.values()} == {1.0}
    assert one.probe.card.needs == inner.card.needs
    assert one.probe.card.datasets == inner.card.datasets
    assert inner.card.id in one.probe.card.version


def test_another_value_of_the_score_can_be_the_credit(asked, facts):
    one = asked(wrapped(value="mc2"), facts)
    assert {0 < judged.score.values["credit"] < 1 for judged in one.judged(wrong)} == {True}


def test_a_value_that_is_no_share_is_unreadable_and_says_what_to_set(asked, facts):
    one = asked(wrapped(of="robustness.option_order", value="choice"), facts)
    found = {judged.score.outcome for judged in one.judged(lambda case: preferring(case.ask, 2))}
    assert Outcome.UNREADABLE in found
    note = next(j.score.note for j in one.judged(lambda case: preferring(case.ask, 2)) if j.score.note)
    assert "set `value`" in note


def test_replies_of_a_comparing_probe_are_judged_among_the_unchanged_ones(asked):
    one = asked(wrapped(of="robustness.paraphrase", operators=["spacing"], controls=[]), load("wordings"), items=5)
    company = [case for case in one.cases if key(case)["role"] == "company"]
    assert len(company) == 5 * 3
    scores = one.judged(lambda case: Reply(Finish.STOP, text=key(case)["inner"]["expected"]["answers"][0]))
    assert {judged.score.outcome for judged in scores} == {Outcome.SCORED}
    assert {judged.score.values["credit"] for judged in scores} == {1.0}


@pytest.mark.parametrize(
    ("of", "settings", "way", "data"),
    [
        ("hallucination.closed_book", {"convention": "authors"}, Capability.SCORE, "facts_mc"),
        ("hallucination.closed_book", {"mode": "write"}, Capability.GENERATE, "facts_mc"),
        ("robustness.option_order", {}, Capability.SCORE, "facts_mc"),
        ("robustness.option_order", {}, Capability.GENERATE, "facts_mc"),
        ("robustness.paraphrase", {}, Capability.GENERATE, "wordings"),
        ("hallucination.false_premise", {}, Capability.GENERATE, "false_premises"),
    ],
)
def test_its_controls_come_out_around_any_probe(asked, of, settings, way, data):
    one = asked(wrapped(of=of, of_settings=settings), load(data), capability=way)
    best, worst = (one.results(getattr(one.probe.controls, name))["accuracy_drop",] for name in ("best", "worst"))
    assert best.interval.value == pytest.approx(0.0)
    assert worst.interval.value > 0.9


# ── what the numbers count ────────────────────────────────────────────────────────────────


def test_a_model_that_no_change_sways_loses_nothing_and_is_deaf(asked, facts):
    found = asked(wrapped(), facts).results(right)
    value = {name: one.interval.value for (name, *rest), one in found.items() if not rest and hasattr(one, "interval")}
    assert value["accuracy_drop"] == value["performance_drop_rate"] == value["flip_rate"] == 0.0
    assert value["clean_accuracy"] == value["worst_case_accuracy"] == value["matched_clean_accuracy"] == 1.0
    assert value["consistency"] == 1.0
    assert value["control_flip_rate"] == 0.0


def test_golden_numbers_of_a_model_that_every_change_makes_wrong(asked, facts):
    found = asked(wrapped(), facts).results(by_role(changed=wrong, control=wrong))
    value = {name: one.interval.value for (name, *rest), one in found.items() if not rest and hasattr(one, "interval")}
    assert value["accuracy_drop"] == value["performance_drop_rate"] == value["flip_rate"] == 1.0
    assert (value["right_to_wrong"], value["wrong_to_right"]) == (1.0, 0.0)
    assert (value["worst_case_accuracy"], value["matched_clean_accuracy"]) == (0.0, 1.0)
    # One right form of four: of the six pairs of forms, the three among the wrong ones agree.
    assert value["consistency"] == pytest.approx(0.5)
    assert [found["worst_case_accuracy", str(k)].interval.value for k in (1, 2, 3, 4)] == [0.25, 0.0, 0.0, 0.0]
    assert found["worst_case_accuracy",].null == 1.0
    assert found["control_flip_rate",].interval.value == found["control_flip_rate",].null == 1.0


def test_one_operator_that_harms_is_told_from_the_others(asked, facts):
    found = asked(wrapped(), facts).results(
        lambda case: wrong(case) if key(case)["operator"] == "spacing" else right(case)
    )
    assert found["accuracy_drop", "spacing"].interval.value == 1.0
    assert found["accuracy_drop", "keyboard_typo"].interval.value == 0.0
    assert found["accuracy_drop",].interval.value == pytest.approx(1 / 3)
    assert found["flip_rate",].interval.value == pytest.approx(1 / 3)
    assert found["nothing_to_change", "synonym"].interval.value == 1.0
    assert found["nothing_to_change", "spacing"].interval.value == 0.0
    assert found["nothing_to_change",].interval.value == pytest.approx(1 / 4)


def test_where_nothing_was_right_there_is_no_rate_to_lose_and_no_control_to_turn(asked, facts):
    found = asked(wrapped(), facts).results(wrong)
    assert isinstance(found["performance_drop_rate",], Absence)
    assert "no answer was right before the change" in found["performance_drop_rate",].reason
    assert isinstance(found["control_flip_rate",], Absence)
    assert found["accuracy_drop",].interval.value == 0.0


def test_with_few_right_answers_the_difference_stands_alone(asked, facts):
    found = asked(wrapped(), facts).results(lambda case: right(case) if case.cluster < "facts-13" else wrong(case))
    assert isinstance(found["performance_drop_rate",], Absence)
    assert "needs 15" in found["performance_drop_rate",].reason
    assert found["accuracy_drop",].interval.value == 0.0


def test_the_null_of_likelihoods_is_exactly_0_and_said_so(asked, facts):
    found = asked(wrapped(), facts).results(right)
    assert isinstance(found["repeat_flip_rate",], Absence)
    assert "exactly 0" in found["repeat_flip_rate",].reason
    assert (found["flip_rate",].null, found["consistency",].null) == (0.0, 1.0)


def test_a_control_of_a_wrong_answer_counts_for_nothing(asked, facts):
    one = asked(wrapped(), facts)
    all_right = one.results(right)["control_flip_rate",]
    one_wrong = one.results(
        lambda case: wrong(case) if key(case)["role"] == "clean" and case.cluster == "facts-0" else right(case)
    )["control_flip_rate",]
    assert one_wrong.interval.value == all_right.interval.value == 0.0
    assert one_wrong.interval.n == all_right.interval.n - 1


def test_a_missing_reply_is_no_flip(asked, facts, failed):
    one = asked(wrapped(), facts)
    found = one.results(lambda case: failed if key(case)["operator"] == "spacing" else right(case))
    assert found["flip_rate",].interval.value == 0.0
    assert found["flip_rate",].counts.failed == 30
    assert isinstance(found["worst_case_accuracy",], Absence)


# ── against the scripted model ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 1), (0.15, 2), (0.4, 5)])
def test_the_dialled_in_share_of_flips_is_found(asked, rate, seed):
    # It reads over doubled spaces, so they are not asked.
    one = asked(wrapped(operators=["keyboard_typo", "polite_prefix"]), load("facts_mc"))
    found = one.of_the_control(fickleness=rate, seed=seed)
    assert found["flip_rate",].interval.low <= rate <= found["flip_rate",].interval.high
    assert found["accuracy_drop",].interval.low <= (1 - 2 * 0.3) * rate <= found["accuracy_drop",].interval.high


@pytest.mark.slow
def test_the_interval_holds_the_dialled_rate_as_often_as_it_claims(asked):
    one = asked(wrapped(operators=["keyboard_typo", "polite_prefix"], controls=[]), load("facts_mc"))
    intervals = [one.of_the_control(fickleness=0.3, seed=seed)["flip_rate",].interval for seed in range(100)]
    assert sum(its.low <= 0.3 <= its.high for its in intervals) >= 95 - 3 * (100 * 0.95 * 0.05) ** 0.5


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 1), (0.5, 3), (1.0, 4)])
def test_the_dialled_in_deafness_is_found(asked, rate, seed):
    one = asked(wrapped(operators=["spacing"]), load("facts_mc"))
    found = one.of_the_control(deafness=rate, hallucination=0.0, seed=seed)["control_flip_rate",]
    assert found.interval.low <= 1 - rate <= found.interval.high
    assert found.null == 0.0


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 1), (0.2, 2)])
def test_what_another_seed_turns_is_the_null(asked, rate, seed):
    one = asked(
        wrapped(of="hallucination.closed_book", of_settings={"mode": "write"}, operators=["spacing"]),
        load("facts_mc"),
    )
    found = one.of_the_control(unsteadiness=rate, seed=seed)
    repeat = found["repeat_flip_rate",].interval
    assert repeat.low <= rate <= repeat.high
    assert found["flip_rate",].null == repeat.value


def test_settings_alone_are_no_probe():
    assert not hasattr(Perturbation(), "cases")
    with pytest.raises(UsageError, match="no probe can be put around it"):
        Registry().find("probe", "robustness.perturbation").create({})
