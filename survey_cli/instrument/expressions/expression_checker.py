"""What do the names of a condition mean, and what is known of each part? The vocabulary that conditions are
checked with, and the problems found on the way. It evaluates nothing.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, time
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.expressions.parsing import Parsed, number_slip, shortened
from survey_cli.instrument.expressions.three_valued_logic import (
    LARGEST,
    Run,
    Test,
    applied,
    constant,
    nfc,
    over_turns,
    passes,
)
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import Nearest, Position, Problem, Severity, did_you_mean, nearest
from survey_cli.values import NOT_ASKED, Code


class Known(NamedTuple):
    """What a name means to a condition."""

    type: Literal["code", "codes", "number", "text", "date", "time", "draw", "flag"]
    """`codes`: a multiple; `draw`: the turn that was drawn, a number; `flag`: true or false."""
    codes: frozenset[Code] | None = None
    """The codes it can have; None where any will do."""
    declinable: bool = False
    """Whether it may be don't know or refused."""
    roster: str | None = None
    """The roster it lives in."""
    silent: str = ""
    """Why it never has an answer: `is read aloud`."""


class Scope(NamedTuple):
    """All that a condition may name, and where the condition stands."""

    names: Mapping[str, Known]
    rosters: Collection[str] = frozenset()
    declines: tuple[str, ...] = ("dk", "refused")
    """The declines' ids, as in `q in [3, dk, refused]`."""
    inside: str | None = None
    """The roster the condition stands in: its items are this turn's; elsewhere they are lists."""
    groups: Collection[str] = frozenset()
    """Sections and batteries, which have no answer of their own."""
    nearest: Nearest = nearest
    """Finds the name that an unknown one was meant to be."""


Kind: TypeAlias = Literal["truth", "number", "text", "code", "codes", "date", "time", "wrong"]
Family: TypeAlias = Literal["truth", "number", "text", "codes", "date", "time", "any", "wrong"]
NOTHING: Final[frozenset[str]] = frozenset()
VARIES: Final = object()


class Part(NamedTuple):
    """A part of a condition, once understood."""

    kind: Kind
    run: Run
    node: ast.expr
    name: str = ""
    """The variable it is, if it is one and nothing more."""
    plain: str = ""
    """The same, where one look-up by this name reads it."""
    codes: frozenset[Code] | None = None
    roster: str | None = None
    """It is a list over the turns of this roster."""
    value: Any = VARIES
    """What a literal is worth."""
    unsure: frozenset[str] = NOTHING
    """Variables whose don't know or refusal leaves this part without a value."""
    test: Test | None = None
    """The same as `run`, where it is an ordinary variable against constants."""

    @property
    def literal(self) -> bool:
        return self.value is not VARIES


SAID: Final[dict[Kind, str]] = {
    "truth": "true or false",
    "number": "a number",
    "text": "a text",
    "code": "an answer's code",
    "codes": "a multiple",
    "date": "a date",
    "time": "a time of day",
    "wrong": "nothing",
}


def family(part: Part) -> Family:
    """What the part can be compared with."""
    return code_family(part.codes) if part.kind == "code" else part.kind


def described(part: Part) -> str:
    """What the part is, in words."""
    if part.kind != "code":
        return SAID[part.kind]
    kin = code_family(part.codes)
    return "an item with codes" if kin == "any" else f"an item with {kin} codes"


@lru_cache(maxsize=512)
def code_family(codes: frozenset[Code] | None) -> Literal["number", "text", "any"]:
    """Codes are all numbers, all texts, or (not known, or mixed) either."""
    if not codes:
        return "any"
    numbers = sum(1 for code in codes if isinstance(code, int))
    return "number" if numbers == len(codes) else "any" if numbers else "text"


def written(value: object) -> str:
    """A constant as it is written in a condition."""
    match value:
        case date():
            return repr(value.isoformat())
        case time():
            return repr(value.isoformat("minutes"))
        case str() if "'" in value:
            return f'"{value}"'
        case _:
            return repr(value)


def listed(codes: Iterable[Code], most: int = 8) -> str:
    """Codes for a message: in order, the first few of many."""
    ordered = sorted(codes, key=lambda code: (isinstance(code, str), code))
    some = ", ".join(written(code) for code in ordered[:most])
    return some if len(ordered) <= most else f"{some}, … ({len(ordered)} in all)"


def shifted(where: Position, text: str, at: int) -> Position:
    """The place of the character `at` of a text written at `where`; the text's own place where nobody knows better."""
    if isinstance(text, YamlScalar) and text.where == where:
        return text.find_position(at)
    if not where.column or "\n" in text:
        return where
    return Position(where.file, where.line, where.column + at)


def _nothing(env: object) -> Any:
    return NOT_ASKED


class Reading:
    """One condition while it is being understood: what was found in it so far."""

    __slots__ = (
        "_doubts", "guarded", "names", "parsed", "parts", "problems", "scope", "text", "too_large", "turns",
        "where", "who",
    )  # fmt: skip

    def __init__(self, text: str, parsed: Parsed, scope: Scope, where: Position, who: str) -> None:
        self.text = text
        self.parsed = parsed
        self.scope = scope
        self.where = where
        self.who = who
        self.problems: list[Problem] = []
        self.names: set[str] = set()
        self.turns = False
        self.parts = 0
        self.too_large = False
        self.guarded: set[str] = set()
        self._doubts: list[tuple[frozenset[str], Problem]] = []

    def source(self, node: ast.AST) -> str:
        """The part as written, for a message: a long one loses its middle."""
        return shortened(self.parsed.source(node))

    def problem(
        self, rule: str, node: ast.expr, what: str, remedy: str, *, severity: Severity = "error"
    ) -> Part:
        """Note what is wrong with a part; it counts as wrong from here on, and nothing more is said of it."""
        self.problems.append(self._stated(rule, node, what, remedy, severity))
        return self.wrong(node)

    def wrong(self, node: ast.expr) -> Part:
        """A part of which everything has been said."""
        return Part("wrong", _nothing, node)

    def said(self, part: Part) -> str:
        """`age is a number`."""
        return f"{self.source(part.node)} is {described(part)}"

    def warn(self, rule: str, node: ast.expr, what: str, remedy: str) -> None:
        self.problem(rule, node, what, remedy, severity="warning")

    def doubt(self, part: Part, names: frozenset[str], remedy: str = "") -> None:
        """Note that a don't know or refusal leaves this unknown, unless the condition provides for it."""
        if not names:
            return
        name = min(names)
        source = self.source(part.node)
        source = f"({source})" if isinstance(part.node, ast.BoolOp | ast.IfExp) else source
        items = " or ".join(sorted(names))
        what = f"a don't know or refusal at {items} leaves this unknown, so it does not hold"
        remedy = (
            remedy or f"say {source} or declined({name}) if they count, answered({name}) and {source} if not"
        )
        self._doubts.append((names, self._stated("unsure-negation", part.node, what, remedy, "warning")))

    def close(self) -> tuple[Problem, ...]:
        """All that was found; of one item that may be declined once."""
        told, unguarded = set(self.guarded), []
        for names, problem in self._doubts:
            if not names <= told:
                unguarded.append(problem)
                told |= names
        return (*self.problems, *unguarded)

    def _stated(self, rule: str, node: ast.expr, what: str, remedy: str, severity: Severity) -> Problem:
        at, length = self.parsed.at(node)
        where = shifted(self.where, self.text, at)
        return Problem(rule, where, self.who, what, remedy, severity, max(length, 1))

    def literal(self, node: ast.Constant) -> Part:
        """A number or text as written."""
        value = node.value
        if value.__class__ is int and (node.end_col_offset or 0) - node.col_offset == len(str(value)) < 19:
            return Part("number", constant(value), node, value=value)
        source = self.parsed.source(node)
        if isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:
            return self.problem(
                "condition-syntax", node, "this number is too large", "write it in larger units"
            )
        match value:
            case bool():
                remedy = "a truth needs no comparison: write adult, or not adult"
                return self.problem("condition-syntax", node, f"{value} is not part of a condition", remedy)
            case int() | float():
                slip = number_slip(source)
                if slip:
                    return self.problem("condition-syntax", node, *slip)
                return Part("number", constant(value), node, value=value)
            case str() if len(source) == len(value) + 2:
                value = nfc(value)
                return Part("text", constant(value), node, value=value)
            case str():
                remedy = "write one text between two quotes; a comma goes between the texts of a list"
                return self.problem("condition-syntax", node, f"{shortened(source)} is not one text", remedy)
            case None:
                remedy = "say answered(q1), or not answered(q1)"
                return self.problem("condition-syntax", node, "None is not part of a condition", remedy)
            case _:
                remedy = "write a number, or a text between quotes"
                return self.problem(
                    "condition-syntax", node, f"{shortened(source)} is neither a number nor a text", remedy
                )

    def together(
        self,
        function: Callable[..., Any],
        parts: list[Part],
        kind: Kind,
        node: ast.expr,
        *,
        quick: Callable[[list[Run]], Run] | None = None,
        test: Test | None = None,
    ) -> Part:
        """`function` of the parts, turn by turn where there is a list among them. Where there is none, what is worth
        the same may stand for it: what `quick` makes of the parts, or `test`."""
        lists = False
        for part in parts:
            if part.kind == "wrong":
                return self.wrong(node)
            if part.roster:
                lists = True
        roster = self.one_roster(parts, node) if lists else ""
        if roster is None:
            return self.wrong(node)
        runs = [part.run for part in parts]
        if not lists and quick is not None:
            return Part(kind, quick(runs), node, unsure=doubtful(parts))
        if not lists and test is not None:
            run = passes(test, applied(function, runs))
            return Part(kind, run, node, unsure=doubtful(parts), test=test)
        run = (
            over_turns(function, runs, [part.roster is not None for part in parts])
            if roster
            else applied(function, runs)
        )
        return Part(kind, run, node, roster=roster or None, unsure=doubtful(parts))

    def one_roster(self, parts: Iterable[Part], node: ast.expr) -> str | None:
        """The roster whose turns the parts run over; empty without a list, None where there are two."""
        rosters = sorted({part.roster for part in parts if part.roster})
        if len(rosters) > 1:
            what = f"lists of different rosters stand together here ({' and '.join(rosters)})"
            self.problem(
                "unlike-lists", node, what, "count or sum each for itself, then put the results together"
            )
            return None
        return rosters[0] if rosters else ""

    def truth(self, part: Part, *, before: ast.expr | None = None) -> Part:
        """The part where a truth is wanted; `before` is what stands on the other side of an `and` or `or`."""
        if part.kind in ("truth", "wrong"):
            return part
        source = self.source(part.node)
        if part.literal:
            what = f"{source} stands here where something true or false is wanted"
            remedy = "compare an item with it: q1 == 1"
            if isinstance(before, ast.Compare) and isinstance(before.left, ast.Name):
                item = before.left.id
                remedy = f"repeat the item: {item} == {source}, or list the codes: {item} in […]"
            elif part.kind == "text" and any(sign in part.value for sign in "=<>()"):
                remedy = "take the quotes away"
            return self.problem("not-a-truth", part.node, what, remedy)
        what = f"{self.said(part)}, and something true or false is wanted here"
        match part.kind:
            case "code":
                code = written(min(part.codes, key=lambda c: (isinstance(c, str), c))) if part.codes else "1"
                remedy = f"say answered({source}), or {source} == {code}"
            case "codes":
                code = (
                    written(min(part.codes, key=lambda c: (isinstance(c, str), c))) if part.codes else "'tv'"
                )
                remedy = f"say {code} in {source}, or count({source}) >= 1"
            case "number":
                remedy = (
                    f"say answered({source}), or {source} > 0" if part.name else f"compare it: {source} > 0"
                )
            case _:
                remedy = f"say answered({source}), or compare it with =="
        return self.problem("not-a-truth", part.node, what, remedy)

    def no_number(self, part: Part, wanted: str) -> Part:
        """The problem of a part that is no number where one is wanted."""
        source = self.source(part.node)
        match family(part):
            case "date":
                remedy = "say years_between(start, end) for the whole years between two dates"
            case "truth":
                remedy = f"say count({source}) for 1 if it holds, else 0"
            case "codes":
                remedy = f"say count({source}) for how many were chosen"
            case "text" if part.literal and part.value.isdigit():
                remedy = f"write {part.value}, without quotes"
            case _:
                remedy = "name a number, or an item whose codes are numbers"
        return self.problem("not-a-number", part.node, f"{wanted}, and {self.said(part)}", remedy)

    def listed(self, part: Part) -> Part:
        """The problem of a list over turns where one value is wanted."""
        roster, source = part.roster, self.source(part.node)
        names = (n for n in ast.walk(part.node) if isinstance(n, ast.Name | ast.Attribute))
        node = min((n for n in names if self._runs_over(n)), key=self.parsed.at, default=part.node)
        item = (
            node.id
            if isinstance(node, ast.Name)
            else node.attr
            if isinstance(node, ast.Attribute)
            else "item"
        )
        what = (
            f"{item} is asked once for each turn of {roster}, so this is a list, and one value is wanted here"
        )
        rest = source.removeprefix(f"{roster}.")
        if part.kind != "truth":
            remedy = f"say sum({roster}.{item}), max({roster}.{item}) or {roster}[1].{item}"
        elif rest.startswith(item):
            remedy = f"say count({roster}.{rest}) >= 1, or {roster}[1].{rest} for one turn"
        else:
            remedy = f"say count({source}) >= 1, or name one turn: {roster}[1].{item}"
        return self.problem("list-as-value", node, what, remedy)

    def _runs_over(self, node: ast.Name | ast.Attribute) -> bool:
        """Whether this name is read in all turns."""
        if isinstance(node, ast.Attribute):
            return isinstance(node.value, ast.Name)
        known = self.scope.names.get(node.id)
        return known is not None and known.roster is not None

    def stray(self, node: ast.Name, beside: Part | None = None) -> Part:
        """A name that is no variable: a code without quotes, a decline, a roster, a function, or a slip."""
        word, scope = shortened(node.id), self.scope
        if beside and beside.codes:
            near = next(
                (c for c in beside.codes if isinstance(c, str) and c.casefold() == word.casefold()), None
            )
            if near is not None:
                what = f"{word} is a code of {beside.name or 'the list'}, and such codes stand in quotes"
                return self.problem("bare-code", node, what, f"write {written(near)}")
        name = beside.name if beside and beside.name else "q1"
        if word in scope.declines:
            remedy = (
                f"say {word}({name}), or {name} in [{word}]"
                if word in FUNCTIONS
                else f"say {name} in [{word}]"
            )
            return self.problem(
                "decline-compared", node, f"{word} is a way of not answering, not a value", remedy
            )
        if word in scope.rosters:
            items = [item for item, known in scope.names.items() if known.roster == word]
            item = items[0] if items else "item"
            remedy = f"name one of its items: count(answered({word}.{item})), {word}[1].{item}"
            return self.problem(
                "roster-as-value", node, f"{word} is a roster, which has no value of its own", remedy
            )
        if word in scope.groups:
            what = f"{word} is a group of items; it has no answer of its own"
            return self.problem("no-answer", node, what, "name one of its items")
        if word in FUNCTIONS:
            remedy = f"write {FUNCTIONS[word].signature}"
            return self.problem(
                "wrong-arguments", node, f"the function {word} stands here without its brackets", remedy
            )
        if word.lower() in ("true", "false", "always", "never"):
            remedy = "leave the key out if it always holds; otherwise compare an item: q1 == 1"
            return self.problem("unknown-name", node, f"{word} is not part of a condition", remedy)
        near = scope.nearest(word, scope.names)
        remedy = f"did you mean {near!r}?" if near else "name an item, a sample column or a compute"
        if beside and beside.codes:
            what = f"{word!r} is neither a variable nor a code of {beside.name or 'the item beside it'}"
            also = f"{remedy} " if near else ""
            code = nearest(word, [c for c in beside.codes if isinstance(c, str)])
            if code is not None and not near:
                also = f"did you mean {written(code)}, in quotes? "
            return self.problem("unknown-name", node, what, f"{also}its codes are {listed(beside.codes)}")
        if beside and beside.kind == "text" and not beside.literal:
            also = f"; {remedy}" if near else ""
            remedy = f"put it in quotes if it is a text: '{word}'{also}"
        return self.problem("unknown-name", node, f"{word!r} is not a variable", remedy)

    def unknown_code(self, node: ast.expr, name: str, codes: frozenset[Code], value: object) -> Part:
        what = f"{name or 'this item'} has no code {written(value)}: its codes are {listed(codes)}"
        words = [code for code in codes if isinstance(code, str)]
        remedy = did_you_mean(value, words) if isinstance(value, str) else ""
        return self.problem("unknown-code", node, what, remedy or "name one of these, or add the option")


def doubtful(parts: Iterable[Part]) -> frozenset[str]:
    """The variables whose don't know leaves any of the parts without a value."""
    unsure = NOTHING
    for part in parts:
        if part.unsure:
            unsure = unsure | part.unsure if unsure else part.unsure
    return unsure
