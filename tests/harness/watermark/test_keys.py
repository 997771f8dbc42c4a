import re

import pytest

from harness.errors import UsageError
from harness.watermark.keys import PUBLIC_KEY, check_variable, fingerprint, read_key, wrong_key

KEY = "a long and random key, 0123456789"


def test_the_key_is_what_the_variable_holds_and_the_public_one_where_none_is_named(monkeypatch):
    monkeypatch.setenv("WM_KEY", f"  {KEY}\n")
    assert read_key("WM_KEY") == KEY
    assert read_key(None) == PUBLIC_KEY


def test_a_missing_key_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.delenv("WM_KEY", raising=False)
    with pytest.raises(UsageError, match=r"WM_KEY.*is not set.*export WM_KEY="):
        read_key("WM_KEY")


@pytest.mark.parametrize("key", ["short", "x" * 15, "a key with a \x1b in it, and long", "a key with ümlauts in it"])
def test_a_key_that_could_be_guessed_or_is_no_text_is_refused_without_showing_it(monkeypatch, key):
    monkeypatch.setenv("WM_KEY", key)
    with pytest.raises(UsageError, match="at least 16 plain characters") as error:
        read_key("WM_KEY")
    assert key not in str(error.value)


def test_only_a_name_names_a_variable_and_what_is_none_is_not_repeated():
    check_variable(None, "key_env")
    check_variable("WM_KEY", "key_env")
    for given in (KEY, "wm_key", "", 3):
        with pytest.raises(ValueError, match="key_env is the NAME") as error:
            check_variable(given, "key_env")
        assert KEY not in str(error.value)


def test_a_fingerprint_tells_keys_apart_and_gives_none_away():
    found = {str(fingerprint(key)) for key in (KEY, PUBLIC_KEY, wrong_key(KEY, 1), wrong_key(KEY, 2))}
    assert len(found) == 4
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", its) for its in found)
