"""Description of a study in one language: its texts, who is asked each item, and how values are computed."""

import ast
from typing import Any, Final

from survey_cli.documents.questionnaire.rule_sentences import RuleWriter, make_line
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import DrawItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import UserError
from survey_cli.table.table import StudyDescription

STUDY_TEXTS: Final = (
    "sponsor",
    "conducted_by",
    "population",
    "frame",
    "selection",
    "mode",
    "dates",
    "contact",
    "notes",
)
"""The fields of `study:` that are described as they are written."""


def choose_language(instrument: Instrument, requested: str) -> str:
    """Return the requested language, the instrument's own where none is. Raises UserError where it doesn't have it."""
    language = requested or instrument.language
    if language not in instrument.languages:
        what = f"the questionnaire has no language {language!r}"
        raise UserError("--language", what, f"its languages are {', '.join(instrument.languages)}")
    return language


def describe_study(instrument: Instrument, language: str) -> StudyDescription:
    """Return the texts under `study:`, those around each item and who is asked it, and how values are computed."""
    spec, rules = instrument.document.study, RuleWriter(instrument, language)

    def translate(text: Text | None) -> str:
        return str(text.get(language)) if text is not None else ""

    texts: dict[str, Any] = {name: translate(getattr(spec, name)) for name in STUDY_TEXTS}
    return StudyDescription(
        id=instrument.id,
        title=translate(instrument.title),
        version=instrument.version,
        universes=_describe_routing(instrument, rules),
        intros={
            item.id: group.intro.get_source_text(language)
            for group in instrument.groups.values()
            if group.intro is not None and isinstance(group.spec, BatteryItem)
            for item in group.items
        },
        instructions={
            item.id: item.instruction.get_source_text(language)
            for item in instrument.items.values()
            if item.instruction is not None
        },
        **texts,
        size=spec.size,
        weight=next(
            (name for name, column in instrument.sample.items() if column.role == "weight"), ""
        ),
        design={
            role: names
            for role in ("stratum", "psu", "fpc", "replicate_weight")
            if (
                names := tuple(
                    name for name, column in instrument.sample.items() if column.role == role
                )
            )
        },
        computes=_describe_computes(instrument, rules),
        rosters=_describe_rosters(instrument, rules),
        replication=spec.replication or "",
        replication_factors=tuple(spec.replication_factors),
    )


def _describe_routing(instrument: Instrument, rules: RuleWriter) -> dict[str, str]:
    """Return the conditions for asking each item, as text.

    For example `Asked if kind is District, and unless consent is Yes.` Items that everybody is asked are left out.
    """
    routing: dict[str, str] = {}

    def walk(nodes: tuple[CompiledNode, ...], outer: tuple[str, ...]) -> None:
        for node in nodes:
            own = (("if", node.ask_if), ("unless", node.unless))
            conditions = (
                *outer,
                *(f"{word} {rules.render_clause(each)}" for word, each in own if each is not None),
            )
            match node:
                case CompiledItem():
                    if node.options_source is not None:
                        conditions += (
                            f"if an option can be offered ({rules.describe_source(node)})",
                        )
                    if conditions:
                        routing[node.id] = _to_plain_text(f"Asked {', and '.join(conditions)}.")
                case ItemGroup():
                    children = node.children
                    if isinstance(node, Roster) and node.until is not None:
                        children = (*children, node.until)
                    if node.pick is not None:
                        conditions += (f"if picked ({node.pick.id})",)
                    walk(children, conditions)

    walk(instrument.root.children, ())
    return routing


def _describe_computes(instrument: Instrument, rules: RuleWriter) -> dict[str, str]:
    """Return how each compute gets its value, as text: `1 if hh_size is 1, else 0`."""
    texts: dict[str, str] = {}
    for name, compute in instrument.computes.items():
        condition = compute.conditions.get(rules.language) or next(
            iter(compute.conditions.values())
        )
        is_derived = isinstance(
            condition.tree, ast.List
        )  # by ranges or codes, and not by an expression
        text = condition.text if is_derived else rules.render_clause(condition)
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
    return "".join(run.text for run in make_line(text))


def list_weighting_draws(instrument: Instrument) -> list[str]:
    """Return the columns that say from how many a unit was drawn, where interviews are weighted by them."""
    questions = ((item.id, item.question) for item in instrument.items.values())
    return [
        f"{name}_of"
        for name, question in questions
        if isinstance(question, DrawItem) and question.weight
    ]
