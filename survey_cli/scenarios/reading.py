"""Scenario files read against a questionnaire, and departures of a run from what they expect."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, time
from typing import Any, NamedTuple, TypeAlias

from survey_cli.engine.route_reasons import (
    Exclusion,
    RouteReason,
    collect_values,
    explain_absence,
)
from survey_cli.entries import LineEntry, PickEntry, Rejection, to_plain_text
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.expressions.known import NOTHING_KNOWN
from survey_cli.instrument.schema.items.question import AnswerWording, CompiledItem, ItemContext
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem
from survey_cli.instrument.schema.scenario_file import (
    CaseSpec,
    ExpectSpec,
    ScenarioFile,
    ScenarioSpec,
)
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import Position, Problem, UserError, sort_problems, suggest_nearest
from survey_cli.scenarios.running import Scenario, ScenarioRun, ScenarioStep
from survey_cli.values import NOT_ASKED, NOT_REACHED, Missing, Place, Value, format_clock_time
from survey_cli.wording import format_quantity, shorten

SampleReader: TypeAlias = Callable[[str, str], Value | Missing]
"""Reads the text of a sample column. Raises UserError if it is not a value of the column."""


class ScenarioTest(NamedTuple):
    """A scenario, and what is expected of it."""

    scenario: Scenario
    expect: ExpectSpec
    where: Position


def read_scenarios(
    source: InstrumentSource, instrument: Instrument, today: date, read_sample: SampleReader
) -> tuple[list[ScenarioTest], list[Problem]]:
    """Read the scenarios of a file. What has errors is left out and reported as a problem."""
    if source.tree is None:
        return [], list(source.problems)

    spec, problems, _ = validate_file(source.tree, ScenarioFile)
    if spec is None:
        return [], [*source.problems, *problems]

    reader = _ScenarioReader(instrument, today, read_sample)
    tests = [reader.read(spec, scenario) for scenario in spec.scenarios]
    if not tests and not problems:
        reader.report(
            "missing-key",
            spec.find_position("scenarios"),
            "",
            "there is no scenario",
            "add `- name: …`",
        )
    return tests, sort_problems([*source.problems, *problems, *reader.problems])


class _ScenarioReader:
    """Reads the scenarios of one file, and collects problems."""

    def __init__(self, instrument: Instrument, today: date, read_sample: SampleReader) -> None:
        self.instrument = instrument
        self.today = today
        self.read_sample = read_sample
        self.problems: list[Problem] = []
        ends = (item.question for item in instrument.items.values())
        self.outcomes = ["complete", *(str(q.outcome) for q in ends if isinstance(q, EndItem))]

    def report(
        self, rule: str, where: Position, who: str, what: str, remedy: str, length: int = 1
    ) -> None:
        self.problems.append(Problem(rule, where, who, what, remedy, length=length))

    def read(self, file: ScenarioFile, spec: ScenarioSpec) -> ScenarioTest:
        """Read one scenario; what it leaves out is taken from the file."""
        name = str(spec.name)
        expect = spec.expect
        cases = [spec.case, file.case]
        self._check_expectations(name, expect)

        steps = []
        for step in spec.steps:
            if bool(step.back) == bool(step.correct):
                what = "a step has either back: or correct:"
                self.report(
                    "bad-step",
                    step.find_position(),
                    name,
                    what,
                    "write back: 1, or correct: {age: 40}",
                )
            at = None
            if step.at is not None:
                at = self._read_place(name, step.at)
            correct = self._read_answers(name, step.correct)
            steps.append(ScenarioStep(at=at, back=step.back, correct=correct))

        language = next((case.language for case in cases if case.language), None)
        if language is not None and language not in self.instrument.languages:
            self._report_unknown(
                "unknown-word", language, name, "language", self.instrument.languages
            )

        scenario = Scenario(
            name=name,
            today=next((case.date for case in cases if case.date), self.today),
            sample=self._read_sample_values(name, cases),
            seed=next((case.seed for case in cases if case.seed is not None), None),
            language=str(language or ""),
            interviewer=str(next((case.interviewer for case in cases if case.interviewer), "Pat")),
            answers=self._read_answers(name, spec.answers, unchecked=expect.rejected),
            fallback=self._read_answers("", file.answers),
            fills_others=(spec.others or file.others) == "first",
            steps=tuple(steps),
        )
        return ScenarioTest(scenario, expect, spec.find_position())

    def _report_unknown(
        self, rule: str, word: YamlScalar, who: str, kind: str, known: Collection[str]
    ) -> None:
        remedy = suggest_nearest(
            str(word), known, otherwise=f"there are {', '.join(known) or 'none'}"
        )
        self.report(rule, word.where, who, f"there is no {kind} {str(word)!r}", remedy, len(word))

    def _read_sample_values(self, who: str, cases: list[CaseSpec]) -> dict[str, Value | Missing]:
        values: dict[str, Value | Missing] = {}
        for case in reversed(cases):
            for column, text in case.sample.items():
                if column not in self.instrument.sample:
                    self._report_unknown(
                        "unknown-column", column, who, "sample column", self.instrument.sample
                    )
                    continue
                try:
                    values[str(column)] = self.read_sample(str(column), str(text))
                except UserError as error:
                    what = f"{column}: {error.what}"
                    self.report("bad-answer", text.where, who, what, error.remedy, len(text))
        return values

    def _read_answers(
        self, who: str, answers: Mapping[YamlScalar, YamlScalar], unchecked: Collection[str] = ()
    ) -> dict[Place, str]:
        """Read answers by place.

        Only codes are checked here. Other answers are checked when the scenario is run.
        """
        read: dict[Place, str] = {}
        for key, text in answers.items():
            place = self._read_place(who, key)
            if place is None:
                continue
            item = self.instrument.items[place.item]
            question = item.question
            context = ItemContext(
                item=item,
                known=NOTHING_KNOWN,
                language=self.instrument.language,
                options=item.options,
            )

            kind = text.removeprefix(".")
            is_code_of_decline = item.find_typed_decline(str(text)) is not None
            if not question.expects_answer and not isinstance(question, ComputedItem):
                what = f"{key} is read aloud and has no answer"
                self.report("bad-answer", key.where, who, what, "remove it", len(key))
            elif kind != text and kind in self.instrument.declines:
                if all(decline.id != kind for decline in item.declines):
                    known = [f".{decline.id}" for decline in item.declines]
                    self._report_unknown("bad-answer", text, who, f"decline of {key}:", known)
            elif item.options and key not in unchecked and not is_code_of_decline:
                parsed = question.parse_reply(context, str(text))
                if isinstance(parsed, Rejection):
                    remedy = "write a code, or a decline as .dk"
                    self.report(
                        "bad-answer", text.where, who, f"{key}: {parsed.why}", remedy, len(text)
                    )
            read[place] = str(text)
        return read

    def _read_place(self, who: str, key: YamlScalar, groups: bool = False) -> Place | None:
        """Return the place that a key names; report why if it names none."""
        place = Place.parse(key)
        item = self.instrument.items.get(place.item)
        if item is None:
            if groups and key in self.instrument.groups:
                return place
            self._report_unknown("bad-place", key, who, "item", self.instrument.items)
            return None

        roster = self.instrument.groups.get(item.roster or "")
        if isinstance(roster, Roster):
            if place.turn is None and not groups:
                what = f"{key} is asked in each turn of {roster.id}"
                remedy = f"name the turn: {key}#1"
            elif place.turn is not None and place.turn > roster.maximum:
                what = f"{roster.id} has at most {format_quantity(roster.maximum, 'turn')}"
                remedy = "name another turn"
            else:
                return place
        elif place.turn is not None:
            what = f"{place.item} is not in a roster"
            remedy = f"write {place.item}"
        else:
            return place

        self.report("bad-place", key.where, who, what, remedy, len(key))
        return None

    def _check_expectations(self, who: str, expect: ExpectSpec) -> None:
        for key in (*expect.asked, *expect.not_asked):
            self._read_place(who, key, groups=True)
        for key in (*expect.text, *expect.rejected, *expect.warned):
            self._read_place(who, key)

        names = {*self.instrument.computes, *self.instrument.sample}
        for key in expect.value:
            if key not in names:
                self._read_place(who, key)

        if expect.ends is not None and expect.ends not in self.outcomes:
            self._report_unknown(
                "unknown-outcome", expect.ends, who, "end with outcome", self.outcomes
            )


class Departure(NamedTuple):
    """One difference between what is expected and what happened."""

    where: Position
    """In the scenario file."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def compare(test: ScenarioTest, run: ScenarioRun) -> list[Departure]:
    """Return every departure of a run from its scenario."""
    return list(_Comparison(test, run).iterate())


class _Comparison:
    def __init__(self, test: ScenarioTest, run: ScenarioRun) -> None:
        self.test = test
        self.run = run
        self.instrument = run.interview.instrument
        self.language = run.interview.language
        self.asked = set(run.route)
        self.last = run.route[-1] if run.route else "the beginning"
        self.order = {item: number for number, item in enumerate(self.instrument.items)}

    def iterate(self) -> Iterator[Departure]:
        run = self.run
        expect = self.test.expect
        where = self.test.where

        stopped = run.unanswered is not None
        if run.unanswered is not None:
            yield Departure(where, self._explain_stop(run.unanswered))
        for place, why in run.rejections.items():
            if str(place) not in expect.rejected:
                stopped = True
                yield Departure(where, f"the answer to {place} is refused: {why}")

        if not stopped:  # otherwise everything after it would be a departure as well
            yield from self._compare_route()

        if expect.ends is not None and run.outcome and run.outcome != expect.ends:
            at = expect.find_position("ends")
            yield Departure(
                at, f"it ends at {self.last} with {run.outcome}, expected {expect.ends}"
            )

        yield from self._compare_words()
        yield from self._compare_values()

    def _compare_route(self) -> Iterator[Departure]:
        expect = self.test.expect
        for key in (*expect.asked, *expect.not_asked):
            place = Place.parse(key)
            is_expected = key in expect.asked
            if self._is_asked(place) is not is_expected:
                yield Departure(key.where, f"{key}: {self.explain(place)}")

        excused = {Place.parse(key) for key in expect.not_asked}
        for place in self.test.scenario.answers:
            is_excused = bool({place, Place(place.item)} & excused)
            if place not in self.asked and not is_excused and not self.run.rejections:
                yield Departure(
                    self.test.where,
                    f"{place} has an answer and is not asked: {self.explain(place)}",
                )

    def _is_asked(self, place: Place) -> bool:
        items = {place.item}
        group = self.instrument.groups.get(place.item)
        if group is not None:
            items = {item.id for item in group.items}
        return any(other.item in items and place.turn in (None, other.turn) for other in self.asked)

    def _explain_stop(self, place: Place) -> str:
        """Explain that an item without an answer is asked, and what was expected instead."""
        at = self.order[place.item]
        passed = [
            p for p in self.test.scenario.answers if p not in self.asked and self.order[p.item] < at
        ]
        if passed:
            return f"asked {place}, expected {passed[0]}: {self.explain(passed[0])}"

        machine = self.run.interview.machine
        stop = machine.current_stop
        assert stop is not None
        entry = stop.item.question.build_entry(machine.walk.build_item_context(stop, self.language))
        possible: list[str] = []
        if isinstance(entry, PickEntry):
            possible = [
                f"{option.code} ({shorten(to_plain_text(option.text), 30)})"
                for option in entry.options
            ]
        elif isinstance(entry, LineEntry) and entry.hint:
            possible = [entry.hint]

        possible += [f".{decline.id}" for decline in stop.item.declines]
        answers = ", ".join(possible) or "any text"
        asked = name_place(self.instrument, place).words
        if asked != str(place):
            asked = f"{asked} ({place})"  # the name is what is written in the file
        return f"asked {asked}, which has no answer — add it under answers: {answers}"

    def explain(self, place: Place) -> str:
        """Explain why an item or group was asked or was not.

        For example: `ask_if at f.yaml:40:5 is false because a = 2 (No)`.
        """
        machine = self.run.interview.machine
        node = self.instrument.items.get(place.item) or self.instrument.groups[place.item]
        if self._is_asked(place):
            exclusion = Exclusion.ASK_IF
            condition = node.ask_if
            if node.unless is not None:
                exclusion = Exclusion.UNLESS
                condition = node.unless
            if condition is None:
                return "it has no condition"

            known = machine.walk.known.in_turn(place.turn)
            values = collect_values(condition, known)
            truth = condition.evaluate(known)
            return self._describe(RouteReason(exclusion, node, condition, values, truth), place)

        # a group has no place of its own: the absence of its first item is explained
        first = node if isinstance(node, CompiledItem) else node.items[0]
        turn = place.turn
        if turn is None and first.roster is not None:
            turn = 1
        absence = explain_absence(machine, machine.recorded_answers, Place(first.id, turn))
        if absence is None:
            return self._describe_end()
        return self._describe(absence, place)

    def _describe(self, reason: RouteReason, place: Place) -> str:
        if reason.node is None:
            return self._describe_end()

        if reason.exclusion is Exclusion.NO_TURN:
            turns = self.run.interview.machine.walk.known.turns_of(reason.node.id)
            count = len(turns) if isinstance(turns, tuple) else 0
            return f"{reason.node.id} has {format_quantity(count, 'turn')}"
        if reason.exclusion is Exclusion.NO_OPTION:
            return "none of its options is offered"

        node = reason.node
        key = reason.exclusion.value
        name = key
        if node.id != place.item:  # the condition of a group around it, or of its first item
            name = f"{node.id}.{key}"

        spec = node.question if isinstance(node, CompiledItem) else node.spec
        at = Position("")
        if spec is not None:
            at = spec.find_position(key)

        what = f"{name} at {at} is {_format_truth(reason.truth)}"
        inputs = [f"{name} = {self._format(name, value)}" for name, value in reason.values.items()]
        if not inputs:
            return what
        return f"{what} because {' and '.join(inputs)}"

    def _describe_end(self) -> str:
        return f"the interview ended before it, at {self.last}"

    def _format(self, name: str, value: Any) -> str:
        """Format a value for a designer: `2 (No)`, `.dk`."""
        if value in (NOT_ASKED, NOT_REACHED):
            return "not asked"
        if isinstance(value, Missing):
            return f".{value.kind}"

        item = self.instrument.items.get(name)
        if item is None or not item.options:
            return format_value(value)

        known = self.run.interview.machine.walk.known
        wording = AnswerWording(self.language, known=known, with_code=False)
        label = item.question.format_answer(item, value, wording)
        written = format_value(value)
        if label == str(value):
            return written
        return f"{written} ({label})"

    def _compare_words(self) -> Iterator[Departure]:
        """Compare what was read aloud, and what checks said."""
        run = self.run
        expect = self.test.expect
        for key, text in expect.text.items():
            place = Place.parse(key)
            read = run.texts.get(place)
            if read is None:
                yield Departure(key.where, f"expected {str(text)!r}: {self.explain(place)}")
            elif not _contains(read, text):
                yield Departure(key.where, f"{key} reads {read!r}, expected {str(text)!r}")

        warnings = {place: " / ".join(texts) for place, texts in run.warnings.items()}
        yield from _compare_messages(expect.rejected, run.rejections, "is refused with")
        yield from _compare_messages(expect.warned, warnings, "is questioned with")

    def _compare_values(self) -> Iterator[Departure]:
        state = self.run.interview.evaluate_route()
        for key, text in self.test.expect.value.items():
            place = Place.parse(key)
            recorded = state.answers.get(place)
            if recorded is not None:
                value = recorded.cell
            else:
                value = state.known.value(place.item, place.turn, otherwise=NOT_ASKED)
            if not _is_same(value, text):
                yield Departure(
                    key.where, f"{key} is {self._format(place.item, value)}, expected {text}"
                )


def _contains(found: str, expected: str) -> bool:
    """Return whether a text has these words, however they are spaced."""
    return " ".join(expected.split()) in " ".join(found.split())


def _compare_messages(
    expected: Mapping[YamlScalar, YamlScalar], actual: Mapping[Place, str], verb: str
) -> Iterator[Departure]:
    """Compare the messages about answers with what is expected of them."""
    for key, text in expected.items():
        message = actual.get(Place.parse(key))
        if message is None:
            yield Departure(key.where, f"expected {str(text)!r}: no answer to {key} {verb} it")
        elif not _contains(message, text):
            yield Departure(key.where, f"{key} {verb} {message!r}, expected {str(text)!r}")


def _format_truth(truth: Any) -> str:
    if isinstance(truth, Missing):
        return "unknown"
    return "true" if truth is True else "false"


def format_value(value: Any) -> str:
    """Format a value as in a scenario file: codes with spaces, a missing value as `.dk`."""
    if isinstance(value, Missing):
        return f".{value.kind}"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, time):
        return format_clock_time(value)
    return str(value)


def _is_same(value: Any, text: YamlScalar) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(text) == value
        except ValueError:
            return False
    return format_value(value) == text
