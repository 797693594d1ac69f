"""From what was written to what can be asked: names resolved, texts and conditions compiled, groups laid out.

Everything that refers to something is noted as a `Use`, so that checks can say what refers to what and too early.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from survey_cli.instrument.conditions import Condition, Known, Scope, compile_condition, read_names
from survey_cli.instrument.document import Document
from survey_cli.instrument.items import AnyItem
from survey_cli.instrument.items.coded import Coded, Multiple, Scale
from survey_cli.instrument.items.groups import BatteryWritten, RosterWritten, SectionWritten
from survey_cli.instrument.items.question import Question
from survey_cli.instrument.items.quiet import Computed, Draw, End, Handover
from survey_cli.instrument.load import Source
from survey_cli.instrument.names import Named, Step, Walk, declines_of, options_of
from survey_cli.instrument.options import DeclineHere, DeclineWritten, OptionWritten
from survey_cli.instrument.program import (
    Check,
    Compute,
    DeclineOffered,
    Group,
    Instrument,
    Leaf,
    Node,
    Option,
    Roster,
)
from survey_cli.instrument.scalars import NOWHERE, Text
from survey_cli.instrument.shape import shaped
from survey_cli.instrument.texts import Said, Template, TextScope, compile_text
from survey_cli.instrument.written import Written
from survey_cli.problems import Position, Problem, did_you_mean
from survey_cli.values import Code

STATEMENT: Final = "{statement}"
RESERVED_CODES: Final = {"not_asked": -6, "not_reached": -7}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One condition or text that names variables, and when it is evaluated."""

    owner: str
    key: str
    """Where it is written: `ask_if`, `text`, `checks`, …"""
    where: Position
    names: frozenset[str]
    before: int
    """Everything it names must have been settled before this index (see `Named.index`)."""
    path: tuple[Step, ...] = ()
    condition: Condition | None = None
    length: int = 1


@dataclass(slots=True, kw_only=True)
class Draft:
    """What the checks look at: the document, its names and uses, and the instrument as far as it could be built."""

    document: Document
    walk: Walk
    uses: list[Use]
    lost: frozenset[str]
    """Names of what could not be read at all: nothing is said about references to them."""
    templates: list[tuple[str, Template]] = field(default_factory=list)
    """Every text with its owner."""
    root: Group | None = None
    leaves: dict[str, Leaf] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    computes: dict[str, Compute] = field(default_factory=dict)
    used_scales: set[str] = field(default_factory=set)
    gathered: dict[str, Any] = field(default_factory=dict)
    """What several checks look at, gathered once."""

    @property
    def named(self) -> Mapping[str, Named]:
        return self.walk.named


class Builder:
    """One building of one instrument."""

    def __init__(self, document: Document, lost: frozenset[str]) -> None:
        self.document = document
        self.walk = Walk(document)
        self.problems: list[Problem] = [
            p
            for p in self.walk.problems
            if p.rule != "unknown-list" or not any(f"{n!r}" in p.what for n in lost)
        ]
        self.draft = Draft(document=document, walk=self.walk, uses=[], lost=lost)
        self.declines = declines_of(document)
        self.known = {name: n.known for name, n in self.walk.named.items()}
        self.said = {name: n.said for name, n in self.walk.named.items()}
        self._scopes: dict[str | None, Scope] = {}
        self._text_scopes: dict[tuple[str | None, bool], TextScope] = {}
        self._after: dict[int, list[Compute]] = {}
        self._lists: dict[tuple[int, str | None], tuple[Option, ...]] = {}
        self._declined: dict[int, tuple[DeclineOffered, ...]] = {}
        self._index = 0
        self._computes()

    # conditions and texts

    def scope(self, inside: str | None) -> Scope:
        scope = self._scopes.get(inside)
        if scope is None:
            rosters = {
                r: frozenset(n for n, named in self.walk.named.items() if named.known.roster == r)
                for r in self.walk.rosters
            }
            scope = Scope(names=self.known, rosters=rosters, declines=tuple(self.declines), inside=inside)
            self._scopes[inside] = scope
        return scope

    def condition(
        self,
        written: Written | None,
        owner: str,
        key: str,
        inside: str | None,
        before: int,
        path: tuple[Step, ...],
        wants: Literal["truth", "number", "value", "list"] = "truth",
    ) -> Condition | None:
        """Compile one, or note why it cannot be."""
        if written is None:
            return None
        where = getattr(written, "where", NOWHERE)
        condition, problems = compile_condition(
            written, self.scope(inside), where=where, who=owner, wants=wants
        )
        self._tell(problems, key)
        if condition is not None:
            self.draft.uses.append(
                Use(
                    owner=owner,
                    key=key,
                    where=where,
                    names=condition.names,
                    before=before,
                    path=path,
                    condition=condition,
                    length=len(written),
                )
            )
        return condition

    def _tell(self, problems: Sequence[Problem], key: str) -> None:
        """Say which key a problem is of; keep silent about names that were lost with a broken item."""
        for p in problems:
            if p.rule in ("unknown-name", "unknown-fill") and any(
                f"'{name}'" in p.what for name in self.draft.lost
            ):
                continue
            what = p.what if p.rule.endswith(("fill", "format")) else f"{key}: {p.what}"
            self.problems.append(Problem(p.rule, p.where, p.who, what, p.remedy, p.severity, p.length))

    def text(
        self,
        text: Text | None,
        owner: str,
        key: str,
        inside: str | None,
        before: int,
        path: tuple[Step, ...] = (),
        *,
        options: bool = False,
    ) -> Template | None:
        """Compile one text."""
        if text is None:
            return None
        scope = self._text_scopes.get((inside, options))
        if scope is None:
            scope = TextScope(names=self.said, inside=inside, options=options)
            self._text_scopes[inside, options] = scope
        template, problems = compile_text(text, scope, who=owner)
        if problems:
            self._tell(problems, key)
        if len(template.still) < len(template.runs):
            names = frozenset(template.names()) & self.known.keys()
            if names:
                self.draft.uses.append(
                    Use(owner=owner, key=key, where=text.where, names=names, before=before, path=path)
                )
        self.draft.templates.append((owner, template))
        return template

    # computes

    def _computes(self) -> None:
        """Compile in the order of what they need; find loops; note after which index each can be computed."""
        written = {str(name): (name, text) for name, text in self.document.compute.items()}

        needs = {
            name: frozenset().union(*(read_names(w) for _, w in text.every()))
            for name, (_, text) in written.items()
        }
        done: set[str] = set()
        first_language = str(self.document.languages[0])

        def visit(name: str, trail: tuple[str, ...]) -> None:
            if name in done:
                return
            if name in trail:
                loop = " → ".join([*trail[trail.index(name) :], name])
                where = written[name][0].where
                self.problems.append(
                    Problem(
                        "circular", where, name, f"the computes need one another: {loop}", "break the loop"
                    )
                )
                done.update(trail)
                return
            for need in sorted(needs[name] & written.keys()):
                visit(need, (*trail, name))
            if name not in done:
                done.add(name)
                self._compute(*written[name], first_language)

        for name in written:
            visit(name, ())

    def _compute(self, name: Written, text: Text, first_language: str) -> None:
        conditions: dict[str, Condition] = {}
        index = -1
        shuffles: set[int] = set()
        for language, expression in text.every():
            condition = self.condition(expression, str(name), "compute", None, 10**9, (), "value")
            if condition is None:
                continue
            conditions[language] = condition
            for need in condition.names:
                other = self.walk.named.get(need)
                if other is None:
                    continue
                index = max(index, other.index)
                for step in other.path:
                    if step.shuffled and step.group in self.walk.groups:
                        shuffles.add(self.walk.groups[step.group][2])
                if other.known.roster is not None and other.known.roster in self.walk.groups:
                    shuffles.add(self.walk.groups[other.known.roster][2])
        index = max([index, *shuffles])
        where = getattr(name, "where", NOWHERE)
        first = conditions.get(first_language) or next(iter(conditions.values()), None)
        gives = first.gives if first is not None else Known("text")
        kind = gives.type
        named = Named(
            id=str(name),
            kind="compute",
            where=where,
            index=index,
            known=gives,
            said=Said(type=kind, unsure=index >= 0),
        )
        if str(name) in self.walk.named or str(name) in self.walk.groups:
            before = (
                self.walk.named[str(name)] if str(name) in self.walk.named else self.walk.groups[str(name)][0]
            )
            self.walk.clashes.append((before, where, str(name)))
            return
        self.walk.named[str(name)] = named
        self.known[str(name)] = named.known
        self.said[str(name)] = named.said
        self._scopes.clear()
        if first is not None:
            compute = Compute(id=str(name), conditions=conditions, type=kind)
            self.draft.computes[str(name)] = compute
            self._after.setdefault(index, []).append(compute)

    # items

    def group_of(self, items: Sequence[AnyItem]) -> Group:
        children = self._nodes(items, (), None, None, False)
        return self._laid_out(Group(id="", written=None, children=children))

    def _laid_out(self, group: Group) -> Group:
        leaves: list[Leaf] = []
        for child in group.children:
            leaves.extend(child.leaves if isinstance(child, Group) else (child,))
        if isinstance(group, Roster) and group.until is not None:
            leaves.append(group.until)
        group.leaves = tuple(leaves)
        group.weight = sum(leaf.counted for leaf in leaves)
        if group.order != "written" or isinstance(group, Roster):
            after: list[Compute] = []
            for leaf in leaves:
                after.extend(leaf.computes)
                leaf.computes = ()
            for child in group.children:
                if isinstance(child, Group):
                    after.extend(child.computes)
                    child.computes = ()
            group.computes = tuple(after)
        if group.id:
            self.draft.groups[group.id] = group
        return group

    def _nodes(
        self,
        items: Sequence[AnyItem],
        path: tuple[Step, ...],
        roster: str | None,
        section: Template | None,
        hangup: bool,
    ) -> tuple[Node, ...]:
        nodes = []
        for child, item in enumerate(items):
            here = (
                (*path[:-1], Step(path[-1].group, child, path[-1].shuffled))
                if path
                else (Step("", child, False),)
            )
            nodes.append(self._node(item, here, roster, section, hangup))
        return tuple(nodes)

    def _node(
        self,
        item: AnyItem,
        path: tuple[Step, ...],
        roster: str | None,
        section: Template | None,
        hangup: bool,
    ) -> Node:
        who, first = str(item.id), self._index
        if not item.groups:
            question = cast(Question, item)
            return self._leaf(question, who, question.text, path, roster, section, hangup)
        match item:
            case SectionWritten():
                title = self.text(item.title, who, "title", roster, first, path) or section
                hangup = hangup or item.after == "hangup"
                group = Group(
                    id=who,
                    written=item,
                    children=(),
                    title=title,
                    intro=self.text(item.intro, who, "intro", roster, first, path),
                    ask_if=self.condition(item.ask_if, who, "ask_if", roster, first, path),
                    unless=self.condition(item.unless, who, "unless", roster, first, path),
                    order=item.order,
                    anchor=item.anchor,
                    after_hangup=hangup,
                )
                inner = (*path, Step(who, 0, item.order != "written"))
                group.children = self._nodes(item.items, inner, roster, title, hangup)
                return self._laid_out(group)
            case BatteryWritten():
                return self._battery(item, path, roster, section, hangup)
            case RosterWritten():
                return self._roster(item, path, section, hangup)
            case _:
                return self._leaf(item, who, item.text, path, roster, section, hangup)

    def _roster(
        self, item: RosterWritten, path: tuple[Step, ...], section: Template | None, hangup: bool
    ) -> Roster:
        who, first = str(item.id), self._index
        title = self.text(item.title, who, "title", None, first, path) or section
        roster = Roster(
            id=who,
            written=item,
            children=(),
            title=title,
            intro=self.text(item.intro, who, "intro", None, first, path),
            ask_if=self.condition(item.ask_if, who, "ask_if", None, first, path),
            unless=self.condition(item.unless, who, "unless", None, first, path),
            order=item.order,
            anchor=item.anchor,
            after_hangup=hangup,
            maximum=item.max,
            count=self.condition(item.count, who, "count", None, first, path, "number"),
        )
        if item.each is not None:
            each = self.draft.leaves.get(str(item.each))
            if each is None or not isinstance(each.question, Multiple):
                what = f"each: {str(item.each)!r} is not a multiple asked before"
                near = did_you_mean(
                    str(item.each),
                    [n for n, leaf in self.draft.leaves.items() if isinstance(leaf.question, Multiple)],
                    otherwise="name an earlier item of type multiple",
                )
                if str(item.each) not in self.draft.lost:
                    self.problems.append(
                        Problem("bad-each", item.at("each"), who, what, near, length=len(item.each))
                    )
            else:
                roster.each = each
                if each.id in self.walk.named:
                    self.draft.uses.append(
                        Use(
                            owner=who,
                            key="each",
                            where=item.at("each"),
                            names=frozenset({each.id}),
                            before=first,
                            path=path,
                        )
                    )
        roster.turn_name = self.walk._turn_name(who)
        inner = (*path, Step(who, 0, item.order != "written"))
        roster.children = self._nodes(item.items, inner, who, title, hangup)
        if item.until is not None:
            named = self.walk.named.get(f"{who}_more")
            if named is not None and named.question is not None:
                roster.until = self._leaf(
                    named.question, f"{who}_more", item.until, path, who, title, hangup, options=named.options
                )
        self._laid_out(roster)
        return roster

    def _battery(
        self,
        item: BatteryWritten,
        path: tuple[Step, ...],
        roster: str | None,
        section: Template | None,
        hangup: bool,
    ) -> Group:
        who, first = str(item.id), self._index
        options, scale = options_of(item, self.document, who, [])
        asked = Scale.model_construct(
            **{
                name: getattr(item, name)
                for name in Question.model_fields
                if name not in ("ask_if", "unless")
            },
            type="scale",
            scale=None,
            options=dict(options),
            from_=item.from_,
            to=item.to,
            labels=item.labels,
        )
        asked._node = item._node
        title = self.text(item.title, who, "title", roster, first, path) or section
        group = Group(
            id=who,
            written=item,
            children=(),
            title=title,
            intro=self.text(item.intro, who, "intro", roster, first, path),
            ask_if=self.condition(item.ask_if, who, "ask_if", roster, first, path),
            unless=self.condition(item.unless, who, "unless", roster, first, path),
            order=item.order,
            anchor=item.anchor,
            after_hangup=hangup,
        )
        children = []
        for child, (name, statement) in enumerate(item.statements.items()):
            step = Step(who, child, item.order != "written")
            leaf = self._leaf(
                asked,
                str(name),
                _worded(item.text, statement.text),
                (*path, step),
                roster,
                title,
                hangup,
                options=options,
                scale=scale,
                label=statement.label or statement.text,
                ask_if=statement.ask_if,
            )
            leaf.anchor = statement.anchor
            children.append(leaf)
        group.children = tuple(children)
        return self._laid_out(group)

    def _leaf(
        self,
        item: Question,
        who: str,
        text: Text,
        path: tuple[Step, ...],
        roster: str | None,
        section: Template | None,
        hangup: bool,
        *,
        options: Mapping[Code, OptionWritten] | None = None,
        scale: str | None = None,
        label: Text | None = None,
        ask_if: Written | None = None,
    ) -> Leaf:
        at = self._index
        self._index += 1
        named = self.walk.named.get(who)
        if options is None and named is not None:
            options, scale = named.options, named.scale
        if scale is not None:
            self.draft.used_scales.add(scale)
        compiled = self._options(options or {}, scale, who, roster, at, path)
        template = self.text(text, who, "text", roster, at, path, options=bool(compiled))
        assert template is not None
        own = ask_if if ask_if is not None else (item.ask_if if label is None else None)
        leaf = Leaf(
            id=who,
            question=item,
            text=template,
            label=label or item.label or text,
            ask_if=self.condition(own, who, "ask_if", roster, at, path),
            unless=self.condition(item.unless if label is None else None, who, "unless", roster, at, path),
            instruction=self.text(item.instruction, who, "instruction", roster, at, path),
            probe=self.text(item.probe, who, "probe", roster, at, path),
            help=self.text(item.help, who, "help", roster, at, path),
            options=compiled,
            scale=scale,
            order=item.order if isinstance(item, Coded) else "written",
            declines=self._declines_at(item, who),
            prefill=self.condition(item.prefill, who, "prefill", roster, at, path, "value"),
            roster=roster,
            section=section,
            after_hangup=hangup,
            computes=tuple(self._after.get(at, ())),
            anchor=item.anchor if label is None else False,
            counted=item.asks or not isinstance(item, Computed | End),
        )
        if scale is not None and (order := self.document.scales[scale].order) != "written":  # type: ignore[index]
            leaf.scale_order = order
        leaf.checks = self._checks(item, who, roster, at, path)
        leaf.varies = (
            leaf.order != "written" or leaf.scale_order != "written" or any(o.ask_if for o in compiled)
        )
        if not item.asks and isinstance(item, Handover):
            leaf.ask_for = self.text(item.ask_for, who, "ask_for", roster, at, path)
        elif not item.asks and isinstance(item, Draw):
            self._draw(item, leaf, at, path)
        if who not in self.draft.leaves:
            self.draft.leaves[who] = leaf
        return leaf

    def _draw(self, item: Draw, leaf: Leaf, at: int, path: tuple[Step, ...]) -> None:
        source = str(item.from_)
        if source not in self.walk.rosters:
            if source not in self.draft.lost:
                near = did_you_mean(
                    source, self.walk.rosters, otherwise="name an earlier item of type roster"
                )
                self.problems.append(
                    Problem(
                        "bad-draw",
                        item.at("from"),
                        leaf.id,
                        f"from: there is no roster {source!r}",
                        near,
                        length=len(source),
                    )
                )
            return
        leaf.source = source
        leaf.turn_name = self.walk._turn_name(source)
        leaf.where = self.condition(item.where, leaf.id, "where", source, at, path)
        self.draft.uses.append(
            Use(
                owner=leaf.id,
                key="from",
                where=item.at("from"),
                names=frozenset({source}),
                before=at,
                path=path,
            )
        )
        if item.by == "random":
            return
        members = [n for n in self.walk.named.values() if n.known.roster == source]
        wanted = ("date",) if item.by == "next_birthday" else ("date", "number")
        if item.using is not None:
            fitting = [n for n in members if n.id == str(item.using) and n.known.type in wanted]
        else:
            fitting = [n for n in members if n.known.type in wanted]
        if len(fitting) != 1:
            kinds = " or ".join(wanted)
            found = ", ".join(n.id for n in fitting) or "none"
            what = f"by: {item.by} compares one {kinds} of {source}, but found: {found}"
            self.problems.append(Problem("bad-draw", item.at("by"), leaf.id, what, "name it with using:"))
            return
        leaf.using = fitting[0].id

    def _checks(
        self, item: Question, who: str, roster: str | None, at: int, path: tuple[Step, ...]
    ) -> tuple[Check, ...]:
        made = []
        for check in item.checks:
            condition = self.condition(check.expect, who, "expect", roster, at + 1, path)
            say = self.text(check.say, who, "say", roster, at + 1, path)
            if condition is not None and say is not None:
                made.append(Check(condition=condition, say=say, soft=check.soft))
        if item.confirm is not None:
            condition = self.condition(item.confirm.if_, who, "confirm", roster, at + 1, path)
            say = self.text(item.confirm.text, who, "confirm", roster, at + 1, path)
            if condition is not None and say is not None:
                made.append(Check(condition=condition, say=say, soft=True, aloud=True))
        return tuple(made)

    def _options(
        self,
        options: Mapping[Code, OptionWritten],
        scale: str | None,
        who: str,
        roster: str | None,
        at: int,
        path: tuple[Step, ...],
    ) -> tuple[Option, ...]:
        if not options:
            return ()
        key = (id(options), None if scale is not None else roster)
        ready = self._lists.get(key)
        if ready is not None:
            return ready
        owner = scale or who
        made = []
        for code, option in options.items():
            text = self.text(option.text, owner, "options", roster, at, path)
            assert text is not None
            made.append(
                Option(
                    code=code,
                    text=text,
                    label=option.label or option.text,
                    read=option.read,
                    specify=option.specify,
                    exclusive=option.exclusive,
                    missing=option.missing,
                    anchor=option.anchor,
                    note=self.text(option.note, owner, "note", roster, at, path),
                    ask_if=self.condition(option.ask_if, owner, "ask_if", roster, at, path),
                )
            )
        self._lists[key] = tuple(made)
        return self._lists[key]

    def _declines_at(self, item: Question, who: str) -> tuple[DeclineOffered, ...]:
        if not item.asks:
            return ()
        here = item.declines
        if here is None:
            return () if item.by else self._offered(self.declines, {})
        ready = self._declined.get(id(here))
        if ready is not None:
            return ready
        own: Mapping[str, DeclineHere] = here if isinstance(here, dict) else {}  # type: ignore[assignment]
        wanted = {}
        for name in here:
            if str(name) in self.declines:
                wanted[str(name)] = self.declines[str(name)]
            else:
                near = did_you_mean(str(name), self.declines, otherwise="define it under declines:")
                where = getattr(name, "where", NOWHERE)
                self.problems.append(
                    Problem(
                        "unknown-decline",
                        where,
                        who,
                        f"there is no decline {str(name)!r}",
                        near,
                        length=len(name),
                    )
                )
        self._declined[id(here)] = self._offered(wanted, own)
        return self._declined[id(here)]

    def _offered(
        self, declines: Mapping[str, DeclineWritten], own: Mapping[str, DeclineHere]
    ) -> tuple[DeclineOffered, ...]:
        if not own and id(declines) in self._declined:
            return self._declined[id(declines)]
        made = tuple(
            DeclineOffered(
                id=str(name),
                code=own[name].code if name in own else d.code,
                text=(own[name].text if name in own else None) or d.text,
                key=str(d.key or "").lower(),
            )
            for name, d in declines.items()
        )
        if not own and declines is self.declines:
            self._declined[id(declines)] = made
        return made

    def instrument(self, source: Source) -> Instrument:
        """The instrument, once everything is compiled."""
        document = self.document
        root = self.group_of(document.items)
        self.draft.root = root
        faq = document.faq
        pairs = (
            [(f.ask, f.say) for f in faq]
            if isinstance(faq, list)
            else [(Text(q, {}), a) for q, a in faq.items()]
        )
        compiled = []
        for ask, say in pairs:
            question, answer = (
                self.text(ask, "faq", "faq", None, 10**9),
                self.text(say, "faq", "faq", None, 10**9),
            )
            assert question is not None
            assert answer is not None
            compiled.append((question, answer))
        offered = {d.id: d for d in self._offered(self.declines, {})}
        for kind, code in RESERVED_CODES.items():
            written = document.declines.get(kind)  # type: ignore[call-overload]
            text = written.text if written is not None else Text.of(kind.replace("_", " ").capitalize())
            offered[kind] = DeclineOffered(
                id=kind, code=written.code if written is not None else code, text=text, key=""
            )
        for name, scale in document.scales.items():
            if str(name) not in self.draft.used_scales:
                self._options(scale.options, str(name), str(name), None, 10**9, ())
        return Instrument(
            id=str(document.instrument),
            title=document.title,
            version=str(document.version or ""),
            hash=source.digest,
            languages=tuple(str(la) for la in document.languages),
            written=document,
            root=root,
            leaves=self.draft.leaves,
            groups=self.draft.groups,
            sample={str(k): v for k, v in document.sample.items()},
            computes=self.draft.computes,
            first_computes=tuple(self._after.get(-1, ())),
            declines=offered,
            faq=tuple(compiled),
            texts=source.texts,
            scales={
                str(name): self._options(s.options, str(name), str(name), None, 10**9, ())
                for name, s in document.scales.items()
            },
        )


def _worded(frame: Text, statement: Text) -> Text:
    """The battery's text with the statement in it, in every language either is written in."""
    if frame.plain is not None and statement.plain is not None:
        if frame.plain == STATEMENT:
            return statement
        return Text(
            Written(
                frame.plain.replace(STATEMENT, statement.plain), statement.where, plain=statement.plain.plain
            ),
            {},
        )
    languages = {la: None for t in (frame, statement) for la in t.by_language}
    return Text(
        None,
        {
            la: Written(
                frame.written(la).replace(STATEMENT, statement.written(la)), statement.written(la).where
            )
            for la in languages
        },
    )


def built(source: Source) -> tuple[Instrument | None, Draft | None, list[Problem]]:
    """The instrument as far as it can be built, the draft for the checks, and the problems so far."""
    if source.tree is None:
        return None, None, list(source.problems)
    document, problems, lost = shaped(source.tree)
    problems = [*source.problems, *problems]
    if document is None:
        return None, None, problems
    if not document.languages:
        where = document.at("languages")
        what, remedy = "languages: the list is empty", "write the default language first: [en]"
        problems.append(Problem("bad-language", where, "languages", what, remedy))
        document.languages.append(Written("en", where))
    builder = Builder(document, lost)
    instrument = builder.instrument(source)
    return instrument, builder.draft, [*problems, *builder.problems]
