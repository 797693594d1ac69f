"""In which order does a codebook stand, and what does it say of a variable in one line? Every writer draws the same."""

from itertools import groupby
from typing import Final

from survey_cli.documents.results import Grid, GridLine, Head, Shown
from survey_cli.documents.wording import flat
from survey_cli.reports.results import Codebook, CodebookCode, CodebookVariable

EMPTY: Final = "(empty)"
"""Of an empty cell."""
ANY: Final = "–"
"""Of values without a code of their own."""


def sections(codebook: Codebook) -> tuple[tuple[str, tuple[CodebookVariable, ...]], ...]:
    """Runs of variables of one section, in the order of the data, with its title."""
    return tuple(
        (flat(title), tuple(group)) for title, group in groupby(codebook.variables, key=lambda v: v.section)
    )


def facts(variable: CodebookVariable) -> str:
    """Who is asked, how it is kept, where it comes from."""
    told = [
        variable.asked.removesuffix("."),
        f"{variable.storage}, {variable.measure}" if variable.measure else variable.storage,
        f"source: {variable.source}",
        f"range {variable.range_text}" if variable.range_text else "",
        "personal: kept apart from the data" if variable.personal else "",
    ]
    return ". ".join(line[:1].upper() + line[1:] for line in told if line) + "."


def counted(codebook: Codebook) -> bool:
    """Does it say how many interviews have each code?"""
    return any(code.count_text for variable in codebook.variables for code in variable.codes)


def shown_code(code: CodebookCode) -> str:
    """As it stands in the data."""
    return code.code or (EMPTY if code.missing else ANY)


def codes_grid(variable: CodebookVariable, *, counts: bool) -> Grid:
    """The codes of a variable."""
    heads = [Head("", "Meaning"), Head("", "Missing"), *([Head("", "Interviews")] if counts else [])]
    return Grid(
        caption=f"Codes of {variable.name}",
        corner="Code",
        heads=tuple(heads),
        lines=tuple(
            GridLine(
                "answer",
                shown_code(code),
                "",
                (
                    Shown(flat(code.label)),
                    Shown(code.missing),
                    *([Shown(code.count_text)] if counts else []),
                ),
            )
            for code in variable.codes
        ),
    )


def edition(codebook: Codebook) -> str:
    """`asu_2000, version 1 · 71 variables · 35 interviews`."""
    version = f", version {codebook.version}" if codebook.version else ""
    told = f"{codebook.instrument}{version} · {len(codebook.variables):,} variables"
    return told if codebook.interviews is None else f"{told} · {codebook.interviews:,} interviews"
