"""Chart files: SVG, or PNG rendered by the library of the extra `png`."""

from importlib import import_module
from importlib.util import find_spec
from typing import Final

SCALE: Final = 2
"""Pixels per unit of a chart."""


def render_svg_file(svg: str) -> str:
    """Return the content of an SVG file."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def can_render_png() -> bool:
    """Whether the library is installed, and Cairo, which it needs."""
    if find_spec("cairosvg") is None:
        return False
    try:
        import_module("cairosvg")
    except OSError:  # Cairo is not installed
        return False
    return True


def render_png(svg: str) -> bytes:
    """Return a PNG picture on white. Requires `can_render_png`."""
    png: bytes = import_module("cairosvg").svg2png(bytestring=svg.encode(), scale=SCALE, background_color="white")
    return png
