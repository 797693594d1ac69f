"""Description of a study in one language: its texts, who is asked each item, and how values are computed."""

from survey_cli.documents.questionnaire.rule_sentences import RuleWriter, make_line
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.table import StudyDescription


def describe_study(instrument: Instrument, language: str) -> StudyDescription:
    """The texts under `study:`, and for each item who is asked, its introduction and its instruction."""
    written = instrument.document.study

    def said(text: Text | None) -> str:
        return str(text.get(language)) if text is not None else ""

    return StudyDescription(
        id=instrument.id,
        title=said(instrument.title),
        version=instrument.version,
        universes=describe_routing(instrument, language),
        intros={
            leaf.id: group.intro.get_source_text(language)
            for group in instrument.groups.values()
            if group.intro is not None and isinstance(group.spec, BatteryItem)
            for leaf in group.items
        },
        instructions={
            leaf.id: leaf.instruction.get_source_text(language)
            for leaf in instrument.items.values()
            if leaf.instruction is not None
        },
        sponsor=said(written.sponsor),
        conducted_by=said(written.conducted_by),
        population=said(written.population),
        frame=said(written.frame),
        selection=said(written.selection),
        mode=said(written.mode),
        dates=said(written.dates),
        contact=said(written.contact),
        notes=said(written.notes),
        size=written.size,
        weight=next((name for name, column in instrument.sample.items() if column.role == "weight"), ""),
    )


def describe_routing(instrument: Instrument, language: str) -> dict[str, str]:
    """The conditions for asking each item, as text.

    For example `Asked if kind is District, and unless consent is Yes.` Items that everybody is asked are left out.
    """
    rules = RuleWriter(instrument, language)
    found: dict[str, str] = {}

    def told(ask_if: Condition | None, unless: Condition | None) -> tuple[str, ...]:
        wanted = (f"if {rules.render_clause(ask_if)}",) if ask_if is not None else ()
        barred = (f"unless {rules.render_clause(unless)}",) if unless is not None else ()
        return (*wanted, *barred)

    def walk(nodes: tuple[CompiledNode, ...], above: tuple[str, ...]) -> None:
        for node in nodes:
            here = (*above, *told(node.ask_if, node.unless))
            match node:
                case CompiledItem():
                    if here:
                        found[node.id] = _to_plain_text(f"Asked {', and '.join(here)}.")
                case ItemGroup():
                    children = node.children
                    if isinstance(node, Roster) and node.until is not None:
                        children = (*children, node.until)
                    walk(children, here)

    walk(instrument.root.children, ())
    return found


def describe_computes(instrument: Instrument, language: str) -> dict[str, str]:
    """How each compute gets its value, as text: `1 if hh_size is 1, else 0`."""
    rules = RuleWriter(instrument, language)
    found: dict[str, str] = {}
    for name, compute in instrument.computes.items():
        condition = compute.conditions.get(language) or next(iter(compute.conditions.values()))
        told = rules.render_clause(condition)
        if condition.result_type.type == "flag":
            told = f"1 if {told}, else 0"
        found[name] = _to_plain_text(told)
    return found


def describe_rosters(instrument: Instrument, language: str) -> dict[str, str]:
    """How often each roster is repeated, as text: `as many as hh_size, at most 12`."""
    rules = RuleWriter(instrument, language)
    found: dict[str, str] = {}
    for name, group in instrument.groups.items():
        if not isinstance(group, Roster):
            continue
        often = ""
        if group.each is not None:
            often = f"one for each answer to {group.each.id}, "
        elif group.until is not None:
            often = f"repeated while {group.until.id} is yes, "
        elif group.count is not None:
            often = f"as many as {rules.render_clause(group.count)}, "
        found[name] = _to_plain_text(f"{often}at most {group.maximum}")
    return found


def _to_plain_text(text: str) -> str:
    return "".join(stretch.text for stretch in make_line(text))
