"""Blocks of a survey: their questions in their order, with skip logic, and loops."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from survey_cli.conversion.model.expressions import (
    YES,
    Answered,
    AnswerOf,
    Chosen,
    Constant,
    Expression,
    Not,
    join_all,
)
from survey_cli.conversion.model.forms import (
    FormEnd,
    FormGroup,
    FormItem,
    FormLoop,
    FormRoster,
    Formula,
    Origin,
)
from survey_cli.conversion.qualtrics.asked_questions import (
    ROSTER_LOOP,
    AskedQuestion,
    AskedQuestions,
    MergeLoop,
)
from survey_cli.conversion.qualtrics.choices import describe_logic, list_choices
from survey_cli.conversion.qualtrics.item_names import ItemNames
from survey_cli.conversion.qualtrics.logic import LogicReader, read_locator
from survey_cli.conversion.qualtrics.piped_text import TextReader
from survey_cli.conversion.qualtrics.questions import SurveyQuestionReader
from survey_cli.conversion.qualtrics.survey_file import (
    JsonObject,
    SurveyBlock,
    SurveyFile,
    get_entries,
    get_mapping,
    get_number,
    get_text,
    sort_keys,
)

SKIP_LOGIC: Final = "skip logic"

_SHUFFLED: Final = ("true", "All", "RandomizeAll", "RandomWithXPerPage", "RandomWithOnlyX")
_MARKERS: Final = {"{~Randomized~}": "RandomizeAll", "{~SubSet~}": "RandomSubSet"}
"""What stands in the fixed order of a block for its shuffled questions, and their list."""
_END_OF_BLOCK: Final = "ENDOFBLOCK"
_END_OF_SURVEY: Final = "ENDOFSURVEY"
_DEEPEST: Final = 8
"""How many skips are groups in each other; more of them are one condition."""
_MOST_EXPANDED: Final = 2_000
"""The most items that a loop is written out to."""


@dataclass(eq=False)
class BlockPosition:
    """A place in the order of a block: a question, or several that are shuffled."""

    elements: list[JsonObject]
    """The questions with their skip logic."""
    is_shuffled: bool = False
    pick: int | None = None
    """How many of them are drawn at random; all if it is None."""
    items: list[FormItem] = field(default_factory=list)
    skips: list[Formula] = field(default_factory=list)
    """The conditions on which it is skipped, each by the question that skips it."""

    def has_question(self, question_id: str) -> bool:
        """Return whether the question is here."""
        return any(_get_question(element) == question_id for element in self.elements)


class BlockReader:
    """Reads blocks at one point of the flow."""

    def __init__(
        self,
        survey: SurveyFile,
        asked: AskedQuestions,
        logic: LogicReader,
        texts: TextReader,
        questions: SurveyQuestionReader,
        names: ItemNames,
    ) -> None:
        self._survey = survey
        self._asked = asked
        self._logic = logic
        self._texts = texts
        self._questions = questions
        self._names = names
        self._passed: set[str] = set()
        """The blocks that were read before."""

    def read(self, block: SurveyBlock) -> FormGroup:
        """Return a block as a group, or as a roster if it is repeated for the answers given."""
        origin = Origin("blocks", block.number)
        name = self._names.choose_other(block.title or block.id, "block")
        if block.options.get("Looping") in ("Static", "Question"):
            group = self._read_loops(block, name, origin)
        else:
            group = FormGroup(name, origin)
            self._add_questions(block, group)

        group.label = self._texts.make(block.title, origin.at("Description"))
        if block.id in self._passed:
            group.note("", "the block is in the flow more than once: it is asked again")
        self._passed.add(block.id)
        return group

    # ── order ─────────────────────────────────────────────────────────────────────────────────────

    def _add_questions(self, block: SurveyBlock, group: FormGroup) -> None:
        """Add the questions of a block to a group."""
        self._asked.passage += 1
        positions = self._arrange(block, group)
        for number, position in enumerate(positions):
            for element in position.elements:
                question_id = _get_question(element)
                item = self._questions.read(self._survey.questions[question_id])
                position.items.append(item)
                self._read_skips(element, item, positions, number)
        for item in self._wrap(positions, group.name):
            group.add(item)

    def _arrange(self, block: SurveyBlock, group: FormGroup) -> list[BlockPosition]:
        """Return the questions of a block in their order, those that are shuffled together."""
        elements = [
            element
            for element in block.elements
            if _get_question(element) in self._survey.questions
        ]
        mode = get_text(block.options.get("RandomizeQuestions"))
        if block.options.get("RandomizeQuestions") is True:
            mode = "true"
        advanced = get_mapping(get_mapping(block.options.get("Randomization")).get("Advanced"))
        if mode == "Advanced":
            return _arrange_advanced(elements, advanced, group)
        if mode in _SHUFFLED:
            group.order = "random"
            total = get_number(advanced.get("TotalRandSubset"))
            if mode == "RandomWithOnlyX" and total:
                group.pick = int(total)
            return [BlockPosition([element], is_shuffled=True) for element in elements]
        return [BlockPosition([element]) for element in elements]

    # ── skips ─────────────────────────────────────────────────────────────────────────────────────

    def _read_skips(
        self, element: JsonObject, item: FormItem, positions: list[BlockPosition], number: int
    ) -> None:
        """Read the skips of a question: the first whose condition is true is done."""
        earlier: list[Expression] = []
        for skip in get_entries(element.get("SkipLogic")):
            skip_number = int(get_number(skip.get("SkipLogicID")) or len(earlier) + 1)
            origin = Origin("skips", skip_number, "SkipLogic")
            condition = self._logic.read_skip(skip)
            text = describe_logic({"0": {"0": skip}})
            if condition in earlier:
                item.note(
                    "SkipLogic",
                    f"skip {skip_number} is never done: an earlier one has its condition",
                )
                continue

            parts = [*(Not(tree) for tree in earlier), condition]
            earlier.append(condition)
            asked = self._asked.get_last(_get_question(element))
            if asked is not None and not isinstance(condition, Chosen | Answered):
                # A question that was never shown skips nothing, even if "is not selected" is true.
                parts.insert(0, asked.build_shown())
            formula = Formula(text, origin, join_all(parts), counted_as=SKIP_LOGIC)
            if positions[number].is_shuffled:
                item.lose("SkipLogic", f"skip {skip_number} in a shuffled block")
                continue
            self._apply_skip(get_text(skip.get("SkipToDestination")), formula, positions, number)

    def _apply_skip(
        self, destination: str, formula: Formula, positions: list[BlockPosition], number: int
    ) -> None:
        here = positions[number].items
        if destination == _END_OF_SURVEY:
            name = self._names.choose_other(f"end_skip_{formula.origin.row}", "block")
            end = FormEnd(name, formula.origin.at(""), outcome="complete")
            end.condition = formula
            end.note("SkipLogic", "it ends as complete, as in Qualtrics: or is it a screen-out?")
            here.append(end)
            return

        target = len(positions)
        if destination != _END_OF_BLOCK:
            found = [
                place
                for place, position in enumerate(positions)
                if place > number and position.has_question(destination)
            ]
            if not found:
                here[-1].lose("SkipLogic", f"a skip to {destination}, which isn't in this block")
                return
            target = found[0]
        for position in positions[number + 1 : target]:
            position.skips.append(formula)

    def _wrap(
        self, positions: list[BlockPosition], name: str, depth: int = 0
    ) -> Iterator[FormItem]:
        """Yield the items of a block, those that are skipped together in a group.

        `depth` is how many of the skips have a group already.
        """
        number = 0
        while number < len(positions):
            position = positions[number]
            if depth >= len(position.skips):
                yield from self._shuffle(position, name)
                number += 1
                continue

            # A group for each skip reads best; but a block may have hundreds of them.
            last = depth + 1 if depth < _DEEPEST else None
            skips = position.skips[depth:last]
            together: list[BlockPosition] = []
            for other in positions[number:]:
                if not _are_same(other.skips[depth:last], skips):
                    break
                together.append(other)
            number += len(together)
            formula = skips[0]
            group_name = self._names.choose_other(f"skip_{formula.origin.row}", "block")
            group = FormGroup(group_name, formula.origin.at(""))
            tree = join_all([Not(skip.tree) for skip in skips])
            group.condition = Formula(formula.text, formula.origin, tree, counted_as=SKIP_LOGIC)
            for item in self._wrap(together, name, depth + len(skips)):
                group.add(item)
            yield group

    def _shuffle(self, position: BlockPosition, name: str) -> Iterator[FormItem]:
        """Yield the items of a position; several that are shuffled are a group."""
        if len(position.elements) == 1:
            yield from position.items
            return
        first = position.items[0]
        group_name = self._names.choose_other(f"{name}_shuffled", "group")
        group = FormGroup(group_name, first.origin, order="random", pick=position.pick)
        for item in position.items:
            group.add(item)
        yield group

    # ── loops ─────────────────────────────────────────────────────────────────────────────────────

    def _read_loops(self, block: SurveyBlock, name: str, origin: Origin) -> FormGroup:
        """Return a block that is repeated."""
        options = get_mapping(block.options.get("LoopingOptions"))
        used = self._find_used_fields(block)
        roster = self._make_roster(block, options, name, origin, used)
        if roster is not None:
            with self._asked.enter_loop(ROSTER_LOOP):
                self._add_questions(block, roster)
            return roster

        loops = self._list_loops(options)
        group = FormGroup(name, origin)
        if get_text(options.get("Randomization")) not in ("", "None"):
            group.order = "random"
        group.pick = _find_drawn_loops(options)
        group.note("Looping", f"{len(loops)} loops, each with its own texts")
        for loop in loops:
            group.add(self._read_loop(block, name, origin, loop))
        return group

    def _read_loop(
        self, block: SurveyBlock, name: str, origin: Origin, loop: MergeLoop
    ) -> FormGroup:
        """Return one loop as a group with the texts of this loop.

        Qualtrics' data have 1_Q5 for the question Q5 in the loop 1. Here it is loop1_Q5.
        """
        prefix = re.sub(r"\W+", "_", f"loop{loop.key}_", flags=re.ASCII)
        words = {
            f"field_{number}": self._texts.make(text, origin.at(f"Looping {loop.key}"))
            for number, text in loop.fields.items()
            if text and number.isdigit()
        }
        part = FormLoop("", origin, prefix=prefix, words=words)
        part.label = self._texts.make(loop.fields.get("1", ""), origin.at(f"Looping {loop.key}"))
        if loop.condition != YES:
            part.condition = Formula("loop", origin.at(f"Looping {loop.key}"), loop.condition)
        with self._asked.enter_loop(loop), self._names.use_prefix(prefix):
            part.name = self._names.choose_other(name, "loop")
            self._add_questions(block, part)
        return part

    def _find_used_fields(self, block: SurveyBlock) -> set[str]:
        """Return the numbers of the fields of a loop that its questions use."""
        used: set[str] = set()
        for element in block.elements:
            payload = self._survey.questions.get(_get_question(element), {})
            written = json.dumps(payload)
            for part in written.split("lm://Field/")[1:]:
                used.add(part[: len(part) - len(part.lstrip("0123456789"))])
        return used

    def _make_roster(
        self, block: SurveyBlock, options: JsonObject, name: str, origin: Origin, used: set[str]
    ) -> FormRoster | None:
        """Return the roster of a block; None if each of its loops has texts of its own."""
        static = get_mapping(options.get("Static"))
        locator = read_locator(get_text(options.get("Locator")).partition("?")[0])
        size = len(block.elements) * len(static)
        if locator is None:
            has_own_texts = bool(used) and size <= _MOST_EXPANDED
            if has_own_texts or not static:
                return None
            roster = FormRoster(name, origin, most=len(static))
            count = Constant(float(len(static)))
            roster.count = Formula(str(len(static)), origin.at("Looping"), count)
            roster.pick = _find_drawn_loops(options)
            return roster

        source = self._asked.get_last(locator.question)
        if source is None or not source.only_item:
            return None
        source_name = source.only_item
        is_number = "MergeOnNumericResponse" in locator.arguments
        if is_number and source.answer == "number":
            most = get_text(options.get("Locator")).rpartition("v=")[2]
            roster = FormRoster(name, origin, most=int(get_number(most) or len(static)) or None)
            roster.count = Formula(source_name, origin.at("Looping"), AnswerOf(source_name))
            return roster
        is_selected = locator.arguments in (("SelectedChoices",), ("SelectedChoicesTextEntry",))
        if is_selected and source.answer == "codes" and used <= {"1"}:
            roster = FormRoster(name, origin, each=source_name)
            if get_text(options.get("Randomization")) not in ("", "None"):
                roster.note("Looping", "the loops have the order of the choices")
            return roster
        return None

    def _list_loops(self, options: JsonObject) -> list[MergeLoop]:
        """Return the loops of a block, with their texts and conditions."""
        static = get_mapping(options.get("Static"))
        locator = read_locator(get_text(options.get("Locator")).partition("?")[0])
        source = None if locator is None else self._asked.get_last(locator.question)
        if locator is None or source is None:
            return [MergeLoop(key, _read_fields(static[key])) for key in sort_keys(static)]

        loops: list[MergeLoop] = []
        mode = locator.arguments[0] if locator.arguments else ""
        for choice in list_choices(source.payload, "Choices"):
            own = {"1": get_text(choice.entry.get("Display"))}
            fields = own | _read_fields(static.get(choice.id))
            condition = _build_loop_condition(source, choice.id, mode)
            loops.append(MergeLoop(choice.id, fields, condition))
        return loops


def _are_same(skips: list[Formula], others: list[Formula]) -> bool:
    """Return whether these are the same skips, not only equal ones."""
    return [id(skip) for skip in skips] == [id(other) for other in others]


def _get_question(element: JsonObject) -> str:
    return get_text(element.get("QuestionID"))


def _find_drawn_loops(options: JsonObject) -> int | None:
    """Return how many loops are drawn at random; None if it is all of them."""
    total = get_number(options.get("TotalRandSubset"))
    is_subset = get_text(options.get("Randomization")).lower() == "subset"
    if not is_subset or not total:
        return None
    return int(total)


def _read_fields(entry: object) -> dict[str, str]:
    return {key: get_text(value) for key, value in get_mapping(entry).items()}


def _build_loop_condition(source: AskedQuestion, choice: str, mode: str) -> Expression:
    """Return the condition that a block is gone through for a choice of a question."""
    code = source.codes.get(choice)
    if code is None or not source.only_item or mode == "AllChoices":
        return YES
    chosen = Chosen(AnswerOf(source.only_item), Constant(code))
    match mode:
        case "UnselectedChoices":
            return Not(chosen)
        case "DisplayedChoices":
            return source.build_choice_shown(f"Choices {choice}")
    return chosen


def _arrange_advanced(
    elements: list[JsonObject], advanced: JsonObject, group: FormGroup
) -> list[BlockPosition]:
    """Return the questions of a block of which some are fixed, and others shuffled or drawn."""
    by_id = {_get_question(element): element for element in elements}
    positions: list[BlockPosition] = []
    placed: set[str] = set()
    last_marker = ""
    order = [get_text(entry) for entry in get_mapping(advanced.get("FixedOrder")).values()]
    for entry in order:
        if entry in by_id:
            positions.append(BlockPosition([by_id[entry]]))
            last_marker = ""
            continue
        key = _MARKERS.get(entry)
        if key is None or entry == last_marker:
            continue
        if key in placed:
            text = "shuffled questions between fixed ones: they are shuffled in one place"
            group.lose("Randomization", text)
            continue
        placed.add(key)
        last_marker = entry
        ids = [get_text(value) for value in get_mapping(advanced.get(key)).values()]
        # in the order of the block, which is easier to read
        shuffled = [element for element in elements if _get_question(element) in ids]
        pick = None
        total = get_number(advanced.get("TotalRandSubset"))
        if key == "RandomSubSet" and total:
            pick = int(total)
        if shuffled:
            positions.append(BlockPosition(shuffled, is_shuffled=True, pick=pick))

    if not positions:
        return [BlockPosition([element]) for element in elements]
    shown: set[str] = set()
    for position in positions:
        shown |= {_get_question(element) for element in position.elements}
    for id_ in by_id:
        if id_ not in shown:
            group.lose("Randomization", f"{id_} is never shown")
    return positions


def list_block_ids(elements: list[JsonObject]) -> list[str]:
    """Return the ids of the blocks in elements of the flow, in their order."""
    ids: list[str] = []
    for element in elements:
        if element.get("Type") in ("Block", "Standard"):
            ids.append(get_text(element.get("ID")))
        ids += list_block_ids(get_entries(element.get("Flow")))
    return ids
