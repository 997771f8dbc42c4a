import pytest

from harness.errors import UsageError
from harness.watermark.keys import check_numbers, numbers_of, parse_numbers, wrong_key, wrong_keys

KEY = "a long and random key, 0123456789"


def test_numbers_between_commas_are_read():
    assert parse_numbers(" 654, 400,836 ") == (654, 400, 836)
    assert parse_numbers("15485863", count=1, least=1) == (15485863,)


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        ("", {}, "holds 0 numbers, and there should be at least one"),
        ("77777,400", {"count": 30}, "holds 2 numbers, and there should be 30 of them"),
        ("77777,4x0", {}, "Of the 2 parts of this key, number 2 is no whole number"),
        ("77777,,400", {}, "number 2 is no whole number"),
        ("77777,-3", {}, "number 2 is no whole number"),
        ("77777,1.5", {}, "number 2 is no whole number"),
        ("77777,٣", {}, "number 2 is no whole number"),
        ("0,77777", {"least": 1}, "key 1 of 2 is no whole number from 1"),
        ("77777,9223372036854775808", {}, "key 2 of 2 is no whole number from 0 to 9223372036854775807"),
        ("77777," + "9" * 5000, {}, "number 2 is no whole number of at most 20 digits"),
    ],
)
def test_a_key_of_the_wrong_length_or_range_is_refused_without_showing_it(text, settings, problem):
    with pytest.raises(UsageError, match=problem) as error:
        parse_numbers(text, **settings)
    assert "7777" not in str(error.value).replace("775807", "")


def test_checks_say_which_key_is_wrong():
    check_numbers([1, 5], least=1, most=5)
    for keys in ([1, 6], [1, True], [1, 2.0]):
        with pytest.raises(ValueError, match="key 2 of 2"):
            check_numbers(keys, least=1, most=5)


def test_a_key_gives_different_numbers_and_always_the_same():
    numbers = numbers_of(KEY, count=30, below=2**16)
    assert len(set(numbers)) == 30
    assert numbers == numbers_of(KEY, count=30, below=2**16)
    assert 0 < min(numbers) <= max(numbers) < 2**16
    assert set(numbers) != set(numbers_of(wrong_key(KEY, 1), count=30, below=2**16))
    assert sorted(numbers_of(KEY, count=9, below=10)) == list(range(1, 10))
    with pytest.raises(ValueError, match="10 different numbers from 1 to 9"):
        numbers_of(KEY, count=10, below=10)


def test_wrong_keys_are_the_numbered_ones():
    assert wrong_keys(KEY, 3) == [wrong_key(KEY, number) for number in range(3)]
