"""Goals of choices `x if condition else y` that give `y` although the condition is unknown."""

from collections.abc import Iterator

from survey_cli.instrument.checks.reachability.facts import TRUE
from survey_cli.instrument.checks.reachability.silent_choices import SilentChoice
from survey_cli.proof.cells import Literal
from survey_cli.proof.conditions import Turns
from survey_cli.proof.goals import Goal
from survey_cli.proof.route import RouteModel


def get_goal(choice: SilentChoice) -> Goal:
    """Return the goal that an interview has the value of a choice although its test is unknown."""
    return Goal("silent", choice.name, (choice.item, choice.key))


def list_silent_goals(model: RouteModel, choices: list[SilentChoice]) -> dict[Goal, list[Literal]]:
    """List these goals with their literals: one for each place where the value matters."""
    goals: dict[Goal, list[Literal]] = {}
    encode = model.encoder.encode
    for choice in choices:
        literals = []
        for reached, turns in _list_places(model, choice):
            parts = [reached]
            for tree, truths in choice.path:
                truth = encode(tree, turns)
                parts.append(truth.true if truths == TRUE else -truth.true)
            test = encode(choice.test, turns)
            parts += [-test.true, -test.false]
            term = model.find_term(choice.item, turns) or []
            parts += [-model.encoder.find_known(alternative) for alternative in term]
            literals.append(model.clauses.all_of(parts))
        goals[get_goal(choice)] = literals
    return goals


def _list_places(model: RouteModel, choice: SilentChoice) -> Iterator[tuple[Literal, Turns]]:
    """Yield where the value of a choice matters: where it is read, or in every interview that comes so far.

    An interview that ends because of the value is not complete.
    """
    if choice.key == "compute" and not choice.read_at:
        asked = [position.asked for position in model.positions_by_node.get(choice.item, ())]
        yield model.clauses.any_of([model.completed, *asked]), {}
        return
    for name in choice.read_at or (choice.name,):
        for position in model.positions_by_node.get(name, ()):
            yield position.asked, position.turns
