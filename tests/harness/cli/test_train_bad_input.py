"""What `harness train` cannot train on or into: one message with the place and the next step, and nothing left."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")


def picture(path, *, size=(8, 8), seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pictures(tmp_path):
    """Folders of eight pictures, each spoilt in its own way."""
    for name in ("mixed", "corrupt", "captioned", "plain", "odd"):
        for number in range(8):
            size = (9, 8) if name == "mixed" and number > 5 else (9, 9) if name == "odd" else (8, 8)
            picture(tmp_path / name / f"{number}.png", size=size, seed=number)
    for number in range(6):
        (tmp_path / "captioned" / f"{number}.txt").write_text("a thing")
    cut = tmp_path / "corrupt" / "3.png"
    cut.write_bytes(cut.read_bytes()[:60])
    (tmp_path / "corrupt" / "5.png").write_text("hello")


TEXTS = {
    "line.txt": b"just one line of text\n",
    "latin.txt": b"caf\xe9\n\nna\xefve",
    "cut.jsonl": b'{"text": "a b"}\n{"text": \n',
    "other.jsonl": b'{"body": "a b"}\n{"body": "c"}\n',
    "cut.parquet": b"PAR1 nonsense",
    "book.docx": b"PK",
    "few.txt": b"a b c\n\nd e f\n\ng h i",
    "same.txt": b"a b c\n\n" * 50,
}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("vae --data mixed", "mixed: images of 2 sizes, and all must have one: 6 of 8 x 8 pixels, 2 of 9 x 8 (6.png, "),
        ("gan --data corrupt", "2 of 8 images cannot be used. Damaged or cut short: 1 (3.png). Not an image, "),
        ("text_to_image --data captioned", "2 of 8 images have no caption: 6.png, 7.png. Add the captions, or"),
        ("text_to_image --data plain", "plain has neither captions nor classes to make captions of. Give captions,"),
        ("vae --data plain", "plain has no classes to draw by. Set `conditional = false`"),
        ("diffusion --data odd", "images of odd are 9x9 pixels"),
        ("vae --data digitz", "Did you mean 'digits'?"),
        ("vae --data synthetic:purple=1", "has no option 'purple=1'"),
        ("language --data line.txt", "line.txt: 1 document in 1 line; at least 2 documents are needed"),
        ("language --data latin.txt", "latin.txt: not UTF-8 (byte 3). Save the file as UTF-8."),
        ("language --data cut.jsonl", "cut.jsonl:2: not JSON at column 10"),
        ("language --data other.jsonl", "2 of 2 rows have no UTF-8 text under 'text': row 1, row 2."),
        ("language --data cut.parquet", "cut.parquet: not a whole Parquet file"),
        ("language --data book.docx", "book.docx is no text file, JSONL or Parquet file"),
        ("language --data few.txt", "Give more distinct images or documents, a few dozen at least."),
        ("language --data same.txt", "(49 duplicates were removed before)"),
        ("language --data digits", "digits holds images, and a language model learns from text"),
        ("vae --data digits --records 3000", "digits has 1797 records, not 3000."),
        ("vae --data digits --device cuda:99", "torch sees"),
        ("vae --data digits --recipe big", "No recipe for vae is named 'big'. It has: smoke, gpu."),
        ("vea", "No kind of generator is named 'vea'. Did you mean 'vae'?"),
        ("vae --data digits --epsilon 0", "train.privacy.epsilon: input should be greater than 0"),
        ("vae --data digits --epsilon 1 --delta 0.5", "delta = 0.5 is not below 1 / "),
        ("--resume", "No training is unfinished in out."),
        ("vae --resume", "--resume goes on with the recipe that is there: leave out KIND."),
    ],
)
def test_what_cannot_be_trained_on_is_refused_with_the_place_and_the_next_step(
    harness_cli, tmp_path, pictures, words, said
):
    for name, content in TEXTS.items():
        (tmp_path / name).write_bytes(content)
    done = harness_cli("train", *words.split(), "--out", "out")
    told = " ".join(done.err.split())
    assert (done.code, done.out) == (2, "")
    assert said in told
    assert told.count("error:") == 1
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[train]\nsteps = 0", "harness.toml:2: train.steps: input should be greater than or equal to 1"),
        ("[train]\nlerning_rate = 1", "harness.toml:2: train.lerning_rate: unknown key. Did you mean 'learning_rate'?"),
        ("[train.model]\nwidht = 3", "vae: there is no setting 'widht'. Did you mean 'width'?"),
        ("[train]\npatience = 3\nvalidate_every = 0", "patience counts validations: set validate_every too"),
        ("[train.canaries]\nrepeats = [1, 1]", "repeats are distinct whole numbers, at least 1"),
        ("[train.privacy]\nclip = 1", "give epsilon, noise_multiplier, or both"),
    ],
)
def test_a_mistake_in_the_table_of_training_is_refused(harness_cli, tmp_path, table, said):
    (tmp_path / "harness.toml").write_text(table)
    done = harness_cli("train", "vae", "--data", "digits", "--out", "out")
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert not (tmp_path / "out").exists()


def test_a_training_that_diverges_stops_with_the_step_and_the_last_good_state(harness_cli, tmp_path):
    table = (
        "[train]\nsteps = 40\nwarmup = 30\nlearning_rate = 1e38\nsave_every = 1\n[train.model]\nconditional = false\n"
    )
    (tmp_path / "harness.toml").write_text(table)
    done = harness_cli("train", "vae", "--data", "synthetic:n=60", "--out", "out", "--quiet")
    told = " ".join(done.err.split())
    assert done.code == 2
    assert "is not a finite number: the training diverged." in told
    assert "Train anew with a lower learning_rate" in told
    assert not (tmp_path / "out" / "manifest.json").exists()


# ── folders and checkpoints ───────────────────────────────────────────────────────────────


@pytest.fixture
def checkpoint(tiny_folder, tmp_path):
    """A copy of a finished checkpoint, to be spoilt."""
    return shutil.copytree(tiny_folder("vae"), tmp_path / "checkpoint")


def test_a_folder_of_something_else_or_a_file_is_never_written_to(harness_cli, tmp_path, checkpoint):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "1.txt").write_text("dear")
    (tmp_path / "file").write_text("")
    for out, code, said in (
        ("letters", 2, "letters is not empty, and no training of ours. Name another folder with --out."),
        ("file", 2, "Name another folder with --out."),
        ("file/out", 4, "file/out: checkpoints cannot be written here"),
        ("checkpoint", 2, "checkpoint holds a finished checkpoint. Name another folder with --out."),
    ):
        done = harness_cli("train", "vae", "--data", "digits", "--out", out)
        assert (done.code, done.out) == (code, "")
        assert said in " ".join(done.err.split())
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["1.txt"]


def spoil_weights(folder):
    path = next((folder / "model").glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")


def put_pickle(folder):
    (folder / "model" / "weights.pt").write_bytes(b"\x80\x04.")


@pytest.mark.parametrize("command", ["audit", "plan"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_weights, "is not what its manifest says: model/autoencoder.safetensors: changed since training."),
        (put_pickle, "weights.pt is in a format that can hold a pickle: opening it could run any code."),
    ],
)
def test_a_checkpoint_that_cannot_be_trusted_is_refused_by_whoever_opens_it(
    harness_cli, checkpoint, command, spoil, said
):
    spoil(checkpoint)
    words = (checkpoint,) if command == "audit" else ("--model", checkpoint)
    done = harness_cli(command, *words)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())


def test_a_checkpoint_whose_data_moved_is_audited_where_they_are_now(harness_cli, tmp_path):
    for number in range(40):
        picture(tmp_path / "here" / "ab"[number % 2] / f"{number}.png", seed=number)
    assert harness_cli("train", "vae", "--data", "here", "--steps", "2", "--out", "out", "--quiet").code == 0
    (tmp_path / "here").rename(tmp_path / "there")
    moved = harness_cli("plan", "--model", "out")
    assert moved.code == 5
    assert "Where the records of out have moved, name the place with `data` under [model], or" in " ".join(
        moved.err.split()
    )
    (tmp_path / "harness.toml").write_text('[model]\nbackend = "local"\ncheckpoint = "out"\ndata = "there"\n')
    found = harness_cli("plan")
    assert found.code == 0
    assert "have moved" not in found.err + found.out
