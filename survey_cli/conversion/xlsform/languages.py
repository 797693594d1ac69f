"""Languages of an XLSForm: the names in its headings, and the codes that they stand for."""

import re
from typing import Final

from survey_cli.conversion.xlsform.sheets import SheetRow
from survey_cli.instrument.texts.languages import get_language_name

_LANGUAGES: Final = (
    "en es fr pt de it nl ar ru zh hi bn ur sw am so ha yo id vi km lo my ne si ta tr fa ps uk pl "
    "ro rw mg tl ht"
)
"""Languages that are found by their English names."""
_COMMON_LANGUAGES: Final = {
    "": "en",
    "español": "es",
    "français": "fr",
    "português": "pt",
    "english": "en",
}
"""Languages that are found by what forms usually call them. A form may not name its only one."""


def find_languages(rows: list[SheetRow], default: str) -> dict[str, str]:
    """Return the codes of the languages of labels by their names in the form, the default first.

    The code of columns without a language is under an empty name.
    """
    names = _list_languages(rows, default)
    known = _COMMON_LANGUAGES
    # Loading the names of the other languages takes longer than reading a form.
    if any(not _find_code(name) and name.lower() not in known for name in names):
        english = {get_language_name(code).lower(): code for code in _LANGUAGES.split()}
        known = known | english

    codes: dict[str, str] = {}
    for name in names:
        # An unknown language gets a code all the same, so that its texts aren't lost.
        start = re.sub(r"[^a-z]", "", name.lower())[:3]
        codes[name] = _find_code(name) or known.get(name.lower()) or start or "en"

    unnamed = codes.get(default) or codes[names[0]]
    return codes | {"": unnamed}


def _list_languages(rows: list[SheetRow], default: str) -> list[str]:
    """Return the names of the languages of labels, the default first; at least one."""
    names: list[str] = []
    for row in rows:
        for column, language in row.cells:
            if column == "label" and language not in names:
                names.append(language)

    # `default_language` may leave out the code that the headings have: `English (en)`.
    if default:
        names.sort(key=lambda name: not name.lower().startswith(default.lower()))
    return [name or default for name in names] or [""]


def _find_code(name: str) -> str:
    """Return the code in `English (en)`, or the name if it is a code; empty if there isn't one."""
    match = re.search(r"\(([a-z]{2,3}(?:-\w+)?)\)", name, re.IGNORECASE)
    if match is not None:
        return match[1].lower()
    return name.lower() if re.fullmatch(r"[a-zA-Z]{2}", name) else ""
