"""Images that replies name: fetched, held to their names, and durable with the replies or not at all."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
import time
import zlib
from dataclasses import dataclass, field

import pytest

from harness.canonical import digest, digest_bytes, loads
from harness.contracts import DrawingBackend, Identity
from harness.errors import JournalError
from harness.execute import Journal, Stop, ask_all
from harness.execute.batches import batches
from harness.execute.media import with_media
from harness.records import Capability, DrawAsk, Finish, GenerateAsk, LossAsk, RecordAsk, Reply

MODEL = digest_bytes(b"a model")


def png(number):
    """A PNG of one grey pixel, of a shade and with a comment of its own."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"tEXt", b"n\0" + str(number).encode())]
    parts += [(b"IDAT", zlib.compress(bytes([0, number % 256]))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def name_of(content):
    return f"{hashlib.sha256(content).hexdigest()}.png"


@dataclass
class Painter:
    """Gives each ask the image of its seed, and keeps them until it is asked again, not longer."""

    batch_tokens: int = 8
    capabilities = frozenset({Capability.DRAW})
    shelf: dict = field(default_factory=dict)
    spoilt: dict = field(default_factory=dict)

    def identity(self):
        return Identity("painter", "painter", MODEL, {})

    def length(self, ask):
        return 1

    def answer(self, asks):
        self.shelf = {name_of(png(ask.seed)): png(ask.seed) for ask in asks} | self.spoilt
        return [Reply(Finish.STOP, media=(name_of(png(ask.seed)),)) for ask in asks]

    def media(self, name):
        return self.shelf[name]

    def close(self):
        pass


@dataclass
class Remote(Painter):
    """The same, elsewhere: every reply overwrites what the one before it named."""

    in_flight: int = 5
    answer = property()

    async def answer_one(self, ask):
        self.shelf = {name_of(png(ask.seed)): png(ask.seed)}
        return Reply(Finish.STOP, media=(name_of(png(ask.seed)),))

    async def aclose(self):
        pass


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.sqlite", MODEL) as journal:
        yield journal


ASKS = [DrawAsk(seed) for seed in range(30)]


# ── fetching ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("backend", [Painter(), Remote()], ids=["batches", "concurrent"])
def test_every_image_is_in_the_journal_with_its_reply(backend, journal):
    assert isinstance(backend, DrawingBackend)
    asked = ask_all(backend, ASKS, journal, stop=Stop())
    for ask in ASKS:
        (name,) = asked.replies[digest(ask)].media
        assert journal.media(name) == png(ask.seed)
    assert asked.left == 0


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (name_of(png(3)), None, "KeyError"),
        (name_of(png(3)), png(4), "another content than its name says"),
        (name_of(png(3)), "text", "is not a PNG"),
        (name_of(b"<svg/>"), b"<svg/>", "is not a PNG"),
        ("../../etc/passwd", b"root", "is not the name of an image"),
        (f"{'A' * 64}.png", png(3), "is not the name of an image"),
        (f"{name_of(png(3))}\n", png(3), "is not the name of an image"),
        (7, png(3), "is not the name of an image"),
        ("x" * 10_000, png(3), "is not the name of an image"),
    ],
)
def test_an_image_that_is_missing_or_misnamed_makes_its_reply_fail_with_the_reason(name, content, reason):
    backend = Painter(shelf={} if content is None else {name: content})
    answer = with_media(backend, Reply(Finish.STOP, media=(name,)))
    assert (answer.reply.finish, answer.reply.media, answer.media) == (Finish.FAILED, (), {})
    assert reason in answer.reply.error
    assert len(answer.reply.error) <= 500


def test_one_bad_image_does_not_disturb_the_others(journal):
    asked = ask_all(Painter(spoilt={name_of(png(5)): png(6)}), ASKS, journal, stop=Stop())
    failed = [key for key, reply in asked.replies.items() if reply.finish is Finish.FAILED]
    assert failed == [digest(ASKS[5])]
    assert journal.count() == len(ASKS) - 1


def test_a_backend_that_names_images_and_has_none_is_found_out(journal):
    class Boaster(Painter):
        media = property()

    asked = ask_all(Boaster(), ASKS[:2], journal, stop=Stop())
    assert all("has no method media()" in reply.error for reply in asked.replies.values())


def test_a_failed_reply_names_nothing():
    answer = with_media(Painter(), Reply(Finish.FAILED, error="out of paint", media=("x.png",)))
    assert (answer.reply.error, answer.reply.media) == ("out of paint", ())


def test_a_refused_image_may_still_be_shown():
    backend = Painter(shelf={name_of(png(1)): png(1)})
    assert with_media(backend, Reply(Finish.REFUSED, media=(name_of(png(1)),))).media == {name_of(png(1)): png(1)}


# ── keeping ───────────────────────────────────────────────────────────────────────────────


def test_a_reply_and_its_images_are_there_together_or_not_at_all(journal):
    reply = Reply(Finish.STOP, media=(name_of(png(1)), name_of(png(2))))
    with pytest.raises(KeyError):
        journal.add_replies({digest(ASKS[1]): reply}, {name_of(png(1)): png(1)})
    full = "CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.kind = 'reply' BEGIN SELECT RAISE(ABORT, 'full'); END"
    journal._db.execute(full)
    with pytest.raises(JournalError):
        journal.add_replies({digest(ASKS[1]): reply}, {name_of(png(n)): png(n) for n in (1, 2)})
    assert journal._db.execute("SELECT count(*) FROM entries").fetchone() == (0,)


def test_images_of_failed_replies_are_not_kept(journal):
    name = name_of(png(1))
    journal.add_replies({digest(ASKS[1]): Reply(Finish.FAILED, media=(name,))}, {name: png(1)})
    with pytest.raises(JournalError, match="which is not there"):
        journal.media(name)


def test_a_changed_image_is_noticed(journal):
    name = name_of(png(1))
    journal.add_replies({digest(ASKS[1]): Reply(Finish.STOP, media=(name,))}, {name: png(1)})
    with sqlite3.connect(journal.path) as db:
        db.execute("UPDATE entries SET content = ? WHERE kind = 'media'", (png(2),))
    db.close()
    with pytest.raises(JournalError, match="does not match its check"):
        journal.media(name)


def test_two_replies_may_name_one_image(journal):
    reply = Reply(Finish.STOP, media=(name_of(png(1)),))
    journal.add_replies({digest(ask): reply for ask in ASKS[:2]}, {name_of(png(1)): png(1)})
    journal.add_replies({digest(ASKS[2]): reply}, {name_of(png(1)): png(1)})
    assert (journal.count(), journal.media(name_of(png(1)))) == (3, png(1))


def test_an_entry_of_before_there_were_losses_is_read(journal):
    old = b'{"error":null,"finish":"stop","media":[],"retries":0,"scores":[],"seconds":0.5,"text":"hello","usage":'
    old += b'{"output_tokens":1,"prompt_tokens":2}}'
    assert "losses" not in loads(old)
    journal._write([("reply", str(digest(ASKS[0])), old)])
    (reply,) = journal.replies([digest(ASKS[0])]).values()
    assert (reply.text, reply.losses) == ("hello", {})


def test_losses_come_back_as_they_were(journal):
    reply = Reply(Finish.STOP, losses={"loss": 0.1, "bound": -3.0})
    journal.add_replies({digest(LossAsk("r")): reply})
    assert journal.replies([digest(LossAsk("r"))]) == {digest(LossAsk("r")): reply}


def test_thousands_of_images_are_kept_and_found_in_seconds(journal):
    images = {name_of(content): content for content in map(png, range(2000))}
    replies = {digest(DrawAsk(n)): Reply(Finish.STOP, media=(name,)) for n, name in enumerate(images)}
    started = time.process_time()
    for start in range(0, 2000, 50):
        part = dict(list(replies.items())[start : start + 50])
        journal.add_replies(part, {name: images[name] for reply in part.values() for name in reply.media})
    assert all(journal.media(name) == content for name, content in images.items())
    assert time.process_time() - started < 10
    assert journal.path.stat().st_size < 3_000_000


# ── batches ───────────────────────────────────────────────────────────────────────────────


def test_what_one_pass_cannot_draw_or_measure_together_is_in_different_batches():
    asks = [DrawAsk(1), DrawAsk(2), DrawAsk(1, prompt="a"), DrawAsk(2, prompt="b"), DrawAsk(1, label=0)]
    asks += [LossAsk("a"), LossAsk("b"), LossAsk("a", seed=1), RecordAsk("a"), GenerateAsk("a")]
    made = list(batches([(digest(ask), ask) for ask in asks], lambda _: 1, 100))
    kinds = sorted(sorted(str(ask) for _, ask in batch) for batch in made)
    assert [len(batch) for batch in kinds] == [2, 1, 2, 1, 2, 1, 1]
    assert all(len({type(ask) for _, ask in batch}) == 1 for batch in made)
