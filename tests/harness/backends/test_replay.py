"""Recorded outputs: every format, both ways to find a row, and every way a file can be wrong."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from harness.backends.replay import Replay
from harness.canonical import digest, digest_bytes
from harness.contracts import BatchBackend, DrawingBackend
from harness.errors import DataError, ModelError
from harness.records import Ask, Capability, DrawAsk, Finish, GenerateAsk, LossAsk, Reply, ScoreAsk


def write_jsonl(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows]), path)
    return path


def compressed(path: Path) -> Path:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def answer(path: Path, ask: Ask) -> Reply:
    return Replay(path=str(path)).answer([ask])[0]


@pytest.fixture
def recorded(tmp_path):
    """Write rows as JSON lines and return the file."""
    return lambda *rows: write_jsonl(tmp_path / "rows.jsonl", rows)


TEXTS = [
    {"prompt": "hi", "text": "hello, you"},
    {"prompt": "two\nlines", "text": 'a "quoted"\nreply'},
    {"prompt": "nothing", "text": ""},
    {"prompt": "é\x1b[31m", "text": "🙂 <script>"},
]


@pytest.mark.parametrize("name", ["r.jsonl", "r.csv", "r.parquet", "r.jsonl.gz", "r.csv.gz"])
def test_every_format_gives_the_same_replies(tmp_path, name):
    write = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet}[name.removesuffix(".gz")[2:]]
    path = write(tmp_path / name.removesuffix(".gz"), TEXTS)
    target = Replay(path=str(compressed(path) if name.endswith(".gz") else path))
    assert isinstance(target, BatchBackend)
    assert target.capabilities == {Capability.GENERATE}
    replies = target.answer([GenerateAsk(prompt=row["prompt"]) for row in TEXTS])
    assert [reply.text for reply in replies] == [row["text"] for row in TEXTS]
    assert {reply.finish for reply in replies} == {Finish.STOP}
    target.close()
    target.close()


def test_a_csv_from_a_spreadsheet_with_its_mark_and_windows_line_ends_is_read(tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes("\ufeffprompt,text,notes\r\nhi,hello,\r\n".encode())
    assert answer(path, GenerateAsk(prompt="hi")).text == "hello"


def test_an_ask_is_found_by_its_digest_before_its_prompt(recorded):
    ask = GenerateAsk(prompt="hi", temperature=0.7, seed=5)
    path = recorded({"ask": str(digest(ask)), "text": "exactly"}, {"prompt": "hi", "reply": "roughly"})
    assert answer(path, ask).text == "exactly"
    assert answer(path, GenerateAsk(prompt="hi")).text == "roughly"


def test_an_ask_without_a_row_fails_and_says_so(recorded):
    path = recorded({"prompt": "hi", "text": "hello"})
    for ask in (GenerateAsk(prompt="hi "), ScoreAsk("hi", ("a",)), DrawAsk(seed=1)):
        reply = answer(path, ask)
        assert (reply.finish, reply.text, reply.error) == (Finish.FAILED, None, "no recorded reply")


def test_losses_are_found_by_the_digest_of_their_ask(recorded):
    asks = [LossAsk("a"), LossAsk("a", seed=1), LossAsk("b")]
    losses = [{"loss": 1.5}, {"loss": 0.25, "bound": -2.0}]
    path = recorded(*({"ask": str(digest(ask)), "losses": its} for ask, its in zip(asks, losses, strict=False)))
    target = Replay(path=str(path))
    assert target.capabilities == {Capability.LOSS}
    replies = target.answer(asks)
    assert [reply.losses for reply in replies] == [*losses, {}]
    assert [reply.finish for reply in replies] == [Finish.STOP, Finish.STOP, Finish.FAILED]


@pytest.mark.parametrize(
    ("losses", "problem"),
    [
        ({"loss": "low"}, "numbers by name"),
        ({"bound": 1.0}, "one of them is named 'loss'"),
        ([1.0], "numbers by name"),
        ("{", "`losses`"),
        ({"loss": True}, "numbers by name"),
    ],
)
def test_losses_that_are_none_are_refused_with_the_line(recorded, losses, problem):
    path = recorded({"ask": str(digest(LossAsk("a"))), "losses": losses})
    with pytest.raises(DataError, match=r"rows\.jsonl:1: .*" + problem):
        answer(path, LossAsk("a"))


def test_losses_without_a_digest_are_refused(recorded):
    with pytest.raises(DataError, match="losses answer an ask by its digest"):
        answer(recorded({"prompt": "p", "losses": {"loss": 1.0}}), LossAsk("p"))


def test_images_lie_beside_the_file_and_are_found_by_digest_or_prompt(recorded, tmp_path):
    images = [b"\x89PNG\r\n\x1a\n" + bytes([number]) for number in range(3)]
    names = [f"{digest_bytes(image).hex}.png" for image in images]
    (tmp_path / "media").mkdir()
    for name, image in zip(names, images, strict=True):
        (tmp_path / "media" / name).write_bytes(image)
    path = recorded(
        {"prompt": "a cat", "media": [names[0]]},
        {"prompt": "a cat", "media": json.dumps([names[1]])},
        {"ask": str(digest(DrawAsk(7, label=1))), "media": [names[2]]},
    )
    target = Replay(path=str(path))
    assert isinstance(target, DrawingBackend)
    assert target.capabilities == {Capability.DRAW, Capability.TEXT_TO_IMAGE}
    asks = [DrawAsk(0, prompt="a cat"), DrawAsk(1, prompt="a cat"), DrawAsk(7, label=1)]
    assert [reply.media for reply in target.answer(asks)] == [(name,) for name in names]
    assert [target.media(name) for name in names] == images
    for stranger in ("0" * 64 + ".png", "../rows.jsonl"):
        with pytest.raises(KeyError):
            target.media(stranger)
    for wrong in (GenerateAsk("a cat"), LossAsk("a cat"), DrawAsk(0, prompt="a cat", label=1)):
        assert answer(path, wrong).finish is Finish.FAILED


def test_images_by_digest_alone_do_not_say_that_prompts_were_drawn(recorded):
    path = recorded({"ask": str(digest(DrawAsk(7, label=1))), "media": ["0" * 64 + ".png"]})
    assert Replay(path=str(path)).capabilities == {Capability.DRAW}


def test_a_row_with_a_system_message_answers_only_asks_with_it(recorded):
    path = recorded({"prompt": "q", "system": "kind", "text": "kindly"}, {"prompt": "q", "text": "anyhow"})
    assert answer(path, GenerateAsk(prompt="q", system="kind")).text == "kindly"
    assert answer(path, GenerateAsk(prompt="q", system="rude")).text == "anyhow"
    assert answer(path, GenerateAsk(prompt="q")).text == "anyhow"
    only = recorded({"prompt": "q", "system": "kind", "text": "kindly"})
    assert answer(only, GenerateAsk(prompt="q")).finish is Finish.FAILED


def test_samples_of_one_prompt_are_picked_by_seed(recorded):
    path = recorded(*({"prompt": "q", "text": text} for text in "abc"))
    assert [answer(path, GenerateAsk(prompt="q", seed=seed)).text for seed in (0, 1, 2, 3, 7)] == list("abcab")
    path = recorded(*({"prompt": "q", "text": text, "sample": n} for n, text in ((2, "c"), (0, "a"), (1, "b"))))
    assert [answer(path, GenerateAsk(prompt="q", seed=seed)).text for seed in range(4)] == list("abca")


@pytest.mark.parametrize(
    ("row", "finish", "text", "error"),
    [
        ({"text": "cut", "finish": "length"}, Finish.LENGTH, "cut", None),
        ({"text": None, "finish": "refused"}, Finish.REFUSED, None, None),
        ({"text": "sorry", "finish": "content_filter"}, Finish.REFUSED, "sorry", None),
        ({"text": None, "finish": "failed"}, Finish.FAILED, None, "recorded as failed"),
        ({"text": None, "finish": "too_long", "error": "4097\n> 4096"}, Finish.TOO_LONG, None, "4097 > 4096"),
    ],
)
def test_how_a_reply_finished_is_replayed(recorded, row, finish, text, error):
    reply = answer(recorded({"prompt": "q", **row}), GenerateAsk(prompt="q"))
    assert (reply.finish, reply.text, reply.error) == (finish, text, error)


# ── scores ────────────────────────────────────────────────────────────────────────────────

SCORE = ScoreAsk("The sky is", (" blue", " green"))
TOKENS = [{"logprobs": [-1.0, -0.5], "starts": [0, 3], "greedy": True}, {"logprobs": [-3.0], "starts": [0]}]


@pytest.mark.parametrize("name", ["r.jsonl", "r.csv", "r.parquet"])
def test_scores_are_replayed_from_every_format(tmp_path, name):
    as_text = name.endswith(".csv")
    row = {
        "prompt": SCORE.context,
        "continuations": json.dumps(SCORE.continuations) if as_text else list(SCORE.continuations),
        "scores": json.dumps(TOKENS) if as_text else TOKENS,
    }
    write = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet}[name[2:]]
    target = Replay(path=str(write(tmp_path / name, [row])))
    assert target.capabilities == {Capability.SCORE}
    first, second = target.answer([SCORE])[0].scores
    assert (first.logprobs, first.starts, first.greedy) == ((-1.0, -0.5), (0, 3), True)
    assert (second.logprobs, second.starts, second.greedy) == ((-3.0,), (0,), False)
    assert target.answer([ScoreAsk(SCORE.context, (" green", " blue"))])[0].finish is Finish.FAILED


def test_plain_totals_are_one_token_each(recorded):
    path = recorded({"ask": str(digest(SCORE)), "logprobs": [-12.3, -14]})
    reply = answer(path, SCORE)
    assert [(score.logprobs, score.starts) for score in reply.scores] == [((-12.3,), (0,)), ((-14.0,), (0,))]


def test_texts_and_scores_may_share_a_csv(tmp_path):
    rows = [
        {"ask": str(digest(SCORE)), "prompt": "", "text": "", "logprobs": "[-1, -2]"},
        {"ask": "", "prompt": "hi", "text": "hello", "logprobs": ""},
    ]
    target = Replay(path=str(write_csv(tmp_path / "r.csv", rows)))
    assert target.capabilities == {Capability.GENERATE, Capability.SCORE}
    scored, said = target.answer([SCORE, GenerateAsk(prompt="hi")])
    assert [score.total for score in scored.scores] == [-1.0, -2.0]
    assert said.text == "hello"


def test_a_reply_that_does_not_fit_its_ask_fails(recorded):
    generate = GenerateAsk(prompt="q")
    path = recorded(
        {"ask": str(digest(SCORE)), "logprobs": [-1.0]},
        {"ask": str(digest(generate)), "logprobs": [-1.0]},
        {"ask": str(digest(ScoreAsk("", ("ab",)))), "scores": [{"logprobs": [-1.0, -1.0], "starts": [0, 9]}]},
    )
    assert "1 scores for 2 continuations" in answer(path, SCORE).error
    assert "no text" in answer(path, generate).error
    assert "beyond the end" in answer(path, ScoreAsk("", ("ab",))).error


# ── bad files ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("r.jsonl", b"", "no rows"),
        ("r.csv", b"", "no rows"),
        ("r.csv", b"prompt,text\n", "no rows"),
        ("r.jsonl", b'{"prompt": "a", "text": "b"}\n\n{"prompt": \n', r"r\.jsonl:3: not JSON"),
        ("r.jsonl", b'{"prompt": "a", "text": "b"}\n[1]\n', r"r\.jsonl:2: a JSON list"),
        ("r.jsonl", b'{"prompt": "a", "text": "b"}\n{"prompt": "\xff"}\n', r"r\.jsonl:2: not JSON"),
        ("r.jsonl", b"[" * 100_000, r"r\.jsonl:1: not JSON"),
        (
            "r.jsonl",
            b'{"question": "a", "text": "b"}\n',
            r"r\.jsonl:1: no column `ask` or `prompt`.*Found: question, text",
        ),
        ("r.csv", b"prompt,output\na,b\n", r"r\.csv:1: no column `text` or .*Found: prompt, output"),
        ("r.csv", b"prompt,text\na,b\nc,d,e\n", r"r\.csv:3: 3 cells under 2 columns"),
        ("r.csv", b'prompt,text\na,"b\n', r"r\.csv:2: not CSV"),
        ("r.csv", b"prompt,text\na,b\nc,\xff\n", r"r\.csv:3: not CSV in UTF-8"),
        ("r.csv", b"prompt,text,text\na,b,c\n", "same name"),
        ("r.parquet", b"PAR1 not really", r"r\.parquet: not a Parquet file"),
        ("r.jsonl.gz", b"not gzip", r"r\.jsonl\.gz: the compressed file is damaged"),
        ("r.jsonl.gz", gzip.compress(b'{"prompt": "a", "text": "b"}\n' * 99, mtime=0)[:-12], "damaged"),
        ("r.xlsx", b"PK", "Use .jsonl, .csv or .parquet"),
        ("r.jsonl", b'{"prompt": "a", "text": 7}\n', r"r\.jsonl:1: `text` is int"),
        ("r.jsonl", b'{"prompt": "a", "text": null}\n', r"r\.jsonl:1: neither text nor scores"),
        ("r.jsonl", b'{"prompt": null, "text": "b"}\n', r"r\.jsonl:1: `prompt` is missing"),
        ("r.jsonl", b'{"ask": "sha256:12", "text": "b"}\n', r"r\.jsonl:1: not a sha256 digest"),
        ("r.jsonl", b'{"prompt": "a", "text": "b", "finish": "stpo"}\n', r"r\.jsonl:1: finish 'stpo' is none of"),
        ("r.jsonl", b'{"prompt": "a", "text": "b", "sample": "x"}\n', r"r\.jsonl:1: `sample` is 'x'"),
        ("r.jsonl", b'{"prompt": "a", "text": "b", "sample": 1}\n' * 2, r"r\.jsonl:2: an earlier row"),
        ("r.jsonl", b'{"prompt": "a", "logprobs": [-1]}\n', r"r\.jsonl:1: scores by prompt need"),
        ("r.jsonl", b'{"prompt": "a", "continuations": ["b"], "logprobs": [-1, -2]}\n', "2 scores for 1"),
        ("r.jsonl", b'{"prompt": "a", "continuations": ["b"], "logprobs": [1.5]}\n', r":1: `logprobs`: .*at most 0"),
        ("r.jsonl", b'{"prompt": "a", "continuations": ["b"], "logprobs": [NaN]}\n', r":1: not JSON \(NaN"),
        ("r.jsonl", b'{"prompt": "a", "continuations": ["b"], "logprobs": ["x"]}\n', r":1: `logprobs`: .*not str"),
        ("r.jsonl", b'{"prompt": "a", "continuations": ["b"], "logprobs": -1}\n', "is int, not a list"),
        ("r.jsonl", b'{"prompt": "a", "continuations": [1], "logprobs": [-1]}\n', "something else than text"),
        ("r.jsonl", b'{"prompt": "a", "continuations": ["b"], "scores": [{"logprobs": [-1]}]}\n', "`starts`"),
        (
            "r.jsonl",
            b'{"prompt": "a", "continuations": ["b"], "scores": [{"logprobs": [-1], "starts": [1]}]}\n',
            "rising from 0",
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_the_next_step(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        _ = Replay(path=str(path)).capabilities
    assert str(path) in str(caught.value)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for use in (lambda: Replay(path="out/r.jsonl").identity(), lambda: Replay(path="out/r.jsonl").capabilities):
        with pytest.raises(ModelError, match=r"out/r\.jsonl") as caught:
            use()
        assert str(tmp_path) in str(caught.value)


@given(
    st.lists(st.dictionaries(st.sampled_from(["prompt", "text", "scores", "finish"]), st.text(max_size=3)), max_size=4)
)
def test_any_json_lines_are_replies_or_a_named_fault(tmp_path_factory, rows):
    path = write_jsonl(tmp_path_factory.mktemp("rows") / "r.jsonl", rows)
    asks = [GenerateAsk(prompt=row.get("prompt", "")) for row in rows]
    with suppress(DataError):
        replies = Replay(path=str(path)).answer(asks)
        assert len(replies) == len(rows) > 0
        assert all(isinstance(reply, Reply) for reply in replies)


# ── identity and weight ───────────────────────────────────────────────────────────────────


def test_identity_is_the_files_content_and_not_its_place(tmp_path):
    first = Replay(path=str(write_jsonl(tmp_path / "a.jsonl", TEXTS))).identity()
    moved = Replay(path=str(write_jsonl(tmp_path / "b.jsonl", TEXTS))).identity()
    other = Replay(path=str(write_jsonl(tmp_path / "c.jsonl", TEXTS[:2]))).identity()
    assert (first.digest, first.details) == (moved.digest, moved.details)
    assert first.name == "a.jsonl"
    assert other.digest != first.digest
    assert first.digest == digest(first.details)


def test_a_hundred_thousand_asks_fit_few_batches(recorded):
    target = Replay(path=str(recorded({"prompt": "q", "text": "a"})))
    costs = [target.length(ask) for ask in (GenerateAsk(prompt="q" * 400), SCORE, DrawAsk(seed=1))]
    assert costs == [101, 6, 1]
    assert 100_000 * costs[0] / target.batch_tokens < 20


def test_reading_imports_no_pandas(recorded):
    program = (
        "import sys; from harness.backends.replay import Replay;"
        f"print(Replay(path={str(recorded(*TEXTS))!r}).capabilities); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, capture_output=True).returncode == 0
