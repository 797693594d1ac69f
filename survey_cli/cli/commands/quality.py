"""The command `quality`: flags of interviewers, and the draw of interviews for review."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import (
    print_result,
    render_table,
    say,
    show_progress,
    wrap_paragraph,
)
from survey_cli.cli.parameters import on_study, option, share, split_names, text_option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.quality.quality_report import InterviewerQuality, QualityReport
    from survey_cli.services.cases.review import ReviewDraw
    from survey_cli.services.report.interviewer_quality import QualityOptions
    from survey_cli.services.run_on_study import ProgressCallback, Request


@option_group
class QualityParameters:
    """The options of `survey quality`."""

    interviewer: Annotated[
        str, text_option("--interviewer NAME", "Show every indicator of this interviewer.")
    ] = ""
    since: Annotated[
        str, text_option("--since TIME", "Only interviews that began then or later: 2026-11-24.")
    ] = ""
    where: parameters.WhereOption = ""
    mix: Annotated[
        list[str] | None,
        text_option(
            "--mix NAMES",
            "Compare only interviews that are equal in these columns, besides version and "
            "language; by default strata and"
            " sample columns of quotas.",
        ),
    ] = None
    draw: Annotated[
        float | None, share("--draw SHARE", "Draw interviews for review and re-contact: 10%.")
    ] = None
    seed: Annotated[int, option("--seed N", "Seed of the draw.")] = 1
    origin: Annotated[
        Literal["real", "practice", "simulated"], option("--origin", "Origin of the interviews.")
    ] = "real"
    zone: parameters.ZoneOption = ""
    form: parameters.ListFormatOption = "table"

    def make_quality_options(self, progress: "ProgressCallback | None") -> "QualityOptions":
        """Return which interviews are compared: complete ones only."""
        from survey_cli.services.report.interviewer_quality import QualityOptions

        return QualityOptions(
            interviewer=self.interviewer,
            since=self.since,
            where=self.where,
            mix=split_names(self.mix),
            origin=self.origin,
            zone=parameters.parse_zone(self.zone),
            partials=False,
            progress=progress,
        )


@on_study
def quality(request: "Request", given: QualityParameters) -> None:
    """Compare the interviewers, and draw interviews for review.

    Eleven indicators are counted: speed, equal answers in a row, don't know, refusals, going back,
    accepted warnings, ends and middle of scales, questions asked, open answers in equal words,
    likeness of interviews. Each is shown with what the same number of comparable interviews would
    have, and with a p value that is corrected for the number of comparisons. A flag is a reason to
    look, not a proof.

    --draw SHARE draws complete interviews for verification (back-checks): each interviewer's first
    five, a share of the others, at least two per week. What is drawn is stored with the interviews
    and listed until `survey case review` stores a verdict.

    Example: survey quality study.yaml --draw 10%
    """
    if given.draw is not None:
        _draw_for_review(request, given, given.draw)
    else:
        _compare_interviewers(request, given)


def _draw_for_review(request: "Request", given: QualityParameters, share: float) -> None:
    """Draw interviews for review, and print all that are to be reviewed."""
    from survey_cli.services.cases.review import draw_reviews

    if given.interviewer or given.since or given.where or given.mix:
        raise typer.BadParameter(
            "all interviews are drawn from: leave the other options out", param_hint="--draw"
        )

    draw = draw_reviews(request, share, seed=given.seed, origin=given.origin)
    print_result(given.form, _render_draw(draw), draw)
    drawn = format_quantity(draw.drawn, "interview")
    say(f"{draw.where}: {drawn} drawn, {len(draw.open):,} to be reviewed")


def _compare_interviewers(request: "Request", given: QualityParameters) -> None:
    """Compare the interviewers, and print their indicators or flags."""
    from survey_cli.reports.quality.quality_report import tabulate_quality
    from survey_cli.services.report.interviewer_quality import assess_interviewers

    with show_progress() as progress:
        report = assess_interviewers(request, given.make_quality_options(progress))

    lines = _render_quality(report, in_detail=bool(given.interviewer))
    print_result(given.form, lines, report, partial(tabulate_quality, report.interviewers))


def _render_quality(report: "QualityReport", *, in_detail: bool) -> Iterator[str]:
    """Render a line per interviewer, or per indicator if `in_detail`; then the flags."""
    from survey_cli.reports.quality.quality_report import list_notes

    if in_detail:
        yield from _render_indicators(report.interviewers)
    else:
        yield from _render_interviewers(report.interviewers)

    is_alone = len(report.interviewers) == 1
    for line in report.interviewers:
        yield from _render_flags(line, is_alone=is_alone)

    yield ""
    for note in list_notes(report):
        yield from wrap_paragraph(note)


def _render_indicators(interviewers: "Sequence[InterviewerQuality]") -> Iterator[str]:
    """Render a row for each indicator that has a base."""
    from survey_cli.reports.quality.quality_report import list_cells

    rows = []
    for line in interviewers:
        rows += [list_cells(result) for result in line.results if result.of]
    head = ("", "observed", "expected", "usual range", "p", "corrected", "")
    yield from render_table(head, rows, right=range(1, 6))


def _render_interviewers(interviewers: "Sequence[InterviewerQuality]") -> Iterator[str]:
    """Render a row for each interviewer."""
    from survey_cli.reports.quality.quality_report import describe_state

    rows = []
    for line in interviewers:
        drawn = line.reviews.total()
        reviewed = "–"
        if drawn:
            reviewed = f"{drawn - line.reviews['drawn']} of {drawn}"
        rows.append((line.interviewer, line.interviews, reviewed, describe_state(line)))
    yield from render_table(("interviewer", "interviews", "reviewed", "flags"), rows, right=(1,))


def _render_flags(line: "InterviewerQuality", *, is_alone: bool) -> Iterator[str]:
    """Explain an interviewer's flags. Without any, only an interviewer who `is_alone` is named."""
    from survey_cli.reports.quality.quality_report import describe_flag, describe_state

    flagged = [result for result in line.results if result.flagged]
    if flagged:
        yield from ("", line.interviewer)
    elif is_alone:
        yield from ("", f"{line.interviewer}: {describe_state(line)}")

    for result in flagged:
        yield from wrap_paragraph(describe_flag(result), indent=2)
        if result.indicator != "alike":
            continue
        for pair in line.pairs:
            yield (
                f"  cases {pair.case} and {pair.earlier}: "
                f"{pair.equal} of {pair.of} answers are equal"
            )


def _render_draw(draw: "ReviewDraw") -> Iterator[str]:
    """Render the interviews to be reviewed, then what was drawn of each interviewer."""
    from survey_cli.services.cases.review import ASSUMED_SHARE

    if draw.open:
        lines = [
            (line.case, line.interviewer, datetimes.format_here(line.began_at), line.reason)
            for line in draw.open
        ]
        yield from render_table(("case", "interviewer", "began", "drawn as"), lines)
        yield ""

    rows = []
    for one in draw.interviewers:
        row = (
            one.interviewer,
            one.interviews,
            one.verdicts["drawn"],
            one.verdicts["ok"],
            one.verdicts["questionable"],
            one.verdicts["falsified"],
            f"{one.detection:.2f}",
        )
        rows.append(row)
    head = (
        "interviewer",
        "interviews",
        "to review",
        "ok",
        "questionable",
        "falsified",
        "finds one",
    )
    yield from render_table(head, rows, right=range(1, 7))
    yield from wrap_paragraph(
        "finds one: the probability that a bad interview is among those of the columns before, "
        f"if {ASSUMED_SHARE:.0%} of the interviewer's interviews are bad"
    )
