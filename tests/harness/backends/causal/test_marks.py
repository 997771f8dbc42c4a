"""Text that carries a watermark: a real model class writes it, and it is found in the text by its key alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from harness.backends.causal.marks import MARKS
from harness.backends.huggingface import HuggingFace
from harness.canonical import digest, dumps, from_json, loads
from harness.cli.marking import embed
from harness.errors import ModelError, UsageError
from harness.evidence.bundle import read_bundle
from harness.evidence.verify import verify
from harness.records import Absence, Capability, Case, Finish, GenerateAsk, ScoreAsk
from harness.registry import Registry
from harness.watermark.keys import PUBLIC_KEY, fingerprint, wrong_key
from harness.watermark.schemes import text_scheme
from harness.watermark.tokenizer import open_tokenizer

KEY = "a long and random key, 0123456789"
WORDS = [f"w{number:03d}" for number in range(416)]
ASKS = [
    GenerateAsk(" ".join(WORDS[number : number + 2 + number]), chat=False, max_tokens=60, temperature=1.0, seed=number)
    for number in range(4)
]
SETTINGS = [("kgw", {"context_width": 3}), ("unigram", None), ("gumbel", None), ("synthid", {"ngram_len": 3})]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_model):
    """A tiny model that writes words without end, so that its text is cut into the tokens that it wrote."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    made = tmp_path_factory.mktemp("words") / "model"
    shutil.copytree(tiny_model("llama"), made)
    for name in ("config.json", "generation_config.json"):
        kept = json.loads((made / name).read_text())
        (made / name).write_text(json.dumps(kept | {"eos_token_id": None}))
    special = ["<|bos|>", "<|end|>", "<|pad|>", "<|unk|>"]
    known = {word: number for number, word in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(WordLevel(known, unk_token="<|unk|>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    names = {"bos_token": special[0], "pad_token": special[2], "unk_token": special[3]}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(made)
    return made


@pytest.fixture
def opened(folder, tiny):
    """Return a function that opens the model with settings; `tiny` keeps torch to one thread."""
    backends = []

    def go(**settings):
        backends.append(HuggingFace(str(folder), device="cpu", **settings))
        return backends[-1]

    yield go
    for backend in backends:
        backend.close()


def texts(replies):
    return [reply.text for reply in replies]


def p_values(folder, name, settings, written, key):
    cutter = open_tokenizer(folder)
    scheme = text_scheme(name, settings or {}, vocabulary=cutter.vocabulary)
    return [scheme.look(cutter.ids(text), key=key).detection.p for text in written]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_marked_text_is_found_by_its_key_alone_and_text_without_it_is_the_plain_models(
    folder, opened, monkeypatch, name, settings
):
    monkeypatch.setenv("MARK_KEY", KEY)
    backend = opened(watermark=name, watermark_key_env="MARK_KEY", watermark_settings=settings)
    plain = [replace(ask, marked=False) for ask in ASKS]
    replies = texts(backend.answer([*ASKS, *plain]))
    marked, unmarked = replies[: len(ASKS)], replies[len(ASKS) :]
    assert max(p_values(folder, name, settings, marked, KEY)) < 1e-3
    assert min(p_values(folder, name, settings, marked, wrong_key(KEY, 1))) > 1e-3
    assert min(p_values(folder, name, settings, unmarked, KEY)) > 1e-3
    assert unmarked == texts(opened().answer(plain))


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_marked_text_does_not_depend_on_what_shares_its_batch(opened, name, settings):
    # Prompts of 2 to 5 words: the shortest have fewer than a gumbel mark's context.
    mixed = [replace(ask, max_tokens=40) for ask in ASKS]
    mixed += [replace(ASKS[0], marked=False, max_tokens=20), replace(ASKS[0], temperature=0.7, max_tokens=20)]
    mark = {"watermark": name, "watermark_settings": settings}
    backend = opened(**mark)
    together = texts(backend.answer(mixed))
    assert together[:2] == [backend.answer([ask])[0].text for ask in mixed[:2]]
    backend.batch_tokens = 250
    assert together == texts(backend.answer(mixed[::-1]))[::-1]


@pytest.mark.parametrize("name", MARKS)
def test_greedy_text_gets_only_marks_that_need_no_chance(opened, name):
    greedy = [replace(ask, temperature=0.0, max_tokens=12) for ask in ASKS]
    changed = texts(opened(watermark=name).answer(greedy)) != texts(opened().answer(greedy))
    assert changed == (name in {"kgw", "unigram"})


@pytest.mark.parametrize("temperature", [0.5, 1.5])
def test_the_mark_is_as_strong_at_every_temperature_as_its_settings_say(opened, temperature):
    """Delta is added to what is drawn from, not to what is divided by the temperature afterwards."""
    import torch

    from harness.backends.causal.marks import open_mark

    mark = open_mark("unigram", None, {"gamma": 0.5, "delta": 2.0}, vocabulary=8)
    ask = GenerateAsk("x", temperature=temperature)
    marking = mark.marking([ask], [1], vocabulary=8, device=torch.device("cpu"))
    scores = torch.arange(8.0)[None]
    raised = (marking(torch.zeros(1, 1, dtype=torch.long), scores) - scores)[0] / temperature
    assert sorted(raised.tolist()) == pytest.approx([0.0] * 4 + [2.0] * 4, abs=1e-5)


def test_a_gumbel_mark_and_a_nucleus_do_not_go_together(opened):
    asks = [replace(ASKS[0], top_p=0.9), replace(ASKS[0], top_p=0.9, marked=False), replace(ASKS[0], top_p=0.9)]
    replies = opened(watermark="gumbel").answer(asks)
    assert [reply.finish for reply in replies] == [Finish.FAILED, Finish.LENGTH, Finish.FAILED]
    assert "top_p = 0.9" in replies[0].error
    assert opened(watermark="kgw").answer(asks[:1])[0].finish is Finish.LENGTH


def test_a_mark_leaves_likelihoods_as_they_are(opened):
    ask = ScoreAsk(WORDS[0], (f" {WORDS[1]}", f" {WORDS[2]}"))
    assert opened(watermark="kgw").answer([ask])[0].scores == opened().answer([ask])[0].scores


def test_the_identity_names_the_mark_by_its_digest_and_a_model_without_one_keeps_its_own(opened, monkeypatch):
    monkeypatch.setenv("MARK_KEY", KEY)
    plain, marked = opened().identity(), opened(watermark="kgw", watermark_key_env="MARK_KEY").identity()
    assert "watermark" not in plain.details
    assert plain.digest != marked.digest
    assert marked.details["watermark"] == {
        "scheme": "kgw",
        "settings": {"gamma": 0.25, "delta": 2.0, "context_width": 1, "seeding": "lefthash"},
        "key": str(fingerprint(KEY)),
    }
    backend = opened(watermark="kgw", watermark_key_env="MARK_KEY")
    assert KEY not in repr(backend) + repr(backend._open()) + dumps(marked).decode()
    assert opened().capabilities == {Capability.GENERATE, Capability.SCORE}
    assert backend.capabilities - opened().capabilities == {Capability.MARK_TEXT}


def test_asks_from_before_there_were_marks_keep_their_digests():
    ask = GenerateAsk("The doctor", seed=3)
    assert b"marked" not in dumps(ask)
    unmarked = replace(ask, marked=False)
    assert digest(unmarked) != digest(ask)
    for each in (ask, unmarked):
        assert from_json(Case, loads(dumps(Case("a", each, {}, {}, "a")))).ask == each


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"watermark": "kwg"}, "Did you mean 'kgw'"),
        ({"watermark_key_env": "MARK_KEY"}, "need a watermark"),
        ({"watermark_settings": {"gamma": 0.5}}, "need a watermark"),
        ({"watermark": "kgw", "watermark_key_env": KEY}, "NAME of an environment variable"),
        ({"watermark": "kgw", "watermark_settings": {"gama": 0.5}}, "Did you mean 'gamma'"),
        ({"watermark": "kgw", "watermark_settings": {"gamma": 2.0}}, "gamma is a share"),
        ({"watermark": "kgw", "watermark_settings": "gamma"}, "is a table"),
        ({"watermark": "gumbel", "watermark_settings": {"temperature": 0.5}}, "each ask's own temperature"),
        ({"watermark": "kgw_transformers"}, "watermark is kgw or unigram"),
    ],
)
def test_settings_that_make_no_sense_are_refused_without_showing_a_key(settings, match):
    with pytest.raises(ValueError, match=match) as refused:
        HuggingFace(**settings)
    assert KEY not in str(refused.value)


def test_a_key_that_is_missing_or_none_of_the_scheme_is_told_before_anything_is_written(opened, monkeypatch):
    monkeypatch.delenv("MARK_KEY", raising=False)
    with pytest.raises(UsageError, match="MARK_KEY, which names the key of the watermark, is not set"):
        opened(watermark="kgw", watermark_key_env="MARK_KEY").identity()
    monkeypatch.setenv("MARK_KEY", "7000001,8000002,7000001")
    with pytest.raises(UsageError, match="keys 1 and 3 of 3 are equal"):
        opened(watermark="synthid", watermark_key_env="MARK_KEY").identity()


def test_a_list_of_another_vocabulary_is_refused_with_the_right_one(opened):
    backend = opened(watermark="unigram", watermark_settings={"vocabulary": 500})
    with pytest.raises(ModelError, match="list is of 500 tokens and the model knows 420"):
        backend.answer([ASKS[0]])


def test_the_public_key_is_what_marks_where_none_is_named(folder, opened):
    written = texts(opened(watermark="kgw").answer(ASKS[:2]))
    assert max(p_values(folder, "kgw", None, written, PUBLIC_KEY)) < 1e-3


@pytest.mark.slow
def test_a_model_that_marks_is_audited_from_end_to_end_and_its_key_stays_secret(
    audit_text, folder, tiny, monkeypatch, tmp_path
):
    monkeypatch.setenv("WM_KEY", KEY)
    done = audit_text(
        f"""
[model]
backend = "huggingface"
model = "{folder}"
device = "cpu"
watermark = "kgw"
watermark_key_env = "WM_KEY"
[run]
probes = ["watermark.detection"]
[probe."watermark.detection"]
key_env = "WM_KEY"
tokens = 60
items = 6
[instrument.text_watermark]
tokenizer = "{folder}"
"""
    )
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    evidence = read_bundle(done.folder)
    assert str(fingerprint(KEY)) in repr(evidence.run["plan"])
    found = {(its.metric.partition("/")[2], *its.slice.values()): its for its in evidence.results[0].results}
    assert found["surely_detected",].interval.value == 1
    assert found["surely_detected", "50"].interval.value == 1
    assert isinstance(found["surely_detected", "100"], Absence)
    assert found["false_alarms_own",].interval.value == found["wrong_key",].interval.value == 0
    assert verify(done.folder, Registry()) == []


# ── at the command line ───────────────────────────────────────────────────────────────────


def test_what_embed_writes_carries_the_mark_of_the_key_and_says_so_without_the_key(
    folder, tiny, monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("MARK_KEY", KEY)
    (tmp_path / "prompt.txt").write_text(" ".join(WORDS[:5]))
    written = tmp_path / "marked.txt"
    embed(
        str(tmp_path / "prompt.txt"),
        str(folder),
        key_env="MARK_KEY",
        settings=["context_width=3"],
        tokens=80,
        go_on=True,
        out=written,
        json=True,
    )
    told = json.loads(capsys.readouterr().out)
    assert told["text"] == written.read_text()
    assert told["watermark"] == {
        "scheme": "kgw",
        "settings": told["watermark"]["settings"],
        "key": str(fingerprint(KEY)),
    }
    assert told["watermark"]["settings"]["context_width"] == 3
    assert KEY not in json.dumps(told)
    settings = {"context_width": 3}
    assert p_values(folder, "kgw", settings, [told["text"]], KEY)[0] < 1e-4
    assert p_values(folder, "kgw", settings, [told["text"]], wrong_key(KEY, 1))[0] > 1e-3


def test_embed_writes_nothing_without_its_key(folder, monkeypatch, tmp_path):
    monkeypatch.delenv("MARK_KEY", raising=False)
    (tmp_path / "prompt.txt").write_text("w001 w002")
    with pytest.raises(UsageError, match="MARK_KEY, which names the key of the watermark, is not set"):
        embed(str(tmp_path / "prompt.txt"), str(folder), key_env="MARK_KEY", out=tmp_path / "marked.txt")
    assert not (tmp_path / "marked.txt").exists()
