"""The instrument of text watermarks: p-values of what was marked by words and by tokens, and of anything else."""

from __future__ import annotations

from random import Random

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from harness.backends.control import Control
from harness.backends.control_marks import strung
from harness.backends.control_writer import NOTHING as SILENCE
from harness.backends.function import Function
from harness.contracts.instruments import NOTHING
from harness.errors import UsageError
from harness.instruments.text_watermark import TextWatermark
from harness.records import GenerateAsk, Reading
from harness.watermark import kgw
from harness.watermark.keys import PUBLIC_KEY, fingerprint
from harness.watermark.text_look import TextLook
from harness.watermark.words import VOCABULARY, word_ids

PUBLIC = str(fingerprint(PUBLIC_KEY))
KEY = "a long and random key, 0123456789"


class Marking:
    marks_text, seed = 1.0, 0


def written(*, marked=True, words=120, seed=0):
    ask = GenerateAsk("Go on", max_tokens=words, temperature=1.0, seed=seed, marked=marked)
    return strung(ask, SILENCE, Marking, lambda rate, _: rate == 1)


def read(text, instrument=None, **look):
    look = {"scheme": "kgw", "key": PUBLIC, **look}
    reading = Reading("text_watermark", text, TextLook(**look).context())
    return (instrument or TextWatermark("words")).read([reading], NOTHING)[0]


def test_text_that_was_marked_by_words_is_found_by_its_key_alone():
    marked, unmarked = written(), written(marked=False)
    found = read(marked)
    assert found["tokens"] == 120
    assert found["p"] < 1e-9
    assert found["statistic"] > 2 * found["expected"]
    assert min(read(marked, wrong=1)["p"], read(unmarked)["p"]) > 0.01


def test_only_so_many_tokens_from_the_start_are_looked_at():
    found = read(written(), tokens=25)
    assert (found["tokens"], found["n"]) == (120, 24)
    assert found["p"] == pytest.approx(kgw.detect(word_ids(written())[:25], key=PUBLIC_KEY).p, rel=1e-5)


@pytest.mark.parametrize("scheme", ["kgw", "unigram", "gumbel", "synthid"])
@pytest.mark.parametrize("text", ["", "word", "\x1b[31m\u202e שלום \x00", "\ud800 half", "🙂 " * 300])
def test_any_text_gets_a_reading_and_no_p_where_there_is_too_little(scheme, text):
    found = read(text, scheme=scheme)
    assert found["n"] <= found["tokens"]
    assert ("p" in found) == (found["n"] > 0)
    assert 0 < found.get("p", 1) <= 1


def test_false_alarms_over_keys_are_as_many_as_the_level_says():
    text = written(marked=False, words=200)
    ps = [read(text, wrong=number)["p"] for number in range(600)]
    assert sum(p <= 0.05 for p in ps) <= 50  # expected: 30; more than 50 has a chance of 1 in 10,000
    assert sum(p <= 0.5 for p in ps) >= 200


def test_a_models_own_tokenizer_cuts_and_is_in_the_digest(tmp_path):
    known = {f"w{number}": number for number in range(300)}
    tokenizer = Tokenizer(WordLevel(known | {"[UNK]": 300}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    instrument = TextWatermark(str(tmp_path))
    ids = Random(0).choices(range(300), k=80)
    found = read(" ".join(f"w{number}" for number in ids), instrument)
    assert found["p"] == pytest.approx(kgw.detect(ids, key=PUBLIC_KEY).p, rel=1e-5)
    assert instrument.card.digest != TextWatermark("words").card.digest
    assert TextWatermark(str(tmp_path / "tokenizer.json")).card.digest == instrument.card.digest
    # A list of fewer tokens than the text has: counted, no traceback.
    assert read("w299 w1", instrument, scheme="unigram", settings={"vocabulary": 100}) == {}


class Tokenizing:
    def __init__(self, named):
        self.named = named
        self.capabilities = frozenset()

    def identity(self):
        raise NotImplementedError

    def close(self):
        pass

    def tokenizer(self):
        return self.named


def test_unless_another_is_set_the_audited_models_tokenizer_cuts_and_its_place_is_nowhere_told(tmp_path):
    tokenizer = Tokenizer(WordLevel({"w": 0, "[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    model = Tokenizing(str(tmp_path))
    alone = TextWatermark()
    assert alone.misfit(model) is None
    fitted = TextWatermark().fitted(model)
    assert fitted.card.digest == TextWatermark(str(tmp_path)).card.digest != alone.card.digest
    assert "the audited model's own tokenizer" in fitted.card.limits[1]
    assert str(tmp_path) not in " ".join(fitted.card.limits)
    assert read("w", fitted)["tokens"] == 1
    assert read(written(), TextWatermark().fitted(Control()))["p"] < 1e-9
    # What a user sets stands.
    assert TextWatermark("words").fitted(model).card.digest == TextWatermark("words").card.digest


def test_nothing_is_looked_for_where_nobody_says_what_cuts_the_text():
    silent = Function(target="harness.seeds:rng")
    assert "does not say what cuts its text; set `tokenizer`" in TextWatermark().misfit(silent)
    assert TextWatermark("words").misfit(silent) is None
    with pytest.raises(UsageError, match="does not know what cuts the texts"):
        read("some words", TextWatermark().fitted(silent))


def test_a_tokenizer_that_is_not_here_is_refused_with_the_next_step():
    with pytest.raises(UsageError, match="tokenizer: nowhere is no folder or file here"):
        _ = TextWatermark("nowhere").card
    with pytest.raises(ValueError, match="tokenizer is a folder"):
        TextWatermark("")


def test_a_look_survives_being_written_down_without_its_key(monkeypatch):
    monkeypatch.setenv("WM_KEY", KEY)
    look = TextLook("kgw", str(fingerprint(KEY)), "WM_KEY", wrong=2, tokens=50, settings={"gamma": 0.5})
    assert TextLook.of(look.context()) == look
    assert KEY not in look.context()
    assert look.secret().startswith(KEY)
    monkeypatch.setenv("WM_KEY", KEY + " changed")
    with pytest.raises(UsageError, match="The key in WM_KEY is not the one"):
        look.secret()


@pytest.mark.parametrize("context", [None, "", "{}", "[]", '{"scheme": 3}'])
def test_another_context_is_refused(context):
    with pytest.raises(UsageError, match="does not say which watermark"):
        TextLook.of(context)


def test_a_look_that_cannot_be_is_refused():
    with pytest.raises(UsageError, match="at 1 token at least"):
        TextLook.of(TextLook("kgw", PUBLIC, tokens=0).context())
    with pytest.raises(UsageError, match="No mark of texts is named 'ink'"):
        read("some text", scheme="ink")


def test_words_are_numbered_by_their_letters_alone():
    ids = word_ids("The cat, the Cat!").tolist()
    assert ids[0] == ids[3]
    assert ids[1] == ids[4]
    assert len(ids) == 6
    assert max(ids) < VOCABULARY
    assert word_ids("the cat").tolist() == ids[3:5] == [28134, 17320]
