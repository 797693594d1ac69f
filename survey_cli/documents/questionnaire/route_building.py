"""The route of an instrument as a diagram: what is asked under which condition, and the ends.

The language has no jumps: an item is asked or passed over, at its position. A picture therefore
needs no graph. Consecutive items with the same condition share a branch.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from survey_cli.documents.questionnaire import route_diagram as model
from survey_cli.documents.questionnaire.booklet_model import BookletNote
from survey_cli.documents.questionnaire.rule_notes import (
    COMPLETE,
    describe_outcome,
    is_observed,
    iterate_computer_notes,
    iterate_group_notes,
    iterate_order_notes,
    iterate_pick_notes,
    list_moving,
)
from survey_cli.documents.questionnaire.rule_sentences import RuleWriter, make_line, mark_name
from survey_cli.documents.questionnaire.text_rendering import render_label
from survey_cli.documents.text_runs import Line, TextRun
from survey_cli.instrument.checks.assumptions import TRUE, Assumption, SupposedAnswer
from survey_cli.instrument.compiled.draft import compile_external_condition
from survey_cli.instrument.compiled.model import (
    CompiledNode,
    Instrument,
    ItemGroup,
    Roster,
    find_inputs,
    number_items,
)
from survey_cli.instrument.compiled.requirements import Requirement, list_requirements
from survey_cli.instrument.schema.document import QuotaSpec
from survey_cli.instrument.schema.items import unasked_items
from survey_cli.instrument.schema.items.brackets import BracketItem
from survey_cli.instrument.schema.items.groups import (
    BatteryItem,
    BracketSection,
    RosterItem,
    SectionItem,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.wording import escape_controls, join_words, shorten_between_words

MAX_LABEL_LENGTH: Final = 120
"""The most characters of an item's label or text. The booklet has the whole text."""
_COUNTED_FROM: Final = {
    "eligible_from": "From {} on, the respondent is known to be eligible.",
    "partial_from": "From {} on, a break-off counts as partial.",
    "complete_from": "From {} on, a break-off counts as complete.",
}
"""Keys of `fieldwork:` that name an item, and what they mean on the route."""
_COUNTED_SHARE: Final = {
    "partial_from": "A break-off counts as partial once {} of the questions are answered.",
    "complete_from": "A break-off counts as complete once {} of the questions are answered.",
}
"""The same for a share of the questions, `{answered: 80%}`."""


def build_route(instrument: Instrument, language: str, fingerprint: str) -> model.RouteDiagram:
    """Build the diagram of an instrument's route, with its texts in one language.

    `fingerprint` are the first digits of the content hash. What is between the texts is English.
    """
    return RouteBuilder(instrument, language).build(fingerprint)


class RouteBuilder:
    """A builder of the route of one questionnaire."""

    def __init__(self, instrument: Instrument, language: str) -> None:
        self.instrument = instrument
        self.language = language
        self.rules = RuleWriter(instrument, language)
        self._numbers = number_items(instrument)
        self._remarks = self._collect_fieldwork_remarks()
        self._quota_ends = self._collect_quota_ends()

    def build(self, fingerprint: str) -> model.RouteDiagram:
        """Build the diagram."""
        nodes = self.instrument.root.children
        count = _count_during_call(nodes)
        steps = list(self._build_steps(nodes[:count]))
        if not steps or not isinstance(steps[-1], model.RouteEnd):
            completed = describe_outcome(self.rules, COMPLETE)
            steps.append(model.RouteEnd(completed.name, model.EndKind.COMPLETED))
        steps += self._build_steps(nodes[count:])
        version = fingerprint
        if self.instrument.version:
            version = f"version {escape_controls(self.instrument.version)} · {fingerprint}"
        return model.RouteDiagram(
            title=render_label(self.instrument.title, self.language),
            version=version,
            language=self.language,
            steps=tuple(steps),
            notes=self._list_share_notes(),
        )

    # steps

    def _build_steps(self, nodes: Sequence[CompiledNode]) -> tuple[model.RouteStep, ...]:
        """Build the steps of these nodes, with a branch for those that have conditions."""
        steps: list[model.RouteStep] = []
        last_requirements: tuple[Requirement, ...] = ()
        for node in nodes:
            requirements = list_requirements(node)
            step = self._build_step(node)
            previous = steps[-1] if steps else None

            if not requirements:
                steps.append(step)
            elif isinstance(previous, model.RouteBranch) and _are_same(
                requirements, last_requirements
            ):
                steps[-1] = previous._replace(steps=(*previous.steps, step))
            else:
                steps.append(model.RouteBranch(self._word_conditions(requirements), (step,)))
            last_requirements = requirements

            quota_ends = self._list_quota_ends(node)
            if quota_ends:
                steps += quota_ends
                last_requirements = ()
        return tuple(steps)

    def _build_step(self, node: CompiledNode) -> model.RouteStep:
        if isinstance(node, ItemGroup):
            if isinstance(node.spec, BatteryItem):
                return self._build_battery(node, node.spec)
            if isinstance(node.spec, BracketSection):
                return self._build_bracket(node, node.spec.bracket)
            return self._build_group(node)
        if isinstance(node.question, unasked_items.EndItem):
            return self._build_end(node, node.question)
        return self._build_node(node)

    def _build_group(self, group: ItemGroup) -> model.RouteGroup:
        assert isinstance(group.spec, SectionItem | RosterItem)
        children: list[CompiledNode] = list(group.children)
        repeats: Line = ()
        notes = [_join_note(note) for note in iterate_group_notes(self.rules, group)]
        if isinstance(group, Roster):
            # the first note says how often it is repeated
            repeats = notes.pop(0)
            if group.until is not None:
                children.append(group.until)

        return model.RouteGroup(
            id=group.id,
            title=self._render_label(group.spec.title),
            steps=self._build_steps(children),
            repeats=repeats,
            notes=tuple(notes),
        )

    def _build_bracket(self, group: ItemGroup, bracket: BracketItem) -> model.RouteNode:
        name = str(bracket.id)
        steps = make_line(f"{bracket.describe_steps(self.language)}.")
        kind = model.NodeKind.QUESTION if bracket.by is None else model.NodeKind.OBSERVED
        return model.RouteNode(
            id=name,
            number=self._numbers[group.id],
            label=self._render_label(bracket.label or bracket.text),
            kind=kind,
            remarks=(steps, *self._remarks.get(name, ())),
        )

    def _build_battery(self, group: ItemGroup, spec: BatteryItem) -> model.RouteNode:
        # the text of a battery is often nothing but {statement}, which says nothing here
        text = None
        if str(spec.text.plain) != "{statement}":
            text = spec.text
        label = spec.label or spec.title or text or spec.intro

        notes = [
            *iterate_order_notes("", "The statements come", group.order, list_moving(group)),
            *iterate_pick_notes(group),
        ]
        remarks = [_join_note(note) for note in notes]
        for statement in group.items:
            remarks += self._remarks.get(statement.id, ())

        kind = model.NodeKind.QUESTION
        if spec.by is not None:
            kind = model.NodeKind.OBSERVED
        return model.RouteNode(
            id=group.id,
            number=self._numbers[group.id],
            label=self._render_label(label),
            kind=kind,
            remarks=(*self._remarks.get(group.id, ()), *remarks),
            statements=self._build_statements(group),
        )

    def _build_statements(self, group: ItemGroup) -> tuple[model.RouteStatements, ...]:
        """Join consecutive statements with the same conditions."""
        joined: list[model.RouteStatements] = []
        last_requirements: tuple[Requirement, ...] | None = None
        for statement in group.items:
            requirements = list_requirements(statement)
            is_same = last_requirements is not None and _are_same(requirements, last_requirements)
            if is_same or (last_requirements == () and not requirements):
                joined[-1] = joined[-1]._replace(ids=(*joined[-1].ids, statement.id))
            else:
                conditions = self._word_conditions(requirements)
                joined.append(model.RouteStatements((statement.id,), conditions))
            last_requirements = requirements
        return tuple(joined)

    def _build_node(self, item: CompiledItem) -> model.RouteNode:
        remarks = [_join_note(note) for note in iterate_computer_notes(self.rules, item)]
        if isinstance(item.question, unasked_items.HandoverItem):
            remarks.append(make_line("Another person comes to the phone."))
        if item.options_conditional:
            remarks.append(make_line("Not asked if none of the answers is offered."))
        remarks += self._remarks.get(item.id, ())

        label = self._render_label(item.label)
        if label == item.id:
            label = ""
        return model.RouteNode(
            id=item.id,
            number=self._numbers[item.id],
            label=label,
            kind=_find_kind(item),
            remarks=tuple(remarks),
        )

    def _build_end(self, item: CompiledItem, end: unasked_items.EndItem) -> model.RouteEnd:
        outcome = describe_outcome(self.rules, str(end.outcome))
        return model.RouteEnd(
            outcome=outcome.name,
            kind=outcome.kind,
            id=item.id,
            number=self._numbers[item.id],
            declines=self._list_leading_declines(item),
        )

    def _list_leading_declines(self, end: CompiledItem) -> tuple[str, ...]:
        """List the declines that lead to an end for certain: `age: Don't know, Refused`."""
        requirements = list_requirements(end)
        names = [name for one in requirements for name in sorted(one.condition.names)]
        listed = []
        for name in find_inputs(names, self.instrument.computes):
            item = self.instrument.items.get(name)
            if item is None or not item.question.expects_answer:
                continue

            leading = []
            for decline in item.declines:
                supposed = SupposedAnswer(name, declined=decline.id)
                assumption = Assumption(supposed, self.instrument.computes)
                if assumption.evaluate_requirements(requirements) == TRUE:
                    leading.append(render_label(decline.text, self.language))
            if leading:
                listed.append(f"{name}: {', '.join(leading)}")
        return tuple(listed)

    def _word_conditions(
        self, requirements: Sequence[Requirement]
    ) -> tuple[model.RouteCondition, ...]:
        conditions = []
        for requirement in requirements:
            clause = make_line(self.rules.render_clause(requirement.condition))
            conditions.append(model.RouteCondition(clause, excludes=requirement.key == "unless"))
        return tuple(conditions)

    def _render_label(self, text: Text | None) -> str:
        if text is None:
            return ""
        return shorten_between_words(render_label(text, self.language), MAX_LABEL_LENGTH)

    # fieldwork

    def _collect_fieldwork_remarks(self) -> dict[str, tuple[Line, ...]]:
        """Return by item from where on a respondent is eligible, and a break-off counts."""
        remarks: dict[str, tuple[Line, ...]] = defaultdict(tuple)
        fieldwork = self.instrument.document.fieldwork
        if fieldwork is None:
            return remarks
        for key, sentence in _COUNTED_FROM.items():
            value = getattr(fieldwork, key)
            if isinstance(value, str):
                remarks[str(value)] += (make_line(sentence.format(mark_name(value))),)
        return remarks

    def _list_share_notes(self) -> tuple[str, ...]:
        """List from which share of answers on a break-off counts."""
        notes = []
        fieldwork = self.instrument.document.fieldwork
        for key, sentence in _COUNTED_SHARE.items():
            value = getattr(fieldwork, key, None)
            if isinstance(value, dict):
                [share] = value.values()
                notes.append(sentence.format(escape_controls(str(share))))
        return tuple(notes)

    def _collect_quota_ends(self) -> dict[str, list[str]]:
        """Return, by the last item that decides a cell, the quotas that end interviews there.

        A quota that the questionnaire looks up has its `end` in the questionnaire. One that the
        sample decides ends nothing, since cases in its full cells aren't called.
        """
        looked_up = set()
        for item in self.instrument.items.values():
            if isinstance(item.question, unasked_items.LookupItem):
                looked_up.add(str(item.question.quota))

        ends: dict[str, list[str]] = defaultdict(list)
        positions = {name: at for at, name in enumerate(self.instrument.items)}
        for quota in self.instrument.document.quotas:
            if quota.soft or str(quota.id) in looked_up:
                continue
            inputs = find_inputs(self._list_quota_names(quota), self.instrument.computes)
            deciding = [name for name in inputs if name in positions]
            if deciding:
                ends[max(deciding, key=positions.__getitem__)].append(str(quota.id))
        return ends

    def _list_quota_names(self, quota: QuotaSpec) -> list[str]:
        names = [str(name) for name in quota.by]
        if quota.where is not None:
            condition, _ = compile_external_condition(
                self.instrument, str(quota.where), who=str(quota.id)
            )
            if condition is not None:
                names += sorted(condition.names)
        return names

    def _list_quota_ends(self, node: CompiledNode) -> list[model.RouteStep]:
        """List the ends of full quotas after an item; a battery's after its last statement."""
        items = [node.id]
        if isinstance(node, ItemGroup) and isinstance(node.spec, BatteryItem):
            items += [statement.id for statement in node.items]
        if isinstance(node, ItemGroup) and isinstance(node.spec, BracketSection):
            items += [item.id for item in node.items]
        quotas = [quota for item in items for quota in self._quota_ends.get(item, ())]
        if not quotas:
            return []

        names = join_words([escape_controls(quota) for quota in quotas], "or")
        clause = (TextRun(f"the respondent's cell of the quota {names} is full"),)
        outcome = describe_outcome(self.rules, "quota_full")
        end = model.RouteEnd(outcome.name, outcome.kind)
        return [model.RouteBranch((model.RouteCondition(clause, excludes=False),), (end,))]


def _count_during_call(nodes: Sequence[CompiledNode]) -> int:
    """Count the nodes before those that are filled in after the call."""
    count = len(nodes)
    while count and nodes[count - 1].after_hangup:
        count -= 1
    return count


def _join_note(note: BookletNote) -> Line:
    """Return a note as one line, with its label."""
    if not note.label:
        return note.prose
    return (TextRun(f"{note.label}: "), *note.prose)


def _are_same(one: Sequence[Requirement], other: Sequence[Requirement]) -> bool:
    """Return whether two items are asked under the same conditions, so that they share a branch."""
    if not one or len(one) != len(other):
        return False
    for first, second in zip(one, other, strict=True):
        # elapsed() is another number at each item
        is_timed = "elapsed" in first.condition.text
        is_same = first.key == second.key and first.condition.text == second.condition.text
        if is_timed or not is_same:
            return False
    return True


def _find_kind(item: CompiledItem) -> model.NodeKind:
    match item.question:
        case unasked_items.ComputedItem():
            return model.NodeKind.COMPUTED
        case unasked_items.ReadItem() | unasked_items.HandoverItem():
            return model.NodeKind.SPOKEN
        case _ if is_observed(item):
            return model.NodeKind.OBSERVED
        case _:
            return model.NodeKind.QUESTION
