"""A generator small enough to train in milliseconds, and a training of it, also as a process of its own.

    python tiny.py OUT [--steps N] [--seconds-per-step S] [--device cpu]

It satisfies the `Generator` Protocol: a denoising autoencoder of little images that draws noise from torch's global
generator, so that a resumed training is only right if its randomness is.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import HarnessError
from harness.models.generator import Player
from harness.training.finishing import finish
from harness.training.hardware import choose_device
from harness.training.keeper import Keeper
from harness.training.loop import train
from harness.training.material import Material
from harness.training.processes import gather_group
from harness.training.recipe import Recipe
from harness.training.setting_up import set_up
from harness.training.split import assign
from harness.training.watch import Silent


class Tiny:
    """Repairs images that had noise added; `maker`, if asked for, is a second network that sees no record."""

    def __init__(self, size: int, *, maker: bool = False, noise: float = 0.5) -> None:
        self._size, self._noise = size, noise
        self.networks = {"net": nn.Sequential(nn.Linear(size, 6), nn.Tanh(), nn.Linear(6, size))}
        if maker:
            self.networks["maker"] = nn.Linear(3, size)
        self.settings = {"size": size, "maker": maker, "noise": noise}

    def prepare(self, examples):
        return {"x": torch.from_numpy(examples.images.reshape(len(examples), -1).astype(np.float32) / 127.5 - 1)}

    def players(self):
        first = Player("net", self.networks["net"], self._record_losses)
        if "maker" not in self.networks:
            return (first,)
        return (
            Player("net", self.networks["net"], self._record_losses, turns=2),
            Player("maker", self.networks["maker"], None, self._free_loss),
        )

    def losses(self, rows, *, seed):
        noise = torch.randn(self._size, generator=torch.Generator().manual_seed(seed)).to(rows["x"].device)
        for network in self.networks.values():
            network.eval()
        with torch.no_grad():
            return {"error": self._errors(rows["x"], self._noise * noise)}

    def save(self, folder):
        save_file(
            {f"{a}.{b}": t.contiguous() for a, n in self.networks.items() for b, t in n.state_dict().items()},
            folder / "model.safetensors",
        )

    def _record_losses(self, rows):
        return self._errors(rows["x"], self._noise * torch.randn_like(rows["x"]))

    def _errors(self, x, noise):
        return (self.networks["net"](x + noise) - x).square().mean(1)

    def _free_loss(self, n):
        made = self.networks["maker"](torch.randn(n, 3, device=next(self.networks["maker"].parameters()).device))
        return (self.networks["net"](made) - made).square().mean() + made.square().mean()


def material(n=60, side=4, seed=0):
    """Little random images, split by coins."""
    images = np.random.default_rng(seed).integers(0, 256, (n, side, side, 1), dtype=np.uint8)
    ids = tuple(f"image/{number:03d}" for number in range(n))
    examples = Examples("tiny", digest_bytes(images.tobytes()), ids, ids, images=images)
    return Material(examples, assign(examples, seed=seed), None)


def recipe(**changes):
    """A short training; `changes` are keys of the recipe."""
    plain = {"kind": "vae", "data": "tiny", "steps": 30, "batch": 8, "learning_rate": 0.01, "average": 0.9}
    return Recipe.model_validate({**plain, "validate_every": 10, "save_every": 7, "warmup": 3, "seed": 5, **changes})


def prepare(out, its, *, watch=None, stop=lambda: False, generator=None, records=None, device="cpu"):
    """A training that can begin or go on in ``out``."""
    records = records or material()
    torch.manual_seed(its.seed)
    generator = generator or Tiny(16)
    group = gather_group(choose_device(device))
    keeper = Keeper(out, writes=group.is_main_process)
    if group.is_main_process:
        keeper.claim()
    group.wait_for_everyone()
    watch = watch or Silent()
    try:
        return set_up(generator, its, records, group=group, keeper=keeper, watch=watch, stop=stop)
    except HarnessError:
        keeper.close(done=False)
        raise


def weights(training):
    """Every weight by name, as it is now."""
    networks = training.generator.networks.items()
    return {f"{a}.{b}": t.detach().clone() for a, n in networks for b, t in n.state_dict().items()}


def complete(out, *, steps, noise=0.5, seconds_per_step=0.0):
    """Train to the end, or as far as it is let live, and leave the checkpoint's files in ``out``."""

    def stop():
        time.sleep(seconds_per_step)
        return False

    torch.manual_seed(5)
    generator = Tiny(16, maker=True, noise=noise)
    records = material()
    training, progress = prepare(out, recipe(steps=steps), generator=generator, records=records, stop=stop)
    train(training, progress)
    if training.group.is_main_process:
        finish(training, progress, records)
        training.keeper.close(done=True)
    training.group.wait_for_everyone()


def main():
    """Train as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--seconds-per-step", type=float, default=0.0)
    complete(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
