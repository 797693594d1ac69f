"""Texts that are likely to break something: pieces that strategies and mutations combine."""

from hypothesis import strategies as st

from survey_cli.instrument.expressions.functions import FUNCTIONS

HOSTILE = (
    "", " ", "\t", "\n", "\r", "\r\n", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\u200b", "\ufeff",
    "=1+1", "+1", "-1", "@SUM(A1)", "'", '"', "''", "[bold]x[/]", "{x}", "{", "}", "**", "%s", "\\", "\\n", ",",
    ";", "é", "e\u0301", "ß", "İ", "ﬁ", "٣", "²", "½", "一", "𝟙", "👩\u200d👩\u200d👧", "\U0010ffff", "NaN", "inf",
    "1e999", "1e5", "0x10", "1_000", "1,000", "007", "-0", "+5", "9" * 30, "9" * 400, "true", "null", "~", "no",
    ".", "..", ".back", ".dk", ".stop", ".note x", ".jump q1", "a" * 300,
)  # fmt: skip
"""Texts that have broken programs."""

MOMENTS = (
    "1", "2", "3", "12", "31", "29", "30", "0", "1985", "2024", "2023", "1800", "2200", "9999", "85", "Feb", "March",
    "sept", "of", "st", "nd", "th", " ", "/", "-", ".", ",", ":", "am", "pm", "a.m.", "noon", "midnight", "h", "24",
    "60", "930", "2400", "٣", "²", "May", "Ma", "am.", "p",
)  # fmt: skip
"""Pieces of dates and times."""

YAML = (
    ":", ": ", "- ", "-", "\n", "\n  ", "\n    ", "  ", "\t", "{", "}", "[", "]", ",", '"', "'", "|", ">", "|-\n", "#",
    "&a", "*a", "&a [*a, *a]", "!!str ", "!!python/object:os.system ", "!", "%YAML 1.2", "---", "...", "?", "<<: *a",
    "1", "-1", "0", "1.5", "010", "1:30", "2001-01-01", "yes", "true", "null", "~",
)  # fmt: skip
"""Pieces that mean something to YAML."""

KEYS = (
    "id", "type", "text", "items", "options", "ask_if", "unless", "order", "random", "flip", "rotate", "single", "scale",
    "multiple", "number", "date", "time", "verbatim", "read", "end", "split", "draw", "lookup", "handover", "battery",
    "section", "roster", "statements", "count", "each", "until", "max", "min", "decimals", "from", "to", "labels",
    "declines", "checks", "expect", "say", "soft", "confirm", "if", "prefill", "specify", "exclusive", "missing",
    "anchor", "include", "prefix", "scales", "sample", "compute", "quotas", "fieldwork", "faq", "outcomes", "languages",
    "title", "instrument", "version", "study", "dayparts", "arms", "nets", "pattern", "partial", "typed_as", "personal",
    "outcome", "complete", "callback", "by", "using", "where", "role", "key", "zone", "after", "hangup", "intro",
)  # fmt: skip
"""Words of the language of instruments."""

CONDITION = (
    " and ", " or ", "not ", " in ", " not in ", " == ", " != ", " < ", " <= ", " > ", "(", ")", "[", "]", ", ", " + ",
    " - ", " * ", " / ", " % ", " // ", " ** ", " if ", " else ", "1", "2", "0", "1.5", "'x'", '"y"', "dk", "refused",
    *(f"{name}(" for name in FUNCTIONS), "today()", "len(", ".", "lambda: ", "True", "None", "9" * 25, "1e999", "\n",
    "#", "\\", "'", "'2000-02-29'", "'12:30'",
)  # fmt: skip
"""Pieces of conditions."""

hostile = st.one_of(
    st.text(max_size=30),
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4), max_size=5).map("".join),
)
"""Any text, the wicked ones more often."""
moments = st.lists(st.sampled_from(MOMENTS), max_size=8).map("".join) | st.lists(
    st.sampled_from(MOMENTS), max_size=5
).map(" ".join)
"""What may be meant for a date or a time."""


def readable(text: str) -> str:
    """The same without halves of characters, which no file holds."""
    return text.encode("utf-8", "ignore").decode()
