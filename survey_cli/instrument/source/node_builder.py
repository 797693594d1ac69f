"""Node builder: turns YAML parser events into nodes with positions.

It receives the events and calls no parser. Anchors, tags and second documents are reported and left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Final

from survey_cli.instrument.source.hints import values
from survey_cli.instrument.source.hints.values import QUOTE_IT
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from survey_cli.problems import Position, Problem, ProblemList
from survey_cli.wording import shorten

FORBIDDEN_CHARACTERS: Final = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
)
"""What no text may contain: control characters, surrogates, line breaks that editors do not show."""

MAX_DEPTH: Final = 40
MAX_EVENTS: Final = 1_000_000
"""About the number of values; a list or mapping counts twice."""
MAX_PROBLEMS: Final = 500
"""The most problems kept per file; the first ones are enough to begin with."""
_MAX_JOINED_LENGTH: Final = 2000
"""Characters of a text that was split by commas and is joined again."""

_COMMENT: Final = re.compile(r"\s#[^\n]*")
_QUOTE_OR_WRITE_OUT: Final = f"if it begins a text, {QUOTE_IT}; otherwise write out what is meant"


_new_scalar, _new_position = str.__new__, tuple.__new__  # the classes' own constructors take longer


@dataclass(slots=True)
class NodeBuilder:
    """The nodes of one file under construction."""

    text: str
    file: str
    event_types: Any
    """The parser's module of classes of events."""
    problems: list[Problem] = field(default_factory=list)
    repaired: ProblemList = field(default_factory=ProblemList)
    """The problems of what can be repaired."""
    is_unusable: bool = False
    """The nodes are of no use for further checks."""
    dropped_entries: list[tuple[YamlMapping, YamlScalar]] = field(default_factory=list)
    """Entries without a meaning, under temporary keys until the tree is complete."""
    duplicate_keys: list[tuple[YamlMapping, YamlScalar]] = field(default_factory=list)
    cut_texts: list[tuple[str, YamlScalar, Position]] = field(default_factory=list)
    """Texts that end before a ` #`: key, text, and the position of the end."""
    multiline_texts: list[tuple[str, YamlScalar, int]] = field(default_factory=list)
    """Texts over several lines that contain a `#`: key, text, and the last line (from 0)."""
    split_texts: dict[tuple[int, str], tuple[YamlMapping, str]] = field(default_factory=dict)
    """Texts that a comma in braces split."""
    bare_braces: list[tuple[YamlMapping | YamlList, Any, YamlMapping]] = field(default_factory=list)
    """Braces that begin with a key without a value: the node that contains them, and its key or index."""

    def build(self, events: Iterable[Any]) -> YamlNode | None:
        """Build the root node; None for an empty file. The parser's exceptions are not caught."""
        hashes, kinds = values.find_hash_lines(self.text), self.event_types
        scalar, mapping, sequence = (
            kinds.ScalarEvent,
            kinds.MappingStartEvent,
            kinds.SequenceStartEvent,
        )
        ends = (kinds.MappingEndEvent, kinds.SequenceEndEvent)
        root = YamlList(Position(self.file))
        parent: Any = root
        in_list = True
        key: YamlScalar | None = (
            None  # of the next value; None in a list, and where a key comes next
        )
        stack: list[tuple[Any, bool, YamlScalar | None]] = []
        remaining = iter(events)
        for event in islice(remaining, MAX_EVENTS):
            kind = type(event)
            if kind is scalar:
                node = self._build_scalar(event, parent, key or "")
                if key is None and not in_list:
                    key = self.record_duplicate_key(parent, node) if node in parent else node
                    continue
                if event.implicit[0]:
                    if (
                        key is not None
                        and not event.value
                        and self.join_split_text(stack, parent, key, event)
                    ):
                        key = None
                        continue
                    if hashes and event.end_mark.line in hashes:
                        self.cut_texts.append((key or "", node, self.locate(event.end_mark)))
                _insert(node, parent, key)
                key = None
            elif kind is mapping or kind is sequence:
                branch = (YamlMapping if kind is mapping else YamlList)(
                    self.locate(event.start_mark)
                )
                self.report_yaml_mark(event, branch.where)
                dropped_key = None
                if key is None and not in_list:
                    dropped_key = self.report_complex_key(parent, branch.where)
                else:
                    _insert(branch, parent, key)
                stack.append((parent, in_list, dropped_key))
                if len(stack) > MAX_DEPTH:
                    what = f"lists and mappings are nested more than {MAX_DEPTH} levels deep"
                    self.give_up(
                        "too-deep", branch.where, what, "check for an extra bracket or brace"
                    )
                    return None
                parent, in_list, key = branch, kind is sequence, None
            elif kind in ends:
                parent, in_list, key = stack.pop()
            elif kind is kinds.AliasEvent:
                node = self.report_yaml_mark(event, self.locate(event.start_mark))
                if key is None and not in_list:
                    key = self.drop_entry(parent, node.where)
                else:
                    _insert(node, parent, key)
                    key = None
            elif kind is kinds.DocumentStartEvent and root:
                where = self.locate(event.start_mark)
                what = f"a second document begins at the '---' on line {where.line}"
                remedy = "one file contains one instrument: remove the '---', or put the rest in a separate file"
                self.report("two-documents", where, "", what, remedy, length=3)
                return root[0]
        if next(remaining, None) is not None:
            what = f"the file contains more than {MAX_EVENTS:,} values"
            self.give_up(
                "too-many-values", Position(self.file), what, "check that this is the right file"
            )
            return None
        return root[0] if root else None

    def _build_scalar(self, event: Any, parent: YamlMapping | YamlList, key: str) -> YamlScalar:
        """Build a scalar, and record what is unusual about it."""
        value, mark, plain = event.value, event.start_mark, event.implicit[0]
        node = _new_scalar(YamlScalar, value)
        node.where = _new_position(Position, (self.file, mark.line + 1, mark.column + 1))
        node.plain = plain
        if event.tag is not None or event.anchor is not None:
            node = self.report_yaml_mark(event, node.where)
        if not plain:
            if not value.isprintable() and (forbidden := FORBIDDEN_CHARACTERS.search(value)):
                what = f"the text contains the invisible character U+{ord(forbidden[0]):04X}"
                remedy = "remove the backslash code that produces it"
                self.report(
                    "control-character", node.where, values.find_item_id(parent), what, remedy
                )
            if "#" in value and event.end_mark.line > mark.line:
                self.multiline_texts.append(
                    (key, node, event.end_mark.line - (event.end_mark.column == 0))
                )
        return node

    def repair(self, root: YamlMapping) -> list[Problem]:
        """Repair what can be repaired, so that further checks are possible, and return the problems found."""
        for problem in self._repair_all(root):
            self.repaired.add(problem.rule, problem)
        return self.repaired.list_all()

    def _repair_all(self, root: YamlMapping) -> Iterator[Problem]:
        yield from values.report_duplicate_keys(self.duplicate_keys)
        for holder, key in self.dropped_entries:
            holder.pop(key, None)
        for outer, slot, inner in self.bare_braces:
            yield from values.report_bare_braces(outer, slot, inner)
        for holder, name in self.split_texts.values():
            yield from values.report_split_text(holder, name)
        has_odd_keys = "<<" in self.text or values.ODD_KEY.search(self.text)
        lines = (
            self.text.split("\n") if has_odd_keys or self.cut_texts or self.multiline_texts else []
        )
        cuts = (
            values.report_cut_text(name, node, lines, where) for name, node, where in self.cut_texts
        )
        notes = (
            values.report_notes(name, node, lines, last)
            for name, node, last in self.multiline_texts
        )
        yield from (p for found in chain(cuts, notes) for p in found if self.repaired.admit(p.rule))
        if has_odd_keys:
            yield from values.report_odd_keys(root, lines)

    def report(
        self, rule: str, where: Position, who: str, what: str, remedy: str, *, length: int = 1
    ) -> None:
        """Record a problem, up to the maximum."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(rule, where, who, what, remedy, length=length))

    def give_up(self, rule: str, where: Position, what: str, remedy: str) -> None:
        """Report that the file is of no use."""
        self.problems.append(Problem(rule, where, "", what, remedy))
        self.is_unusable = True

    def locate(self, mark: Any) -> Position:
        """Return the position of the parser's mark."""
        return Position(self.file, mark.line + 1, mark.column + 1)

    # Rare cases: each method reports one problem, and returns the replacement node if there is one.

    def report_yaml_mark(self, event: Any, where: Position) -> YamlScalar:
        """Report an alias, an anchor or a tag, if there is one, and return the value as plain text."""
        start = event.start_mark.index
        raw = self.text[start : min(event.end_mark.index, start + 200)]
        if event.anchor is not None:
            rule, mark = ("anchor", "&") if hasattr(event, "tag") else ("alias", "*")
            what = f"'{mark}{shorten(event.anchor)}' reads as a YAML {rule}, which is not used here"
            self.report(rule, where, "", what, _QUOTE_OR_WRITE_OUT, length=len(event.anchor) + 1)
        elif event.tag is not None:
            what = f"what begins with '!' reads as a YAML tag: '{shorten(raw)}'"
            self.report(
                "tag", where, "", what, f"if it begins a text, {QUOTE_IT}; else remove the tag"
            )
        return YamlScalar(raw, where, plain=True)

    def record_duplicate_key(self, parent: YamlMapping, key: YamlScalar) -> YamlScalar:
        """Record a key that exists already: the first one counts."""
        if self.repaired.admit("duplicate-key"):
            self.duplicate_keys.append((parent, key))
        return self.drop_entry(parent, key.where)

    def report_complex_key(self, parent: YamlMapping, where: Position) -> YamlScalar:
        """Report a list or mapping in the position of a key."""
        what = "expected a key, found a list or mapping"
        remedy = "write a key and a colon before it; a text that begins with a bracket or brace needs quotes"
        self.report("complex-key", where, values.find_item_id(parent), what, remedy)
        return self.drop_entry(parent, where)

    def drop_entry(self, parent: YamlMapping, where: Position) -> YamlScalar:
        """Return a temporary key for an entry that is dropped once the tree is complete."""
        key = YamlScalar(f"\0{len(self.dropped_entries)}", where)
        self.dropped_entries.append((parent, key))
        return key

    def join_split_text(
        self,
        stack: Sequence[tuple[Any, bool, str | None]],
        parent: YamlMapping,
        key: str,
        event: Any,
    ) -> bool:
        """Return whether a key in braces has no colon because it is the rest of the text before it, split by a comma.

        If so, the two are joined again.
        """
        at = event.start_mark.index
        before = self.text[max(0, at - 500) : at]
        if "#" in before:
            before = _COMMENT.sub("", before)
        before = before.rstrip()
        if before.endswith(":") or not before:
            return False
        last_key = next(reversed(parent), "\0")
        text = parent.get(last_key)
        if last_key[:1] != "\0" and isinstance(text, YamlScalar) and text and text.plain:
            if len(text) < _MAX_JOINED_LENGTH:
                parent[last_key] = YamlScalar(f"{text}, {key}", text.where, plain=True)
            if (id(parent), last_key) in self.split_texts or self.repaired.admit("comma"):
                self.split_texts[id(parent), last_key] = (parent, last_key)
            return True
        if not parent and stack and len(self.bare_braces) < MAX_PROBLEMS:
            outer = stack[-1][0]
            slot = len(outer) - 1 if isinstance(outer, YamlList) else next(reversed(outer), None)
            self.bare_braces.append((outer, slot, parent))
        return False


def _insert(node: YamlNode, parent: Any, key: YamlScalar | None) -> None:
    """Append a node to a list, or store it in a mapping under its key."""
    if key is None:
        parent.append(node)
    else:
        parent[key] = node
