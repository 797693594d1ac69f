"""Rate table: counts, eligibility (e) and rates by frame, with the assumptions stated in words.

It formats rates and computes none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.fieldwork.rates.counts import DispositionCounts, ExactNumber
from survey_cli.fieldwork.rates.dispositions import GROUPS, DispositionGroup
from survey_cli.fieldwork.rates.rates import Eligibility, EligibleShare, Rates, combine_rates, compute_rates
from survey_cli.reports.rounding import format_count, format_decimal
from survey_cli.table import Table
from survey_cli.values import Cell, Variable

NOT_DEFINED: Final = "not defined"
PROPORTION_DIGITS: Final = 6
"""Decimals of a proportion in a file."""


class RateDefinition(NamedTuple):
    """The definition of a rate: part and whole."""

    rate: str
    part: str
    """What is above the line."""
    whole: str
    """What is below it; of unknown cases all, e of them, or none."""


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
"""In the order they are shown. Contacted are I, P, R and O."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateInput:
    """What one column is made of: a frame, or the part of it with one value of `by`."""

    frame: str = ""
    """Its name; empty where there is only one."""
    by: str = ""
    """The value that the frame is divided by."""
    counts: DispositionCounts
    e: Eligibility
    """The whole frame's."""
    open_cases: int | None = None
    """Cases that may still be called; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateColumn:
    """One frame, part of one, or a composite, which has no counts."""

    frame: str
    by: str
    rates: Rates
    counts: DispositionCounts | None = None
    e: Eligibility | None = None
    open_cases: int | None = None

    @property
    def title(self) -> str:
        return " ".join(part for part in (self.frame, self.by) if part) or "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """The report."""

    heading: str
    """What has to be said before any figure; empty where nothing has."""
    title: str = ""
    """Whose rates these are, and as of when; empty where nobody knows."""
    columns: tuple[RateColumn, ...]
    notes: tuple[str, ...]
    """What e is and rests upon, what was assumed, what is still open."""


def build_rate_table(
    rated: Sequence[RateInput],
    *,
    weights: Mapping[str, Fraction] | None = None,
    quotas: bool = False,
    finished_only: bool = False,
    then: bool = False,
    title: str = "",
    notes: Sequence[str] = (),
) -> RateTable:
    """Build a column for each frame or part, and with `weights` a composite for each value of `by`.

    `weights` maps frames to weights that add up to 1. `finished_only`: open cases were left out of the counts.
    `then`: the counts are those of a past moment. `notes` follow those derived from the figures.
    """
    columns = [
        RateColumn(
            frame=one.frame,
            by=one.by,
            rates=compute_rates(one.counts, one.e),
            counts=one.counts,
            e=one.e,
            open_cases=one.open_cases,
        )
        for one in rated
    ]
    if weights:
        columns += _build_composites(columns, weights)
    return RateTable(
        heading="not a probability sample: quotas decided who was interviewed" if quotas else "",
        columns=tuple(columns),
        notes=(
            *_iterate_notes(rated, weights or {}),
            *_describe_open_cases(rated, finished_only=finished_only, then=then),
            *notes,
        ),
        title=title,
    )


def _build_composites(columns: Iterable[RateColumn], weights: Mapping[str, Fraction]) -> list[RateColumn]:
    found = {(column.frame, column.by): column.rates for column in columns}
    nothing = Rates(*[None] * len(Rates._fields))
    return [
        RateColumn(
            frame="composite",
            by=by,
            rates=combine_rates([(w, found.get((frame, by), nothing)) for frame, w in weights.items()]),
        )
        for by in dict.fromkeys(by for _, by in found)
    ]


def _iterate_notes(rated: Sequence[RateInput], weights: Mapping[str, Fraction]) -> Iterable[str]:
    by_frame = {one.frame: one.e for one in rated}
    for frame, e in by_frame.items():
        of = f"e of {frame}" if frame else "e"
        if e.uh == e.uo:
            yield f"{of}: {_describe_eligibility(e.uh, e)}"
        else:
            yield f"{of}: for UH {_describe_eligibility(e.uh, e)}; for UO {_describe_eligibility(e.uo, e)}"
    yield "RR1, RR2, REF1 and CON1 take every unknown case as eligible; RR5, RR6, REF3 and CON3 assume that none is"
    if weights:
        parts = " + ".join(f"{format_share(weight)} {frame}" for frame, weight in weights.items())
        yield f"composite: {parts}"


def _describe_eligibility(share: EligibleShare, e: Eligibility) -> str:
    if share.source == "known":
        return "1, since every unit of a list is known to be eligible"
    if share.value is None:
        return "not defined: there is no case of known eligibility to estimate it from"
    if share.source == "given":
        return f"{format_share(share.value)}, as given"
    known = f"{format_count(e.eligible)}/({format_count(e.eligible)} + {format_count(e.not_eligible)})"
    return f"{format_decimal(share.value, 4)} = {known}, estimated by proportional allocation"


def _describe_open_cases(rated: Sequence[RateInput], *, finished_only: bool, then: bool) -> Iterable[str]:
    wholes = [one for one in rated if not one.by] or rated  # parts are in their frame already
    still_open = sum(one.open_cases or 0 for one in wholes)
    one = still_open == 1
    cases = "1 case" if one else f"{format_count(still_open)} cases"
    if finished_only:
        yield f"only finished cases: {cases} that {'is' if one else 'are'} open {'is' if one else 'are'} left out"
    elif still_open and then:
        were = "was open, and is counted as it stood" if one else "were open, and are counted as they stood"
        yield f"as if the field had closed then: {cases} {were}"
    elif still_open:
        are = "is open, and counted as it stands" if one else "are open, and counted as they stand"
        yield f"as if the field closed now: {cases} {are}"


def format_rate(rate: Fraction | None, digits: int = 1) -> str:
    """`35.1%`, or `not defined`."""
    return NOT_DEFINED if rate is None else f"{format_decimal(rate * 100, digits)}%"


def format_share(value: Fraction) -> str:
    """Format a share with as few decimals as needed, or as a fraction."""
    for digits in range(PROPORTION_DIGITS + 1):
        if (value * 10**digits).denominator == 1:
            return format_decimal(value, digits)
    return str(value)


def collect_figures(column: RateColumn) -> dict[str, Fraction | int | None]:
    """All figures of a column by their names, exactly: the groups, e, the rates; None where there is none."""
    counts: Mapping[DispositionGroup, ExactNumber] = column.counts.list_by_group() if column.counts else {}
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
    names = ("frame", "by", *(name for column in report.columns[:1] for name in collect_figures(column)))
    return Table(
        variables=tuple(Variable(name=name, storage="text", role="admin") for name in names),
        rows=[(c.frame, c.by, *map(_format_cell, collect_figures(c).values())) for c in report.columns],
    )


def _format_cell(value: Fraction | int | None) -> Cell:
    if value is None:
        return ""
    return format_decimal(value, PROPORTION_DIGITS).replace(",", "") if isinstance(value, Fraction) else str(value)
