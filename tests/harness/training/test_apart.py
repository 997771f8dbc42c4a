"""Which networks are refused, which mode is chosen for the rest, and why."""

from __future__ import annotations

import pytest
import torch
from opacus.layers import DPMultiheadAttention
from torch import nn

from harness.errors import UsageError
from harness.models.generator import Player
from harness.training.apart import Untouched, choose, reasons_against, refuse, refuse_other_parameters


def of_each(net):
    return lambda rows: net(rows["x"]).square().mean(1)


def frozen(module):
    return module.requires_grad_(False)


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (nn.BatchNorm1d(3), "from the statistics of its batch: use GroupNorm"),
        (nn.BatchNorm1d(3, affine=False), "from the statistics of its batch"),
        (frozen(nn.BatchNorm1d(3)), "from the statistics of its batch"),
        (nn.SyncBatchNorm(3), "from the statistics of its batch"),
        (nn.LazyBatchNorm1d(), "from the statistics of its batch"),
        (nn.BatchNorm1d(3, track_running_stats=False).eval(), "from the statistics of its batch"),
        (nn.InstanceNorm1d(3, track_running_stats=True), "set track_running_stats=False"),
        (nn.LSTM(3, 3), "use those of opacus.layers"),
        (nn.GRU(3, 3), "use those of opacus.layers"),
        (nn.MultiheadAttention(3, 1), "use those of opacus.layers"),
        (nn.Embedding(3, 3, max_norm=1.0), "set max_norm=None"),
        (nn.Embedding(3, 3, scale_grad_by_freq=True), "set scale_grad_by_freq=False"),
        (nn.utils.spectral_norm(nn.Linear(3, 3)), "use weight_norm"),
        (nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3)), "use weight_norm"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_what_couples_records_or_changes_by_itself_is_named_with_what_to_use_instead(module, says):
    net = nn.Sequential(nn.Linear(3, 3), nn.Sequential(module))
    (reason,) = [reason for reason in reasons_against(net) if says in reason]
    assert reason.startswith(("1.0 (", "1.0.parametrizations"))
    with pytest.raises(UsageError, match=r"The network 'net' cannot be trained with privacy: 1\.0"):
        refuse(Player("net", net, of_each(net)))


@pytest.mark.parametrize(
    "module",
    [
        nn.GroupNorm(1, 3),
        nn.LayerNorm(3),
        nn.InstanceNorm1d(3),
        nn.Embedding(3, 3),
        frozen(nn.BatchNorm1d(3)).eval(),
        nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)),
        DPMultiheadAttention(3, 1),
    ],
    ids=lambda module: type(module).__name__,
)
def test_what_keeps_records_apart_is_not_refused(module):
    net = nn.Sequential(nn.Linear(3, 3), module)
    assert reasons_against(net) == []
    refuse(Player("net", net, of_each(net)))


def test_trained_weights_with_buffers_and_no_formula_are_refused():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))
            self.register_buffer("mask", torch.ones(3))

    assert reasons_against(Own()) == ["it (Own) has trained weights, no formula, and buffers"]


# ── modes ─────────────────────────────────────────────────────────────────────────────────


class Sine(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return torch.sin(x) * self.weight


def test_ghost_is_chosen_where_some_layer_can_do_without_gradients():
    mode, reason = choose(nn.Sequential(nn.Linear(1000, 100), nn.LayerNorm(100)), 64, "auto")
    assert mode == "ghost"
    assert reason == "1 of 2 layers can do without forming gradients, 24 MiB for a whole batch"


def test_hooks_are_chosen_where_there_are_formulas_and_no_norms_without_gradients():
    mode, reason = choose(nn.Sequential(nn.LayerNorm(3), Sine()), 64, "auto")
    assert mode == "hooks"
    assert reason.startswith("gradients of a whole batch")


def test_functorch_is_chosen_where_no_layer_has_a_formula():
    assert choose(Sine(), 64, "auto") == ("functorch", "no layer has a formula")


@pytest.mark.parametrize("mode", ["hooks", "functorch", "ghost"])
def test_a_mode_that_is_asked_for_is_taken(mode):
    assert choose(nn.Linear(3, 3), 64, mode) == (mode, "as asked for")


def test_ghost_where_it_would_do_nothing_is_refused():
    with pytest.raises(UsageError, match="Use the mode hooks or auto"):
        choose(nn.LayerNorm(3), 64, "ghost")


# ── what else may change weights ──────────────────────────────────────────────────────────


def test_an_optimizer_holds_exactly_the_trained_weights_of_the_network():
    net = nn.Sequential(nn.Linear(3, 3), frozen(nn.Linear(3, 3)))
    player = Player("net", net, of_each(net))
    refuse_other_parameters(player, torch.optim.SGD(net.parameters(), lr=1.0))
    refuse_other_parameters(player, torch.optim.SGD(net[0].parameters(), lr=1.0))
    with pytest.raises(UsageError, match="holds 1 trained parameters that its network has not, and lacks 1"):
        refuse_other_parameters(player, torch.optim.SGD([net[0].weight, nn.Parameter(torch.ones(2))], lr=1.0))


def test_every_way_of_writing_to_a_network_is_seen():
    net = nn.Sequential(nn.Linear(3, 3), frozen(nn.BatchNorm1d(3)))
    watch = Untouched(Player("net", net, of_each(net)))
    before = watch.look()
    watch.refuse_changes(before)
    net[1].eval()(torch.randn(4, 3))
    watch.refuse_changes(before)
    net[1].train()(torch.randn(4, 3))
    with pytest.raises(UsageError, match=r"changes 1\.num_batches_tracked"):
        watch.refuse_changes(before)
    before = watch.look()
    with torch.no_grad():
        net[0].weight.mul_(1.0)
    with pytest.raises(UsageError, match=r"changes 0\.weight"):
        watch.refuse_changes(before)
    before = watch.look()
    net[0].bias = nn.Parameter(net[0].bias.detach().clone())
    with pytest.raises(UsageError, match=r"changes 0\.bias"):
        watch.refuse_changes(before)
