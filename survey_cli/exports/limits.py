"""Capacity limits of SPSS, Stata and Excel files, and the substitutes for what does not fit.

Limits cover names, labels, reserved names and missing codes. Writers and the check before an export share them; no
library is imported here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.exports.conventions import list_offered_codes
from survey_cli.values import Code, Variable
from survey_cli.wording import join_first

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
MAX_TEXT_CODE_BYTES: Final = 8
"""Maximum length in bytes of a text that SPSS can treat as missing."""
MAX_MISSING_CODES: Final = 3
"""Maximum number of single codes that SPSS can treat as missing; alternatively a range and one code."""
MIN_DISPLAY_WIDTH: Final = 8
MAX_DISPLAY_WIDTH: Final = 40
"""Minimum and maximum width of a column in SPSS's window, in characters."""
DATE_DISPLAY_WIDTH: Final = 10
TIMESTAMP_DISPLAY_WIDTH: Final = 20
"""Width of a date and of a date and time in SPSS, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatLimits:
    """Limits of one program's files. Lengths are in bytes of UTF-8 if `counts_bytes`, else in characters."""

    program: str
    counts_bytes: bool
    name: int
    label: int
    value_label: int
    text: int
    columns: int
    reserved: frozenset[str] = frozenset()
    """Names that no variable may have, in lower case."""

    def measure(self, text: str) -> int:
        """Return the length of a text as the program counts it."""
        return len(text.encode()) if self.counts_bytes else len(text)

    def truncate(self, text: str, length: int) -> str:
        """Return the beginning of a text, as the program counts lengths."""
        return (
            text.encode()[:length].decode(errors="ignore") if self.counts_bytes else text[:length]
        )

    def shorten(self, text: str, limit: int) -> str:
        """Return a text no longer than `limit`, ending in … if it was cut."""
        short = self.truncate(text, limit - self.measure("…")).rstrip() + "…"
        return text if self.measure(text) <= limit else short

    def fit(self, text: str, limit: int, default: str = "") -> str:
        """Return a text on one line and no longer than `limit`; `default` if it is empty."""
        return self.shorten(to_single_line(text) or default, limit)

    def rejects(self, name: str) -> bool:
        """Return whether no variable may have this name."""
        folded = name.casefold()
        is_type = self.program == "Stata" and re.fullmatch(r"str[0-9]+", folded)
        return folded in self.reserved or bool(is_type)


_ROWS: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
SPSS, STATA, EXCEL = (
    FormatLimits(**row | {"reserved": frozenset(row["reserved"])}) for row in _ROWS
)
"""Sources: IBM SPSS Statistics, "Variable names" and "System limits"; Stata, `help limits` and `help dta`, release 118;
Excel, "Specifications and limits". SPSS accepts any number of columns; other readers of its files do not. A value label
of Stata has 32,000 bytes, and a character up to four."""
EXCEL_ROWS: Final = 1_048_576


def to_single_line(text: str) -> str:
    """Return a text on one line, without control characters."""
    return " ".join(CONTROL_CHARACTERS.sub(" ", text).split())


def choose_label(variable: Variable) -> str:
    """Return the label of a variable on one line; the question's wording if it has none."""
    return to_single_line(variable.label) or to_single_line(variable.wording)


def fit_names(names: Sequence[str], limits: FormatLimits) -> tuple[str, ...]:
    """Return names that the program accepts, unique without regard to case.

    Names that fit are kept; others are cut, with a number where two would become the same. The result depends on these
    names alone.
    """
    fitting = {
        name for name in names if limits.measure(name) <= limits.name and not limits.rejects(name)
    }
    taken = {name.casefold() for name in fitting}
    allowed = []
    for name in names:
        if name not in fitting:
            ends = (
                f"_{number}" if number > 1 or limits.rejects(name) else "" for number in count(1)
            )
            shortened = (limits.truncate(name, limits.name - len(end)) + end for end in ends)
            name = next(new for new in shortened if new.casefold() not in taken)
            taken.add(name.casefold())
        allowed.append(name)
    return tuple(allowed)


# ── missing codes of SPSS ──────────────────────────────────────────────────────────────────────────────────


class UserMissing(NamedTuple):
    """The user-missing codes of a variable, as SPSS files can declare them."""

    codes: tuple[Code, ...] = ()
    """Single codes: at most three, or one beside a range."""
    low: int | None = None
    """Lower end of a range of whole numbers, inclusive; None without a range."""
    high: int | None = None
    """Upper end of the range, inclusive."""
    unmarked: tuple[Code, ...] = ()
    """Missing codes for which there was no room: they stay labeled codes like any answer."""


def choose_user_missing(variable: Variable) -> UserMissing:
    """Choose the codes that SPSS treats as user-missing.

    The order is don't know, refused, not reached, the study's own declines, then options marked as missing. SPSS
    accepts three codes, or a range and one code where some of them are consecutive (as -9, -8, -7 are). In a text
    column, not asked and not reached come first, since nothing else would keep them out of a base; a number that was
    not asked is system-missing anyway.
    """
    missing = tuple(_iterate_missing_codes(variable))
    if variable.storage == "text":
        short = [code for code in missing if len(str(code).encode()) <= MAX_TEXT_CODE_BYTES]
        codes = tuple(short[:MAX_MISSING_CODES])
        return UserMissing(
            codes=codes, unmarked=tuple(code for code in missing if code not in codes)
        )
    best = UserMissing(codes=missing[:MAX_MISSING_CODES], unmarked=missing[MAX_MISSING_CODES:])
    if variable.storage == "integer" and best.unmarked:
        numbers = sorted(code for code in missing if isinstance(code, int))
        for _, run in groupby(
            enumerate(numbers), lambda pair: pair[1] - pair[0]
        ):  # runs of consecutive numbers
            (_, low), *others = run
            if not others:
                continue
            high = others[-1][1]
            outside = [
                code for code in missing if not (isinstance(code, int) and low <= code <= high)
            ]
            ranged = UserMissing(
                codes=tuple(outside[:1]), low=low, high=high, unmarked=tuple(outside[1:])
            )
            best = min(
                best, ranged, key=lambda choice: [code in choice.unmarked for code in missing]
            )
    return best


def _iterate_missing_codes(variable: Variable) -> Iterator[Code]:
    codes = list_offered_codes(variable)
    text = variable.storage == "text"
    first = (
        ("not_asked", "not_reached", "dk", "refused") if text else ("dk", "refused", "not_reached")
    )
    kinds = sorted(
        (kind for kind in codes if text or kind != "not_asked"), key=lambda k: (*first, k).index(k)
    )
    numbers = dict.fromkeys(codes[kind][0] for kind in kinds)
    yield from map(str, numbers) if text else numbers
    yield from (code for code in variable.user_missing if code not in numbers)


def format_unmarked_note(cells: Mapping[str, int]) -> str:
    """Return the note on cells with a missing code that SPSS does not treat as missing: their number by variable."""
    counts = join_first(f"{name} ({count:,})" for name, count in cells.items())
    return f"SPSS has room for three missing codes, or a range and one; exclude cells with other codes yourself: {counts}"


def choose_display_width(length: int) -> int:
    """Return the width of a text column in SPSS's window, for its longest text."""
    return min(max(length, MIN_DISPLAY_WIDTH), MAX_DISPLAY_WIDTH)


def build_value_labels(variable: Variable) -> dict[Code, str]:
    """Return the labels of all values in the column by code, with those of missing values."""
    labels: dict[Code, str] = dict(variable.labels)
    text = variable.storage == "text"
    for kind, (code, words) in list_offered_codes(variable).items():
        if text or kind != "not_asked":
            labels.setdefault(str(code) if text else code, words)
    return labels


# ── notes ───────────────────────────────────────────────────────────────────────────────────────────


def iterate_notes(
    variables: Sequence[Variable], limits: FormatLimits, *, labels: Sequence[dict[Code, str]]
) -> Iterator[str]:
    """Yield notes on names and labels that had to change. `labels` holds the value labels of each variable."""
    unit = "bytes" if limits.counts_bytes else "characters"
    for variable, name in zip(
        variables, fit_names([v.name for v in variables], limits), strict=True
    ):
        if name != variable.name:
            yield f"{variable.name} is named {name} there: {limits.program} does not accept the name"
    if cut := [v.name for v in variables if limits.measure(choose_label(v)) > limits.label]:
        yield f"{join_first(cut)}: labels are cut to {limits.label} {unit}, the limit of {limits.program}"
    most = limits.value_label
    is_long = [
        any(limits.measure(to_single_line(text)) > most for text in some.values())
        for some in labels
    ]
    if long := [v.name for v, found in zip(variables, is_long, strict=True) if found]:
        yield f"{join_first(long)}: labels of values are cut to {most} {unit}"
