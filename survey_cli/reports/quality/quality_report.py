"""Report of the quality of interviewing: one line per interviewer, and what is flagged in words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, assert_never

from survey_cli.engine.events import ReviewVerdict
from survey_cli.reports.quality.comparison import MIN_INTERVIEWS, Indicator, IndicatorResult
from survey_cli.reports.quality.indicators import INDICATORS, AlikePair
from survey_cli.table.paradata import NOT_APPLICABLE
from survey_cli.table.table import Table
from survey_cli.values import Cell, Variable
from survey_cli.wording import join_first, join_words

MEANING: Final = (
    "A flag means that chance and the usual differences between interviewers hardly explain the"
    " value. It does not mean that interviews were falsified: the reason may be the cases, a"
    " misunderstanding, the training or the equipment. Look at the interviews, listen in, call"
    " respondents again (--draw), and talk to the interviewer before you decide anything."
)
MANY: Final = 5
"""With fewer interviewers, the report says that little can be found."""


class InterviewerQuality(NamedTuple):
    """What is known of the interviews of one interviewer."""

    interviewer: str
    interviews: int
    """Complete interviews, without falsified ones."""
    reviews: Counter[ReviewVerdict]
    results: Sequence[IndicatorResult]
    pairs: Sequence[AlikePair]
    """The pairs of interviews that are most alike."""


class QualityReport(NamedTuple):
    """The quality of interviewing in a study."""

    mix: tuple[str, ...]
    """The columns by which cases are compared with similar ones, besides version and language."""
    compared: int
    """The number of interviewers with enough interviews."""
    interviewers: Sequence[InterviewerQuality]


def list_notes(report: QualityReport) -> Iterator[str]:
    """Yield what has to be known to read the report."""
    yield MEANING
    if report.compared < MANY:
        few = f"With fewer than {MANY} interviewers to compare, little can be found"
        yield f"{few}: rely on the review of interviews."
    mix = join_words(["version", "language", *report.mix])
    yield f"Interviews are compared with others of the same {mix}."


def describe_flag(result: IndicatorResult) -> str:
    """Return what the flag says: `many don't knows: 9.1% of 1,200, 3.2% expected …`."""
    _, observed, expected, usual, _, p, _ = list_cells(result)
    indicator = INDICATORS[result.indicator]
    if result.p is None and indicator.most is not None:
        return f"{indicator.high}: {observed} of {result.of:,}, more than {indicator.most:.0%}"
    words = indicator.high if result.observed > result.expected else indicator.low
    base = "" if indicator.kind == "mean" else f" of {result.of:,}"
    if not p.startswith("<"):
        p = f"= {p}"
    return f"{words}: {observed}{base}, {expected} expected ({usual}), p {p}"


def list_cells(result: IndicatorResult) -> tuple[str, ...]:
    """Return label, observed and expected rate, usual range, p values, `flag` or nothing."""
    indicator = INDICATORS[result.indicator]
    low = _format_rate(result.low, indicator)
    high = _format_rate(result.high, indicator)
    return (
        indicator.label,
        _format_rate(result.observed, indicator),
        _format_rate(result.expected, indicator),
        f"{low} to {high}",
        _format_p(result.p),
        _format_p(result.adjusted),
        "flag" if result.flagged else "",
    )


def _format_rate(rate: float, indicator: Indicator) -> str:
    """Format a share as `5.1%`, a number of questions as `41.2`, an excess as `+3.4%`."""
    match indicator.kind:
        case "mean":
            return f"{rate:.1f}"
        case "excess":
            return f"{rate:+.1%}"
        case "share":
            # The ends of a range may be beyond what is possible.
            return f"{min(max(rate, 0.0), 1.0):.1%}"
        case _:
            assert_never(indicator.kind)


def _format_p(p: float | None) -> str:
    if p is None:
        return "–"
    if p < 0.001:
        return "< 0.001"
    return f"{p:.2g}"


def describe_state(line: InterviewerQuality) -> str:
    """Return the flags of an interviewer in a few words."""
    if line.interviews < MIN_INTERVIEWS:
        return "too few interviews to compare"
    flagged = [INDICATORS[result.indicator].label for result in line.results if result.flagged]
    if flagged:
        return join_first(flagged, 2)
    if all(result.p is None for result in line.results):
        return "nobody else has comparable interviews"
    return "no flags"


def tabulate_quality(lines: Iterable[InterviewerQuality]) -> Table:
    """Convert the report to a table with a row per interviewer and indicator."""
    texts = ("interviewer", "indicator")
    figures = IndicatorResult._fields[1:]
    variables = [Variable(name=name, storage="text", role="admin") for name in texts]
    variables += [
        Variable(name=name, storage="decimal", decimals=6, role="admin") for name in figures
    ]
    rows = (
        (line.interviewer, *_list_row_cells(result)) for line in lines for result in line.results
    )
    return Table(variables=tuple(variables), rows=rows)


def _list_row_cells(result: IndicatorResult) -> list[Cell]:
    cells: list[Cell] = [NOT_APPLICABLE if cell is None else cell for cell in result[:-1]]
    cells.append(int(result.flagged))
    return cells
