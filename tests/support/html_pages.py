"""Helpers of tests of pages: a strict HTML parser, and a browser where there is one."""

from collections.abc import Iterator
from importlib.util import find_spec
from shutil import which
from typing import Any
from xml.etree.ElementTree import Element

import pytest

html5lib = pytest.importorskip("html5lib")

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := which(name))),
    "",
)
BROWSER = (
    bool(CHROMIUM)
    and find_spec("playwright") is not None
    and find_spec("axe_playwright_python") is not None
)
in_browser = pytest.mark.skipif(
    not BROWSER, reason="no Chromium here, or no playwright and axe to steer it"
)
# Nobody looks at the pages: without a graphics processor, drawing them costs half of the time.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-features=PreloadTopChromeWebUI",
]
SVG = "{http://www.w3.org/2000/svg}"
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def read(text: str) -> Element:
    """The page, by a parser that forgives nothing."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return root


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def by_id(id: str, root: Element) -> Element:
    (found,) = [e for e in root.iter() if e.get("id") == id]
    return found


def tables(element: Element, name: str) -> list[list[list[str]]]:
    """Each table of a class as lines of texts."""
    found = [t for t in element.iter("table") if name in (t.get("class") or "").split()]
    return [
        [[text_of(c) for c in tr if c.tag in ("th", "td")] for tr in t.iter("tr")] for t in found
    ]


def levels(root: Element) -> list[int]:
    """Of the headings, in the order of the page."""
    return [HEADINGS.index(e.tag) + 1 for e in root.iter() if e.tag in HEADINGS]


def complaints_of_axe(tab: Any) -> list[tuple[str, list[str]]]:
    """What axe-core finds, by rule; it must have looked."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response
    assert len(found["passes"]) > 20, "it did look"
    return [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found["violations"]]


def _light(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = color[1:] if len(color) == 7 else "".join(c * 2 for c in color[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((_light(one), _light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as steering:
        one = steering.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield one
        one.close()
