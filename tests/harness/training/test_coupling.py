"""Whether records are apart is tried on records: whatever couples them is found, whatever the code looks like."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from harness.models.generator import Player
from harness.training.coupling import Coupling, find_coupling

ROWS = {"x": torch.randn(6, 5, generator=torch.Generator().manual_seed(2))}


class Net(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.first, self.last, self.dropout = nn.Linear(5, 6), nn.Linear(6, 3), nn.Dropout(dropout)
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        return self.last(self.dropout(torch.tanh(self.first(x))))


def apart(net, x):
    return net(x).square().mean(1)


def with_noise(net, x):
    return net(x + torch.randn_like(x)).square().mean(1) * torch.rand(len(x))


def one_noise_for_all(net, x):
    return net(x + torch.randn(5)).square().mean(1)


def steps_of_their_own(net, x):
    return (net(x) * torch.randint(1, 9, (len(x), 1))).square().mean(1)


def through_attention(net, x):
    seen = net(x)[:, None, :].repeat(1, 4, 1)
    return functional.scaled_dot_product_attention(seen, seen, seen).mean((1, 2))


APART = [apart, with_noise, one_noise_for_all, steps_of_their_own, through_attention]


def centred(net, x):
    return net(x - x.mean(0)).square().mean(1)


def over_all_tokens(net, x):
    return net(x).square().sum(1) / (x > 0).sum()


def ranked(net, x):
    return apart(net, x) * apart(net, x).argsort().argsort()


def contrasted(net, x):
    seen = functional.normalize(net(x), dim=1)
    return functional.cross_entropy(seen @ seen.T / 0.1, torch.arange(len(x)), reduction="none")


def balanced(net, x):
    return apart(net, x) + 0.01 * net(x).softmax(1).mean(0).square().sum()


def coupled_in_the_gradient_alone(net, x):
    # Equal losses whoever is there: only the gradient knows of the others.
    other = net(x.flip(0)).mean(1)
    return apart(net, x) + other - other.detach()


def shuffled(net, x):
    order = torch.randperm(len(x))
    return net(x[order]).square().mean(1)


def one_draw_less_for_each(net, x):
    return net(x + torch.randn(4 * len(x) + 1)[0]).square().mean(1)


def a_mean(net, x):
    return apart(net, x).mean()


COUPLED = [
    centred,
    over_all_tokens,
    ranked,
    contrasted,
    balanced,
    coupled_in_the_gradient_alone,
    shuffled,
    one_draw_less_for_each,
    a_mean,
]


def with_two_fakes(net, x):
    return apart(net, x) + net(torch.ones(2, 5)).mean()


def in_one_pass_with_fakes(net, x):
    found = net(torch.cat([x, torch.ones(4, 5)])).mean(1)
    return found[: len(x)] + found[len(x) :].mean()


def counted(net, x):
    net.seen.add_(1)
    return apart(net, x)


def written_to_without_a_trace(net, x):
    # The kernel of batch statistics moves the running mean and leaves its version as it was; the output is not used.
    version = net.seen._version
    functional.batch_norm(x.detach()[:, :1], net.seen, torch.ones(1), training=True)
    assert net.seen._version == version
    return apart(net, x)


def find(loss, net=None, rows=ROWS):
    torch.manual_seed(1)
    net = net or Net()
    return find_coupling(Player("net", net.train(), lambda its: loss(net, its["x"])), rows)


@pytest.mark.parametrize("loss", APART, ids=lambda loss: loss.__name__)
def test_records_that_are_apart_are_not_found(loss):
    assert find(loss) == {}
    assert find(loss, Net(dropout=0.4)) == {}


@pytest.mark.parametrize("loss", COUPLED, ids=lambda loss: loss.__name__)
def test_records_that_are_coupled_are_found(loss):
    found = find(loss)
    assert set(found) == {Coupling.RECORDS}
    assert "'net'" in found[Coupling.RECORDS]


@pytest.mark.parametrize("loss", [with_two_fakes, in_one_pass_with_fakes], ids=lambda loss: loss.__name__)
def test_generated_samples_in_a_clipped_loss_are_found(loss):
    assert set(find(loss)) == {Coupling.SAMPLES}


@pytest.mark.parametrize("loss", [counted, written_to_without_a_trace], ids=lambda loss: loss.__name__)
def test_a_loss_that_changes_the_network_is_found_and_the_network_put_back(loss):
    net = Net()
    found = find(loss, net)
    assert set(found) == {Coupling.CHANGES}
    assert "changes seen" in found[Coupling.CHANGES]
    assert float(net.seen) == 0.0


def test_neither_weights_nor_random_state_are_left_changed():
    torch.manual_seed(5)
    net = Net()
    weights, expected = {name: value.clone() for name, value in net.state_dict().items()}, torch.rand(3)
    torch.manual_seed(5)
    Net()
    find_coupling(Player("net", net.train(), lambda its: with_noise(net, its["x"])), ROWS)
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(value, weights[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


def test_two_records_are_too_few_to_tell():
    with pytest.raises(ValueError, match="3 records or more"):
        find(apart, rows={"x": ROWS["x"][:2]})
    with pytest.raises(ValueError, match="a player that sees records"):
        find_coupling(Player("maker", Net(), None), ROWS)
