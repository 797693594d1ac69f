"""A script for R that reads a file of comma-separated values with all its labels: attributes as the package haven has
them where it is installed, plain ones where it is not. Base R runs it.

Whatever was typed stands in quotes as plain ASCII, every other letter by its number, so that no text is ever run and no
locale changes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.exports.answer_sets import answer_sets
from survey_cli.exports.missing_codes import offered_codes
from survey_cli.exports.text.csv import write_csv
from survey_cli.table import Table
from survey_cli.table.timestamps import is_timestamp
from survey_cli.values import Code, Storage, Variable

if TYPE_CHECKING:
    from survey_cli.exports.formats import Manner

CLASSES: Final[dict[Storage, str]] = {
    "integer": "numeric",
    "decimal": "numeric",
    "text": "character",
    "date": "Date",
    "time": "character",
}
NAME: Final = 2_000
"""Bytes of a label that may stand as the name of an argument: R takes 10,000, and as a text any number."""
PIECE: Final = 5_000
"""Letters of a text in one piece: R takes 10,000 where its locale does not have them."""
FUNCTION: Final = """
moment <- function(x) as.POSIXct(x, format = "%Y-%m-%dT%H:%M:%S", tz = "UTC")
time_of_day <- function(x) {
  x <- as.difftime(x, format = "%H:%M", units = "mins")
  if (requireNamespace("hms", quietly = TRUE)) hms::as_hms(x) else x
}
described <- function(x, label, labels = NULL, absent = NULL, not_asked = NULL, wording = "") {
  if (!is.null(not_asked)) x[!is.na(x) & x == not_asked] <- NA
  if (!is.null(labels) && requireNamespace("haven", quietly = TRUE)) {
    x <- haven::labelled_spss(x, labels = labels, na_values = absent, label = label)
  } else {
    attr(x, "label") <- label
    attr(x, "labels") <- labels
    attr(x, "na_values") <- absent
  }
  if (nzchar(wording)) attr(x, "wording") <- wording
  x
}"""


def write_r_script(table: Table, to: Path, data: Path, named: str, raw: "Manner") -> int:
    """The script into `to`, the data into `data`, which the script knows as `named`; the rows."""
    with data.open("w", encoding="utf-8", newline="") as file:
        rows = write_csv(table, file, raw)
    with to.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(line + "\n" for line in _script(table, named))
    return rows


def _script(table: Table, named: str) -> Iterator[str]:
    study, variables = table.study, table.variables
    yield "# Makes the data frame `survey`, from the working directory:"
    yield "# source() this file there, or give `folder` before."
    yield 'if (!exists("folder")) folder <- "."'
    yield "survey <- read.csv("
    yield f"  file.path(folder, {quoted(named)}), encoding = {quoted('UTF-8')}, check.names = FALSE,"
    yield '  na.strings = "", stringsAsFactors = FALSE,'
    yield "  colClasses = c("
    yield ",\n".join(f"    {quoted(v.name)} = {quoted(CLASSES[v.storage])}" for v in variables)
    yield "  )"
    yield ")"
    yield FUNCTION
    yield ""
    for variable in variables:
        if is_timestamp(variable) or variable.storage == "time":
            made = "moment" if is_timestamp(variable) else "time_of_day"
            yield f"survey[[{quoted(variable.name)}]] <- {made}(survey[[{quoted(variable.name)}]])"
        yield _described(variable)
    yield ""
    yield f'attr(survey, "title") <- {quoted(study.title)}'
    yield f'attr(survey, "version") <- {quoted(study.version)}'
    yield 'attr(survey, "multiple") <- list('
    yield ",\n".join(
        f"  {quoted(name)} = structure({_vector([quoted(n) for n in names])}, label = {quoted(label)})"
        for name, label, names in answer_sets(variables)
    )
    yield ")"


def _described(variable: Variable) -> str:
    codes = offered_codes(variable)
    labels: dict[Code, str] = {
        **dict(variable.labels),
        **{code: text for kind, (code, text) in codes.items() if kind != "not_asked"},
    }
    absent = [code for kind, (code, _) in codes.items() if kind != "not_asked"]
    absent += [code for code in variable.user_missing if isinstance(code, int)]
    told = [f"label = {quoted(variable.label or variable.name)}"]
    if labels:
        told.append(f"labels = {_labels(variable, labels)}")
    if absent:
        told.append(f"absent = {_vector([_value(variable, code) for code in dict.fromkeys(absent)])}")
    if "not_asked" in codes:
        told.append(f"not_asked = {_value(variable, codes['not_asked'][0])}")
    if variable.wording:
        told.append(f"wording = {quoted(variable.wording)}")
    name = quoted(variable.name)
    return f"survey[[{name}]] <- described(survey[[{name}]], {', '.join(told)})"


def _labels(variable: Variable, labels: Mapping[Code, str]) -> str:
    """Codes by their labels; a label twice is two codes."""
    if any(len(text.encode(errors="replace")) > NAME for text in labels.values()):
        codes = _vector([_value(variable, code) for code in labels])
        return f"structure({codes}, names = {_vector([quoted(t or str(c)) for c, t in labels.items()])})"
    return _vector(
        [f"{quoted(text or str(code))} = {_value(variable, code)}" for code, text in labels.items()]
    )


def _vector(parts: Sequence[str]) -> str:
    return f"c({', '.join(parts)})"


def _value(variable: Variable, code: Code) -> str:
    return quoted(str(code)) if variable.storage == "text" else str(code)


def quoted(text: str) -> str:
    """A text as R reads it, in ASCII. Half a surrogate pair, which R does not know, is the sign for an unknown letter; so
    is a null."""
    if len(text) > PIECE:
        return f"paste0({', '.join(quoted(text[at : at + PIECE]) for at in range(0, len(text), PIECE))})"
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    point = ord(letter)
    if letter in '"\\':
        return "\\" + letter
    if 0x20 <= point < 0x7F:
        return letter
    if point == 0 or 0xD800 <= point < 0xE000:
        return "\\uFFFD"
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"
