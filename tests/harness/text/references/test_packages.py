from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.references.packages import distribution, packages


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pip install numpy pandas", ["numpy", "pandas"]),
        ("You can `pip install -U scikit-learn==1.2` and run it.", ["scikit-learn"]),
        ("python -m pip install 'requests[socks]>=2' \"foo\"", ["requests", "foo"]),
        ("!pip install torch --index-url https://example.org torchvision", ["torch", "torchvision"]),
        ("First pip install pandas. Then go on.", ["pandas"]),
        ("pip install numpy, pandas and then rest", ["numpy", "pandas"]),
        ("pip install -r requirements.txt", []),
        ("pip install git+https://example.org/a/b", []),
        ("pip install <package>", []),
        ("uv add httpx", ["httpx"]),
        ("pip install --upgrade pip", []),
        ("pip install package_name", []),
        ("You install the numpy package.", []),
    ],
)
def test_commands_name_what_they_install(text, expected):
    assert [one.name for one in packages(text)] == expected
    assert not any(one.imported for one in packages(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import numpy as np, os", ["numpy", "os"]),
        ("```python\nfrom sklearn.linear_model import Ridge\n```\nimport the data", ["sklearn"]),
        (">>> import requests  # needed", ["requests"]),
        ("import numpy as np; import scipy", ["numpy", "scipy"]),
        ("from . import x\nfrom .y import z", []),
        ("Import the csv module.", []),
        ("We import goods from there and export them.", []),
    ],
)
def test_imports_name_their_top_module(text, expected):
    assert [one.name for one in packages(text)] == expected


def test_pythons_own_modules_are_known_as_such():
    assert [one.standard for one in packages("import os\nimport numpy\n")] == [True, False]


def test_names_are_compared_as_indices_do():
    assert distribution("Ruamel.YAML_x") == distribution("ruamel-yaml-x") == "ruamel-yaml-x"


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    assert all(one.name for one in packages(text))


@pytest.mark.parametrize(
    "text", ["import a, " * 1000, "pip install " * 900, "pip install " + "-r " * 3000, "```\n" * 2500]
)
def test_a_hostile_text_costs_little(text):
    assert len(packages(text)) <= 50
