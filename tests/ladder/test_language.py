"""Language models, each rung with one thing changed: repeats, epochs, the training set."""

from __future__ import annotations

from math import log

import pytest

pytestmark = pytest.mark.slow

MODEL = {"context": 96, "layers": 2, "width": 64, "heads": 4}
PLAIN = {"kind": "language", "batch": 16, "betas": (0.9, 0.95), "model": MODEL}
LADDER = {"repeats": (1, 4, 16, 64), "per_level": 6}
EXPOSURE = "memorisation.canary/exposure"
EXCESS = "memorisation.canary/excess_exposure"
CHANCE = "memorisation.canary/chance_exposure"
CANARIES = "memorisation.extraction/canary_share"
LEARNED = 120
"""Steps after which a record of a single copy is hardly learned yet, and what was repeated is."""


@pytest.fixture
def remembering(trained, book):
    """A model that has read its book once or twice, and the canaries in it more often, without privacy."""
    return trained(**PLAIN, data=str(book), steps=LEARNED, canaries=LADDER)


def test_exposure_rises_with_repeats(remembering, audited):
    found = audited(remembering, "memorisation.canary", references=200)
    levels = {int(repeats): its.interval for repeats, its in found.by(EXCESS, "repeats").items()}
    assert set(levels) == set(LADDER["repeats"])
    assert found.overall("memorisation.canary/repeats_correlation").interval.value > 0.8
    assert levels[64].low > levels[1].high
    assert levels[16].low > 0


def test_what_was_repeated_most_is_given_back_whole_and_what_was_read_once_is_not(remembering, audited):
    found = audited(remembering, "memorisation.extraction", prefixes=[24], suffix=24)
    shares = {int(repeats): its.interval.value for repeats, its in found.by(CANARIES, "repeats").items()}
    assert shares[64] >= 0.5
    assert shares[1] == 0


def test_members_stand_out_more_with_every_epoch(remembering, trained, book, audited):
    first, last = (
        trained(**PLAIN, data=str(book), steps=steps, canaries=LADDER) for steps in (LEARNED // 4, 4 * LEARNED)
    )
    before, between, after = (
        audited(folder, "memorisation.membership").overall("memorisation.membership/auc").interval
        for folder in (first, remembering, last)
    )
    assert before.low < 0.56
    assert before.value < between.value < after.value
    assert after.low > max(before.high, 0.6)


def test_privacy_brings_canaries_back_to_what_chance_gives(trained, library, audited, one_noise, validation):
    recipe = {**PLAIN, "data": str(library), "batch": 64, "steps": 120}
    recipe["canaries"] = {"repeats": (1, 4, 16), "per_level": 10}
    open_, private = (
        trained(**recipe, privacy=privacy) for privacy in (None, {"epsilon": 8.0, "delta": 1e-4, "clip": 1.0})
    )
    # Both have learned to write: who knows nothing needs log 256 nats for a byte.
    assert validation(open_) < 0.1 * log(256)
    assert validation(private) < 0.4 * log(256)
    shown, hidden = (audited(folder, "memorisation.canary", references=200) for folder in (open_, private))
    levels, band = hidden.by(EXPOSURE, "repeats"), hidden.by(CHANCE, "repeats")
    assert set(levels) == {"1", "4", "16"}
    for repeats, found in levels.items():
        assert found.interval.low < band[repeats].interval.high
    assert shown.by(EXPOSURE, "repeats")["16"].interval.low > max(band["16"].interval.high, levels["16"].interval.high)


def test_canaries_are_remembered_because_they_were_trained_on(trained, book, audited):
    recipe = {**PLAIN, "data": str(book), "steps": 250, "canaries": {"repeats": (1,), "per_level": 1, "coins": 24}}
    model, *references = (trained(**recipe, toss=toss) for toss in range(4))
    found = audited(model, "memorisation.counterfactual", beside=tuple(references))
    assert found.overall("memorisation.counterfactual/mean").interval.low > 0
