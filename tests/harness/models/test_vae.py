"""The VAE: its bound, the gradients of its records, and the digits it draws."""

from __future__ import annotations

from math import log, pi

import pytest
import torch
from torch import nn

from harness.models.generator import Drawing
from harness.models.vae import SMALLEST_SPREAD, Vae, importance_bound
from harness.training.private_step import refuse
from harness.training.recipe_files import complete, shipped

SMALL = {"width": 4, "hidden": 8, "latent": 3, "samples": 4}


@pytest.fixture
def vae(pictures):
    torch.manual_seed(1)
    return Vae.build({**SMALL, "multiplicity": 2}, pictures())


def rows_of(vae, examples):
    rows = vae.prepare(examples)
    return rows, torch.randn((len(examples), 2, 3), generator=torch.Generator().manual_seed(3))


def silence(layers):
    for parameter in layers.parameters():
        nn.init.zeros_(parameter)


def test_a_vae_is_a_drawing_generator_with_one_player(vae):
    assert isinstance(vae, Drawing)
    assert vae.classes == ("cat", "dog", "owl")
    assert not vae.prompted
    (player,) = vae.players()
    assert player.network is vae.networks[player.name]
    assert player.free_loss is None
    assert vae.settings["kl_weight"] == 1.0


def test_no_layer_of_a_vae_couples_records(vae):
    kinds = {type(layer) for network in vae.networks.values() for layer in network.modules()}
    assert not any(issubclass(kind, nn.modules.batchnorm._BatchNorm) for kind in kinds)
    assert list(vae.networks["autoencoder"].buffers()) == []
    refuse(vae.players()[0])  # it raises where privacy is not to be had


@pytest.mark.parametrize("classes", [("cat", "dog", "owl"), ()])
@pytest.mark.parametrize("force_functorch", [False, True])
def test_the_gradient_of_each_record_is_that_of_the_record_alone(
    pictures, gradients_of_records, classes, force_functorch
):
    torch.manual_seed(2)
    vae = Vae.build({**SMALL, "conditional": bool(classes)}, pictures(classes=classes))
    rows, noise = rows_of(vae, pictures(4, classes=classes))
    network = vae.networks["autoencoder"]

    def losses(some, its_noise):
        return vae.loss_at(some, its_noise) / 64  # per pixel, so that gradients are of the order of one

    found = gradients_of_records(network, lambda: losses(rows, noise), force_functorch=force_functorch)
    for record in range(4):
        alone = {name: column[record : record + 1] for name, column in rows.items()}
        loss = losses(alone, noise[record : record + 1]).sum()
        expected = torch.autograd.grad(loss, list(network.parameters()))
        for (name, gradients), single in zip(found.items(), expected, strict=True):
            assert float((gradients[record] - single).abs().max()) < 1e-5, name


def test_the_loss_of_a_record_does_not_depend_on_its_neighbours(vae, pictures):
    rows, noise = rows_of(vae, pictures(4))
    others = {name: column.clone() for name, column in rows.items()}
    others["image"][1:] = -others["image"][1:]
    others["label"][1:] = 0
    before, after = vae.loss_at(rows, noise), vae.loss_at(others, noise)
    assert before[0].item() == pytest.approx(after[0].item(), rel=1e-6)
    assert (before[1:] - after[1:]).abs().min() > 1e-3


def test_a_record_pays_the_mean_over_its_samples(vae, pictures):
    rows, noise = rows_of(vae, pictures(4))
    each = [vae.loss_at(rows, noise[:, k : k + 1]) for k in range(2)]
    torch.testing.assert_close(vae.loss_at(rows, noise), (each[0] + each[1]) / 2)


def test_kl_weight_weighs_the_divergence_only(pictures):
    losses = {}
    for weight in (1.0, 3.0):
        torch.manual_seed(4)
        vae = Vae.build({**SMALL, "kl_weight": weight}, pictures())
        rows, noise = rows_of(vae, pictures(4))
        losses[weight] = vae.loss_at(rows, noise), vae.losses(rows, seed=0)["kl"]
    torch.testing.assert_close(losses[3.0][0] - losses[1.0][0], 2 * losses[1.0][1], rtol=1e-4, atol=1e-3)


def test_the_importance_bound_matches_the_worked_example():
    # Two samples with weights 1 and 3: -log((1 + 3) / 2) = -log 2. The mean of the logs would give -log(3) / 2.
    assert importance_bound(torch.tensor([[0.0], [log(3)]])).item() == pytest.approx(-log(2))


def test_the_bound_approaches_the_integral_over_latents(pictures):
    # With one latent unit the likelihood can be had by quadrature: what importance sampling must come to.
    torch.manual_seed(5)
    vae = Vae.build({**SMALL, "latent": 1, "samples": 2048}, pictures())
    network, rows = vae.networks["autoencoder"], vae.prepare(pictures(2))
    conditions = nn.functional.one_hot(rows["label"], 3).float()
    with torch.no_grad():
        grid = torch.linspace(-8, 8, 801)
        mean, log_variance = network.prior(conditions)
        logs = torch.stack([-network.surprise(rows["image"], z.expand(2, 1), conditions) for z in grid])
        prior = -0.5 * ((grid[:, None] - mean.T) ** 2 / log_variance.T.exp() + log_variance.T + log(2 * pi))
        exact = -(torch.logsumexp(logs + prior, 0) + log(0.02))
    torch.testing.assert_close(vae.losses(rows, seed=6)["bound"], exact, rtol=0, atol=0.05)


def test_a_silent_vae_has_the_likelihood_of_plain_grey(pictures):
    # Nothing is encoded and grey is decoded: every bound is the Gaussian likelihood around 0, by hand.
    vae = Vae.build({**SMALL, "conditional": False}, pictures())
    network, rows = vae.networks["autoencoder"], vae.prepare(pictures())
    silence(network.posterior)
    silence(network.picture)
    silence(network.spread)
    spread = SMALLEST_SPREAD + 1
    losses = vae.losses(rows, seed=0)
    squares = rows["image"].square().flatten(1).sum(1)
    expected = squares / (2 * spread**2) + 64 * (log(spread) + 0.5 * log(2 * pi))
    for name in ("bound", "elbo", "reconstruction"):
        torch.testing.assert_close(losses[name], expected, rtol=1e-5, atol=1e-4)
    assert losses["kl"].tolist() == [0.0] * 6
    assert vae.active_units(rows).tolist() == [False] * 3


def test_the_divergence_matches_the_worked_example(pictures):
    # From N(1, e) to N(0, 1): (1 + e - 1 - 1) / 2 = 0.859 nats for each of three units.
    vae = Vae.build({**SMALL, "conditional": False}, pictures())
    last = vae.networks["autoencoder"].posterior[-1]
    silence(last)
    with torch.no_grad():
        last.bias += 1
    assert vae.losses(vae.prepare(pictures()), seed=0)["kl"][0].item() == pytest.approx(3 * 0.8591409, abs=1e-5)


def test_losses_are_for_evaluation_and_share_their_noise(vae, pictures):
    examples = pictures(4)
    rows = vae.prepare(examples.take([0, 1, 2, 3]))
    network = vae.networks["autoencoder"].train()
    before = torch.get_rng_state()
    losses = vae.losses(rows, seed=8)
    assert list(losses) == ["bound", "elbo", "reconstruction", "kl"]
    assert all(
        loss.shape == (4,) and loss.dtype == torch.float32 and not loss.requires_grad for loss in losses.values()
    )
    assert network.training
    assert torch.equal(before, torch.get_rng_state())
    turned = {name: column.flip(0) for name, column in rows.items()}
    torch.testing.assert_close(vae.losses(turned, seed=8)["bound"].flip(0), losses["bound"], rtol=1e-5, atol=1e-3)
    assert not torch.equal(vae.losses(rows, seed=9)["bound"], losses["bound"])
    # The importance-weighted bound is the tighter one.
    assert (losses["bound"] <= losses["elbo"] + 1).all()


def test_units_whose_mean_moves_are_active(vae, pictures):
    rows = vae.prepare(pictures())
    last = vae.networks["autoencoder"].posterior[-1]
    silence(last)
    with torch.no_grad():
        last.weight[1] = torch.linspace(-9, 9, 8)
    assert vae.active_units(rows).tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["smoke", "gpu"])
def test_the_shipped_recipes_are_sound(pictures, name):
    recipe = complete("vae", name, {})
    assert Vae.build(recipe.model, pictures(size=28)).settings.items() >= recipe.model.items()
    assert set(shipped("vae")) == {"smoke", "gpu"}


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_a_vae_on_cuda_says_what_it_says_on_the_cpu(vae, pictures):
    rows, noise = rows_of(vae, pictures(4))
    before = vae.losses(rows, seed=1)["bound"], vae.draw([1, 2], labels=[0, 1]), vae.loss_at(rows, noise).detach()
    vae.networks["autoencoder"].cuda()
    after = vae.losses(rows, seed=1)["bound"], vae.draw([1, 2], labels=[0, 1]), vae.loss_at(rows, noise.cuda()).detach()
    for cpu, cuda in zip(before, after, strict=True):
        torch.testing.assert_close(cuda.cpu(), cpu, rtol=2e-3, atol=2e-2)
    vae.players()[0].record_losses({name: column.cuda() for name, column in rows.items()}).sum().backward()


@pytest.mark.slow
def test_the_bound_gives_members_away_after_too_much_training(trained_on_digits, membership_auc):
    changes = {"records": 256, "batch": 64, "warmup": 1}
    assert membership_auc(trained_on_digits("vae", **changes, steps=2000)) > 0.85
    # Hardly trained, the records are still alike: 256 records put a null AUC within 0.5 +- 0.11 at three errors.
    assert abs(membership_auc(trained_on_digits("vae", **changes, steps=2)) - 0.5) < 0.11
