"""All checks of an instrument in their order, and their run over one instrument."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import isgeneratorfunction
from types import ModuleType
from typing import Final, NamedTuple, TypeAlias

from survey_cli.instrument.checks import (
    coded_amounts,
    condition_values,
    declined_ends,
    fieldwork_settings,
    names,
    options,
    ranges,
    route,
    sample_and_quotas,
    texts,
    wording_style,
)
from survey_cli.instrument.compiled.compiler import CompileResult, compile_instrument
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import InstrumentSource, pause_collector
from survey_cli.instrument.texts.translations import is_in_catalog
from survey_cli.problems import Problem, limit_per_rule, select_errors

Check: TypeAlias = Callable[[InstrumentDraft], Iterator[Problem]]

_MODULES: Final = (
    *(names, route, options, ranges, condition_values, coded_amounts, texts),
    *(declined_ends, sample_and_quotas, fieldwork_settings),
)


def _list_checks(*modules: ModuleType) -> tuple[Check, ...]:
    """List the checks that modules define: their public generators, in written order."""
    functions = [(module, function) for module in modules for function in vars(module).values()]
    return tuple(
        function
        for module, function in functions
        if isgeneratorfunction(function)
        and function.__module__ == module.__name__
        and function.__name__[0] != "_"
    )


CHECKS: Final = _list_checks(*_MODULES)
WORDING_CHECKS: Final = _list_checks(wording_style)
"""Run on request, on an instrument without errors."""


def get_rule(check: Check) -> str:
    """Return the rule that a check enforces."""
    return check.__name__.replace("_", "-")


class CheckResult(NamedTuple):
    """Result of checking: the instrument, unless there are errors, and all problems."""

    instrument: Instrument | None
    problems: tuple[Problem, ...]
    """In the order of their positions."""
    draft: InstrumentDraft | None
    """What the checks examined; None if the file could not be parsed."""
    compiled: Instrument | None = None
    """The instrument, even if the checks found errors; None if it could not be compiled without any."""


def _remove_repeated_causes(problems: list[Problem]) -> list[Problem]:
    """Keep one problem per cause.

    A problem shared by the statements of a battery is reported for the first one. An end that a decline passes is not
    also reported as unknown.
    """
    ends = {p.who for p in problems if p.rule == "decline-passes-end"}
    certain = {(p.who, p.where) for p in problems if p.rule == "never-true"}
    distinct: dict[tuple[object, ...], Problem] = {}
    for p in problems:
        if p.rule != "unsure-negation" or (p.who not in ends and (p.who, p.where) not in certain):
            distinct.setdefault(
                (p.rule, p.where, p.what, p.remedy, "" if p.where.line else p.who), p
            )
    return list(distinct.values())


def check_instrument(source: InstrumentSource) -> CheckResult:
    """Compile an instrument and run every check, so that all problems are reported at once."""
    with pause_collector():
        return check_compiled(compile_instrument(source))


def check_compiled(compiled: CompileResult) -> CheckResult:
    """Run every check on the result of `compile_instrument`."""
    instrument, draft, problems = compiled
    sound = None if select_errors(problems) else instrument
    if draft is not None:
        for check in CHECKS:
            problems.extend(_downgrade_in_catalog(problem) for problem in check(draft))
    limited = tuple(limit_per_rule(_remove_repeated_causes(problems)))
    return CheckResult(None if select_errors(limited) else instrument, limited, draft, sound)


def _downgrade_in_catalog(problem: Problem) -> Problem:
    """Return an error in a PO file as a warning: a translation never keeps a questionnaire from being used."""
    if problem.severity == "error" and is_in_catalog(problem.where):
        return replace(problem, severity="warning")
    return problem


def check_wording(draft: InstrumentDraft) -> tuple[Problem, ...]:
    """Run the checks of wording."""
    return tuple(limit_per_rule([problem for check in WORDING_CHECKS for problem in check(draft)]))
