from __future__ import annotations

import pytest

from harness.data import load
from harness.data.package_list import read_packages
from harness.errors import DataError
from harness.text.references.packages import Named


def test_the_list_that_ships_has_every_package_that_exists_and_none_that_does_not():
    known = read_packages(None)
    for row in load("package_names").rows:
        assert known.has(Named(row["name"], imported=False)) is row["exists"]
        if row["exists"]:
            assert known.has(Named(row["import_name"].split(".")[0], imported=True))


def test_a_list_of_ones_own_has_one_name_a_line_with_its_import_behind_it(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("# mine\nNumPy\npillow PIL  # pictures\n\n???\nthree words here\n")
    known = read_packages(str(path))
    assert known.has(Named("numpy", imported=True))
    assert known.has(Named("PIL", imported=True))
    assert not known.has(Named("PIL", imported=False))
    assert [problem.split(":")[1] for problem in known.problems] == ["5", "6"]


@pytest.mark.parametrize("content", ["", "# nothing\n", "???\n"])
def test_a_list_without_a_name_is_refused(tmp_path, content):
    path = tmp_path / "names.txt"
    path.write_text(content)
    with pytest.raises(DataError, match="no name of a package"):
        read_packages(str(path))
