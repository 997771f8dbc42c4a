"""Names of kinds, and how wrong settings are refused."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from pydantic import Field, model_validator

from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import ModelError, UsageError
from harness.models.generator import Settings
from harness.models.kinds import KINDS, build, is_drawing, open_generator, passage_bytes, read_settings
from harness.training.recipe import Kind

PASSAGES = Examples("two", digest_bytes(b"two"), ("a", "b"), ("a", "b"), texts=("one", "two"))


class Sizes(Settings):
    width: int = Field(8, ge=4)
    heads: int = 2
    name: str

    @model_validator(mode="after")
    def _divides(self):
        if self.width % self.heads:
            raise ValueError("width is no multiple of heads")
        return self


def test_every_kind_of_a_recipe_is_known_here_and_no_other():
    assert set(KINDS) == set(get_args(Kind))


def test_only_language_draws_no_images():
    assert [kind for kind in KINDS if not is_drawing(kind)] == ["language"]


def test_the_names_can_be_had_without_torch():
    code = "import sys, harness.models.kinds; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_package_is_named_with_the_extra_that_brings_it():
    code = (
        "import sys; sys.modules['torch'] = None; from harness.models import kinds; kinds.passage_bytes('language', {})"
    )
    said = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr
    assert "MissingExtraError: A generator of kind 'language' needs torch." in said
    assert "rai-harness[train]" in said


def test_an_unknown_kind_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"'langauge'.*'language'.*Known: language, vae"):
        build("langauge", {}, PASSAGES)
    with pytest.raises(UsageError, match="'lm'"):
        passage_bytes("lm", {})


def test_passages_are_as_long_as_the_context_allows_and_images_have_none():
    assert passage_bytes("language", {"context": 100}) == 98
    assert passage_bytes("vae", {}) is None


def test_an_unknown_setting_is_refused_with_the_nearest_and_all_that_are_known():
    with pytest.raises(UsageError, match=r"language: there is no setting 'layres'. Did you mean 'layers'\?.*width"):
        build("language", {"layres": 3}, PASSAGES)


def test_settings_are_checked_and_every_mistake_is_one_line():
    assert read_settings(Sizes, {"name": "x"}, kind="toy") == Sizes(name="x")
    with pytest.raises(UsageError) as refused:
        read_settings(Sizes, {"width": 2, "zoom": 1}, kind="toy")
    assert str(refused.value).splitlines() == [
        "toy: width = 2 cannot be used: input should be greater than or equal to 4.",
        "toy: the setting 'name' is missing. Known settings: heads, name, width.",
        "toy: there is no setting 'zoom'. Known settings: heads, name, width.",
    ]


def test_settings_that_contradict_each_other_are_refused_as_a_whole():
    with pytest.raises(UsageError, match=r"^toy: width is no multiple of heads\.$"):
        read_settings(Sizes, {"name": "x", "width": 9}, kind="toy")


def test_a_hostile_value_is_cut_and_escaped():
    with pytest.raises(UsageError) as refused:
        read_settings(Sizes, {"name": "x", "width": "\x1b[2J" * 100}, kind="toy")
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 250


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match="there is no such folder"):
        open_generator("language", tmp_path / "nowhere")
