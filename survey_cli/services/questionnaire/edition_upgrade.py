"""Upgrade of a questionnaire's file to the newest edition of the language, and the notice before.

Only the key `edition:` is written. Comments, layout and order stay as they are, and what means
something else afterwards is named and never rewritten.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from survey_cli.instrument import editions
from survey_cli.instrument.analysis import read_analysis
from survey_cli.instrument.checks.all_checks import CheckResult, check_compiled, check_instrument
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import InstrumentSource, load_source, load_source_text
from survey_cli.instrument.source.nodes import YamlMapping, YamlScalar
from survey_cli.problems import Position, Problem, UserError, select_errors
from survey_cli.revisions.edition_changes import (
    EditionChange,
    compile_in_edition,
    describe_changes,
    list_code_changes,
    list_edition_changes,
    may_change,
    summarize_changes,
)
from survey_cli.services.output_files import replace_contents
from survey_cli.services.questionnaire.scenario_changes import list_scenario_changes
from survey_cli.study.analysis import find_analysis_file
from survey_cli.wording import format_quantity

_KEY: Final = "edition"
_KEYS_BEFORE: Final = ("version", "instrument")
"""Keys after whose line the edition is written: the first that the file has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionUpgrade:
    """What an upgrade did to a file."""

    edition: int
    is_written: bool
    """Whether the file was written. It is not if it was in this edition already."""
    changes: tuple[Problem, ...] = ()
    """What means something else now, by lines of the upgraded file."""
    code_changes: tuple[Problem, ...] = ()
    """Items of which the declines have other codes now."""
    errors: int = 0
    """Errors that the file has in this edition, and didn't have before."""
    scenario_changes: tuple[Problem, ...] = ()
    """Scenarios beside the file that differ now. None were run if there are `errors`."""

    def describe(self) -> list[str]:
        """Describe what was done, in sentences about the file."""
        edition = f"edition {self.edition} of the language"
        if not self.is_written:
            return [f"it is in {edition} already; there is no newer one"]

        match len(self.changes):
            case 0 if self.code_changes:
                meaning = "; codes of declines differ, as listed"
            case 0:
                meaning = ", and means the same"
            case 1:
                meaning = "; a condition or calculation means something else, as listed"
            case count:
                what = f"{count:,} conditions and calculations mean something else"
                meaning = f"; {what}, as listed"
        sentences = [f"it is now in {edition}{meaning}"]
        if self.errors:
            errors = format_quantity(self.errors, "error")
            sentences.append(f"{errors} must be corrected, which edition {self.edition} finds")
        return sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """One text in both editions."""

    draft: InstrumentDraft
    newer: InstrumentDraft
    instruments: tuple[Instrument, Instrument]
    """As it is in both, without the analysis file."""
    changes: list[EditionChange]
    errors: int


def find_edition_notice(
    file: str, source: InstrumentSource, checked: CheckResult
) -> Problem | None:
    """Return the notice of what the newest edition would change in a file without errors.

    It is None if nothing would differ, or if the file is in that edition.
    """
    draft = checked.draft
    newest = editions.NEWEST_EDITION
    if checked.instrument is None or draft is None or draft.document.edition >= newest:
        return None
    analysis_source = _load_analysis(file)
    if not may_change(draft) and analysis_source is None:
        return None

    compared = _compare(source, analysis_source, newest)
    if compared is None or not (compared.changes or compared.errors):
        return None
    top = draft.document.instrument.where
    return summarize_changes(compared.changes, compared.errors, file, newest, top)


def upgrade_file(file: str, today: date) -> EditionUpgrade:
    """Write the newest edition into a questionnaire's file.

    `today` is the day of the interview in scenarios that name none. Raises UserError if the file
    has errors, or if it can't be rewritten.
    """
    path = Path(file)
    source = load_source(file)
    checked = check_instrument(source)
    newest = editions.NEWEST_EDITION
    if checked.instrument is None:
        what = "it has errors, so it was not upgraded"
        raise UserError(file, what, f"correct them first: survey check {file}")
    if checked.instrument.edition >= newest:
        return EditionUpgrade(edition=newest, is_written=False)

    contents = _read_contents(path)
    text = _write_edition(source, contents.decode("utf-8"), newest)
    upgraded = load_source_text(text, file, fetch=source.texts.__getitem__)
    if not _is_same_otherwise(source, upgraded):
        what = "the line can't be inserted without changing something else, so nothing was written"
        raise UserError(file, what, f"write it yourself, at the beginning: {_KEY}: {newest}")

    compared = _compare(upgraded, _load_analysis(file), newest)
    changes: list[Problem] = []
    code_changes: list[Problem] = []
    scenario_changes: list[Problem] = []
    errors = 0
    if compared is not None:
        changes = describe_changes(compared.changes, compared.draft, compared.newer, newest)
        code_changes = list_code_changes(compared.draft, compared.newer)
        errors = compared.errors
        if not errors:
            scenario_changes = list_scenario_changes(file, *compared.instruments, today)
    if _read_contents(path) != contents:
        what = "somebody else has changed it meanwhile, so nothing was written"
        raise UserError(file, what, "repeat the command")
    replace_contents(path.resolve(), text.encode("utf-8"))
    return EditionUpgrade(
        edition=newest,
        is_written=True,
        changes=tuple(changes),
        code_changes=tuple(code_changes),
        errors=errors,
        scenario_changes=tuple(scenario_changes),
    )


def _read_contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"it can't be read ({error.strerror})"
        raise UserError(str(path), what, "check the path and its permissions") from error


def _compare(
    source: InstrumentSource, analysis_source: InstrumentSource | None, newest: int
) -> _Comparison | None:
    """Compare a text in the first edition and in the newest; None if it compiles in neither."""
    instrument, draft, _ = compile_in_edition(source, editions.FIRST_EDITION)
    newer_compiled = compile_in_edition(source, newest)
    newer_instrument, newer, _ = newer_compiled
    if instrument is None or draft is None or newer_instrument is None or newer is None:
        return None

    errors = len(select_errors(check_compiled(newer_compiled).problems))
    if analysis_source is not None:
        draft = _add_analysis(draft, instrument, analysis_source)
        newer = _add_analysis(newer, newer_instrument, analysis_source)
    changes = list_edition_changes(draft, newer)
    return _Comparison(
        draft=draft,
        newer=newer,
        instruments=(instrument, newer_instrument),
        changes=changes,
        errors=errors,
    )


def _load_analysis(file: str) -> InstrumentSource | None:
    """Load the analysis file beside a questionnaire, if there is one."""
    analysis_file = find_analysis_file(file)
    if not analysis_file:
        return None
    return load_source(analysis_file)


def _add_analysis(
    draft: InstrumentDraft, instrument: Instrument, source: InstrumentSource
) -> InstrumentDraft:
    """Return a draft with the variables and filters of the analysis file among its computes."""
    analysis, _ = read_analysis(source, instrument)
    computes = analysis.instrument.computes
    entries = _list_variables(source)
    uses = list(draft.uses)
    # In the order of the file: whether a calculation changes may follow from one before it.
    for name, compute in computes.items():
        if name in draft.computes:
            continue
        for condition in compute.conditions.values():
            # That of bands, say, is made of several texts: it is named at its variable.
            written = condition.text
            if not isinstance(written, YamlScalar):
                written = entries[name]
            use = NameUse(
                owner=name,
                key="compute",
                where=written.where,
                names=condition.names,
                before=0,
                condition=condition,
                length=len(written),
            )
            uses.append(use)
    return replace(draft, computes=dict(computes), uses=uses, cache={})


def _list_variables(source: InstrumentSource) -> dict[str, YamlScalar]:
    """List the names of an analysis file's variables, as they are written."""
    variables = source.tree.get("variables") if source.tree is not None else None
    if not isinstance(variables, YamlMapping):
        return {}
    return {str(name): name for name in variables if isinstance(name, YamlScalar)}


# The text


def _write_edition(source: InstrumentSource, text: str, edition: int) -> str:
    """Return the text of a questionnaire's file with another edition."""
    tree = source.tree
    assert tree is not None
    lines = text.split("\n")
    written = tree.get(_KEY)
    if isinstance(written, YamlScalar):
        return _replace_scalar(lines, written, str(edition))

    key, value = _find_entry(tree)
    if not _begins_line(lines, key.where):
        # a mapping in braces: the key is one more entry in front of the first
        return _insert(lines, key.where, f"{_KEY}: {edition}, ")
    line = lines[value.where.line - 1]
    ending = "\r" if line.endswith("\r") else ""
    indentation = " " * (key.where.column - 1)
    lines.insert(value.where.line, f"{indentation}{_KEY}: {edition}{ending}")
    return "\n".join(lines)


def _find_entry(tree: YamlMapping) -> tuple[YamlScalar, YamlScalar]:
    """Find the entry after which the edition is written."""
    by_name = {str(key): (key, value) for key, value in _iterate_entries(tree)}
    for name in _KEYS_BEFORE:
        if name in by_name:
            return by_name[name]
    raise AssertionError("a questionnaire without errors has a name")


def _iterate_entries(tree: YamlMapping) -> Iterator[tuple[YamlScalar, YamlScalar]]:
    """Yield the entries that are written on one line."""
    for key, value in tree.items():
        if not isinstance(key, YamlScalar) or not isinstance(value, YamlScalar):
            continue
        if key.where.line == value.where.line:
            yield key, value


def _begins_line(lines: list[str], where: Position) -> bool:
    """Return whether only blanks precede a position on its line."""
    before = lines[where.line - 1][: where.column - 1]
    return not before.strip("\ufeff ")


def _replace_scalar(lines: list[str], scalar: YamlScalar, text: str) -> str:
    index = scalar.where.line - 1
    start = scalar.where.column - 1
    line = lines[index]
    lines[index] = line[:start] + line[start:].replace(scalar, text, 1)
    return "\n".join(lines)


def _insert(lines: list[str], where: Position, text: str) -> str:
    index = where.line - 1
    start = where.column - 1
    lines[index] = lines[index][:start] + text + lines[index][start:]
    return "\n".join(lines)


def _is_same_otherwise(before: InstrumentSource, after: InstrumentSource) -> bool:
    """Return whether two texts differ only in their edition."""
    if before.tree is None or after.tree is None:
        return False
    first = {key: node for key, node in before.tree.items() if key != _KEY}
    second = {key: node for key, node in after.tree.items() if key != _KEY}
    return first == second and list(before.texts) == list(after.texts)
