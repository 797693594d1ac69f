"""How do parser events become a tree that knows its places? Every scalar stays text as it was written.

It is handed the events and calls no parser. Anchors, tags, second documents and such are said, and left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, Protocol

from survey_cli.instrument.source.hints import values
from survey_cli.instrument.source.hints.hint import QUOTE_IT, owner, shorten
from survey_cli.instrument.source.nodes import Listed, Mapped, Node, Written
from survey_cli.instrument.source.text_decoding import UNSEEN
from survey_cli.problems import MOST_OF_A_KIND, Position, Problem, count_the_rest

MAX_DEPTH: Final = 40
MAX_EVENTS: Final = 1_000_000
"""About as many values; a list or mapping counts twice."""
MAX_PROBLEMS: Final = 500
"""Of one kind in one file; the first are enough to begin with."""
_MAX_JOINED: Final = 2000  # letters of a text that commas took apart

_COMMENT: Final = re.compile(r"\s#[^\n]*")
_ELSE: Final = f"if it begins a text, {QUOTE_IT}; else write out what is meant"


class EventKinds(Protocol):
    """The parser's classes of events."""

    ScalarEvent: Any
    MappingStartEvent: Any
    MappingEndEvent: Any
    SequenceStartEvent: Any
    SequenceEndEvent: Any
    AliasEvent: Any
    DocumentStartEvent: Any


@dataclass(slots=True)
class Growth:
    """One file's tree while it grows."""

    text: str
    file: str
    kinds: EventKinds
    problems: list[Problem] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)
    beyond: Counter[str] = field(default_factory=Counter)
    """By rule: how many more problems there are than are kept."""
    hopeless: bool = False
    """What was read is not worth going on with."""
    dropped: list[tuple[Mapped, Written]] = field(default_factory=list)
    """Entries without a meaning, under made-up keys until the tree is whole."""
    twice: list[tuple[Mapped, Written]] = field(default_factory=list)
    cut: list[tuple[str, Written, Position]] = field(default_factory=list)
    """Texts that end before a ` #`: key, text, and where it ends."""
    long: list[tuple[str, Written, int]] = field(default_factory=list)
    """Texts over several lines that hold a `#`: key, text, and the last line (from 0)."""
    split: dict[tuple[int, str], tuple[Mapped, str]] = field(default_factory=dict)
    """Texts that a comma in braces took apart."""
    bare: list[tuple[Mapped | Listed, Any, Mapped]] = field(default_factory=list)
    """Braces that begin with a key without a value: what holds them, in which slot."""

    def grown(self, events: Iterable[Any]) -> Node | None:
        """The root, or None for an empty file. What the parser raises goes through."""
        file, hashes, kinds = self.file, values.hash_lines(self.text), self.kinds
        scalar, mapping, sequence = kinds.ScalarEvent, kinds.MappingStartEvent, kinds.SequenceStartEvent
        ends = (kinds.MappingEndEvent, kinds.SequenceEndEvent)
        made, placed = str.__new__, tuple.__new__  # the classes' own constructors take a third of the time
        root = Listed(Position(file))
        here: Any = root
        listed = True
        key: Written | None = None
        stack: list[tuple[Any, bool, Written | None]] = []
        left = iter(events)
        for event in islice(left, MAX_EVENTS):
            kind = type(event)
            if kind is scalar:
                value = event.value
                mark = event.start_mark
                node = made(Written, value)
                node.where = placed(Position, (file, mark.line + 1, mark.column + 1))
                node.plain = plain = event.implicit[0]
                if event.tag is not None or event.anchor is not None:
                    node = self.marked(event, node.where)
                if not plain and not value.isprintable() and (unseen := UNSEEN.search(value)):
                    self.escaped(node, unseen[0], here)
                if not plain and "#" in value and event.end_mark.line > mark.line:
                    self.spread("" if listed else key or "", node, event.end_mark)
                if listed:
                    if plain and hashes and event.end_mark.line in hashes:
                        self.ended("", node, event.end_mark)
                    here.append(node)
                elif key is None:
                    key = self.repeated(here, node) if node in here else node
                else:
                    if plain:
                        if not value and self.valueless(stack, here, key, mark.index):
                            key = None
                            continue
                        if hashes and event.end_mark.line in hashes:
                            self.ended(key, node, event.end_mark)
                    here[key] = node
                    key = None
            elif kind is mapping or kind is sequence:
                mark = event.start_mark
                branch: Any = Mapped.__new__(Mapped) if kind is mapping else Listed.__new__(Listed)
                branch.where = placed(Position, (file, mark.line + 1, mark.column + 1))
                if event.tag is not None or event.anchor is not None:
                    self.marked(event, branch.where)
                after = None
                if listed:
                    here.append(branch)
                elif key is None:
                    after = self.keyless(here, branch.where)
                else:
                    here[key] = branch
                stack.append((here, listed, after))
                if len(stack) > MAX_DEPTH:
                    self.too_deep(branch.where)
                    return None
                here, listed, key = branch, kind is sequence, None
            elif kind in ends:
                here, listed, key = stack.pop()
            elif kind is kinds.AliasEvent:
                node = self.alias(event)
                if listed:
                    here.append(node)
                elif key is None:
                    key = self.drop(here, node.where)
                else:
                    here[key] = node
                    key = None
            elif kind is kinds.DocumentStartEvent and root:
                self.second(event.start_mark)
                return root[0]
        if next(left, None) is not None:
            self.too_many()
            return None
        return root[0] if root else None

    def mended(self, root: Mapped) -> Iterator[Problem]:
        """Puts right what can be, for the sake of further checks, and says what was found on the way."""
        told: list[Problem] = []
        for problem in self._mended(root):
            told.append(problem)
            yield problem
        for rule, count in self.beyond.items():
            last = max((p for p in told if p.rule == rule), key=lambda p: p.where, default=None)
            if last is not None:
                yield count_the_rest(last, count)

    def _mended(self, root: Mapped) -> Iterator[Problem]:
        yield from values.repeated(self.twice)
        for holder, key in self.dropped:
            holder.pop(key, None)
        for outer, slot, inner in self.bare:
            yield from values.bare(outer, slot, inner)
        for holder, name in self.split.values():
            yield from values.apart(holder, name)
        odd = "<<" in self.text or values.ODD_KEY.search(self.text)
        lines = self.text.split("\n") if odd or self.cut or self.long else []
        for name, node, where in self.cut:
            for found in values.cut_short(name, node, lines[where.line - 1], where):
                if self._keeps(found.rule):
                    yield replace(found, who=owner(lines, where.line))
        for name, node, last in self.long:
            for found in values.report_notes(name, node, lines, last):
                if self._keeps(found.rule):
                    yield replace(found, who=owner(lines, found.where.line))
        if odd:
            yield from values.odd_keys(root, lines)

    def _keeps(self, rule: str) -> bool:
        """Count a problem of this rule; whether it is among the first, which are kept."""
        self.count[rule] += 1
        if self.count[rule] <= MOST_OF_A_KIND:
            return True
        self.beyond[rule] += 1
        return False

    def say(self, rule: str, where: Position, who: str, what: str, remedy: str, *, length: int = 1) -> None:
        """Keeps a problem, unless there are more than anybody reads."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(rule, where, who, what, remedy, length=length))

    # What is rare: each says one thing, and gives what stands in the tree instead.

    def marked(self, event: Any, where: Position) -> Written:
        """A value with an anchor or a tag."""
        start = event.start_mark.index
        raw = self.text[start : min(event.end_mark.index, start + 200)]
        if event.anchor is not None:
            what = f"'&{shorten(event.anchor)}' reads as a YAML anchor, which is not used here"
            self.say("anchor", where, "", what, _ELSE, length=len(event.anchor) + 1)
        else:
            what = f"what begins with '!' reads as a YAML tag: '{shorten(raw)}'"
            self.say("tag", where, "", what, f"if it begins a text, {QUOTE_IT}; else take the tag away")
        return Written(raw, where, plain=True)

    def alias(self, event: Any) -> Written:
        where = Position(self.file, event.start_mark.line + 1, event.start_mark.column + 1)
        what = f"'*{shorten(event.anchor)}' reads as a YAML alias, which is not used here"
        self.say("alias", where, "", what, _ELSE, length=len(event.anchor) + 1)
        return Written(f"*{event.anchor}", where, plain=True)

    def escaped(self, node: Written, letter: str, here: Mapped | Listed) -> None:
        what = f"the text holds the invisible character U+{ord(letter):04X}"
        remedy = "take out the backslash code that makes it"
        self.say("control-character", node.where, values.who(here), what, remedy)

    def ended(self, key: str, node: Written, mark: Any) -> None:
        """A plain text on a line that has a ` #` somewhere."""
        self.cut.append((key, node, Position(self.file, mark.line + 1, mark.column + 1)))

    def spread(self, key: str, node: Written, mark: Any) -> None:
        """A text over several lines with a `#` in it."""
        self.long.append((key, node, mark.line - (mark.column == 0)))

    def repeated(self, here: Mapped, key: Written) -> Written:
        """A key that is there already: the first stands."""
        if self._keeps("duplicate-key"):
            self.twice.append((here, key))
        return self.drop(here, key.where)

    def keyless(self, here: Mapped, where: Position) -> Written:
        """A list or mapping in a key's place."""
        what = "a list or mapping stands where a key belongs"
        remedy = "write a key and a colon before it; a text that begins with a bracket or brace needs quotes"
        self.say("complex-key", where, values.who(here), what, remedy)
        return self.drop(here, where)

    def drop(self, here: Mapped, where: Position) -> Written:
        """A key under which an entry stands until the tree is whole."""
        key = Written(f"\0{len(self.dropped)}", where)
        self.dropped.append((here, key))
        return key

    def valueless(
        self, stack: Sequence[tuple[Any, bool, str | None]], here: Mapped, key: str, at: int
    ) -> bool:
        """Whether a key in braces has no colon and is the rest of the text before it, cut off by a comma."""
        before = self.text[max(0, at - 500) : at]
        if "#" in before:
            before = _COMMENT.sub("", before)
        before = before.rstrip()
        if before.endswith(":") or not before:
            return False
        last = next(reversed(here), "\0")
        written = here.get(last)
        if last[:1] != "\0" and isinstance(written, Written) and written and written.plain:
            if len(written) < _MAX_JOINED:
                here[last] = Written(f"{written}, {key}", written.where, plain=True)
            if (id(here), last) in self.split or self._keeps("comma"):
                self.split[id(here), last] = (here, last)
            return True
        if not here and stack and len(self.bare) < MAX_PROBLEMS:
            outer = stack[-1][0]
            slot = len(outer) - 1 if isinstance(outer, Listed) else next(reversed(outer), None)
            self.bare.append((outer, slot, here))
        return False

    def second(self, mark: Any) -> None:
        where = Position(self.file, mark.line + 1, mark.column + 1)
        what = f"a second document begins at the '---' on line {where.line}"
        remedy = "one file holds one instrument: take the '---' away, or keep the rest in a file of its own"
        self.say("two-documents", where, "", what, remedy, length=3)

    def too_deep(self, where: Position) -> None:
        what = f"lists and mappings stand more than {MAX_DEPTH} deep in each other"
        self.problems.append(Problem("too-deep", where, "", what, "is a bracket or brace too many?"))
        self.hopeless = True

    def too_many(self) -> None:
        what = f"the file holds more than {MAX_EVENTS:,} values"
        self.problems.append(
            Problem("too-many-values", Position(self.file), "", what, "is this the right file?")
        )
        self.hopeless = True
