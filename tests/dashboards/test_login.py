"""Who may read as what: by what a signed identity claims, and by nothing else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from dashboards.login import Login, named, read_login, role_of, secrets
from harness.query import Role, UsageError

TEXT = """
[login]
client_id = "harness"
client_secret_env = "SOME_CLIENT_SECRET"
cookie_secret_env = "SOME_COOKIE_SECRET"
server_metadata_url = "{provider}/.well-known/openid-configuration"
redirect_uri = "{dashboard}/oauth2callback"
claim = "groups"
[login.roles]
policy = ["everyone"]
auditor = ["audit"]
admin = ["leads"]
"""


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "login.toml"
    place.write_text(TEXT.format(provider="https://id.example", dashboard="https://audits.example"))
    return place


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["everyone"], Role.POLICY),
        (["everyone", "audit"], Role.AUDITOR),
        (["leads", "everyone"], Role.ADMIN),
        ("audit", Role.AUDITOR),
        (["strangers"], None),
        ([], None),
        (None, None),
        ([{"leads": True}, 7], None),
    ],
)
def test_the_highest_role_that_a_claim_gives_counts_and_nothing_gives_none(file, groups, role):
    assert role_of(read_login(file), {"groups": groups}) is role


@pytest.mark.parametrize(("verified", "role"), [(True, Role.ADMIN), (False, None), (None, None), ("true", None)])
def test_an_address_that_nobody_verified_gives_no_role(file, verified, role):
    login = Login.model_validate(
        {**read_login(file).model_dump(), "claim": "email", "roles": {"admin": ["a@b.example"]}}
    )
    assert role_of(login, {"email": "a@b.example", "email_verified": verified}) is role


def test_somebody_without_an_address_is_written_down_by_what_their_place_calls_them():
    assert named({"email": "a@b.example", "sub": "7"}) == "a@b.example"
    assert named({"iss": "https://id.example", "sub": "7"}) == "https://id.example 7"
    assert named({}) == "unknown"


def test_secrets_come_from_the_environment_alone_and_a_short_one_is_refused(file, monkeypatch):
    login = read_login(file)
    monkeypatch.delenv("SOME_CLIENT_SECRET", raising=False)
    monkeypatch.setenv("SOME_COOKIE_SECRET", "x" * 31)
    with pytest.raises(UsageError, match="SOME_CLIENT_SECRET must be in the environment"):
        secrets(login)
    monkeypatch.setenv("SOME_CLIENT_SECRET", "client")
    with pytest.raises(UsageError, match="at least 32 random characters"):
        secrets(login)
    monkeypatch.setenv("SOME_COOKIE_SECRET", "x" * 32)
    its = secrets(login)["auth"]
    assert (its["client_secret"], its["redirect_uri"]) == ("client", "https://audits.example/oauth2callback")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[login", "[logon", r"no table \[login\]"),
        ('claim = "groups"', 'claims = "groups"', "login.claims"),
        ("/oauth2callback", "/elsewhere", "login.redirect_uri"),
        ("policy = ", "chief = ", "login.roles.chief"),
        ('client_id = "harness"', "client_id = ", "cannot be read as TOML"),
    ],
)
def test_a_file_that_says_something_else_is_refused_with_the_place(file, old, new, told):
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(UsageError, match=told):
        read_login(file)


def openid_provider():
    spec = spec_from_file_location("openid_provider", Path(__file__).with_name("openid_provider.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def dashboard(one_run, tmp_path):
    """The served dashboard's address and the provider that people log in at."""
    pytest.importorskip("authlib", reason="logging in needs authlib: pip install 'rai-harness[login]'")
    port = free_port()
    with openid_provider().Provider(free_port()) as provider:
        file = tmp_path / "login.toml"
        address = f"http://localhost:{port}"
        file.write_text(TEXT.format(provider=provider.issuer, dashboard=address))
        kept = {"SOME_CLIENT_SECRET": "client-secret", "SOME_COOKIE_SECRET": "0123456789" * 4}
        command = [sys.executable, "-m", "harness", "dashboard", "--store", str(one_run), "--port", str(port)]
        with subprocess.Popen([*command, "--login", str(file)], env={**os.environ, **kept}) as process:
            try:
                _wait(f"{address}/_stcore/health")
                yield address, provider
            finally:
                process.terminate()


def _wait(address):
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310  our own address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture
def page():
    sync = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright: pip install playwright")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("browser tests need Chromium: apt-get install chromium")
    with sync.sync_playwright() as its:
        browser = its.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def press(page, name):
    """Press a button by keyboard: a page that is laid out anew may move it away from a pointer."""
    button = page.get_by_role("button", name=name)
    button.wait_for(timeout=60_000)
    button.press("Enter", timeout=60_000)


@pytest.mark.browser
def test_people_see_what_their_role_sees_once_they_have_logged_in(dashboard, page):
    address, provider = dashboard
    page.goto(f"{address}/samples")
    page.get_by_role("heading", name="Log in to read").wait_for(timeout=60_000)
    assert page.get_by_text("scripted").count() == 0

    provider.claims = {"email": "stranger@example.org", "groups": ["strangers"]}
    press(page, "Log in")
    page.get_by_role("heading", name="You may not read here").wait_for(timeout=60_000)
    assert page.get_by_text("scripted").count() == 0

    provider.claims = {"email": "reader@example.org", "groups": ["everyone"]}
    press(page, "Log out")
    press(page, "Log in")
    page.get_by_role("heading", name="May this be released?").wait_for(timeout=60_000)
    page.get_by_text("Logged in as reader@example.org").wait_for()
    page.get_by_role("link", name="Samples").click()
    page.get_by_text("Single cases are for auditors").wait_for(timeout=60_000)

    provider.claims = {"email": "auditor@example.org", "groups": ["audit"]}
    press(page, "Log out")
    press(page, "Log in")
    page.get_by_role("heading", name="May this be released?").wait_for(timeout=60_000)
    page.get_by_role("link", name="Samples").click()
    page.get_by_text("cases in all").wait_for(timeout=60_000)


@pytest.mark.browser
def test_an_identity_that_nobody_signed_is_nobody(dashboard, page):
    address, provider = dashboard
    provider.claims = {"email": "lead@example.org", "groups": ["leads"]}
    provider.signs_with = openid_provider().new_key()
    page.goto(address)
    press(page, "Log in")
    page.get_by_role("heading", name="Log in to read").wait_for(timeout=60_000)
    assert page.get_by_text("Logged in as").count() == 0
    # With the key that it shows, the same person gets in.
    provider.signs_with = provider.shown
    press(page, "Log in")
    page.get_by_text("Logged in as lead@example.org").wait_for(timeout=60_000)
