"""Quality of interviewing: complete interviews are read once, and their interviewers compared."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from json import loads

from survey_cli.engine.events import ReviewVerdict
from survey_cli.engine.machine import COMPLETE
from survey_cli.permissions import Action
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.quality.comparison import InterviewerComparison
from survey_cli.reports.quality.indicators import (
    INDICATORS,
    AnswerLayout,
    EarlierInterviews,
    EarlierVerbatims,
    count_events,
)
from survey_cli.reports.quality.quality_report import InterviewerQuality, QualityReport
from survey_cli.samples.cases.columns import list_columns
from survey_cli.services.data.export_options import ExportOptions
from survey_cli.services.data.table_query import query_table
from survey_cli.services.date_options import parse_start_time
from survey_cli.services.run_on_study import on_study
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import ADMIN_COLUMNS


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityOptions(ExportOptions):
    """Which interviews are compared, and with which."""

    interviewer: str = ""
    """Report only this interviewer; all are compared."""
    since: str = ""
    """A date or time as typed; interviews that began earlier are left out."""
    mix: tuple[str, ...] = ()
    """Columns in which interviews must be equal to be compared.

    By default these are the strata and the columns of quotas.
    """


@on_study(Action.SEE_QUALITY)
def assess_interviewers(study: OpenStudy, options: QualityOptions) -> QualityReport:
    """Compare all interviewers of a study by their complete interviews. Raises UserError."""
    comparison = InterviewerComparison(INDICATORS)
    earlier = EarlierInterviews()
    reviewed: dict[str, Counter[ReviewVerdict]] = defaultdict(Counter)
    with study.store.read_transaction():
        mix = _add_interviews(study, options, comparison, earlier, reviewed)

    lines = []
    for name, results in comparison.assess().items():
        count = comparison.count_interviews(name)
        pairs = earlier.pairs.get(name, [])
        lines.append(InterviewerQuality(name, count, reviewed[name], results, pairs))
    if not lines:
        what = "there are no complete interviews to compare"
        raise UserError(study.where, what, "wait for some, or check the options")

    compared = sum(any(result.p is not None for result in line.results) for line in lines)
    if options.interviewer:
        lines = _select_interviewer(lines, options.interviewer)
    return QualityReport(mix, compared, lines)


def _add_interviews(
    study: OpenStudy,
    options: QualityOptions,
    comparison: InterviewerComparison,
    earlier: EarlierInterviews,
    reviewed: dict[str, Counter[ReviewVerdict]],
) -> tuple[str, ...]:
    """Read the interviews, and add each to the comparison and its verdict to `reviewed`.

    Returns the columns in which interviews must be equal to be compared.
    """
    since = ""
    if options.since:
        begins = parse_start_time(options.since, study.at, options.zone, option="--since")
        since = begins.at.isoformat()
    # Exports have pseudonyms, and the report is for the office.
    logins = {
        who.pseudonym: who.login for who in study.people.interviewers.values() if who.pseudonym
    }
    verbatims = EarlierVerbatims()
    reviews = study.store.interviews.read_reviews()
    table = query_table(study, options, weights=False).table
    layout = AnswerLayout(study.instrument, table.variables)
    names = [variable.name for variable in table.variables]
    mix = _select_mix(study, names, options.mix)
    mix_positions = [names.index(name) for name in mix]

    for cells in table.iterate_texts():
        admin = {}
        for position, name in enumerate(ADMIN_COLUMNS):
            admin[name.removeprefix("interview_")] = loads(cells[position])
        is_selected = admin["outcome"] == COMPLETE and admin["origin"] == options.origin
        if not is_selected or admin["began"] < since:
            continue

        by = logins.get(admin["by"], admin["by"])
        if admin["id"] in reviews:
            verdict = reviews[admin["id"]].verdict
            reviewed[by][verdict] += 1
            # Invented interviews would make the others look unusual.
            if verdict == "falsified":
                continue

        journal = study.store.interviews.read_journal(admin["id"])
        language, conduct = count_events(study.instrument, journal)
        group = (admin["version"], language, *(cells[position] for position in mix_positions))
        counts = {
            **layout.count_answers(cells),
            **conduct,
            "alike": earlier.compare(by, group, admin["case"], layout.make_signature(cells)),
            "verbatim": verbatims.count(by, layout.list_verbatims(cells)),
        }
        comparison.add(by, group, counts)
    return mix


def _select_interviewer(lines: list[InterviewerQuality], name: str) -> list[InterviewerQuality]:
    """Return the line of one interviewer. Raises UserError if there isn't one."""
    selected = [line for line in lines if line.interviewer == name]
    if selected:
        return selected

    known = [line.interviewer for line in lines]
    remedy = suggest_nearest(name, known, otherwise=f"those who have are {', '.join(known)}")
    raise UserError("--interviewer", f"{name!r} has no complete interviews", remedy)


def _select_mix(
    study: OpenStudy, names: Sequence[str], requested: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the columns in which interviews must be equal to be compared."""
    for name in requested:
        if name not in names:
            remedy = suggest_nearest(name, names, otherwise="name a column of the data")
            raise UserError("--mix", f"there is no column {name!r}", remedy)
    if requested:
        return requested

    sample = study.instrument.sample
    columns = list_columns(sample, "stratum")
    for quota in study.plan.quotas.quotas:
        columns += [name for name in quota.by if name in sample]
    return tuple(dict.fromkeys(name for name in columns if name in names))
