"""`harness watermark detect`: a marked text is found by its key alone, and everything else is told as what it is."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from harness.watermark import kgw
from harness.watermark.keys import PUBLIC_KEY, numbers_of
from harness.watermark.schemes import TEXT_SCHEMES, text_scheme

WORDS = [f"word{number:03d}" for number in range(500)]
OWN = "a key that nobody could ever guess"


@pytest.fixture
def model(tmp_path):
    """A folder with a tokenizer by words and a configuration."""
    folder = tmp_path / "model"
    folder.mkdir()
    known = {word: number for number, word in enumerate([*WORDS, "[UNK]"])}
    tokenizer = Tokenizer(WordLevel(known, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text('{"vocab_size": 501}')
    return folder


def marked(key, length=120, seed=0):
    """Write words by chance, each from eight of which the first green one is taken."""
    lists, random, ids = kgw.GreenLists(), Random(seed), [0]
    while len(ids) < length:
        for choice in random.sample(range(500), 8):
            if kgw.detect([ids[-1], choice], key=key, lists=lists).statistic:
                break
        ids.append(choice)
    return " ".join(WORDS[number] for number in ids)


def plain(length=120, seed=1):
    return " ".join(Random(seed).choices(WORDS, k=length))


@pytest.fixture
def looked(harness_cli, tmp_path, model):
    """Return a function that looks over one text and gives what was told as JSON."""

    def go(text, *options):
        (tmp_path / "text.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        done = harness_cli("watermark", "detect", "text.txt", "--tokenizer", model, "--json", *options)
        assert done.code == 0, done.err
        return json.loads(done.out)["texts"][0]

    return go


def test_a_marked_text_is_found_by_its_key_alone(looked, monkeypatch):
    monkeypatch.setenv("MARK_A", OWN)
    monkeypatch.setenv("MARK_B", f"{OWN}, and another one")
    found = looked(marked(OWN), "--key-env", "MARK_A", "--key-env", "MARK_B")
    assert found["verdict"] == "found"
    assert [look["key"] for look in found["looks"]] == ["MARK_A", "MARK_B"]
    own, other = found["looks"]
    assert (own["p"] < 1e-9, own["rank_p"]) == (True, 0.001)
    assert other["p"] > 0.01
    assert found["p"] == pytest.approx(2 * own["p"])
    assert looked(marked(OWN), "--key-env", "MARK_B")["verdict"] == "not found"


def test_a_text_without_a_mark_is_not_found_and_that_proves_nothing(harness_cli, tmp_path, model):
    (tmp_path / "text.txt").write_text(plain())
    done = harness_cli("watermark", "detect", "text.txt", "--tokenizer", model)
    assert "text.txt: 120 tokens" in done.out
    assert "Not found. That is no proof that a person wrote it" in done.out
    (tmp_path / "marked.txt").write_text(marked(PUBLIC_KEY))
    done = harness_cli("watermark", "detect", "text.txt", "marked.txt", "--tokenizer", model / "tokenizer.json")
    assert "Found: no more than 1 in 1,000 of unmarked texts would pass for marked" in done.out


def test_no_key_is_ever_shown(harness_cli, tmp_path, model, monkeypatch):
    monkeypatch.setenv("MARK_A", OWN)
    (tmp_path / "text.txt").write_text(marked(OWN))
    for more in ([], ["--json"]):
        done = harness_cli("watermark", "detect", "text.txt", "--tokenizer", model, "--key-env", "MARK_A", *more)
        assert OWN not in done.out + done.err
        assert "sha256:" in done.out


@pytest.mark.parametrize("length", [0, 1, 12])
def test_too_little_text_is_told_as_that(looked, length):
    found = looked(plain(length) if length else "")
    assert found["verdict"] == "too short"
    assert found["looks"][0]["too_short"]


def test_every_scheme_looks_and_all_looks_are_corrected_together(looked, monkeypatch):
    monkeypatch.setenv("NUMBER", "15485863015485863")
    words = [word for name in TEXT_SCHEMES for word in ("--scheme", name)]
    found = looked(marked("15485863015485863"), *words, "--key-env", "NUMBER")
    ps = {look["scheme"]: look["p"] for look in found["looks"]}
    assert list(ps) == list(TEXT_SCHEMES)
    assert found["p"] == pytest.approx(len(ps) * min(ps.values()))
    assert min(ps, key=ps.get) == "kgw"
    assert next(look["rank_p"] for look in found["looks"] if look["scheme"] == "kgw_transformers") is None


def test_settings_are_of_one_scheme_or_of_all(looked):
    found = looked(plain(), "--set", "gamma=0.5")
    assert found["looks"][0]["expected"] == pytest.approx(found["looks"][0]["n"] / 2)
    found = looked(plain(), "--scheme", "kgw", "--scheme", "unigram", "--set", "kgw.gamma=0.5")
    kgw_, unigram = found["looks"]
    assert kgw_["expected"] == pytest.approx(kgw_["n"] / 2)
    assert unigram["expected"] == pytest.approx(unigram["n"] * 125 / 501)


def test_synthid_takes_numbers_or_makes_them_of_a_key():
    scheme, ids = text_scheme("synthid", {}), np.random.default_rng(0).integers(0, 500, 80)
    made = ",".join(map(str, numbers_of(OWN, count=30, below=2**16)))
    assert scheme.look(ids, key=OWN).detection == scheme.look(ids, key=made).detection


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scheme", "kwg"], "No mark of texts is named 'kwg'. Did you mean 'kgw'"),
        (["--set", "gama=0.5"], "kgw has no setting 'gama'. Did you mean 'gamma'"),
        (["--set", "gamma=2"], "kgw cannot be set so: gamma is a share"),
        (["--set", "gamma=half"], "kgw cannot be set so"),
        (["--set", "gamma"], "--set takes KEY=VALUE"),
        (["--set", "unigram.gamma=0.5"], "with a --scheme that is looked for"),
        (["--level", "0.5"], "--level is a share from"),
        (["--key-env", "not a name"], "what was given is not shown"),
        (["--key-env", "NOT_SET_ANYWHERE"], "is not set"),
        (["--scheme", "kgw_transformers", "--key-env", "WORDS_KEY"], "no whole number"),
        (["--scheme", "synthid", "--key-env", "TWICE_KEY"], "keys 1 and 3 of 3 are equal"),
        (["--tokenizer", "nowhere"], "nowhere is no folder or file here"),
        (["--tokenizer", "text.txt"], "no tokenizer can be read"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_with_the_next_step(harness_cli, model, monkeypatch, words, told):
    monkeypatch.setenv("WORDS_KEY", OWN)
    monkeypatch.setenv("TWICE_KEY", "7000001,8000002,7000001")
    (model.parent / "text.txt").write_text(plain())
    done = harness_cli("watermark", "detect", "text.txt", "--tokenizer", model, *words)
    assert done.code == 2
    assert told in " ".join(done.err.split())
    assert "7000001" not in done.err
    assert "Traceback" not in done.err


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_refused(harness_cli, tmp_path, model):
    (tmp_path / "text.txt").write_bytes(b"word\xff001")
    done = harness_cli("watermark", "detect", "text.txt", "--tokenizer", model)
    assert (done.code, "byte 4 is no UTF-8" in done.err) == (2, True)
    done = harness_cli("watermark", "detect", "nowhere.txt", "--tokenizer", model)
    assert (done.code, "nowhere.txt: cannot be read" in done.err) == (2, True)


def test_control_characters_and_other_scripts_are_looked_over_like_any_text(looked):
    found = looked("\x1b[31m\u202e שלום \x00 " + plain(60))
    assert found["verdict"] in {"not found", "too short"}


# ── embed ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--scheme", "ink"), "watermark is kgw or unigram or gumbel or synthid, not 'ink'"),
        (("--key-env", "a key that is meant to be secret"), "NAME of an environment variable"),
        (("--set", "gamma"), "--set takes KEY=VALUE"),
        (("--set", "gama=0.5"), "Did you mean 'gamma'"),
        (("--tokens", "0"), "max_tokens must be at least 1"),
        (("--scheme", "synthid", "--temperature", "0"), "greedy text has none: raise --temperature"),
        (("--out", "nowhere/marked.txt"), "in a folder that is not there"),
        (("--out", "."), ". is a folder"),
        (("--model", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_marked_is_refused_with_what_to_set(harness_cli, tmp_path, model, options, said):
    (tmp_path / "prompt.txt").write_text("word001 word002")
    done = harness_cli("watermark", "embed", "prompt.txt", "--model", model, *options)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert "meant to be secret" not in done.err
    assert "Traceback" not in done.err


def test_a_prompt_that_is_no_text_is_refused(harness_cli, tmp_path, model):
    (tmp_path / "prompt.txt").write_bytes(b"\xff\xfe")
    done = harness_cli("watermark", "embed", "prompt.txt", "--model", model)
    assert (done.code, "is no UTF-8" in done.err) == (2, True)
