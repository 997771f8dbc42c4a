"""The private step: each record's gradient clipped, noise added once, and nothing else of the records let through.

DP-SGD (Abadi et al. 2016, arXiv:1607.00133) with Poisson-sampled batches of any size, the empty one included. What
Opacus 1.6 supplies: formulas of layers, noise and scaling (`DPOptimizerFastGradientClipping`), accountants. What it
leaves to others and is done here: one backward pass instead of one and a half or two (`per_record`), tied embeddings
without forming gradients, records whose gradient is not finite, noise whose seed has more than 32 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from opacus.optimizers import DPOptimizerFastGradientClipping
from torch import Tensor, nn

from harness.errors import UsageError
from harness.models.generator import Player, Rows
from harness.training.apart import Untouched, choose, refuse, refuse_other_parameters
from harness.training.noise import fresh_noise
from harness.training.per_record import Gradients, Tape
from harness.training.recipe import Mode

__all__ = ["PrivateStep", "refuse"]


class PrivateStep:
    """Takes differentially private steps with one player.

    Args:
        player: Who steps; its network is not wrapped, so the player goes on calling it directly.
        optimizer: Holds exactly the trained parameters of the network.
        noise_multiplier: Standard deviation of the noise, in units of ``clip``; 0 is for tests.
        clip: Largest l2 norm of one record's gradient, over all parameters together.
        expected_batch: The mean size of a batch, a constant; sums are divided by it, never by the size a batch has.
        mode: How gradients of single records are found; auto chooses.
        generator: Source of noise, on the network's device; for tests and audits. None: fresh from the operating
            system at every step. A model trained with a generator from outside is not private.

    Attributes:
        mode: The mode chosen.
        reason: Why.

    Raises:
        UsageError: the network couples records, or the optimizer holds other parameters than the network's.
    """

    def __init__(
        self,
        player: Player,
        optimizer: torch.optim.Optimizer,
        *,
        noise_multiplier: float,
        clip: float,
        expected_batch: float,
        mode: Mode,
        generator: torch.Generator | None = None,
    ) -> None:
        refuse(player)
        refuse_other_parameters(player, optimizer)
        self.player, self.clip = player, clip
        self.mode, self.reason = choose(player.network, expected_batch, mode)
        self._fresh = generator is None
        self._trained = [parameter for parameter in player.network.parameters() if parameter.requires_grad]
        self._noisy = DPOptimizerFastGradientClipping(
            optimizer,
            noise_multiplier=noise_multiplier,
            max_grad_norm=clip,
            expected_batch_size=expected_batch,
            loss_reduction="mean",
            generator=generator,
        )
        self._optimizer, self._expected = optimizer, expected_batch
        self._tape = Tape(player.network, functorch=self.mode == "functorch")
        self._untouched, self._checked = Untouched(player), False

    def take(self, rows: Rows | None, *, records: int, physical: int) -> None:
        """One step on a Poisson-sampled batch; an empty one gives a step of noise alone.

        Whatever goes wrong before the weights change leaves no trace: the step can be taken again, with a smaller
        ``physical`` if memory ran out.

        Args:
            rows: The records of the logical batch; None where there is none.
            records: How many, at least 0.
            physical: Records in memory at once, at least 1.

        Raises:
            UsageError: the losses or layers do not keep records apart; or memory ran out while weights were changing.
        """
        if (rows is None) != (records == 0):
            raise ValueError("rows are None exactly where there are no records")
        with self._clean():
            sums: dict[nn.Parameter, Tensor] = {}
            for start in range(0, records, physical):
                assert rows is not None  # noqa: S101  records > 0
                part = {name: values[start : start + physical] for name, values in rows.items()}
                for parameter, clipped in self._clipped(part, min(physical, records - start)).items():
                    sums[parameter] = sums[parameter].add_(clipped) if parameter in sums else clipped
            self._add_noise(sums)
            self._add_free(physical)
            self._change_weights()

    def close(self) -> None:
        """Take the hooks away: the network is as it was before, but for its weights."""
        self._tape.close()
        for parameter in self._trained:
            vars(parameter).pop("summed_grad", None)

    @contextmanager
    def _clean(self) -> Iterator[None]:
        """Gradients of other players and earlier steps are gone before a step; those of this one after it."""
        self._forget()
        try:
            yield
        finally:
            self._forget()

    def _forget(self) -> None:
        for parameter in self._trained:
            parameter.grad = parameter.summed_grad = None  # the latter is Opacus's own

    def gradients(self, rows: Rows, records: int) -> Gradients:
        """The gradients of single records, unclipped: for proofs and audits; releasing them releases the records.

        Raises:
            UsageError: as for `take`.
        """
        assert self.player.record_losses is not None  # noqa: S101  refused at the start
        before = self._untouched.look()
        with torch.enable_grad(), self._tape.on(records):
            losses = self.player.record_losses(rows)
        if tuple(losses.shape) != (records,):
            raise UsageError(
                f"The losses of {self.player.name!r} have the shape {tuple(losses.shape)} for {records} records:"
                " each record needs one loss of its own."
            )
        self._untouched.refuse_changes(before)
        found = self._tape.gradients(losses, fold=self.mode == "ghost", check=not self._checked)
        self._checked = True
        return found

    def _clipped(self, rows: Rows, records: int) -> dict[nn.Parameter, Tensor]:
        """Sum of the clipped gradients of some records."""
        found = self.gradients(rows, records)
        squares = found.squared_norms()
        finite = squares.isfinite()
        if bool(finite.all()):
            return found.blend((self.clip / (squares.sqrt() + 1e-6)).clamp(max=1.0))
        # Nothing bounds a norm that is not finite, and zero times infinity is not zero: such records add nothing.
        kept = finite.nonzero().flatten()
        del found
        if not len(kept):
            return {}
        return self._clipped({name: values[kept.to(values.device)] for name, values in rows.items()}, len(kept))

    def _add_noise(self, sums: dict[nn.Parameter, Tensor]) -> None:
        if self._fresh:
            self._noisy.generator = fresh_noise(self._trained[0].device)
        for parameter in self._trained:
            total = sums[parameter] if parameter in sums else torch.zeros_like(parameter)
            parameter.summed_grad = total  # where Opacus looks for it
        self._noisy.add_noise()
        self._noisy.scale_grad()

    def _add_free(self, physical: int) -> None:
        """Add the gradient of what sees no record, as it is; over as many samples as a batch has records on average."""
        if self.player.free_loss is None:
            return
        samples = max(1, round(self._expected))
        for start in range(0, samples, physical):
            count = min(physical, samples - start)
            loss = self.player.free_loss(count) * (count / samples)
            found = torch.autograd.grad(loss, self._trained, allow_unused=True)
            for parameter, grad in zip(self._trained, found, strict=True):
                if grad is not None and parameter.grad is not None:
                    parameter.grad += grad

    def _change_weights(self) -> None:
        try:
            self._optimizer.step()
        except torch.OutOfMemoryError as error:
            # Taken again, the step would release a second noisy sum of the same batch that nobody accounts for.
            raise UsageError(
                f"Memory ran out while the weights of {self.player.name!r} were changing, so this step can be neither"
                " kept nor repeated. Resume from the last state saved, with a smaller model or more memory."
            ) from error
