"""A mark in the noise that a diffusion model draws from: found by drawing backwards.

A key sets some Fourier coefficients of the initial noise. Source: Wen et al. 2023, arXiv 2305.20030, with two changes.
The noise is real, so its coefficients come in conjugate pairs and only one of each pair is information: all tests use
one half of the plane. And each coefficient has a value of its own, not each ring: small pictures have few of them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.seeds import derive

__all__ = ["RADIUS", "chi_square_p", "detect", "embed", "half_plane", "pattern"]

RADIUS = 6.0
"""Default radius, in cycles per picture: 56 coefficients of one channel, or all 24 that noise of 8 by 8 has."""

Noise = NDArray[np.floating]


def half_plane(height: int, width: int, *, radius: float) -> NDArray[np.bool_]:
    """Coefficients that carry the mark, ``[height, width]``: one of each conjugate pair within ``radius``, no real one.

    Raises:
        ValueError: none is left.
    """
    down, across = np.fft.fftfreq(height) * height, np.fft.fftfreq(width) * width
    rows, columns = np.meshgrid(down, across, indexing="ij")
    within = np.hypot(rows, columns) <= radius
    # The edges of the plane (Nyquist) are their own partners, or partners of each other in ways that sizes decide.
    inner = (np.abs(rows) < height / 2) & (np.abs(columns) < width / 2)
    mask: NDArray[np.bool_] = within & inner & ((rows > 0) | ((rows == 0) & (columns > 0)))
    if not mask.any():
        raise ValueError(f"no coefficient of {height} x {width} lies within radius {radius}")
    return mask


def pattern(key: str, count: int) -> NDArray[np.complex128]:
    """The key's coefficients: complex normal with mean square 1, as those of the noise they replace."""
    return _normal(f"tree-ring/{key}", (count,))


def _normal(stream: str, shape: tuple[int, ...]) -> NDArray[np.complex128]:
    parts = np.random.default_rng(derive(0, stream)).standard_normal((*shape, 2))
    values: NDArray[np.complex128] = (parts[..., 0] + 1j * parts[..., 1]) / np.sqrt(2)
    return values


def embed(noise: Noise, *, key: str, radius: float) -> NDArray[np.float32]:
    """Set the key's coefficients in the first channel of ``noise`` ``[n, channels, height, width]``."""
    marked = np.array(noise, np.float32)
    height, width = marked.shape[2:]
    mask = half_plane(height, width, radius=radius)
    spectrum = np.fft.fft2(marked[:, 0], norm="ortho")
    spectrum[:, mask] = pattern(key, int(mask.sum()))
    rows, columns = np.nonzero(mask)
    spectrum[:, -rows, -columns] = np.conj(spectrum[:, rows, columns])
    marked[:, 0] = np.fft.ifft2(spectrum, norm="ortho").real
    return marked


def _coefficients(noise: Noise, radius: float) -> NDArray[np.complex128]:
    """Coefficients of the first channel inside the mask, ``[n, m]``."""
    height, width = noise.shape[2:]
    spectrum = np.fft.fft2(noise[:, 0].astype(np.float64), norm="ortho")
    found: NDArray[np.complex128] = spectrum[:, half_plane(height, width, radius=radius)]
    return found


@lru_cache(maxsize=8)
def _directions(key: str, count: int, others: int) -> NDArray[np.complex128]:
    """The key's pattern, then others drawn as keys draw theirs, each of length 1: ``[others + 1, count]``."""
    found = np.vstack([pattern(key, count), _normal(f"tree-ring/{key}/others", (others, count))])
    directions: NDArray[np.complex128] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return directions


def detect(noise: Noise, *, key: str, radius: float, others: int = 1999) -> tuple[NDArray[np.float64], ...]:
    """Look for the key's pattern: similarity to it, and an exact p-value among other keys, ``[n]`` each.

    The noise that is estimated from a picture is not normal, so no formula gives its null. But the right key is no
    different from any other key unless the mark is there: its rank among ``others`` random keys is uniform.

    Args:
        noise: Estimated, ``[n, channels, height, width]``.
        key: As given to `embed`.
        radius: As given to `embed`.
        others: Keys to compare with; the smallest p-value is 1 / (others + 1).
    """
    found = _coefficients(noise, radius)
    # By direction only: a picture's noise can come back too faint, and the phase still tells.
    lengths = np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    similarity = (found / lengths @ np.conj(_directions(key, found.shape[1], others)).T).real  # [n, others + 1]
    ranks = 1 + (similarity[:, 1:] >= similarity[:, :1]).sum(axis=1)
    return similarity[:, 0], ranks / (others + 1)


def chi_square_p(noise: Noise, *, key: str, radius: float) -> NDArray[np.float64]:
    """The p-value that holds where the noise is standard normal: distance to the pattern, noncentral chi-square.

    Args:
        noise: ``[n, channels, height, width]``.
        key: As given to `embed`.
        radius: As given to `embed`.
    """
    found = _coefficients(noise, radius)
    wanted = pattern(key, found.shape[1])
    distance = 2 * np.square(np.abs(found - wanted)).sum(axis=1)
    p: NDArray[np.float64] = stats.ncx2.cdf(distance, 2 * len(wanted), 2 * np.square(np.abs(wanted)).sum())
    return p
