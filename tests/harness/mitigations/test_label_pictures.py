"""C2PA manifests inside pictures, signed with certificates that are made here; nothing is fetched."""

from __future__ import annotations

import datetime
import sys
from collections import Counter
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from harness.backends.control import Control
from harness.canonical import digest, digest_bytes
from harness.errors import MissingExtraError, UsageError
from harness.execute import Journal, Stop, ask_all
from harness.mitigations.label_generated import LabelGenerated
from harness.records import Capability, DrawAsk, Finish, RecordAsk, Reply

EXTRA = "the extra `provenance` is not installed"
KEY = "a key of sixteen bytes or more"


class Drawing(Control):
    """The control backend, of which only pictures can be had."""

    capabilities = frozenset({Capability.DRAW})


def test_without_the_library_pictures_cannot_be_signed(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "harness.images.content_credentials", None)
    with pytest.raises(MissingExtraError, match=r"needs c2pa-python.*rai-harness\[provenance\]"):
        LabelGenerated(certificates=str(tmp_path / "chain.pem")).apply(Drawing(), tmp_path)


def named(who):
    x509 = pytest.importorskip("cryptography.x509", reason=EXTRA)
    oid = x509.oid.NameOID
    return x509.Name([x509.NameAttribute(oid.ORGANIZATION_NAME, "Acme"), x509.NameAttribute(oid.COMMON_NAME, who)])


class Signer:
    """Somebody with a private key, a certificate for it, and an authority that vouches for them."""

    def __init__(self, years=(2000, 2100)):
        pytest.importorskip("c2pa", reason=EXTRA)
        x509 = pytest.importorskip("cryptography.x509", reason=EXTRA)
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519

        self.serialization = serialization
        authority, key = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
        public = x509.SubjectKeyIdentifier.from_public_key
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
        )
        usage |= {"encipher_only": False, "decipher_only": False}

        def certificate(who, its, *extensions, ca):
            start, end = (datetime.datetime(year, 1, 1) for year in years)
            made = x509.CertificateBuilder(named("Authority"), named(who), its.public_key())
            made = made.serial_number(7 + ca).not_valid_before(start).not_valid_after(end)
            signs = x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, **usage)
            constraints = x509.BasicConstraints(ca=ca, path_length=None)
            made = made.add_extension(constraints, critical=True).add_extension(signs, critical=True)
            for extension in (public(its.public_key()), *extensions):
                made = made.add_extension(extension, critical=False)
            return made.sign(authority, None).public_bytes(serialization.Encoding.PEM)

        mail = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        vouched = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        self.authority = certificate("Authority", authority, ca=True)
        self.chain = certificate("Signer", key, mail, vouched, ca=False) + self.authority
        self.key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def mitigation(self, folder, monkeypatch):
        (folder / "chain.pem").write_bytes(self.chain)
        monkeypatch.setenv("ACME_SIGNER", self.key.decode())
        monkeypatch.setenv("LABEL_KEY", KEY)
        return LabelGenerated(certificates=str(folder / "chain.pem"), certificate_key_env="ACME_SIGNER")


@pytest.fixture(scope="module")
def signer():
    return Signer()


@pytest.fixture(scope="module")
def credentials():
    pytest.importorskip("c2pa", reason=EXTRA)
    from harness.images import content_credentials

    return content_credentials


@pytest.fixture
def labelled(signer, tmp_path, monkeypatch):
    return signer.mitigation(tmp_path, monkeypatch).apply(Control(), tmp_path)


def answers(backend, asks, folder):
    """Replies of a layered backend with the pictures that they name, as a run keeps them."""
    identity = backend.identity().digest
    with Journal(folder / Journal.file_name(identity), identity) as journal:
        replies = ask_all(backend, asks, journal, stop=Stop()).replies
        return [
            (replies[digest(ask)], {name: journal.media(name) for name in replies[digest(ask)].media}) for ask in asks
        ]


ASKS = [DrawAsk(seed, prompt="a red square") for seed in range(4)]


def test_every_drawn_picture_is_signed_with_its_pixels_as_they_were(labelled, signer, credentials, tmp_path):
    from harness.images.pictures import from_png

    before, after = answers(Control(), ASKS, tmp_path), answers(labelled, ASKS, tmp_path)
    for (plain, old), (reply, new) in zip(before, after, strict=True):
        assert reply.finish is Finish.STOP
        [(name, png)], [original] = new.items(), old.values()
        assert name == f"{digest_bytes(png).hex}.png"
        assert np.array_equal(from_png(png), from_png(original))
        assert credentials.read_credential(original).state == "absent"
        found = credentials.read_credential(png, trusted=signer.authority)
        assert (found.state, found.model, found.problems) == ("trusted", str(Control().identity().digest), ())
        assert replace(reply, media=(), seconds=0.0, joules=None) == replace(plain, media=(), seconds=0.0, joules=None)


def test_a_certificate_that_nobody_vouches_for_makes_a_valid_manifest_and_no_trusted_one(signer, credentials):
    png = signed(signer, credentials)
    for trusted in (b"", Signer().authority):
        found = credentials.read_credential(png, trusted=trusted)
        assert (found.state, found.problems) == ("valid", ("signingCredential.untrusted",))


def signed(signer, credentials, model="m"):
    from harness.images.pictures import to_png

    png = to_png(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    return credentials.Credentials(signer.chain, signer.key).sign(png, digest(model), "a model")


def test_a_changed_bit_is_found_or_changes_nothing_that_is_vouched_for(signer, credentials):
    """Inside the manifest, lengths of boxes and padding are not signed: nothing is said there."""
    png = signed(signer, credentials)
    start, end = png.index(b"caBX") - 4, png.index(b"IDAT") - 4
    random, states = np.random.default_rng(2), Counter()
    for at in (*range(len(png) - 33, len(png)), *range(8, start), *random.integers(start, end, 250)):
        broken = bytearray(png)
        broken[at] ^= 1 << int(random.integers(0, 8))
        found = credentials.read_credential(bytes(broken), trusted=signer.authority)
        vouched = found.state in ("trusted", "valid")
        states[found.state] += 1
        assert not vouched or (start <= at < end and found.model == str(digest("m"))), at
    assert states["invalid"] > 150


def test_a_picture_saved_anew_has_lost_its_manifest(signer, credentials):
    image = pytest.importorskip("PIL.Image")
    sink = BytesIO()
    image.open(BytesIO(signed(signer, credentials))).save(sink, format="PNG")
    assert credentials.read_credential(sink.getvalue()).state == "absent"


def test_a_manifest_moved_to_another_picture_is_invalid(signer, credentials):
    from harness.images.pictures import to_png

    png, other = signed(signer, credentials), to_png(np.zeros((8, 8, 3), np.uint8))
    chunk = png[png.index(b"caBX") - 4 : png.index(b"IDAT") - 4]
    at = other.index(b"IDAT") - 4
    assert credentials.read_credential(other[:at] + chunk + other[at:]).state == "invalid"


@pytest.mark.parametrize("content", [b"", b"junk", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture_is_no_crash(credentials, content):
    found = credentials.read_credential(content)
    assert found.state in ("invalid", "absent")
    assert found.model is None


def test_pictures_of_the_training_data_and_pictures_that_failed_are_left_alone(labelled):
    reply = Reply(Finish.STOP, media=("x.png",))
    assert labelled.retouch(RecordAsk("one"), reply, {"x.png": b"png"}) == (reply, {"x.png": b"png"})
    empty = Reply(Finish.REFUSED)
    assert labelled.retouch(DrawAsk(1), empty, {}) == (empty, {})


def test_a_picture_that_cannot_be_signed_is_a_failed_reply(labelled):
    reply, media = labelled.retouch(DrawAsk(1), Reply(Finish.STOP, media=("x.png",)), {"x.png": b"no picture"})
    assert (reply.finish, media) == (Finish.FAILED, {})
    assert "the picture cannot be signed" in reply.error


def test_a_key_that_does_not_fit_is_found_before_anything_is_drawn(signer, tmp_path, monkeypatch):
    for key, told in ((Signer().key.decode(), "cannot be signed"), ("not a key", "no unencrypted PEM")):
        mitigation = signer.mitigation(tmp_path, monkeypatch)
        monkeypatch.setenv("ACME_SIGNER", key)
        with pytest.raises(UsageError, match=told) as caught:
            mitigation.apply(Control(), tmp_path)
        assert key not in str(caught.value)


def test_a_certificate_that_is_out_of_date_is_refused(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="cannot be signed"):
        Signer(years=(2000, 2001)).mitigation(tmp_path, monkeypatch).apply(Control(), tmp_path)


def test_a_file_or_a_key_that_is_not_there_is_named(signer, tmp_path, monkeypatch):
    mitigation = signer.mitigation(tmp_path, monkeypatch)
    (tmp_path / "chain.pem").unlink()
    with pytest.raises(UsageError, match=r"chain\.pem cannot be read"):
        mitigation.apply(Control(), tmp_path)
    monkeypatch.delenv("ACME_SIGNER")
    (tmp_path / "chain.pem").write_bytes(signer.chain)
    with pytest.raises(UsageError, match="ACME_SIGNER, which holds a key, is not set"):
        mitigation.apply(Drawing(), tmp_path)


def test_no_secret_is_in_what_it_tells(labelled, signer):
    told = f"{labelled!r}{labelled.identity()!r}"
    assert KEY not in told
    assert "PRIVATE" not in told
    assert str(digest_bytes(signer.chain)) in told
