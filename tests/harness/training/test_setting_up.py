"""Who is private in a private training, and what is refused before anything is written."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.errors import UsageError
from harness.models import kinds
from harness.training.batches import Poisson, Shuffled
from harness.training.gathering import load
from harness.training.keeper import Keeper
from harness.training.loop import train
from harness.training.plain_step import PlainStep
from harness.training.private_step import PrivateStep
from harness.training.processes import Alone
from harness.training.setting_up import build, set_up
from harness.training.watch import Silent

PRIVATE = {"privacy": {"noise_multiplier": 1.5, "delta": 1e-3}, "batch": 4, "canaries": None}
GAN = {"kind": "gan", "model": {"width": 4, "latent": 4, "turns": 3}}


class Notes(Silent):
    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(text)


@pytest.fixture
def begin(small_recipe, tmp_path):
    """Return a function that sets up a training by changes of the small recipe."""
    keepers = []

    def go(generator=None, watch=None, earlier=(), **changes):
        its = small_recipe(**changes)
        material = load(its)
        keeper = Keeper(tmp_path / "out")
        keeper.claim()
        keepers.append(keeper)
        group = Alone(torch.device("cpu"))
        made = generator or build(its, material)
        return set_up(
            made, its, material, group=group, keeper=keeper, watch=watch or Silent(), stop=bool, earlier=earlier
        )

    yield go
    for keeper in keepers:
        keeper.close(done=False)


def test_of_a_gan_the_discriminator_alone_is_private(begin):
    watch = Notes()
    training, progress = begin(watch=watch, **GAN, **PRIVATE)
    discriminator, generator = training.seats
    assert isinstance(discriminator.step, PrivateStep)
    assert isinstance(discriminator.batches, Poisson)
    assert isinstance(generator.step, PlainStep)
    assert generator.batches is None
    assert len(watch.told) == 1
    assert watch.told[0].startswith("Gradients of single records of discriminator: ghost, ")
    train(training, progress)
    # Three turns in each of six rounds; what the generator learned is from private weights alone.
    assert progress.takes == {"discriminator": 18}


def test_without_privacy_every_step_is_plain_and_batches_are_shuffled(begin):
    training, _ = begin(**GAN)
    assert all(isinstance(seat.step, PlainStep) for seat in training.seats)
    assert isinstance(training.seats[0].batches, Shuffled)
    assert training.budget is None


def test_the_sampling_rate_is_that_of_the_batch_among_all_training_records(begin):
    training, _ = begin(**{**PRIVATE, "canaries": {"repeats": [5], "per_level": 2}})
    budget = training.budget
    assert budget.records == len(training.records)
    assert budget.sample_rate == 4 / budget.records
    drawn = [len(training.seats[0].batches.draw(number)) for number in range(2000)]
    assert sum(drawn) / 2000 == pytest.approx(4, abs=0.25)


@pytest.mark.parametrize("mode", ["hooks", "functorch", "ghost"])
def test_the_mode_that_is_asked_for_is_taken_and_said(begin, mode):
    watch = Notes()
    training, _ = begin(watch=watch, **{**PRIVATE, "privacy": {**PRIVATE["privacy"], "mode": mode}})
    assert training.seats[0].step.mode == mode
    assert watch.told == [f"Gradients of single records of autoencoder: {mode}, as asked for."]


class Spoilt:
    """A VAE with one thing about it changed; everything else is the VAE's own."""

    def __init__(self, vae):
        self._vae = vae

    def __getattr__(self, name):
        return getattr(self._vae, name)

    def players(self):
        (player,) = self._vae.players()
        return (self.spoil(player),)

    def spoil(self, player):
        raise NotImplementedError


class Normalised(Spoilt):
    def spoil(self, player):
        player.network.plan.append(nn.BatchNorm1d(8))
        return player


class TokenAveraged(Spoilt):
    def spoil(self, player):
        plain = player.record_losses
        return type(player)(
            player.name, player.network, lambda rows: plain(rows) * len(rows["image"]) / (rows["image"] > 0).sum()
        )


class Counting(Spoilt):
    def spoil(self, player):
        plain = player.record_losses
        player.network.register_buffer("seen", torch.zeros(1))

        def losses(rows):
            player.network.seen.add_(rows["image"].mean())
            return plain(rows)

        return type(player)(player.name, player.network, losses)


class Fitted(Spoilt):
    touched = ("scaler: mean and deviation of the pixels",)

    def spoil(self, player):
        return player


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (Normalised, r"plan\.2 \(BatchNorm1d\) computes each record from the statistics of its batch.*item 2"),
        (TokenAveraged, r"Without record \d, the loss of another record changes in 'autoencoder'.*item 2"),
        (Counting, r"Computing the losses of 'autoencoder' changes seen.*item 3"),
        (Fitted, r"Fitted to the private records without privacy: scaler.*item 3"),
    ],
)
def test_what_voids_a_claim_is_refused_with_the_reason_before_anything_is_written(
    begin, small_recipe, tmp_path, spoilt, says
):
    its = small_recipe(**PRIVATE)
    generator = spoilt(kinds.build("vae", its.model, load(its).examples))
    with pytest.raises(UsageError, match=rf"(?s)No privacy can be claimed for this training:.*{says}"):
        begin(generator=generator, **PRIVATE)
    assert not (tmp_path / "out" / "underway" / "job.json").exists()


def test_a_model_that_has_seen_the_records_is_refused(begin):
    with pytest.raises(UsageError, match=r"out was trained on 12 of these records, which adds.*item 7"):
        begin(earlier=["out was trained on 12 of these records"], **PRIVATE)


def test_without_privacy_none_of_this_is_refused(begin, small_recipe):
    its = small_recipe(canaries=None)
    generator = Normalised(kinds.build("vae", its.model, load(its).examples))
    training, progress = begin(generator=generator, canaries=None)
    train(training, progress)
    assert progress.stopped == "complete"


def test_a_private_batch_that_does_not_fit_the_memory_is_halved_and_the_logical_one_kept(begin, small_recipe):
    sizes = []

    class Cramped(Spoilt):
        def spoil(self, player):
            plain = player.record_losses

            def losses(rows):
                sizes.append(len(rows["image"]))
                if len(rows["image"]) > 3 and torch.is_grad_enabled() and len(sizes) > 6:
                    raise torch.OutOfMemoryError("out of memory")
                return plain(rows)

            return type(player)(player.name, player.network, losses)

    its, watch = small_recipe(**{**PRIVATE, "batch": 12}), Notes()
    generator = Cramped(kinds.build("vae", its.model, load(its).examples))
    training, progress = begin(generator=generator, watch=watch, **{**PRIVATE, "batch": 12})
    train(training, progress)
    assert progress.physical <= 3
    halved = [note for note in watch.told if "out of memory; the physical batch is halved to " in note]
    assert halved
    assert all(note.endswith("The logical batch of 12 is as before.") for note in halved)
    # Each logical batch is one step of the ledger, however often it was begun.
    assert progress.takes == {"autoencoder": 6}
    assert training.budget.sample_rate == 12 / training.budget.records
