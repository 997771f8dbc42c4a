"""The six questions and answers that show the form before each question.

Written for this project: plain facts that no question of the data sets touches. Another primer changes every
log-likelihood, so numbers are comparable with published ones only after the published primer, which a user
who has it names by ``primer_file``.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import DataError

__all__ = ["OWN_PRIMER", "primer"]

OWN_PRIMER = """\
Q: Which day comes after Monday?
A: The day after Monday is Tuesday.

Q: How many minutes are there in an hour?
A: There are sixty minutes in an hour.

Q: What does a bakery sell?
A: A bakery sells bread.

Q: On which continent is Kenya?
A: Kenya is in Africa.

Q: Which weighs more, one kilogram of iron or two kilograms of wool?
A: Two kilograms of wool weigh more.

Q: What is the opposite of north on a compass?
A: The opposite of north is south."""


def primer(file: str | None) -> str:
    """Return the text of ``file`` without white space at its end, or our own primer where no file is named.

    Raises:
        DataError: the file cannot be read as UTF-8 text, or is blank.
    """
    if file is None:
        return OWN_PRIMER
    try:
        text = Path(file).read_text("utf-8-sig").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"primer_file {file} cannot be read: {error}. Name a UTF-8 text file.") from error
    if not text:
        raise DataError(f"primer_file {file} is blank. Put question and answer pairs in it, or leave the setting out.")
    return text
