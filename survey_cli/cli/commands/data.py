"""The commands `export`, `report`, `codebook`, `import-answers` and `code`: data as files, results, other data, codes."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output.terminal import (
    get_width,
    open_data_output,
    print_result,
    render_table,
    say,
    show_progress,
)
from survey_cli.cli.parameters import (
    argument,
    build_options,
    flag,
    on_study,
    option,
    share,
    split_names,
    text_option,
)
from survey_cli.wording import format_quantity, join_first, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survey_cli.engine.events import AnswerCoded
    from survey_cli.services.data.coding import AgreementResult
    from survey_cli.services.run_on_study import Request

OutputOption = Annotated[
    str, text_option("--out -o FILE", "The file to write; - writes Markdown to stdout.")
]
ThresholdOption = Annotated[
    int, option("--threshold N", "Hide counts smaller than this; 0 hides nothing.", min=0)
]


def _print_formats(is_requested: bool) -> None:
    if not is_requested:
        return
    from survey_cli.exports import FORMATS

    for form in FORMATS.values():
        print(f"{form.name:<10} {' '.join(form.extensions):<14} {form.description}")
    raise typer.Exit


def export(
    file: parameters.InstrumentArgument,
    out: list[str] | None = text_option(
        "--out -o FILE", "The file to write; - writes to stdout. Repeatable.", None
    ),
    what: Literal["interviews", "answers", "events", "cases", "calls", "shifts"] = option(
        "--what",
        "What one row is: an interview, an answer, an event, a case, a call, or the working day of a person.",
        "interviews",
    ),
    variables: list[str] | None = text_option(
        "--variables NAMES", "Write only these columns, items or sections: q1,q2,mission.", None
    ),
    where: parameters.WhereOption = "",
    without_falsified: parameters.WithoutFalsifiedOption = False,
    rake: str = text_option(
        "--rake FILE",
        "Add a last column weight_raked: the weights of a report with this file of targets.",
        "",
    ),
    trim: parameters.TrimOption = "",
    weight: parameters.WeightOption = "",
    as_of: parameters.AsOfOption = "",
    labels: bool = flag("--labels", "Write labels instead of codes."),
    bom: bool = flag(
        "--bom", "Begin the file with a byte order mark, by which Excel recognizes UTF-8."
    ),
    partials: bool = option(
        "--partials/--no-partials", "Include or leave out unfinished interviews.", True
    ),
    origin: parameters.OriginOption = "real",
    personal: bool = flag(
        "--with-contacts --with-personal",
        "Include names, telephone numbers and personal answers. For supervisors only.",
    ),
    names: list[str] | None = option(
        "--personal NAME",
        "Include the personal columns of this item. For supervisors only. Repeatable.",
        None,
    ),
    public: bool = flag(
        "--public", "Leave out keys, free text, dates and times, which can identify respondents."
    ),
    dry_run: parameters.DryRunOption = False,
    force: parameters.ForceOption = False,
    raw: bool = flag(
        "--raw", "Write texts unchanged, even if a spreadsheet may run them as formulas."
    ),
    language: parameters.LanguageOption = "",
    form: str = option(
        "--format NAME",
        "The format; by default chosen by the file's ending. --formats lists all.",
        "",
    ),
    bundle: str = text_option(
        "--bundle DIR|.zip",
        "Write data, description, questionnaire, rates and checksums to a folder or .zip; -o names data files in it.",
        "",
    ),
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
    formats: bool = option(
        "--formats",
        "List the formats, and do nothing else.",
        False,
        callback=_print_formats,
        is_eager=True,
    ),
) -> None:
    """Write the data: one row per interview, one column per variable.

    With --what, one row per answer, event, case or call instead, or per person and day: shifts are the working times,
    everybody's for supervisors and else your own.

    An erased interview is a row without values, with the outcome withdrawn. Interviewers are named by their
    pseudonyms in the list of people. --public --dry-run lists what can identify respondents.

    Example: survey export study.yaml -o study.sav
    """
    from survey_cli.services.export.export_data import ExportOptions, export_files

    selected = {
        "variables": split_names(variables),
        "personal": frozenset(names or ()),
        "all_personal": personal,
    }
    options = build_options(
        ExportOptions, locals(), format=form, zone=parameters.parse_zone(zone), **selected
    )
    if bundle:
        from survey_cli.services.export.bundle import write_bundle

        with show_progress() as progress:
            contents = write_bundle(file, replace(options, progress=progress), bundle, out or ())
        data, files = contents.data_files[0], format_quantity(len(contents.files), "file")
        if data.rows and data.disclosure_note:
            say(data.disclosure_note)
        for line in contents.skipped:
            say(f"not included in {bundle}: {line}")
        say(f"{bundle}: {format_quantity(data.rows, 'interview')}, {files}")
        return
    outs = out or ["-"]
    with show_progress(shown="-" not in outs) as progress:
        results = export_files(
            file, replace(options, progress=progress), outs, stdout=open_data_output()
        )
    say(
        *dict.fromkeys(
            text for result in results for text in (*result.data.warnings, *result.data.differences)
        )
    )
    first = results[0]
    if first.data.left_out:
        remedy = "--with-contacts" if what == "calls" else "--personal NAME or --with-contacts"
        say(f"left out as personal: {', '.join(first.data.left_out)} ({remedy} includes them)")
    if first.rows and first.disclosure_note:
        say(first.disclosure_note)
    for kind, columns in first.data.identifying.items() if dry_run else ():
        say(f"{kind}: {', '.join(columns)}")
    for result in results:
        for line in result.notes:
            say(f"{result.to}: {line}")
        companion = f" and {result.beside}" if result.beside else ""
        table, done = result.data.table, " would be written" if dry_run else ""
        rows, width = (
            format_quantity(result.rows, table.row_unit),
            format_quantity(len(table.variables), "column"),
        )
        say(f"{_name_output(result.to)}{companion}: {rows}, {width}{done}, from {result.source}")


def _name_output(to: str) -> str:
    return "stdout" if to == "-" else to


def report(
    file: parameters.InstrumentArgument,
    out: OutputOption = "",
    by: list[str] | None = text_option(
        "--by NAMES",
        "Add columns for the values of these variables, nested ones or banners of the analysis file: kind,kind > region.",
        None,
    ),
    items: list[str] | None = text_option(
        "--items NAMES", "Report only these items, batteries or sections: q1,q2.", None
    ),
    where: parameters.WhereOption = "",
    without_falsified: parameters.WithoutFalsifiedOption = False,
    interviews: Literal["complete", "partial", "all"] = option(
        "--interviews", "Complete interviews only, partial ones too, or all.", "partial"
    ),
    origin: parameters.OriginOption = "real",
    as_of: parameters.AsOfOption = "",
    valid: bool = flag(
        "--valid", "Base percentages on valid answers: leave out declines and volunteered answers."
    ),
    digits: int = option("--digits N", "Decimal places of percentages.", 0, min=0, max=4),
    threshold: ThresholdOption = 5,
    tests: bool | None = option(
        "--tests/--no-tests",
        "Print significance tests with --by, or none. By default they are printed unless the whole population"
        " was selected.",
        None,
        show_default=False,
    ),
    level: float = option(
        "--level SHARE", "Confidence level of tests, margins and intervals.", 0.95
    ),
    correction: Literal["none", "bonferroni", "fdr"] = option(
        "--correction",
        "Correction of letters for the number of comparisons in a table.",
        "bonferroni",
    ),
    compare: Literal["pairs", "total"] = option(
        "--compare", "Compare columns with each other, or each with the rest of the total.", "pairs"
    ),
    percent: Literal["column", "row"] = option(
        "--percent", "What percentages by column are of.", "column"
    ),
    min_base: int = option(
        "--min-base N", "Merge or leave out columns with fewer interviews.", 0, min=0
    ),
    statistics: list[str] | None = text_option(
        "--statistics NAMES", "Print further statistics of numbers and scales: quartiles,se.", None
    ),
    margins: bool = flag("--margins", "Print margins of error with each item."),
    errors: bool = flag(
        "--errors",
        "Print standard errors, intervals, design effects and differences under the design of the sample.",
    ),
    verbatims: bool = flag("--verbatims", "Print verbatim answers."),
    cases: bool = flag("--cases", "With --verbatims: print the case of each answer."),
    weighted: bool = option(
        "--weighted/--unweighted", "Use or ignore the sample column with role: weight.", True
    ),
    rake: parameters.RakeOption = "",
    trim: parameters.TrimOption = "",
    weight: parameters.WeightOption = "",
    seed: int = option("--seed N", "Seed of simulated tests.", 1),
    charts: str = text_option(
        "--charts DIR", "Write each chart as an SVG file into this folder.", ""
    ),
    png: bool = flag("--png", "With --charts: write PNG files too."),
    language: parameters.LanguageOption = "",
    force: parameters.ForceOption = False,
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Report the results: every item with base, counts and percentages.

    Without --by it is a topline; with --by it has cross-tabulations (crosstabs). It appears on the terminal, or with
    -o in an .html, .md, .docx, .xlsx or .csv file. An .html file opens in any browser and prints well. Don't know,
    refused and volunteered answers are rows. Respondents who were not asked are in no base. Small counts are hidden.

    Example: survey report study.yaml --by region -o report.html
    """
    from survey_cli.services.report.publish import publish_results
    from survey_cli.services.report.results_report import ReportOptions

    with show_progress(shown=out != "-") as progress:
        lists = {
            "by": split_names(by),
            "items": split_names(items),
            "statistics": split_names(statistics),
        }
        local_zone = parameters.parse_zone(zone)
        options = build_options(
            ReportOptions, locals(), to=out, zone=local_zone, inference=tests, **lists
        )
        results, chart_files = publish_results(file, options, stdout=_choose_stdout(out))
    say(*results.warnings)
    if not out and not charts:
        from survey_cli.cli.output.report_text import render_report

        print("\n".join(render_report(results, cells=get_width(), blocks=_has_blocks())))
    if out:
        from survey_cli.cli.output.report_text import THRESHOLD_REMEDY
        from survey_cli.documents.report.report_layout import describe_hidden_counts

        contents = f"{format_quantity(len(results.items), 'item')}, {format_quantity(results.interviews, 'interview')}"
        hidden = describe_hidden_counts(results)
        say(f"{_name_output(out)}: {contents}{f'; {hidden}{THRESHOLD_REMEDY}' if hidden else ''}")
    if charts:
        say(f"{charts}: {format_quantity(chart_files, 'file')}")
    say(*results.advice)


def codebook(
    file: parameters.InstrumentArgument,
    out: OutputOption = "-",
    counts: bool = option("--counts/--no-counts", "Print counts of each code, or none.", True),
    origin: parameters.OriginOption = "real",
    threshold: ThresholdOption = 5,
    language: parameters.LanguageOption = "",
    force: parameters.ForceOption = False,
    people: parameters.PeopleOption = None,
    db: parameters.DatabaseOption = None,
) -> None:
    """Describe the data: every variable with its wording, who is asked, codes, labels, missing values and source.

    The codebook, or data dictionary, is an .html, .md or .docx file. Where interviews are stored, it has counts.

    Example: survey codebook study.yaml -o codebook.html
    """
    from survey_cli.services.report.publish import publish_codebook
    from survey_cli.services.report.results_report import ReportOptions

    with show_progress(shown=out != "-") as progress:
        result = publish_codebook(
            file, build_options(ReportOptions, locals(), to=out), stdout=_choose_stdout(out)
        )
    contents = format_quantity(result.column_count, "variable")
    if result.interviews is not None:
        contents += f", {format_quantity(result.interviews, 'interview')}"
    say(f"{_name_output(out)}: {contents}")


@on_study
def code(
    request: "Request",
    item: str = argument("ITEM", "The item: a text, or a list with an option to specify."),
    second: float | None = share(
        "--second SHARE", "Code a random part again, without seeing the codes: 20%.", None
    ),
    agreement: bool = flag("--agreement", "Compare the two codings, and list where they differ."),
    settle: bool = flag("--settle", "Decide where the two codings differ. For supervisors only."),
    origin: parameters.OriginOption = "real",
    form: parameters.ResultFormatOption = "table",
    plain: parameters.PlainOption = False,
    theme: parameters.ThemeOption = "",
) -> None:
    """Code the open answers of an item, compare two coders, settle where they differ.

    The code frame is in NAME.ITEM.codes.yaml beside the questionnaire; codes are added while coding. Equal answers are
    coded together. Each coding is stored at once with the coder's name and can be undone. Only interviews that have
    ended are coded. Exports, reports and the codebook have the variable ITEM_code, or for several codes ITEM_code_1,
    ITEM_code_2 and so on.

    Example: survey code study.yaml reason --second 20%
    """
    from survey_cli.services.data.coding import compare_codings, open_coding

    if (second is not None) + agreement + settle > 1:
        raise typer.BadParameter("--second, --agreement and --settle exclude each other")
    if agreement:
        result = compare_codings(request, item, origin=origin)
        print_result(form, _render_agreement(result), result)
        return
    from survey_cli.cli.commands.interview import has_full_screen
    from survey_cli.cli.run_command import run_full_screen
    from survey_cli.plain.coding import code_answers
    from survey_cli.tui import run_coding

    role: Literal["first", "second", "final"] = (
        "final" if settle else "first" if second is None else "second"
    )
    with open_coding(
        request, item, role=role, share=1.0 if second is None else second, origin=origin
    ) as session:
        is_whole = True
        if plain or not has_full_screen():
            code_answers(session, sys.stdin, sys.stdout)
        else:
            is_whole = run_full_screen(lambda: run_coding(session, theme))
        done, total = session.count()
    say(f"{item}: {done:,} of {format_quantity(total, 'answer')} coded")
    if not is_whole:
        raise typer.Exit(1)


def _render_agreement(result: "AgreementResult") -> "Iterator[str]":
    def describe(coding: "AnswerCoded | None") -> str:
        codes = " ".join(map(str, coding.codes or ())) if coding is not None else ""
        return f"{codes or 'unclear'} ({coding.stamp.by})" if coding is not None else ""

    found, labels = result.agreement, result.labels
    figures = found.kappa, found.alpha, *(code.kappa for code in found.by_code)
    kappa, alpha, *by_code = (
        "not defined" if figure is None else f"{figure:.3f}" for figure in figures
    )
    answers = format_quantity(found.answers, "different answer")
    share = found.equal / found.answers
    yield f"{answers} coded twice, {found.equal:,} of them alike ({share:.1%})"
    yield f"Cohen's kappa {kappa}"
    yield f"Krippendorff's alpha {alpha} ({result.distance} distance)"
    yield ""
    rows = [
        (c.code, labels[c.code], *c[1:4], figure)
        for c, figure in zip(found.by_code, by_code, strict=True)
    ]
    yield from render_table(
        ("code", "label", "first", "second", "both", "kappa"), rows, right=range(2, 6)
    )
    if result.disagreements:
        yield ""
        lines = []
        for answer in result.disagreements:
            described = [
                describe(answer.codings.get(role)) for role in ("first", "second", "final")
            ]
            lines.append((answer.case, shorten(answer.text), *described))
        yield from render_table(("case", "answer", "first", "second", "decision"), lines)


def _choose_stdout(out: str) -> TextIO:
    return open_data_output() if out == "-" else sys.stdout


def _has_blocks() -> bool:
    """Whether this terminal can show block characters."""
    try:
        "█▒░".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


@on_study
def import_answers(
    request: "Request",
    data: str = argument("DATA", "The data file: .csv, .xlsx, .sav, .dta or .parquet."),
    map_file: str = text_option(
        "--map FILE", "YAML file that says which column and which codes an item has there.", ""
    ),
    sheet: str | None = option(
        "--sheet NAME", "Sheet of the workbook; by default the first.", None
    ),
    encoding: str | None = option(
        "--encoding NAME", "Encoding of the file, if it is not UTF-8: cp1252.", None
    ),
    dry_run: parameters.DryRunOption = False,
) -> None:
    """Import answers from paper, the web or earlier waves: each row of a data file is an interview.

    Every row is answered as in an interview: its route, ranges and checks apply, and soft checks count as confirmed.
    What does not fit is listed by row and column, and then nothing is imported. Safe to repeat: rows that are stored
    already are passed over. The interviews have the origin `imported`; exports and reports include them.

    Exit code 0: imported; 1: not imported.

    Example: survey import-answers study.yaml paper.csv --dry-run
    """
    from survey_cli.services.data.import_answers import AnswerImportOptions, import_answers
    from survey_cli.study.location import describe_files

    with show_progress() as progress:
        result = import_answers(request, build_options(AnswerImportOptions, locals(), map=map_file))
    say(*result.problems)
    if errors := sum(problem.severity == "error" for problem in result.problems):
        say(f"{data}: {format_quantity(errors, 'error')}: nothing was imported")
        raise typer.Exit(1)
    if result.unused:
        say(
            f"not read: {format_quantity(len(result.unused), 'column')}: {join_first(result.unused)}"
        )
    say(describe_files(request.path, result.where, people=request.people))
    done = "would be imported" if dry_run else "imported"
    added, before = format_quantity(result.added, "interview"), result.rows - result.added
    say(f"{result.where}: {added} {done}, {before} stored already")
