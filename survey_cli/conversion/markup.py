"""HTML and Markdown in the texts of forms, and how it is removed."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import unescape
from typing import Final, NamedTuple

from survey_cli.instrument.texts.invisible_characters import remove_invisible

_COLORED_TAG: Final = re.compile(r"(?i)<(/?)(span|font|p|div)\b([^<>]*)>")
_RED: Final = re.compile(r"""(?i)color\s*[:=][\s"']*(?:#ff0000|red)""")
_LINE_BREAK: Final = re.compile(r"[\x85\u2028\u2029]")
_TAG: Final = re.compile(r"</?[a-zA-Z]")
_REPLACEMENTS: Final = (
    ("</style>", r"(?is)<style\b.*?</style>", ""),
    ("</script>", r"(?is)<script\b.*?</script>", ""),
    ("</head>", r"(?is)<head\b.*?</head>", ""),
    (">", r"<![^>]*>", ""),
    (">", r"(?i)</?(strong|b)\b[^>]*>", "**"),
    (">", r"(?i)<li\b[^>]*>", "\n- "),
    (">", r"(?i)<br\s*/?>|</?(p|div|tr|ul|ol|h\d|table)\b[^>]*>", "\n"),
    (">", r"</?[a-zA-Z][^>]*>", ""),
    ("", r"(?m)^#{1,6} +|(?<![\w*_])_(\S[^_\n]*)_(?![\w_])", r"\1"),
    (r"\)", r"\[([^\[\]]+)\]\(https?:[^)]*\)", r"\1"),
)
"""What each ends with, in this order.

These are scripts, comments, bold words, list entries, lines, other tags, Markdown, and links.
"""


# The text of a choice is converted once for every question that has its list.
@lru_cache(maxsize=10_000)
def strip_markup(text: str) -> str:
    """Remove HTML and Markdown; bold words keep two asterisks, and list entries a dash."""
    for ending, pattern, replacement in _REPLACEMENTS:
        text = _replace_complete(ending, pattern, replacement, text)
    # An entity such as &#8203; is a character that nobody sees, or a line break of its own.
    text = remove_invisible(_LINE_BREAK.sub("\n", unescape(text)))
    text = re.sub(r"\*\*([^*]*)\*\*", _tidy_bold, text)

    lines = []
    for line in text.split("\n"):
        tidied = re.sub(r"[ \t\xa0]+", " ", line).strip()
        if tidied != "-":
            lines.append(tidied)
    text = re.sub(r"(?<!\n)\n+(?=- )", "\n", "\n".join(lines))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()

    # braces are fills in a questionnaire
    return text.replace("{", "{{").replace("}", "}}")


def _replace_complete(ending: str, pattern: str, replacement: str, text: str) -> str:
    """Replace what a pattern matches, up to the last ending that the text has."""
    # Without this, each beginning that lacks its ending is searched to the end of the text, which
    # takes minutes for a text made for that.
    complete = re.match(f"(?is).*{ending}", text)
    if complete is None:
        return text

    return re.sub(pattern, replacement, complete[0]) + text[complete.end() :]


def _tidy_bold(match: re.Match[str]) -> str:
    """Move spaces out of bold words: ` ** now ** ` is ` **now** `. Bold spaces aren't bold."""
    inside = match[1]
    words = inside.strip()
    if not words:
        return inside

    before, after = inside.split(words)
    return f"{before}**{words}**{after}"


def split_instruction(text: str) -> tuple[str, str]:
    """Return the words that are read aloud, and those in red, which are for the interviewer.

    Words in red are for the interviewer by a widespread convention.
    """
    red: list[str] = []
    spoken: list[str] = []
    end = 0
    for part in _iterate_red_parts(text):
        red.append(part.words)
        spoken.append(text[end : part.start])
        end = part.end
    spoken.append(text[end:])

    spoken_text = "".join(spoken)
    if not strip_markup(spoken_text):
        spoken_text = ""
    return spoken_text, "\n".join(red)


class _RedPart(NamedTuple):
    """Words in red, and where their tags begin and end in the text."""

    words: str
    start: int
    end: int


def _iterate_red_parts(text: str) -> Iterator[_RedPart]:
    """Yield what is between a tag with the color red and the next tag that closes it."""
    # One pattern from tag to tag would look for the end again from every tag in red, which takes
    # minutes for a text made for that.
    last_closing: dict[str, int] = {}
    for tag in _COLORED_TAG.finditer(text):
        if tag[1]:
            last_closing[tag[2].lower()] = tag.start()

    opening: re.Match[str] | None = None
    for tag in _COLORED_TAG.finditer(text):
        name = tag[2].lower()
        is_closing = bool(tag[1])
        if opening is None:
            is_closed_later = tag.start() < last_closing.get(name, 0)
            if not is_closing and is_closed_later and _RED.search(tag[3]):
                opening = tag
        elif is_closing and name == opening[2].lower():
            yield _RedPart(text[opening.end() : tag.start()], opening.start(), tag.end())
            opening = None


def has_markup(pieces: Iterable[object]) -> bool:
    """Return whether a text has tags of HTML."""
    return any(isinstance(piece, str) and _TAG.search(piece) for piece in pieces)
