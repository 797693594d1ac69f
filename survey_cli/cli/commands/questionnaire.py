"""The commands of designers, such as `new`, `check`, `print`, `explain`, `convert` and `diff`."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.command_table import RENAMED
from survey_cli.cli.option_groups import refuse_options
from survey_cli.cli.output import terminal
from survey_cli.cli.output.datetimes import now
from survey_cli.cli.output.terminal import (
    print_lines,
    print_result,
    render_table,
    say,
    separate,
    wrap_paragraph,
)
from survey_cli.cli.parameters import argument, option, questionnaire_argument
from survey_cli.problems import Problem, Severity, UserError, sort_problems
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.revisions.changes import ComparedChange
    from survey_cli.services.questionnaire.questionnaire_files import InstrumentCheck
    from survey_cli.services.questionnaire.translations import LanguageStatus
    from survey_cli.services.questionnaire.word_lookup import ReferenceEntry, ReferenceKind
    from survey_cli.simulate.interviews.length import LengthEstimate

NO_BREAK_SPACE: Final = "\u00a0"
SIMULATED: Final = 200
"""Simulated interviews for an estimate."""
_HEADINGS: Final = {
    "routes": "Interviews that end with",
    "sections": "Section, in complete interviews",
}


def _estimate_length(
    result: "InstrumentCheck", *, wanted: bool, db: str | None
) -> tuple["InstrumentCheck", "LengthEstimate | None"]:
    """Estimate the length if it is `wanted` or has a budget.

    If the budget doesn't suffice, the problem is added to the result.
    """
    instrument = result.instrument
    if instrument is None or not (wanted or instrument.document.study.minutes is not None):
        return result, None

    from survey_cli.simulate.interviews.length import estimate_lengths
    from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews

    measured: Mapping[str, float] = {}
    if result.in_use:
        from survey_cli.services.questionnaire.item_times import read_item_seconds

        measured = read_item_seconds(result.file, db=db)

    # Fixed values, so that every machine estimates the same.
    invented = simulate_interviews(
        instrument,
        count=SIMULATED,
        seed=1,
        start=datetime(2026, 1, 5, 9, tzinfo=UTC),
        habits=Habits(qualify=0.85),
    )
    interviews = (simulated.interview for simulated in invented)
    estimate = estimate_lengths(instrument, interviews, measured)
    problems = tuple(sort_problems((*result.problems, *estimate.check_budget(instrument))))
    return replace(result, problems=problems), estimate


def _summarize_length(estimate: "LengthEstimate") -> dict[str, Any]:
    """Return the estimate as values for JSON: minutes, and seconds of items."""
    from survey_cli.simulate.interviews.length import describe_spread

    summary: dict[str, Any] = {}
    for kind in _HEADINGS:
        spreads = {}
        for name, minutes in getattr(estimate, kind).items():
            spreads[name] = describe_spread(minutes)._asdict()
        summary[kind] = spreads
    summary["longest_items"] = dict(estimate.list_longest_items())
    summary["measured_items"] = estimate.measured
    return summary


def _render_length(estimate: "LengthEstimate") -> Iterator[str]:
    """Render the minutes of routes and sections, then the longest items."""
    summary = _summarize_length(estimate)
    for kind, heading in _HEADINGS.items():
        rows = []
        for name, spread in summary[kind].items():
            minutes = [f"{spread[key]:.1f}" for key in ("p10", "median", "p90")]
            rows.append((name or "outside of sections", *minutes))
        # A single section says the same as the whole interview.
        if rows and (kind == "routes" or len(rows) > 1):
            yield from render_table((heading, "10 %", "median", "90 %"), rows)

    longest = [f"{item} {seconds:.0f} s" for item, seconds in summary["longest_items"].items()]
    if longest:
        yield from wrap_paragraph(f"The longest items: {', '.join(longest)}.")
    else:
        yield from wrap_paragraph("No interview was complete.")

    source = "estimated from the words"
    if estimate.measured:
        source = f"{format_quantity(estimate.measured, 'item')} as measured"
    shares = f"10 %, half and 90 % of {SIMULATED} simulated interviews"
    yield from wrap_paragraph(f"Minutes that {shares} take at most, {source}.")


def new(
    file: Annotated[str, argument("FILE", "The file to write; .yaml is added if it is missing.")],
    force: parameters.ForceOption = False,
) -> None:
    """Write a commented questionnaire to begin with.

    Example: survey new study.yaml
    """
    from survey_cli.services.questionnaire.questionnaire_files import create_instrument

    path = create_instrument(file, force=force)
    say(f"{path}: written. It is a complete questionnaire with comments. Read it, then adapt it.")
    say(
        f"Next: survey interview {path} --case 1 --practice, and after each change: survey check "
        f"{path}"
    )


def check(
    files: Annotated[
        list[str],
        questionnaire_argument("FILE", "Questionnaires; for a folder, every one in and below it."),
    ],
    form: Annotated[
        Literal["text", "json", "github"],
        option(
            "--format", "Output format: text to read, json for programs, github for annotations."
        ),
    ] = "text",
    strict: Annotated[bool, option("--strict", "Warnings count as errors.")] = False,
    formats: Annotated[
        list[str] | None,
        option(
            "--for FORMATS", "Also list what these export formats cannot store: sav,dta,sss,xlsx."
        ),
    ] = None,
    wording: Annotated[
        bool, option("--wording", "Also list wording that is hard to understand or to answer.")
    ] = False,
    possible: Annotated[
        bool, option("--possible", "Also list what can happen, with answers that lead there.")
    ] = False,
    length: Annotated[
        bool, option("--length", "Also estimate how many minutes an interview takes.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        option(
            "--accept ITEM", "Accept the change of this item since earlier interviews. Repeatable."
        ),
    ] = None,
    reason: Annotated[
        str, option("--reason TEXT", "With --accept: the reason, which is stored with your name.")
    ] = "",
    same: Annotated[
        bool, option("--same", "With --accept: the new text has the same meaning.")
    ] = False,
    upgrade: Annotated[
        bool,
        option(
            "--upgrade",
            "Write the newest edition of the language into the file, and list what then differs.",
        ),
    ] = False,
    by: parameters.LoginOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """List every problem of a questionnaire, with line and remedy.

    With `study: {minutes: 15}`, it is an error if half of the complete interviews probably take
    longer.

    Where interviews are stored, the questionnaire is also compared with every version in use. A
    code with another text, a narrower range, another type of answer and a missing item are errors
    until --accept says that the change is intended.

    All interviews are tried at once, with every answer, decline, sample value and date. What can't
    happen is proved: items that are never asked, filters that are always true, options that are
    never offered, checks that never fire or can't be passed, quota cells that nobody can be in.
    Declines that lead to no branch of a fork, gaps and overlaps of filters, and fills without a
    value are shown by answers; with --format json, also by the interview, as survey test reads it.
    A note is no fault.

    With --upgrade, a questionnaire in an earlier edition of the language is rewritten: it gets the
    line `edition:`, and all else stays as it is. What then means something else is listed with its
    line, and with what keeps the meaning. So are the scenarios beside the file that differ. A file
    with errors is left alone. Stored interviews keep the edition of their version.

    Exit code 0: no error; 1: an error, or with --strict a warning.

    Example: survey check study.yaml
    """
    from survey_cli.scenarios.route_check import ProofState, describe_missing_solver
    from survey_cli.services.questionnaire.questionnaire_files import check_file, find_instruments

    format_names: tuple[str, ...] = ()
    if formats:
        from survey_cli.services.export.format_checks import parse_formats

        format_names = parse_formats(formats)
    if accept or reason or same or by:
        _accept_changes(files, accept or (), reason, same=same, by=by, db=db)

    paths, errors = find_instruments(files)
    results = []
    lengths = {}
    for file in paths:
        result = check_file(file, format_names, wording=wording, possible=possible, db=db)
        if upgrade and result.instrument is not None:
            changes = _upgrade_file(file)
            result = check_file(file, format_names, wording=wording, possible=possible, db=db)
            listed = sort_problems((*result.problems, *changes))
            result = replace(result, problems=tuple(listed))
        result, estimate = _estimate_length(result, wanted=length, db=db)
        results.append(result)
        if length and estimate is not None:
            lengths[file] = estimate

    summaries = {file: _summarize_length(estimate) for file, estimate in lengths.items()}
    _print_problems(results, form, summaries)
    if form == "text":
        for file, estimate in lengths.items():
            print_lines(("", file, *_render_length(estimate)))

    for result in results:
        _say_summary(result)
    problems = [problem for result in results for problem in result.problems]
    if len(results) > 1:
        say(f"{format_quantity(len(results), 'instrument')}: {_summarize(problems, None)}")
    if any(result.proof is ProofState.NO_SOLVER for result in results):
        say(f"survey check: {describe_missing_solver()}")
    say(*errors)

    failing = {"error", "warning"} if strict else {"error"}
    has_failed = any(problem.severity in failing for problem in problems)
    raise typer.Exit(1 if has_failed or errors else 0)


def _upgrade_file(file: str) -> Sequence[Problem]:
    """Upgrade a questionnaire, and return what then means something else. Raises UserError."""
    from survey_cli.services.questionnaire.edition_upgrade import upgrade_file

    upgrade = upgrade_file(file, now().date())
    for sentence in upgrade.describe():
        say(f"{file}: {sentence}")
    return (*upgrade.changes, *upgrade.code_changes, *upgrade.scenario_changes)


def _say_summary(result: "InstrumentCheck") -> None:
    """Say how many problems an instrument has, which changes are accepted, and what is in use."""
    from survey_cli.scenarios.route_check import ProofState

    for line in result.accepted:
        say(f"{result.file}: {line}")
    unproved = ""
    if result.proof is ProofState.HAS_ERRORS:
        unproved = "; the route is proved when the errors are corrected"
    say(f"{result.file}: {_summarize(result.problems, result.items)}{unproved}")
    if result.in_use:
        say(result.in_use)


def _accept_changes(
    files: Sequence[str], items: Sequence[str], reason: str, *, same: bool, by: str, db: str | None
) -> None:
    """Accept changes of one questionnaire. Raises UserError."""
    from survey_cli.services.questionnaire.version_check import accept_changes

    if not items:
        raise UserError("--accept", "no item is given", "give the accepted item: --accept q1")
    if not reason.strip():
        remedy = "explain why the change is intended: --reason TEXT"
        raise UserError("--reason", "no reason is given", remedy)
    if len(files) != 1:
        remedy = "accept changes of one questionnaire at a time"
        raise UserError("--accept", "several files are given", remedy)
    accept_changes(files[0], items, reason.strip(), same=same, by=by, db=db)


def _print_problems(
    results: "Sequence[InstrumentCheck]", form: str, lengths: Mapping[str, Any]
) -> None:
    """Print the problems on stdout, since they are the result."""
    from survey_cli.cli.output import problems as snippets

    if form == "text" and sys.stdout.isatty():
        _print_snippets(results)
        return

    problems = [problem for result in results for problem in result.problems]
    rows = snippets.build_problem_rows(problems)
    value = {"problems": rows, "lengths": lengths} if lengths else rows
    render = snippets.render_github if form == "github" else snippets.render_plain
    print_result(form, [render(problem) for problem in problems], value)


def _print_snippets(results: "Sequence[InstrumentCheck]") -> None:
    """Print the problems in color, with their lines."""
    from rich.console import Console

    from survey_cli.cli.output.problems import render_rich

    console = Console(highlight=False, markup=False, emoji=False)
    for result in results:
        for problem in result.problems:
            line = result.line_at(problem.where)
            text = render_rich(problem, line, width=terminal.get_width())
            console.print(text, soft_wrap=True)


def _summarize(problems: Sequence[Problem], items: int | None) -> str:
    """Summarize a questionnaire: `48 items, 2 errors, 1 warning`."""
    counted = Counter(problem.severity for problem in problems)
    words: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
    parts = []
    if items is not None:
        parts.append(format_quantity(items, "item"))
    for severity, word in words.items():
        if counted[severity]:
            parts.append(format_quantity(counted[severity], word))
    if not problems:
        parts.append("no problems")
    return ", ".join(parts)


def schema(
    file: Annotated[
        str,
        argument(
            "[FILE]",
            "A questionnaire whose scales and outcomes are offered by name.",
            show_default=False,
        ),
    ] = "",
    out: Annotated[str, option("--out -o FILE", "The file to write; - writes to stdout.")] = "-",
    module: Annotated[bool, option("--module", "Write the schema of a module instead.")] = False,
    scenarios: Annotated[
        bool, option("--scenarios", "Write the schema of scenario files instead.")
    ] = False,
    analysis: Annotated[
        bool, option("--analysis", "Write the schema of analysis files instead.")
    ] = False,
    codes: Annotated[
        bool, option("--codes", "Write the schema of the code frames of open answers instead.")
    ] = False,
    answer_map: Annotated[
        bool, option("--map", "Write the schema of the maps of import-answers instead.")
    ] = False,
    simulation: Annotated[
        bool, option("--simulation", "Write the schema of the settings of simulate instead.")
    ] = False,
) -> None:
    """Write the JSON Schema with which editors complete and check questionnaires.

    Save it beside your questionnaires as instrument.schema.json, and begin each of them with the
    line "# yaml-language-server: $schema=./instrument.schema.json". With FILE, editors also offer
    the names of its scales and outcomes. The schema of scenario files is scenarios.schema.json, and
    so on.

    Example: survey schema -o instrument.schema.json
    """
    from survey_cli.services.questionnaire import questionnaire_files

    if scenarios:
        kind = "scenarios"
    elif analysis:
        kind = "analysis"
    elif codes:
        kind = "codes"
    elif answer_map:
        kind = "map"
    elif simulation:
        kind = "simulation"
    elif module:
        kind = "module"
    else:
        kind = "instrument"

    if out == "-":
        sys.stdout.write(questionnaire_files.render_schema(kind, file))
        return

    questionnaire_files.write_schema(out, kind, file)
    say(f"{out}: written")


def explain(
    words: Annotated[
        list[str] | None,
        argument(
            "[WORD]...",
            "A word of the language or the trade: roster, ask_if, busy, response rate, piping.",
        ),
    ] = None,
) -> None:
    """Explain a word of the language, of the files or of the trade; without one, list them all.

    A word that the trade uses leads to the word of the program: `disposition` to outcome, `piping`
    to fill. A figure, an outcome, and a problem that `survey check` reports are explained too.

    It also prints the pages of the documentation: `survey explain first-interview`. `survey explain
    tutorial` lists the tutorials, and `survey explain pages` all pages. If a page and a word have
    the same name, the word is explained, and the folder in front of the name asks for the page:
    `survey explain guides/fieldwork`.

    Example: survey explain roster
    """
    from survey_cli.services.questionnaire.pages import find_page, is_path, read_page
    from survey_cli.services.questionnaire.word_lookup import (
        explain_word,
        is_known,
        list_vocabulary,
    )

    word = " ".join(words or ())
    if not word:
        print_lines(_render_vocabulary(list_vocabulary()))
        return
    if word in ("tutorial", "tutorials"):
        print_lines(_render_tutorials())
        return
    if word == "pages":
        print_lines(_render_page_names())
        return

    page = find_page(word)
    if is_path(word):
        _print_page(page, read_page(page or word))
        return
    if page and not is_known(word):
        _print_page(page, read_page(page))
        return

    renamed = RENAMED.get(word, "")
    if renamed:
        say(f"survey {word}: the command is now: survey {renamed}")
    try:
        meanings = explain_word(word)
    except UserError:
        # A command that has another name now need not be a word of the vocabulary.
        if renamed:
            return
        raise
    print_lines(separate(map(_render_entry, meanings)))
    if page:
        print_lines(["", f"There is also a page: survey explain {page}"])


def _render_vocabulary(words_by_kind: "Mapping[ReferenceKind, Sequence[str]]") -> Iterator[str]:
    """List all words under their kinds; a term of several words isn't broken into two lines."""
    yield from wrap_paragraph(
        "`survey explain WORD` explains each of these, and what the trade calls it (piping, RR1). "
        "`survey explain pages` lists the pages of the documentation, `survey explain tutorial` "
        "the tutorials."
    )
    for kind, words in words_by_kind.items():
        if not words:
            continue

        # These are 200 names that only `survey check` leads to: they would fill a screen.
        if kind == "problem":
            yield ""
            yield "Problems"
            yield from wrap_paragraph(
                f"{len(words)} problems that `survey check` reports, such as {words[0]}. "
                "`survey explain problems` describes them all.",
                indent=2,
            )
            continue

        listed = ", ".join(word.replace(" ", NO_BREAK_SPACE) for word in words)
        yield ""
        yield f"{kind}s".capitalize()
        for line in wrap_paragraph(listed, indent=2):
            yield line.replace(NO_BREAK_SPACE, " ")


def _render_tutorials() -> Iterator[str]:
    """List the tutorials with their readers."""
    from survey_cli.services.questionnaire.pages import list_tutorials

    head = ("reader", "survey explain …", "what you read", "minutes")
    rows = [(one.reader, one.name, one.title, one.minutes) for one in list_tutorials()]
    yield from render_table(head, rows, right={3})
    yield ""
    yield "All other pages: survey explain pages"


def _render_page_names() -> Iterator[str]:
    """List the pages, folder by folder."""
    from survey_cli.services.questionnaire.pages import list_pages

    yield from wrap_paragraph("`survey explain guides/fieldwork` prints a page. These are all:")
    for folder, names in list_pages().items():
        yield ""
        yield f"{folder}/"
        yield from wrap_paragraph(", ".join(names), indent=2)


def _print_page(page: str, markdown: str) -> None:
    """Print a page; on a terminal with the pager of the account, since it takes many screens."""
    from survey_cli.cli.output.page_text import render_page
    from survey_cli.services.questionnaire.pages import list_linked_pages

    lines = list(render_page(markdown))
    linked = list_linked_pages(page)
    if linked:
        names = f"Pages that it names, each for `survey explain`: {', '.join(linked)}."
        lines += ["", *wrap_paragraph(names)]
    if not sys.stdout.isatty():
        print_lines(lines)
        return

    from pydoc import pager

    keys = "q leaves this page, Space shows more, / finds a word."
    pager("\n".join([keys, "", *lines, "", keys]) + "\n")


def _render_explanation(text: str) -> Iterator[str]:
    """Wrap prose; leave examples, which are indented or contain an arrow, as written."""
    for number, part in enumerate(text.split("\n\n")):
        if number:
            yield ""
        if any(line.startswith("  ") or "→" in line for line in part.split("\n")):
            yield from (f"      {line}" for line in dedent(part).split("\n"))
        else:
            yield from wrap_paragraph(" ".join(part.split()), indent=2)


def _render_entry(entry: "ReferenceEntry") -> Iterator[str]:
    """Render a word with its meaning, its other names, and its keys."""
    if entry.instead_of and entry.is_foreign:
        yield from wrap_paragraph(
            f"{entry.instead_of} — a word of other programs; here it is {entry.word}"
        )
    elif entry.instead_of:
        yield from wrap_paragraph(f"{entry.instead_of} — another word for {entry.word}")
    article = "an" if entry.kind[0] in "aeiou" else "a"
    within = f" of {', '.join(entry.within)}" if entry.within else ""
    yield from wrap_paragraph(f"{entry.word} — {article} {entry.kind}{within}")
    yield from _render_explanation(entry.meaning)

    if entry.accepts:
        yield from wrap_paragraph(f"Takes {entry.accepts}.", indent=2)
    if entry.trade:
        who = "Other words" if entry.kind == "command" else "The trade says"
        yield from wrap_paragraph(f"{who}: {', '.join(entry.trade)}.", indent=2)
    if entry.columns:
        yield from wrap_paragraph(f"In the data: {entry.columns}.", indent=2)
    if entry.commands:
        yield from wrap_paragraph(f"Commands: {', '.join(entry.commands)}.", indent=2)
    if entry.page:
        yield from wrap_paragraph(f"Read on: {entry.page}.", indent=2)

    for key in entry.keys:
        required = ", required" if key.required else ""
        yield ""
        yield from wrap_paragraph(f"{key.name}: {key.accepts}{required}", indent=2)
        yield from wrap_paragraph(key.describe(), indent=6)
    if entry.shared_keys:
        keys = ", ".join(entry.shared_keys)
        yield ""
        yield from wrap_paragraph(f"It also has the keys of every question: {keys}.", indent=2)


def run_print(
    context: typer.Context,
    file: parameters.InstrumentArgument,
    out: Annotated[
        str,
        option(
            "--out -o FILE",
            "The file to write: .html, .docx or .md, with --route also .svg; - writes Markdown to "
            "stdout.",
        ),
    ] = "-",
    language: Annotated[
        str, option("--language CODE", "Language of the texts; all prints every language.")
    ] = "",
    comments: Annotated[
        bool, option("--comments", "Print lines for comments under every item.")
    ] = False,
    route: Annotated[
        bool,
        option("--route", "Print a picture of the route: .svg, .html, or .md with Mermaid."),
    ] = False,
    unfold: Annotated[
        list[str] | None,
        option(
            "--unfold SECTION",
            "With --route: show this section, and fold the others to one box each; all shows "
            "all of them.",
        ),
    ] = None,
    force: parameters.ForceOption = False,
) -> None:
    """Print the questionnaire for reviewers.

    It shows what is read aloud, instructions, answers with their codes, and in plain English who is
    asked and what is checked. An .html file opens in any browser, and prints well from there.
    Reviewers can change a .docx with tracked changes; it needs the extra [word].

    With --route it is a picture from top to bottom: sections, conditions with what depends on them,
    rosters as loops, and where interviews end. With more than 60 items, sections are folded.

    Example: survey print study.yaml -o questionnaire.html --comments
    """
    from survey_cli.services.questionnaire.print_questionnaire import (
        print_questionnaire,
        print_route,
    )

    stdout = terminal.open_data_output()
    if route:
        refuse_options(context, ("comments",), "is not for --route")
        diagram = print_route(
            file, out, language, unfolded=unfold or (), force=force, stdout=stdout
        )
        where = "stdout" if out == "-" else out
        say(f"{where}: the route of {diagram.summary}")
        return

    refuse_options(context, ("unfold",), "is only for --route")
    items, languages = print_questionnaire(
        file, out, language, comments=comments, force=force, stdout=stdout
    )
    where = "stdout" if out == "-" else out
    say(f"{where}: {format_quantity(items, 'item')}, {', '.join(languages)}")


def convert(
    form: Annotated[
        str,
        argument(
            "FORM",
            "An XLSForm (.xlsx, .xls, .csv, .md), a data dictionary of REDCap (.csv), "
            "or a survey of LimeSurvey (.lss, .txt) or Qualtrics (.qsf).",
        ),
    ],
    out: Annotated[
        str,
        option(
            "--out -o FILE",
            "The questionnaire to write, .yaml; by default beside the form, with its name.",
        ),
    ] = "",
    report: Annotated[
        str, option("--report FILE", "Also write what was carried over and what was not, as .md.")
    ] = "",
    output_format: parameters.ResultFormatOption = "table",
    force: parameters.ForceOption = False,
) -> None:
    """Convert a form of XLSForm (ODK, Kobo, SurveyCTO), REDCap, LimeSurvey or Qualtrics.

    The file is recognized by its content. Whatever has no counterpart is listed with its place in
    the form, and stands as a comment in the questionnaire, which has no errors. The report has
    lists of what was not carried over, carried over with a note, and carried over, and of the
    filters that a don't know decides, which these systems don't have. Loops of Qualtrics with texts
    of their own become a module in the folder modules beside the questionnaire.

    Exit code 0: everything was carried over; 1: something was not.

    Example: survey convert form.xlsx -o study.yaml --report form.md
    """
    from survey_cli.services.questionnaire.convert_questionnaire import convert_questionnaire

    out, converted = convert_questionnaire(form, out, report=report, force=force)
    losses = converted.report
    errors = converted.errors
    words = converted.words
    lines = []
    if not report:
        for entry in losses.lost:
            column = f", {entry.column}" if entry.column else ""
            row = words.name_row(entry.part, entry.row)
            where = f"{form}: {words.part.lower()} {entry.part}, {row}{column}"
            lines.append(f"{where}: {entry.name or 'all rows'}: {entry.text}")
    lists = {
        "carried": list(losses.carried),
        "noted": list(losses.noted),
        "lost": list(losses.lost),
        "filters": list(losses.filters),
        "logic": losses.logic,
        "without_counterpart": losses.without_counterpart,
    }
    modules = [str(Path(out).parent / name) for name in converted.modules]
    value = {
        "file": out,
        "modules": modules,
        "report": lists,
        "errors": [str(error) for error in errors],
    }
    print_result(output_format, lines, value)

    say(*errors)
    for module in modules:
        say(f"{module}: written; {Path(out).name} includes it once for each loop")
    say(f"{out}: written; {losses.summarize()}")
    if losses.lost and report:
        entries = format_quantity(len(losses.lost), "entry", "entries")
        say(f"{report}: {entries} not carried over, with the reasons")
    say(f"Next: survey check {out}, then survey preview {out}")
    raise typer.Exit(1 if losses.lost or errors else 0)


def translations_export(
    file: parameters.InstrumentArgument, language: parameters.LanguageOption = ""
) -> None:
    """Write the texts as PO files for translators: NAME.es.po beside NAME.yaml.

    There is one file for each language but the first. It is also where the program reads the
    translations. Those that it has are kept; if the text has changed since, the translation is
    marked fuzzy, and the text is read in the first language until the mark is removed. Texts that
    are translated in the questionnaire itself are left out.

    Example: survey translations export study.yaml --language es
    """
    from survey_cli.services.questionnaire.translations import export_translations

    for status in export_translations(file, (language,) if language else ()):
        say(f"{status.file}: {_describe_counts(status)}")


def translations_import(
    file: parameters.InstrumentArgument,
    returned: Annotated[str, argument("PO", "The PO file that came back.")],
    language: parameters.LanguageOption = "",
) -> None:
    """Take the translations of a PO file that came back into the one beside the questionnaire.

    The language is the last part of the file's name (spanish.es.po), unless --language is given. A
    translation that lacks a fill of its text, such as {name}, or has another one, is listed with
    its line, and nothing of its item is imported: correct it and import the file again. The
    questionnaire isn't changed.

    Exit code 0: everything was imported; 1: there are problems.

    Example: survey translations import study.yaml back/study.es.po
    """
    from survey_cli.services.questionnaire.translations import import_translations

    if not language:
        _, _, language = Path(returned).stem.rpartition(".")
    result = import_translations(file, returned, language)
    print_lines(map(str, result.problems))
    say(f"{result.file}: {format_quantity(result.imported, 'translation')} new or changed")
    raise typer.Exit(1 if result.problems else 0)


def translations_status(
    file: parameters.InstrumentArgument, form: parameters.ResultFormatOption = "table"
) -> None:
    """Show for each language how many texts are translated, and which are out of date or missing.

    Exit code 0: everything is translated; 1: something is not.

    Example: survey translations status study.yaml
    """
    from survey_cli.services.questionnaire.translations import load_translation_status

    languages = load_translation_status(file)
    lines = []
    for one in languages:
        required = " (required)" if one.required else ""
        lines.append(f"{one.language}: {_describe_counts(one)}{required}")
        if one.stale:
            lines.append(f"  out of date: {join_first(one.stale, 20)}")
        if one.missing:
            lines.append(f"  missing: {join_first(one.missing, 20)}")
    print_result(form, lines, languages)
    raise typer.Exit(1 if any(one.stale or one.missing for one in languages) else 0)


def _describe_counts(status: "LanguageStatus") -> str:
    return (
        f"{status.complete:,} complete, {len(status.stale):,} out of date, "
        f"{len(status.missing):,} missing"
    )


CONSEQUENCES: Final = {
    "removed": (
        "Nothing is stored under this name any more. "
        "Exports keep the column for the interviews that have it."
    ),
    "type": (
        "Stored answers and new ones are of different types. "
        "Exports write the stored ones to a separate column."
    ),
    "recoded": (
        "The same value no longer means the same. Don't analyze stored and new answers as one."
    ),
    "narrowed": (
        "Answers that were accepted, stored or exported no longer are. New interviews lack them."
    ),
    "widened": (
        "Answers are accepted, stored or exported that were not before. Older interviews lack them."
    ),
    "route": "Other people are asked than before, so that the bases of the two versions differ.",
    "order": "Stored answers keep their meaning. They were given in another order.",
    "added": "Interviews of the older version have no answer here: they were not asked.",
    "text": "Stored answers stay in the same column. They were given to the earlier wording.",
    "fieldwork": "No answer changes. It applies to calls and interviews from now on.",
}
"""What a change of each kind means for the data."""


def diff(
    old: Annotated[str, argument("OLD", "The older questionnaire.", show_default=False)],
    new: Annotated[
        str,
        argument(
            "NEW",
            "The newer one. If left out: OLD is compared with the newest version that has "
            "interviews.",
            show_default=False,
        ),
    ] = "",
    form: Annotated[
        Literal["text", "json"],
        option("--format", "Output format: text to read, json for programs."),
    ] = "text",
    db: parameters.DatabaseOption = None,
) -> None:
    """Show what changed between two versions of a questionnaire, and what that means for the data.

    Every change is of one kind: removed, type, recoded, narrowed, widened, route, order, added,
    text or fieldwork. Conditions that are written differently and hold for the same answers are no
    change; this is proved. With --db, each change is shown with the number of interviews that it
    concerns.

    Exit code 0: stored and new answers can be analyzed together; 1: something is removed, recoded,
    narrowed or of another type.

    Example: survey diff study_v1.yaml study.yaml --db responses/study.db
    """
    from survey_cli.revisions.changes import LOSSES
    from survey_cli.services.questionnaire.version_check import diff_versions

    result = diff_versions(old, new or None, db)
    changes = list(zip(result.changes, result.counts, strict=True))
    value = result._asdict() | {"changes": [_to_json(change, count) for change, count in changes]}
    del value["counts"]
    print_result(form, _render_changes(changes, result.interviews), value)

    numbers = Counter(change.kind for change in result.changes)
    summary = "no changes"
    if changes:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in numbers.items())
        summary = f"{format_quantity(len(changes), 'change')}: {kinds}"
    say(f"{result.old} → {result.new}: {summary}")
    if not result.proved and not all(change.decided for change in result.changes):
        from survey_cli.scenarios.route_check import make_solver_remedy

        undecided = "which of the conditions that are not decided are the same"
        say(f"survey diff: there is no solver to prove {undecided} — {make_solver_remedy()}")
    raise typer.Exit(1 if any(kind in LOSSES for kind in numbers) else 0)


def _render_changes(
    changes: "Sequence[tuple[ComparedChange, int | None]]", interviews: int | None
) -> Iterator[str]:
    for kind, group in groupby(changes, lambda pair: pair[0].kind):
        yield from wrap_paragraph(f"{kind.capitalize()}: {CONSEQUENCES[kind]}")
        for change, count in group:
            yield from wrap_paragraph(_render_change(change, count, interviews), indent=2)
        yield ""


def _render_change(change: "ComparedChange", count: int | None, interviews: int | None) -> str:
    """Render a change: where, of what, and the remarks on it in brackets."""
    remarks = []
    if None not in change.places:
        remarks.append(f"before: {change.places[0]}")
    if change.affected not in ((), change.items):
        remarks.append(f"it is about {join_first(change.affected)}")
    if count is not None and change.answers:
        remarks.append(f"concerns {count:,} of {format_quantity(interviews or 0, 'interview')}")

    items = join_first(change.items) or "study"
    undecided = "" if change.decided else " (not decided: it may be the same)"
    end = f" ({'; '.join(remarks)})" if remarks else ""
    return f"{change.where}: {items}: {change.what}{undecided}{end}"


def _to_json(change: "ComparedChange", count: int | None) -> dict[str, Any]:
    old, new = change.places
    return {
        "kind": change.kind,
        "decided": change.decided,
        "items": change.items,
        "affected": change.affected,
        "what": change.what,
        "old": old,
        "new": new,
        "consequence": CONSEQUENCES[change.kind],
        "interviews": count,
    }
