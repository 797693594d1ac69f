"""Response rates of a study's cases or of a file of final counts.

It reads the options, estimates e, and builds the table.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import BinaryIO, Final, NamedTuple

from survey_cli.fieldwork.case.disposition_coding import NOT_SCREENED_CODE
from survey_cli.fieldwork.queue.scheduling import has_time_left, parse_criteria
from survey_cli.fieldwork.rates.dispositions import SampleFrame
from survey_cli.fieldwork.rates.rates import (
    DispositionCounts,
    Eligibility,
    estimate_eligibility,
    parse_share,
)
from survey_cli.instrument.compiled.model import Instrument, find_labels
from survey_cli.permissions import Action
from survey_cli.problems import Position, Problem, UserError, suggest_nearest
from survey_cli.reports.fieldwork.disposition_counts import (
    CountedState,
    DispositionOptions,
    StudyDispositions,
    count_dispositions,
)
from survey_cli.reports.fieldwork.rates import RateColumn, RateTable, build_rate_table
from survey_cli.reports.texts import translate
from survey_cli.samples.cases.columns import find_column
from survey_cli.samples.lists.counts_file import read_counts
from survey_cli.services.date_options import RequestedTime, parse_as_of
from survey_cli.services.run_on_study import Request, convert_to_study_time, run_on_study
from survey_cli.store.cases.live_counts import SettledCases
from survey_cli.study.consistency.upkeep import PLAN_SETTING
from survey_cli.study.open_study import StudyRecords
from survey_cli.values import Value
from survey_cli.wording import format_quantity

RULE: Final = "rates"
MAX_PARTS: Final = 60
"""Highest number of columns in a table."""
FRAME_KINDS: Final[Mapping[SampleFrame, str]] = {
    "list": "list of people",
    "establishment": "list of establishments",
    "rdd": "random digits",
}
"""What the title calls a kind of sample frame; it is translated."""
SHARE_REMEDY: Final = "write a share as 0.9, 90% or 9/10"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesOptions:
    """Which cases are counted, and assumptions about eligibility, as texts of the command line."""

    by: str = ""
    """The sample column whose values divide the frames."""
    as_of: str = ""
    """A past time as typed; empty for now."""
    zone: tzinfo | None = None
    """The time zone of dates; None means the computer's."""
    finalized: bool = False
    """Leave out cases that may still be called."""
    weighted: bool = False
    """Weight by the sample column with `role: weight`."""
    all_origins: bool = False
    """Count practice and simulated interviews too."""
    frame: SampleFrame = "rdd"
    """The kind of sample frame: what codes mean, and whether e is estimated.

    Studies have their own.
    """
    e: str = ""
    """One share for all frames, or `landline=0.3,mobile=0.5`; it is estimated if this is empty."""
    e_uh: str = ""
    """The share for UH only; it takes precedence over `e`."""
    e_uo: str = ""
    """The share for UO only."""
    composite: str = ""
    """Weights of the frames: `landline=0.6,mobile=0.4`."""
    quotas: bool = False
    """Quotas determined who was interviewed. In a study, its plan says so."""


class RatesReport(NamedTuple):
    """The table of rates, and warnings about its counts."""

    table: RateTable
    warnings: tuple[Problem, ...] = ()


def compute_study_rates(request: Request, options: RatesOptions) -> RatesReport:
    """Compute the rates of a study's own cases. Raises UserError."""
    return run_on_study(
        request,
        lambda study: compute_rates_from_records(study, options, now=request.at),
        action=Action.READ_REPORTS,
    )


def compute_rates_from_records(
    records: StudyRecords, options: RatesOptions, *, now: datetime, live: bool = True
) -> RatesReport:
    """Compute the rates of open records. Raises StoreError.

    They are computed from the live counts if these suffice, else from the histories. `live` says
    that `now` is the present time, and not that of an earlier event.
    """
    when = parse_as_of(options.as_of, convert_to_study_time(records.store, now), options.zone)
    _check_options(records.instrument, options)

    dispositions = _count_cases(records, options, when, live=live)
    if dispositions.uncountable:
        raise _make_uncounted_error(records, dispositions)
    if not dispositions.frames:
        raise _make_no_cases_error(records, when)
    if len(dispositions.parts) > MAX_PARTS:
        what = f"{options.by} has {len(dispositions.parts):,} values"
        raise UserError("--by", what, f"choose a column with at most {MAX_PARTS} values")

    plan = records.plan
    columns, weights = build_rate_columns(
        dispositions, replace(options, frame=plan.frame), where=records.path
    )
    title = translate(
        "{study} (frame: {kind}), as of {time}",
        study=records.instrument.id,
        kind=translate(FRAME_KINDS[plan.frame]),
        time=when.text,
    )
    report = build_rate_table(
        columns,
        weights=weights,
        quotas=bool(plan.quotas.quotas),
        finished_only=options.finalized,
        then=when.past,
        title=title,
        notes=tuple(_iterate_notes(records.instrument, options, dispositions)),
    )
    return RatesReport(report)


def _count_cases(
    records: StudyRecords, options: RatesOptions, when: RequestedTime, *, live: bool
) -> StudyDispositions:
    """Count the cases by their codes, from the live counts if these suffice."""
    labels: dict[Value, str] = {}
    if options.by:
        language = records.instrument.language
        labels.update(find_labels(records.instrument, options.by, language).items())
    disposition_options = DispositionOptions(
        at=when.at,
        by=options.by,
        labels=labels,
        weighted=options.weighted,
        finished_only=options.finalized,
    )
    # The live counts are of now, without sample columns and weights.
    needs_histories = when.past or options.by or options.weighted
    if live and not needs_histories:
        settled = _count_settled_cases(
            records, disposition_options, all_origins=options.all_origins, with_refusals=True
        )
        if settled is not None:
            return settled

    excluded: frozenset[str] = frozenset()
    if not options.all_origins:
        excluded = frozenset(records.store.cases.counts.list_excluded_interviews())
    until = when.at if when.past else None
    histories = records.store.cases.queries.iterate_histories(until=until)
    disposition_options = replace(disposition_options, excluded_interviews=excluded)
    return count_dispositions(histories, records.plan, disposition_options)


def _make_no_cases_error(records: StudyRecords, when: RequestedTime) -> UserError:
    if when.past:
        what = "no case had been released by then"
        return UserError(records.where, what, "give a later date and time")
    return UserError(records.where, "no case has been released yet", "import or release a sample")


def compute_live_rates(records: StudyRecords, at: datetime) -> tuple[RateColumn, ...]:
    """Compute the rates of each frame from the live counts. Raises StoreError.

    Returns nothing if the counts do not suffice.
    """
    dispositions = _count_settled_cases(records, DispositionOptions(at=at))
    if dispositions is None:
        return ()

    columns, _weights = build_rate_columns(dispositions, RatesOptions(frame=records.plan.frame))
    return tuple(columns)


def build_rate_columns(
    dispositions: StudyDispositions, options: RatesOptions, *, where: str = ""
) -> tuple[list[RateColumn], Mapping[str, Fraction]]:
    """Build the columns of the parts and frames, and the weights of a composite.

    Raises UserError.
    """
    counts = {tally.frame: tally.counts for tally in dispositions.frames}
    eligibility, weights = resolve_assumptions(where, counts, options)
    columns = []
    for tally in (*dispositions.parts, *dispositions.frames):
        column = RateColumn.from_counts(
            tally.counts,
            eligibility[tally.frame],
            frame=tally.frame,
            by=tally.by,
            open_cases=tally.open_cases,
        )
        columns.append(
            replace(
                column,
                quota_full=tally.quota_full,
                unscreened=tally.unscreened,
                unscreened_refusals=tally.unscreened_refusals,
            )
        )
    return columns, weights


def _count_settled_cases(
    records: StudyRecords,
    options: DispositionOptions,
    *,
    all_origins: bool = False,
    with_refusals: bool = False,
) -> StudyDispositions | None:
    """Count the cases by their live counts; by their histories if a state doesn't tell the code.

    `with_refusals` also reads the histories of cases that ended before the screening, to see who
    refused. Returns None if the queue was computed by other rules, or if a code is in no group and
    the case must be named.
    """
    if records.store.settings.read(PLAN_SETTING) != records.plan.fingerprint:
        return None

    cases = records.store.cases.counts.read_settled_cases()
    others = list(cases.others)
    read_codes: set[str] = set()
    if with_refusals:
        read_codes.add(NOT_SCREENED_CODE)
        known = {key for key, _ in others}
        queries = records.store.cases.queries
        rows = queries.iterate_rows(code=NOT_SCREENED_CODE)
        # All keys first: the histories are other queries.
        keys = [row.key for row in rows if row.key not in known]
        others += [(key, queries.read_history(key)) for key in keys]

    # Histories of unscreened cases have been added, and their codes aren't counted again.
    settled = _count_states(records, cases, options.at, without=read_codes)
    # Counter's plus leaves out what adds up to 0.
    states = ((CountedState(*state), number) for state, number in (+settled).items())
    if not all_origins:
        options = replace(options, excluded_interviews=cases.excluded_interviews)
    dispositions = count_dispositions(others, records.plan, options, states)
    return None if dispositions.uncountable else dispositions


def _count_states(
    records: StudyRecords, cases: SettledCases, at: datetime, *, without: Collection[str]
) -> Counter[tuple[bool, str, bool, str]]:
    """Count the cases by released, code, open and frame, except those with the codes `without`."""
    is_open_by_bucket = {}
    for bucket in {state.bucket for state in cases.states if state.bucket}:
        is_open_by_bucket[bucket] = has_time_left(parse_criteria(bucket), records.plan, at)

    settled: Counter[tuple[bool, str, bool, str]] = Counter()
    for state, number in cases.states.items():
        if state.code in without:
            continue
        is_released = state.status != "unreleased"
        is_open = is_open_by_bucket.get(state.bucket, state.status == "held")
        settled[is_released, state.code, is_open, state.frame] += number
    for (code, frame), number in cases.unreleased.items():
        if code in without:
            continue
        settled[True, str(code), False, str(frame)] -= number
        settled[False, str(code), False, str(frame)] += number
    return settled


def _check_options(instrument: Instrument, options: RatesOptions) -> None:
    """Check that the sample supports the options. Raises UserError."""
    if options.weighted and find_column(instrument, "weight") is None:
        remedy = "add role: weight to the column of base weights"
        raise UserError("--weighted", "no sample column has role: weight", remedy)
    if not options.by:
        return

    offered = []
    for name, one in instrument.sample.items():
        if not one.is_personal and one.role != "key":
            offered.append(name)
    otherwise = "the study has no suitable column"
    if offered:
        otherwise = f"suitable columns are {', '.join(offered)}"

    column = instrument.sample.get(options.by)
    if column is None:
        remedy = suggest_nearest(options.by, offered, otherwise=otherwise)
        raise UserError("--by", f"{options.by!r} is not a sample column", remedy)
    if column.is_personal:
        raise UserError("--by", f"{options.by} is personal", otherwise)
    if column.role == "key":
        what = f"{options.by} identifies cases: every group would be one case"
        raise UserError("--by", what, otherwise)


def _iterate_notes(
    instrument: Instrument, options: RatesOptions, dispositions: StudyDispositions
) -> Iterator[str]:
    """Yield what the rates include and what not."""
    cases = sum(tally.cases for tally in dispositions.frames)
    if options.weighted:
        yield translate("rates-weighted", column=find_column(instrument, "weight"), n=f"{cases:,}")
    if dispositions.unreleased:
        sentence = "not included: {n} cases whose replicate is not released"
        if dispositions.unreleased == 1:
            sentence = "not included: 1 case whose replicate is not released"
        yield translate(sentence, n=f"{dispositions.unreleased:,}")
    if dispositions.excluded_sessions:
        yield translate("rates-uncounted", n=f"{dispositions.excluded_sessions:,}")


def _make_uncounted_error(study: StudyRecords, dispositions: StudyDispositions) -> UserError:
    """Return the error about codes that belong to no group.

    No rate is computed unless every case is counted.
    """
    problems = []
    for key, error in dispositions.uncountable:
        where = Position(study.path)
        problems.append(Problem(RULE, where, f"case {key}", error.what, error.remedy))
    cases = format_quantity(len(problems), "case has", "cases have")
    what = f"no rates: {cases} a code that belongs to no group"
    remedy = "give each of them an outcome: survey case outcome"
    return UserError(study.where, what, remedy, tuple(problems))


def compute_rates_from_counts(
    counts: str, options: RatesOptions, *, stdin: BinaryIO | None = None
) -> RatesReport:
    """Compute the rates of a CSV file of counts; `-` reads `stdin`."""
    counts_file = read_counts(counts, frame=options.frame, stdin=stdin)
    # A tuple holds problems, instead of counts.
    if isinstance(counts_file, tuple):
        raise _make_rates_error(counts, counts_file)

    eligibility, weights = resolve_assumptions(counts, counts_file.frames, options)
    columns = [
        RateColumn.from_counts(frame_counts, eligibility[name], frame=name)
        for name, frame_counts in counts_file.frames.items()
    ]
    report = build_rate_table(
        columns, weights=weights, quotas=options.quotas or counts_file.quota_filled
    )
    return RatesReport(report, counts_file.warnings)


def resolve_assumptions(
    counts: str, frames: Mapping[str, DispositionCounts], options: RatesOptions
) -> tuple[Mapping[str, Eligibility], Mapping[str, Fraction]]:
    """Determine e of each frame, estimated or as given, and the weights of a composite.

    `counts` is the file that is counted, for errors. Raises UserError.
    """
    names = tuple(frames)
    problems: list[Problem] = []
    e = _parse_shares("--e", options.e, names, problems)
    e_uh = _parse_shares("--e-uh", options.e_uh, names, problems)
    e_uo = _parse_shares("--e-uo", options.e_uo, names, problems)

    problems_of_weights: list[Problem] = []
    weights = _parse_shares("--composite", options.composite, names, problems_of_weights)
    if not problems_of_weights:
        problems_of_weights += _check_weights(options.composite, weights, names)
    problems += problems_of_weights
    if problems:
        raise _make_rates_error(counts, problems)

    eligibility = {}
    for name, tally in frames.items():
        # The share of one kind of unknown cases takes precedence over the common one.
        uh = e_uh.get(name, e.get(name))
        uo = e_uo.get(name, e.get(name))
        eligibility[name] = estimate_eligibility(tally, frame=options.frame, uh=uh, uo=uo)
    return eligibility, weights


def _make_rates_error(counts: str, problems: Sequence[Problem]) -> UserError:
    where = "stdin" if counts == "-" else counts
    what = f"the counts have {format_quantity(len(problems), 'problem')}, so no rates are computed"
    remedy = "fix the file or the options, then run the command again"
    return UserError(where, what, remedy, tuple(problems))


def _parse_shares(
    option: str, text: str, frames: Sequence[str], problems: list[Problem]
) -> dict[str, Fraction]:
    """Parse the shares that an option gives.

    They are `0.9` for all frames, or `landline=0.3,mobile=0.5` for those named. Problems are added
    to `problems`.
    """

    def report(what: str, remedy: str = SHARE_REMEDY) -> None:
        problems.append(Problem(RULE, Position(option), "", what, remedy))

    if "=" not in text:
        common = parse_share(text)
        if text and common is None:
            report(f"{text!r} is not a share from 0 to 1")
        return {} if common is None else dict.fromkeys(frames, common)

    known = [frame for frame in frames if frame]
    otherwise = "there is only one frame, and it has no name"
    if known:
        otherwise = f"frames are {', '.join(known)}"

    shares: dict[str, Fraction] = {}
    for part in text.split(","):
        name, _, value_text = part.rpartition("=")
        name = name.strip()
        value_text = value_text.strip()
        value = parse_share(value_text)
        if name not in frames:
            report(f"there is no frame {name!r}", suggest_nearest(name, known, otherwise=otherwise))
        elif name in shares:
            report(f"{name!r} is given twice", "remove one of them")
        if value is None:
            report(f"{value_text!r} is not a share from 0 to 1")
        elif name in frames:
            shares[name] = value
    return shares


def _check_weights(
    text: str, weights: Mapping[str, Fraction], frames: tuple[str, ...]
) -> Iterator[Problem]:
    """Yield why valid weights make no composite."""

    def problem(what: str, remedy: str) -> Problem:
        return Problem(RULE, Position("--composite"), "", what, remedy)

    if not text:
        return
    if "=" not in text:
        yield problem(f"{text!r} does not name a frame", "write landline=0.6,mobile=0.4")
        return

    missing = [frame for frame in frames if frame not in weights]
    if missing:
        yield problem(
            f"it has no weight for {', '.join(missing)}",
            "add a weight, or 0 to leave the frame out",
        )
        return

    total = sum(weights.values())
    if total != 1:
        remedy = "give shares of the frames that add up to 1"
        yield problem(f"the weights add up to {float(total):.15g}, not to 1", remedy)
