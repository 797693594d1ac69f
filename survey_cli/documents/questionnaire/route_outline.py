"""The route as an outline in words: the text alternative of its picture."""

from collections.abc import Iterator, Sequence

from survey_cli.documents.questionnaire.route_diagram import (
    RouteBranch,
    RouteDiagram,
    RouteEnd,
    RouteGroup,
    RouteNode,
    RouteStep,
    render_conditions,
)
from survey_cli.documents.text_runs import render_plain


def render_outline(diagram: RouteDiagram) -> str:
    """Return everything that the picture shows: a line for each step, indented as it is nested."""
    lines = [f"{diagram.summary}.", *diagram.notes, *_iterate_lines(diagram.steps, "")]
    return "\n".join(lines)


def _iterate_lines(steps: Sequence[RouteStep], indent: str) -> Iterator[str]:
    deeper = f"{indent}  "
    for step in steps:
        match step:
            case RouteNode():
                yield indent + describe_node(step)
            case RouteEnd():
                yield indent + describe_end(step)
            case RouteBranch():
                conditions = render_conditions(step.conditions)
                yield f"{indent}{conditions[0].upper()}{conditions[1:]}:"
                yield from _iterate_lines(step.steps, deeper)
            case RouteGroup(is_folded=True):
                yield f"{indent}{describe_group(step)} Folded: {step.contents}."
                yield from (deeper + describe_end(end) for end in step.ends)
            case RouteGroup():
                yield indent + describe_group(step)
                yield from _iterate_lines(step.steps, deeper)


def describe_node(node: RouteNode) -> str:
    """Return an item in words: its number, its id, its label, and what is remarked of it."""
    words = f"{node.number} {node.id}"
    if node.label:
        words += f": {node.label}"
    extra = [node.kind.words, *map(render_plain, node.remarks)]
    extra += [statements.words for statements in node.statements]
    remarks = "; ".join(text.rstrip(".") for text in extra if text)
    if remarks:
        words += f" [{remarks}]"
    return words


def describe_end(end: RouteEnd) -> str:
    """Return an end in words."""
    words = f"End: {end.outcome}, {end.effect}"
    if end.id:
        words = f"{end.number} {end.id}: {end.outcome}, {end.effect}"
    for decline in end.declines:
        words += f"; also after {decline}"
    return f"{words}."


def describe_group(group: RouteGroup) -> str:
    """Return the heading of a section or loop in words."""
    kind = "Loop" if group.is_loop else "Section"
    facts = [f"{kind} {group.name} ({group.id}, {group.span})."]
    if group.is_loop:
        facts.append(render_plain(group.repeats))
    facts += map(render_plain, group.notes)
    return " ".join(facts)
