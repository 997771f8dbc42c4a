"""The whole walk on a model that is trained again first: trained once, asked as itself, and found the next time."""

from __future__ import annotations

import pytest

from harness.evidence.verify import verify
from harness.registry import Registry

TEXT = """
[model]
backend = "acme.local"
checkpoint = "{folder}"
device = "cpu"
batch = 16
[run]
probes = ["acme.pictures", "acme.members"]
profile = "smoke"
[[mitigation]]
name = "acme.retrain"
toss = {toss}
[[mitigation]]
name = "acme.finetune"
steps = 2
"""


@pytest.fixture
def walk(acme_pictures, install, audit_text, tiny_folder):
    install("acme-local", {"harness.backends": {"acme.local": "harness.backends.local:Local"}})
    points = {"acme.retrain": "harness.mitigations.retrain:Retrain"}
    points |= {"acme.finetune": "harness.mitigations.finetune:Finetune"}
    install("acme-training", {"harness.mitigations": points})
    return lambda toss: audit_text(TEXT.format(folder=tiny_folder("vae"), toss=toss))


@pytest.mark.slow
def test_a_model_is_trained_again_and_on_then_audited_and_found_the_next_time(walk):
    done = walk(1)
    assert {finding.what for finding in verify(done.folder, Registry()) if finding.fatal} == set()
    identity = done.evidence.run["plan"]["identity"]
    assert "begun with the weights of another training" in identity["details"]["training"]["what"]
    assert identity["details"]["training"]["steps"] == 2
    again = walk(1)
    assert again.evidence.run["totals"]["from_journal"] == again.evidence.run["totals"]["asks"]
    other = walk(2)
    assert other.evidence.run["plan"]["identity"]["digest"] != identity["digest"]
