"""Checks of file formats: what a format cannot store of a questionnaire's data.

They hold whatever will be answered. The results are warnings with positions in the questionnaire,
given while it is written. No file is written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from survey_cli.exports import FORMATS, find_format
from survey_cli.exports.limits import (
    EXCEL,
    MAX_TEXT_CODE_BYTES,
    SPSS,
    STATA,
    FormatLimits,
    build_value_labels,
    choose_label,
    choose_user_missing,
    fit_names,
    to_single_line,
)
from survey_cli.exports.stata import (
    MAX_LABELED_VALUE,
    assign_column_letters,
    assign_letters,
    has_unlabeled_texts,
    list_options_without_letter,
    list_too_large_codes,
)
from survey_cli.exports.triple_s import iterate_lost_codes
from survey_cli.instrument.checks.source_items import locate_definition
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.editions import AMOUNTS_EDITION
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position, Problem, UserError
from survey_cli.table.columns import build_columns
from survey_cli.table.table import build_admin_variables, show_placeholders
from survey_cli.values import Code, Variable
from survey_cli.wording import join_first


@dataclass(frozen=True, slots=True)
class _FormatData:
    """An instrument's data, to be stored in a format."""

    instrument: Instrument
    draft: InstrumentDraft
    variables: tuple[Variable, ...]
    language: str

    def make_problem(
        self, rule: str, item: str, what: str, remedy: str, text: Text | None = None
    ) -> Problem:
        """Return a warning at an item, sample column or compute, or at its text.

        Without an item, it is at the file.
        """
        if text is not None and text.where.line:
            where = text.get(self.language).where
        elif item:
            where = locate_definition(self.draft, item)
        else:
            where = Position(self.draft.document.instrument.where.file)
        return Problem(rule, where, item, what, remedy, "warning", max(len(item), 1))

    def find_label_text(self, variable: Variable, code: Code) -> tuple[str, Text | None]:
        """Return the owner of a code's label, and the label's text.

        The owner is an outcome, a named list, an item or a decline.
        """
        if variable.name == "interview_outcome":
            for name, outcome in self.instrument.document.outcomes.items():
                if name == code:
                    return str(code), outcome.name

        item = self.instrument.items.get(variable.item)
        if item is not None and variable.option is None:
            for option in item.options:
                if option.code == code:
                    return item.scale or item.id, option.label

        for kind, decline in self.instrument.declines.items():
            own_code, *_ = variable.declines.get(kind, (None,))
            if str(code) in (str(decline.code), str(own_code)):
                return kind, decline.text
        return variable.item, None


def parse_formats(names: Sequence[str]) -> tuple[str, ...]:
    """Parse names and endings of formats, separated by commas. Raises UserError."""
    requested = [name.strip() for text in names for name in text.split(",")]
    formats = []
    for name in requested:
        if not name:
            continue
        form = find_format("", chosen=name)
        if isinstance(form, str):
            # No format has this name: it may be an ending, such as zsav.
            why_not = form
            form = find_format(f"x.{name.removeprefix('.')}")
            if isinstance(form, str):
                raise UserError("--for", why_not, f"formats: {', '.join(FORMATS)}")
        formats.append(form.name)
    return tuple(dict.fromkeys(formats))


def check_formats(
    instrument: Instrument, draft: InstrumentDraft, formats: Sequence[str], known: Iterable[Problem]
) -> list[Problem]:
    """Check what the formats cannot store, in every language of the instrument.

    Leaves out what is `known` already by a rule that applies without a format.
    """
    found: dict[tuple[str, str, str, bool], Problem] = {}
    for language in instrument.languages:
        columns = [
            *build_admin_variables(instrument, language),
            *build_columns(instrument, language),
        ]
        variables = tuple(show_placeholders(column) for column in columns)
        data = _FormatData(instrument, draft, variables, language)
        for name in formats:
            for check in _CHECKS.get(name, ()):
                for problem in check(data):
                    # One problem about labels of columns, and one about labels of their codes.
                    is_about_code = bool(problem.subject)
                    found.setdefault((name, problem.rule, problem.who, is_about_code), problem)

    known_rules = {(problem.rule, problem.who) for problem in known}
    problems = []
    for (name, rule, who, _), problem in found.items():
        covering_rule = _COVERED_RULES.get((name, rule))
        if (covering_rule, who) not in known_rules:
            problems.append(problem)
    return problems


_COVERED_RULES: Final[Mapping[tuple[str, str], str]] = {
    ("sav", "format-label"): "long-label",
    ("sps", "format-label"): "long-label",
    ("dta", "format-name"): "long-column",
}
"""Rules that `survey check` applies without a format."""


def _check_names(data: _FormatData, limits: FormatLimits) -> Iterator[Problem]:
    names = fit_names([v.name for v in data.variables], limits)
    for variable, name in zip(data.variables, names, strict=True):
        if name != variable.name:
            what = (
                f"{limits.program} does not accept the name {variable.name}; its file says {name}"
            )
            yield data.make_problem(
                "format-name", variable.item, what, "shorten the id or the code"
            )


def _check_labels(
    data: _FormatData, limits: FormatLimits, *, texts: bool = True
) -> Iterator[Problem]:
    """Check labels. `texts` says that values of text columns have labels in this format."""
    measure = "bytes" if limits.counts_bytes else "letters"
    for variable in data.variables:
        size = limits.measure(choose_label(variable))
        if size > limits.label:
            what = (
                f"the label of {variable.name} has {size} {measure}; "
                f"{limits.program} stores {limits.label}"
            )
            item = data.instrument.items.get(variable.item)
            text = item.label if item is not None else None
            yield data.make_problem(
                "format-label", variable.item, what, "give it a short label:", text
            )

        if not texts and variable.storage == "text":
            continue
        for code, label in build_value_labels(variable).items():
            size = limits.measure(to_single_line(label))
            if size <= limits.value_label:
                continue
            what = (
                f"the label of the code {code} has {size} {measure}; "
                f"{limits.program} stores {limits.value_label}"
            )
            owner, text = data.find_label_text(variable, code)
            problem = data.make_problem("format-label", owner, what, "give it a short label:", text)
            yield replace(problem, subject=str(code))


def _check_spss_missing(data: _FormatData) -> Iterator[Problem]:
    """Check that SPSS can mark all codes that count as missing."""
    for variable in data.variables:
        unmarked = choose_user_missing(variable).unmarked
        if not unmarked:
            continue

        labels = build_value_labels(variable)
        described = []
        has_long_code = False
        for code in unmarked:
            described.append(f"{code} ({to_single_line(labels.get(code, str(code)))})")
            if isinstance(code, str) and len(code.encode()) > MAX_TEXT_CODE_BYTES:
                has_long_code = True

        remedy = "give the options whole numbers as codes"
        if has_long_code:
            limit = f"accepts only texts up to {MAX_TEXT_CODE_BYTES} bytes as missing"
        elif variable.storage == "text":
            limit = "accepts three texts as missing, including those for not asked and not reached"
        else:
            limit = "accepts three codes as missing, or a range and one code"
            remedy = (
                "give declines consecutive codes, such as -9, -8, -7, "
                "or mark fewer options as missing"
            )
            not_reached, _ = variable.declines.get("not_reached", (None, ""))
            if set(unmarked) == {not_reached}:
                remedy = (
                    "select complete interviews, which have none, or exclude it in MISSING VALUES"
                )
        what = f"SPSS {limit}: {join_first(described)} will count as answers"
        yield data.make_problem("format-missing", variable.item, what, remedy)


def _check_stata_codes(data: _FormatData) -> Iterator[Problem]:
    """Check that Stata can label all codes, and has a letter for each kind of decline."""
    for variable in data.variables:
        if has_unlabeled_texts(variable):
            what = f"the codes of {variable.name} are texts, which Stata does not label"
            remedy = "give the options whole numbers as codes"
            yield data.make_problem("format-codes", variable.item, what, remedy)
            continue

        large = list_too_large_codes(variable)
        if large:
            what = (
                f"Stata labels numbers up to {MAX_LABELED_VALUE:,}: "
                f"{join_first(large)} of {variable.name} will have no label"
            )
            remedy = "give the options smaller codes"
            yield data.make_problem("format-codes", variable.item, what, remedy)

    yield from _check_stata_options(data)

    letters = assign_letters(data.variables)
    without_letter = {
        kind for variable in data.variables for kind in variable.declines if kind not in letters
    }
    if without_letter:
        kinds = join_first(sorted(without_letter))
        what = f"Stata has 26 letters for missing values: {kinds} will be labeled codes"
        yield data.make_problem("format-missing", "", what, "define fewer declines")


def _check_stata_options(data: _FormatData) -> Iterator[Problem]:
    """Check that Stata leaves options marked as missing out of means."""
    edition = data.instrument.edition
    remedy = "in edition 2 they are missing values: survey check --upgrade shows what changes"
    if edition >= AMOUNTS_EDITION:
        remedy = "mark fewer options as missing"

    letters = assign_column_letters(data.variables, edition)
    for variable, of_column in zip(data.variables, letters, strict=True):
        counted = list_options_without_letter(variable, of_column)
        if counted:
            codes = join_first(f"{code} ({variable.labels.get(code, code)})" for code in counted)
            what = f"Stata counts {codes} of {variable.name} as answers, and in means"
            yield data.make_problem("format-missing", variable.item, what, remedy)


def _check_triple_s_codes(data: _FormatData) -> Iterator[Problem]:
    for item, what in iterate_lost_codes(data.variables):
        yield data.make_problem("format-codes", item, what, "give them the codes 1, 2, 3, …")


def _check_columns(data: _FormatData, limits: FormatLimits) -> Iterator[Problem]:
    count = len(data.variables)
    if count > limits.columns:
        what = f"the data have {count:,} columns; {limits.program} holds {limits.columns:,}"
        remedy = "set a smaller max: on rosters, or use another format"
        yield data.make_problem("format-columns", "", what, remedy)


_SPSS_CHECKS: Final = (
    partial(_check_names, limits=SPSS),
    partial(_check_labels, limits=SPSS),
    _check_spss_missing,
)
_STATA_CHECKS: Final = (
    *(
        partial(_check_names, limits=STATA),
        partial(_check_labels, limits=STATA, texts=False),
        _check_stata_codes,
    ),
    partial(_check_columns, limits=STATA),
)
_CHECKS: Final[Mapping[str, tuple[Callable[[_FormatData], Iterator[Problem]], ...]]] = {
    "sav": (*_SPSS_CHECKS, partial(_check_columns, limits=SPSS)),
    "sps": _SPSS_CHECKS,
    **dict.fromkeys(("dta", "do"), _STATA_CHECKS),
    "xlsx": (partial(_check_labels, limits=EXCEL), partial(_check_columns, limits=EXCEL)),
    **dict.fromkeys(("sss", "sss-fixed", "sss3", "sss3-fixed"), (_check_triple_s_codes,)),
}
"""Checks by format; a format that is not listed stores everything."""
