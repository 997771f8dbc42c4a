import pytest

from harness.errors import UsageError
from harness.watermark.keys import PUBLIC_KEY, fingerprint, wrong_key
from harness.watermark.look import Look

PUBLIC = str(fingerprint(PUBLIC_KEY))
KEY = "a long and random key, 0123456789"


@pytest.mark.parametrize(
    "look",
    [
        Look("spread_spectrum", PUBLIC),
        Look("tree_ring", PUBLIC, key_env="WM_KEY", wrong=1, attack="jpeg-50", radius=4.0),
        Look("tree_ring", PUBLIC, radius=2.5),
    ],
)
def test_a_look_survives_being_written_down_canonically(look):
    assert Look.of(look.context()) == look
    assert Look.of(look.context()).context() == look.context()


@pytest.mark.parametrize("context", [None, "", "{}", "[]", '{"scheme": 3}', '{"scheme": "x", "key": "y", "more": 1}'])
def test_another_context_is_refused(context):
    with pytest.raises(UsageError, match="does not say which watermark"):
        Look.of(context)


def test_an_unknown_scheme_is_refused():
    with pytest.raises(UsageError, match="No watermark is named 'invisible ink'"):
        Look.of(Look("invisible ink", PUBLIC).context())


def test_the_key_is_read_where_it_is_needed_and_is_in_no_context(monkeypatch):
    monkeypatch.setenv("WM_KEY", KEY)
    look = Look("spread_spectrum", str(fingerprint(KEY)), key_env="WM_KEY")
    assert look.secret() == KEY
    assert KEY not in look.context()
    assert KEY not in repr(look)
    assert Look("spread_spectrum", PUBLIC, wrong=3).secret() == wrong_key(PUBLIC_KEY, 3)


def test_another_key_than_was_meant_is_refused(monkeypatch):
    monkeypatch.setenv("WM_KEY", KEY + " changed")
    look = Look("spread_spectrum", str(fingerprint(KEY)), key_env="WM_KEY")
    with pytest.raises(UsageError, match="The key in WM_KEY is not the one"):
        look.secret()
