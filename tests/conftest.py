"""Fixtures that several rooms share: seeds, a stranger's distribution, and whole runs without a model."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

from harness.catalogue import find, pull
from harness.config import parse
from harness.errors import HarnessError
from harness.execute import Stop
from harness.offline import is_offline
from harness.registry import Registry
from harness.run import Finished, Request, Silent, audit

# Two slow cores: what hypothesis finds must not depend on how busy the machine is.
settings.register_profile("ours", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

OUTSIDE = Path(__file__).parent / "outside"


def pytest_configure() -> None:
    """Tests never leave colour codes in captured text and never reach the hub."""
    os.environ.update({"NO_COLOR": "1", "TERMINAL_WIDTH": "200", "HF_HUB_OFFLINE": "1"})


def declare(
    folder: Path, name: str, version: str, points: dict[str, dict[str, str]], package: Path | None = None
) -> Path:
    """Make ``folder`` look like a place where a distribution is installed, as pip would leave it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [line for group, its in points.items() for line in (f"[{group}]", *(f"{k} = {v}" for k, v in its.items()))]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    if package is not None:
        (folder / package.name).symlink_to(package, target_is_directory=True)
    return folder


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a made-up distribution for the length of one test."""

    def put(name, points, *, version="1.0", package=None):
        folder = declare(tmp_path / f"site-{name}", name, version, points, package)
        monkeypatch.syspath_prepend(str(folder))
        return folder

    yield put
    for module in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[module]


@pytest.fixture
def acme(install):
    """The stranger's distribution of tests/outside, installed."""
    points = {
        "harness.probes": {"acme.arithmetic": "acme_arithmetic.probe:Arithmetic"},
        "harness.backends": {"acme.calculator": "acme_arithmetic.backend:Calculator"},
    }
    return install("acme-arithmetic", points, version="1.2.0", package=OUTSIDE / "acme-arithmetic" / "acme_arithmetic")


@pytest.fixture
def audit_text(tmp_path):
    """Return a function that runs the walk on the text of a harness.toml, storing under tmp_path."""

    def go(text, *, store=tmp_path / "runs", stop=None, watch=None, fresh=False, expect=Finished):
        config = parse(text, overrides={"run.store": str(store)})
        request = Request(config, text, {"run.store": str(store)}, tmp_path, fresh)
        done = audit(request, Registry(config.plugins.allow), stop=stop or Stop(), watch=watch or Silent())
        assert isinstance(done, expect)
        return done

    return go


@pytest.fixture
def calculator_run(acme, audit_text):
    """A finished run of the stranger's probe on the stranger's backend, with a policy."""
    text = """
[model]
backend = "acme.calculator"
errors = 0.2
[run]
probes = ["acme.arithmetic"]
profile = "smoke"
[probe."acme.arithmetic"]
items = 60
[[gate]]
metric = "acme.arithmetic/accuracy"
min = 0.5
reason = "A calculator should mostly add."
"""
    return SimpleNamespace(text=text, done=audit_text(text))


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """Return a function that trains a small VAE, ``plain`` or ``private``, once for each; gives its checkpoint."""
    from harness.training.job import run
    from harness.training.recipe import Recipe
    from harness.training.watch import Silent as Unwatched

    made = {}
    recipe = {
        "kind": "vae",
        "data": "synthetic:n=40,seed=2",
        "model": {"width": 4, "hidden": 8, "latent": 2, "samples": 2},
        "steps": 6,
        "batch": 4,
        "learning_rate": 0.003,
        "validate_every": 3,
    }
    privacy = {"private": {"privacy": {"noise_multiplier": 2.0, "delta": 1e-3}}, "plain": {}}

    def make(name):
        if name not in made:
            its = Recipe.model_validate({**recipe, **privacy[name]})
            folder = tmp_path_factory.mktemp(name) / name
            made[name] = run(its, folder, watch=Unwatched(), device="cpu", stop=lambda: False)
        return made[name]

    return make


QUICK = """
[model]
backend = "control"
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 6
"""


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory):
    """A finished run of six questions to the control backend; shared, so not to be changed."""
    place = tmp_path_factory.mktemp("quick")
    config = parse(QUICK, overrides={"run.store": str(place / "runs")})
    return audit(Request(config, QUICK, {}, place), Registry(), stop=Stop(), watch=Silent())


@pytest.fixture
def store_of(small_model, quick_run, tmp_path):
    """Return a function that makes a store with one run whose identity and papers are those of a model trained here.

    Its numbers are of another model, so it verifies in everything but them; pages and queries read it all the same.
    """
    from harness.backends.local import Local
    from harness.backends.trained.papers import papers
    from harness.canonical import to_json
    from harness.evidence.bundle import write_bundle
    from harness.evidence.training import admitted

    def go(name, change=None, **record: Mapping[str, object]):
        evidence = quick_run.evidence
        checkpoint = small_model(name)
        identity = to_json(Local(str(checkpoint.folder), device="cpu").identity())
        run = {**evidence.run, "plan": {**evidence.run["plan"], "identity": identity}, **record}
        documents = papers(checkpoint)
        if change is not None:
            change(documents)
        place = tmp_path / "trained" / f"{name}-1"
        place.parent.mkdir(exist_ok=True)
        return write_bundle(place, replace(evidence, run=run), admitted(documents)[0]).parent

    return go


@pytest.fixture
def stub_server():
    """The rude OpenAI-compatible server of tests/harness/backends, as a class to start on loopback."""
    name = "stub_server"
    if name not in sys.modules:
        place = Path(__file__).parent / "harness" / "backends" / "stub_server.py"
        spec = importlib.util.spec_from_file_location(name, place)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name].StubServer


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """Return a function that makes the folder of a tiny generator, once for each: see tests/tiny_generators.py.

    Names: stable_diffusion, reading (it reads longer prompts), hiding (its safety checker hides every image), checking
    (hides none), ddim, ddpm, dit; and checkpoints trained here: vae, gan, diffusion, text_to_image, language.
    """
    spec = importlib.util.spec_from_file_location("tiny_generators", Path(__file__).parent / "tiny_generators.py")
    makers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(makers)
    made = {}

    def make(name):
        if name not in made:
            made[name] = makers.MAKERS[name](tmp_path_factory.mktemp(name) / name)
        return made[name]

    return make


@pytest.fixture(scope="session")
def real_model():
    """Folder of the catalogue's small real model, pulled into the user's cache if it is not there yet."""
    named = os.environ.get("HARNESS_TEST_MODEL")
    if named:
        return Path(named)
    try:
        return pull(find("smollm2-135m-instruct"), offline=is_offline()).folder
    except HarnessError as error:
        pytest.skip(f"the real model cannot be had here: {error}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that leave the loopback interface are skipped, with the reason, where that is forbidden."""
    if item.get_closest_marker("network") and is_offline():
        pytest.skip("HARNESS_OFFLINE forbids the network")
