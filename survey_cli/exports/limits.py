"""Capacity limits of SPSS, Stata and Excel files, and the substitutes for what does not fit.

Limits cover names, labels, reserved names and missing codes. Writers and the check before an export
share them; no library is imported here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.exports.conventions import list_offered_codes
from survey_cli.values import Code, Variable
from survey_cli.wording import join_first

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
MAX_TEXT_CODE_BYTES: Final = 8
"""Maximum length in bytes of a text that SPSS can treat as missing."""
MAX_MISSING_CODES: Final = 3
"""Maximum number of single codes that SPSS can treat as missing; alternatively a range and one
code."""
MIN_DISPLAY_WIDTH: Final = 8
MAX_DISPLAY_WIDTH: Final = 40
"""Minimum and maximum width of a column in SPSS's window, in characters."""
DATE_DISPLAY_WIDTH: Final = 10
TIMESTAMP_DISPLAY_WIDTH: Final = 20
"""Width of a date and of a date and time in SPSS, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatLimits:
    """Limits of one program's files.

    Lengths are in bytes of UTF-8 if `counts_bytes`, else in characters.
    """

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
        if self.counts_bytes:
            return len(text.encode())
        return len(text)

    def truncate(self, text: str, length: int) -> str:
        """Return the beginning of a text, as the program counts lengths."""
        if self.counts_bytes:
            # A character whose bytes are cut apart is left out.
            return text.encode()[:length].decode(errors="ignore")
        return text[:length]

    def shorten(self, text: str, limit: int) -> str:
        """Return a text no longer than `limit`, ending in … if it was cut."""
        if self.measure(text) <= limit:
            return text
        return self.truncate(text, limit - self.measure("…")).rstrip() + "…"

    def fit(self, text: str, limit: int, default: str = "") -> str:
        """Return a text on one line and no longer than `limit`; `default` if it is empty."""
        return self.shorten(to_single_line(text) or default, limit)

    def rejects(self, name: str) -> bool:
        """Return whether no variable may have this name."""
        folded = name.casefold()
        if folded in self.reserved:
            return True

        # str1, str2, … are types of Stata, too many for the list of reserved names.
        return self.program == "Stata" and re.fullmatch(r"str[0-9]+", folded) is not None


_SPSS_RESERVED: Final = "all and by eq ge gt le lt ne not or to with"
SPSS: Final = FormatLimits(
    program="SPSS",
    counts_bytes=True,
    name=64,
    label=256,
    value_label=120,
    text=32_767,
    columns=32_767,
    reserved=frozenset(_SPSS_RESERVED.split()),
)
_STATA_RESERVED: Final = (
    "_all _b _coef _cons _n _pi _pred _rc _skip byte double float if in int long strl using with"
)
STATA: Final = FormatLimits(
    program="Stata",
    counts_bytes=False,
    name=32,
    label=80,
    value_label=8000,
    text=2_000_000_000,
    columns=32_767,
    reserved=frozenset(_STATA_RESERVED.split()),
)
EXCEL: Final = FormatLimits(
    program="Excel",
    counts_bytes=False,
    name=255,
    label=32_767,
    value_label=32_767,
    text=32_767,
    columns=16_384,
)
"""Sources: IBM SPSS Statistics, "Variable names" and "System limits"; Stata, `help limits` and
`help dta`, release 118; Excel, "Specifications and limits". SPSS accepts any number of columns;
other readers of its files do not. A value label of Stata has 32,000 bytes, and a character up to
four."""
EXCEL_ROWS: Final = 1_048_576


def to_single_line(text: str) -> str:
    """Return a text on one line, without control characters."""
    return " ".join(CONTROL_CHARACTERS.sub(" ", text).split())


def choose_label(variable: Variable) -> str:
    """Return the label of a variable on one line; the question's wording if it has none."""
    return to_single_line(variable.label) or to_single_line(variable.wording)


def fit_names(names: Sequence[str], limits: FormatLimits) -> tuple[str, ...]:
    """Return names that the program accepts, unique without regard to case.

    Names that fit are kept. Others are cut, with a number if two would become the same. The result
    depends only on these names.
    """
    fitting = set()
    for name in names:
        is_short = limits.measure(name) <= limits.name
        if is_short and not limits.rejects(name):
            fitting.add(name)

    # All names that fit are taken before the first one is cut, so that none of them changes.
    taken = {name.casefold() for name in fitting}
    allowed = []
    for name in names:
        if name in fitting:
            allowed.append(name)
            continue

        shortened = _shorten_name(name, limits, taken)
        taken.add(shortened.casefold())
        allowed.append(shortened)

    return tuple(allowed)


def _shorten_name(name: str, limits: FormatLimits, taken: Set[str]) -> str:
    """Return the beginning of a name, with a number if it is reserved or already taken."""
    if not limits.rejects(name):
        shortened = limits.truncate(name, limits.name)
        if shortened.casefold() not in taken:
            return shortened

    # The first cut name has no number; the second begins with 2. A reserved name needs one anyway.
    number = 1 if limits.rejects(name) else 2
    while True:
        end = f"_{number}"
        shortened = limits.truncate(name, limits.name - len(end)) + end
        if shortened.casefold() not in taken:
            return shortened
        number += 1


# ── missing codes of SPSS ──


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

    The order is don't know, refused, no amount, options marked as missing, not reached, then the
    study's own declines. SPSS accepts three codes, or a range and one code if no answer is between
    some of them (as -9, -8, -7, or 9, 77, 99 on a scale of 1 to 5). In a text column, not asked and
    not reached come first, since nothing else would keep them out of a base, and options come last;
    a number that was not asked is system-missing anyway.
    """
    missing = _list_missing_codes(variable)
    if variable.storage == "text":
        return _choose_missing_texts(missing)

    first_codes = tuple(missing[:MAX_MISSING_CODES])
    other_codes = tuple(missing[MAX_MISSING_CODES:])
    best = UserMissing(codes=first_codes, unmarked=other_codes)
    if variable.storage != "integer" or not other_codes:
        return best

    def rank(choice: UserMissing) -> list[bool]:
        """Return a key by which the choice that leaves out the later codes is the smallest."""
        return [code in choice.unmarked for code in missing]

    for low, high in _find_runs(variable, missing):
        outside = [code for code in missing if not _is_between(code, low, high)]
        # A range leaves room for one code.
        ranged = UserMissing(
            codes=tuple(outside[:1]), low=low, high=high, unmarked=tuple(outside[1:])
        )
        if rank(ranged) < rank(best):
            best = ranged

    return best


def _choose_missing_texts(missing: Sequence[Code]) -> UserMissing:
    """Choose the first codes that are short enough; texts have no range."""
    short = [code for code in missing if len(str(code).encode()) <= MAX_TEXT_CODE_BYTES]
    codes = tuple(short[:MAX_MISSING_CODES])
    unmarked = tuple(code for code in missing if code not in codes)
    return UserMissing(codes=codes, unmarked=unmarked)


def _find_runs(variable: Variable, missing: Sequence[Code]) -> list[tuple[int, int]]:
    """Return the lowest and highest number of every run of missing codes.

    They follow each other, as -9, -8, -7 do. On a scale, all of whose points have labels, numbers
    between them can be no answers either: 9, 77 and 99 are one run after 1 to 5.
    """
    answers = [code for code in variable.labels if code not in missing and isinstance(code, int)]
    has_all_labels = variable.measure == "ordinal"

    def are_together(number: int, following: int) -> bool:
        if has_all_labels:
            return not any(number < answer < following for answer in answers)
        return following == number + 1

    runs: list[tuple[int, int]] = []
    for number in sorted(code for code in missing if isinstance(code, int)):
        if runs and are_together(runs[-1][1], number):
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))

    return [(low, high) for low, high in runs if low < high]


def _is_between(code: Code, low: int, high: int) -> bool:
    return isinstance(code, int) and low <= code <= high


def _list_missing_codes(variable: Variable) -> list[Code]:
    """Return the missing codes in the order in which they get the room that SPSS has."""
    offered = list_offered_codes(variable)
    codes: list[Code] = []
    if variable.storage == "text":
        first = ["not_asked", "not_reached", "dk", "refused"]
        codes += [str(offered.pop(kind)[0]) for kind in first if kind in offered]
        codes += [str(code) for code, _ in offered.values()]
        codes += variable.user_missing
    else:
        offered.pop("not_asked", None)
        not_reached = offered.pop("not_reached", None)
        first = ["dk", "refused", "no_amount"]
        codes += [offered.pop(kind)[0] for kind in first if kind in offered]
        # complete interviews have such answers (888 = It varies), and nothing that wasn't reached
        codes += variable.user_missing
        if not_reached is not None:
            codes.append(not_reached[0])
        codes += [code for code, _ in offered.values()]

    # Two kinds may share a code.
    return list(dict.fromkeys(codes))


def format_unmarked_note(cells: Mapping[str, int]) -> str:
    """Return the note on missing codes that SPSS counts as valid: number of cells by variable."""
    counts = join_first(f"{name} ({count:,})" for name, count in cells.items())
    return (
        "SPSS has room for three missing codes, or a range and one; "
        f"exclude cells with other codes yourself: {counts}"
    )


def choose_display_width(length: int) -> int:
    """Return the width of a text column in SPSS's window, for its longest text."""
    return min(max(length, MIN_DISPLAY_WIDTH), MAX_DISPLAY_WIDTH)


def build_value_labels(variable: Variable) -> dict[Code, str]:
    """Return the labels of all values in the column by code, with those of missing values."""
    labels: dict[Code, str] = dict(variable.labels)
    is_text = variable.storage == "text"
    for kind, (code, words) in list_offered_codes(variable).items():
        if is_text:
            labels.setdefault(str(code), words)
        elif kind != "not_asked":  # a number that was not asked is an empty cell
            labels.setdefault(code, words)
    return labels


# ── notes ──


def iterate_notes(
    variables: Sequence[Variable], limits: FormatLimits, *, labels: Sequence[dict[Code, str]]
) -> Iterator[str]:
    """Yield notes on names and labels that had to change.

    `labels` holds the value labels of every variable, in the same order.
    """
    program = limits.program
    unit = "bytes" if limits.counts_bytes else "characters"

    names = [variable.name for variable in variables]
    for name, new_name in zip(names, fit_names(names, limits), strict=True):
        if new_name != name:
            yield f"{name} is named {new_name} there: {program} does not accept the name"

    cut = [v.name for v in variables if limits.measure(choose_label(v)) > limits.label]
    if cut:
        yield f"{join_first(cut)}: labels are cut to {limits.label} {unit}, the limit of {program}"

    most = limits.value_label
    cut_values = []
    for name, texts in zip(names, labels, strict=True):
        if any(limits.measure(to_single_line(text)) > most for text in texts.values()):
            cut_values.append(name)
    if cut_values:
        yield f"{join_first(cut_values)}: labels of values are cut to {most} {unit}"
