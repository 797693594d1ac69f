"""The picture of the route as a Mermaid flowchart, in a page of Markdown.

Mermaid lays it out: items that follow each other are one node, a section is a subgraph, a condition
a diamond with a way for yes and another one for no.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from survey_cli.documents.questionnaire.route_diagram import (
    EndKind,
    RouteBranch,
    RouteCondition,
    RouteDiagram,
    RouteEnd,
    RouteGroup,
    RouteStep,
    list_blocks,
)
from survey_cli.documents.questionnaire.route_outline import describe_node
from survey_cli.documents.templating import escape_markdown
from survey_cli.documents.text_runs import render_plain

_MARKUP: Final = re.compile(r"[\"#&<>`*~\\\[\]|]|(?<![^\W_])_|_(?![^\W_])")
"""Characters that Mermaid, Markdown or HTML could read; `_` within a word is literal."""
_MARKUP_AT_START: Final = re.compile(r"^[+=:-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d\d\d)[.)]")
"""Characters that could be Markdown at the beginning of a line: a list, a heading."""
_INDENT: Final = "  "
_END_CLASSES: Final = {
    EndKind.FINAL: "stop",
    EndKind.SUSPENDED: "pause",
    EndKind.COMPLETED: "done",
}
_CLASS_LINES: Final = (
    "classDef fork fill:#e4eefb,stroke:#2c68b0,color:#174a86",
    "classDef stop fill:#fdecea,stroke:#a3261c,color:#8c1d14",
    "classDef pause fill:#fdf3d8,stroke:#7d5a00,color:#664a00",
    "classDef done fill:#e3f4e7,stroke:#1d6b34,color:#17572a",
)


class _OpenEnd(NamedTuple):
    """A node from which the route goes on to the next step."""

    node: str
    answer: str = ""
    """The way it is at a diamond: `no or not known`. Empty at any other node."""


def render_route_markdown(diagram: RouteDiagram) -> str:
    """Return a page of Markdown with the flowchart, ending in a line end."""
    lines = [
        f"# {escape_markdown(diagram.title)}",
        "",
        escape_markdown(f"Route, {diagram.version}: {diagram.summary}."),
        "",
        "```mermaid",
        render_mermaid(diagram),
        "```",
    ]
    for note in diagram.notes:
        lines += ["", escape_markdown(note)]
    return "\n".join(lines) + "\n"


def render_mermaid(diagram: RouteDiagram) -> str:
    """Return the flowchart in Mermaid's language."""
    return "\n".join(FlowchartWriter().write(diagram))


class FlowchartWriter:
    """A writer of one flowchart. Nodes are numbered in the order in which they are written."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._links: list[str] = []
        """They follow the nodes: a link inside a subgraph would draw its node into it."""
        self._count = 0

    def write(self, diagram: RouteDiagram) -> Iterator[str]:
        """Yield the lines of the flowchart."""
        self._write_steps(diagram.steps, [], _INDENT)
        yield "flowchart TD"
        yield from self._lines
        yield from self._links
        yield from (_INDENT + line for line in _CLASS_LINES)

    def _write_steps(
        self, steps: Sequence[RouteStep], before: Sequence[_OpenEnd], indent: str
    ) -> list[_OpenEnd]:
        """Write steps, with links from the open ends before them; return the open ends after."""
        open_ends = list(before)
        for block in list_blocks(steps):
            match block:
                case RouteEnd():
                    open_ends = self._write_end(block, open_ends, indent)
                case RouteBranch():
                    open_ends = self._write_branch(block, open_ends, indent)
                case RouteGroup(is_folded=True):
                    open_ends = [self._write_folded(block, open_ends, indent)]
                case RouteGroup():
                    open_ends = self._write_group(block, open_ends, indent)
                case _:
                    texts = [describe_node(node) for node in block]
                    open_ends = [self._write_node("[{}]", texts, open_ends, indent)]
        return open_ends

    def _write_branch(
        self, branch: RouteBranch, before: Sequence[_OpenEnd], indent: str
    ) -> list[_OpenEnd]:
        """Write a diamond for each condition, and the steps for which all of them are met."""
        entering = list(before)
        passing: list[_OpenEnd] = []
        for condition in branch.conditions:
            words = f"{render_plain(condition.clause)}?"
            fork = self._write_node("{{{}}}:::fork", [words], entering, indent)
            met, not_met = _name_answers(condition)
            entering = [fork._replace(answer=met)]
            passing.append(fork._replace(answer=not_met))
        return [*self._write_steps(branch.steps, entering, indent), *passing]

    def _write_group(
        self, group: RouteGroup, before: Sequence[_OpenEnd], indent: str
    ) -> list[_OpenEnd]:
        first = self._count + 1
        title = [group.name]
        if group.is_loop:
            title.append(render_plain(group.repeats))
        title += map(render_plain, group.notes)
        self._lines.append(f"{indent}subgraph g{first}[{_quote(title)}]")
        after = self._write_steps(group.steps, before, indent + _INDENT)
        self._lines.append(f"{indent}end")
        if group.is_loop:
            for end in after:
                self._links.append(f"{_INDENT}{end.node} -. next turn .-> n{first}")
        return after

    def _write_folded(self, group: RouteGroup, before: Sequence[_OpenEnd], indent: str) -> _OpenEnd:
        texts = [group.name, f"{group.span}: {group.contents}"]
        texts += [f"ends in it: {end.outcome}" for end in group.ends]
        return self._write_node("[[{}]]", texts, before, indent)

    def _write_end(self, end: RouteEnd, before: Sequence[_OpenEnd], indent: str) -> list[_OpenEnd]:
        facts = end.effect
        if end.id:
            facts = f"{end.number} {end.id}: {end.effect}"
        texts = [end.outcome, facts, *(f"also after {decline}" for decline in end.declines)]
        node = self._write_node(f"([{{}}]):::{_END_CLASSES[end.kind]}", texts, before, indent)
        if not end.is_end_of_route:
            return []
        return [node._replace(answer="after the call")]

    def _write_node(
        self, shape: str, texts: Sequence[str], before: Sequence[_OpenEnd], indent: str
    ) -> _OpenEnd:
        self._count += 1
        node = f"n{self._count}"
        self._lines.append(f"{indent}{node}{shape.format(_quote(texts))}")
        for end in before:
            arrow = "-->"
            if end.answer:
                arrow = f"-->|{end.answer}|"
            self._links.append(f"{_INDENT}{end.node} {arrow} {node}")
        return _OpenEnd(node)


def _name_answers(condition: RouteCondition) -> tuple[str, str]:
    """Return the way into a branch, and the way past it. An unknown `unless` excludes nobody."""
    if condition.excludes:
        return "no or not known", "yes"
    return "yes", "no or not known"


def _quote(texts: Sequence[str]) -> str:
    """Return lines of literal text in quotes; what Mermaid or HTML would read is escaped."""
    return '"{}"'.format("<br/>".join(_escape(text) for text in texts))


def _escape(text: str) -> str:
    """Return literal text for a Mermaid string, in which an entity is `#35;`.

    Mermaid reads labels as Markdown, so that a title "1. Health" would be an unknown list.
    """
    flat = " ".join(text.split())
    flat = _MARKUP.sub(_make_entity, flat)
    return _MARKUP_AT_START.sub(_make_entity, flat)


def _make_entity(match: re.Match[str]) -> str:
    return "".join(f"#{ord(character)};" for character in match.group())
