"""The pages in a real browser: addresses, clicks, keys, darkness, narrow screens, paper, and what is asked of whom."""

from __future__ import annotations

import os
import re
import shutil
import socket
from csv import DictReader
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse
from urllib.request import urlopen

import pytest

from dashboards.charts.palette import DARK
from dashboards.server import HEADERS
from harness.evidence.store import Store

pytestmark = pytest.mark.browser

WIDE = {"width": 1440, "height": 900}
RUNS = ("one", "pictures", "poisoned", "study")
"""Kinds of stores that are put together into one, the newest run first."""
VIOLATIONS = """
window.refused = [];
document.addEventListener(
    'securitypolicyviolation', its => window.refused.push(`${its.violatedDirective} ${its.blockedURI}`));
"""
SPILLED = """() => {
    const inside = node => {
        for (let at = node; at; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (at.dataset.testid === 'stSidebar' || style.position === 'fixed') return true;
            if (at !== node && ['auto', 'scroll'].includes(style.overflowX)) return at.dataset.testid !== 'stMain';
        }
        return false;
    };
    const main = document.querySelector('[data-testid="stMain"]');
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push('the window scrolls sideways');
    if (main.scrollWidth > main.clientWidth) found.push('the page scrolls sideways');
    for (const node of main.querySelectorAll('h1, h2, h3, p, li, label, button, a, summary, svg')) {
        const box = node.getBoundingClientRect();
        const seen = node.checkVisibility({opacityProperty: true, visibilityProperty: true});
        if (seen && box.width && box.right > innerWidth + 1 && !inside(node))
            found.push(`${node.tagName} ${node.textContent.slice(0, 60)} ends at ${Math.round(box.right)}`);
    }
    return found;
}"""
FAINT = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const over = (top, below) => top.slice(0, 3).map((its, at) => (its * top[3] + below[at] * (255 - top[3])) / 255);
    const light = rgb => {
        const [r, g, b] = rgb.map(its => its / 255).map(
            its => its <= 0.03928 ? its / 12.92 : ((its + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = node => {
        const layers = [];
        for (let at = node; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const found = [];
    const wanted = 'h1, h2, h3, p, li, label, summary, [data-testid="stSidebarNav"] a span';
    for (const node of document.querySelectorAll(wanted)) {
        const words = [...node.childNodes].some(its => its.nodeType === 3 && its.textContent.trim());
        if (!words || !node.getClientRects().length || node.closest('[disabled], [aria-disabled="true"]')) continue;
        const back = behind(node);
        const ink = over(rgba(getComputedStyle(node).color), back);
        const [low, high] = [light(ink), light(back)].sort((one, other) => one - other);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${node.textContent.slice(0, 40)}`);
    }
    return found;
}"""

FOCUSED = """async () => {
    const its = document.activeElement;
    const told = its.getAttribute('aria-label') || its.textContent || its.tagName;
    const around = [...its.querySelectorAll('*')].slice(0, 20);
    for (let at = its; at && around.length < 40; at = at.parentElement) around.push(at);
    const look = () => around.map(one => {
        const style = getComputedStyle(one);
        return [style.outline, style.boxShadow, style.backgroundColor, style.borderColor, style.opacity].join();
    }).join();
    const focused = look();
    // Focus comes and goes, and what it changes must be seen; the next Tab goes on from here all the same.
    its.blur();
    await new Promise(done => setTimeout(done, 120));
    // What scrolls as a whole takes keys too, and is no control that could be marked.
    const whole = its === document.body || its.dataset.testid === 'stMain';
    return [told.trim(), whole || focused !== look()];
}"""


@pytest.fixture(scope="module")
def store(browsing, made, tmp_path_factory):
    """A store with a run of each of `RUNS`, by kind, and the studies beside them."""
    root = tmp_path_factory.mktemp("browser") / "runs"
    root.mkdir()
    names = {}
    for age, kind in enumerate(RUNS):
        for bundle in Store(made(kind)).bundles():
            name = f"{kind}-{age}" if kind == "study" else bundle.name
            shutil.copytree(bundle, root / name)
            manifest = root / name / "manifest.json"
            os.utime(manifest, (manifest.stat().st_mtime - 3600 * age,) * 2)
            # A bundle that cannot be read lies there as well: it is nobody's example.
            if (root / name / "verdict.json").exists():
                names[kind] = name
        if (made(kind) / "studies").exists():
            shutil.copytree(made(kind) / "studies", root / "studies", dirs_exist_ok=True)
    return root, names


@pytest.fixture(scope="module")
def names(store):
    return store[1]


@pytest.fixture(scope="module")
def server(browsing, store, outsiders, canary):
    with browsing.serving(store[0], {"PYTHONPATH": str(outsiders), "ACME_CANARY": canary.address}) as its:
        yield its


@pytest.fixture(scope="module")
def served(server, names):
    return server, names


@pytest.fixture(scope="module")
def chrome(browsing):
    with browsing.browser() as its:
        yield its


@pytest.fixture(scope="module")
def shared(chrome):
    """One window for the tests that only look at a page; what it asked for, and whether it was interrupted."""
    context = chrome.new_context(viewport=WIDE, reduced_motion="reduce")
    context.add_init_script(VIOLATIONS)
    window = context.new_page()
    window.asked, window.dialogs = [], []
    window.on("request", lambda its: window.asked.append(its.url))
    window.on("dialog", lambda its: (window.dialogs.append(its.message), its.dismiss()))
    yield window
    context.close()


@pytest.fixture
def page(chrome):
    """A window of its own, as of a new reader."""
    context = chrome.new_context(viewport=WIDE, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def path(route):
    """The address of a page: the first is at the root."""
    return "" if route == "verdict" else route


def query(page):
    return {name: value for name, (value,) in parse_qs(urlparse(page.url).query).items()}


def run_of(page):
    """What the picker of the run says."""
    return page.get_by_role("combobox", name=re.compile("Run")).input_value()


def follow(window, browsing, route):
    """Go from page to page as readers do, which is quicker than by address."""
    link = window.locator(f'[data-testid="stSidebarNavLink"]:is([href$="/{path(route)}"], [href*="/{path(route)}?"])')
    link.first.click()
    window.wait_for_url(re.compile(rf"//[^/]+/{path(route)}(\?|$)"))
    window.wait_for_timeout(100)
    browsing.settled(window)


def resize(window, width, height, scale=1):
    session = window.context.new_cdp_session(window)
    told = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", told)
    window.wait_for_timeout(400)


def unfold(window, browsing):
    """Open whatever can be folded out: what is inside may be sent only then."""
    window.evaluate(
        "document.querySelectorAll('[data-testid=stMain] details:not([open]) > summary').forEach(its => its.click())"
    )
    window.wait_for_timeout(100)
    browsing.settled(window)


def fitted(window):
    """What is too wide, once charts have had time to be laid out anew."""
    for _ in range(20):
        if not (found := window.evaluate(SPILLED)):
            break
        window.wait_for_timeout(250)
    return found


def test_a_poisoned_page_asks_nobody_interrupts_nobody_and_fits_every_screen(route, browsing, served, shared, canary):
    server, names = served
    resize(shared, **WIDE)
    if urlparse(shared.url).query != urlencode({"run": names["poisoned"]}):
        browsing.visit(shared, server.address(path(route), {"run": names["poisoned"]}))
    follow(shared, browsing, route)
    assert "model" in shared.locator("[data-testid=stMain]").inner_text()
    assert shared.get_by_text("What this cannot tell you").count() == 1
    unfold(shared, browsing)
    # The second is what a reader sees who looks at the first at twice the size.
    for size in ((1440, 900), (720, 450, 2), (390, 844)):
        resize(shared, *size)
        assert fitted(shared) == [], (route, size)
    assert canary.asked == []
    assert shared.dialogs == []
    ours = (server.address(), "data:", "blob:")
    assert [url for url in shared.asked if not url.startswith(ours)] == []
    # The policy is a second wall: nothing but Streamlit's own line for search engines ever ran into it.
    assert set(shared.evaluate("window.refused")) <= {"script-src-elem inline"}
    assert not shared.locator("[data-testid=stMain] :is(iframe, object, embed, script)").count()


def test_an_address_shows_its_run_and_its_filters_and_follows_what_is_changed(browsing, server, names, page):
    cell = "bias.paired_likelihood@minimal_pairs"
    wanted = {"run": names["study"], "cell": cell, "outcome": "scored", "text": "the"}
    browsing.visit(page, server.address("samples", wanted))
    main = page.locator("[data-testid=stMain]")
    assert names["study"] in run_of(page)
    assert query(page) == wanted
    said = main.get_by_text(re.compile(r"\d+ cases? in all")).inner_text()
    page.reload()
    browsing.settled(page)
    main.get_by_text(said).wait_for()
    assert query(page) == wanted
    words = page.get_by_label("Words in prompt or reply")
    words.fill("nothing says this")
    words.press("Enter")
    page.get_by_text("No case fits").wait_for()
    assert query(page) == {**wanted, "text": "nothing says this"}


def test_another_run_is_chosen_into_the_address_and_kept_on_the_other_pages(browsing, server, names, page):
    browsing.visit(page, server.address())
    assert names["one"] in run_of(page)
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name=re.compile(names["study"])).click()
    page.wait_for_url(f"**run={names['study']}**")
    page.get_by_role("link", name="Methods").click()
    page.get_by_role("heading", name="How was it measured?").wait_for()
    browsing.settled(page)
    assert query(page) == {"run": names["study"]}
    assert names["study"] in run_of(page)


def test_an_address_that_nobody_could_mean_harms_nothing(browsing, server, names, page):
    strange = {"run": "../../etc/passwd", "cell": "' OR 1=1 --", "outcome": "x", "page": "-7"}
    browsing.visit(page, server.address("samples", strange))
    assert page.locator("[data-testid=stException]").count() == 0
    assert names["one"] in run_of(page)
    assert page.get_by_text(re.compile(r"\d+ cases? in all")).count() == 1


def test_a_click_on_the_map_shows_how_the_number_was_found(browsing, server, names, page):
    browsing.visit(page, server.address("risk", {"run": names["study"]}))
    cell = page.locator('[data-testid="stVegaLiteChart"]').first.locator('path[aria-label*="Stereotyp" i]').first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("heading", name="Does it treat people alike?").wait_for()
    browsing.settled(page)
    assert query(page) == {"run": names["study"]}
    page.go_back()
    page.get_by_role("heading", name="Where is the risk?").wait_for()
    # Who has no mouse has links.
    page.get_by_text("The same as links").click()
    page.get_by_role("link", name=re.compile("Closed-book")).first.click()
    page.get_by_role("heading", name="Does it make things up?").wait_for()
    assert query(page) == {"run": names["study"]}


def test_the_table_of_a_chart_comes_when_its_fold_is_opened_and_can_be_taken_away(browsing, server, names, page):
    browsing.visit(page, server.address("", {"run": names["one"]}))
    assert page.locator("[data-testid=stMain] [data-testid=stDataFrame]").count() == 0
    page.locator("summary", has_text="Show as table").first.click()
    page.get_by_test_id("stDataFrame").first.wait_for()
    with page.expect_download() as taken:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name="Download as CSV").click()
    rows = list(DictReader(Path(taken.value.path()).read_text(encoding="utf-8").splitlines()))
    assert rows
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows)


def test_everything_is_reached_with_keys_alone_and_what_is_reached_is_seen(browsing, server, page):
    browsing.visit(page, server.address())
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    said = [name for name, _ in reached]
    assert any(name.startswith("Run") or "Selected" in name for name in said), said
    assert [name for name, seen in reached if not seen] == []
    at = next(place for place, name in enumerate(said) if "Risk map" in name)
    browsing.visit(page, server.address())
    for _ in range(at + 1):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Where is the risk?").wait_for()


@pytest.mark.parametrize("route_", ["", "risk"])
def test_in_the_dark_the_page_is_dark_and_what_is_on_it_can_be_read(route_, browsing, server, chrome):
    context = chrome.new_context(viewport=WIDE, color_scheme="dark")
    page = context.new_page()
    browsing.visit(page, server.address(route_))
    background = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert background == "rgb(14, 17, 23)"
    assert page.evaluate(FAINT) == []
    drawn = set(
        page.evaluate(
            """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart] .mark-symbol path')].map(
            its => its.getAttribute('fill') || its.getAttribute('stroke'))"""
        )
    )
    assert drawn
    assert drawn <= set(DARK.rulings.values())
    context.close()


def test_in_the_light_every_word_can_be_read(browsing, server, page):
    browsing.visit(page, server.address())
    assert page.evaluate(FAINT) == []


def test_on_paper_the_verdict_is_left_and_what_could_be_pressed_is_gone(browsing, server, page):
    browsing.visit(page, server.address())
    page.emulate_media(media="print")
    assert page.get_by_role("heading", name="Failed").is_visible()
    assert page.get_by_text("What this cannot tell you").is_visible()
    for part in ("stSidebar", "stHeader", "stDownloadButton", "stPageLink", "stElementToolbar"):
        assert not [its for its in page.get_by_test_id(part).all() if its.is_visible()], part
    # The whole page flows onto paper, not the part of it that a window shows.
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    assert page.evaluate("document.documentElement.scrollHeight") >= tall > WIDE["height"]


@pytest.mark.parametrize("place", ["", "risk", "_stcore/health", "_stcore/host-config", "nowhere/at/all"])
def test_every_answer_of_the_server_carries_the_headers(place, server):
    with urlopen(server.address(place)) as answer:  # noqa: S310  our own server
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("host", "origin", "accepted"),
    [
        ("127.0.0.1", "http://127.0.0.1:{port}", True),
        ("127.0.0.1", "http://evil.example", False),
        ("127.0.0.1", "null", False),
        ("evil.example", "http://evil.example", False),
    ],
)
def test_only_the_page_itself_may_open_a_socket(host, origin, accepted, server):
    asked = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Origin: {origin.format(port=server.port)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(asked.encode())
        status = connection.recv(64).split()[1]
    assert (status == b"101") == accepted, status


def test_no_test_of_this_file_is_skipped_where_a_browser_is_named(browsing):
    assert Path(browsing.chromium()).exists()
