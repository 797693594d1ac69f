"""Checks of file formats: what a format cannot store of a questionnaire's data, whatever will be answered.

The results are warnings with positions in the questionnaire, given while it is written. No file is written.
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
    assign_letters,
    has_unlabeled_texts,
    list_too_large_codes,
)
from survey_cli.exports.triple_s import iterate_lost_codes
from survey_cli.instrument.checks.source_items import locate_definition
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position, Problem, UserError
from survey_cli.table.columns import build_columns
from survey_cli.table.table import build_admin_variables, show_placeholders
from survey_cli.values import Code, Variable
from survey_cli.wording import join_first

"""Beginning of a message about a value's label."""


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
        """Return a warning at an item, sample column or compute, or at its text; without an item, at the file."""
        where = (
            locate_definition(self.draft, item)
            if item
            else Position(self.draft.document.instrument.where.file)
        )
        if text is not None and text.where.line:
            where = text.get(self.language).where
        return Problem(rule, where, item, what, remedy, "warning", max(len(item), 1))

    def find_label_text(self, variable: Variable, code: Code) -> tuple[str, Text | None]:
        """Return the owner of a code's label (an outcome, a named list, an item or a decline) and the label's text."""
        outcome = next(
            (o for name, o in self.instrument.document.outcomes.items() if name == code), None
        )
        if variable.name == "interview_outcome" and outcome is not None:
            return str(code), outcome.name
        item = self.instrument.items.get(variable.item)
        if item is not None and variable.option is None:
            for option in item.options:
                if option.code == code:
                    return item.scale or item.id, option.label
        for kind, decline in self.instrument.declines.items():
            if str(code) in (str(decline.code), str(variable.declines.get(kind, (None,))[0])):
                return kind, decline.text
        return variable.item, None


def parse_formats(names: Sequence[str]) -> tuple[str, ...]:
    """Parse names and endings of formats, separated by commas."""
    requested = [name.strip() for text in names for name in text.split(",") if name.strip()]
    formats = []
    for name in requested:
        form = find_format("", chosen=name)
        if isinstance(form, str):  # an ending, such as zsav
            by_ending = find_format(f"x.{name.removeprefix('.')}")
            form = form if isinstance(by_ending, str) else by_ending
        if isinstance(form, str):
            raise UserError("--for", form, f"formats: {', '.join(FORMATS)}")
        formats.append(form.name)
    return tuple(dict.fromkeys(formats))


def check_formats(
    instrument: Instrument, draft: InstrumentDraft, formats: Sequence[str], known: Iterable[Problem]
) -> list[Problem]:
    """Check what the formats cannot store, in every language of the instrument, without what is `known` already."""
    known_rules = {(p.rule, p.who) for p in known}
    problems: dict[tuple[str, str, str, bool], Problem] = {}
    for language in instrument.languages:
        columns = (
            *build_admin_variables(instrument, language),
            *build_columns(instrument, language),
        )
        variables = tuple(map(show_placeholders, columns))
        data = _FormatData(instrument, draft, variables, language)
        for name in formats:
            for check in _CHECKS.get(name, ()):
                for problem in check(data):
                    # One problem about labels of columns, and one about labels of their codes.
                    is_about_code = bool(problem.subject)
                    problems.setdefault((name, problem.rule, problem.who, is_about_code), problem)
    found = [(name, problem) for (name, *_), problem in problems.items()]
    return [
        p for name, p in found if (_COVERED_RULES.get((name, p.rule)), p.who) not in known_rules
    ]


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
    """Check labels. `texts`: values of text columns have labels in this format."""
    measure = "bytes" if limits.counts_bytes else "letters"
    for v in data.variables:
        if (size := limits.measure(choose_label(v))) > limits.label:
            what = f"the label of {v.name} has {size} {measure}; {limits.program} stores {limits.label}"
            item = data.instrument.items.get(v.item)
            text = item.label if item is not None else None
            yield data.make_problem("format-label", v.item, what, "give it a short label:", text)
        for code, label in build_value_labels(v).items() if texts or v.storage != "text" else ():
            if (size := limits.measure(to_single_line(label))) > limits.value_label:
                stored = f"{limits.program} stores {limits.value_label}"
                what = f"the label of the code {code} has {size} {measure}; {stored}"
                owner, text = data.find_label_text(v, code)
                problem = data.make_problem(
                    "format-label", owner, what, "give it a short label:", text
                )
                yield replace(problem, subject=str(code))


def _check_spss_missing(data: _FormatData) -> Iterator[Problem]:
    for variable in data.variables:
        user_missing = choose_user_missing(variable)
        if not user_missing.unmarked:
            continue
        labels = build_value_labels(variable)
        codes = join_first(
            f"{code} ({to_single_line(labels.get(code, str(code)))})"
            for code in user_missing.unmarked
        )
        long_codes = [
            code
            for code in user_missing.unmarked
            if isinstance(code, str) and len(code.encode()) > MAX_TEXT_CODE_BYTES
        ]
        remedy = "give the options whole numbers as codes"
        if long_codes:
            limit = f"accepts only texts up to {MAX_TEXT_CODE_BYTES} bytes as missing"
        elif variable.storage == "text":
            limit = "accepts three texts as missing, including those for not asked and not reached"
        else:
            limit = "accepts three codes as missing, or a range and one code"
            remedy = "give declines consecutive codes, such as -9, -8, -7, or mark fewer options as missing"
        yield data.make_problem(
            "format-missing", variable.item, f"SPSS {limit}: {codes} will count as answers", remedy
        )


def _check_stata_codes(data: _FormatData) -> Iterator[Problem]:
    remedy = "give the options whole numbers as codes"
    for variable in data.variables:
        if has_unlabeled_texts(variable):
            what = f"the codes of {variable.name} are texts, which Stata does not label"
            yield data.make_problem("format-codes", variable.item, what, remedy)
        elif large := list_too_large_codes(variable):
            codes = join_first(large)
            what = f"Stata labels numbers up to {MAX_LABELED_VALUE:,}: {codes} of {variable.name} will have no label"
            yield data.make_problem(
                "format-codes", variable.item, what, "give the options smaller codes"
            )
    letters = assign_letters(data.variables)
    if kinds := sorted(
        {kind for v in data.variables for kind in v.declines if kind not in letters}
    ):
        what = f"Stata has 26 letters for missing values: {join_first(kinds)} will be labeled codes"
        yield data.make_problem("format-missing", "", what, "define fewer declines")


def _check_triple_s_codes(data: _FormatData) -> Iterator[Problem]:
    for item, what in iterate_lost_codes(data.variables):
        yield data.make_problem("format-codes", item, what, "give them the codes 1, 2, 3, …")


def _check_columns(data: _FormatData, limits: FormatLimits) -> Iterator[Problem]:
    if (count := len(data.variables)) > limits.columns:
        what = f"the data have {count:,} columns; {limits.program} holds {limits.columns:,}"
        yield data.make_problem(
            "format-columns", "", what, "set a smaller max: on rosters, or use another format"
        )


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
