"""Quality of interviewing: reads the complete interviews once, and compares their interviewers."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from json import loads

from survey_cli.engine.events import ReviewVerdict
from survey_cli.engine.machine import COMPLETE
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
    """Report this interviewer alone; all are compared."""
    since: str = ""
    """A date or time as typed; interviews that began earlier are left out."""
    mix: tuple[str, ...] = ()
    """Columns in which interviews must be equal to be compared; empty: the strata, and the columns of quotas."""


@on_study("see the quality of interviewing")
def assess_interviewers(study: OpenStudy, options: QualityOptions) -> QualityReport:
    """Compare all interviewers of a study by their complete interviews. Raises UserError."""
    since = ""
    if options.since:
        since = parse_start_time(
            options.since, study.at, options.zone, option="--since"
        ).at.isoformat()
    logins = {
        who.pseudonym: who.login for who in study.people.interviewers.values() if who.pseudonym
    }
    comparison, earlier = InterviewerComparison(INDICATORS), EarlierInterviews()
    verbatims = EarlierVerbatims()
    reviewed: dict[str, Counter[ReviewVerdict]] = defaultdict(Counter)
    with study.store.read_transaction():
        reviews = study.store.interviews.read_reviews()
        table = query_table(study, options, weights=False).table
        layout = AnswerLayout(study.instrument, table.variables)
        names = [variable.name for variable in table.variables]
        mix = _select_mix(study, names, options.mix)
        mixed = [names.index(name) for name in mix]
        for cells in table.iterate_texts():
            admin = {
                name.removeprefix("interview_"): loads(cells[n])
                for n, name in enumerate(ADMIN_COLUMNS)
            }
            if (
                admin["outcome"] != COMPLETE
                or admin["origin"] != options.origin
                or admin["began"] < since
            ):
                continue
            by = logins.get(admin["by"], admin["by"])
            if admin["id"] in reviews:
                verdict = reviews[admin["id"]].verdict
                reviewed[by][verdict] += 1
                if verdict == "falsified":
                    continue
            language, conduct = count_events(
                study.instrument, study.store.interviews.read_journal(admin["id"])
            )
            group = (admin["version"], language, *(cells[n] for n in mixed))
            alike = earlier.compare(by, group, admin["case"], layout.make_signature(cells))
            own_words = verbatims.count(by, layout.list_verbatims(cells))
            counts = {
                **layout.count_answers(cells),
                **conduct,
                "alike": alike,
                "verbatim": own_words,
            }
            comparison.add(by, group, counts)
    lines = []
    for name, results in comparison.assess().items():
        count, pairs = comparison.count_interviews(name), earlier.pairs.get(name, [])
        lines.append(InterviewerQuality(name, count, reviewed[name], results, pairs))
    if not lines:
        what = "there are no complete interviews to compare"
        raise UserError(study.where, what, "wait for some, or check the options")
    compared = sum(any(result.p is not None for result in line.results) for line in lines)
    if options.interviewer:
        known = [line.interviewer for line in lines]
        lines = [line for line in lines if line.interviewer == options.interviewer]
        if not lines:
            remedy = suggest_nearest(
                options.interviewer, known, otherwise=f"those who have are {', '.join(known)}"
            )
            raise UserError(
                "--interviewer", f"{options.interviewer!r} has no complete interviews", remedy
            )
    return QualityReport(mix, compared, lines)


def _select_mix(
    study: OpenStudy, names: Sequence[str], requested: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the columns in which interviews must be equal to be compared."""
    for name in requested:
        if name not in names:
            remedy = suggest_nearest(name, names, otherwise="name a column of the data")
            raise UserError("--mix", f"there is no column {name!r}", remedy)
    sample = study.instrument.sample
    strata = [name for name, column in sample.items() if column.role == "stratum"]
    quotas = [name for quota in study.plan.quotas.quotas for name in quota.by if name in sample]
    return requested or tuple(dict.fromkeys(name for name in (*strata, *quotas) if name in names))
