"""Response rates of a study's cases or of a file of final counts: reads the options, estimates e, builds the table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from survey_cli.services.date_options import parse_as_of
from survey_cli.services.run_on_study import Request, convert_to_study_time, run_on_study
from survey_cli.study.consistency.upkeep import PLAN_SETTING
from survey_cli.study.open_study import StudyRecords
from survey_cli.values import Value
from survey_cli.wording import format_quantity

RULE: Final = "rates"
MAX_PARTS: Final = 60
"""Highest number of columns in a table."""
SHARE_REMEDY: Final = "write a share as 0.9, 90% or 9/10"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesOptions:
    """Which cases are counted, and assumptions about eligibility, as texts of the command line."""

    by: str = ""
    """The sample column whose values divide the frames."""
    as_of: str = ""
    """A past time as typed; empty for now."""
    zone: tzinfo | None = None
    """The time zone of dates; the computer's where it is None."""
    finalized: bool = False
    """Leave out cases that may still be called."""
    weighted: bool = False
    """Weight by the sample column with `role: weight`."""
    all_origins: bool = False
    """Count practice and simulated interviews too."""
    frame: SampleFrame = "rdd"
    """The kind of sample frame, which decides what codes mean and whether e is estimated; of a study its own."""
    e: str = ""
    """One share for all frames, or `landline=0.3,mobile=0.5`; estimated where it is empty."""
    e_uh: str = ""
    """The share for UH alone; it takes precedence over `e`."""
    e_uo: str = ""
    """The share for UO alone."""
    composite: str = ""
    """Weights of the frames: `landline=0.6,mobile=0.4`."""
    quotas: bool = False
    """Quotas determined who was interviewed; of a study its plan says so."""


class RatesReport(NamedTuple):
    """The table of rates, and warnings about its counts."""

    table: RateTable
    warnings: tuple[Problem, ...] = ()


def compute_study_rates(request: Request, options: RatesOptions) -> RatesReport:
    """Compute the rates of a study's own cases."""
    return run_on_study(
        request, lambda study: compute_rates_from_records(study, options, now=request.at)
    )


def compute_rates_from_records(
    records: StudyRecords, options: RatesOptions, *, now: datetime, live: bool = True
) -> RatesReport:
    """Compute the rates of open records, from their live counts where these suffice. Raises StoreError.

    `live` says that `now` is the present time, and not that of an earlier event.
    """
    when = parse_as_of(options.as_of, convert_to_study_time(records.store, now), options.zone)
    _check_options(records.instrument, options)
    plan = records.plan
    labels: dict[Value, str] = {}
    if options.by:
        labels.update(
            find_labels(records.instrument, options.by, records.instrument.language).items()
        )
    disposition_options = DispositionOptions(
        at=when.at,
        by=options.by,
        labels=labels,
        weighted=options.weighted,
        finished_only=options.finalized,
    )
    dispositions = None
    if live and not (when.past or options.by or options.weighted):
        dispositions = _count_settled_cases(
            records, disposition_options, all_origins=options.all_origins, with_refusals=True
        )
    if dispositions is None:
        excluded = (
            () if options.all_origins else records.store.cases.counts.list_excluded_interviews()
        )
        disposition_options = replace(disposition_options, excluded_interviews=frozenset(excluded))
        histories = records.store.cases.queries.iterate_histories(
            until=when.at if when.past else None
        )
        dispositions = count_dispositions(histories, plan, disposition_options)
    if dispositions.uncountable:
        raise _make_uncounted_error(records, dispositions)
    if not dispositions.frames:
        what = "no case had been released by then" if when.past else "no case has been released yet"
        remedy = "give a later date and time" if when.past else "import or release a sample"
        raise UserError(records.where, what, remedy)
    if (parts := len(dispositions.parts)) > MAX_PARTS:
        what, remedy = (
            f"{options.by} has {parts:,} values",
            f"choose a column with at most {MAX_PARTS} values",
        )
        raise UserError("--by", what, remedy)
    columns, weights = build_rate_columns(
        dispositions, replace(options, frame=plan.frame), where=records.path
    )
    kinds = {
        "list": "list of people",
        "establishment": "list of establishments",
        "rdd": "random digits",
    }
    title = "{study} (frame: {kind}), as of {time}"
    report = build_rate_table(
        columns,
        weights=weights,
        quotas=bool(plan.quotas.quotas),
        finished_only=options.finalized,
        then=when.past,
        title=translate(
            title, study=records.instrument.id, kind=translate(kinds[plan.frame]), time=when.text
        ),
        notes=tuple(_iterate_notes(records.instrument, options, dispositions)),
    )
    return RatesReport(report)


def compute_live_rates(records: StudyRecords, at: datetime) -> tuple[RateColumn, ...]:
    """Compute the rates of each frame from the live counts; empty where these do not suffice. Raises StoreError."""
    dispositions = _count_settled_cases(records, DispositionOptions(at=at))
    if dispositions is None:
        return ()
    return tuple(build_rate_columns(dispositions, RatesOptions(frame=records.plan.frame))[0])


def build_rate_columns(
    dispositions: StudyDispositions, options: RatesOptions, *, where: str = ""
) -> tuple[list[RateColumn], Mapping[str, Fraction]]:
    """Build the columns of the parts and frames, and the weights of a composite. Raises UserError."""
    e, weights = resolve_assumptions(
        where, {tally.frame: tally.counts for tally in dispositions.frames}, options
    )
    columns = [
        replace(
            RateColumn.from_counts(
                t.counts, e[t.frame], frame=t.frame, by=t.by, open_cases=t.open_cases
            ),
            quota_full=t.quota_full,
            unscreened=t.unscreened,
            unscreened_refusals=t.unscreened_refusals,
        )
        for t in (*dispositions.parts, *dispositions.frames)
    ]
    return columns, weights


def _count_settled_cases(
    records: StudyRecords,
    options: DispositionOptions,
    *,
    all_origins: bool = False,
    with_refusals: bool = False,
) -> StudyDispositions | None:
    """Count the cases by their live counts, and only those by their histories whose state does not tell their code.

    `with_refusals`: also read the histories of cases that ended before the screening, to see who refused. None
    where the queue was computed by other rules, or where a code is in no group and the case must be named.
    """
    if records.store.settings.read(PLAN_SETTING) != records.plan.fingerprint:
        return None
    cases = records.store.cases.counts.read_settled_cases()
    open_buckets = {
        bucket: has_time_left(parse_criteria(bucket), records.plan, options.at)
        for bucket in {state.bucket for state in cases.states if state.bucket}
    }
    settled: Counter[tuple[bool, str, bool, str]] = Counter()
    others = list(cases.others)
    read_codes = {NOT_SCREENED_CODE} if with_refusals else set[str]()
    known = {key for key, _ in others}
    queries = records.store.cases.queries
    for read_code in read_codes:
        keys = [row.key for row in queries.iterate_rows(code=read_code) if row.key not in known]
        others += [(key, queries.read_history(key)) for key in keys]
    for state, number in cases.states.items():
        if state.code in read_codes:
            continue
        is_open = open_buckets.get(state.bucket, state.status == "held")
        settled[state.status != "unreleased", state.code, is_open, state.frame] += number
    for (code, frame), number in cases.unreleased.items():
        if code in read_codes:
            continue
        settled[True, str(code), False, str(frame)] -= number
        settled[False, str(code), False, str(frame)] += number
    states = ((CountedState(*state), number) for state, number in (+settled).items())
    options = replace(
        options, excluded_interviews=frozenset() if all_origins else cases.excluded_interviews
    )
    dispositions = count_dispositions(others, records.plan, options, states)
    return dispositions if not dispositions.uncountable else None


def _check_options(instrument: Instrument, options: RatesOptions) -> None:
    """Check that the sample supports the options."""
    if options.weighted and find_column(instrument, "weight") is None:
        remedy = "add role: weight to the column of base weights"
        raise UserError("--weighted", "no sample column has role: weight", remedy)
    if not options.by:
        return
    column = instrument.sample.get(options.by)
    offered = [n for n, c in instrument.sample.items() if not c.is_personal and c.role != "key"]
    otherwise = (
        f"suitable columns are {', '.join(offered)}"
        if offered
        else "the study has no suitable column"
    )
    if column is None:
        remedy = suggest_nearest(options.by, offered, otherwise=otherwise)
        raise UserError("--by", f"{options.by!r} is not a sample column", remedy)
    if column.is_personal:
        raise UserError("--by", f"{options.by} is personal", otherwise)
    if column.role == "key":
        raise UserError(
            "--by", f"{options.by} identifies cases: every group would be one case", otherwise
        )


def _iterate_notes(
    instrument: Instrument, options: RatesOptions, dispositions: StudyDispositions
) -> Iterator[str]:
    cases = sum(tally.cases for tally in dispositions.frames)
    if options.weighted:
        yield translate("rates-weighted", column=find_column(instrument, "weight"), n=f"{cases:,}")
    if dispositions.unreleased:
        yield translate(
            "not included: {n} cases whose replicate is not released",
            n=f"{dispositions.unreleased:,}",
        )
    if dispositions.excluded_sessions:
        yield translate("rates-uncounted", n=f"{dispositions.excluded_sessions:,}")


def _make_uncounted_error(study: StudyRecords, dispositions: StudyDispositions) -> UserError:
    """Return the error where a case's code belongs to no group: no rate is computed unless every case is counted."""
    where, cases = Position(study.path), dispositions.uncountable
    problems = tuple(
        Problem(RULE, where, f"case {key}", error.what, error.remedy) for key, error in cases
    )
    what = f"no rates: {format_quantity(len(problems), 'case has', 'cases have')} a code that belongs to no group"
    return UserError(
        study.where, what, "give each of them an outcome: survey case outcome", problems
    )


def compute_rates_from_counts(
    counts: str, options: RatesOptions, *, stdin: BinaryIO | None = None
) -> RatesReport:
    """Compute the rates of a CSV file of counts; `-` reads `stdin`."""
    counts_file = read_counts(counts, frame=options.frame, stdin=stdin)
    if isinstance(counts_file, tuple):
        raise _make_rates_error(counts, counts_file)
    e, weights = resolve_assumptions(counts, counts_file.frames, options)
    columns = [
        RateColumn.from_counts(number, e[name], frame=name)
        for name, number in counts_file.frames.items()
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
    names, problems = tuple(frames), list[Problem]()
    e = _parse_shares("--e", options.e, names, problems)
    e_uh = _parse_shares("--e-uh", options.e_uh, names, problems)
    e_uo = _parse_shares("--e-uo", options.e_uo, names, problems)
    others = len(problems)
    weights = _parse_shares("--composite", options.composite, names, problems)
    if len(problems) == others:
        problems += _check_weights(options.composite, weights, names)
    if problems:
        raise _make_rates_error(counts, problems)
    eligibility = {}
    for name, tally in frames.items():
        uh, uo = (shares.get(name, e.get(name)) for shares in (e_uh, e_uo))
        eligibility[name] = estimate_eligibility(tally, frame=options.frame, uh=uh, uo=uo)
    return eligibility, weights


def _make_rates_error(counts: str, problems: Sequence[Problem]) -> UserError:
    what = f"the counts have {format_quantity(len(problems), 'problem')}, so no rates are computed"
    remedy = "fix the file or the options, then run the command again"
    return UserError("stdin" if counts == "-" else counts, what, remedy, tuple(problems))


def _parse_shares(
    option: str, text: str, frames: Sequence[str], problems: list[Problem]
) -> dict[str, Fraction]:
    """Parse the shares that an option gives: `0.9` for all frames, `landline=0.3,mobile=0.5` for those named.

    Problems are added to `problems`.
    """

    def report(what: str, remedy: str = SHARE_REMEDY) -> None:
        problems.append(Problem(RULE, Position(option), "", what, remedy))

    if "=" not in text:
        common = parse_share(text)
        if text and common is None:
            report(f"{text!r} is not a share from 0 to 1")
        return {} if common is None else dict.fromkeys(frames, common)
    shares: dict[str, Fraction] = {}
    known = [frame for frame in frames if frame]
    otherwise = (
        f"frames are {', '.join(known)}" if known else "there is only one frame, and it has no name"
    )
    for part in text.split(","):
        name, _, value_text = (part_text.strip() for part_text in part.rpartition("="))
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
    elif missing := [frame for frame in frames if frame not in weights]:
        yield problem(
            f"it has no weight for {', '.join(missing)}",
            "add a weight, or 0 to leave the frame out",
        )
    elif (total := sum(weights.values())) != 1:
        remedy = "give shares of the frames that add up to 1"
        yield problem(f"the weights add up to {float(total):.15g}, not to 1", remedy)
