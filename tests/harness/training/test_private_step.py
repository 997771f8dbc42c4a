"""The private step: what enters the sum, what is added to it, and what leaves no trace."""

from __future__ import annotations

import copy

import pytest
import torch
from scipy import stats
from torch import nn

from harness.errors import UsageError
from harness.models.generator import Player
from harness.training.private_step import PrivateStep

RECORDS = 12


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))


@pytest.fixture
def net():
    torch.manual_seed(3)
    return Net()


@pytest.fixture
def rows():
    return {"x": torch.randn(RECORDS, 5, generator=torch.Generator().manual_seed(4))}


def losses(network):
    return lambda rows: network(rows["x"]).squeeze(1).square()


def descent(network, rate=1.0):
    return torch.optim.SGD(network.parameters(), lr=rate)


def private(network, *, noise=0.0, clip=1.0, expected=8.0, mode="auto", player=None, optimizer=None, **more):
    player = player or Player("net", network, losses(network))
    optimizer = optimizer or descent(network)
    return PrivateStep(player, optimizer, noise_multiplier=noise, clip=clip, expected_batch=expected, mode=mode, **more)


def flat(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def change(network, take):
    """How far `take` moves the weights, which are then put back."""
    before = copy.deepcopy(network.state_dict())
    was = flat(network)
    take()
    found = was - flat(network)
    network.load_state_dict(before)
    return found


# ── the sum ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", ["hooks", "functorch", "ghost"])
def test_without_noise_and_clipping_it_is_plain_descent_step_by_step(net, rows, mode):
    other = copy.deepcopy(net)
    step = private(net, clip=1e6, expected=4, mode=mode, optimizer=torch.optim.AdamW(net.parameters(), lr=0.01))
    plain, order = torch.optim.AdamW(other.parameters(), lr=0.01), torch.Generator().manual_seed(1)
    for _ in range(10):
        batch = {"x": rows["x"][torch.randperm(RECORDS, generator=order)[:4]]}
        step.take(batch, records=4, physical=4)
        plain.zero_grad()
        losses(other)(batch).mean().backward()
        plain.step()
        assert float((flat(net) - flat(other)).abs().max()) < 1e-6


@pytest.mark.parametrize("physical", [1, 5, 7, 12, 100])
def test_micro_batches_add_up_to_one_logical_batch(net, rows, physical):
    step = private(net, clip=0.5)
    whole = change(net, lambda: step.take(rows, records=RECORDS, physical=RECORDS))
    cut = change(net, lambda: step.take(rows, records=RECORDS, physical=physical))
    torch.testing.assert_close(cut, whole, rtol=1e-5, atol=1e-6)


def test_the_sum_is_divided_by_a_constant_and_never_by_the_size_of_the_batch(net, rows):
    step = private(net, clip=0.5, expected=8.0)
    three = {"x": rows["x"][:3]}
    found = change(net, lambda: step.take(three, records=3, physical=3))
    whole = step.gradients(three, 3)
    parts = whole.blend((0.5 / whole.squared_norms().sqrt()).clamp(max=1.0))
    summed = torch.cat([parts[parameter].flatten() for parameter in net.parameters()])
    torch.testing.assert_close(found, summed / 8.0, rtol=1e-4, atol=1e-6)


def test_a_record_whose_gradient_is_no_number_adds_nothing_and_takes_nothing_with_it(net, rows):
    step = private(net, clip=0.5)
    kept = {"x": rows["x"][1:]}
    without = change(net, lambda: step.take(kept, records=RECORDS - 1, physical=RECORDS))
    broken = {"x": rows["x"].clone()}
    broken["x"][0, 0] = float("inf")
    found = change(net, lambda: step.take(broken, records=RECORDS, physical=RECORDS))
    assert found.isfinite().all()
    torch.testing.assert_close(found, without, rtol=1e-5, atol=1e-6)
    alone = {"x": torch.full((2, 5), float("nan"))}
    assert not change(net, lambda: step.take(alone, records=2, physical=2)).any()


# ── noise ─────────────────────────────────────────────────────────────────────────────────


def noise_of(net, steps, **more):
    step = private(net, noise=1.5, clip=0.4, expected=8.0, **more)
    drawn = [change(net, lambda: step.take(None, records=0, physical=4)) for _ in range(steps)]
    return 8.0 * torch.stack(drawn) / 0.4


def test_an_empty_batch_is_a_step_of_noise_alone(net):
    drawn = noise_of(net, 60).flatten()
    # Drawn by the operating system, so with chances that are no nuisance: a false alarm in a million runs.
    assert stats.kstest(drawn.numpy() / 1.5, "norm").pvalue > 1e-6
    assert stats.chi2(len(drawn)).sf(float((drawn / 1.5).square().sum())) > 5e-7
    assert stats.chi2(len(drawn)).cdf(float((drawn / 1.5).square().sum())) > 5e-7


@pytest.mark.parametrize("physical", [RECORDS, 1])
def test_noise_is_added_once_for_each_logical_batch_however_it_is_cut(net, rows, physical):
    step = private(net, noise=1.5, clip=0.4, generator=torch.Generator().manual_seed(7))
    exact = change(net, lambda: private(net, clip=0.4).take(rows, records=RECORDS, physical=RECORDS))
    noisy = [change(net, lambda: step.take(rows, records=RECORDS, physical=physical)) for _ in range(40)]
    assert float((8.0 * (torch.stack(noisy) - exact) / 0.4).std()) == pytest.approx(1.5, rel=0.06)


def test_noise_is_fresh_at_every_step_and_no_seed_is_kept(net):
    first, second, third = noise_of(net, 3)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    torch.manual_seed(0)
    one = noise_of(net, 1)
    torch.manual_seed(0)
    assert not torch.equal(one, noise_of(net, 1))  # nor does it come from torch's own generator


def test_a_generator_from_outside_makes_it_repeatable_and_is_for_tests(net):
    one, two = (noise_of(net, 3, generator=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, two)


# ── what sees no record ───────────────────────────────────────────────────────────────────


def test_the_free_loss_is_added_as_it_is_over_as_many_samples_as_a_batch_has_on_average(net, rows):
    asked = []

    def free(n):
        asked.append(n)
        return 100.0 * net(torch.ones(n, 5)).mean()

    step = private(net, clip=0.5, expected=8.4, player=Player("net", net, losses(net), free))
    own = change(net, lambda: private(net, clip=0.5, expected=8.4).take(rows, records=RECORDS, physical=3))
    both = change(net, lambda: step.take(rows, records=RECORDS, physical=3))
    expected = torch.autograd.grad(100.0 * net(torch.ones(8, 5)).mean(), list(net.parameters()))
    # Neither clipped nor divided: it is far longer than the clip.
    torch.testing.assert_close(both - own, torch.cat([part.flatten() for part in expected]), rtol=1e-4, atol=1e-4)
    assert asked == [3, 3, 2]
    assert float((both - own).norm()) > 10


def test_how_many_samples_are_made_does_not_depend_on_how_many_records_there_are(net, rows):
    asked = []
    free = lambda n: asked.append(n) or net(torch.ones(n, 5)).mean()  # noqa: E731
    step = private(net, expected=6.0, player=Player("net", net, losses(net), free))
    step.take(None, records=0, physical=12)
    step.take({"x": rows["x"][:2]}, records=2, physical=12)
    step.take(rows, records=RECORDS, physical=12)
    assert asked == [6, 6, 6]


# ── what goes wrong ───────────────────────────────────────────────────────────────────────


def test_memory_that_runs_out_before_the_weights_change_leaves_no_trace(net, rows):
    cramped = [True]

    def greedy(its):
        if cramped[0] and len(its["x"]) > 4:
            raise torch.OutOfMemoryError("out of memory")
        return losses(net)(its)

    step = private(net, clip=0.5, player=Player("net", net, greedy))
    before = flat(net)
    with pytest.raises(torch.OutOfMemoryError):
        step.take(rows, records=RECORDS, physical=RECORDS)
    assert torch.equal(flat(net), before)
    assert all(parameter.grad is None for parameter in net.parameters())
    smaller = change(net, lambda: step.take(rows, records=RECORDS, physical=4))
    cramped[0] = False
    whole = change(net, lambda: step.take(rows, records=RECORDS, physical=RECORDS))
    torch.testing.assert_close(smaller, whole, rtol=1e-5, atol=1e-6)


def test_memory_that_runs_out_while_weights_change_cannot_be_tried_again(net, rows):
    class Starved(torch.optim.SGD):
        def step(self, closure=None):
            raise torch.OutOfMemoryError("out of memory")

    step = private(net, optimizer=Starved(net.parameters(), lr=1.0))
    with pytest.raises(UsageError, match=r"can be neither kept nor repeated. Resume from the last state"):
        step.take(rows, records=RECORDS, physical=RECORDS)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda net, x: net(x), r"have the shape \(12, 1\) for 12 records"),
        (lambda net, x: net(x).mean(), r"have the shape \(\) for 12 records"),
        (lambda _, x: x.sum(1), "do not go through the network"),
    ],
)
def test_losses_that_are_not_one_for_each_record_are_refused(net, rows, wrong, says):
    step = private(net, player=Player("net", net, lambda its: wrong(net, its["x"])))
    with pytest.raises(UsageError, match=says):
        step.take(rows, records=RECORDS, physical=RECORDS)


def test_a_loss_that_changes_a_buffer_is_refused_at_the_step_that_does_it(rows):
    net = Net()
    net.register_buffer("seen", torch.zeros(1))
    late = [0]

    def counting(its):
        late[0] += 1
        if late[0] == 3:
            net.seen.add_(1)
        return losses(net)(its)

    step = private(net, player=Player("net", net, counting))
    for _ in range(2):
        step.take(rows, records=RECORDS, physical=RECORDS)
    with pytest.raises(UsageError, match="changes seen: what depends on the records"):
        step.take(rows, records=RECORDS, physical=RECORDS)


def test_what_cannot_be_private_is_refused_when_it_is_made(net):
    blind = Player("maker", net, None, lambda n: net(torch.ones(n, 5)).mean())
    with pytest.raises(UsageError, match="'maker' sees no records"):
        private(net, player=blind)
    coupled = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    with pytest.raises(UsageError, match=r"1 \(BatchNorm1d\) computes each record from the statistics of its batch"):
        private(coupled)
    with pytest.raises(UsageError, match="holds 0 trained parameters that its network has not, and lacks 2"):
        private(net, optimizer=torch.optim.SGD(list(net.parameters())[:2], lr=1.0))
    with pytest.raises(UsageError, match="every one is frozen"):
        private(nn.Linear(5, 1).requires_grad_(False), optimizer=descent(net))


def test_rows_are_there_exactly_where_there_are_records(net, rows):
    step = private(net)
    for its, count in ((None, 3), (rows, 0)):
        with pytest.raises(ValueError, match="rows are None exactly where"):
            step.take(its, records=count, physical=4)


def test_closed_it_leaves_the_network_as_it_was(net, rows):
    step = private(net, mode="functorch")
    step.take(rows, records=RECORDS, physical=RECORDS)
    step.close()
    assert not any(module._forward_hooks for module in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any("summed_grad" in vars(parameter) for parameter in net.parameters())
    net(rows["x"]).sum().backward()  # an ordinary network again
