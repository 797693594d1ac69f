"""Generation of scenarios: a small suite that covers all that is possible, with few answers."""

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
from survey_cli.proof.calendar_cells import CalendarCell
from survey_cli.proof.cells import Cell, CodedCell, MultipleCell, OrderedCell, TextCell
from survey_cli.proof.clauses import FALSE, Literal
from survey_cli.proof.goals import RETRIES, Goal, Witness
from survey_cli.proof.route import RouteModel
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
MAX_NAMED: Final = 3
"""How many goals the name of a scenario describes."""
MAX_NAME: Final = 90
"""Characters of the name of a scenario."""


class GeneratedScenario(NamedTuple):
    """A scenario, its run, and what it covers beyond the ones before it."""

    scenario: Scenario
    run: ScenarioRun
    goals: frozenset[Goal]


def generate_scenarios(
    instrument: Instrument, today: date
) -> tuple[list[GeneratedScenario], list[Goal]]:
    """Generate scenarios that together cover all that is possible, and list what they don't.

    The witnesses of the proof have as many first answers as possible, which a scenario need not
    name. If the run of a witness differs from it, others are tried.
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
    """Choose scenarios that cover all goals, each time the one that covers most of the rest.

    Afterwards those are left out whose goals the others cover too.
    """
    chosen: list[GeneratedScenario] = []
    open_goals = _unite(candidates)
    while open_goals:
        best = max(candidates, key=lambda candidate: len(candidate.goals & open_goals))
        chosen.append(best)
        open_goals -= best.goals

    for entry in tuple(chosen):
        others = [other for other in chosen if other is not entry]
        if entry.goals <= _unite(others):
            chosen.remove(entry)

    covered: frozenset[Goal] = frozenset()
    for index, entry in enumerate(chosen):
        chosen[index] = entry._replace(goals=entry.goals - covered)
        covered |= entry.goals
    return chosen


def _unite(scenarios: Sequence[GeneratedScenario]) -> frozenset[Goal]:
    """Return the goals that any of the scenarios covers."""
    return frozenset[Goal]().union(*(scenario.goals for scenario in scenarios))


def _replay_shortened(
    instrument: Instrument, witness: Witness, read_names: Collection[str]
) -> tuple[Scenario, ScenarioRun, bool]:
    """Replay a witness as a scenario without the answers that are given anyway.

    What no condition reads is left out first, and kept if the route then differs. A run can be used
    if it is that of the witness, or comes to an end.
    """
    read = {place: value for place, value in witness.answers.items() if place.item in read_names}
    shortened = replace(witness, answers=read)
    scenario, run, holds = replay_witness(instrument, shortened, fills_others=True)
    if not holds:
        scenario, run, holds = replay_witness(instrument, witness, fills_others=True)

    needed = {*run.route} - run.redundant
    kept = {place: text for place, text in scenario.answers.items() if place in needed}
    has_end = bool(run.outcome) and not run.differs
    return replace(scenario, seed=run.seed, answers=kept), run, holds or has_end


def _list_first_answers(model: RouteModel) -> list[Literal]:
    """Return literals by which items have the first answer accepted, if clauses can express it."""
    literals = []
    for position in model.positions:
        item = position.node
        if position.cell is None or not isinstance(item, CompiledItem):
            continue
        first = _find_first(model, item, position.cell)
        if first != FALSE:
            literals.append(model.clauses.any_of([-position.asked, first]))
    return literals


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
            return cell.compare("==", model.today.isoformat()).true
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
    for entry in scenarios:
        goals = [goal for goal in in_order if goal in entry.goals]
        goals.sort(key=lambda goal: _rank(instrument, goal))
        yield from _render_scenario(instrument, entry, goals, usual_day)


def _render_scenario(
    instrument: Instrument, entry: GeneratedScenario, goals: Sequence[Goal], usual_day: date
) -> Iterator[str]:
    """Yield the lines of one scenario. Its goals are in the order of what they say of it."""
    scenario = entry.scenario
    name = "; ".join(describe_goal(instrument, goal) for goal in goals[:MAX_NAMED])
    yield f"- name: {_quote(shorten(name, MAX_NAME))}"

    case = _render_case(instrument, scenario, usual_day)
    if case:
        yield f"  case: {{{', '.join(case)}}}"
    if scenario.answers:
        yield "  answers:"
        for place, text in scenario.answers.items():
            yield f"    {place}: {_render_answer(instrument, place, text)}"

    yield "  expect:"
    yield from _render_expectations(instrument, entry.run, goals)


def _render_case(instrument: Instrument, scenario: Scenario, usual_day: date) -> list[str]:
    """Return the entries of `case`, with the seed, the sample values, and an unusual day."""
    case = []
    if depends_on_seed(instrument):
        case.append(f"seed: {scenario.seed}")
    if scenario.today != usual_day:
        case.append(f"date: {scenario.today.isoformat()}")

    values = [
        f"{name}: {_quote(format_value(value))}"
        for name, value in scenario.sample.items()
        if not isinstance(value, Missing)
    ]
    if values:
        case.append(f"sample: {{{', '.join(values)}}}")
    return case


def _render_expectations(
    instrument: Instrument, run: ScenarioRun, goals: Sequence[Goal]
) -> Iterator[str]:
    """Yield the lines of `expect`: the end, items asked or not asked, and messages of checks."""
    if run.outcome:
        yield f"    ends: {run.outcome}"

    absent_items = instrument.items.keys() - {place.item for place in run.route}
    asked = []
    absent = []
    for goal in goals:
        name = instrument.find_written_name(goal.name)
        if goal.kind == "asked" and _rank(instrument, goal) < len(_RANKS):
            asked.append(name)
        elif goal.kind == "skipped" and name in absent_items:
            absent.append(name)
    if asked:
        yield f"    asked: [{', '.join(asked)}]"
    if absent:
        yield f"    not_asked: [{', '.join(absent)}]"

    fired = {goal.name for goal in goals if goal.kind == "fires"}
    warned = {place: texts[0] for place, texts in run.warnings.items() if place.item in fired}
    for key, texts in (("rejected", run.rejections), ("warned", warned)):
        if texts:
            entries = [f"{place}: {_quote(text)}" for place, text in texts.items()]
            yield f"    {key}: {{{', '.join(entries)}}}"


def _rank(instrument: Instrument, goal: Goal) -> int:
    """Return how little a goal says of a scenario: 0 for an end, most for what always happens."""
    for rank, kind in enumerate(_RANKS):
        if KINDS[kind](instrument, goal):
            return rank
    return len(_RANKS)


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
    if _PLAIN.match(text):
        return text
    return json.dumps(text, ensure_ascii=False)
