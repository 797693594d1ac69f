"""All checks of an instrument in their order, and their run over one instrument."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import isgeneratorfunction
from types import ModuleType
from typing import Final, NamedTuple, TypeAlias, TypeGuard

from survey_cli.instrument.checks import (
    brackets,
    coded_amounts,
    condition_values,
    declined_ends,
    fieldwork_settings,
    missing_values,
    names,
    options,
    quantities,
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
from survey_cli.problems import MAX_PER_RULE, Problem, limit_per_rule, select_errors

Check: TypeAlias = Callable[[InstrumentDraft], Iterator[Problem]]

_MODULES: Final = (
    names,
    route,
    brackets,
    options,
    ranges,
    quantities,
    condition_values,
    coded_amounts,
    texts,
    declined_ends,
    missing_values,
    sample_and_quotas,
    fieldwork_settings,
)


def _list_checks(*modules: ModuleType) -> tuple[Check, ...]:
    """List the checks that modules define: their public generators, in written order."""
    return tuple(
        function
        for module in modules
        for function in vars(module).values()
        if _is_check(function, module)
    )


def _is_check(function: object, module: ModuleType) -> TypeGuard[Check]:
    """Return whether it is a public generator that the module defines (and doesn't import)."""
    if not isgeneratorfunction(function):
        return False
    return function.__module__ == module.__name__ and not function.__name__.startswith("_")


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
    """The instrument, even if the checks found errors; None if it doesn't compile."""


def _remove_repeated_causes(problems: list[Problem]) -> list[Problem]:
    """Keep one problem per cause.

    A problem shared by the statements of a battery is reported for the first one. An end that a
    decline passes is not also reported as unknown.
    """
    ends = {problem.who for problem in problems if problem.rule == "decline-passes-end"}
    certain = {(problem.who, problem.where) for problem in problems if problem.rule == "never-true"}

    distinct: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        is_explained = problem.who in ends or (problem.who, problem.where) in certain
        if problem.rule in ("unsure-negation", "missing-value") and is_explained:
            continue
        # Statements share a position. Only without a position does the owner tell causes apart.
        owner = "" if problem.where.line else problem.who
        cause = (problem.rule, problem.where, problem.what, problem.remedy, owner)
        distinct.setdefault(cause, problem)
    return list(distinct.values())


def check_instrument(source: InstrumentSource, *, most_per_rule: int = MAX_PER_RULE) -> CheckResult:
    """Compile an instrument and run every check, so that all problems are reported at once."""
    with pause_collector():
        return check_compiled(compile_instrument(source), most_per_rule=most_per_rule)


def check_compiled(compiled: CompileResult, *, most_per_rule: int = MAX_PER_RULE) -> CheckResult:
    """Run every check on the result of `compile_instrument`."""
    instrument, draft, problems = compiled
    compiled_instrument = None if select_errors(problems) else instrument
    if draft is not None:
        for check in CHECKS:
            problems.extend(_downgrade_in_catalog(problem) for problem in check(draft))

    limited = tuple(limit_per_rule(_remove_repeated_causes(problems), most_per_rule))
    checked_instrument = None if select_errors(limited) else instrument
    return CheckResult(checked_instrument, limited, draft, compiled_instrument)


def _downgrade_in_catalog(problem: Problem) -> Problem:
    """Return an error in a PO file as a warning: the questionnaire can be used without it."""
    if problem.severity == "error" and is_in_catalog(problem.where):
        return replace(problem, severity="warning")
    return problem


def check_wording(draft: InstrumentDraft) -> tuple[Problem, ...]:
    """Run the checks of wording."""
    problems = [problem for check in WORDING_CHECKS for problem in check(draft)]
    return tuple(limit_per_rule(problems))
