"""How does a text stand in XML? Escaped, and without the characters that XML 1.0 cannot hold (a space for each)."""

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

UNFIT: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml(text: str) -> str:
    """Within an element."""
    return escape(UNFIT.sub(" ", text))


def attribute(text: str) -> str:
    """Within a tag, its quotes around it."""
    return quoteattr(UNFIT.sub(" ", text))
