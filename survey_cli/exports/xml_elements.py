"""XML elements and documents, with a space for each character that XML 1.0 cannot hold."""

import re
from typing import Final, TextIO
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

_ILLEGAL_CHARACTER: Final = r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""Compiled when used, as that takes several milliseconds."""


def replace_illegal(text: str) -> str:
    """Return the text with a space for each character that XML cannot hold."""
    return re.sub(_ILLEGAL_CHARACTER, " ", text)


def add_element(parent: Element, tag: str, text: str = "", /, **attributes: str) -> Element:
    """Add an element with a text and attributes; empty attributes are omitted."""
    element = SubElement(parent, tag, {name: replace_illegal(value) for name, value in attributes.items() if value})
    element.text = replace_illegal(text) or None
    return element


def add_text(parent: Element, tag: str, text: str) -> None:
    """Add an element with a text; nothing if the text is empty."""
    if text:
        add_element(parent, tag, text)


def write_document(root: Element, to: TextIO) -> None:
    """Write a document, with each element on its own line except those within text."""
    indent(root, space="")
    for element in root.iter():
        if element.text and element.text.strip():
            for child in element:
                child.tail = None
    to.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    ElementTree(root).write(to, encoding="unicode")
    to.write("\n")
