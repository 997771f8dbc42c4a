"""What a model makes says so: a signed line behind its texts, a signed manifest inside its pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.canonical import Digest, digest_bytes
from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, Steps
from harness.errors import MissingExtraError, UsageError
from harness.mitigations.label_generated_card import CARD
from harness.mitigations.layer import Layer
from harness.records import Ask, Capability, DrawAsk, Finish, GenerateAsk, Reply, Value
from harness.text.labels import key_id, label

if TYPE_CHECKING:
    from harness.images.content_credentials import Credentials

__all__ = ["LabelGenerated"]

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da6360000000020001e527defc0000000049454e44ae426082"
)
"""A picture of one pixel: what cannot be signed is found before a model is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelGenerated:
    """Signs what the model makes, with its digest.

    Attributes:
        key_env: NAME of the environment variable that holds the key of labels on texts: `harness.text.labels`.
        certificates: PEM file with the certificate that pictures are signed with, and those that vouch for it; None
            leaves pictures without a manifest: `harness.images.content_credentials`.
        certificate_key_env: NAME of the environment variable that holds the private key of that certificate, as PEM.
    """

    key_env: str = "LABEL_KEY"
    certificates: str | None = None
    certificate_key_env: str = "LABEL_CERTIFICATE_KEY"

    def __post_init__(self) -> None:
        for name in ("key_env", "certificate_key_env"):
            if not VARIABLE.fullmatch(getattr(self, name)):
                raise ValueError(
                    f"{name} is the NAME of an environment variable in capitals; a key itself is no setting"
                )

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> None:
        """There is none: that a label can be checked is not measured in the model's answers, which it leaves alone."""
        return None

    def material(self) -> Sequence[str]:
        """None: it shows nothing."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """It needs something to sign, and what to sign it with."""
        writes, draws = (one in target.capabilities for one in (Capability.GENERATE, Capability.DRAW))
        if not writes and not draws:
            return "it labels texts and pictures, and this backend makes neither"
        if writes and not os.environ.get(self.key_env):
            return f"its key is taken from the environment variable {self.key_env}, which is not set"
        if not writes and self.certificates is None:
            return "pictures are signed with a certificate, and `certificates` is not set"
        return None

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with this over it.

        Raises:
            MissingExtraError: pictures are to be signed, and c2pa-python is not installed.
            UsageError: a key is missing, too short or unreadable, or does not fit the certificate.
        """
        del work
        problem = self.misfit(target)
        if problem is not None:
            raise UsageError(f"mitigation {CARD.id!r}: {problem}.")
        key = _secret(self.key_env).encode() if Capability.GENERATE in target.capabilities else b""
        try:
            named = key_id(key) if key else None
        except ValueError as error:
            raise UsageError(f"mitigation {CARD.id!r}: the variable {self.key_env}: {error}.") from error
        draws = Capability.DRAW in target.capabilities
        credentials = self._credentials(self.certificates) if self.certificates is not None and draws else None
        signer = None if credentials is None else str(digest_bytes(credentials.certificates))
        return Layer(target, Labelling(target, key, credentials, {"key": named, "certificates": signer}))

    def _credentials(self, place: str) -> Credentials:
        try:
            from harness.images.content_credentials import Credentials
        except ImportError as error:
            raise MissingExtraError("Signing pictures", "c2pa-python", "provenance") from error
        try:
            found = Credentials(Path(place).read_bytes(), _secret(self.certificate_key_env).encode())
            found.sign(DOT, digest_bytes(DOT), "trial")
        except OSError as error:
            raise UsageError(f"mitigation {CARD.id!r}: {place} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise UsageError(
                f"mitigation {CARD.id!r}: a trial with {place} and {self.certificate_key_env} failed: {error}."
            ) from error
        return found


def _secret(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        raise UsageError(
            f"The environment variable {variable}, which holds a key, is not set: `export {variable}=...`."
        )
    return found


@dataclass(frozen=True, slots=True)
class Labelling:
    """`LabelGenerated` with its keys: what a `Layer` takes steps by. Keys are in nothing that it tells.

    Attributes:
        target: The backend beneath, which labels name.
        key: Of labels on texts; empty where there are none.
        credentials: Of pictures; None where they are left alone.
        signers: Names of both, as evidence has them.
    """

    target: Backend
    key: bytes = field(repr=False)
    credentials: Credentials | None
    signers: Mapping[str, Value]

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    def details(self) -> Mapping[str, Value]:
        """Who signs: an id of the key, and the digest of the certificates."""
        return dict(self.signers)

    def steps(self, ask: Ask) -> Steps:
        """Ask, and label what was written; no label stands where nothing does."""
        [reply] = yield [ask]
        written = isinstance(ask, GenerateAsk) and reply.finish in (Finish.STOP, Finish.LENGTH)
        if not written or not self.key or not reply.text or not reply.text.strip():
            return reply
        return replace(reply, text=label(reply.text, self._model, self.key))

    def retouch(self, ask: Ask, reply: Reply, media: Mapping[str, bytes]) -> tuple[Reply, Mapping[str, bytes]]:
        """Sign pictures that were drawn; those shown from the training data are not the model's."""
        if self.credentials is None or not isinstance(ask, DrawAsk) or not reply.media:
            return reply, media
        name = self.target.identity().name
        try:
            signed = [self.credentials.sign(media[one], self._model, name) for one in reply.media]
        except ValueError as error:
            return Reply(Finish.FAILED, error=f"{CARD.id}: {error}"[:500]), {}
        named = {f"{digest_bytes(png).hex}.png": png for png in signed}
        return replace(reply, media=tuple(named)), named

    @property
    def _model(self) -> Digest:
        return self.target.identity().digest
