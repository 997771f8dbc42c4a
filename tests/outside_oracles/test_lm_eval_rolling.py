"""Our rolling log-likelihoods, and the numbers made of them, beside lm-eval 0.4.13's ``hf`` model on the same texts.

Both sides read one folder of weights in float32 on the CPU. The model reads 8,192 tokens at once, so a longer text is
minutes of work; a folder whose configuration says 128 lets several windows be compared in seconds.

lm-eval takes the softmax in float32 unless told otherwise, which with 49,152 logits costs it 2e-5 nats a token, all in
one direction: that is more than 1e-3 in a text of 200 tokens. Told to take it in float64 it agrees with us to 1e-3.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.data import load
from harness.records import Capability, Finish, Judged
from probes.documents import CORPUS
from probes.utility.language_modelling import LanguageModelling

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    # lm-eval and what it imports warn about their own future; our code runs under the same filter elsewhere.
    pytest.mark.filterwarnings("default"),
]

READS = 128
TEXTS = 10


@pytest.fixture(scope="module")
def short_model(real_model, tmp_path_factory):
    """The real model, told to read no more than so many tokens: its rotations do not depend on that."""
    folder = tmp_path_factory.mktemp("short") / "model"
    folder.mkdir()
    for file in real_model.iterdir():
        if file.is_file() and file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = json.loads((real_model / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": READS}))
    return folder


@pytest.fixture(scope="module")
def data():
    """Some texts of the set that ships, the first three once more as one, and a very short one."""
    texts = [str(row["text"]) for row in load(CORPUS).rows[:TEXTS]]
    rows = [{"text": text} for text in (*texts, "\n\n".join(texts[:3]), "So.")]
    return Dataset("texts", "1", digest_bytes(b""), "Apache-2.0", rows, "file")


@pytest.fixture(scope="module")
def theirs(short_model, data):
    """Log-likelihoods of every text by lm-eval, its softmax in float64; and of the first as it is by default."""
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    model = HFLM(pretrained=str(short_model), device="cpu", dtype="float32", softmax_dtype="float64", batch_size=4)
    assert model.max_length == READS
    requests = [Instance("loglikelihood_rolling", {}, (row["text"],), n) for n, row in enumerate(data.rows)]
    exact = model.loglikelihood_rolling(requests, disable_tqdm=True)
    model.softmax_dtype = torch.float32
    return np.array(exact), model.loglikelihood_rolling(requests[:1], disable_tqdm=True)[0]


@pytest.fixture(scope="module")
def ours(short_model, data):
    """The probe, and its scores of every text."""
    from harness.backends.huggingface import HuggingFace

    probe, backend = LanguageModelling(), HuggingFace(str(short_model), device="cpu", dtype="float32")
    cases = list(probe.cases(data, Budget(None, 0, Capability.SCORE)))
    replies = backend.answer([case.ask for case in cases])
    backend.close()
    assert {reply.finish for reply in replies} == {Finish.STOP}
    return probe, [Judged(case, probe.judge(case, reply, {})) for case, reply in zip(cases, replies, strict=True)]


def test_texts_of_one_window_and_of_several_have_the_log_likelihoods_of_lm_eval(ours, theirs):
    found = np.array([-judged.score.values["nats"] for judged in ours[1]])
    tokens = [int(judged.score.values["tokens"]) for judged in ours[1]]
    off = np.abs(found - theirs[0])
    print(f"texts of {tokens} tokens in windows of {READS}: largest difference {off.max():.2g} nats")
    assert tokens[-1] < READS < 4 * READS < tokens[-2]
    assert off.max() <= 1e-3


def test_bits_per_byte_are_those_that_lm_eval_makes_of_its_own(ours, theirs, data):
    size = sum(len(row["text"].encode()) for row in data.rows)
    found = {its.metric.partition("/")[2]: its.interval.value for its in ours[0].summarise(ours[1])}
    assert found["bits_per_byte"] == pytest.approx(-theirs[0].sum() / size / math.log(2), abs=1e-6)


def test_what_is_left_is_the_rounding_of_a_softmax_in_float32(ours, theirs):
    first = ours[1][0].score.values
    rounding = abs(theirs[1] - theirs[0][0]) / first["tokens"]
    print(f"lm-eval's default is {rounding:.2g} nats a token off its own float64")
    assert 5e-6 < rounding < 5e-5
    assert abs(-first["nats"] - theirs[1]) / first["tokens"] == pytest.approx(rounding, rel=0.1)
