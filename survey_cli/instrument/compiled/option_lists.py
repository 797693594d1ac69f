"""Options of coded items: written out, named, points of a scale, or taken from earlier answers."""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.symbols import (
    OptionSpecs,
    Symbol,
    find_turn_name,
    list_sources,
)
from survey_cli.instrument.expressions.expression_checker import format_constant
from survey_cli.instrument.expressions.parsing import ParseFailure, parse_expression
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.coded import (
    MultipleItem,
    ScaleItem,
    SearchItem,
    SingleItem,
)
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem
from survey_cli.instrument.schema.options import OptionSourceSpec, OptionSpec
from survey_cli.instrument.source.nodes import YamlScalar, find_named, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import MAX_PER_RULE, Problem, suggest_nearest
from survey_cli.values import Code

_MAX_SCALE_POINTS: Final = 1001
"""The most points that a `from: to:` scale may have. Anything larger is a number."""
_SCALE_KEYS: Final = ("scale", "options", "from_", "answer")
"""The keys of a scale or battery of which one says what can be answered."""

WrittenOptions: TypeAlias = OptionSpecs | YamlScalar
"""Options that are written out, or the name of a list."""


class ResolvedOptions(NamedTuple):
    """The options of an item, and the list that they come from."""

    options: OptionSpecs
    scale: str | None = None
    """The list's name, if the options are those of a named list."""


class _SourceMistake(NamedTuple):
    """What is wrong with options that are taken from earlier answers."""

    key: str
    what: str
    remedy: str


class OptionResolver:
    """Finder of the options of items, by what was written before them."""

    def __init__(
        self,
        document: Document,
        symbols: Mapping[str, Symbol],
        rosters: Mapping[str, RosterItem],
        problems: list[Problem],
    ) -> None:
        self.document = document
        self.symbols = symbols
        """The names so far, which grow."""
        self.rosters = rosters
        """The rosters so far, which grow."""
        self.problems = problems
        """The problems so far, to which it adds."""

    def resolve(self, item: AnyItem, roster: str | None) -> ResolvedOptions:
        """Return the options of an item in this roster; none if its type has no options."""
        if isinstance(item, ScaleItem | BatteryItem):
            return self._resolve_scale(item, roster)
        if isinstance(item, SingleItem | MultipleItem | SearchItem) and item.options is not None:
            return self._resolve_written(item, item.options, roster)
        return ResolvedOptions({})

    def _resolve_scale(self, item: ScaleItem | BatteryItem, roster: str | None) -> ResolvedOptions:
        given_keys = [key for key in _SCALE_KEYS if getattr(item, key, None) is not None]
        if given_keys == ["answer"]:
            return ResolvedOptions({})  # a battery of numbers

        has_half_a_range = (item.from_ is None) != (item.to is None)
        if len(given_keys) != 1 or has_half_a_range:
            what = "a scale needs either scale: NAME, or options:, or from: and to:"
            if isinstance(item, BatteryItem):
                what += ", or answer:"
            where = item.find_position("type")
            remedy = "give exactly one of them"
            self.problems.append(Problem("missing-key", where, str(item.id), what, remedy))
            return ResolvedOptions({})

        if item.from_ is not None and item.to is not None:
            return ResolvedOptions(self._build_points(item, item.from_, item.to))
        if item.options is not None:
            return self._resolve_written(item, item.options, roster)
        assert item.scale is not None
        return self.find_list(item.scale, str(item.id))

    def _resolve_written(
        self, item: AnyItem, written: WrittenOptions | OptionSourceSpec, roster: str | None
    ) -> ResolvedOptions:
        if not isinstance(written, OptionSourceSpec):
            return self.find_list(written, str(item.id))

        name = written.from_
        mistake = self._find_source_mistake(written, roster)
        if mistake is not None:
            self.problems.append(
                Problem(
                    "bad-source",
                    written.find_position(mistake.key),
                    str(item.id),
                    mistake.what,
                    mistake.remedy,
                    length=len(name),
                    subject=str(written.label if mistake.key == "label" else name),
                )
            )
            return ResolvedOptions({})

        if name in self.rosters:
            return ResolvedOptions(dict(self._iterate_turn_options(written)))
        return ResolvedOptions(dict(self._iterate_chosen_options(written)))

    def find_list(self, written: WrittenOptions, who: str) -> ResolvedOptions:
        """Return options that are written out, or those of the list that is named."""
        if not isinstance(written, str):
            return ResolvedOptions(written)
        scale = find_named(self.document.scales, written)
        if scale is not None:
            return ResolvedOptions(scale.options, str(written))

        # after a hundred suggestions the names aren't looked at: each takes time, and no more
        # problems of one rule are shown
        recent = self.problems[-MAX_PER_RULE:]
        reported_count = sum(problem.rule == "unknown-list" for problem in recent)
        known = self.document.scales if reported_count < MAX_PER_RULE else ()
        self.problems.append(
            Problem(
                "unknown-list",
                locate_name(written),
                who,
                f"there is no list {str(written)!r} under scales",
                suggest_nearest(written, known, otherwise="define it under scales:"),
                length=len(written),
                subject=str(written),
            )
        )
        return ResolvedOptions({})

    def _build_points(self, item: ScaleItem | BatteryItem, low: int, high: int) -> OptionSpecs:
        """Build the options of a scale from one number to another."""
        who = str(item.id)
        if low >= high:
            what = f"the scale goes from {low} to {high}"
            where = item.find_position("from")
            remedy = "write the lower number first"
            self.problems.append(Problem("empty-range", where, who, what, remedy))
            return {}
        if high - low >= _MAX_SCALE_POINTS:
            what = f"the scale has {high - low + 1} points"
            where = item.find_position("to")
            remedy = "use type: number with min and max"
            self.problems.append(Problem("long-scale", where, who, what, remedy))
            return {}

        for point in item.labels:
            if not low <= point <= high:
                what = f"the label of {point} is not between {low} and {high}"
                where = item.find_position("labels")
                remedy = "label points of the scale"
                self.problems.append(Problem("bad-label", where, who, what, remedy))
        points: dict[Code, OptionSpec] = {}
        for point in range(low, high + 1):
            text = item.labels.get(point) or Text.from_string(str(point))
            points[point] = OptionSpec.model_construct(text=text)
        return points

    # options from earlier answers

    def _find_source_mistake(
        self, source: OptionSourceSpec, roster: str | None
    ) -> _SourceMistake | None:
        """Return what is wrong with a source of options for an item in this roster, if anything."""
        name = str(source.from_)
        if name == roster:
            what = f"options: the turns of {name} are not all known inside of it"
            return _SourceMistake("from", what, f"move the item after {name}")
        if name in self.rosters:
            return self._find_roster_mistake(source)
        return self._find_multiple_mistake(source, roster)

    def _find_roster_mistake(self, source: OptionSourceSpec) -> _SourceMistake | None:
        name = str(source.from_)
        if "chosen" in source.model_fields_set:
            what = f"chosen: {name} is a roster"
            return _SourceMistake("chosen", what, "use where: to leave out turns of a roster")
        if source.label is None:
            return None

        label = str(source.label)
        sources = list_sources(self.rosters, name)
        items = [id_ for id_, item in self.symbols.items() if item.value_type.roster in sources]
        if label in items:
            return None
        what = f"label: {name} has no item {label!r}"
        return _SourceMistake("label", what, suggest_nearest(label, items))

    def _find_multiple_mistake(
        self, source: OptionSourceSpec, roster: str | None
    ) -> _SourceMistake | None:
        name = str(source.from_)
        symbol = self.symbols.get(name)
        if symbol is None or symbol.value_type.type != "codes":
            known = list(self.rosters)
            known += [
                id_ for id_, other in self.symbols.items() if other.value_type.type == "codes"
            ]
            near = suggest_nearest(name, known, otherwise="use one that comes earlier")
            what = f"options: {name!r} is not an earlier multiple or roster"
            return _SourceMistake("from", what, near)

        own_roster = symbol.value_type.roster
        if own_roster is not None and own_roster not in list_sources(self.rosters, roster):
            what = f"options: {name} has one answer for each turn of {own_roster}"
            remedy = "ask this item in the same roster, or use the roster"
            return _SourceMistake("from", what, remedy)
        for key in ("label", "where"):
            if getattr(source, key) is not None:
                what = f"{key}: {name} is a multiple"
                remedy = f"remove it; {key} belongs to the turns of a roster"
                return _SourceMistake(key, what, remedy)
        return None

    def _iterate_chosen_options(
        self, source: OptionSourceSpec
    ) -> Iterator[tuple[Code, OptionSpec]]:
        """Yield the options of a multiple.

        They are offered if they were chosen or, with `chosen: false`, if they were not.
        """
        name = source.from_
        for code, option in self.symbols[name].options.items():
            if option.exclusive:
                continue  # such as "none of these"

            condition = f"{format_constant(code)} in {name}"
            if not source.chosen:
                # only what was offered could have been chosen
                condition = f"answered({name}) and {format_constant(code)} not in {name}"
                if option.ask_if is not None:
                    condition += f" and ({option.ask_if})"
            offered = OptionSpec.model_construct(
                text=option.text,
                label=option.label,
                read=option.read,
                missing=option.missing,
                anchor=option.anchor,
                note=option.note,
                ask_if=YamlScalar(condition, name.where),
            )
            yield code, offered

    def _iterate_turn_options(self, source: OptionSourceSpec) -> Iterator[tuple[Code, OptionSpec]]:
        """Yield an option for each turn that a roster can have.

        It is offered if there is such a turn, and `where` is true for it.
        """
        name = str(source.from_)
        sources = list_sources(self.rosters, name)
        naming_item = source.label or find_turn_name(self.rosters, name)
        naming_roster = None
        if naming_item is not None:
            naming_roster = self.symbols[naming_item].value_type.roster

        # without such an item, the turns of an `each` roster are named by the multiple's options
        multiple = self.symbols.get(str(self.rosters[sources[-1]].each))
        turn_texts: list[Text] = []
        if naming_item is None and multiple is not None:
            turn_texts = [option.text for option in multiple.options.values()]

        for turn in range(1, self.rosters[name].max + 1):
            condition = f"{turn} in {name}"
            if source.where is not None:
                condition += f" and ({self._name_turn(source.where, sources, turn)})"
            label = self._make_text(f"{name} {turn}", source.from_)
            if turn <= len(turn_texts):
                label = turn_texts[turn - 1]
            text = label
            if naming_item is not None:
                fill = f"{{{naming_roster}[{turn}].{naming_item}|{name} {turn}}}"
                text = self._make_text(fill, source.from_)
            ask_if = YamlScalar(condition, source.from_.where)
            yield turn, OptionSpec.model_construct(text=text, label=label, ask_if=ask_if)

    def _make_text(self, text: str, written: YamlScalar) -> Text:
        """Make a text that is the same in all languages."""
        by_language = {}
        for language in self.document.languages:
            by_language[str(language)] = YamlScalar(text, written.where)
        return Text(None, by_language)

    def _name_turn(self, condition: str, rosters: Collection[str], turn: int) -> str:
        """Return a condition on a turn of a roster as it is written outside.

        `age >= 15` becomes `person[2].age >= 15`.
        """
        parsed = parse_expression(condition)
        if isinstance(parsed, ParseFailure):
            return condition

        names = [node for node in ast.walk(parsed.tree) if isinstance(node, ast.Name)]
        # the last one first, so that the positions of those before it stay as they are
        for node in sorted(names, key=lambda node: node.col_offset, reverse=True):
            if node.id not in self.symbols:
                continue
            roster = self.symbols[node.id].value_type.roster
            if roster in rosters:
                start, length = parsed.locate(node)
                before = condition[:start]
                after = condition[start + length :]
                condition = f"{before}{roster}[{turn}].{node.id}{after}"
        return condition
