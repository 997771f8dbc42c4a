"""Whole audits of a server on loopback: the concurrent half of the walk."""

from __future__ import annotations

import json

from harness.records import Outcome, Ruling

SERVER = """
[model]
backend = "openai_api"
base_url = "{url}"
model = "stub"
api_key_env = "STUB_KEY"
in_flight = 8
backoff_s = 0.001
retries = {retries}
[run]
probes = ["robustness.option_order", "bias.paired_likelihood"]
[probe."robustness.option_order"]
items = 12
[[gate]]
metric = "robustness.option_order/mean_accuracy"
min = 0.5
reason = "r"
"""
KEY = "sk-planted-key-0123456789abcdef"


def outcomes(done):
    return [one.score.outcome for judged in done.evidence.judged.values() for one in judged]


def test_a_rude_server_is_audited_to_the_last_ask(audit_text, stub_server, monkeypatch):
    monkeypatch.setenv("STUB_KEY", KEY)
    with stub_server(too_many=0.1, server_error=0.05, malformed=0.02, dropped=0.02) as server:
        done = audit_text(SERVER.format(url=server.url, retries=8))
        assert server.most_in_flight <= 8
    totals = done.evidence.run["totals"]
    assert totals["failed"] == 0
    assert totals["retries"] > 0
    assert len(outcomes(done)) == totals["asks"] == 60  # 12 questions, 4 orders, and each prompt once more
    cells = {cell["probe"]: cell["status"] for cell in done.evidence.run["plan"]["cells"]}
    assert cells == {"robustness.option_order": "planned", "bias.paired_likelihood": "not_applicable"}


def test_the_key_is_sent_and_never_written(audit_text, stub_server, monkeypatch):
    monkeypatch.setenv("STUB_KEY", KEY)
    with stub_server() as server:
        done = audit_text(SERVER.format(url=server.url, retries=2))
        assert set(server.authorizations) == {f"Bearer {KEY}"}
    for path in done.folder.parent.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_a_server_that_dies_leaves_counted_failures_and_no_verdict(audit_text, stub_server, monkeypatch):
    monkeypatch.setenv("STUB_KEY", KEY)
    with stub_server() as server:
        url = server.url
    done = audit_text(SERVER.format(url=url, retries=1))
    assert set(outcomes(done)) == {Outcome.FAILED}
    assert done.evidence.verdict.ruling is Ruling.NOT_JUDGED
    # Failed asks are not kept: the same plan against a living server asks them again.
    with stub_server() as server:
        assert audit_text(SERVER.format(url=server.url, retries=1)).evidence.run["totals"]["failed"] == 0


def test_empty_and_filtered_replies_are_counted_outcomes(audit_text, stub_server, monkeypatch):
    monkeypatch.setenv("STUB_KEY", KEY)
    for behaviour, outcome in ({"empty": True}, Outcome.UNREADABLE), ({"content_filter": True}, Outcome.REFUSED):
        with stub_server(**behaviour) as server:
            done = audit_text(SERVER.format(url=server.url, retries=1))
        assert set(outcomes(done)) == {outcome}
        assert done.evidence.verdict.ruling is Ruling.INCONCLUSIVE


def test_hostile_text_reaches_no_page_and_no_terminal(audit_text, stub_server, monkeypatch):
    monkeypatch.setenv("STUB_KEY", KEY)
    with stub_server(hostile=True) as server:
        done = audit_text(SERVER.format(url=server.url, retries=1))
    page = (done.folder / "report.html").read_text()
    assert "\x1b" not in page
    assert "<script" not in page
    texts = [reply.text for reply in done.evidence.replies.values()]
    assert any("\x1b" in (text or "") for text in texts), "the evidence keeps what was said"
    assert json.loads((done.folder / "estimates.json").read_text())["cells"]
