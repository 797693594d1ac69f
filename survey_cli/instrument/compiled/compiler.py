"""From what was written to what can be asked: sections, batteries, rosters and items, each compiled at its spot."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, cast

from survey_cli.instrument.compiled.computes import computes
from survey_cli.instrument.compiled.draft import Draft
from survey_cli.instrument.compiled.item_compiler import Compiler, Spot
from survey_cli.instrument.compiled.model import (
    Compute,
    DeclineOffered,
    Group,
    Instrument,
    Leaf,
    Node,
    Roster,
)
from survey_cli.instrument.compiled.symbols import Step, Walk
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items import AnyItem
from survey_cli.instrument.schema.items.coded import Coded, Multiple, Scale
from survey_cli.instrument.schema.items.groups import BatteryWritten, RosterWritten, SectionWritten
from survey_cli.instrument.schema.items.question import Question
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.schema.items.unasked_items import Computed, Draw, End, Handover
from survey_cli.instrument.schema.options import OptionWritten
from survey_cli.instrument.schema.validation import shaped
from survey_cli.instrument.source.load import Source
from survey_cli.instrument.source.nodes import Composed, Written
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Problem, did_you_mean
from survey_cli.values import Code

STATEMENT: Final = "{statement}"
RESERVED_CODES: Final = {"not_asked": -6, "not_reached": -7}


class Surroundings(NamedTuple):
    """What an item stands in."""

    path: tuple[Step, ...] = ()
    roster: str | None = None
    section: Template | None = None
    hangup: bool = False


class Special(NamedTuple):
    """What a leaf has that is not written at its item: a statement's, or that of a roster's last question."""

    options: Mapping[Code, OptionWritten]
    scale: str | None = None
    label: Text | None = None
    ask_if: Written | None = None
    anchor: bool = False


class Builder:
    """One building of one instrument."""

    def __init__(self, document: Document, lost: frozenset[str]) -> None:
        self.document = document
        self.walk = Walk(document)
        self.draft = Draft(document=document, walk=self.walk, uses=[], lost=lost)
        self.compiler = Compiler(self.draft)
        self.problems = self.compiler.problems
        self.problems.extend(
            p
            for p in self.walk.problems
            if p.rule != "unknown-list" or not any(f"{n!r}" in p.what for n in lost)
        )
        self._after = computes(self.compiler)
        self._index = 0
        for named in self.walk.named.values():
            if named.kind == "sample column" and named.options:
                self.compiler.options(named.options, Spot(named.id, before=-1), None)

    def _laid_out(self, group: Group) -> None:
        """The children are there: what is below, how much it counts, what can be computed at its end."""
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

    def _nodes(self, items: Sequence[AnyItem], around: Surroundings) -> tuple[Node, ...]:
        path = around.path
        nodes = []
        for child, item in enumerate(items):
            step = Step(path[-1].group, child, path[-1].shuffled) if path else Step("", child, False)
            nodes.append(self._node(item, around._replace(path=(*path[:-1], step))))
        return tuple(nodes)

    def _node(self, item: AnyItem, around: Surroundings) -> Node:
        if not item.groups:
            question = cast(Question, item)
            return self._leaf(question, str(item.id), question.text, around)
        match item:
            case SectionWritten():
                return self._section(item, around)
            case RosterWritten():
                return self._roster(item, around)
            case BatteryWritten():
                return self._battery(item, around)
            case _:
                return self._leaf(item, str(item.id), item.text, around)

    def _group(
        self, item: SectionWritten | BatteryWritten | RosterWritten, around: Surroundings, kind: type[Group]
    ) -> tuple[Group, Surroundings]:
        """A group without its children, and what those stand in."""
        who = str(item.id)
        spot = Spot(who, self._index, around.roster, around.path)
        compiler = self.compiler
        title = compiler.text(item.title, spot, "title") or around.section
        hangup = around.hangup or (isinstance(item, SectionWritten) and item.after == "hangup")
        group = kind(
            id=who,
            written=item,
            children=(),
            title=title,
            intro=compiler.text(item.intro, spot, "intro"),
            ask_if=compiler.condition(item.ask_if, spot, "ask_if"),
            unless=compiler.condition(item.unless, spot, "unless"),
            order=item.order,
            anchor=item.anchor,
            after_hangup=hangup,
        )
        path = (*around.path, Step(who, 0, item.order != "written"))
        return group, around._replace(path=path, section=title, hangup=hangup)

    def _section(self, item: SectionWritten, around: Surroundings) -> Group:
        group, inside = self._group(item, around, Group)
        group.children = self._nodes(item.items, inside)
        self._laid_out(group)
        return group

    def _roster(self, item: RosterWritten, around: Surroundings) -> Roster:
        outside = around._replace(roster=None)
        spot = Spot(str(item.id), self._index, None, around.path)
        group, inside = self._group(item, outside, Roster)
        roster = cast(Roster, group)
        inside = inside._replace(roster=roster.id)
        roster.maximum = item.max
        roster.count = self.compiler.condition(item.count, spot, "count", "number")
        if item.each is not None:
            roster.each = self._each(item, item.each, spot)
        roster.turn_name = self.walk.turn_name(roster.id)
        roster.children = self._nodes(item.items, inside)
        more = self.walk.named.get(f"{roster.id}_more")
        if item.until is not None and more is not None and more.question is not None:
            special = Special(options=more.options)
            roster.until = self._leaf(
                more.question, more.id, item.until, inside._replace(path=around.path), special
            )
        self._laid_out(roster)
        return roster

    def _each(self, item: RosterWritten, name: Written, spot: Spot) -> Leaf | None:
        """The multiple whose chosen options are the turns."""
        each = self.draft.leaves.get(str(name))
        if each is not None and isinstance(each.question, Multiple):
            self.compiler.note(spot, "each", name.where, frozenset({each.id}))
            return each
        if str(name) not in self.draft.lost:
            several = [n for n, leaf in self.draft.leaves.items() if isinstance(leaf.question, Multiple)]
            near = did_you_mean(str(name), several, otherwise="name an earlier item of type multiple")
            what = f"each: {str(name)!r} is not a multiple asked before"
            self.problems.append(
                Problem("bad-each", item.at("each"), spot.owner, what, near, length=len(name))
            )
        return None

    def _battery(self, item: BatteryWritten, around: Surroundings) -> Group:
        first = self.walk.named.get(str(next(iter(item.statements), "")))
        options, scale = (first.options, first.scale) if first is not None else ({}, None)
        shared = {n: getattr(item, n) for n in Question.model_fields if n not in ("ask_if", "unless")}
        asked = Scale.model_construct(
            **shared,
            type="scale",
            scale=None,
            options=dict(options),
            from_=item.from_,
            to=item.to,
            labels=item.labels,
        )
        asked.written_as(item)
        group, inside = self._group(item, around, Group)
        children = []
        for child, (name, statement) in enumerate(item.statements.items()):
            step = Step(group.id, child, item.order != "written")
            special = Special(
                options=options,
                scale=scale,
                label=statement.label or statement.text,
                ask_if=statement.ask_if,
                anchor=statement.anchor,
            )
            here = inside._replace(path=(*around.path, step))
            children.append(self._leaf(asked, str(name), _worded(item.text, statement.text), here, special))
        group.children = tuple(children)
        self._laid_out(group)
        return group

    def _leaf(
        self, item: Question, who: str, text: Text, around: Surroundings, special: Special | None = None
    ) -> Leaf:
        at = self._index
        self._index += 1
        spot = Spot(who, at, around.roster, around.path)
        compiler = self.compiler
        if special is None:
            named = self.walk.named.get(who)
            options, scale = (named.options, named.scale) if named is not None else ({}, None)
            label, ask_if, unless, anchor = item.label or text, item.ask_if, item.unless, item.anchor
        else:
            options, scale = special.options, special.scale
            label, ask_if, unless, anchor = special.label or text, special.ask_if, None, special.anchor
        compiled = compiler.options(options, spot, scale)
        leaf = Leaf(
            id=who,
            question=item,
            text=compiler.template(text, spot, "text", options=item.read and any(o.read for o in compiled)),
            label=label,
            ask_if=compiler.condition(ask_if, spot, "ask_if"),
            unless=compiler.condition(unless, spot, "unless"),
            instruction=compiler.text(item.instruction, spot, "instruction"),
            probe=compiler.text(item.probe, spot, "probe"),
            help=compiler.text(item.help, spot, "help"),
            options=compiled,
            scale=scale,
            order=item.order if isinstance(item, Coded) else "written",
            declines=compiler.declines_at(item, who),
            prefill=compiler.condition(item.prefill, spot, "prefill", "value"),
            checks=compiler.checks(item, spot),
            roster=around.roster,
            section=around.section,
            after_hangup=around.hangup,
            computes=tuple(self._after.get(at, ())),
            anchor=anchor,
            counted=item.asks or not isinstance(item, Computed | End),
        )
        if scale is not None:
            self.draft.used_scales.add(scale)
            leaf.scale_order = self.document.scales[scale].order  # type: ignore[index]
        drawn = leaf.order != "written" or leaf.scale_order != "written"
        leaf.varies = drawn or any(o.ask_if is not None for o in compiled)
        leaf.conditional = bool(compiled) and all(o.ask_if is not None for o in compiled)
        if isinstance(item, NumberItem) and item.options:
            leaf.labels = compiler.number_labels(item.options, spot)
        if not item.asks and isinstance(item, Handover):
            leaf.ask_for = compiler.text(item.ask_for, spot, "ask_for")
        elif not item.asks and isinstance(item, Draw):
            self._draw(item, leaf, spot)
        self.draft.leaves.setdefault(who, leaf)
        return leaf

    def _draw(self, item: Draw, leaf: Leaf, spot: Spot) -> None:
        """The roster a draw draws from, which turns, and by what it compares them."""
        source = str(item.from_)
        if source not in self.walk.rosters:
            if source not in self.draft.lost:
                near = did_you_mean(
                    source, self.walk.rosters, otherwise="name an earlier item of type roster"
                )
                what = f"from: there is no roster {source!r}"
                self.problems.append(
                    Problem("bad-draw", item.at("from"), leaf.id, what, near, length=len(source))
                )
            return
        leaf.source = source
        leaf.turn_name = self.walk.turn_name(source)
        leaf.where = self.compiler.condition(item.where, spot._replace(roster=source), "where")
        self.compiler.note(spot, "from", item.at("from"), frozenset({source}))
        if item.by == "random":
            return
        wanted = ("date",) if item.by == "next_birthday" else ("date", "number")
        fitting = [
            n.id
            for n in self.walk.named.values()
            if n.known.roster == source and n.known.type in wanted and item.using in (None, n.id)
        ]
        if len(fitting) != 1:
            found = ", ".join(fitting) or "none"
            what = f"by: {item.by} compares one {' or '.join(wanted)} of {source}, but found: {found}"
            self.problems.append(Problem("bad-draw", item.at("by"), leaf.id, what, "name it with using:"))
            return
        leaf.using = fitting[0]

    def instrument(self, source: Source) -> Instrument:
        """The instrument, with everything compiled."""
        document, compiler = self.document, self.compiler
        root = Group(id="", written=None, children=self._nodes(document.items, Surroundings()))
        self._laid_out(root)
        self.draft.root = root
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
            declines={d.id: d for d in (*compiler.offered(), *_reserved(document))},
            faq=self._faq(),
            texts=source.texts,
            scales={
                str(name): compiler.options(s.options, Spot(str(name)), str(name))
                for name, s in document.scales.items()
            },
        )

    def _faq(self) -> tuple[tuple[Template, Template], ...]:
        faq = self.document.faq
        pairs = (
            [(f.ask, f.say) for f in faq]
            if isinstance(faq, list)
            else [(Text(q, {}), a) for q, a in faq.items()]
        )
        template = self.compiler.template
        return tuple((template(q, Spot("faq"), "faq"), template(a, Spot("faq"), "faq")) for q, a in pairs)


def _reserved(document: Document) -> list[DeclineOffered]:
    """Not asked and not reached, under the codes the study gives them."""
    made = []
    for kind, code in RESERVED_CODES.items():
        written = document.declines.get(kind)  # type: ignore[call-overload]
        text = written.text if written is not None else Text.of(kind.replace("_", " ").capitalize())
        made.append(DeclineOffered(id=kind, code=written.code if written is not None else code, text=text))
    return made


def _worded(frame: Text, statement: Text) -> Text:
    """The battery's text with the statement in it, in every language either is written in."""
    if frame.plain is not None and statement.plain is not None:
        if frame.plain == STATEMENT:
            return statement
        return Text(_put_in(frame.plain, statement.plain), {})
    languages = {la: None for t in (frame, statement) for la in t.by_language}
    return Text(None, {la: _put_in(frame.written(la), statement.written(la)) for la in languages})


def _put_in(frame: Written, statement: Written) -> Written:
    """The battery's text with the statement in it; its letters keep their places."""
    pieces: list[tuple[int, Written, int]] = []
    made, done = "", 0
    while (at := frame.find(STATEMENT, done)) >= 0:
        pieces += [(len(made), frame, done), (len(made) + at - done, statement, 0)]
        made += frame[done:at] + statement
        done = at + len(STATEMENT)
    pieces.append((len(made), frame, done))
    return Composed.of(made + frame[done:], statement.where, pieces)


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
        what, remedy = "the list is empty", "write the default language first: [en]"
        problems.append(Problem("bad-language", where, "languages", what, remedy))
        document.languages.append(Written("en", where))
    builder = Builder(document, lost)
    builder.draft.found = tuple(problems)
    instrument = builder.instrument(source)
    meant = {p.where for p in problems if p.rule == "fill-at-start"}  # said already, in plainer words
    found = [p for p in builder.problems if p.rule != "unknown-fill" or p.where not in meant]
    return instrument, builder.draft, [*problems, *found]
