"""What may not be in the pages' code, and what stands on every answer of the server."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.safe_text import MARKDOWN, escaped
from dashboards.server import HEADERS, Headers

HOME = Path(__file__).parents[2] / "dashboards"
FILES = sorted(HOME.rglob("*.py"))


@pytest.mark.parametrize(
    "word",
    [
        "unsafe_allow_html",
        "unsafe_allow_javascript",
        "st.table",
        "MarkdownColumn",
        "LinkColumn",
        "ImageColumn",
        "st.write(",
    ],
)
def test_no_page_uses_what_reads_hostile_text_as_markup(word):
    assert not [path.name for path in FILES if word in path.read_text()]


def test_pages_reach_the_house_through_one_door():
    reached = {
        (path.name, name)
        for path in FILES
        for name in re.findall(r"^\s*(?:from|import) (harness[.\w]*)", path.read_text(), re.MULTILINE)
    }
    assert {name for _, name in reached} == {"harness.query"}


@given(st.text(max_size=200))
def test_escaped_text_has_no_sign_that_markdown_reads(text):
    found = escaped(text)
    assert "\n" not in found
    assert not MARKDOWN.search(re.sub(r"\\.", "", found))


def test_the_shipped_settings_are_hardened():
    its = tomllib.loads((HOME / ".streamlit" / "config.toml").read_text())
    assert its["server"]["address"] == "127.0.0.1"
    assert its["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert its["server"]["enableXsrfProtection"] is True
    assert its["browser"]["gatherUsageStats"] is False
    assert its["client"]["showErrorDetails"] == "none"


def test_every_answer_has_our_headers_whatever_the_app_said():
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Frame-Options", b"ALLOWALL")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    asyncio.run(Headers(app)({"type": "http"}, None, send))
    got = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    assert got == HEADERS
    assert "default-src 'none'" in got["content-security-policy"]
    # Not even a socket may be opened to another host.
    assert "connect-src 'self';" in got["content-security-policy"]
    assert "unsafe-inline" not in got["content-security-policy"].split("script-src")[1].split(";")[0]
