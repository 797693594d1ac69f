"""A report of results, written by hand: every kind of row, a battery, a banner, hidden counts, weights, rates, and
texts that would be markup, formulas or line ends if anything took them for such.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from survey_cli.fieldwork.rates.rates import DispositionCounts, estimate_eligibility
from survey_cli.reports.codebook.codebook import (
    Codebook,
    CodebookCode,
    CodebookColumn,
    CodebookVariable,
)
from survey_cli.reports.fieldwork.rates import RateColumn, build_rate_table
from survey_cli.reports.results.report_model import (
    BarSegment,
    Base,
    Battery,
    Figure,
    ItemResult,
    MethodLine,
    ResultColumn,
    ResultRow,
    Results,
    RowKind,
    Side,
    SummaryStatistics,
    Verbatim,
)
from survey_cli.reports.rounding import HIDDEN_MARK, format_count, format_percentage
from survey_cli.reports.weighting.significance import SignificanceTest
from survey_cli.reports.weighting.weights import WeightingSummary

HOSTILE = "=1+1 <b>&amp; | {name} **very** _so_ `x` \u202e[c]</table>"
"""What no page may take for anything but words; `{name}` is a fill and `**very**` is stress."""
HOSTILE_SHOWN = "=1+1 <b>&amp; | ‹name› very _so_ `x` <U+202E>[c]</table>"
POINTS: tuple[tuple[str, Side], ...] = (
    ("Strongly agree", "left"),
    ("Agree", "left"),
    ("Disagree", "right"),
    ("Strongly disagree", "right"),
    ("No opinion", "apart"),
)


def figure(count: int, base: int, letters: str = "") -> Figure:
    share = Fraction(count, base) if base else None
    return Figure(count, share, format_count(count), format_percentage(share), letters=letters)


HIDDEN_FIGURE = Figure(None, None, HIDDEN_MARK, HIDDEN_MARK, hidden=True)


def row(
    kind: RowKind, label: str, count: int, base: int, code: str = "", note: str = ""
) -> ResultRow:
    return ResultRow(kind=kind, code=code, label=label, figures=(figure(count, base),), note=note)


def base_of(count: int, text: str = "") -> Base:
    return Base(count, text or f"all {count}", str(count))


def statement(
    id: str, wording: str, counts: Sequence[int], points: Sequence[tuple[str, Side]] = POINTS
) -> ItemResult:
    people = sum(counts)
    segments = [
        BarSegment(label, side, figure(n, people))
        for (label, side), n in zip(points, counts, strict=True)
    ]
    return ItemResult(
        id=id,
        number="",
        kind="scale",
        label=wording,
        wording=wording,
        statement=wording,
        bases=(base_of(people),),
        rows=tuple(
            ResultRow(kind="answer", label=s.label, figures=(s.figure,), side=s.side)
            for s in segments
            if s.side != "apart"
        ),
        apart=next((s for s in segments if s.side == "apart"), None),
    )


def battery(*statements: ItemResult, points: Sequence[tuple[str, Side]] = POINTS) -> Battery:
    return Battery(
        id="m",
        section="Mission",
        title="Views of the mission",
        intro="Do you agree?",
        points=tuple(points),
        statements=statements,
    )


MISSION = "The mission of your ASU has been clearly defined by INS headquarters."
PUBLISHED = (2, 16, 14, 2, 1)
"""The founding survey's one published table."""


def agreement(id: str, number: int, wording: str, counts: Sequence[int]) -> ItemResult:
    people = sum(counts)
    rows = [
        replace(
            row("volunteered" if side == "apart" else "answer", label, n, people, str(code)),
            side=side,
        )
        for code, ((label, side), n) in enumerate(zip(POINTS, counts, strict=True), 1)
    ]
    rows += [
        row("net", "Agree", counts[0] + counts[1], people, note="1 + 2"),
        row("net", "Disagree", counts[2] + counts[3], people, note="3 + 4"),
    ]
    return ItemResult(
        id=id,
        number=str(number),
        kind="scale",
        section="Mission",
        battery="m",
        label=wording,
        wording=wording,
        statement=wording,
        bases=(base_of(people),),
        rows=tuple(rows),
        apart=BarSegment("No opinion", "apart", rows[4].total),
        summaries=(SummaryStatistics(Fraction(5, 2), "34", "2.50", "2", "0.70"),),
    )


def made_results(*, title: str = "Survey of units", hostile: str = HOSTILE) -> Results:
    """Seven items in three sections."""
    hidden = ResultRow(kind="answer", label="Fair", figures=(HIDDEN_FIGURE,))
    by_kind = (figure(213, 400), figure(150, 200, "B"), figure(63, 200))
    test = SignificanceTest(
        "Kind of unit", "Chi-square test", "χ² = 7.81, df = 2", 0.02, "p = 0.020"
    )
    rated = ItemResult(
        id="q14",
        number="4",
        kind="single",
        section=hostile,
        label=hostile,
        wording=f"How is it? {hostile}",
        bases=(base_of(400, "asked of 400 who had contact"), base_of(200), base_of(200)),
        rows=(
            replace(row("answer", hostile, 213, 400, "1"), figures=by_kind),
            replace(
                row("answer", "Trace", 1, 400, "2"),
                figures=(figure(1, 400), HIDDEN_FIGURE, HIDDEN_FIGURE),
            ),
            hidden,
            row("decline", "Don't know", 20, 400, "-8"),
        ),
        tests=(test,),
        notes=(f"{HIDDEN_MARK}: hidden.",),
        verbatims=(Verbatim(text=hostile, case="7", option="Other"),),
    )
    several = ItemResult(
        id="q24",
        number="5",
        kind="multiple",
        section="Resources",
        label="Resources lacking",
        wording="Which resources\nare **lacking**?",
        bases=(base_of(20, "asked of 20 who lack any"),),
        rows=(row("mention", "Agents", 15, 20, "1"), row("mention", "Vehicles", 11, 20, "2")),
    )
    nobody = ItemResult(
        id="q25",
        number="6",
        kind="number",
        section="Resources",
        label="How many agents",
        wording="How many agents?",
        bases=(Base(0, "asked of 0", "0"),),
        rows=(ResultRow(kind="range", label="1 to 9", figures=(figure(0, 0),)),),
        notes=("Nobody has been asked this.",),
    )
    first = ItemResult(
        id="consent",
        number="1",
        kind="single",
        label="Agrees",
        wording="May I ask?",
        bases=(base_of(35),),
        rows=(row("answer", "Yes", 35, 35, "1"), row("answer", "No", 0, 35, "2")),
    )
    q2 = agreement("q2", 2, MISSION, PUBLISHED)
    q6 = agreement("q6", 3, "You and your {chief} agree.", (1, 30, 1, 1, 2))
    counts = DispositionCounts(i=30, p=2, r=2, nc=1)
    return Results(
        title=title,
        instrument="units",
        version="1",
        interviews=435,
        methods=(
            MethodLine("Sponsor", hostile),
            MethodLine("Field dates", "June 2000"),
            MethodLine("Incentive", "not stated", is_stated=False),
        ),
        items=(first, q2, q6, rated, several, nobody),
        batteries=(battery(q2, q6),),
        columns=(
            ResultColumn("", "All"),
            ResultColumn("Kind of unit", "District", "A", "kind"),
            ResultColumn("Kind of unit", "Sector", "B", "kind"),
        ),
        weighting=WeightingSummary(
            description="Raked to kind.",
            interviews=435,
            effective_size=400.4,
            design_effect=1.09,
            range_text="weights from 0.50 to 2.00",
            margins=(("Kind", "District", "48.2", "60.0", "60"),),
        ),
        rates=build_rate_table(
            [RateColumn.from_counts(counts, estimate_eligibility(counts))], title="Rates of units"
        ),
        notes=("Percentages may not add up to 100.", "A letter marks a higher percentage."),
        warnings=("These are simulated interviews.",),
    )


def made_codebook(hostile: str = HOSTILE) -> Codebook:
    """A coded variable with counts, two options of a multiple, a number, a personal text."""
    return Codebook(
        title="Survey of units",
        instrument="units",
        version="1",
        interviews=35,
        methods=(
            MethodLine("Sponsor", hostile),
            MethodLine("Contact", "not stated", is_stated=False),
        ),
        variables=(
            CodebookVariable(
                number=1,
                name="q2",
                label="Mission defined",
                wording=hostile,
                instruction="Read slowly.",
                asked="Asked of all.",
                section="Mission",
                storage="whole number",
                measure="ordinal",
                source="question q2",
                codes=(
                    CodebookCode(code="1", label=hostile, count_text="2"),
                    CodebookCode(
                        code="5", label="No opinion", missing="missing", count_text=HIDDEN_MARK
                    ),
                ),
                missing=(
                    CodebookCode(code="-8", label=hostile, missing="don't know", count_text="3"),
                    CodebookCode(code="-6", label="Not asked", missing="not asked", count_text="0"),
                ),
            ),
            CodebookVariable(
                number=2,
                name="q24_1",
                label="Resources lacking",
                wording="Which are lacking?",
                asked="Asked of all.",
                section="Mission",
                storage="whole number",
                measure="nominal",
                source="question q24",
                codes=(CodebookCode(code="0", label="No"), CodebookCode(code="1", label="Yes")),
                missing=(CodebookCode(code="-6", label="Not asked", missing="not asked"),),
                columns=(
                    CodebookColumn(number=2, name="q24_1", label="staff", counts=("20", "15", "0")),
                    CodebookColumn(
                        number=3,
                        name="q24_2",
                        label=hostile,
                        counts=("30", HIDDEN_MARK, HIDDEN_MARK),
                    ),
                ),
            ),
            CodebookVariable(
                number=4,
                name="q25",
                label="Agents",
                wording="How many agents?",
                asked="Asked if q24 is 1.",
                section="Mission",
                storage="whole number",
                measure="scale",
                source="question q25",
                range_text="1 to 60",
                has_codes=False,
                codes=(CodebookCode(code="", label="any whole number", count_text="30"),),
            ),
            CodebookVariable(
                number=5,
                name="phone",
                label="Phone",
                wording="",
                asked="From the sample",
                section="From the sample",
                storage="text",
                measure="nominal",
                source="sample",
                personal=True,
                has_codes=False,
                codes=(CodebookCode(code="", label="any text"),),
            ),
        ),
        notes=("[c]: fewer than 5.",),
    )
