"""Chart files: SVG, or PNG rendered by the library of the extra `png`."""

from importlib import import_module
from importlib.util import find_spec
from typing import Final

SCALE: Final = 2
"""Dots of a PNG for each unit of its chart."""


def render_svg_file(svg: str) -> str:
    """The text of a file that any viewer opens."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def can_render_png() -> bool:
    """Is the library here? It needs Cairo besides, which a system has or has not."""
    if find_spec("cairosvg") is None:
        return False
    try:
        import_module("cairosvg")
    except OSError:  # the library is here, Cairo is not
        return False
    return True


def render_png(svg: str) -> bytes:
    """The picture in dots, on white. Only where `can_render_png`."""
    made: bytes = import_module("cairosvg").svg2png(bytestring=svg.encode(), scale=SCALE, background_color="white")
    return made
