"""Node builder: turns YAML parser events into nodes with positions.

It receives the events and calls no parser. Anchors, tags and second documents are reported and left
out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.instrument.source.hints import misread_values
from survey_cli.instrument.source.hints.hint import QUOTE_IT
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from survey_cli.problems import Position, Problem, ProblemList
from survey_cli.wording import shorten

FORBIDDEN_CHARACTERS: Final = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
)
"""What no text may contain: control characters, surrogates, line breaks that editors don't show."""

MAX_DEPTH: Final = 40
MAX_EVENTS: Final = 1_000_000
"""About the number of values; a list or mapping counts twice."""
MAX_PROBLEMS: Final = 500
"""The most problems kept per file; the first ones are enough to begin with."""
_MAX_JOINED_LENGTH: Final = 2000
"""Characters of a text that was split by commas and is joined again."""
_MAX_LOOK_BACK: Final = 500
"""Characters before an empty key that tell whether it is the rest of a text."""
_MAX_SHOWN: Final = 200
"""Characters that are kept of what YAML reads as an alias or a tag."""

_COMMENT: Final = re.compile(r"\s#[^\n]*")
_QUOTE_OR_WRITE_OUT: Final = f"if it begins a text, {QUOTE_IT}; otherwise write out what is meant"

_DROPPED: Final = "\0"
"""Begins the temporary keys of entries that are dropped. A valid text doesn't contain it."""

# The classes' own constructors take longer, and a scalar is built for every value of a file.
_new_scalar = str.__new__
_new_position = tuple.__new__


class _CutText(NamedTuple):
    """A text that ends before a ` #`."""

    key: str
    text: YamlScalar
    end: Position


class _MultilineText(NamedTuple):
    """A quoted or block text over several lines that contains a `#`."""

    key: str
    text: YamlScalar
    last_line: int
    """From 0."""


class _BareBraces(NamedTuple):
    """Braces that begin with a key without a value, and the node that contains them."""

    outer: YamlMapping | YamlList
    step: str | int | None
    """The key or the index of the braces in `outer`."""
    inner: YamlMapping


_Waiting: TypeAlias = tuple[Any, bool, YamlScalar | None]
"""A branch that contains another one: the branch, whether it is a list, the key that comes next."""


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
    cut_texts: list[_CutText] = field(default_factory=list)
    multiline_texts: list[_MultilineText] = field(default_factory=list)
    split_texts: dict[tuple[int, str], tuple[YamlMapping, str]] = field(default_factory=dict)
    """Texts that a comma in braces split: their mapping and key, by its identity and the key."""
    bare_braces: list[_BareBraces] = field(default_factory=list)

    def build(self, events: Iterable[Any]) -> YamlNode | None:
        """Build the root node; None for an empty file. The parser's exceptions are not caught."""
        scalar_event = self.event_types.ScalarEvent
        mapping_start = self.event_types.MappingStartEvent
        sequence_start = self.event_types.SequenceStartEvent
        ends = (self.event_types.MappingEndEvent, self.event_types.SequenceEndEvent)
        alias_event = self.event_types.AliasEvent
        document_start = self.event_types.DocumentStartEvent
        hash_lines = misread_values.find_hash_lines(self.text)

        # The branch under construction, and the key of its next value: None in a list, and in a
        # mapping if a key comes next. Those of the branches around it wait on the stack.
        root = YamlList(Position(self.file))
        parent: Any = root
        in_list = True
        key: YamlScalar | None = None
        stack: list[_Waiting] = []

        remaining = iter(events)
        for event in islice(remaining, MAX_EVENTS):
            kind = type(event)
            if kind is scalar_event:
                node = self._build_scalar(event, parent, key or "")
                if key is None and not in_list:
                    key = self.record_duplicate_key(parent, node) if node in parent else node
                    continue

                is_plain = event.implicit[0]
                if is_plain:
                    is_empty = key is not None and not event.value
                    if is_empty and self.join_split_text(stack[-1], parent, key or "", event):
                        key = None
                        continue
                    if hash_lines and event.end_mark.line in hash_lines:
                        cut = _CutText(key or "", node, self.locate(event.end_mark))
                        self.cut_texts.append(cut)
                _insert(node, parent, key)
                key = None

            elif kind is mapping_start or kind is sequence_start:
                branch = self._build_branch(event, is_mapping=kind is mapping_start)

                # A branch in the position of a key is built, but not inserted. The value that
                # follows it gets a key that is dropped.
                key_after = None
                if key is None and not in_list:
                    key_after = self.report_complex_key(parent, branch.where)
                else:
                    _insert(branch, parent, key)

                stack.append((parent, in_list, key_after))
                if len(stack) > MAX_DEPTH:
                    what = f"lists and mappings are nested more than {MAX_DEPTH} levels deep"
                    remedy = "check for an extra bracket or brace"
                    self.give_up("too-deep", branch.where, what, remedy)
                    return None
                parent = branch
                in_list = kind is sequence_start
                key = None

            elif kind in ends:
                parent, in_list, key = stack.pop()

            elif kind is alias_event:
                node = self.report_yaml_mark(event, self.locate(event.start_mark))
                if key is None and not in_list:
                    key = self.drop_entry(parent, node.where)
                else:
                    _insert(node, parent, key)
                    key = None

            elif kind is document_start and root:
                self.report_second_document(event)
                return root[0]

        if next(remaining, None) is not None:
            what = f"the file contains more than {MAX_EVENTS:,} values"
            remedy = "check that this is the right file"
            self.give_up("too-many-values", Position(self.file), what, remedy)
            return None
        return root[0] if root else None

    def _build_scalar(self, event: Any, parent: YamlMapping | YamlList, key: str) -> YamlScalar:
        """Build a scalar, and record what is unusual about it."""
        value = event.value
        mark = event.start_mark
        plain = event.implicit[0]
        node = _new_scalar(YamlScalar, value)
        node.where = _new_position(Position, (self.file, mark.line + 1, mark.column + 1))
        node.plain = plain
        if event.tag is not None or event.anchor is not None:
            node = self.report_yaml_mark(event, node.where)

        if not plain:
            if not value.isprintable():
                self.check_characters(node, parent)
            end = event.end_mark
            if "#" in value and end.line > mark.line:
                # A block text ends at the beginning of the line after it.
                last_line = end.line - 1 if end.column == 0 else end.line
                self.multiline_texts.append(_MultilineText(key, node, last_line))
        return node

    def _build_branch(self, event: Any, *, is_mapping: bool) -> YamlMapping | YamlList:
        """Build an empty mapping or list, and report its anchor or tag."""
        where = self.locate(event.start_mark)
        if event.anchor is not None or event.tag is not None:
            self.report_yaml_mark(event, where)
        return YamlMapping(where) if is_mapping else YamlList(where)

    def repair(self, root: YamlMapping) -> list[Problem]:
        """Repair what can be repaired, so that further checks are possible, and report it."""
        for problem in self._repair_all(root):
            self.repaired.add(problem.rule, problem)
        return self.repaired.list_all()

    def _repair_all(self, root: YamlMapping) -> Iterator[Problem]:
        """Repair the nodes, and yield the problems as they are found."""
        yield from misread_values.report_duplicate_keys(self.duplicate_keys)
        for holder, key in self.dropped_entries:
            holder.pop(key, None)

        for outer, step, inner in self.bare_braces:
            yield from misread_values.report_bare_braces(outer, step, inner)
        for holder, name in self.split_texts.values():
            yield from misread_values.report_split_text(holder, name)

        has_odd_keys = "<<" in self.text or bool(misread_values.ODD_KEY.search(self.text))
        if not has_odd_keys and not self.cut_texts and not self.multiline_texts:
            return

        lines = self.text.split("\n")
        for problem in self._report_comments(lines):
            if self.repaired.admit(problem.rule):
                yield problem
        if has_odd_keys:
            yield from misread_values.report_odd_keys(root, lines)

    def _report_comments(self, lines: list[str]) -> Iterator[Problem]:
        """Report texts cut off by a comment, and comments that are part of a text."""
        for key, text, end in self.cut_texts:
            yield from misread_values.report_cut_text(key, text, lines, end)
        for key, text, last_line in self.multiline_texts:
            yield from misread_values.report_notes(key, text, lines, last_line)

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

    def check_characters(self, node: YamlScalar, parent: YamlMapping | YamlList) -> None:
        """Report an invisible character that a backslash code produces."""
        forbidden = FORBIDDEN_CHARACTERS.search(node)
        if forbidden is None:
            return
        what = f"the text contains the invisible character U+{ord(forbidden[0]):04X}"
        remedy = "remove the backslash code that produces it"
        item_id = misread_values.find_item_id(parent)
        self.report("control-character", node.where, item_id, what, remedy)

    def report_yaml_mark(self, event: Any, where: Position) -> YamlScalar:
        """Report an alias, an anchor or a tag, and return the value as plain text."""
        start = event.start_mark.index
        end = min(event.end_mark.index, start + _MAX_SHOWN)
        raw = self.text[start:end]
        if event.anchor is not None:
            is_alias = not hasattr(event, "tag")
            rule = "alias" if is_alias else "anchor"
            mark = "*" if is_alias else "&"
            what = f"'{mark}{shorten(event.anchor)}' reads as a YAML {rule}, which is not used here"
            self.report(rule, where, "", what, _QUOTE_OR_WRITE_OUT, length=len(event.anchor) + 1)
        elif event.tag is not None:
            what = f"what begins with '!' reads as a YAML tag: '{shorten(raw)}'"
            remedy = f"if it begins a text, {QUOTE_IT}; else remove the tag"
            self.report("tag", where, "", what, remedy)
        return YamlScalar(raw, where, plain=True)

    def report_second_document(self, event: Any) -> None:
        """Report the `---` between two documents."""
        where = self.locate(event.start_mark)
        what = f"a second document begins at the '---' on line {where.line}"
        remedy = (
            "one file contains one instrument: remove the '---', or put the rest in a separate file"
        )
        self.report("two-documents", where, "", what, remedy, length=3)

    def record_duplicate_key(self, parent: YamlMapping, key: YamlScalar) -> YamlScalar:
        """Record a key that exists already: the first one counts."""
        if self.repaired.admit("duplicate-key"):
            self.duplicate_keys.append((parent, key))
        return self.drop_entry(parent, key.where)

    def report_complex_key(self, parent: YamlMapping, where: Position) -> YamlScalar:
        """Report a list or mapping in the position of a key."""
        what = "expected a key, found a list or mapping"
        remedy = (
            "write a key and a colon before it; "
            "a text that begins with a bracket or brace needs quotes"
        )
        self.report("complex-key", where, misread_values.find_item_id(parent), what, remedy)
        return self.drop_entry(parent, where)

    def drop_entry(self, parent: YamlMapping, where: Position) -> YamlScalar:
        """Return a temporary key for an entry that is dropped once the tree is complete."""
        key = YamlScalar(f"{_DROPPED}{len(self.dropped_entries)}", where)
        self.dropped_entries.append((parent, key))
        return key

    def join_split_text(self, waiting: _Waiting, parent: YamlMapping, key: str, event: Any) -> bool:
        """Join a key without a colon with the text before it, and return whether it belongs there.

        In `{text: Yes, of course}`, the comma splits a text, and `of course` is a key without a
        value. The braces are `parent`, in the branch that is waiting.
        """
        at = event.start_mark.index
        before = self.text[max(0, at - _MAX_LOOK_BACK) : at]
        if "#" in before:
            before = _COMMENT.sub("", before)
        before = before.rstrip()
        if before.endswith(":") or not before:
            return False

        last_key = next(reversed(parent), _DROPPED)
        text = parent.get(last_key)
        is_text = isinstance(text, YamlScalar) and text.plain and text != ""
        if is_text and not last_key.startswith(_DROPPED):
            assert isinstance(text, YamlScalar)
            if len(text) < _MAX_JOINED_LENGTH:
                parent[last_key] = YamlScalar(f"{text}, {key}", text.where, plain=True)
            is_known = (id(parent), last_key) in self.split_texts
            if is_known or self.repaired.admit("comma"):
                self.split_texts[id(parent), last_key] = (parent, last_key)
            return True

        if not parent and len(self.bare_braces) < MAX_PROBLEMS:
            outer, _, _ = waiting
            step: str | int | None
            if isinstance(outer, YamlList):
                step = len(outer) - 1
            else:
                step = next(reversed(outer), None)
            self.bare_braces.append(_BareBraces(outer, step, parent))
        return False


def _insert(node: YamlNode, parent: Any, key: YamlScalar | None) -> None:
    """Append a node to a list, or store it in a mapping under its key."""
    if key is None:
        parent.append(node)
    else:
        parent[key] = node
