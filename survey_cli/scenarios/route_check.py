"""The check of a route: what the proof finds, if the questionnaire and this computer allow it."""

from datetime import date
from enum import Enum, auto

from survey_cli.installation import make_library_command
from survey_cli.instrument.checks.all_checks import CheckResult
from survey_cli.instrument.source.load import pause_collector
from survey_cli.problems import Problem
from survey_cli.proof.solver import LIBRARY, has_solver


class ProofState(Enum):
    """What became of the proof of a file."""

    NOT_MEANT = auto()
    """The file is no questionnaire, or can't be read as one."""
    DONE = auto()
    HAS_ERRORS = auto()
    """The questionnaire could not be compiled without errors."""
    NO_SOLVER = auto()
    """The solver is not installed."""


def check_route(
    checked: CheckResult, today: date, *, possible: bool = False
) -> tuple[tuple[Problem, ...], ProofState]:
    """Return the problems of a checked questionnaire with those of the proof, if it can be proved.

    With `possible` these include what can happen, as information.
    """
    if checked.draft is None:
        return checked.problems, ProofState.NOT_MEANT
    if checked.compiled is None:
        return checked.problems, ProofState.HAS_ERRORS
    if not has_solver():
        return checked.problems, ProofState.NO_SOLVER
    # imported here: it imports the solver
    from survey_cli.scenarios.proving import prove_instrument

    with pause_collector():
        return prove_instrument(checked, today, possible=possible), ProofState.DONE


def describe_missing_solver() -> str:
    """Say what was not looked for without the solver, and how to install it."""
    what = (
        "there is no solver, so these were not looked for: items that are never asked, options "
        "that are never offered, conditions and checks without effect, gaps and overlaps of "
        "filters, quota cells that stay empty, fills without a value, values after else"
    )
    return f"{what} — {make_solver_remedy()}"


def make_solver_remedy() -> str:
    """Say how to install the solver on a platform without a wheel of it."""
    return f"with a compiler for C++, this builds it: {make_library_command(LIBRARY)}"
