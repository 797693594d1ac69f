"""Description of a study in one language: its texts, and who is asked what."""

import ast
from typing import Final

from survey_cli.documents.questionnaire.rule_sentences import RuleWriter, make_line
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import DrawItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import find_column
from survey_cli.table.table import StudyDescription

DESIGN_ROLES: Final = ("stratum", "psu", "fpc", "replicate_weight")
"""The roles of sample columns that describe the design of the sample."""


def choose_language(instrument: Instrument, requested: str) -> str:
    """Return the requested language, by default the instrument's own.

    Raises UserError if the instrument doesn't have it.
    """
    language = requested or instrument.language
    if language not in instrument.languages:
        what = f"the questionnaire has no language {language!r}"
        raise UserError("--language", what, f"its languages are {', '.join(instrument.languages)}")
    return language


def describe_study(instrument: Instrument, language: str) -> StudyDescription:
    """Return the texts under `study:`, and what the questionnaire says around each item.

    That is who is asked it, what is read with it, and how values are computed.
    """
    spec = instrument.document.study
    rules = RuleWriter(instrument, language)

    def translate(text: Text | None) -> str:
        return str(text.get(language)) if text is not None else ""

    intros = {}
    for group in instrument.groups.values():
        if group.intro is not None and isinstance(group.spec, BatteryItem):
            intro = group.intro.get_source_text(language)
            intros.update({item.id: intro for item in group.items})

    instructions = {}
    for item in instrument.items.values():
        if item.instruction is not None:
            instructions[item.id] = item.instruction.get_source_text(language)

    design = {}
    for role in DESIGN_ROLES:
        columns = tuple(n for n, column in instrument.sample.items() if column.role == role)
        if columns:
            design[role] = columns

    return StudyDescription(
        id=instrument.id,
        title=translate(instrument.title),
        edition=instrument.edition,
        version=instrument.version,
        sponsor=translate(spec.sponsor),
        conducted_by=translate(spec.conducted_by),
        population=translate(spec.population),
        frame=translate(spec.frame),
        selection=translate(spec.selection),
        mode=translate(spec.mode),
        dates=translate(spec.dates),
        contact=translate(spec.contact),
        notes=translate(spec.notes),
        size=spec.size,
        weight=find_column(instrument, "weight") or "",
        design=design,
        replication=spec.replication or "",
        replication_factors=tuple(spec.replication_factors),
        universes=_describe_routing(instrument, rules),
        intros=intros,
        instructions=instructions,
        computes=_describe_computes(instrument, rules),
        rosters=_describe_rosters(instrument, rules),
    )


def _describe_routing(instrument: Instrument, rules: RuleWriter) -> dict[str, str]:
    """Return the conditions for asking each item, as text.

    For example `Asked if kind is District, and unless consent is Yes.` Items that are asked of all
    respondents are left out.
    """
    routing: dict[str, str] = {}

    def walk(nodes: tuple[CompiledNode, ...], outer: tuple[str, ...]) -> None:
        for node in nodes:
            conditions = [*outer]
            is_step = isinstance(node, CompiledItem) and bool(node.bracket)
            # how the steps of a bracket lead to each other is no condition of the designer
            if node.ask_if is not None and not is_step:
                conditions.append(f"if {rules.render_clause(node.ask_if)}")
            if node.unless is not None:
                conditions.append(f"unless {rules.render_clause(node.unless)}")

            match node:
                case CompiledItem():
                    if node.options_source is not None:
                        source = rules.describe_source(node)
                        conditions.append(f"if an option can be offered ({source})")
                    if conditions:
                        routing[node.id] = _to_plain_text(f"Asked {', and '.join(conditions)}.")
                case ItemGroup():
                    if node.pick is not None:
                        conditions.append(f"if picked ({node.pick.id})")
                    children = node.children
                    if isinstance(node, Roster) and node.until is not None:
                        # The question whether there is another turn belongs to the roster.
                        children = (*children, node.until)
                    walk(children, tuple(conditions))

    walk(instrument.root.children, ())
    return routing


def _describe_computes(instrument: Instrument, rules: RuleWriter) -> dict[str, str]:
    """Return how each compute gets its value, as text: `1 if hh_size is 1, else 0`."""
    texts: dict[str, str] = {}
    for name, compute in instrument.computes.items():
        if compute.table is not None:
            texts[name] = _to_plain_text(rules.render_table(compute.table))
            continue

        # An expression that serves all languages is listed under none of them.
        first = next(iter(compute.conditions.values()))
        condition = compute.conditions.get(rules.language, first)

        # An analysis variable by ranges or codes has no expression: its text is in words already.
        is_expression = not isinstance(condition.tree, ast.List)
        text = condition.text
        if is_expression:
            text = rules.render_clause(condition)
        if condition.result_type.type == "flag":
            text = f"1 if {text}, else 0"
        texts[name] = _to_plain_text(text)
    return texts


def _describe_rosters(instrument: Instrument, rules: RuleWriter) -> dict[str, str]:
    """Return how often each roster is repeated, as text: `as many as hh_size, at most 12`."""
    texts: dict[str, str] = {}
    for name, group in instrument.groups.items():
        if not isinstance(group, Roster):
            continue

        repetition = ""
        if group.over is not None:
            repetition = f"for {rules.describe_turns(group.over.id, group.where)}, "
        elif group.each is not None:
            repetition = f"one for each answer to {group.each.id}, "
        elif group.until is not None:
            repetition = f"repeated while {group.until.id} is yes, "
        elif group.count is not None:
            repetition = f"as many as {rules.render_clause(group.count)}, "
        texts[name] = _to_plain_text(f"{repetition}at most {group.maximum}")
    return texts


def _to_plain_text(text: str) -> str:
    """Return a sentence of the rule writer without the marks around its names."""
    return "".join(run.text for run in make_line(text))


def list_weighting_draws(instrument: Instrument) -> list[str]:
    """Return the columns that say from how many a unit was drawn, for draws that weight."""
    return [
        f"{item.id}_of"
        for item in instrument.items.values()
        if isinstance(item.question, DrawItem) and item.question.weight
    ]
