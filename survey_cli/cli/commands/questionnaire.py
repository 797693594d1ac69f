"""The designer's commands: `new`, `check`, `schema`, `explain`.

Each makes one call to the office and draws the answer; what is a problem is decided elsewhere.
"""

import sys
from collections.abc import Sequence
from enum import StrEnum
from textwrap import dedent
from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli.commands.interview import Database
from survey_cli.cli.commands.sample import By
from survey_cli.cli.output.terminal import count, fail, paragraphs, printable, say, width
from survey_cli.problems import Problem, UserError

if TYPE_CHECKING:
    from survey_cli.instrument.schema.reference import ReferenceEntry
    from survey_cli.services.questionnaire.questionnaire_files import Checked


class Form(StrEnum):
    """How problems are written."""

    text = "text"
    json = "json"
    github = "github"


def new(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The file to write; .yaml is added if it is missing.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented questionnaire to begin with."""
    from survey_cli.services.questionnaire.questionnaire_files import begin

    begun = begin(file, force=force)
    if isinstance(begun, UserError):
        fail(begun)
    path = begun.path
    say(f"{path}: written. It is a whole questionnaire with comments: read it, then make it yours.")
    say(f"Next: survey interview {path} --case 1 --practice, and after each change: survey check {path}")


def check(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Instruments; of a folder, every instrument in it and below."),
    ],
    form: Annotated[
        Form, typer.Option("--format", help="text to read, json for programs, github for its annotations.")
    ] = Form.text,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")] = False,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--for", metavar="FORMATS", help="Say too what these formats can't hold: sav,dta,sss,xlsx."
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept", metavar="ITEM", help="Accept how this item has changed since interviews. Repeatable."
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="With --accept: why. It is kept with your name.")
    ] = "",
    same: Annotated[
        bool,
        typer.Option("--same", help="With --accept: the new text means the same, as after a correction."),
    ] = False,
    by: By = "",
    db: Database = None,
) -> None:
    """Find every problem of an instrument, with its line and a remedy.

    Where interviews are kept already, it is compared with every version that was asked: codes with other texts, narrowed
    ranges, other kinds of answers and missing items are errors until --accept says that they are meant.
    """
    from survey_cli.services.export.format_checks import formats_asked
    from survey_cli.services.questionnaire.questionnaire_files import check as checked
    from survey_cli.services.questionnaire.questionnaire_files import instruments_in

    wanted = formats_asked(formats or ())
    if isinstance(wanted, UserError):
        fail(wanted)
    if accept or reason or same or by:
        _accept(files, accept or (), reason, same=same, by=by, db=db)
    found, troubles = instruments_in(files)
    results = [checked(file, wanted, db=db) for file in found]
    problems = [problem for one in results for problem in one.problems]
    _draw(results, form)
    for one in results:
        for line in one.accepted:
            say(f"{one.file}: {line}")
        say(f"{one.file}: {_summary(one.problems, one.items)}")
        if one.in_use:
            say(one.in_use)
    if len(results) > 1:
        say(f"{count(len(results), 'instrument')}: {_summary(problems, None)}")
    for trouble in troubles:
        say(str(trouble))
    wrong = [p for p in problems if strict or p.severity == "error"]
    raise typer.Exit(1 if wrong or troubles else 0)


def _accept(
    files: Sequence[str], items: Sequence[str], reason: str, *, same: bool, by: str, db: str | None
) -> None:
    from survey_cli.services.questionnaire.version_check import accept

    if not items:
        fail(UserError("--accept", "no item is named", "name what is accepted: --accept q1"))
    if not reason.strip():
        fail(UserError("--reason", "no reason is given", "say why the change is meant: --reason TEXT"))
    if len(files) != 1:
        fail(
            UserError("--accept", "several files are named", "accept changes of one questionnaire at a time")
        )
    done = accept(files[0], items, reason.strip(), same=same, by=by, db=db)
    if isinstance(done, UserError):
        fail(done)


def _draw(results: "Sequence[Checked]", form: Form) -> None:
    """Problems are what was asked for: they go to stdout."""
    from survey_cli.cli.output import problems as snippets

    if form is Form.json:
        print(snippets.as_json(p for one in results for p in one.problems))
    elif form is Form.github:
        for one in results:
            for problem in one.problems:
                print(snippets.as_github(problem))
    elif not sys.stdout.isatty():
        for one in results:
            for problem in one.problems:
                print(snippets.plain_line(problem))
    else:
        from rich.console import Console

        console = Console(highlight=False, markup=False, emoji=False)
        for one in results:
            for problem in one.problems:
                console.print(snippets.drawn(problem, one.line(problem.where), width=width()), soft_wrap=True)


def _summary(problems: Sequence[Problem], items: int | None) -> str:
    wrong = sum(p.severity == "error" for p in problems)
    kinds = [count(wrong, "error")] * (wrong > 0)
    kinds += [count(len(problems) - wrong, "warning")] * (len(problems) > wrong)
    found = ", ".join(kinds) or "no problems"
    return found if items is None else f"{count(items, 'item')}, {found}"


def schema(
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="Write it into this file instead of stdout.")
    ] = "-",
    module: Annotated[bool, typer.Option("--module", help="The schema of a module instead.")] = False,
) -> None:
    """Write the JSON Schema by which editors complete and check instruments.

    Put it beside your instruments as instrument.schema.json, and let them begin with the line
    "# yaml-language-server: $schema=./instrument.schema.json".
    """
    from survey_cli.services.questionnaire import questionnaire_files

    if out == "-":
        sys.stdout.write(questionnaire_files.schema(module=module))
        return
    refused = questionnaire_files.write_schema(out, module=module)
    if refused is not None:
        fail(refused)
    say(f"{out}: written")


def explain(
    word: Annotated[
        str,
        typer.Argument(
            metavar="WORD", help="An item type, key, function, fill, outcome or problem.", show_default=False
        ),
    ] = "",
) -> None:
    """Explain a word of the language; without one, list them all."""
    from survey_cli.services.questionnaire import questionnaire_files

    if not word:
        for kind, words in questionnaire_files.vocabulary().items():
            if words:
                print(f"{kind}s".capitalize())
                print(paragraphs(", ".join(words), indent=2) + "\n")
        return
    meanings = questionnaire_files.explain(word)
    if isinstance(meanings, UserError):
        fail(meanings)
    print("\n\n".join(_explained(entry) for entry in meanings))


def _says(text: str) -> str:
    """Prose wrapped; examples, which are indented or show a remedy by an arrow, as they stand."""
    parts = text.split("\n\n")
    example = [any(line.startswith("  ") or "→" in line for line in part.split("\n")) for part in parts]
    return "\n\n".join(
        "\n".join(f"      {printable(line)}" for line in dedent(part).split("\n"))
        if shown
        else paragraphs(" ".join(part.split()), indent=2)
        for part, shown in zip(parts, example, strict=True)
    )


def _explained(entry: "ReferenceEntry") -> str:
    article = "an" if entry.kind[0] in "aeiou" else "a"
    within = f" of {', '.join(entry.within)}" if entry.within else ""
    lines = [paragraphs(f"{entry.word} — {article} {entry.kind}{within}"), _says(entry.meaning)]
    if entry.accepts:
        lines.append(paragraphs(f"Takes {entry.accepts}.", indent=2))
    for key in entry.keys:
        if key.shared:
            continue
        more = ", required" if key.required else f", {key.default} if left out" if key.default else ""
        lines += [
            "",
            paragraphs(f"{key.name}: {key.accepts}{more}", indent=2),
            paragraphs(key.meaning, indent=6),
        ]
    if shared := ", ".join(key.name for key in entry.keys if key.shared):
        lines += ["", paragraphs(f"As any question it may also have {shared}.", indent=2)]
    return "\n".join(lines)


COMMANDS = (new, check, schema, explain)
