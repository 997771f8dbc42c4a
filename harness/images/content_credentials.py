"""A signed C2PA manifest inside a PNG that says which model drew it: put there, and checked. Needs ``c2pa-python``.

It stands in a chunk of its own and leaves the pixels as they are. Source: C2PA Technical Specification 2.2, sections 10
(claims), 18 (actions and the digital source type) and 15 (validation). The library salts its assertions at random, so
that two manifests for one picture differ. Nothing here uses the network: no time stamp is fetched, no remote manifest,
and no list of revoked certificates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

import c2pa
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from harness.canonical import Digest

__all__ = ["Credential", "CredentialState", "Credentials", "read_credential"]

PNG = "image/png"
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for what a trained model made."""
MODEL = "rai-harness.model"
"""Label of the assertion that names the model."""
NOTHING_REMOTE = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


class CredentialState(StrEnum):
    """What a manifest says of the picture around it."""

    TRUSTED = "trusted"
    """The picture is as it was signed, and the certificate leads to one that is trusted."""
    VALID = "valid"
    """The picture is as it was signed, by whom nobody vouches."""
    INVALID = "invalid"
    """The picture, the manifest or the signature is not what it was."""
    ABSENT = "absent"
    """There is none. That tells nothing: a manifest is lost when a picture is saved anew."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What was found.

    Attributes:
        state: What it says.
        model: Digest of the model that is named; None where none is. Only a valid manifest vouches for it.
        problems: Codes of what is wrong, as the specification names them; ``signingCredential.untrusted`` where nobody
            vouches for the signer.
    """

    state: CredentialState
    model: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs.

    Attributes:
        certificates: PEM: the signer's certificate, and those that vouch for it.
        key: PEM: its private key, Ed25519, P-256, P-384 or RSA.
    """

    certificates: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Credentials(...)"

    def sign(self, png: bytes, model: Digest, name: str) -> bytes:
        """Return ``png`` with a manifest.

        Args:
            png: A picture that a model drew.
            model: What names the model.
            name: The same for people.

        Raises:
            ValueError: it cannot be signed: no PNG, no key that is known, a certificate that does not fit the key, is
                out of date, or is not made for signing pictures.
        """
        sink = BytesIO()
        try:
            info = c2pa.C2paSignerInfo(_algorithm(self.key), self.certificates, self.key, None)
            with (
                c2pa.Signer.from_info(info) as signer,
                c2pa.Context(c2pa.Settings.from_dict(NOTHING_REMOTE)) as context,
                c2pa.Builder(_definition(model, name), context=context) as builder,
            ):
                builder.sign(signer, PNG, BytesIO(png), sink)
        except c2pa.C2paError as error:
            raise ValueError(f"the picture cannot be signed: {error}") from error
        return sink.getvalue()


def _algorithm(key: bytes) -> c2pa.C2paSigningAlg:
    try:
        found = load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        # What is wrong with it is not repeated: it might hold a part of the key.
        raise ValueError("the private key cannot be read: it is no unencrypted PEM") from error
    if isinstance(found, ed25519.Ed25519PrivateKey):
        return c2pa.C2paSigningAlg.ED25519
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.key_size in (256, 384):
        return c2pa.C2paSigningAlg.ES256 if found.curve.key_size == 256 else c2pa.C2paSigningAlg.ES384
    if isinstance(found, rsa.RSAPrivateKey):
        return c2pa.C2paSigningAlg.PS256
    raise ValueError("the private key is none of Ed25519, P-256, P-384 and RSA")


def _definition(model: Digest, name: str) -> dict[str, Any]:
    action = {"action": "c2pa.created", "digitalSourceType": GENERATED}
    return {
        "claim_generator_info": [{"name": "rai-harness"}],
        "title": "generated picture",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": MODEL, "data": {"digest": str(model), "name": name}},
        ],
    }


def read_credential(png: bytes, *, trusted: bytes = b"") -> Credential:
    """Check the manifest inside ``png``, which may be anything.

    Args:
        png: A picture.
        trusted: PEM: certificates whose holders are trusted to vouch for signers.
    """
    settings: dict[str, Any] = {**NOTHING_REMOTE}
    if trusted:
        settings["trust"] = {"trust_anchors": trusted.decode("ascii", "replace")}
    try:
        with (
            c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
            c2pa.Reader(PNG, BytesIO(png), context=context) as reader,
        ):
            return _read(json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return Credential(CredentialState.ABSENT)
    except c2pa.C2paError as error:
        return Credential(CredentialState.INVALID, None, (str(error)[:200],))


def _read(found: Mapping[str, Any]) -> Credential:
    state = CredentialState(str(found.get("validation_state", "invalid")).lower())
    manifest = found.get("manifests", {}).get(found.get("active_manifest"), {})
    named = [its["data"].get("digest") for its in manifest.get("assertions", ()) if its.get("label") == MODEL]
    problems = tuple(str(its.get("code")) for its in found.get("validation_status", ()))
    return Credential(state, named[0] if named and isinstance(named[0], str) else None, problems)
