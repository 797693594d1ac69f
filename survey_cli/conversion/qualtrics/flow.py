"""The survey flow: blocks, branches, randomizers, embedded data and ends, in their order."""

from itertools import groupby, permutations
from string import ascii_lowercase
from typing import Final

from survey_cli.conversion.model.expressions import (
    NO,
    YES,
    AnswerOf,
    Constant,
    Expression,
    ValueComparison,
    join_all,
)
from survey_cli.conversion.model.forms import (
    FormEnd,
    FormGroup,
    FormItem,
    FormSplit,
    Formula,
    LeftOut,
    Order,
    Origin,
    Remark,
)
from survey_cli.conversion.qualtrics.blocks import BlockReader, list_block_ids
from survey_cli.conversion.qualtrics.choices import describe_logic
from survey_cli.conversion.qualtrics.embedded_data import (
    Assignment,
    EmbeddedFields,
    list_assignments,
)
from survey_cli.conversion.qualtrics.item_names import ItemNames
from survey_cli.conversion.qualtrics.logic import LogicReader, uses_device
from survey_cli.conversion.qualtrics.piped_text import TextReader
from survey_cli.conversion.qualtrics.survey_file import (
    JsonObject,
    SurveyFile,
    get_entries,
    get_mapping,
    get_number,
    get_text,
)

BRANCH_LOGIC: Final = "branch logic"
_OUTCOMES: Final = {"Screened": "not_eligible", "QuotaMet": "quota_full"}
"""Outcomes by the flag that an end of survey gives the response."""
_NO_COUNTERPART: Final = {
    "WebService": "a web service has no counterpart",
    "Authenticator": "an authenticator: the program has a key for each case",
    "ReferenceSurvey": "a block of a library is not in the survey",
    "Quota": "a quota check: quotas end interviews by themselves",
    "TableOfContents": "a table of contents has no counterpart by telephone",
    "SupplementalData": "supplemental data are not in the survey",
    "Conjoint": "a conjoint is not in the survey",
}


class FlowReader:
    """Reads the flow of one survey."""

    def __init__(
        self,
        survey: SurveyFile,
        logic: LogicReader,
        texts: TextReader,
        fields: EmbeddedFields,
        blocks: BlockReader,
        names: ItemNames,
    ) -> None:
        self._survey = survey
        self._logic = logic
        self._texts = texts
        self._fields = fields
        self._blocks = blocks
        self._names = names
        self._around: list[Expression] = []
        """The conditions on which the flow gets to where it is read."""
        self.remarks: list[Remark] = []

    def read(self, root: FormGroup) -> None:
        """Add all items of the flow to a group."""
        elements = list(self._survey.flow)
        # What comes last is the end of the interview anyway.
        while elements and elements[-1].get("Type") == "EndSurvey":
            origin = self._locate(elements.pop()).at("EndSurvey")
            self.remarks.append(Remark(origin, "the end of the interview"))
        for item in self._read_elements(elements):
            root.add(item)

    def _locate(self, element: JsonObject) -> Origin:
        flow_id = get_text(element.get("FlowID"))
        return Origin("flow", self._survey.flow_numbers.get(flow_id, 1))

    def _read_elements(self, elements: list[JsonObject]) -> list[FormItem]:
        items: list[FormItem] = []
        for element in elements:
            items += self._read_element(element)
        return items

    def _read_element(self, element: JsonObject) -> list[FormItem]:
        origin = self._locate(element)
        type_ = get_text(element.get("Type"))
        match type_:
            case "Block" | "Standard":
                block = self._survey.blocks.get(get_text(element.get("ID")))
                if block is None or block.is_trash:
                    text = "a block that is not in the survey, or in the trash"
                    self.remarks.append(Remark(origin, text, is_loss=block is None))
                    return []
                return [self._blocks.read(block)]
            case "Branch":
                return self._read_branch(element, origin)
            case "Group":
                return self._read_group(element, origin)
            case "BlockRandomizer" | "Randomizer":
                return self._read_randomizer(element, origin)
            case "EmbeddedData":
                self._read_fields(element, origin)
                return []
            case "EndSurvey":
                return [self._read_end(element, origin)]

        for entry in get_entries(element.get("ResponseMap")):
            self._fields.lose(get_text(entry.get("value")), "a web service sets it")
        why = _NO_COUNTERPART.get(type_, f"the flow element {type_} is unknown")
        left_out = LeftOut(self._choose_name(origin), origin, why=why)
        # An authenticator, for one, has the rest of the flow in it.
        return [left_out, *self._read_elements(get_entries(element.get("Flow")))]

    def _choose_name(self, origin: Origin) -> str:
        return self._names.choose_other(f"FL_{origin.row}", "flow")

    # ── branches ──────────────────────────────────────────────────────────────────────────────────

    def _read_branch(self, element: JsonObject, origin: Origin) -> list[FormItem]:
        elements = get_entries(element.get("Flow"))
        if not elements:
            self.remarks.append(Remark(origin, "an empty branch: nothing depends on its condition"))
            return []

        logic = element.get("BranchLogic")
        tree = self._logic.read(logic)
        formula = Formula(
            describe_logic(logic),
            origin.at("BranchLogic"),
            tree,
            uses_device=uses_device(logic),
            counted_as=BRANCH_LOGIC,
        )
        if tree == NO:
            # Its blocks aren't read, so that questions don't refer to what is never asked.
            why = "a branch for devices that aren't telephones: what is in it is never asked"
            return [LeftOut(self._choose_name(origin), origin, why=why, condition=formula)]

        self._around.append(tree)
        inside = self._read_elements(elements)
        self._around.pop()
        return self._put_under(inside, formula)

    def _put_under(self, items: list[FormItem], formula: Formula) -> list[FormItem]:
        """Return items with a condition: groups of them, and ends with a condition of their own.

        An end must never come without the whole condition, so it isn't left in a group that might
        lose a part of it.
        """
        found: list[FormItem] = []
        origin = formula.origin.at("")
        for is_end, entries in groupby(items, lambda item: isinstance(item, FormEnd)):
            if not is_end:
                found.append(self._make_conditional(list(entries), formula))
                continue
            for end in entries:
                parts = [formula.tree]
                if end.condition is not None:
                    parts.append(end.condition.tree)
                end.origin = origin
                end.condition = Formula(
                    formula.text,
                    formula.origin,
                    join_all(parts),
                    formula.uses_device,
                    formula.counted_as,
                )
                found.append(end)
        return found

    def _make_conditional(self, items: list[FormItem], formula: Formula) -> FormItem:
        """Return a group with a condition; a single group without one gets it itself."""
        origin = formula.origin.at("")
        only = items[0]
        if len(items) == 1 and isinstance(only, FormGroup) and only.condition is None:
            only.origin = origin
            only.condition = formula
            return only
        group = FormGroup(self._choose_name(origin), origin, condition=formula)
        for item in items:
            group.add(item)
        return group

    def _read_group(self, element: JsonObject, origin: Origin) -> list[FormItem]:
        """Return the items of a group, which is a group only if there are several."""
        items = self._read_elements(get_entries(element.get("Flow")))
        if len(items) < 2 or any(isinstance(item, FormEnd) for item in items):
            return items
        title = get_text(element.get("Description"))
        name = self._names.choose_other(title or f"FL_{origin.row}", "group")
        group = FormGroup(name, origin)
        for item in items:
            group.add(item)
        return [group]

    # ── randomizers ───────────────────────────────────────────────────────────────────────────────

    def _read_randomizer(self, element: JsonObject, origin: Origin) -> list[FormItem]:
        elements = get_entries(element.get("Flow"))
        drawn = int(get_number(element.get("SubSet")) or len(elements))
        order = _find_order(elements) if drawn == 1 else None
        if order is not None:
            return self._read_orders(elements, origin, order)
        is_even = element.get("EvenPresentation") in (True, "true")
        if drawn == 1 and len(elements) > 1 and _needs_split(elements):
            return self._read_arms(elements, origin, is_even=is_even)

        group = FormGroup(self._choose_name(origin), origin, order="random")
        if drawn < len(elements):
            group.pick = drawn
            group.picks_evenly = is_even
        for entry in elements:
            self._lose_fields(entry, "it is set in a randomizer")
            items = self._read_element(entry)
            if len(items) == 1:
                group.add(items[0])
            else:
                group.add(self._gather(items, entry))
        empty = [item for item in group.items if _is_empty(item)]
        if empty and group.pick is not None:
            text = "elements without questions are not drawn, so that the others are more often"
            group.lose("BlockRandomizer", text)
        group.items = [item for item in group.items if item not in empty]
        return [group] if group.items else []

    def _gather(self, items: list[FormItem], element: JsonObject) -> FormGroup:
        """Return a group of several items, which are drawn together."""
        origin = self._locate(element)
        group = FormGroup(self._choose_name(origin), origin)
        for item in items:
            group.add(item)
        return group

    def _read_orders(
        self, elements: list[JsonObject], origin: Origin, order: Order
    ) -> list[FormItem]:
        """Return blocks that a randomizer has in several orders as a shuffled group."""
        group = FormGroup(self._choose_name(origin), origin, order=order)
        group.note("BlockRandomizer", f"{len(elements)} orders of the same blocks")
        for entry in elements:
            self._lose_fields(entry, "it depends on the order that is drawn")
        for block_id in list_block_ids([elements[0]]):
            block = self._survey.blocks.get(block_id)
            if block is not None and not block.is_trash:
                group.add(self._blocks.read(block))
        return [group]

    def _lose_fields(self, element: JsonObject, why: str) -> None:
        """Lose the embedded data that are set in an element, or within it."""
        for name, _value in list_assignments(element):
            self._fields.lose(name, why)
            text = f"the field {name} isn't known: {why}"
            self.remarks.append(
                Remark(self._locate(element).at("EmbeddedData"), text, is_loss=True, name=name)
            )
        for entry in get_entries(element.get("Flow")):
            self._lose_fields(entry, why)

    def _read_arms(
        self, elements: list[JsonObject], origin: Origin, *, is_even: bool
    ) -> list[FormItem]:
        """Return a split, and the elements of which one is drawn, each for its arm."""
        arms = [_name_arm(number) for number in range(len(elements))]
        split = FormSplit(self._choose_name(origin), origin, arms=dict.fromkeys(arms, 1))
        titles = [get_text(entry.get("Description")) for entry in elements]
        named = [f"{arm}: {title}" for arm, title in zip(arms, titles, strict=True) if title]
        if named:
            split.note("BlockRandomizer", ", ".join(named))

        if is_even:
            split.note("EvenPresentation", "each arm is drawn at random, and not evenly")

        items: list[FormItem] = [split]
        for arm, entry in zip(arms, elements, strict=True):
            tree = ValueComparison(AnswerOf(split.name), "==", Constant(arm), if_blank=False)
            formula = Formula(f"{split.name} = {arm}", origin.at(f"Flow {arm}"), tree)
            self._around.append(tree)
            inside = self._read_element(entry)
            self._around.pop()
            items += self._put_under(inside, formula)
        return items

    # ── embedded data and ends ────────────────────────────────────────────────────────────────────

    def _read_fields(self, element: JsonObject, origin: Origin) -> None:
        place = origin.at("EmbeddedData")
        values = dict(list_assignments(element))
        for entry in get_entries(element.get("EmbeddedData")):
            name = get_text(entry.get("Field"))
            if not name:
                continue
            if name not in values:
                self._fields.declare_column(name, origin)
                continue
            condition = join_all([tree for tree in self._around if tree != YES])
            value = self._texts.read_value(values[name])
            self._fields.assign(name, Assignment(condition, value, values[name], place))

    def _read_end(self, element: JsonObject, origin: Origin) -> FormEnd:
        flag = get_text(get_mapping(element.get("Options")).get("ResponseFlag"))
        end = FormEnd(self._names.choose_other(f"end_{origin.row}", "flow"), origin)
        end.outcome = _OUTCOMES.get(flag, "complete")
        if end.outcome == "complete":
            text = "it ends as complete, as in Qualtrics: or is it a screen-out, or a refusal?"
            end.note("EndSurvey", text)
        return end


def _name_arm(number: int) -> str:
    letter = ascii_lowercase[number % len(ascii_lowercase)]
    round_ = number // len(ascii_lowercase)
    if round_ == 0:
        return letter
    return f"{letter}{round_}"


def _find_order(elements: list[JsonObject]) -> Order | None:
    """Return how blocks are shuffled if each element has the same blocks in another order."""
    orders = [tuple(list_block_ids([element])) for element in elements]
    first = orders[0] if orders else ()
    holds_only_blocks = all(_holds_only_blocks(element) for element in elements)
    if len(orders) < 2 or len(first) < 2 or not holds_only_blocks:
        return None

    found = set(orders)
    if len(found) != len(orders) or len(set(first)) != len(first):
        return None
    if len(first) < 6 and found == set(permutations(first)):
        return "random"
    if found == {first[place:] + first[:place] for place in range(len(first))}:
        return "rotate"
    if found == {first, first[::-1]}:
        return "flip"
    return None


def _holds_only_blocks(element: JsonObject) -> bool:
    """Return whether there are nothing but blocks and embedded data in an element."""
    if element.get("Type") in ("Block", "Standard", "EmbeddedData"):
        return True
    if element.get("Type") != "Group":
        return False
    return all(_holds_only_blocks(entry) for entry in get_entries(element.get("Flow")))


def _needs_split(elements: list[JsonObject]) -> bool:
    """Return whether it must be known what a randomizer has drawn.

    That is so if what is drawn sets embedded data or ends the interview, if a block is in several
    of the elements, and if there is none in one of them: then nothing may be drawn.
    """
    ids = list_block_ids(elements)
    is_repeated = len(ids) != len(set(ids))
    is_empty = any(not list_block_ids([element]) for element in elements)
    return is_repeated or is_empty or any(_sets_fields(element) for element in elements)


def _sets_fields(element: JsonObject) -> bool:
    if element.get("Type") in ("EmbeddedData", "EndSurvey"):
        return True
    return any(_sets_fields(entry) for entry in get_entries(element.get("Flow")))


def _is_empty(item: FormItem) -> bool:
    return isinstance(item, FormGroup) and not item.items
