"""The proof for every kind of model: one pass gives each record's gradient, its clip, their sum, and the noise.

A record's gradient is compared with that of the record alone, in a batch of one, at the very same random draws. What
the step adds up is compared with those gradients clipped and summed by hand; and one record more or less moves the sum
by no more than the clip, which is what the noise is measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import UsageError
from harness.models import kinds
from harness.models.generator import Player
from harness.models.language import Language
from harness.training.coupling import _Replay
from harness.training.per_record import Tape
from harness.training.private_step import PrivateStep

TEXTS = ("To be, or not to be", "that is the question:", "a", "Whether 'tis nobler in the mind", "to suffer", "slings")
RECORDS = len(TEXTS)
LANGUAGE = {"context": 40, "layers": 2, "width": 16, "heads": 2}
UNETS = {"channels": [8, 16], "sampling_steps": 2}
LATENT = {"autoencoder": [8], "channels": [8, 16], "text_width": 8, "caption_length": 32, "sampling_steps": 2}

# Kind and settings of every class of model that can be trained, in the variants whose layers differ.
MODELS = {
    "llama": ("language", LANGUAGE),
    "llama with tied embeddings": ("language", {**LANGUAGE, "tied": True}),
    "gpt2": ("language", {**LANGUAGE, "style": "gpt2"}),
    "gpt2 with tied embeddings": ("language", {**LANGUAGE, "style": "gpt2", "tied": True}),
    "adapters on llama": ("language", {"base": "llama", "lora": 4, "context": 40}),
    "adapters on gpt2": ("language", {"base": "gpt2", "lora": 4, "context": 40}),
    "vae": ("vae", {"width": 4, "hidden": 8, "latent": 3}),
    "vae of three samples": ("vae", {"width": 4, "hidden": 8, "latent": 3, "multiplicity": 3}),
    "vae without classes": ("vae", {"width": 4, "hidden": 8, "latent": 3, "conditional": False}),
    "gan": ("gan", {"width": 4, "latent": 3}),
    "gan without classes": ("gan", {"width": 4, "latent": 3, "conditional": False}),
    "diffusion": ("diffusion", {**UNETS, "attention": 1}),
    "diffusion of three noises": ("diffusion", {**UNETS, "multiplicity": 3}),
    "text_to_image": ("text_to_image", LATENT),
    "text_to_image of three noises": ("text_to_image", {**LATENT, "multiplicity": 3}),
}
MODES = ("hooks", "functorch", "ghost")


@dataclass(frozen=True)
class Case:
    """A player that sees records, its records, and the draws of one pass with the gradient of each record alone."""

    player: Player
    rows: dict[str, torch.Tensor]
    draws: list[torch.Tensor]
    alone: list[torch.Tensor]  # flat, one for each record

    @property
    def trained(self):
        return [each for each in self.player.network.parameters() if each.requires_grad]

    def kept(self, places):
        return {name: column[list(places)] for name, column in self.rows.items()}

    def drawing(self, places):
        """Replays the draws of these records."""
        return _Replay(torch.tensor(list(places)), self.draws)

    def step(self, mode, *, noise=0.0, clip=1.0, rate=1.0, **more):
        """A private step of plain descent."""
        torch.manual_seed(0)
        optimizer = torch.optim.SGD(self.trained, lr=rate)
        return PrivateStep(
            self.player, optimizer, noise_multiplier=noise, clip=clip, expected_batch=RECORDS, mode=mode, **more
        )


def records(kind):
    ids = tuple(f"r{place}" for place in range(RECORDS))
    common: dict[str, Any] = {"name": "made", "digest": digest_bytes(b"made"), "ids": ids, "units": ids}
    if kind == "language":
        return Examples(**common, texts=TEXTS)
    draw = np.random.default_rng(3)
    images = draw.integers(0, 256, (RECORDS, 8, 8, 1), dtype=np.uint8)
    labels, classes = np.arange(RECORDS) % 3, ("cat", "dog", "owl")
    texts = TEXTS if kind == "text_to_image" else None
    return Examples(**common, images=images, labels=labels, classes=classes, texts=texts)


def awake(network):
    """Give weights that begin at zero some value: they would hide the gradients of what they multiply."""
    for parameter in network.parameters():
        if parameter.requires_grad and not parameter.any():
            nn.init.normal_(parameter, std=0.1)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Return a function: name of a model -> its case, made once."""
    made: dict[str, Case] = {}

    def base(style):
        folder = tmp_path_factory.mktemp(style)
        torch.manual_seed(1)
        Language.build({**LANGUAGE, "style": style, "tied": True}, records("language")).save(folder)
        return str(folder)

    def make(name):
        kind, settings = MODELS[name]
        if "base" in settings:
            settings = {**settings, "base": base(settings["base"])}
        torch.manual_seed(2)
        examples = records(kind)
        generator = kinds.build(kind, settings, examples)
        sighted = next(each for each in generator.players() if each.record_losses is not None)
        player = Player(sighted.name, sighted.network, sighted.record_losses)  # what sees no record is added as it is
        player.network.train()
        awake(player.network)
        rows = dict(generator.prepare(examples))
        recording = _Replay()
        with recording:
            player.record_losses(rows)
        case = Case(player, rows, recording.drawn, [])
        for place in range(RECORDS):
            with case.drawing([place]):
                loss = player.record_losses(case.kept([place]))
            grads = torch.autograd.grad(loss.sum(), case.trained, allow_unused=True)
            filled = [torch.zeros_like(p) if g is None else g for p, g in zip(case.trained, grads, strict=True)]
            case.alone.append(torch.cat([grad.flatten() for grad in filled]))
        return case

    return lambda name: made.setdefault(name, make(name)) if name not in made else made[name]


@pytest.fixture(params=MODELS)
def case(request, cases):
    return cases(request.param)


def clipped(gradients, clip):
    return [gradient * min(1.0, clip / (float(gradient.norm()) + 1e-6)) for gradient in gradients]


def moved(case, step, places, *, physical=RECORDS):
    """What one step adds up: how it moves the weights, times the expected batch; they are put back."""
    before = [parameter.detach().clone() for parameter in case.trained]
    rows, records = (case.kept(places), len(places)) if len(places) else (None, 0)
    step.take(rows, records=records, physical=physical)
    after = [parameter.detach().clone() for parameter in case.trained]
    with torch.no_grad():
        for parameter, value in zip(case.trained, before, strict=True):
            parameter.copy_(value)
    return RECORDS * torch.cat([(one - other).flatten() for one, other in zip(before, after, strict=True)])


@pytest.mark.parametrize("mode", MODES)
def test_one_pass_gives_each_record_the_gradient_it_has_alone(case, mode):
    step = case.step(mode)
    with case.drawing(range(RECORDS)):
        found = step.gradients(case.rows, RECORDS)
    norms = found.squared_norms().sqrt()
    parts = [found.whole(parameter).flatten(1) for parameter in case.trained]
    step.close()
    whole = torch.cat(parts, 1)
    for place, alone in enumerate(case.alone):
        assert alone.any(), "the record moves nothing: there would be nothing to prove"
        assert float((whole[place] - alone).abs().max()) < 1e-5 * max(1.0, float(alone.abs().max()))
        assert float(norms[place]) == pytest.approx(float(alone.norm()), rel=1e-4, abs=1e-5)
        # Rounding goes up: a record is clipped a little too much, and never too little.
        assert float(norms[place]) >= float(alone.norm()) * (1 - 1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_step_without_noise_adds_up_every_record_clipped_by_itself(case, mode):
    norms = sorted(float(gradient.norm()) for gradient in case.alone)
    clip = norms[RECORDS // 2] * 0.99  # some are clipped, some are not
    step = case.step(mode, clip=clip)
    with case.drawing(range(RECORDS)):
        total = moved(case, step, range(RECORDS))
    expected = torch.stack(clipped(case.alone, clip)).sum(0)
    assert float((total - expected).abs().max()) < 2e-5 * max(1.0, clip)
    longest = max(range(RECORDS), key=lambda place: float(case.alone[place].norm()))
    with case.drawing([longest]):
        single = moved(case, step, [longest])
    assert float(single.norm()) <= clip * (1 + 1e-5) + 1e-6
    step.close()


def test_one_record_less_moves_the_sum_by_no_more_than_the_clip(case):
    clip = min(float(gradient.norm()) for gradient in case.alone) * 0.9  # every record is clipped: the most there is
    step = case.step("auto", clip=clip)
    with case.drawing(range(RECORDS)):
        whole = moved(case, step, range(RECORDS))
    for gone in (0, RECORDS - 1):
        rest = [place for place in range(RECORDS) if place != gone]
        with case.drawing(rest):
            fewer = moved(case, step, rest)
        change = float((whole - fewer).norm())
        assert change == pytest.approx(clip, rel=1e-3)
        assert change <= clip * (1 + 1e-4) + 1e-6
    step.close()


def test_the_noise_has_the_deviation_that_is_claimed(case):
    noise, clip = 1.3, 0.7
    step = case.step("auto", noise=noise, clip=clip, generator=torch.Generator().manual_seed(1))
    drawn = torch.cat([moved(case, step, []) for _ in range(4)])  # empty batches: noise alone
    step.close()
    n = len(drawn)
    assert n > 1000
    # Three standard errors: of a mean, and of a standard deviation.
    assert abs(float(drawn.mean())) < 3 * noise * clip / n**0.5
    assert abs(float(drawn.std()) / (noise * clip) - 1) < 3 / (2 * n) ** 0.5


# ── what the tape refuses ─────────────────────────────────────────────────────────────────


class Odd(nn.Module):
    """A network that uses a layer in a way which keeps records from being told apart."""

    def __init__(self, how):
        super().__init__()
        self.layer, self.how = nn.Linear(3, 3), how

    def forward(self, x):
        if self.how == "its weights elsewhere":
            return self.layer(x) + x @ self.layer.weight
        if self.how == "one row for all":
            return x + self.layer(x[:1])
        if self.how == "overwritten input":
            found = self.layer(x)
            x.add_(1)
            return found
        return x


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("its weights elsewhere", r"layer\.weight does not come through the layers"),
        ("one row for all", r"'layer' \(Linear\) has 1 rows for 4 records"),
        ("overwritten input", "overwritten in place"),
        ("not at all", "do not go through the network"),
    ],
)
def test_uses_of_a_layer_that_hide_whose_gradient_it_is_are_refused(how, says):
    net = Odd(how)
    tape = Tape(net, functorch=False)
    x = torch.randn(4, 3)
    with pytest.raises(UsageError, match=says):  # noqa: PT012  the refusal may come in the pass or after it
        with tape.on(4):
            losses = net(x).square().mean(1)
        tape.gradients(losses, fold=False, check=True)
    tape.close()


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x * self.weight, x


def test_a_layer_that_returns_two_tensors_is_refused():
    net = Pair()
    tape = Tape(net, functorch=False)
    with pytest.raises(UsageError, match="does not turn one tensor into one tensor"), tape.on(2):
        net(torch.randn(2, 3))
    tape.close()


def test_a_layer_of_one_s_own_without_a_formula_is_run_record_by_record():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3))

        def forward(self, x):
            return torch.sin(x) * self.weight

    torch.manual_seed(4)
    net, x = nn.Sequential(nn.Linear(3, 3), Scale()), torch.randn(4, 3)
    tape = Tape(net, functorch=False)
    with tape.on(4):
        losses = net(x).square().sum(1)
    found = tape.gradients(losses, fold=True, check=True)
    tape.close()
    assert not any("ft_compute_sample_grad" in vars(module) for module in net.modules())
    for place in range(4):
        alone = torch.autograd.grad(net(x[place : place + 1]).square().sum(), list(net.parameters()))
        for parameter, expected in zip(net.parameters(), alone, strict=True):
            torch.testing.assert_close(found.whole(parameter)[place], expected)


def test_outside_of_its_block_the_tape_notes_nothing_and_closed_it_is_gone():
    net = nn.Linear(3, 1)
    tape = Tape(net, functorch=False)
    net(torch.randn(5, 3))
    with tape.on(2), torch.no_grad():
        net(torch.randn(2, 3))
    with tape.on(2):
        losses = net(torch.randn(2, 3)).squeeze(1)
    assert tape.gradients(losses, fold=False).batch == 2
    tape.close()
    assert not net._forward_hooks
