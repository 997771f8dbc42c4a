from __future__ import annotations

import sqlite3

import pytest

from harness.canonical import digest, digest_bytes
from harness.errors import JournalError, StoreError
from harness.execute.journal import Journal
from harness.records import Finish, GenerateAsk, Reply, Usage

MODEL = digest_bytes(b"a model")
ASKS = [digest(GenerateAsk(f"ask {number}")) for number in range(1200)]


def reply(number, finish=Finish.STOP):
    return Reply(finish, text=f"reply {number} \ud800", usage=Usage(3, number), seconds=0.25)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "journal.sqlite"


def test_what_was_added_is_there_when_the_file_is_opened_again(path):
    replies = {ask: reply(number) for number, ask in enumerate(ASKS)}
    with Journal(path, MODEL) as journal:
        journal.add_replies(replies)
    with Journal(path, MODEL) as journal:
        assert journal.replies(ASKS) == replies
        assert journal.replies(ASKS[:3]) == {ask: replies[ask] for ask in ASKS[:3]}
        assert journal.count() == len(ASKS)


def test_a_failed_reply_is_not_kept_so_that_it_is_asked_again(path):
    with Journal(path, MODEL) as journal:
        journal.add_replies({ASKS[0]: reply(0), ASKS[1]: Reply(Finish.FAILED, error="connection lost")})
        assert set(journal.replies(ASKS[:2])) == {ASKS[0]}


def test_the_journal_of_another_model_is_refused(path):
    Journal(path, MODEL).close()
    with pytest.raises(JournalError, match="not of schema 1 and model"):
        Journal(path, digest_bytes(b"another"))


def test_a_changed_reply_is_noticed(path):
    with Journal(path, MODEL) as journal:
        journal.add_replies({ASKS[0]: reply(0)})
    with sqlite3.connect(path) as db:
        db.execute("UPDATE entries SET content = replace(content, 'reply 0', 'reply 9')")
    db.close()
    with Journal(path, MODEL) as journal, pytest.raises(JournalError, match="does not match its check"):
        journal.replies(ASKS[:1])


def test_a_reply_moved_to_another_ask_is_noticed(path):
    with Journal(path, MODEL) as journal:
        journal.add_replies({ASKS[0]: reply(0)})
    with sqlite3.connect(path) as db:
        db.execute("UPDATE entries SET key = ?", (str(ASKS[1]),))
    db.close()
    with Journal(path, MODEL) as journal, pytest.raises(JournalError, match="does not match its check"):
        journal.replies(ASKS[1:2])


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0" + b"\x17" * 5000])
def test_a_damaged_file_is_an_error_with_a_next_step(path, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(JournalError, match="damaged.*Move the file aside"):
        Journal(path, MODEL)


def test_a_folder_that_cannot_be_made_is_an_error_with_a_next_step(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Choose a writable --store"):
        Journal(tmp_path / "file" / "journal.sqlite", MODEL)


def test_a_full_disk_keeps_what_was_committed(path):
    with Journal(path, MODEL) as journal:
        journal.add_replies({ASKS[0]: reply(0)})
        # SQLite's own page limit raises the error that a full disk raises.
        journal._db.execute("PRAGMA max_page_count = 8")
        with pytest.raises(StoreError, match="full.*harness resume"):
            journal.add_replies({ask: reply(number) for number, ask in enumerate(ASKS[1:], 1)})
        assert set(journal.replies(ASKS)) == {ASKS[0]}


def test_a_batch_is_there_entirely_or_not_at_all(path):
    with Journal(path, MODEL) as journal:
        with pytest.raises(TypeError):
            journal.add_replies({ASKS[0]: reply(0), ASKS[1]: Reply(Finish.STOP, text=object())})
        assert journal.replies(ASKS[:2]) == {}


def test_readings_and_the_measured_rate_are_kept_beside_the_replies(path):
    with Journal(path, MODEL) as journal:
        assert journal.rate() is None
        journal.add_readings({ASKS[0]: {"toxicity": 0.25}})
        journal.set_rate(321.5)
    with Journal(path, MODEL) as journal:
        assert journal.readings(ASKS[:2]) == {ASKS[0]: {"toxicity": 0.25}}
        assert journal.rate() == 321.5
        assert journal.count() == 0
