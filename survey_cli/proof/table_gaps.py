"""Tables without `else:` in which no row may apply: every condition is false."""

from collections.abc import Iterator

from survey_cli.instrument.checks.source_items import locate_definition, report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.problems import Problem
from survey_cli.proof.clauses import Literal
from survey_cli.proof.goals import Goal, Verdicts
from survey_cli.proof.route import RouteModel
from survey_cli.proof.terms import NO_TURNS


def list_gap_goals(model: RouteModel) -> dict[Goal, list[Literal]]:
    """List the goals that in a complete interview every condition of a table is false."""
    goals = {}
    for name, compute in model.instrument.computes.items():
        if not compute.gap_tests:
            continue
        tests = [model.encoder.encode(test.tree, NO_TURNS) for test in compute.gap_tests]
        falsehoods = [test.false for test in tests]
        goals[Goal("gap", name)] = [model.clauses.all_of([model.completed, *falsehoods])]
    return goals


def iterate_gaps(draft: InstrumentDraft, verdicts: Verdicts) -> Iterator[tuple[Problem, Goal]]:
    """Yield the problem of each table that has a gap, or of which that isn't decided."""
    whats = dict.fromkeys(verdicts.possible, "no row of the table may apply")
    whats |= dict.fromkeys(verdicts.undecided, "it isn't proved that a row always applies")
    for goal, what in whats.items():
        if goal.kind == "gap":
            at = (locate_definition(draft, goal.name), len(goal.name))
            remedy = "write else: with the value of all others, or a row for them"
            yield report("table-gap", at, goal.name, what, remedy, "error"), goal


def is_in_gap(instrument: Instrument, name: str, known: Known) -> bool:
    """Return whether every condition of a table is false."""
    return all(test.evaluate(known) is False for test in instrument.computes[name].gap_tests)
