"""Which names does an instrument have, what is each, and in which order are they settled? One walk over what was
written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, cast

from survey_cli.instrument.expressions.conditions import Known
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items import AnyItem
from survey_cli.instrument.schema.items.coded import Multiple, Scale, Single
from survey_cli.instrument.schema.items.groups import BatteryWritten, RosterWritten, SectionWritten
from survey_cli.instrument.schema.items.question import Question
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.schema.items.unasked_items import QUOTA_STATES, Draw, LookupItem, Split
from survey_cli.instrument.schema.options import DeclineWritten, OptionWritten
from survey_cli.instrument.source.nodes import Written
from survey_cli.instrument.source.scalars import NOWHERE, Text
from survey_cli.instrument.texts.templates import Said, Template
from survey_cli.problems import MOST_OF_A_KIND, Position, Problem, did_you_mean
from survey_cli.values import Code

LONGEST_SCALE: Final = 1001
"""Points a `from: to:` scale can have; more are a number."""

YES_NO: Final = {
    "en": ("Yes", "No"),
    "es": ("Sí", "No"),
    "fr": ("Oui", "Non"),
    "de": ("Ja", "Nein"),
    "pt": ("Sim", "Não"),
    "it": ("Sì", "No"),
    "nl": ("Ja", "Nee"),
}

DEFAULT_DECLINES: Final = {
    "dk": (-8, {"en": "Don't know", "es": "No sabe"}, "d"),
    "refused": (-9, {"en": "Refused", "es": "No responde"}, "r"),
}


SILENT: Final = {"read": "is read aloud", "handover": "is a handover", "end": "ends the interview"}
"""Items that nobody answers, by type."""


class Step(NamedTuple):
    """One group on the way down to an item: which child of it leads there, and whether its children are shuffled."""

    group: str
    child: int
    shuffled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One name: a question, a statement, a sample column or a compute."""

    id: str
    kind: str
    """What it is called in a problem: `item`, `statement`, `sample column`, `compute`."""
    where: Position
    index: int
    """When it is settled, in written order from 0; −1 for the sample."""
    known: Known
    said: Said
    path: tuple[Step, ...] = ()
    question: Question | None = None
    options: Mapping[Code, OptionWritten] = field(default_factory=dict)
    scale: str | None = None


def options_of(
    item: object, document: Document, who: str, problems: list[Problem]
) -> tuple[Mapping[Code, OptionWritten], str | None]:
    """The options of a coded question (by code) and the named list they come from, if they do."""
    match item:
        case Single() | Multiple():
            return _listed(item.options, document, who, problems)
        case Scale() | BatteryWritten():
            given = [key for key in ("scale", "options", "from_") if getattr(item, key) is not None]
            if len(given) != 1 or (item.from_ is None) != (item.to is None):
                what = "a scale needs either scale: NAME, or options:, or from: and to:"
                problems.append(
                    Problem("missing-key", item.at("type"), who, what, "give exactly one of them")
                )
                return {}, None
            if item.from_ is not None and item.to is not None:
                return _points(item, item.from_, item.to, who, problems), None
            return _listed(item.scale if item.options is None else item.options, document, who, problems)
        case _:
            return {}, None


def _listed(
    options: object, document: Document, who: str, problems: list[Problem]
) -> tuple[Mapping[Code, OptionWritten], str | None]:
    if not isinstance(options, str):
        return options, None  # type: ignore[return-value]
    scale = document.scales.get(options)  # type: ignore[call-overload]
    if scale is not None:
        return scale.options, str(options)
    where = options.where if isinstance(options, Written) else NOWHERE
    told = sum(p.rule == "unknown-list" for p in problems[-MOST_OF_A_KIND:])
    known = document.scales if told < MOST_OF_A_KIND else ()
    remedy = did_you_mean(options, known, otherwise="define it under scales:")
    problems.append(
        Problem(
            "unknown-list",
            where,
            who,
            f"there is no list {str(options)!r} under scales",
            remedy,
            length=len(options),
        )
    )
    return {}, None


def _points(
    item: Scale | BatteryWritten, low: int, high: int, who: str, problems: list[Problem]
) -> Mapping[Code, OptionWritten]:
    if low >= high:
        what = f"the scale goes from {low} to {high}"
        problems.append(Problem("empty-range", item.at("from"), who, what, "the first must be the lower"))
        return {}
    if high - low >= LONGEST_SCALE:
        what = f"the scale has {high - low + 1} points"
        problems.append(Problem("long-scale", item.at("to"), who, what, "use type: number with min and max"))
        return {}
    for point in item.labels:
        if not low <= point <= high:
            what = f"the label of {point} is outside of {low} to {high}"
            problems.append(Problem("bad-label", item.at("labels"), who, what, "label points of the scale"))
    return {
        n: OptionWritten.model_construct(text=item.labels.get(n) or Text.of(str(n)))
        for n in range(low, high + 1)
    }


def declines_of(document: Document) -> dict[str, DeclineWritten]:
    """The declines that are offered: the file's, else don't know and refused. Reserved kinds are not among them."""
    if document.declines:
        return {k: v for k, v in document.declines.items() if k not in ("not_asked", "not_reached")}
    made = {}
    for kind, (code, texts, key) in DEFAULT_DECLINES.items():
        by_language = {la: Written(t, NOWHERE) for la, t in texts.items() if la in document.languages}
        text = Text(None, by_language) if by_language else Text.of(texts["en"])
        made[kind] = DeclineWritten.model_construct(code=code, text=text, key=Text.of(key))
    return made


class Walk:
    """The walk: fills `named` (in order of first appearance) and `clashes` (a second one with the same name)."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.named: dict[str, Named] = {}
        self.clashes: list[tuple[Named | Position, Position, str]] = []
        self.groups: dict[str, tuple[Position, int, int, tuple[Step, ...]]] = {}
        """Sections, batteries and rosters: where, and the first and last index inside."""
        self.rosters: dict[str, RosterWritten] = {}
        self.index = 0
        self.labels: dict[int, dict[Code, Template]] = {}
        """By the identity of a list of options: their texts, empty until they are compiled."""
        self._declines = declines_of(document)
        for name, column in document.sample.items():
            self._sample(str(name), column.type, column.at() if column._node else _where(name), column)
        self._items(document.items, (), None)

    def _add(self, named: Named) -> None:
        if named.id in self.named:
            self.clashes.append((self.named[named.id], named.where, named.id))
        elif named.id in self.groups:
            self.clashes.append((self.groups[named.id][0], named.where, named.id))
        else:
            self.named[named.id] = named

    def _sample(self, name: str, kind: str, where: Position, column: object) -> None:
        options: Mapping[Code, OptionWritten] = {}
        written = getattr(column, "options", None)
        if kind == "single" and written is not None:
            options, _ = _listed(written, self.document, name, self.problems)
        codes = frozenset(options) or frozenset(map(str, getattr(column, "arms", ()))) or None
        type_ = "code" if kind in ("single", "split") else kind
        labels = self._labels(options) if options else None
        self._add(
            Named(
                id=name,
                kind="sample column",
                where=where,
                index=-1,
                known=Known(type=type_, codes=codes, declinable=False),  # type: ignore[arg-type]
                said=Said(type=type_, labels=labels),  # type: ignore[arg-type]
                options=options,
            )
        )

    def _items(self, items: Sequence[AnyItem], path: tuple[Step, ...], roster: str | None) -> None:
        shuffled = path[-1].shuffled if path else False
        for child, item in enumerate(items):
            here = path if not path else (*path[:-1], Step(path[-1].group, child, shuffled))
            if not path:
                here = (Step("", child, False),)
            self._item(item, here, roster)

    def _item(self, item: AnyItem, path: tuple[Step, ...], roster: str | None) -> None:
        who = str(item.id)
        where = item.id.where
        first = self.index
        if not item.groups:  # most are: settled before the classes are asked one by one
            options, scale = options_of(item, self.document, who, self.problems)
            self._question(cast(Question, item), who, where, path, roster, options, scale, False)
            return
        match item:
            case SectionWritten():
                self._items(item.items, (*path, Step(who, 0, item.order != "written")), roster)
            case BatteryWritten():
                options, scale = options_of(item, self.document, who, self.problems)
                for child, (name, statement) in enumerate(item.statements.items()):
                    step = Step(who, child, item.order != "written")
                    unsure = statement.ask_if is not None
                    self._question(
                        item, str(name), _where(name), (*path, step), roster, options, scale, unsure
                    )
            case RosterWritten():
                self.rosters[who] = item
                self._items(item.items, (*path, Step(who, 0, item.order != "written")), who)
                if item.until is not None:
                    self._more(item, who, path)
            case _:
                options, scale = options_of(item, self.document, who, self.problems)
                self._question(item, who, where, path, roster, options, scale, False)
                return
        if who in self.named or who in self.groups:
            before = self.named[who] if who in self.named else self.groups[who][0]
            self.clashes.append((before, where, who))
        else:
            self.groups[who] = (where, first, self.index - 1, path)

    def _more(self, item: RosterWritten, who: str, path: tuple[Step, ...]) -> None:
        """The question at the end of each turn of an `until` roster."""
        yes_no: dict[Code, OptionWritten] = {c: more_option(self.document.languages, c) for c in (1, 2)}
        assert item.until is not None
        question = Single.model_construct(
            type="single", id=Written(f"{who}_more", item.id.where), text=item.until, options=yes_no
        )
        question.written_as(item)
        self._question(question, f"{who}_more", item.id.where, path, who, yes_no, None, False)
        named = self.named.get(f"{who}_more")
        if named is not None and named.question is question:
            self.named[named.id] = replace(named, kind="question after each turn")

    def _question(
        self,
        item: Question,
        who: str,
        where: Position,
        path: tuple[Step, ...],
        roster: str | None,
        options: Mapping[Code, OptionWritten],
        scale: str | None,
        unsure: bool,
    ) -> None:
        declinable = item.asks and bool(item.declines if item.declines is not None else self._declines)
        declinable = declinable and not (item.by and item.declines is None)
        type_, codes, labels = self._type(item, options)
        source = str(item.from_) if isinstance(item, Draw) else roster
        silent = "" if item.asks else SILENT.get(item.type, "")  # type: ignore[attr-defined]
        turn_name = self.turn_name(source) if isinstance(item, Draw) and source else None
        self._add(
            Named(
                id=who,
                kind="statement" if isinstance(item, BatteryWritten) else "item",
                where=where,
                index=self.index,
                known=Known(
                    type=type_,  # type: ignore[arg-type]
                    codes=codes,
                    declinable=declinable,
                    roster=roster,
                    silent=silent,
                ),
                said=Said(
                    type=type_,  # type: ignore[arg-type]
                    labels=labels,
                    roster=source,
                    turn_name=turn_name,
                    unsure=unsure
                    or declinable
                    or item.ask_if is not None
                    or item.unless is not None
                    or (isinstance(item, Draw) and self._may_find_nobody(item)),
                    silent=silent,
                ),
                path=path,
                question=item,
                options=options,
                scale=scale,
            )
        )
        self.index += 1

    def _type(
        self, item: Question, options: Mapping[Code, OptionWritten]
    ) -> tuple[str, frozenset[Code] | None, Mapping[Code, Template] | None]:
        labels = self._labels(options) if options else None
        if item.asks and not item.groups and item.known != "number":
            return item.known, frozenset(options) if options else None, labels
        match item:
            case Split():
                return "code", frozenset(map(str, item.arms)), None
            case LookupItem(sample=name) if name is not None and name in self.named:
                column = self.named[name]
                return column.known.type, column.known.codes, column.said.labels
            case LookupItem():
                return "code", frozenset(QUOTA_STATES), None
            case NumberItem():
                return "number", None, self._labels(item.options) if item.options else None
            case BatteryWritten():
                return "code", frozenset(options), labels
            case _:
                return item.known, frozenset(options) if options else None, labels

    def _labels(self, options: Mapping[Any, Any]) -> dict[Code, Template]:
        """Where the texts of these options will be found once they are compiled."""
        return self.labels.setdefault(id(options), {})

    def _may_find_nobody(self, draw: Draw) -> bool:
        """Whether a draw may have no turn to draw from: only a roster with `until:` has one turn at least."""
        roster = self.rosters.get(str(draw.from_))
        return draw.where is not None or roster is None or roster.until is None

    def turn_name(self, roster: str) -> str | None:
        """The roster's first text item: by it a turn is called."""
        written = self.rosters.get(roster)
        for item in _below(written.items if written else ()):
            if item.type == "text":
                return str(item.id)
        return None


def _below(items: Sequence[AnyItem]) -> Iterator[AnyItem]:
    for item in items:
        yield item
        if isinstance(item, SectionWritten):
            yield from _below(item.items)


def more_option(languages: Sequence[str], code: int) -> OptionWritten:
    """Yes (1) and No (2) in the instrument's languages, as far as they are known here; else in English."""
    texts = {la: Written(YES_NO.get(la[:2], YES_NO["en"])[code - 1], NOWHERE) for la in languages}
    return OptionWritten.model_construct(text=Text(None, texts))


def _where(name: str) -> Position:
    return name.where if isinstance(name, Written) else NOWHERE
