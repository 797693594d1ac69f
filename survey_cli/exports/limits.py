"""What can a program's file hold? How long names and labels may be, which names are taken, how many codes can be
missing; and what stands for what does not fit. Writers and the check before them ask here; it knows no library."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.exports.missing_codes import ORDER, offered_codes
from survey_cli.values import Code, Variable

CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
SHORT: Final = 8
"""Bytes of a text that SPSS can take for missing."""
SLOTS: Final = 3
"""Codes that SPSS can take for missing one by one; or a range and one."""
LEAST_SHOWN: Final = 8
MOST_SHOWN: Final = 40
"""Letters, the least and the most, that a column of SPSS's window is wide."""
DAY_SHOWN: Final = 10
MOMENT_SHOWN: Final = 20
"""Letters of a day and of a moment as SPSS shows them."""
NAMED: Final = 8
"""Names listed in one note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one program's files. Lengths are bytes of UTF-8 where `bytes` says so, else letters."""

    program: str
    bytes: bool
    name: int
    label: int
    value_label: int
    text: int
    columns: int
    reserved: frozenset[str] = frozenset()
    """Names that no variable may have, in small letters."""

    def size(self, text: str) -> int:
        """How long the program finds a text."""
        return len(text.encode()) if self.bytes else len(text)

    def cut(self, text: str, most: int) -> str:
        """The text no longer than `most`, between two characters, and with … where something is gone."""
        if self.size(text) <= most:
            return text
        if not self.bytes:
            return text[: most - 1].rstrip() + "…"
        return text.encode()[: most - 3].decode(errors="ignore").rstrip() + "…"


SPSS: Final = Limits(
    program="SPSS",
    bytes=True,
    name=64,
    label=256,
    value_label=120,
    text=32_767,
    columns=32_767,
    reserved=frozenset(["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"]),
)
"""IBM SPSS Statistics, "Variable names" and "System limits"; it takes any number of columns, other readers of its files
do not."""
STATA: Final = Limits(
    program="Stata",
    bytes=False,
    name=32,
    label=80,
    value_label=8_000,  # of up to four bytes each: Stata takes 32,000
    text=2_000_000_000,
    columns=32_767,
    reserved=frozenset(
        [
            "_all",
            "_b",
            "byte",
            "_coef",
            "_cons",
            "_n",
            "_pi",
            "_pred",
            "_rc",
            "_skip",
            "double",
            "float",
            "if",
            "in",
            "int",
            "long",
            "strl",
            "using",
            "with",
        ]
    ),
)
"""Stata, `help limits` and `help dta`, release 118."""
EXCEL: Final = Limits(
    program="Excel",
    bytes=False,
    name=255,
    label=32_767,
    value_label=32_767,
    text=32_767,
    columns=16_384,
)
"""Excel, "Specifications and limits"."""
EXCEL_ROWS: Final = 1_048_576


def plain(text: str) -> str:
    """On one line, without what nobody sees."""
    return " ".join(CONTROLS.sub(" ", text).split())


def fitted(text: str, limits: Limits) -> str:
    """The label of a variable, or what stands for it."""
    return limits.cut(plain(text), limits.label)


def label_of(variable: Variable) -> str:
    """What a variable is called in words: its label, else the question's wording."""
    return plain(variable.label) or plain(variable.wording)


def fitting_names(names: Sequence[str], limits: Limits) -> tuple[str, ...]:
    """Names that the program takes, no two alike without regard to case: as they are where they fit, else cut, with a
    number where two would be one. They depend on these names alone."""
    taken = {name.casefold() for name in names if _fits(name, limits)}
    made = []
    for name in names:
        if not _fits(name, limits):
            name = _other(name, taken, limits)
            taken.add(name.casefold())
        made.append(name)
    return tuple(made)


def _fits(name: str, limits: Limits) -> bool:
    return limits.size(name) <= limits.name and not _reserved(name, limits)


def _reserved(name: str, limits: Limits) -> bool:
    low = name.casefold()
    return low in limits.reserved or (
        limits.program == STATA.program and re.fullmatch(r"str[0-9]+", low) is not None
    )


def _other(name: str, taken: set[str], limits: Limits) -> str:
    for number in range(1, len(taken) + 3):
        end = f"_{number}" if number > 1 or _reserved(name, limits) else ""
        short = _start(name, limits.name - len(end), limits) + end
        if short.casefold() not in taken:
            return short
    raise AssertionError("there are more numbers than names")


def _start(name: str, most: int, limits: Limits) -> str:
    return name.encode()[:most].decode(errors="ignore") if limits.bytes else name[:most]


# ── missing codes of SPSS ──────────────────────────────────────────────────────────────────────────────────


class UserMissing(NamedTuple):
    """Which codes SPSS leaves out by itself, as its files can say it."""

    codes: tuple[Code, ...] = ()
    """One by one: three, or one beside a range."""
    low: int | None = None
    """A range of whole numbers, with its ends."""
    high: int | None = None
    left: tuple[Code, ...] = ()
    """Those for which there was no room: labelled codes like any answer's."""

    @property
    def covered(self) -> frozenset[Code]:
        """Every code that is left out."""
        between = () if self.low is None or self.high is None else range(self.low, self.high + 1)
        return frozenset((*self.codes, *between))


def user_missing(variable: Variable) -> UserMissing:
    """Don't know, refused, not reached, the study's own declines, then options marked as missing, in this order.

    Three at most; or, where some of the codes follow one another (as -9, -8, -7 do), those as a range, and one more. Of a
    column of texts not asked and not reached go first, since nothing else would keep them out of a base; a number that
    was not asked is missing by itself.
    """
    wanted = tuple(_wanted(variable))
    if variable.storage == "text":
        short = [code for code in wanted if len(str(code).encode()) <= SHORT]
        kept = tuple(short[:SLOTS])
        return UserMissing(codes=kept, left=tuple(code for code in wanted if code not in kept))
    best = UserMissing(codes=wanted[:SLOTS], left=wanted[SLOTS:])
    if variable.storage == "integer" and best.left:
        for low, high in _runs(sorted(code for code in wanted if isinstance(code, int))):
            outside = [code for code in wanted if not (isinstance(code, int) and low <= code <= high)]
            ranged = UserMissing(codes=tuple(outside[:1]), low=low, high=high, left=tuple(outside[1:]))
            if _first(ranged, wanted) < _first(best, wanted):
                best = ranged
    return best


def _wanted(variable: Variable) -> Iterator[Code]:
    codes = offered_codes(variable)
    text = variable.storage == "text"
    order = ("not_asked", "not_reached", "dk", "refused") if text else ORDER
    others = [kind for kind in codes if kind not in (*order, "not_asked")]
    seen: set[Code] = set()
    for kind in (*order, *others):
        if kind in codes and codes[kind][0] not in seen:
            seen.add(codes[kind][0])
            yield str(codes[kind][0]) if text else codes[kind][0]
    yield from (code for code in variable.user_missing if code not in seen)


def crowded(cells: Mapping[str, int]) -> str:
    """What is said of cells whose code is to be left out and is not; by name how many there are."""
    told = listed(f"{name} ({count:,})" for name, count in cells.items())
    return f"SPSS has room for three missing codes, or a range and one; cells with others, to be left out by hand: {told}"


def shown_width(letters: int) -> int:
    """Of a column of texts in SPSS's window."""
    return min(max(letters, LEAST_SHOWN), MOST_SHOWN)


def _runs(codes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Stretches of numbers that follow one another."""
    start = None
    for at, code in enumerate(codes):
        start = code if start is None else start
        if at + 1 == len(codes) or codes[at + 1] != code + 1:
            if code > start:
                yield start, code
            start = None


def _first(made: UserMissing, wanted: Sequence[Code]) -> tuple[bool, ...]:
    """By what is left out two ways compare: the one that loses a later code is the better."""
    return tuple(code in made.left for code in wanted)


def value_labels(variable: Variable, *, missing: bool = True) -> dict[Code, str]:
    """By code the label of every value that may stand in the column, the codes of missings among them if `missing`."""
    labels: dict[Code, str] = dict(variable.labels)
    if missing:
        text = variable.storage == "text"
        for kind, (code, words) in offered_codes(variable).items():
            if text or kind != "not_asked":
                labels.setdefault(str(code) if text else code, words)
    return labels


# ── what is said ───────────────────────────────────────────────────────────────────────────────────────────


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the first of them where they are many."""
    found = list(names)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more


def notes_of(
    variables: Sequence[Variable], limits: Limits, *, labels: Sequence[dict[Code, str]]
) -> Iterator[str]:
    """What had to be shortened or renamed in names and labels. `labels`: the value labels of each variable."""
    for variable, name in zip(variables, fitting_names([v.name for v in variables], limits), strict=True):
        if name != variable.name:
            yield f"{variable.name} is named {name} there: {limits.program} does not take the name"
    if cut := [v.name for v in variables if limits.size(label_of(v)) > limits.label]:
        yield f"{listed(cut)}: labels are cut to {limits.label} {_measure(limits)}, as {limits.program} has them"
    long = [
        v.name
        for v, some in zip(variables, labels, strict=True)
        if any(limits.size(plain(text)) > limits.value_label for text in some.values())
    ]
    if long:
        yield f"{listed(long)}: labels of values are cut to {limits.value_label} {_measure(limits)}"


def _measure(limits: Limits) -> str:
    return "bytes" if limits.bytes else "letters"
