"""Messages about arguments that a command can't understand, with the line to give instead."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final

from survey_cli.cli.command_lines import (
    DATABASES,
    SUFFIXES,
    find_questionnaire_of,
    find_questionnaires,
    has_questionnaire,
    join_line,
    read_help_lines,
)
from survey_cli.cli.command_table import DROPPED_OPTIONS, GROUPS
from survey_cli.cli.output.terminal import wrap_paragraph

MAX_NAMED: Final = 3
"""Number of questionnaires of this folder that a message names."""
ERROR_PREFIXES: Final = re.compile(r"Value error, |^Invalid value: |^Invalid value for ")
"""What the parser puts before the message of a check."""
PLAIN_MESSAGES: Final = (
    (r"Input should be a valid integer.*", "write a whole number"),
    (r"Input should be a valid number.*", "write a number"),
    (r"Input should be greater than or equal to (\S+)", r"write \1 or more"),
    (r"Input should be less than or equal to (\S+)", r"write \1 or less"),
    (r"^('-[a-z]' / )?'(--[a-z-]+)'( / '-[a-z]')?: ", r"\2: "),
)
"""Messages of the libraries that parse values, and what they mean."""


def describe_misuse(error: Any, arguments: Sequence[str]) -> Iterator[str]:
    """Yield the lines about a parser's error, for the arguments of the whole command.

    The kinds of errors are told apart by the names of their classes: Typer brings its own copies of
    them, or those of click, and exports neither.
    """
    words = _find_command_words(arguments)
    given = list(arguments[len(words) :])
    match type(error).__name__:
        case "MissingParameter":
            yield _describe_missing(error.param, words, given, _list_parameters(error))
        case "BadOptionUsage" | "MissingValueError":
            yield _describe_missing_value(
                error.option_name, words, given, _list_parameters(error, words)
            )
        case "NoSuchOption" if (" ".join(words), error.option_name) in DROPPED_OPTIONS:
            yield _describe_dropped(error.option_name, words, given)
        case "WrongFileError":
            yield _describe_wrong_file(error.file, words, given)
        # The parser raises the plain UsageError for it, and tells it only by the text.
        case _ if "unexpected extra argument" in str(error.message):
            yield _describe_extra(words, given, error)
        case _ if words[0] in GROUPS and len(words) == 1:
            yield from _describe_group(words[0], given)
        case _:
            yield _describe_other(error)


def _find_command_words(arguments: Sequence[str]) -> list[str]:
    """Return the words of the command: `check`, or `case show`."""
    first = arguments[0]
    if first in GROUPS and len(arguments) > 1 and arguments[1] in GROUPS[first].commands:
        return [first, arguments[1]]
    return [first]


def _list_parameters(error: Any, words: Sequence[str] = ()) -> list[Any]:
    """Return the parameters of the command; the parser's error does not always have it."""
    if error.ctx is not None:
        return list(error.ctx.command.params)

    from typer.main import get_command

    from survey_cli.cli.app import build_app

    command: Any = get_command(build_app((words[0],)))
    for word in words:
        command = command.commands[word]
    return list(command.params)


def _describe_missing(
    missing: Any, words: Sequence[str], given: Sequence[str], parameters: Sequence[Any]
) -> str:
    """Name an argument or option that is missing, and give the line with it."""
    where = " ".join(("survey", *words))
    if missing.param_type_name == "option":
        name = missing.opts[0]
        line = join_line([*words, *given, name, missing.metavar])
        return f"{where}: {name} is missing: {_get_meaning(missing)} — {line}"

    required = [p for p in parameters if p.param_type_name == "argument" and p.required]
    first = required[0]
    if missing is not first and missing.metavar == "FILE" and has_questionnaire(given):
        line = join_line([*words, first.metavar, *given])
        return f"{where}: {first.metavar} is missing: {_get_meaning(first)} — {line}"

    lacks_questionnaire = first.metavar.startswith("FILE") and not has_questionnaire(given)
    if missing is first or (lacks_questionnaire and given):
        return _describe_missing_first(first, words, given, required[1:])

    names = [parameter.metavar for parameter in required[required.index(missing) :]]
    line = join_line([*words, *given, *names])
    return f"{where}: {missing.metavar} is missing: {_get_meaning(missing)} — {line}"


def _describe_missing_first(
    first: Any, words: Sequence[str], given: Sequence[str], following: Sequence[Any]
) -> str:
    """Give the line with its first argument: a questionnaire of this folder, or its name."""
    where = " ".join(("survey", *words))
    what = f"{first.metavar.rstrip('…')} is missing: {_get_meaning(first)}"
    positional = [word for word in given if not word.startswith("-")]
    names = [parameter.metavar for parameter in following[len(positional) :]]
    if not first.metavar.startswith("FILE") or words == ["new"]:
        return f"{where}: {what} — {join_line([*words, first.metavar, *given, *names])}"

    files = find_questionnaires()
    file = files[0] if files else "study.yaml"
    line = join_line([*words, file, *given, *names])
    if not files:
        hint = f"this folder has no questionnaire: survey new {file} writes one"
        return f"{where}: {what} — {line} ({hint})"
    if len(files) > 1:
        others = ", ".join(files[1:MAX_NAMED])
        return f"{where}: {what} — {line} (or {others})"
    return f"{where}: {what} — {line}"


def _describe_missing_value(
    name: str, words: Sequence[str], given: Sequence[str], parameters: Sequence[Any]
) -> str:
    """Give the line with a value for an option that has none."""
    where = " ".join(("survey", *words))
    for parameter in parameters:
        if name in parameter.opts:
            at = list(given).index(name) + 1 if name in given else len(given)
            metavar = parameter.metavar or "VALUE"
            line = join_line([*words, *given[:at], metavar, *given[at:]])
            return f"{where}: {name} has no value: {_get_meaning(parameter)} — {line}"
    return f"{where}: {name} has no value — see `{where} --help`"


def _describe_dropped(name: str, words: Sequence[str], given: Sequence[str]) -> str:
    """Give the line without an option that the command once had."""
    command = " ".join(words)
    line = join_line([*words, *(word for word in given if word != name)])
    return f"survey {command}: {name} is gone: {DROPPED_OPTIONS[command, name]} — {line}"


def _describe_extra(words: Sequence[str], given: Sequence[str], error: Any) -> str:
    """Give the line without the arguments that are too many, or with an option before them."""
    where = " ".join(("survey", *words))
    parameters = _list_parameters(error)
    extra = str(error.message).rpartition("(")[2].rstrip(").").split()
    kept = [word for word in given if word not in extra]
    options = {name: parameter for parameter in parameters for name in parameter.opts}
    too_many = "is one argument" if len(extra) == 1 else "are arguments"
    what = f"{' '.join(extra)} {too_many} too many"

    if len(extra) == 1 and not extra[0].endswith(SUFFIXES):
        if "--case" in options:
            return f"{where}: {what} — {join_line([*words, *kept, '--case', extra[0]])}"
        if "-o" in options and "." in extra[0]:
            return f"{where}: {what} — {join_line([*words, *kept, '-o', extra[0]])}"
    return f"{where}: {what} — {join_line([*words, *kept])}"


def _describe_wrong_file(file: str, words: Sequence[str], given: Sequence[str]) -> str:
    """Describe a table or a database in place of a questionnaire, and give the line with both."""
    where = " ".join(("survey", *words))
    others = [argument for argument in given if argument != file]
    questionnaires = [argument for argument in others if argument.endswith(SUFFIXES)]
    if file.endswith(DATABASES):
        questionnaire = questionnaires[0] if questionnaires else find_questionnaire_of(file)
        rest = [argument for argument in others if argument != questionnaire]
        line = join_line([*words, questionnaire, *rest, "--db", file])
        return f"{where}: {file} is a database, and the command takes its questionnaire — {line}"

    files = questionnaires or find_questionnaires() or ["FILE"]
    rest = [argument for argument in others if argument != files[0]]
    line = join_line([*words, files[0], file, *rest])
    if not questionnaires:
        line = join_line([*words, files[0], *rest])
    return f"{where}: {file} is a table, and the questionnaire comes first — {line}"


def _describe_group(name: str, given: Sequence[str]) -> Iterator[str]:
    """Name the command of a group that is spelled like what was given, or list them all."""
    from typer.main import get_command

    from survey_cli.cli.app import build_app

    group = GROUPS[name]
    if given and not given[0].startswith("-"):
        close = get_close_matches(given[0], group.commands, n=1, cutoff=0.6)
        if close:
            line = join_line([name, close[0], *given[1:]])
            yield f"survey {name}: there is no command {given[0]!r} — did you mean: {line}"
            return

    file = given[0] if given and given[0].endswith(SUFFIXES) else ""
    texts = read_help_lines()
    yield f"survey {name}: a command is missing — choose one:"
    group_command: Any = get_command(build_app((name,)))
    for subname, command in group_command.commands[name].commands.items():
        metavars = [
            p.metavar for p in command.params if p.param_type_name == "argument" and p.required
        ]
        if file and "FILE" in metavars:
            metavars[metavars.index("FILE")] = file
        yield f"  {join_line([name, subname, *metavars])}"
        yield from wrap_paragraph(texts[f"{name} {subname}"], indent=4)


def _describe_other(error: Any) -> str:
    """Return the parser's message, with its own remedy or the name of the help."""
    possibilities = getattr(error, "possibilities", None) or ()
    message = error.message if possibilities else error.format_message()
    message = ERROR_PREFIXES.sub("", message)
    for pattern, plain in PLAIN_MESSAGES:
        message = re.sub(pattern, plain, message)
    what, _, suggested = message.strip().rstrip(".").partition(". Did you mean ")
    where = getattr(error.ctx, "command_path", "survey")
    if " — " in what:
        return f"{where}: {what}"

    remedy = f"see `{where} --help`"
    suggested = suggested.rstrip("?").replace(", ", " or ")
    if not suggested:
        suggested = " or ".join(map(repr, sorted(possibilities)))
    if suggested:
        remedy = f"did you mean {suggested}?"
    return f"{where}: {what[:1].lower()}{what[1:]} — {remedy}"


def _get_meaning(parameter: Any) -> str:
    """Return the beginning of a parameter's help, as part of a sentence."""
    text = re.split(r"[.;] |\.$", parameter.help or "")[0]
    return f"{text[:1].lower()}{text[1:]}"
