"""The command `quality`: flags of interviewers, and the draw of interviews for review."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import (
    print_result,
    render_table,
    say,
    show_progress,
    wrap_paragraph,
)
from survey_cli.cli.parameters import (
    build_options,
    on_study,
    option,
    share,
    split_names,
    text_option,
)
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.quality.quality_report import QualityReport
    from survey_cli.services.cases.review import ReviewDraw
    from survey_cli.services.run_on_study import Request


@on_study
def quality(
    request: "Request",
    interviewer: str = text_option(
        "--interviewer NAME", "Show every indicator of this interviewer.", ""
    ),
    since: str = text_option(
        "--since TIME", "Only interviews that began then or later: 2026-11-24.", ""
    ),
    where: parameters.WhereOption = "",
    mix: list[str] | None = text_option(
        "--mix NAMES",
        "Compare only interviews that are equal in these columns, besides version and language; by default strata and"
        " sample columns of quotas.",
        None,
    ),
    draw: float | None = share(
        "--draw SHARE", "Draw interviews for review and re-contact: 10%.", None
    ),
    seed: int = option("--seed N", "Seed of the draw.", 1),
    origin: Literal["real", "practice", "simulated"] = option(
        "--origin", "Origin of the interviews.", "real"
    ),
    zone: parameters.ZoneOption = "",
    form: parameters.ListFormatOption = "table",
) -> None:
    """Compare the interviewers, and draw interviews for review.

    Eleven indicators are counted: speed, equal answers in a row, don't know, refusals, going back, accepted warnings,
    ends and middle of scales, questions asked, open answers in equal words, likeness of interviews. Each is shown with
    what the same number of comparable interviews would have, and with a p value that is corrected for the number of
    comparisons. A flag is a reason to look, not
    a proof.

    --draw SHARE draws complete interviews for verification (back-checks): each interviewer's first five, a share of
    the others, at least two per week. What is drawn is stored with the interviews and listed until `survey case
    review` stores a verdict.

    Example: survey quality study.yaml --draw 10%
    """
    if draw is not None:
        from survey_cli.services.cases.review import draw_reviews

        if interviewer or since or where or mix:
            raise typer.BadParameter(
                "all interviews are drawn from: leave the other options out", param_hint="--draw"
            )
        drawn = draw_reviews(request, draw, seed=seed, origin=origin)
        print_result(form, _render_draw(drawn), drawn)
        say(
            f"{drawn.where}: {format_quantity(drawn.drawn, 'interview')} drawn, {len(drawn.open):,} to be reviewed"
        )
        return
    from survey_cli.reports.quality.quality_report import tabulate_quality
    from survey_cli.services.report.interviewer_quality import QualityOptions, assess_interviewers

    with show_progress() as progress:
        chosen = {"mix": split_names(mix), "zone": parameters.parse_zone(zone), "partials": False}
        report = assess_interviewers(request, build_options(QualityOptions, locals(), **chosen))
    lines = _render_quality(report, bool(interviewer))
    print_result(form, lines, report, partial(tabulate_quality, report.interviewers))


def _render_quality(report: "QualityReport", in_detail: bool) -> Iterator[str]:
    from survey_cli.reports.quality import quality_report

    if in_detail:
        rows = [
            quality_report.list_cells(result)
            for line in report.interviewers
            for result in line.results
            if result.of
        ]
        head = ("", "observed", "expected", "usual range", "p", "corrected", "")
        yield from render_table(head, rows, right=range(1, 6))
    else:
        lines = []
        for line in report.interviewers:
            drawn, done = line.reviews.total(), line.reviews.total() - line.reviews["drawn"]
            reviewed = f"{done} of {drawn}" if drawn else "–"
            lines.append(
                (line.interviewer, line.interviews, reviewed, quality_report.describe_state(line))
            )
        yield from render_table(
            ("interviewer", "interviews", "reviewed", "flags"), lines, right=(1,)
        )
    for line in report.interviewers:
        flagged = [result for result in line.results if result.flagged]
        if flagged or len(report.interviewers) == 1:
            state = "" if flagged else f": {quality_report.describe_state(line)}"
            yield from ("", f"{line.interviewer}{state}")
        for result in flagged:
            yield from wrap_paragraph(quality_report.describe_flag(result), indent=2)
            for pair in line.pairs if result.indicator == "alike" else ():
                yield f"  cases {pair.case} and {pair.earlier}: {pair.equal} of {pair.of} answers are equal"
    yield from (
        "",
        *(line for note in quality_report.list_notes(report) for line in wrap_paragraph(note)),
    )


def _render_draw(draw: "ReviewDraw") -> Iterator[str]:
    from survey_cli.services.cases.review import ASSUMED_SHARE

    lines = [
        (line.case, line.interviewer, datetimes.format_here(line.began_at), line.reason)
        for line in draw.open
    ]
    yield from (
        (*render_table(("case", "interviewer", "began", "drawn as"), lines), "") if lines else ()
    )
    rows = []
    for name, interviews, verdicts, detection in draw.interviewers:
        found = verdicts["ok"], verdicts["questionable"], verdicts["falsified"]
        rows.append((name, interviews, verdicts["drawn"], *found, f"{detection:.2f}"))
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
        f"finds one: the probability that a bad interview is among those of the columns before, if {ASSUMED_SHARE:.0%} of"
        " the interviewer's interviews are bad"
    )
