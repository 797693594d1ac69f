"""Rate table: counts, eligibility (e) and rates by frame, with the assumptions stated in words.

It formats rates and computes none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.fieldwork.rates.dispositions import GROUPS, DispositionGroup
from survey_cli.fieldwork.rates.rates import (
    DispositionCounts,
    Eligibility,
    EligibleShare,
    ExactNumber,
    Rates,
    combine_rates,
    compute_rates,
)
from survey_cli.reports.rounding import format_count, format_decimal
from survey_cli.reports.texts import translate
from survey_cli.table.table import Table
from survey_cli.values import Cell, Variable
from survey_cli.wording import format_quantity

NOT_DEFINED: Final = "not defined"
MAIN_RATES: Final = ("RR1", "COOP1", "REF1", "CON1")
PROPORTION_DIGITS: Final = 6
"""Decimals of a proportion in a file."""


class RateDefinition(NamedTuple):
    """The definition of a rate as numerator and denominator."""

    rate: str
    part: str
    """The numerator."""
    whole: str
    """The denominator; it includes all unknown cases, the share e of them, or none."""


RATE_DEFINITIONS: Final = (
    RateDefinition("RR1", "complete", "all unknown"),
    RateDefinition("RR2", "complete, partial", "all unknown"),
    RateDefinition("RR3", "complete", "e of unknown"),
    RateDefinition("RR4", "complete, partial", "e of unknown"),
    RateDefinition("RR5", "complete", "no unknown"),
    RateDefinition("RR6", "complete, partial", "no unknown"),
    RateDefinition("COOP1", "complete", "contacted"),
    RateDefinition("COOP2", "complete, partial", "contacted"),
    RateDefinition("COOP3", "complete", "contacted, no O"),
    RateDefinition("COOP4", "complete, partial", "contacted, no O"),
    RateDefinition("REF1", "refusal, break-off", "all unknown"),
    RateDefinition("REF2", "refusal, break-off", "e of unknown"),
    RateDefinition("REF3", "refusal, break-off", "no unknown"),
    RateDefinition("CON1", "contacted", "all unknown"),
    RateDefinition("CON2", "contacted", "e of unknown"),
    RateDefinition("CON3", "contacted", "no unknown"),
)
"""Definitions in the order in which rates are shown; contacted are I, P, R and O."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateColumn:
    """One frame, its part with one value of a column, or a composite without counts."""

    frame: str = ""
    """Name of the frame; empty if there is only one."""
    by: str = ""
    """The value that divides the frame; empty for a whole frame."""
    rates: Rates
    counts: DispositionCounts | None = None
    e: Eligibility | None = None
    """The eligibility of the whole frame."""
    open_cases: int | None = None
    """Cases that may still be called; None if it is not known."""
    quota_full: ExactNumber = 0
    """The part of NE that a full quota turned away (4.80)."""
    unscreened: int = 0
    """Cases with a conversation, and none that came as far as the screening (3.21)."""
    unscreened_refusals: int = 0
    """Those in which somebody refused; 0 if that is not known."""

    @classmethod
    def from_counts(
        cls,
        counts: DispositionCounts,
        e: Eligibility,
        *,
        frame: str = "",
        by: str = "",
        open_cases: int | None = None,
    ) -> "RateColumn":
        """Return the column with the rates of these counts."""
        return cls(
            frame=frame,
            by=by,
            rates=compute_rates(counts, e),
            counts=counts,
            e=e,
            open_cases=open_cases,
        )

    @property
    def title(self) -> str:
        return " ".join(part for part in (self.frame, self.by) if part) or "all"


class RateNoteKind(Enum):
    """What a note on rates is about, for reports that repeat some of them."""

    ELIGIBILITY = auto()
    """e, the share of unknown cases counted as eligible; the note begins with the letter."""
    OPEN_CASES = auto()
    OTHER = auto()


class RateNote(NamedTuple):
    """A note on rates."""

    text: str
    kind: RateNoteKind = RateNoteKind.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """The report."""

    heading: str
    """Warning before any figure; empty if there is none."""
    title: str = ""
    """The study and the time of the rates; empty if they are not known."""
    columns: tuple[RateColumn, ...]
    remarks: tuple[RateNote, ...]
    """Notes on e, assumptions and open cases."""

    @property
    def notes(self) -> tuple[str, ...]:
        """The texts of the notes."""
        return tuple(note.text for note in self.remarks)


def build_rate_table(
    columns: Sequence[RateColumn],
    *,
    weights: Mapping[str, Fraction] | None = None,
    quotas: bool = False,
    finished_only: bool = False,
    then: bool = False,
    title: str = "",
    notes: Sequence[str] = (),
) -> RateTable:
    """Build the table of the columns, and with `weights` a composite per value of `by`.

    `weights` maps frames to weights that add up to 1. `finished_only` says that the counts exclude
    open cases, `then` that they are as of a past time. `notes` follow those derived from the
    figures.
    """
    heading = ""
    if quotas:
        heading = translate("not a probability sample: quotas decided who was interviewed")
    composites: list[RateColumn] = []
    if weights:
        composites = _build_composites(columns, weights)
    open_cases = _describe_open_cases(columns, finished_only=finished_only, then=then)
    return RateTable(
        heading=heading,
        columns=(*columns, *composites),
        remarks=(
            *_iterate_notes(columns, weights or {}),
            *(RateNote(text, RateNoteKind.OPEN_CASES) for text in open_cases),
            *map(RateNote, notes),
        ),
        title=title,
    )


def _build_composites(
    columns: Iterable[RateColumn], weights: Mapping[str, Fraction]
) -> list[RateColumn]:
    rates = {(column.frame, column.by): column.rates for column in columns}
    undefined = Rates(*[None] * len(Rates._fields))
    return [
        RateColumn(
            frame="composite",
            by=by,
            rates=combine_rates(
                [(weight, rates.get((frame, by), undefined)) for frame, weight in weights.items()]
            ),
        )
        for by in dict.fromkeys(by for _, by in rates)
    ]


def _iterate_notes(
    columns: Sequence[RateColumn], weights: Mapping[str, Fraction]
) -> Iterable[RateNote]:
    by_frame = {column.frame: column.e for column in columns if column.e is not None}
    for frame, e in by_frame.items():
        name = translate("e of {frame}", frame=frame) if frame else "e"
        if e.uh == e.uo:
            text = _describe_eligibility(e.uh, e)
        else:
            text = translate(
                "for UH {uh}; for UO {uo}",
                uh=_describe_eligibility(e.uh, e),
                uo=_describe_eligibility(e.uo, e),
            )
        yield RateNote(f"{name}: {text}", RateNoteKind.ELIGIBILITY)
    for text in _describe_full_quotas(columns):
        yield RateNote(text, RateNoteKind.ELIGIBILITY)
    yield from map(RateNote, _describe_unscreened(columns))
    yield RateNote(translate("rates-unknown"))
    if weights:
        parts = " + ".join(f"{format_share(weight)} {frame}" for frame, weight in weights.items())
        yield RateNote(f"{translate('composite')}: {parts}")


def _describe_full_quotas(columns: Iterable[RateColumn]) -> Iterable[str]:
    """Say what an estimated e does with eligible respondents whom a full quota turned away.

    They are in the group 4, not eligible: Standard Definitions, 9th edition, Table 1 (page 74).
    """
    for column in columns:
        e = column.e
        is_estimated = e is not None and "estimated" in (e.uh.source, e.uo.source)
        if e is None or column.by or not column.quota_full or not is_estimated:
            continue
        eligible = e.eligible + column.quota_full
        share = format_decimal(Fraction(eligible) / Fraction(e.eligible + e.not_eligible), 4)
        name = translate("e of {frame}", frame=column.frame) if column.frame else "e"
        yield f"{name}: " + translate(
            "rates-quota-full", n=format_count(column.quota_full), share=share
        )


def _describe_unscreened(columns: Iterable[RateColumn]) -> Iterable[str]:
    """Say how many cases ended before the screening, and how many of them refused."""
    for column in columns:
        if column.by or not column.unscreened:
            continue
        text = translate(
            "rates-unscreened",
            n=format_count(column.unscreened),
            refused=format_count(column.unscreened_refusals),
        )
        yield f"{column.frame}: {text}" if column.frame else text


def _describe_eligibility(share: EligibleShare, e: Eligibility) -> str:
    if share.source == "known":
        return translate("1, because every unit of a list is known to be eligible")
    if share.value is None:
        return translate("not defined: there is no case of known eligibility to estimate it from")
    if share.source == "given":
        return translate("{share}, as given", share=format_share(share.value))
    known = (
        f"{format_count(e.eligible)}/({format_count(e.eligible)} + {format_count(e.not_eligible)})"
    )
    text = "{share} = {known}, estimated by proportional allocation"
    return translate(text, share=format_decimal(share.value, 4), known=known)


def _describe_open_cases(
    columns: Sequence[RateColumn], *, finished_only: bool, then: bool
) -> Iterable[str]:
    # A frame includes its parts.
    frames = [column for column in columns if not column.by] or columns
    open_cases = sum(column.open_cases or 0 for column in frames)
    if not open_cases and not finished_only:
        return
    if finished_only:
        several = "only finished cases: {n} cases that are open are left out"
        one = "only finished cases: 1 case that is open is left out"
    elif then:
        several = "open-then"
        one = "open-then-one"
    else:
        several = "open-now"
        one = "open-now-one"
    yield translate(one if open_cases == 1 else several, n=format_count(open_cases))


def format_rate(rate: Fraction | None, digits: int = 1) -> str:
    """Format a rate as a percentage, `35.1%`, or as `not defined`."""
    if rate is None:
        return translate(NOT_DEFINED)
    return f"{format_decimal(rate * 100, digits)}%"


def describe_main_rates(columns: Iterable[RateColumn]) -> list[str]:
    """Describe the lowest rates of a frame in a line: response, cooperation, refusal, contact."""
    lines = []
    for column in columns:
        parts = [column.frame] if column.frame else []
        parts += [f"{name} {format_rate(getattr(column.rates, name))}" for name in MAIN_RATES]
        lines.append("  ".join(parts))
        if column.unscreened:
            talks = format_quantity(column.unscreened, "conversation")
            lines.append(f"{talks} before the screening (3.21): not in COOP1 and REF1")
    return lines


def format_share(value: Fraction) -> str:
    """Format a share with as few decimals as needed, or as a fraction."""
    for digits in range(PROPORTION_DIGITS + 1):
        if (value * 10**digits).denominator == 1:
            return format_decimal(value, digits)
    return str(value)


def collect_figures(column: RateColumn) -> dict[str, Fraction | int | None]:
    """Return the exact figures of a column by name: groups, e, rates; None if one isn't defined."""
    counts: Mapping[DispositionGroup, ExactNumber] = {}
    if column.counts:
        counts = column.counts.list_by_group()
    return {
        "open": column.open_cases,
        **{group: counts.get(group) for group in GROUPS},
        "e_uh": column.e.uh.value if column.e else None,
        "e_uo": column.e.uo.value if column.e else None,
        **column.rates._asdict(),
    }


def tabulate_rates(report: RateTable) -> Table:
    """Convert the report to a table for export: a row per column, with proportions from 0 to 1.

    A figure that is not defined is empty.
    """
    names = (
        "frame",
        "by",
        *(name for column in report.columns[:1] for name in collect_figures(column)),
    )
    return Table(
        variables=tuple(Variable(name=name, storage="text", role="admin") for name in names),
        rows=[
            (column.frame, column.by, *map(_format_cell, collect_figures(column).values()))
            for column in report.columns
        ],
    )


def _format_cell(value: Fraction | int | None) -> Cell:
    if value is None:
        return ""
    if isinstance(value, Fraction):
        return format_decimal(value, PROPORTION_DIGITS).replace(",", "")
    return str(value)
