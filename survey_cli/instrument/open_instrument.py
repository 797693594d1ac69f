"""Opening an instrument, compiled and checked: from its file, or from its stored full text."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from survey_cli.instrument import editions
from survey_cli.instrument.compiled.compiler import CompileResult, compile_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import load_source, load_source_text, pause_collector
from survey_cli.problems import Problem, UserError, select_errors

RULES_ADDED_LATER: Final = frozenset(("hash", "comment-in-text", "bad-format"))
"""Rules that were added later. A stored questionnaire that breaks them is still opened."""
FILES_BESIDE: Final = {
    "analysis": "is an analysis file",
    "codes": "contains the codes of an item",
    "map": "is a map of answers",
    "scenarios": "contains scenarios",
}
"""What the files beside a questionnaire are, by the end of their name before `.yaml`."""


def open_instrument(
    path: str, *, is_in_use: Callable[[Instrument], bool] | None = None
) -> Instrument:
    """Open the instrument in a file. Raises UserError with its problems if it has errors.

    `is_in_use` tells whether interviews have this very version. It was then checked before the
    first of them, and isn't checked again.
    """
    with pause_collector():
        compiled = compile_instrument(load_source(path))
        instrument, _, problems = compiled
        if (
            is_in_use is not None
            and instrument is not None
            and not select_errors(problems)
            and is_in_use(instrument)
        ):
            return instrument

        # imported here: an interview with a version in use starts sooner without the checks
        from survey_cli.instrument.checks.all_checks import check_compiled

        result = check_compiled(compiled)
    if result.instrument is not None:
        return result.instrument
    raise _explain_errors(path, select_errors(result.problems))


def _explain_errors(path: str, errors: list[Problem]) -> UserError:
    """Explain why a file can't be opened: it is of another kind, it is not there, or has errors."""
    name, _, kind = path.removesuffix(".yaml").rpartition(".")
    if kind in FILES_BESIDE:
        if kind == "codes":
            # NAME.ITEM.codes.yaml
            name, _, _ = name.rpartition(".")
        what = f"it {FILES_BESIDE[kind]}, not a questionnaire"
        return UserError(path, what, f"give the questionnaire: {name}.yaml")

    first = errors[0]
    # with a line, it is a file that the questionnaire names which is missing
    if first.rule == "no-file" and not first.where.line:
        return UserError(path, first.what, first.remedy)

    number = "a problem"
    pronoun = "it"
    if len(errors) != 1:
        number = f"{len(errors)} problems"
        pronoun = "them"
    remedy = f"fix {pronoun}; `survey check {path}` lists all problems"
    return UserError(path, f"the instrument has {number}", remedy, tuple(errors))


class StoredText(NamedTuple):
    """The text of a version, as a database stores it."""

    hash: str
    """The content hash of all its files."""
    texts: Mapping[str, str]
    """The full text of each file by its path, the top file first. Empty if the database doesn't
    have it."""
    edition: int
    """The edition of the language in which it is written. The text says the same."""


def rebuild_instrument(stored: StoredText) -> Instrument:
    """Rebuild an instrument as it was when its interviews began.

    Raises UserError if that isn't possible.
    """
    version = f"version {stored.hash[:12]}"
    restore = "restore a backup: survey db restore BACKUP FILE"
    if not stored.texts:
        what = "the database does not contain this version's text"
        raise UserError(stored.hash[:12], what, restore)

    newest = editions.NEWEST_EDITION
    if stored.edition > newest:
        what = (
            f"it is written in edition {stored.edition} of the language, "
            f"and this program knows {newest}"
        )
        raise UserError(version, what, "install a newer version of survey")

    instrument, _, problems = compile_stored_text(stored)
    errors = [
        problem for problem in select_errors(problems) if problem.rule not in RULES_ADDED_LATER
    ]
    if instrument is None or errors:
        what = "this program can no longer read the stored text"
        remedy = "open the database with the version of the program that created it"
        raise UserError(version, what, remedy, tuple(errors))

    if instrument.hash != stored.hash or instrument.edition != stored.edition:
        what = "the stored text is not the one with which the interviews were started"
        raise UserError(version, what, restore)
    return instrument


def compile_stored_text(stored: StoredText) -> CompileResult:
    """Compile a stored version, whose text must be there."""
    top_file = next(iter(stored.texts))
    source = load_source_text(stored.texts[top_file], top_file, fetch=stored.texts.__getitem__)
    return compile_instrument(source)


def rebuild_if_readable(stored: StoredText) -> Instrument | None:
    """Rebuild an instrument if its text is there and can be read, else return None."""
    try:
        return rebuild_instrument(stored)
    except UserError:
        return None
