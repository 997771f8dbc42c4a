"""Where the noise of private steps comes from: the operating system, with all the entropy the generator can hold."""

from __future__ import annotations

import os
import secrets

import torch

__all__ = ["fresh_noise"]


def fresh_noise(device: torch.device) -> torch.Generator:
    """A generator of noise whose whole state comes from the operating system; there is no seed that could be kept."""
    generator = torch.Generator(device)
    generator.manual_seed(secrets.randbits(63))
    if device.type == "cpu":
        _fill(generator)
    return generator


def _fill(generator: torch.Generator) -> None:
    """Fill all 19,968 bits of a CPU generator: of a seed torch keeps the lowest 32, few enough to try them all."""
    state = generator.get_state()
    words = torch.frombuffer(bytearray(os.urandom(4 * 624)), dtype=torch.int32).to(torch.int64) & 0xFFFFFFFF
    # The Mersenne Twister's 624 words, each in 8 bytes, behind a header of 24.
    state[24 : 24 + 8 * 624] = words.view(torch.uint8)
    generator.set_state(state)
