"""The commands `new`, `check`, `print`, `schema` and `explain`, for designers of questionnaires."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import typer

from survey_cli.cli.app import RENAMED
from survey_cli.cli.output.terminal import (
    get_width,
    make_printable,
    open_data_output,
    render_table,
    say,
    wrap_paragraph,
)
from survey_cli.cli.parameters import DatabaseOption, ForceOption, InstrumentArgument, LoginOption, argument, option
from survey_cli.problems import Problem, Severity, UserError, sort_problems
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.instrument.schema.reference_entries import ReferenceEntry
    from survey_cli.services.questionnaire.questionnaire_files import InstrumentCheck
    from survey_cli.simulate.interviews.length import LengthEstimate


SIMULATED: Final = 400
"""Simulated interviews for an estimate."""
_HEADINGS: Final = {"routes": "Interviews that end with", "sections": "Section, in complete interviews"}


def estimate_length(
    result: "InstrumentCheck", *, wanted: bool, db: str | None
) -> tuple["InstrumentCheck", "LengthEstimate | None"]:
    """Estimate the length where it is `wanted` or has a budget; add the problem if the budget doesn't suffice."""
    instrument = result.instrument
    if instrument is None or not (wanted or instrument.document.study.minutes is not None):
        return result, None
    from survey_cli.simulate import Habits, simulate_interviews
    from survey_cli.simulate.interviews.length import estimate_lengths

    measured: Mapping[str, float] = {}
    if result.in_use:
        from survey_cli.services.questionnaire.item_times import read_item_seconds

        measured = read_item_seconds(result.file, db=db)
    invented = simulate_interviews(
        instrument, count=SIMULATED, seed=1, start=datetime(2026, 1, 5, 9, tzinfo=UTC), habits=Habits(qualify=0.85)
    )
    estimate = estimate_lengths(instrument, (simulated.interview for simulated in invented), measured)
    problems = tuple(sort_problems((*result.problems, *estimate.check_budget(instrument))))
    return replace(result, problems=problems), estimate


def summarize_length(estimate: "LengthEstimate") -> dict[str, Any]:
    """Return the estimate as values for JSON: minutes, and seconds of items."""
    from survey_cli.simulate.interviews.length import describe_spread

    spreads = {
        kind: {name: describe_spread(minutes)._asdict() for name, minutes in getattr(estimate, kind).items()}
        for kind in _HEADINGS
    }
    return {**spreads, "longest_items": dict(estimate.list_longest_items()), "measured_items": estimate.measured}


def render_length(estimate: "LengthEstimate") -> Iterator[str]:
    """Yield the lines of the text output."""
    summary = summarize_length(estimate)
    for kind, heading in _HEADINGS.items():
        rows = [
            (name or "outside of sections", *(f"{spread[key]:.1f}" for key in ("p10", "median", "p90")))
            for name, spread in summary[kind].items()
        ]
        if rows and (kind == "routes" or len(rows) > 1):
            yield render_table((heading, "10 %", "median", "90 %"), rows)
    longest = ", ".join(f"{item} {seconds:.0f} s" for item, seconds in summary["longest_items"].items())
    yield wrap_paragraph(f"The longest items: {longest}." if longest else "No interview was complete.")
    source = f"{estimate.measured} items as measured" if estimate.measured else "estimated from the words"
    yield wrap_paragraph(
        f"Minutes that 10 %, half and 90 % of {SIMULATED} simulated interviews take at most, {source}."
    )


ProblemFormat: TypeAlias = Literal["text", "json", "github"]
"""Output format of problems."""


def new(
    file: str = argument("FILE", "The file to write; .yaml is added if it is missing."), force: ForceOption = False
) -> None:
    """Write a commented questionnaire to begin with.

    Example: survey new study.yaml
    """
    from survey_cli.services.questionnaire.questionnaire_files import create_instrument

    path = create_instrument(file, force=force)
    say(f"{path}: written. It is a complete questionnaire with comments. Read it, then adapt it.")
    say(f"Next: survey interview {path} --case 1 --practice, and after each change: survey check {path}")


def check(
    files: list[str] = argument("FILE", "Questionnaires; for a folder, every one in and below it."),
    form: ProblemFormat = option(
        "--format", "Output format: text to read, json for programs, github for annotations.", "text"
    ),
    strict: bool = option("--strict", "Warnings count as errors.", False),
    formats: list[str] | None = option(
        "--for FORMATS", "Also list what these export formats cannot store: sav,dta,sss,xlsx.", None
    ),
    wording: bool = option("--wording", "Also list wording that is hard to understand or to answer.", False),
    prove: bool = option("--prove", "Also prove what can't happen, and show gaps and overlaps of filters.", False),
    possible: bool = option(
        "--possible", "With --prove: also list what can happen, with answers that lead there.", False
    ),
    length: bool = option("--length", "Also estimate how many minutes an interview takes.", False),
    accept: list[str] | None = option(
        "--accept ITEM", "Accept the change of this item since earlier interviews. Repeatable.", None
    ),
    reason: str = option("--reason TEXT", "With --accept: the reason, which is stored with your name.", ""),
    same: bool = option("--same", "With --accept: the new text has the same meaning.", False),
    by: LoginOption = "",
    db: DatabaseOption = None,
) -> None:
    """List every problem of a questionnaire, with its line and a remedy.

    With `study: {minutes: 15}`, it is an error if half of the complete interviews probably take longer.

    Where interviews are stored, the questionnaire is also compared with every version in use. A code with another
    text, a narrower range, another type of answer and a missing item are errors until --accept says that the change
    is intended.

    --prove tries all interviews at once, with every answer, decline, sample value and date. It reports items that are
    never asked, filters that are always true, options that are never offered, checks that never fire or can't be
    passed, quota cells that nobody can be in, declines that lead to no branch of a fork, gaps and overlaps of filters,
    and fills without a value. It needs the extra survey-cli[proof]. With --format json, a finding has the interview
    that shows it, as survey test reads it. A note is no fault.

    Exit code 0: no error; 1: an error, or with --strict a warning.

    Example: survey check study.yaml --prove
    """
    from survey_cli.services.questionnaire.questionnaire_files import check_file, find_instruments

    format_names: tuple[str, ...] = ()
    if formats:
        from survey_cli.services.export.format_checks import parse_formats

        format_names = parse_formats(formats)
    if accept or reason or same or by:
        _accept_changes(files, accept or (), reason, same=same, by=by, db=db)
    paths, errors = find_instruments(files)
    checked = [
        check_file(file, format_names, wording=wording, prove=prove or possible, possible=possible, db=db)
        for file in paths
    ]
    estimates = [estimate_length(result, wanted=length, db=db) for result in checked]
    results = [result for result, _ in estimates]
    lengths = {result.file: estimate for result, estimate in estimates if length and estimate is not None}
    problems = [problem for result in results for problem in result.problems]
    _print_problems(results, form, lengths)
    for result in results:
        for line in result.accepted:
            say(f"{result.file}: {line}")
        proved = ", its route proved" if result.items is not None and (prove or possible) else ""
        say(f"{result.file}: {_summarize(result.problems, result.items)}{proved}")
        if result.in_use:
            say(result.in_use)
    if len(results) > 1:
        say(f"{format_quantity(len(results), 'instrument')}: {_summarize(problems, None)}")
    for error in errors:
        say(str(error))
    failing = [p for p in problems if p.severity == "error" or (strict and p.severity == "warning")]
    raise typer.Exit(1 if failing or errors else 0)


def _accept_changes(
    files: Sequence[str], items: Sequence[str], reason: str, *, same: bool, by: str, db: str | None
) -> None:
    from survey_cli.services.questionnaire.version_check import accept_changes

    if not items:
        raise UserError("--accept", "no item is given", "give the accepted item: --accept q1")
    if not reason.strip():
        raise UserError("--reason", "no reason is given", "explain why the change is intended: --reason TEXT")
    if len(files) != 1:
        raise UserError("--accept", "several files are given", "accept changes of one questionnaire at a time")
    accept_changes(files[0], items, reason.strip(), same=same, by=by, db=db)


def _print_problems(
    results: "Sequence[InstrumentCheck]", form: ProblemFormat, lengths: "Mapping[str, LengthEstimate]"
) -> None:
    """Print the problems and lengths on stdout, since they are the result."""
    from survey_cli.cli.output import problems as snippets

    if form == "json":
        problems = snippets.build_problem_rows(p for result in results for p in result.problems)
        summaries = {file: summarize_length(estimate) for file, estimate in lengths.items()}
        result_value = {"problems": problems, "lengths": summaries} if lengths else problems
        print(json.dumps(result_value, ensure_ascii=False, indent=1))
    elif form == "github":
        for result in results:
            for problem in result.problems:
                print(snippets.render_github(problem))
    elif not sys.stdout.isatty():
        for result in results:
            for problem in result.problems:
                print(snippets.render_plain(problem))
    else:
        from rich.console import Console

        console = Console(highlight=False, markup=False, emoji=False)
        for result in results:
            for problem in result.problems:
                console.print(
                    snippets.render_rich(problem, result.line_at(problem.where), width=get_width()), soft_wrap=True
                )
    for file, estimate in lengths.items() if form == "text" else ():
        print(f"\n{make_printable(file)}", *render_length(estimate), sep="\n")


def _summarize(problems: Sequence[Problem], items: int | None) -> str:
    counted = Counter(p.severity for p in problems)
    words: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
    kinds = [format_quantity(number, word) for severity, word in words.items() if (number := counted[severity])]
    counts = ", ".join(kinds) or "no problems"
    return counts if items is None else f"{format_quantity(items, 'item')}, {counts}"


def schema(
    file: str = argument(
        "[FILE]", "A questionnaire whose scales and outcomes are offered by name.", "", show_default=False
    ),
    out: str = option("--out -o FILE", "The file to write; - writes to stdout.", "-"),
    module: bool = option("--module", "Write the schema of a module instead.", False),
    scenarios: bool = option("--scenarios", "Write the schema of scenario files instead.", False),
) -> None:
    """Write the JSON Schema with which editors complete and check questionnaires.

    Save it beside your questionnaires as instrument.schema.json, and begin each of them with the line "#
    yaml-language-server: $schema=./instrument.schema.json". With FILE, editors also offer the names of its scales and
    outcomes. The schema of scenario files is scenarios.schema.json.

    Example: survey schema -o instrument.schema.json
    """
    from survey_cli.services.questionnaire import questionnaire_files

    kind = "scenarios" if scenarios else "module" if module else "instrument"
    if out == "-":
        sys.stdout.write(questionnaire_files.render_schema(kind, file))
        return
    questionnaire_files.write_schema(out, kind, file)
    say(f"{out}: written")


def explain(
    word: str = argument("WORD", "An item type, key, function, fill, outcome or problem.", "", show_default=False),
) -> None:
    """Explain a word of the language; without one, list them all.

    Example: survey explain roster
    """
    from survey_cli.services.questionnaire.word_lookup import explain_word, list_vocabulary

    if not word:
        for kind, words in list_vocabulary().items():
            if words:
                print(f"{kind}s".capitalize())
                print(wrap_paragraph(", ".join(words), indent=2) + "\n")
        return
    new = RENAMED.get(word, "")
    if new:
        say(f"survey {word}: the command is now: survey {new}")
    try:
        meanings = explain_word(word)
    except UserError:
        if new:
            return
        raise
    print("\n\n".join(_render_entry(entry) for entry in meanings))


def _render_explanation(text: str) -> str:
    """Wrap prose; leave examples, which are indented or contain an arrow, as written."""
    parts = text.split("\n\n")
    is_example = [any(line.startswith("  ") or "→" in line for line in part.split("\n")) for part in parts]
    return "\n\n".join(
        "\n".join(f"      {make_printable(line)}" for line in dedent(part).split("\n"))
        if as_written
        else wrap_paragraph(" ".join(part.split()), indent=2)
        for part, as_written in zip(parts, is_example, strict=True)
    )


def _render_entry(entry: "ReferenceEntry") -> str:
    article = "an" if entry.kind[0] in "aeiou" else "a"
    within = f" of {', '.join(entry.within)}" if entry.within else ""
    lines = [wrap_paragraph(f"{entry.word} — {article} {entry.kind}{within}"), _render_explanation(entry.meaning)]
    if entry.accepts:
        lines.append(wrap_paragraph(f"Takes {entry.accepts}.", indent=2))
    for key in entry.keys:
        more = ", required" if key.required else ""
        lines += [
            "",
            wrap_paragraph(f"{key.name}: {key.accepts}{more}", indent=2),
            wrap_paragraph(key.describe(), indent=6),
        ]
    if entry.shared_keys:
        lines += [
            "",
            wrap_paragraph(f"It also has the keys of every question: {', '.join(entry.shared_keys)}.", indent=2),
        ]
    return "\n".join(lines)


def print_document(
    file: InstrumentArgument,
    out: str = option("--out -o FILE", "The file to write: .html, .docx or .md; - writes Markdown to stdout.", "-"),
    language: str = option("--language CODE", "Language of the texts; all prints every language.", ""),
    comments: bool = option("--comments", "Print lines for comments under every item.", False),
    force: ForceOption = False,
) -> None:
    """Print the questionnaire for reviewers.

    It shows what is read aloud, instructions, answers with their codes, and in plain English who is asked and what
    is checked. An .html file opens in any browser, and prints well from there. Reviewers can change a .docx with tracked
    changes; it needs the extra [word].

    Example: survey print study.yaml -o questionnaire.html --comments
    """
    from survey_cli.services.questionnaire.print_questionnaire import PrintOptions, print_questionnaire

    options = PrintOptions(to=out, language=language, comments=comments, force=force)
    result = print_questionnaire(file, options, stdout=open_data_output())
    target = "stdout" if result.to == "-" else result.to
    say(f"{target}: {format_quantity(result.items, 'item')}, {', '.join(result.languages)}")
