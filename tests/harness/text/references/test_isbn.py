from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.references.isbn import isbn13


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0-306-40615-2", "9780306406157"),  # the worked example of the international agency
        ("978-0-306-40615-7", "9780306406157"),
        ("080442957X", "9780804429573"),
        ("080442957x", "9780804429573"),
        ("979-10-90636-07-1", "9791090636071"),
        ("0-306-40615-3", None),
        ("978-0-306-40615-8", None),
        ("977-0-306-40615-7", None),
        ("978030640615X", None),
        ("12345", None),
        ("", None),
        ("٩٧٨٠٣٠٦٤٠٦١٥٧", None),
    ],
)
def test_a_book_number_is_worth_its_checksum(written, expected):
    assert isbn13(written) == expected


@given(st.integers(0, 10**9 - 1), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number, place, step):
    nine = f"{number:09d}"
    check = next(digit for digit in "0123456789X" if isbn13(nine + digit))
    wrong = nine[:place] + str((int(nine[place]) + step) % 10) + nine[place + 1 :]
    assert isbn13(wrong + check) is None
    assert isbn13(isbn13(nine + check)) == isbn13(nine + check)
