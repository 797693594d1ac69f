"""R script that reads a CSV file with all its labels, in base R.

Labels become attributes as the package haven has them where it is installed, plain ones otherwise. Every text is a
quoted ASCII string, with other characters by number, so that no text is ever run and no locale changes it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from survey_cli.exports import conventions
from survey_cli.exports.templating import write_template
from survey_cli.exports.text import write_csv
from survey_cli.table.table import Table, is_timestamp
from survey_cli.values import Code, Variable

MAX_NAME_BYTES: Final = 2_000
"""Maximum length in bytes of a label that is an argument name. R accepts 10,000; strings may have any length."""
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
            quote_all=lambda texts: _render_vector([quote(text) for text in texts]),
            sets=conventions.find_response_sets(table.variables),
            design_columns=conventions.list_design_columns(table),
            factors=[f"{factor:.15g}" for factor in table.study.replication_factors],
        )
    return result


def _list_codes(variable: Variable) -> tuple[str, str, str]:
    """Return the vectors of labeled and of missing codes, and the code of "not asked"; empty where there are none."""
    codes = conventions.list_offered_codes(variable)
    not_asked = codes.pop("not_asked", None)
    labels: dict[Code, str] = {**variable.labels, **dict(codes.values())}
    texts = [quote(text or str(code)) for code, text in labels.items()]
    values = [_render_value(variable, code) for code in labels]
    if any(len(text.encode(errors="replace")) > MAX_NAME_BYTES for text in labels.values()):
        named = f"structure({_render_vector(values)}, names = {_render_vector(texts)})"
    else:
        named = _render_vector(
            [f"{text} = {value}" for text, value in zip(texts, values, strict=True)]
        )
    missing = dict.fromkeys([code for code, _ in codes.values()])
    missing |= dict.fromkeys(code for code in variable.user_missing if isinstance(code, int))
    return (
        named if labels else "",
        _render_vector([_render_value(variable, code) for code in missing]) if missing else "",
        _render_value(variable, not_asked[0]) if not_asked is not None else "",
    )


def _render_vector(parts: Sequence[str]) -> str:
    return f"c({', '.join(parts)})"


def _render_value(variable: Variable, code: Code) -> str:
    return quote(str(code)) if variable.storage == "text" else str(code)


def quote(text: str) -> str:
    """Quote a text as an R string in ASCII.

    Lone surrogates and null characters, which R cannot hold, become the replacement character.
    """
    if len(text) > MAX_PIECE_LENGTH:
        pieces = (text[at : at + MAX_PIECE_LENGTH] for at in range(0, len(text), MAX_PIECE_LENGTH))
        return f"paste0({', '.join(map(quote, pieces))})"
    return '"' + "".join(map(_escape_character, text)) + '"'


def _escape_character(character: str) -> str:
    point = ord(character)
    if character in '"\\':
        return "\\" + character
    if 0x20 <= point < 0x7F:
        return character
    if point == 0 or 0xD800 <= point < 0xE000:
        return "\\uFFFD"
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"
