"""XML elements, with a space for each character that XML 1.0 cannot hold."""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement

_ILLEGAL_CHARACTER: Final = r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""Compiled when used, as that takes several milliseconds."""


def replace_illegal(text: str) -> str:
    """Return the text with a space for each character that XML cannot hold."""
    return re.sub(_ILLEGAL_CHARACTER, " ", text)


def add_element(parent: Element, tag: str, text: str = "", /, **attributes: str) -> Element:
    """Add an element with a text and attributes; empty attributes are omitted."""
    written = {name: replace_illegal(value) for name, value in attributes.items() if value}
    element = SubElement(parent, tag, written)
    element.text = replace_illegal(text) or None
    return element
