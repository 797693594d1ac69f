"""Generation of scenarios: a small suite that covers all that is possible, with as few answers as possible."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.possible_answers import (
    Amount,
    AnyText,
    Computed,
    Day,
    OneCode,
    SeveralCodes,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.proof.cells import (
    FALSE,
    Cell,
    CodedCell,
    Literal,
    MultipleCell,
    OrderedCell,
    TextCell,
)
from survey_cli.proof.goals import RETRIES, Goal, Witness
from survey_cli.proof.route import CalendarCell, RouteModel
from survey_cli.proof.verdicts import Prover, list_goals
from survey_cli.scenarios.coverage import (
    KINDS,
    describe_goal,
    list_coverage,
    observe,
    replay_witness,
)
from survey_cli.scenarios.reading import format_value
from survey_cli.scenarios.running import Scenario, ScenarioRun, depends_on_seed
from survey_cli.values import Missing, Place
from survey_cli.wording import shorten

_PLAIN: Final = re.compile(r"[A-Za-z0-9.][\w.#-]*( [\w.-]+)*\Z", re.ASCII)
"""Texts that YAML reads as they are."""


class GeneratedScenario(NamedTuple):
    """A scenario, its run, and what it covers beyond the ones before it."""

    scenario: Scenario
    run: ScenarioRun
    goals: frozenset[Goal]


def generate_scenarios(
    instrument: Instrument, today: date
) -> tuple[list[GeneratedScenario], list[Goal]]:
    """Generate scenarios that together cover all that is possible; also returns what they don't cover.

    The witnesses of the proof have as many first answers as possible, which a scenario need not name. Where a witness
    does not lead where it should, others are tried.
    """
    in_order = list_coverage(instrument)
    candidates: list[GeneratedScenario] = []
    with Prover(instrument, today) as prover:
        covered = set(in_order)
        listed = list_goals(prover.model)
        goals = {goal: literals for goal, literals in listed.items() if goal in covered}
        read_names = prover.model.read_names
        verdicts = prover.settle(goals, wished=_list_first_answers(prover.model))
        witnesses = verdicts.possible
        open_goals = {*witnesses, *verdicts.undecided}
        missed = [goal for goal in in_order if goal in open_goals]
        for attempt in range(RETRIES + 1):
            for witness in {id(witness): witness for witness in witnesses.values()}.values():
                scenario, run, is_usable = _replay_shortened(instrument, witness, read_names)
                if is_usable:
                    candidates.append(
                        GeneratedScenario(scenario, run, observe(run).intersection(in_order))
                    )
                    missed = [goal for goal in missed if goal not in candidates[-1].goals]
            if not missed:
                break
            witnesses = prover.look_again({goal: goals[goal] for goal in missed}, attempt)
    return _choose(candidates), missed


def _choose(candidates: Sequence[GeneratedScenario]) -> list[GeneratedScenario]:
    """Choose each time the scenario that covers most of the rest; leave out one if the others cover the same."""
    chosen: list[GeneratedScenario] = []
    open_goals = frozenset[Goal]().union(*(candidate.goals for candidate in candidates))
    while open_goals:
        chosen.append(max(candidates, key=lambda candidate: len(candidate.goals & open_goals)))
        open_goals -= chosen[-1].goals
    for entry in tuple(chosen):
        if entry.goals <= frozenset[Goal]().union(
            *(other.goals for other in chosen if other is not entry)
        ):
            chosen.remove(entry)
    covered: frozenset[Goal] = frozenset()
    for index, entry in enumerate(chosen):
        chosen[index] = entry._replace(goals=entry.goals - covered)
        covered |= entry.goals
    return chosen


def _replay_shortened(
    instrument: Instrument, witness: Witness, read_names: Collection[str]
) -> tuple[Scenario, ScenarioRun, bool]:
    """Replay a witness; returns a scenario without the answers that are also given if it leaves them out.

    What no condition reads is left out first, and kept if the route then differs. A run can be used if it is that of
    the witness, or comes to an end.
    """
    read = {place: value for place, value in witness.answers.items() if place.item in read_names}
    scenario, run, holds = replay_witness(
        instrument, replace(witness, answers=read), fills_others=True
    )
    if not holds:
        scenario, run, holds = replay_witness(instrument, witness, fills_others=True)
    needed = {*run.route} - run.redundant
    kept = {place: text for place, text in scenario.answers.items() if place in needed}
    return (
        replace(scenario, seed=run.seed, answers=kept),
        run,
        holds or bool(run.outcome and not run.differs),
    )


def _list_first_answers(model: RouteModel) -> list[Literal]:
    """Return where each answer is the first one that is accepted, or not asked, as far as clauses can express it."""
    clauses = model.clauses
    return [
        clauses.any_of([-position.asked, first])
        for position in model.positions
        if position.cell is not None
        and isinstance(position.node, CompiledItem)
        and (first := _find_first(model, position.node, position.cell)) != FALSE
    ]


def _find_first(model: RouteModel, item: CompiledItem, cell: Cell) -> Literal:
    """Return that the answer is the first one accepted; `FALSE` if clauses can't express it."""
    answers = item.question.describe_answers(item)
    match answers, cell:
        case OneCode() | Computed(), CodedCell(values=values):
            if "open" in values:  # the state of a quota
                return values["open"]
            return next(iter(values.values()), FALSE)
        case SeveralCodes(least=least), MultipleCell(chosen=chosen):
            count = max(least, 1)
            literals = list(chosen.values())
            others = [-literal for literal in literals[count:]]
            return model.clauses.all_of([*literals[:count], *others])
        case Day(), CalendarCell() if cell not in model.days:
            return cell.compare("==", model.today).true
        case Amount(low=low), OrderedCell():
            return cell.compare("==", low or 0).true
        case AnyText(), TextCell(texts=texts):
            return model.clauses.all_of([cell.answered, *(-text for text in texts.values())])
        case _:  # no first answer is preferred: the scenario only gets longer
            return FALSE


def render_scenarios(
    instrument: Instrument, scenarios: Sequence[GeneratedScenario]
) -> Iterator[str]:
    """Yield the lines of a scenario file."""
    days = Counter(scenario.today for scenario, _, _ in scenarios)
    usual_day = max(days, key=lambda day: days[day])
    yield f"case: {{date: {usual_day.isoformat()}}}"
    yield "others: first"
    yield "scenarios:"
    in_order = list_coverage(instrument)
    for scenario, run, goals in scenarios:
        ordered = sorted(
            (goal for goal in in_order if goal in goals), key=lambda goal: _rank(instrument, goal)
        )
        yield f"- name: {_quote(shorten('; '.join(describe_goal(goal) for goal in ordered[:3]), 90))}"
        case = [f"seed: {scenario.seed}"] if depends_on_seed(instrument) else []
        case += [f"date: {scenario.today.isoformat()}"] if scenario.today != usual_day else []
        sample = {
            name: value for name, value in scenario.sample.items() if not isinstance(value, Missing)
        }
        values = ", ".join(
            f"{name}: {_quote(format_value(value))}" for name, value in sample.items()
        )
        case += [f"sample: {{{values}}}"] if values else []
        if case:
            yield f"  case: {{{', '.join(case)}}}"
        if scenario.answers:
            yield "  answers:"
            yield from (
                f"    {p}: {_render_answer(instrument, p, text)}"
                for p, text in scenario.answers.items()
            )
        yield "  expect:"
        if run.outcome:
            yield f"    ends: {run.outcome}"
        asked = [
            goal.name
            for goal in ordered
            if goal.kind == "asked" and _rank(instrument, goal) < len(_RANKS)
        ]
        skipped = [goal.name for goal in ordered if goal.kind == "skipped"]
        on_route = {place.item for place in run.route}
        absent = [name for name in skipped if name in instrument.items and name not in on_route]
        for key, names in (("asked", asked), ("not_asked", absent)):
            if names:
                yield f"    {key}: [{', '.join(names)}]"
        fired = {goal.name for goal in goals if goal.kind == "fires"}
        warned = {place: texts[0] for place, texts in run.warnings.items() if place.item in fired}
        for key, words in (("rejected", run.rejections), ("warned", warned)):
            if words:
                yield f"    {key}: {{{', '.join(f'{place}: {_quote(why)}' for place, why in words.items())}}}"


def _rank(instrument: Instrument, goal: Goal) -> int:
    """Return how much a goal says of a scenario: an end most, an item that is always asked least."""
    return next(
        (rank for rank, kind in enumerate(_RANKS) if KINDS[kind](instrument, goal)), len(_RANKS)
    )


_RANKS: Final = (
    "ends", "checks that fire", "conditions unknown", "conditions not true", "conditions true",
    "options with a condition",
)  # fmt: skip


def _render_answer(instrument: Instrument, place: Place, text: str) -> str:
    item = instrument.items[place.item]
    answers = item.question.describe_answers(item)
    has_several = isinstance(answers, SeveralCodes) and " " in text
    takes_words = any(option.specify for option in item.options)
    if has_several and not takes_words:
        return f"[{text.replace(' ', ', ')}]"
    return _quote(text)


def _quote(text: str) -> str:
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)
