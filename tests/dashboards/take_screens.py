"""Takes a picture of every page of a store, for the documentation.

    python tests/dashboards/take_screens.py --store runs [--run NAME] [--out docs/screens]

Each page of the router is opened as a reader opens it, by address, in a window of 1440 pixels, and saved as a PNG of 64
colours at half that width; the first one also as a telephone shows it. ``--page samples=cell=…&outcome=…`` sets what
the address of a page says. A picture shows what stands there: take them of a store of real runs.
"""

from __future__ import annotations

import argparse
import re
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from browsing import browser, serving, settled, visit
from PIL import Image

ROOT = Path(__file__).parents[2]
ROUTER = ROOT / "dashboards" / "app.py"
WIDE, NARROW = 1440, 390
TALLEST = 1800
"""Pixels of a page that are shown; who wants to see more opens it."""
COLOURS = 64
LARGEST = 60_000
"""Bytes of one picture."""


def shoot(window: Any, url: str, width: int) -> Image.Image:
    """The page at ``url``, from its top as far as it goes, up to `TALLEST`."""
    window.set_viewport_size({"width": width, "height": 900})
    visit(window, url)
    tall = window.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    window.set_viewport_size({"width": width, "height": min(max(tall, 600), TALLEST)})
    # Charts are laid out anew, and are not to be caught half way.
    window.wait_for_timeout(1500)
    settled(window)
    return Image.open(BytesIO(window.screenshot())).convert("RGB")


def save(picture: Image.Image, place: Path, width: int) -> int:
    """Write the picture at ``width`` pixels, as few colours as make it small enough, and return its bytes."""
    small = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    for colours in (COLOURS, 32, 16):
        small.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(place, optimize=True)
        if place.stat().st_size <= LARGEST:
            break
    return place.stat().st_size


def main() -> None:
    """Read the command line, open every page, and save what it shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--run", help="folder of the run to show; left out: the newest")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screens")
    parser.add_argument("--page", action="append", default=[], metavar="NAME=QUERY", help="what a page's address says")
    parser.add_argument("--only", action="append", default=[], help="take these pages alone")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    asked = dict(one.split("=", 1) for one in given.page)
    names = re.findall(r'st\.Page\("screens/(\w+)\.py"', ROUTER.read_text(encoding="utf-8"))
    with serving(given.store) as server, browser() as chrome:
        window = chrome.new_context(color_scheme="light", reduced_motion="reduce").new_page()
        for name in [its for its in names if not given.only or its in given.only]:
            said = {**({"run": given.run} if given.run else {}), **dict(parse_qsl(asked.get(name, "")))}
            url = server.address("" if name == names[0] else name, said)
            print(f"{name:16} {save(shoot(window, url, WIDE), given.out / f'{name}.png', WIDE // 2):7,} bytes")
            if name == names[0]:
                small = save(shoot(window, url, NARROW), given.out / f"{name}_{NARROW}.png", NARROW)
                print(f"{name}_{NARROW:<8} {small:7,} bytes")


if __name__ == "__main__":
    main()
