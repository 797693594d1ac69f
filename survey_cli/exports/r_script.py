"""R script that reads a CSV file with all its labels, in base R.

Labels become the attributes of the package haven if it is installed, plain ones otherwise. Every
text is a quoted ASCII string, with other characters by number, so that no text is ever run and no
locale changes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from survey_cli.exports import conventions
from survey_cli.exports.templating import write_template
from survey_cli.exports.text import write_csv
from survey_cli.table.table import Table, is_timestamp
from survey_cli.values import Code, Variable

MAX_NAME_BYTES: Final = 2_000
"""Maximum length in bytes of a label that is an argument name.

R accepts 10,000; strings may have any length.
"""
MAX_PIECE_LENGTH: Final = 5_000
"""Maximum length of a piece of a string in characters. R accepts 10,000 outside its locale."""


def write_r_script(table: Table, to: Path, data: Path, data_name: str) -> conventions.WriteResult:
    """Write the script, and the data that it reads as `data_name`."""
    with data.open("w", encoding="utf-8", newline="") as file:
        result = write_csv(table, file, conventions.WriteOptions(raw=True))

    with to.open("w", encoding="ascii", newline="\n") as file:
        write_template(
            file,
            "r_script.jinja",
            table=table,
            data_name=data_name,
            is_timestamp=is_timestamp,
            list_codes=_list_codes,
            quote=quote,
            quote_all=_quote_all,
            sets=conventions.find_response_sets(table.variables),
            design_columns=conventions.list_design_columns(table),
            factors=[f"{factor:.15g}" for factor in table.study.replication_factors],
        )
    return result


def _list_codes(variable: Variable) -> tuple[str, str, str]:
    """Return the vectors of labeled and missing codes, and the code of "not asked", or ""."""
    codes = conventions.list_offered_codes(variable)

    not_asked = ""
    if "not_asked" in codes:
        code, _ = codes.pop("not_asked")
        not_asked = _render_value(variable, code)

    labels: dict[Code, str] = {**variable.labels, **dict(codes.values())}

    missing: dict[Code, None] = {code: None for code, _ in codes.values()}
    for option in variable.user_missing:
        if isinstance(option, int):
            missing[option] = None
    missing_values = ""
    if missing:
        missing_values = _render_vector([_render_value(variable, code) for code in missing])

    return _render_labels(variable, labels), missing_values, not_asked


def _render_labels(variable: Variable, labels: Mapping[Code, str]) -> str:
    """Return a vector of codes that are named by their labels; empty without labels."""
    if not labels:
        return ""

    texts = [quote(text or str(code)) for code, text in labels.items()]
    values = [_render_value(variable, code) for code in labels]

    # The parser of R limits the length of an argument's name, but not that of a string.
    if any(len(text.encode(errors="replace")) > MAX_NAME_BYTES for text in labels.values()):
        return f"structure({_render_vector(values)}, names = {_render_vector(texts)})"
    pairs = [f"{text} = {value}" for text, value in zip(texts, values, strict=True)]
    return _render_vector(pairs)


def _quote_all(texts: Iterable[str]) -> str:
    return _render_vector([quote(text) for text in texts])


def _render_vector(parts: Sequence[str]) -> str:
    return f"c({', '.join(parts)})"


def _render_value(variable: Variable, code: Code) -> str:
    if variable.storage == "text":
        return quote(str(code))
    return str(code)


def quote(text: str) -> str:
    """Quote a text as an R string in ASCII.

    Lone surrogates and null characters, which R cannot hold, become the replacement character.
    """
    if len(text) > MAX_PIECE_LENGTH:
        starts = range(0, len(text), MAX_PIECE_LENGTH)
        pieces = [quote(text[start : start + MAX_PIECE_LENGTH]) for start in starts]
        return f"paste0({', '.join(pieces)})"

    escaped = "".join(_escape_character(character) for character in text)
    return f'"{escaped}"'


def _escape_character(character: str) -> str:
    point = ord(character)
    if character in '"\\':
        return "\\" + character
    if 0x20 <= point < 0x7F:
        return character
    if point == 0 or 0xD800 <= point < 0xE000:
        return "\\uFFFD"
    if point < 0x10000:
        return f"\\u{point:04X}"
    return f"\\U{point:08X}"
