"""R script that reads a CSV file with all its labels, in base R.

Labels become attributes as the package haven has them where it is installed, plain ones otherwise. Every text is a
quoted ASCII string, with other characters by number, so that no text is ever run and no locale changes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from survey_cli.exports.conventions import (
    WriteOptions,
    WriteResult,
    find_response_sets,
    list_design_columns,
    list_offered_codes,
)
from survey_cli.exports.text import write_csv
from survey_cli.table.table import Table, is_timestamp
from survey_cli.values import Code, Storage, Variable

R_CLASSES: Final[dict[Storage, str]] = {
    **dict.fromkeys(("integer", "decimal"), "numeric"), **dict.fromkeys(("text", "time"), "character"), "date": "Date"
}  # fmt: skip
R_REPLICATES: Final = {
    "jk1": "JK1", "jkn": "JKn", "brr": "BRR", "fay": "Fay", "bootstrap": "bootstrap", "sdr": "successive-difference"
}  # fmt: skip
MAX_NAME_BYTES: Final = 2_000
"""Maximum length in bytes of a label that is an argument name. R accepts 10,000; strings may have any length."""
MAX_PIECE_LENGTH: Final = 5_000
"""Maximum length of a piece of a string in characters. R accepts 10,000 outside its locale."""
R_FUNCTIONS: Final = """
date_time <- function(x) as.POSIXct(x, format = "%Y-%m-%dT%H:%M:%S", tz = "UTC")
time_of_day <- function(x) {
  x <- as.difftime(x, format = "%H:%M", units = "mins")
  if (requireNamespace("hms", quietly = TRUE)) hms::as_hms(x) else x
}
describe <- function(x, label, labels = NULL, missing = NULL, not_asked = NULL, wording = "") {
  if (!is.null(not_asked)) x[!is.na(x) & x == not_asked] <- NA
  if (!is.null(labels) && requireNamespace("haven", quietly = TRUE)) {
    x <- haven::labelled_spss(x, labels = labels, na_values = missing, label = label)
  } else {
    attr(x, "label") <- label
    attr(x, "labels") <- labels
    attr(x, "na_values") <- missing
  }
  if (nzchar(wording)) attr(x, "wording") <- wording
  x
}"""


def write_r_script(table: Table, to: Path, data: Path, data_name: str) -> WriteResult:
    """Write the script, and the data that it reads as `data_name`."""
    with data.open("w", encoding="utf-8", newline="") as file:
        result = write_csv(table, file, WriteOptions(raw=True))
    with to.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(line + "\n" for line in _render_script(table, data_name))
    return result


def _render_script(table: Table, data_name: str) -> Iterator[str]:
    study, variables = table.study, table.variables
    yield "# Makes the data frame `survey`, from the working directory:"
    yield "# source() this file there, or set `folder` before."
    yield 'if (!exists("folder")) folder <- "."'
    yield "survey <- read.csv("
    yield f"  file.path(folder, {quote(data_name)}), encoding = {quote('UTF-8')}, check.names = FALSE,"
    yield '  na.strings = "", stringsAsFactors = FALSE,'
    yield "  colClasses = c("
    yield ",\n".join(f"    {quote(v.name)} = {quote(R_CLASSES[v.storage])}" for v in variables)
    yield "  )"
    yield ")"
    yield R_FUNCTIONS
    yield ""
    for variable in variables:
        if is_timestamp(variable) or variable.storage == "time":
            function = "date_time" if is_timestamp(variable) else "time_of_day"
            yield f"survey[[{quote(variable.name)}]] <- {function}(survey[[{quote(variable.name)}]])"
        yield _render_variable(variable)
    yield ""
    yield f'attr(survey, "title") <- {quote(study.title)}'
    yield f'attr(survey, "version") <- {quote(study.version)}'
    yield 'attr(survey, "multiple") <- list('
    yield ",\n".join(
        f"  {quote(name)} = structure({_render_vector([quote(n) for n in names])}, label = {quote(label)})"
        for name, label, names in find_response_sets(variables)
    )
    yield ")"
    yield from _render_design(table)


def _render_design(table: Table) -> Iterator[str]:
    """Make the object `design` of R's package survey, where the sample has weights, strata, units or replicates.

    Nothing where one of its columns is left out of the data.
    """
    study, roles, columns = table.study, table.study.design, list_design_columns(table)
    if not columns:
        return
    column = {role: f"counted[[{quote(names[0])}]]" for role, names in roles.items()}
    arguments = [f"weights = counted[[{quote(study.weight)}]]"] if study.weight else []
    if replicates := roles.get("replicate_weight"):
        method = R_REPLICATES.get(study.replication, "other")
        arguments += [
            f"type = {quote(method)}",
            f"repweights = counted[{_render_vector(list(map(quote, replicates)))}]",
        ]
        if factors := [f"{factor:.15g}" for factor in study.replication_factors]:
            arguments.append(
                f"rho = {factors[0]}" if method == "Fay" else f"scale = 1, rscales = {_render_vector(factors)}"
            )
    else:
        arguments.append(f"ids = data.frame({column['psu']})" if "psu" in column else "ids = ~1")
        arguments += [f"strata = {column['stratum']}, nest = TRUE"] if "stratum" in column else []
        arguments += [f"fpc = data.frame({column['fpc']})"] if "fpc" in column else []
    yield "# The design of the sample, for svymean(~q1, design) and others of the package survey."
    yield 'if (requireNamespace("survey", quietly = TRUE)) {'
    yield f"  counted <- survey[complete.cases(survey[{_render_vector(list(map(quote, columns)))}]), ]"
    yield f"  design <- survey::{'svrepdesign' if replicates else 'svydesign'}(data = counted, {', '.join(arguments)})"
    yield "}"


def _render_variable(variable: Variable) -> str:
    codes = list_offered_codes(variable)
    not_asked = codes.pop("not_asked", None)
    labels: dict[Code, str] = {**variable.labels, **dict(codes.values())}
    missing = [code for code, _ in codes.values()]
    missing += [code for code in variable.user_missing if isinstance(code, int)]
    arguments = [f"label = {quote(variable.label or variable.name)}"]
    if labels:
        arguments.append(f"labels = {_render_labels(variable, labels)}")
    if missing:
        values = [_render_value(variable, code) for code in dict.fromkeys(missing)]
        arguments.append(f"missing = {_render_vector(values)}")
    if not_asked is not None:
        arguments.append(f"not_asked = {_render_value(variable, not_asked[0])}")
    if variable.wording:
        arguments.append(f"wording = {quote(variable.wording)}")
    name = quote(variable.name)
    return f"survey[[{name}]] <- describe(survey[[{name}]], {', '.join(arguments)})"


def _render_labels(variable: Variable, labels: Mapping[Code, str]) -> str:
    """Return a vector of codes named by their labels."""
    if any(len(text.encode(errors="replace")) > MAX_NAME_BYTES for text in labels.values()):
        codes = _render_vector([_render_value(variable, code) for code in labels])
        return f"structure({codes}, names = {_render_vector([quote(t or str(c)) for c, t in labels.items()])})"
    return _render_vector(
        [f"{quote(text or str(code))} = {_render_value(variable, code)}" for code, text in labels.items()]
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
