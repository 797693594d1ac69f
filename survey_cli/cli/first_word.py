"""Answers to a first word that is no command: another name of one, a file, a misspelling.

Each answer is a line where, what, and what to do, often with command lines to copy below it.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from survey_cli.cli.command_lines import (
    DATABASES,
    FORMS,
    SUFFIXES,
    TABLES,
    fill_usage,
    find_questionnaire_of,
    find_questionnaires,
    get_names,
    join_line,
    read_help_lines,
)
from survey_cli.cli.command_table import COMMANDS, GROUPS, RENAMED, SYNONYMS
from survey_cli.cli.output.terminal import wrap_paragraph

HELP_WORDS: Final = ("help", "-help", "--h", "-?", "/?", "/h")
"""First words by which people ask for help in other programs."""
VERSION_WORDS: Final = ("version", "-V", "-v", "-version")
COMPANIONS: Final = (".scenarios", ".analysis", ".codes", ".simulation")
"""Endings of the names of files beside a questionnaire, before `.yaml`."""
MAX_NAMED: Final = 5
"""Number of questionnaires of a folder that are named."""


def replace_help_words(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `help COMMAND`, `version` and the like as this program has them."""
    if not arguments:
        return []
    first, *rest = arguments
    if first in HELP_WORDS:
        return [*rest, "--help"]
    if first in VERSION_WORDS and not rest:
        return ["--version"]
    return list(arguments)


def answer_first_word(word: str, rest: Sequence[str]) -> Iterator[str]:
    """Yield the lines that lead from a word, with what follows it, to a command."""
    name = word.casefold()
    if name in RENAMED:
        usage = RENAMED[name]
        yield f"survey: `{name}` is now `{get_names(usage)}` — survey {fill_usage(usage, rest)}"
    elif name in SYNONYMS:
        yield from _answer_synonym(name, rest)
    elif word.startswith("-"):
        yield from _answer_option(word, rest)
    elif _is_file(word):
        yield from _answer_file(word, rest)
    else:
        yield from _answer_misspelling(word, rest)


def _answer_synonym(name: str, rest: Sequence[str]) -> Iterator[str]:
    """Lead from a term of the trade to its command, or to each of several.

    Options are dropped: they are those of another program.
    """
    texts = read_help_lines()
    usages = SYNONYMS[name]
    lines = [f"survey {fill_usage(usage, rest, keep_rest=False)}" for usage in usages]
    if len(usages) == 1:
        yield f"survey: `{name}` is `{get_names(usages[0])}` here — {lines[0]}"
        yield from wrap_paragraph(texts[_get_command(usages[0])], indent=2)
        return

    yield f"survey: `{name}` may mean several commands here — choose one:"
    for usage, line in zip(usages, lines, strict=True):
        yield f"  {line}"
        yield from wrap_paragraph(texts[_get_command(usage)], indent=4)


def _get_command(usage: str) -> str:
    """Return the command of a usage: `case list` of `case list FILE --next`."""
    words = usage.split()
    return " ".join(words[:2]) if words[0] in GROUPS else words[0]


def _answer_option(option: str, rest: Sequence[str]) -> Iterator[str]:
    """Put a command before the options that were given first."""
    for index, word in enumerate(rest):
        if word in COMMANDS:
            ordered = [word, *rest[index + 1 :], option, *rest[:index]]
            yield f"survey: {option}: options follow the command — {join_line(ordered)}"
            return
    remedy = "a command comes first: survey --help lists them"
    yield f"survey: {option}: this is no option of survey — {remedy}"


def _is_file(word: str) -> bool:
    is_named_like_one = word.endswith((*SUFFIXES, *DATABASES, *TABLES)) or "/" in word
    return is_named_like_one or Path(word).exists()


def _answer_file(file: str, rest: Sequence[str]) -> Iterator[str]:
    """Name what can be done with a file, or put its command before it."""
    if rest and rest[0] in COMMANDS:
        if rest[0] in GROUPS and len(rest) > 1:
            ordered = [*rest[:2], file, *rest[2:]]
        else:
            ordered = [rest[0], file, *rest[1:]]
        yield f"survey: {file}: the command comes first — {join_line(ordered)}"
    elif Path(file).is_dir():
        yield from _answer_folder(file)
    elif not Path(file).exists():
        yield from _answer_missing_file(file)
    elif file.endswith(DATABASES):
        yield from _answer_database(file)
    elif file.endswith(TABLES):
        yield from _answer_table(file)
    elif file.endswith(SUFFIXES):
        yield from _answer_questionnaire(file)
    else:
        remedy = "give a questionnaire (.yaml), or see survey --help"
        yield f"survey: {file}: this kind of file is not used here — {remedy}"


def _answer_folder(folder: str) -> Iterator[str]:
    files = find_questionnaires(folder)
    if files:
        named = ", ".join(files[:MAX_NAMED])
        yield f"survey: {folder}: this is a folder — name a questionnaire in it ({named})"
        yield from _list_lines(_list_uses(files[0]))
    else:
        new = join_line(["new", str(Path(folder) / "study.yaml")])
        yield f"survey: {folder}: this is a folder without a questionnaire — write one: {new}"


def _answer_missing_file(file: str) -> Iterator[str]:
    files = find_questionnaires()
    if files:
        named = ", ".join(files[:MAX_NAMED])
        remedy = f"the questionnaires of this folder are: {named}"
        yield f"survey: {file}: there is no such file — {remedy}"
    elif file.endswith(SUFFIXES):
        yield f"survey: {file}: there is no such file — write it: {join_line(['new', file])}"
    else:
        yield f"survey: {file}: there is no such file — check the path"


def _answer_questionnaire(file: str) -> Iterator[str]:
    path = Path(file)
    stem = Path(path.stem)
    main = path.with_name(stem.stem + path.suffix)
    if stem.suffix in COMPANIONS and main.exists():
        remedy = "give the questionnaire to a command:"
        yield f"survey: {file}: this file belongs to {main} — {remedy}"
        yield from _list_lines(_list_uses(str(main)))
        return

    yield f"survey: {file}: a command is missing — what can be done with this questionnaire:"
    yield from _list_lines(_list_uses(file))


def _list_uses(file: str) -> list[tuple[str, str]]:
    """Return the usual commands for a questionnaire, each with what it does."""
    stem = Path(file).stem
    return [
        (join_line(["check", file]), "find mistakes"),
        (join_line(["preview", file]), "see it while you write it"),
        (join_line(["interview", file, "--case", "1", "--practice"]), "practice an interview"),
        (
            join_line(["export", file, "-o", f"{stem}.csv"]),
            "write the data (after practice: --origin practice)",
        ),
        (join_line(["report", file, "-o", f"{stem}.html"]), "report the results"),
    ]


def _answer_database(file: str) -> Iterator[str]:
    questionnaire = find_questionnaire_of(file)
    remedy = "give its questionnaire to a command, and the database as --db:"
    yield f"survey: {file}: this is a database — {remedy}"
    at = [questionnaire, "--db", file]
    yield from _list_lines(
        [
            (join_line(["case", "list", *at, "--interviews"]), "list the interviews"),
            (join_line(["status", *at]), "see how the fieldwork goes"),
            (join_line(["export", *at, "-o", f"{Path(file).stem}.csv"]), "write the data"),
            (join_line(["db", "verify", *at]), "verify that it is intact"),
            (join_line(["db", "backup", questionnaire, "copy.db", "--db", file]), "copy it"),
        ]
    )


def _answer_table(file: str) -> Iterator[str]:
    files = find_questionnaires()
    questionnaire = files[0] if len(files) == 1 else "FILE"
    yield f"survey: {file}: this is a table — give it to a command, after the questionnaire:"
    uses = [
        (join_line(["sample", "import", questionnaire, file]), "its rows are cases to call"),
        (join_line(["import-answers", questionnaire, file]), "its rows are interviews"),
    ]
    if file.endswith(FORMS):
        uses.append(
            (join_line(["convert", file, "-o", f"{Path(file).stem}.yaml"]), "it is an XLSForm")
        )
    yield from _list_lines(uses)


def _answer_misspelling(word: str, rest: Sequence[str]) -> Iterator[str]:
    """Name the commands and terms that are spelled like the word."""
    if word == "survey" and rest:
        yield f"survey: the first word is doubled — {join_line(rest)}"
        return
    name = word.casefold()
    close = get_close_matches(name, COMMANDS, n=1, cutoff=0.7)
    if not close:
        close = get_close_matches(name, {*RENAMED, *SYNONYMS}, n=1, cutoff=0.8)

    what = f"survey: there is no command {word!r}"
    if not close and _is_explained(word):
        yield f"{what} — {join_line(['explain', word])} says what it is called here"
    elif not close:
        yield f"{what} — survey --help lists them all"
    elif close[0] in COMMANDS:
        yield f"{what} — did you mean: {join_line([close[0], *rest])}"
    else:
        yield from answer_first_word(close[0], rest)


def _is_explained(word: str) -> bool:
    """Return whether the vocabulary has a word: one of the language, or of the trade."""
    from survey_cli.problems import UserError
    from survey_cli.services.questionnaire.word_lookup import explain_word

    try:
        explain_word(word)
    except UserError:
        return False
    return True


def _list_lines(uses: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Render command lines to copy, with what each does."""
    width = max(len(line) for line, _ in uses)
    for line, meaning in uses:
        yield f"  {line.ljust(width)}   {meaning}"
