"""Text in XML: escaped, with a space for each character that XML 1.0 cannot hold."""

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

ILLEGAL_IN_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape_text(text: str) -> str:
    """Within an element."""
    return escape(ILLEGAL_IN_XML.sub(" ", text))


def quote_attribute(text: str) -> str:
    """Within a tag, its quotes around it."""
    return quoteattr(ILLEGAL_IN_XML.sub(" ", text))
