"""Compiler of what one item contains (conditions, texts, options, checks and declines), and of computes.

Every use of a variable is recorded in the draft as a `NameUse`; problems are collected.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.symbols import (
    GroupStep,
    OptionSpecs,
    Symbol,
    SymbolKind,
    list_declines,
)
from survey_cli.instrument.expressions.conditions import (
    Condition,
    ExpectedKind,
    Scope,
    ValueType,
    compile_condition,
)
from survey_cli.instrument.expressions.parsing import find_names
from survey_cli.instrument.schema.items.question import (
    CompiledCheck,
    CompiledDecline,
    CompiledLimit,
    CompiledOption,
    Compute,
    QuestionItem,
)
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem
from survey_cli.instrument.schema.options import OptionSourceSpec
from survey_cli.instrument.source.nodes import YamlScalar, find_named, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts import templates
from survey_cli.instrument.texts.condition_wording import render_clause
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position, Problem, make_limited_nearest, suggest_nearest
from survey_cli.values import Code

AFTER_ALL: Final = 10**9
"""An index after every other: a text may name any variable there."""


class CompileContext(NamedTuple):
    """Where something is written: its owner, which variables are settled when it is evaluated, and the groups around."""

    owner: str = ""
    before: int = AFTER_ALL
    """Everything it names must have been settled before this index (see `Symbol.index`)."""
    roster: str | None = None
    path: tuple[GroupStep, ...] = ()
    section: Template | None = None
    hangup: bool = False


class ItemCompiler:
    """Compiles the parts of items into one draft."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self.problems: list[Problem] = []
        self.declines = list_declines(draft.document)
        self._nearest = make_limited_nearest()
        self._scopes: dict[tuple[str | None, bool, bool], Scope] = {}
        self._lists: dict[tuple[int, str | None], tuple[CompiledOption, ...]] = {}
        self._compiled_declines: dict[int, tuple[CompiledDecline, ...]] = {}

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
        where, owner = locate_name(source), context.owner
        scope = self._find_scope(context.roster, has_clock=key in ("ask_if", "unless"))
        scope = scope._replace(nearest=partial(self._find_nearest_settled, context))
        answered = (
            (owner,) if key in ("expect", "confirm") else ()
        )  # a check is evaluated only for answers
        condition, problems = compile_condition(source, scope, where, owner, expected, answered)
        if problems:
            self._add_problems(problems, key)
        if condition is not None:
            self.record_use(context, key, where, condition.names, condition, len(source))
        return condition

    def _find_scope(
        self, roster: str | None, *, has_clock: bool = False, has_options: bool = False
    ) -> Scope:
        """Return the names that can be used inside a roster or outside of all."""
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
        """Find the nearest name that can be used here: not the item itself, unless in its checks, and no later one."""
        symbols = self.draft.symbols
        # not a list: after a hundred suggestions the names aren't looked at
        usable = (
            name for name in known if name not in symbols or symbols[name].index < context.before
        )
        return self._nearest(word, usable)

    def _add_problems(self, problems: Sequence[Problem], key: str) -> None:
        """Record problems with their key, except those about names lost with a broken item."""
        for p in problems:
            if p.rule in ("unknown-name", "unknown-fill") and p.subject in self.draft.lost:
                continue
            what = p.what if p.rule.endswith(("fill", "format")) else f"{key}: {p.what}"
            self.problems.append(replace(p, what=what))

    def compile_optional_text(
        self, text: Text | None, context: CompileContext, key: str
    ) -> Template | None:
        """Compile a text, if there is one."""
        return None if text is None else self.compile_text(text, context, key)

    def compile_text(
        self, text: Text, context: CompileContext, key: str, *, options: bool = False
    ) -> Template:
        """Compile a text."""
        literal = templates.compile_literal(text)
        if literal is not None:
            self.draft.templates.append((context.owner, literal))
            return literal
        scope = self._find_scope(context.roster, has_options=options)
        scope = scope._replace(nearest=partial(self._find_nearest_settled, context))
        template, problems = templates.compile_text(text, scope, who=context.owner)
        if problems:
            self._add_problems(problems, key)
        if len(template.static_words) < len(template.runs):
            used_names = frozenset(template.iterate_names()) & self.draft.symbols.keys()
            if used_names:
                self.record_use(context, key, text.where, used_names)
        self.draft.templates.append((context.owner, template))
        return template

    def record_use(
        self, context: CompileContext, key: str, where: Position, names: frozenset[str], *more: Any
    ) -> None:
        """Record that something written here uses these names; of a condition, itself and its length."""
        owner, before, _, path, *_ = context
        self.draft.uses.append(NameUse(owner, key, where, names, before, path, *more))

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
        self, item: NumberItem | DateItem, context: CompileContext
    ) -> dict[str, CompiledLimit]:
        """Compile the `min` and `max` that depend on other answers."""
        expected: ExpectedKind = "number" if isinstance(item, NumberItem) else "date"
        limits = {}
        for key in ("min", "max"):
            limit = getattr(item, key)
            condition = self.compile_condition(
                limit if isinstance(limit, YamlScalar) else None, context, key, expected
            )
            if condition is not None:
                limits[key] = CompiledLimit(condition, render_clause(condition, self._get_label))
        return limits

    def _get_label(self, name: str, code: Code | None) -> str:
        """Return the label of an item or sample column, or its name; a code itself."""
        symbol = self.draft.symbols.get(name)
        question: Any = find_named(self.draft.document.sample, name)
        if symbol is not None:
            question = symbol.question
        label = None
        if question is not None:
            label = question.label or getattr(question, "text", None)
        if code is not None or label is None:
            return str(name if code is None else code)
        return templates.render_placeholders(str(label.get(self.draft.language)))

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
        key = (id(options), None if scale is not None else context.roster)
        cached = self._lists.get(key)
        if cached is not None:
            return cached
        if scale is not None:
            context = context._replace(owner=scale)
        condition_key = "ask_if" if source is None else "options"
        is_turn = source is not None and source.from_ in self.draft.symbol_table.rosters
        entries = []
        for code, o in options.items():
            text = self.compile_text(o.text, context, "options")
            note = self.compile_optional_text(o.note, context, "note")
            ask_if = self.compile_condition(o.ask_if, context, condition_key)
            flags = o.read, o.specify, o.exclusive, o.missing, o.anchor
            entries.append(
                CompiledOption(code, text, o.label or o.text, *flags, note, ask_if, is_turn)
            )
        compiled = self._lists[key] = tuple(entries)
        labels = self.draft.symbol_table.labels.get(id(options))
        if labels is not None and not labels:
            labels.update({option.code: option.text for option in compiled})
        return compiled

    def compile_declines(self, item: QuestionItem, who: str) -> tuple[CompiledDecline, ...]:
        """Compile the declines permitted at an item: the study's, or its own."""
        if not item.expects_answer or (item.declines is None and item.by):
            return ()
        return self.select_declines(self.declines if item.declines is None else item.declines, who)

    def select_declines(self, names: Iterable[str], who: str) -> tuple[CompiledDecline, ...]:
        """Compile the study's declines with these names; a mapping has codes and texts of their own."""
        if id(names) not in self._compiled_declines:
            overrides: Mapping[str, Any] = names if isinstance(names, dict) else {}
            selected = []
            for name in names:
                decline = self.declines.get(str(name))
                if decline is not None:
                    own = overrides.get(name, decline)
                    selected.append(
                        CompiledDecline(str(name), own.code, own.text or decline.text, decline.key)
                    )
                    continue
                near = suggest_nearest(
                    str(name), self.declines, otherwise="define it under declines:"
                )
                what = f"there is no decline {str(name)!r}"
                self.report("unknown-decline", locate_name(name), who, what, near, length=len(name))
            self._compiled_declines[id(names)] = tuple(selected)
        return self._compiled_declines[id(names)]


_MAX_LISTED: Final = 20
"""How many names of a cycle a message lists."""


def compile_computes(compiler: ItemCompiler) -> dict[int, list[Compute]]:
    """Compile all computes, by the index after which each can be computed (−1: from the sample alone).

    Their names are added to the draft; cycles and clashes become problems.
    """
    sources = {str(name): (name, text) for name, text in compiler.draft.document.compute.items()}
    names = {
        name: [find_names(w) for _, w in text.iterate_languages()]
        for name, (_, text) in sources.items()
    }
    dependencies = {
        name: frozenset[str]().union(*parts) & sources.keys() for name, parts in names.items()
    }
    done: set[str] = set()
    after: dict[int, list[Compute]] = {}
    for first in sources:
        in_progress = [first]
        remaining = [
            iter(sorted(dependencies[first]))
        ]  # the dependencies of each that are still to be compiled
        while in_progress and not (len(in_progress) == 1 and first in done):
            dependency = next(remaining[-1], None)
            if dependency in in_progress:
                _report_cycle(
                    compiler,
                    in_progress[in_progress.index(dependency) :],
                    sources[dependency][0].where,
                )
                done.update(in_progress)
            elif dependency is not None and dependency not in done:
                in_progress.append(dependency)
                remaining.append(iter(sorted(dependencies[dependency])))
            elif dependency is None:
                name = in_progress.pop()
                remaining.pop()
                if name not in done:
                    done.add(name)
                    index, compute = _compile_compute(compiler, *sources[name])
                    if compute is not None:
                        after.setdefault(index, []).append(compute)
    return after


def _report_cycle(compiler: ItemCompiler, names: list[str], where: Position) -> None:
    """Report computes that depend on one another."""
    cycle = [*names, names[0]]
    if len(cycle) > _MAX_LISTED:
        cycle[_MAX_LISTED // 2 : -_MAX_LISTED // 2] = [f"… {len(cycle) - _MAX_LISTED} more"]
    what = f"the computes depend on one another: {' → '.join(cycle)}"
    compiler.report("circular", where, names[0], what, "remove one of these references")


def _compile_compute(
    compiler: ItemCompiler, name: YamlScalar, text: Text
) -> tuple[int, Compute | None]:
    """Compile one compute, and find the index after which it can be computed."""
    draft = compiler.draft
    conditions: dict[str, Condition] = {}
    for language, expression in text.iterate_languages():
        condition = compiler.compile_condition(
            expression, CompileContext(str(name)), "compute", "value"
        )
        if condition is not None:
            conditions[language] = condition
    first = conditions.get(draft.language) or next(iter(conditions.values()), None)
    result_type = first.result_type if first is not None else ValueType("text")
    index = max(
        (_find_settled_index(compiler, need) for c in conditions.values() for need in c.names),
        default=-1,
    )
    value_type = result_type._replace(
        labels=_find_labels(compiler, first), may_be_missing=index >= 0
    )
    symbol = Symbol(str(name), SymbolKind.COMPUTE, locate_name(name), index, value_type)
    if not draft.symbol_table.add(symbol) or first is None:
        return index, None
    compute = draft.computes[str(name)] = Compute(
        id=str(name), conditions=conditions, type=result_type.type
    )
    return index, compute


def _find_settled_index(compiler: ItemCompiler, name: str) -> int:
    """Find the index at which a name is settled in any case: in a shuffled group or a roster, at the end of it."""
    table = compiler.draft.symbol_table
    symbol = table.symbols.get(name)
    if symbol is None:
        return -1
    ends = [
        table.groups[s.group].last for s in symbol.path if s.shuffled and s.group in table.groups
    ]
    if symbol.value_type.roster in table.groups:
        ends.append(table.groups[symbol.value_type.roster].last)
    return max([symbol.index, *ends])


def _find_labels(
    compiler: ItemCompiler, condition: Condition | None
) -> Mapping[Code, Template] | None:
    """Find the texts of the codes that a compute returns: of one coded variable, or of several with the same list."""

    def labels(node: ast.expr) -> Mapping[Code, Template] | None:
        match node:
            case ast.Name(id=name):
                variable = compiler.draft.symbol_table.value_types.get(name)
                return (
                    variable.labels
                    if variable is not None and variable.type in ("code", "codes")
                    else None
                )
            case ast.Call(func=ast.Name(id="first"), args=[several]):
                return labels(several)
            case ast.IfExp(body=body, orelse=orelse):
                then_labels, else_labels = labels(body), labels(orelse)
                return then_labels if then_labels is else_labels else None
            case _:
                return None

    return labels(condition.tree) if condition is not None else None
