"""Compiler of what one item contains: conditions, texts, options, checks and declines.

Every use of a variable is recorded in the draft as a `NameUse`; problems are collected.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from survey_cli.instrument.compiled.decline_sets import BY_WIDTH, choose_codes
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.symbols import (
    GroupStep,
    OptionSpecs,
    list_declines,
)
from survey_cli.instrument.editions import STRICT_CHOICES_EDITION
from survey_cli.instrument.expressions.conditions import (
    Condition,
    ExpectedKind,
    Scope,
    compile_condition,
)
from survey_cli.instrument.schema.items.brackets import BracketAmountItem
from survey_cli.instrument.schema.items.coded import SearchItem
from survey_cli.instrument.schema.items.question import (
    CompiledCheck,
    CompiledDecline,
    CompiledLimit,
    CompiledOption,
    QuestionItem,
    StatedItem,
)
from survey_cli.instrument.schema.items.typed import DateItem, NumericItem
from survey_cli.instrument.schema.options import DeclineSet, OptionSourceSpec, OptionSpec
from survey_cli.instrument.source.nodes import YamlScalar, find_named, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts import templates
from survey_cli.instrument.texts.condition_wording import render_clause
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import (
    Position,
    Problem,
    make_limited_nearest,
    select_errors,
    suggest_nearest,
)
from survey_cli.values import Code

_AFTER_ALL: Final = 10**9
"""An index after every other: what is evaluated there may use any name."""


class CompileContext(NamedTuple):
    """What surrounds a condition or text: its owner, what is settled before, and the groups."""

    owner: str = ""
    before: int = _AFTER_ALL
    """Everything it names must have been settled before this index (see `Symbol.index`)."""
    roster: str | None = None
    path: tuple[GroupStep, ...] = ()
    section: Template | None = None
    """The title of the innermost section that has one."""
    hangup: bool = False
    """Whether the respondent has hung up."""
    amount: float | None = None
    """The amount of the step of a bracket, which its texts fill in."""
    decline_codes: YamlScalar | DeclineSet | None = None
    """The default around it that gives codes to declines: `by_width`, the name of a set, or a set.
    """


class ItemCompiler:
    """Compiles the parts of items into one draft."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self.problems: list[Problem] = []
        self.declines = list_declines(draft.document)
        self._nearest = make_limited_nearest()
        self._scopes: dict[tuple[str | None, bool, bool], Scope] = {}
        self._compiled_options: dict[tuple[int, str | None], tuple[CompiledOption, ...]] = {}
        """By the identity of the list of options, and the roster in which they are offered."""
        self._compiled_declines: dict[int, tuple[CompiledDecline, ...]] = {}
        """By the identity of the names or specifications."""
        self._declines_by_width: dict[tuple[int, ...], tuple[CompiledDecline, ...]] = {}
        """By their codes."""
        self._listed_declines: dict[tuple[int, int], tuple[CompiledDecline, ...]] = {}
        """By the identities of the list of kinds, and of the declines that have the codes."""

    def compile_condition(
        self,
        source: YamlScalar | None,
        context: CompileContext,
        key: str,
        expected: ExpectedKind = "truth",
    ) -> Condition | None:
        """Compile a condition, or record why that is not possible."""
        if source is None:
            return None
        condition = self.check_condition(source, context, key, expected)
        if condition is not None:
            self._record_condition(condition, context, key, locate_name(source))
        return condition

    def check_condition(
        self, source: YamlScalar, context: CompileContext, key: str, expected: ExpectedKind
    ) -> Condition | None:
        """Compile a condition, or record why that is not possible; its use isn't recorded."""
        scope = self._find_scope(context.roster, has_clock=key in ("ask_if", "unless"))
        scope = scope._replace(nearest=partial(self._find_nearest_settled, context))
        answered: tuple[str, ...] = ()
        if key in ("expect", "confirm"):
            answered = (context.owner,)  # a check is evaluated only for answers
        condition, problems = compile_condition(
            source, scope, locate_name(source), context.owner, expected, answered
        )
        self._add_problems(problems, key)
        return condition

    def compile_strictly(
        self, source: YamlScalar, context: CompileContext, key: str
    ) -> Condition | None:
        """Compile a calculation whose choices are strict, in any edition of the language.

        Its parts have been checked: only what is wrong with the whole is recorded.
        """
        scope = self._find_scope(context.roster)._replace(edition=STRICT_CHOICES_EDITION)
        where = locate_name(source)
        condition, problems = compile_condition(source, scope, where, context.owner, "value")
        self._add_problems(select_errors(problems), key)
        if condition is not None:
            self._record_condition(condition, context, key, where)
        return condition

    def _record_condition(
        self, condition: Condition, context: CompileContext, key: str, where: Position
    ) -> None:
        length = len(condition.text)
        self.record_use(context, key, where, condition.names, condition=condition, length=length)

    def _find_scope(
        self, roster: str | None, *, has_clock: bool = False, has_options: bool = False
    ) -> Scope:
        """Return the names that can be used inside a roster, or outside of all."""
        key = roster, has_clock, has_options
        if key not in self._scopes:
            scope = self.draft.symbol_table.build_scope(roster, self._nearest)
            self._scopes[key] = scope._replace(
                has_interviewer=True, has_clock=has_clock, has_options=has_options
            )
        return self._scopes[key]

    def _find_nearest_settled(
        self, context: CompileContext, word: str, known: Iterable[str]
    ) -> str | None:
        """Find the nearest name that can be used here.

        No later one can, nor the item itself, unless in its checks.
        """
        return self._nearest(word, self._iterate_settled(context, known))

    def _iterate_settled(self, context: CompileContext, names: Iterable[str]) -> Iterator[str]:
        # yielded, not listed: after a hundred suggestions the names aren't looked at
        symbols = self.draft.symbols
        for name in names:
            if name not in symbols or symbols[name].index < context.before:
                yield name

    def _add_problems(self, problems: Sequence[Problem], key: str) -> None:
        """Record problems with their key, except those about names lost with a broken item."""
        for problem in problems:
            is_unknown = problem.rule in ("unknown-name", "unknown-fill")
            if is_unknown and problem.subject in self.draft.lost:
                continue
            what = problem.what
            if not problem.rule.endswith(("fill", "format")):  # these show the fill itself
                what = f"{key}: {what}"
            self.problems.append(replace(problem, what=what))

    def compile_optional_text(
        self, text: Text | None, context: CompileContext, key: str
    ) -> Template | None:
        """Compile a text, if there is one."""
        if text is None:
            return None
        return self.compile_text(text, context, key)

    def compile_text(
        self, text: Text, context: CompileContext, key: str, *, options: bool = False
    ) -> Template:
        """Compile a text. `options` tells that it is read with options."""
        literal = templates.compile_literal(text)
        if literal is not None:  # most texts have no fills
            self.draft.templates.append((context.owner, literal))
            return literal

        scope = self._find_scope(context.roster, has_options=options)
        scope = scope._replace(
            nearest=partial(self._find_nearest_settled, context),
            has_amount=context.amount is not None,
        )
        template, problems = templates.compile_text(text, scope, who=context.owner)
        if context.amount is not None:
            template = template.bind_amount(context.amount)
        self._add_problems(problems, key)
        has_fills = len(template.static_words) < len(template.runs)
        if has_fills:
            used_names = frozenset(template.iterate_names()) & self.draft.symbols.keys()
            if used_names:
                self.record_use(context, key, text.where, used_names)
        self.draft.templates.append((context.owner, template))
        return template

    def record_use(
        self,
        context: CompileContext,
        key: str,
        where: Position,
        names: frozenset[str],
        *,
        condition: Condition | None = None,
        length: int = 1,
    ) -> None:
        """Record that something written here uses these names."""
        use = NameUse(
            context.owner, key, where, names, context.before, context.path, condition, length
        )
        self.draft.uses.append(use)

    def report(
        self, rule: str, where: Position, owner: str, what: str, remedy: str, *, length: int = 1
    ) -> None:
        self.problems.append(Problem(rule, where, owner, what, remedy, length=length))

    def compile_checks(
        self, item: QuestionItem, context: CompileContext
    ) -> tuple[CompiledCheck, ...]:
        """Compile an item's checks and its `confirm`; both may name the item itself."""
        if not item.checks and not item.confirm:
            return ()

        after = context._replace(before=context.before + 1)
        compiled = []
        for check in item.checks:
            condition = self.compile_condition(check.expect, after, "expect")
            say = self.compile_text(check.say, after, "say")
            if condition is not None:
                compiled.append(CompiledCheck(condition=condition, say=say, soft=check.soft))

        for confirm in item.confirm:
            condition = self.compile_condition(confirm.if_, after, "confirm")
            say = self.compile_text(confirm.text, after, "confirm")
            otherwise = self.compile_optional_text(confirm.otherwise, after, "otherwise")
            if condition is not None:
                compiled.append(
                    CompiledCheck(condition, say, soft=True, aloud=True, otherwise=otherwise)
                )
        return tuple(compiled)

    def compile_limits(
        self, item: NumericItem | DateItem, context: CompileContext
    ) -> dict[str, CompiledLimit]:
        """Compile the `min` and `max` that depend on other answers."""
        expected: ExpectedKind = "number" if isinstance(item, NumericItem) else "date"
        limits = {}
        for key, limit in (("min", item.min), ("max", item.max)):
            if not isinstance(limit, YamlScalar):
                continue  # a number or date, which the item itself compares
            condition = self.compile_condition(limit, context, key, expected)
            if condition is not None:
                limits[key] = CompiledLimit(condition, render_clause(condition, self._get_label))
        return limits

    def _get_label(self, name: str, code: Code | None) -> str:
        """Return the label of an item, or its name if it has none. A code stands for itself."""
        if code is not None:
            return str(code)
        label = self._find_label(name)
        if label is None:
            return name
        return templates.render_placeholders(str(label.get(self.draft.language)))

    def _find_label(self, name: str) -> Text | None:
        symbol = self.draft.symbols.get(name)
        if symbol is None or symbol.question is None:
            return None
        return symbol.question.label or symbol.question.text

    def compile_options(
        self,
        options: OptionSpecs,
        context: CompileContext,
        scale: str | None,
        source: OptionSourceSpec | None = None,
    ) -> tuple[CompiledOption, ...]:
        """Compile the options of an item; those of a named list are compiled once."""
        if not options:
            return ()
        # a named list is outside of all rosters, wherever it is used
        key = (id(options), None if scale is not None else context.roster)
        if key in self._compiled_options:
            return self._compiled_options[key]

        if scale is not None:
            context = context._replace(owner=scale)
        compiled = tuple(
            self._compile_option(code, option, context, source) for code, option in options.items()
        )
        self._compiled_options[key] = compiled
        labels = self.draft.symbol_table.labels.get(id(options))
        if labels is not None and not labels:
            labels.update({option.code: option.text for option in compiled})
        return compiled

    def _compile_option(
        self,
        code: Code,
        option: OptionSpec,
        context: CompileContext,
        source: OptionSourceSpec | None,
    ) -> CompiledOption:
        condition_key = "ask_if"
        is_turn = False
        if source is not None:
            condition_key = "options"  # the designer hasn't written this condition
            is_turn = source.from_ in self.draft.symbol_table.rosters
        return CompiledOption(
            code=code,
            text=self.compile_text(option.text, context, "options"),
            label=option.value_label,
            read=option.read,
            specify=option.specify,
            exclusive=option.exclusive,
            missing=option.missing,
            anchor=option.anchor,
            note=self.compile_optional_text(option.note, context, "note"),
            ask_if=self.compile_condition(option.ask_if, context, condition_key),
            is_turn=is_turn,
        )

    def compile_declines(
        self, item: QuestionItem, context: CompileContext, codes: Collection[Code]
    ) -> tuple[CompiledDecline, ...]:
        """Compile the declines permitted at an item: its own, or else the study's.

        `codes` are those of its options, and the numbers that these count as.
        """
        if not item.expects_answer:
            return ()
        who = context.owner
        if isinstance(item.declines, YamlScalar):
            return self._compile_named_declines(item, item.declines, who, codes)
        # the amount of a bracket gets the codes of its steps
        has_default = context.decline_codes is not None and not isinstance(item, BracketAmountItem)
        if isinstance(item.declines, list) and has_default:
            return self._compile_listed_declines(item, item.declines, context, codes)
        if item.declines is not None:
            return self.select_declines(item.declines, who)
        if item.by:
            return ()  # by the interviewer
        return self.select_declines(self.declines, who)

    def _compile_listed_declines(
        self,
        item: QuestionItem,
        kinds: list[YamlScalar],
        context: CompileContext,
        codes: Collection[Code],
    ) -> tuple[CompiledDecline, ...]:
        """Compile the kinds that an item lists, with the codes of the default around it."""
        listed = self.select_declines(kinds, context.owner)
        default = context.decline_codes
        if not listed or default is None:
            return listed
        if isinstance(default, YamlScalar):
            ids = [decline.id for decline in listed]
            coded = self._compile_named_declines(item, default, context.owner, codes, ids)
        else:
            coded = self.select_declines(default, context.owner)

        # The statements of a battery share the list, and what was examined once isn't repeated.
        key = (id(kinds), id(coded))
        if key not in self._listed_declines:
            coded_by_id = {decline.id: decline for decline in coded}
            self._listed_declines[key] = tuple(
                coded_by_id.get(decline.id, decline) for decline in listed
            )
        return self._listed_declines[key]

    def _compile_named_declines(
        self,
        item: QuestionItem,
        name: YamlScalar,
        who: str,
        codes: Collection[Code],
        kinds: Collection[str] | None = None,
    ) -> tuple[CompiledDecline, ...]:
        """Compile the declines of a set, or those with codes of the answers' width.

        `kinds` are those that the item offers, if it lists them.
        """
        if name == BY_WIDTH:
            return self._compile_declines_by_width(item, name, who, codes, kinds)

        named = find_named(self.draft.document.decline_sets, name)
        if named is not None:
            return self.select_declines(named, who)
        what = f"there is no set of declines {str(name)!r}"
        remedy = suggest_nearest(
            str(name), (*self.draft.document.decline_sets, BY_WIDTH), otherwise=""
        )
        if name in self.declines:
            remedy = f"write [{name}] for this decline alone"
        elif name.strip().lower() in ("none", "no", ""):
            remedy = "write declines: [] for none"
        remedy = remedy or "define it under decline_sets:"
        self.report("unknown-decline", locate_name(name), who, what, remedy, length=len(name))
        return ()

    def _compile_declines_by_width(
        self,
        item: QuestionItem,
        name: YamlScalar,
        who: str,
        codes: Collection[Code],
        kinds: Collection[str] | None,
    ) -> tuple[CompiledDecline, ...]:
        declines = self.select_declines(self.declines, who)
        if isinstance(item, StatedItem | SearchItem):
            return declines  # texts, dates and times have no width

        chosen = choose_codes(item, codes, kinds)
        if chosen is None:
            what = "the width of the answers isn't known"
            remedy = "write a range: of numbers, or the codes: declines: {dk: 77, refused: 99}"
            self.report("unknown-decline", locate_name(name), who, what, remedy, length=len(name))
            return declines

        key = tuple(chosen.values())
        if key not in self._declines_by_width:
            self._declines_by_width[key] = tuple(
                decline._replace(code=chosen.get(decline.id, decline.code)) for decline in declines
            )
        return self._declines_by_width[key]

    def select_declines(self, names: Iterable[str], who: str) -> tuple[CompiledDecline, ...]:
        """Compile the study's declines with these names.

        `names` may be a mapping, which has codes and texts of their own.
        """
        key = id(names)
        if key in self._compiled_declines:
            return self._compiled_declines[key]

        overrides: Mapping[str, Any] = names if isinstance(names, dict) else {}
        selected = []
        for name in names:
            decline = self.declines.get(str(name))
            if decline is None:
                self._report_unknown_decline(name, who)
                continue
            own = overrides.get(name, decline)
            selected.append(
                CompiledDecline(str(name), own.code, own.text or decline.text, decline.key)
            )
        self._compiled_declines[key] = tuple(selected)
        return self._compiled_declines[key]

    def _report_unknown_decline(self, name: str, who: str) -> None:
        remedy = suggest_nearest(str(name), self.declines, otherwise="define it under declines:")
        what = f"there is no decline {str(name)!r}"
        self.report("unknown-decline", locate_name(name), who, what, remedy, length=len(name))
