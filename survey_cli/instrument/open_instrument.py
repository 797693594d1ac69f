"""Opening an instrument, compiled and checked: from its file, or from its stored full text."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.editions import NEWEST_EDITION
from survey_cli.instrument.source.load import load_source, load_source_text, pause_collector
from survey_cli.problems import UserError, select_errors

RULES_ADDED_LATER: Final = frozenset(("hash", "comment-in-text", "bad-format"))
"""Rules that were added later: a stored questionnaire that breaks them is still opened."""
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
    """Open the instrument in a file. Raises UserError with its problems where it has errors.

    `is_in_use` tells whether interviews have this very version: it was checked before the first, and is not again.
    """
    with pause_collector():
        compiled = compile_instrument(load_source(path))
        instrument, _, problems = compiled
        if (
            instrument is not None
            and is_in_use is not None
            and not select_errors(problems)
            and is_in_use(instrument)
        ):
            return instrument
        # imported here: an interview with a version in use starts sooner without the checks
        from survey_cli.instrument.checks.all_checks import check_compiled

        result = check_compiled(compiled)
    if result.instrument is not None:
        return result.instrument
    name, _, kind = str(path).removesuffix(".yaml").rpartition(".")
    if (what := FILES_BESIDE.get(kind)) is not None:
        name = name.rpartition(".")[0] if kind == "codes" else name  # before it is the item
        remedy = f"give the questionnaire: {name}.yaml"
        raise UserError(path, f"it {what}, not a questionnaire", remedy)
    errors = select_errors(result.problems)
    if errors[0].rule == "no-file" and not errors[0].where.line:
        raise UserError(str(path), errors[0].what, errors[0].remedy)
    count, pronoun = (
        (f"{len(errors)} problems", "them") if len(errors) != 1 else ("a problem", "it")
    )
    remedy = f"fix {pronoun}; `survey check {path}` lists all problems"
    raise UserError(str(path), f"the instrument has {count}", remedy, tuple(errors))


class StoredText(NamedTuple):
    """The text of a version, as a database stores it."""

    hash: str
    """The content hash of all its files."""
    texts: Mapping[str, str]
    """The full text of each file by its path, the top file first. Empty if the database doesn't have it."""
    edition: int
    """The edition of the language in which it is written. The text says the same."""


def rebuild_instrument(stored: StoredText) -> Instrument:
    """Rebuild an instrument as it was when its interviews began. Raises UserError if that isn't possible."""
    content_hash, texts, edition = stored
    if not texts:
        what = "the database does not contain this version's text"
        raise UserError(content_hash[:12], what, "restore a backup: survey db restore BACKUP FILE")

    if edition > NEWEST_EDITION:
        what = f"it is written in edition {edition} of the language, and this program knows {NEWEST_EDITION}"
        raise UserError(f"version {content_hash[:12]}", what, "install a newer version of survey")

    name = next(iter(texts))
    instrument, _, problems = compile_instrument(
        load_source_text(texts[name], name, fetch=texts.__getitem__)
    )
    errors = [
        problem for problem in select_errors(problems) if problem.rule not in RULES_ADDED_LATER
    ]
    if instrument is None or errors:
        what = "this program can no longer read the stored text"
        remedy = "open the database with the version of the program that created it"
        raise UserError(f"version {content_hash[:12]}", what, remedy, tuple(errors))
    if instrument.hash != content_hash or instrument.edition != edition:
        what = "the stored text is not the one with which the interviews were started"
        raise UserError(
            f"version {content_hash[:12]}", what, "restore a backup: survey db restore BACKUP FILE"
        )
    return instrument


def rebuild_if_readable(stored: StoredText) -> Instrument | None:
    """Rebuild an instrument as `rebuild_instrument` does; None if its text is missing or can't be read."""
    try:
        return rebuild_instrument(stored)
    except UserError:
        return None
