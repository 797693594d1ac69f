"""Questionnaire texts before an interview: fills become placeholders, all other text is literal."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from survey_cli.documents.questionnaire.booklet_model import LanguageText, MultilingualText
from survey_cli.documents.text_runs import Line, Style, TextRun
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Scope, ValueType
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.languages import change_case
from survey_cli.instrument.texts.number_text import spell_cardinal, spell_ordinal
from survey_cli.instrument.texts.templates import (
    NO_ANSWER_TEXT,
    Template,
    TextFill,
    compile_text,
    render_placeholders,
)
from survey_cli.wording import escape_controls

MAX_WORDINGS: Final = 4
"""A fill with more possible texts than this is shown by its name."""

_FILL_NAMES: Final = {
    "interviewer": "interviewer’s name",
    "today": "today’s date",
    "case": "the case",
    "turn": "1, 2, 3 …",
    "each": "each answer in turn",
    "options": "the answers",
}
DAYPARTS: Final = ("morning", "afternoon", "evening")
_NUMBER_SPELLERS: Final = {"ordinal": spell_ordinal, "words": spell_cardinal}


def render_label(text: Text, language: str) -> str:
    """Return a label on one line, without stress; fills are in angle quotes."""
    return " ".join(render_placeholders(escape_controls(text.get(language))).split())


class TextRenderer(NamedTuple):
    """A renderer of the texts of one instrument in some of its languages."""

    instrument: Instrument
    languages: tuple[str, ...]
    names: Mapping[str, ValueType]
    """The variable of every name that a text fills in."""

    @classmethod
    def from_instrument(cls, instrument: Instrument, languages: tuple[str, ...]) -> "TextRenderer":
        names: dict[str, ValueType] = {}
        for template in _iterate_templates(instrument):
            for runs in template.runs.values():
                for parts, _ in runs:
                    names.update(
                        (p.key, p.variable) for p in parts if isinstance(p, TextFill) and p.variable
                    )
        return cls(instrument, languages, names)

    def render_template(
        self, template: Template | None, joint: Text | None = None
    ) -> MultilingualText:
        """Return a compiled text; `joint` is the word before the last option that it reads out."""
        if template is None:
            return ()
        texts = tuple(
            LanguageText(la, self._render_lines(template, la, joint)) for la in self.languages
        )
        are_equal = all(text.lines == texts[0].lines for text in texts)
        if len(texts) > 1 and are_equal:
            return (LanguageText("", texts[0].lines),)
        return texts

    def render_text(
        self,
        text: Text | None,
        more: Mapping[str, ValueType] | None = None,
        inside: str | None = None,
    ) -> MultilingualText:
        """Return a text that was not compiled with the instrument.

        Its fills are known if another text uses them.
        """
        if text is None:
            return ()
        sources: Sequence[str] = ()
        roster = self.instrument.groups.get(inside or "")
        if isinstance(roster, Roster):
            sources = [source.id for source in roster.sources]

        scope = Scope(names={**self.names, **(more or {})}, inside_roster=inside, sources=sources)
        template, _ = compile_text(text, scope, who="")
        return self.render_template(template)

    def _render_lines(
        self, template: Template, language: str, joint: Text | None
    ) -> tuple[Line, ...]:
        key = language
        if language not in template.runs:
            key = next(iter(template.runs))

        lines: list[list[TextRun]] = [[]]
        for parts, stress in template.runs[key]:
            style: Style = "stress" if stress else "plain"
            for part in parts:
                if isinstance(part, TextFill):
                    description = self._describe_fill(part, language, joint)
                    lines[-1].append(TextRun(escape_controls(description), "fill"))
                    continue
                first, *rest = escape_controls(part).split("\n")
                lines[-1].append(TextRun(first, style))
                lines.extend([TextRun(text, style)] for text in rest)

        joined = [_join_runs(line) for line in lines]
        return tuple(line for line in joined if line)

    def _describe_fill(self, fill: TextFill, language: str, joint: Text | None) -> str:
        spell = _NUMBER_SPELLERS.get(fill.format)
        if fill.key == "options" and joint is not None:
            names = [f"the answers, the last after “{joint.get(language)}”"]
        elif fill.key == "daypart":
            parts = self.instrument.document.dayparts
            names = [str(text.get(language)) for text in parts.values()] or list(DAYPARTS)
        elif fill.key == "turn" and spell is not None:
            turns = [spell(turn, language) or str(turn) for turn in (1, 2, 3)]
            names = [f"{', '.join(turns)} …"]
        elif fill.variable is None:
            names = [_FILL_NAMES.get(fill.key, fill.key)]
        else:
            names = self._list_fill_texts(fill, fill.variable, language)

        # a single name describes the fill: it is not a text whose case the fill changes
        if len(names) > 1:
            names = [change_case(name, fill.format, language) for name in names]
        name = " / ".join(names)
        if fill.otherwise in (None, "", NO_ANSWER_TEXT):
            return name
        return f"{name}, else “{fill.otherwise}”"

    def _list_fill_texts(self, fill: TextFill, known: ValueType, language: str) -> list[str]:
        """Return the possible texts of a fill if they are few, otherwise its name."""
        if isinstance(fill.turn, int):
            return [f"{fill.key} of {known.drawn_from or known.roster} {fill.turn}"]
        if fill.format == "code":
            return [f"code of {fill.key}"]

        wordings: list[str] = []
        if known.labels is not None and known.type == "code":
            wordings = [self._render_flat(text, language) for text in known.labels.values()]
        elif fill.key in self.instrument.computes:
            wordings = list_compute_wordings(self.instrument.computes[fill.key], language)
        if 0 < len(wordings) <= MAX_WORDINGS:
            return wordings
        return [fill.key]

    def _render_flat(self, template: Template, language: str) -> str:
        """Return a text on one line, with its fills described."""
        lines = self._render_lines(template, language, None)
        return " ".join("".join(run.text for run in line) for line in lines)


def list_compute_wordings(compute: Compute, language: str) -> list[str]:
    """Return the texts among which a compute chooses; empty if it is of another form."""
    if compute.table is not None:
        chosen = compute.table.list_values()
    else:
        conditions = compute.conditions
        first = next(iter(conditions.values()))
        chosen = [conditions.get(language) or conditions.get("") or first]

    wordings: list[str] = []
    for condition in chosen:
        texts = _collect_wordings(condition.tree)
        if texts is None:
            return []
        wordings += texts
    return list(dict.fromkeys(wordings))


def _collect_wordings(node: ast.expr) -> list[str] | None:
    match node:
        case ast.Constant(value=str() as text):
            return [text] if text else []
        case ast.IfExp(body=body, orelse=orelse):
            positive = _collect_wordings(body)
            negative = _collect_wordings(orelse)
            if positive is None or negative is None:
                return None
            return [*positive, *negative]
        case _:
            return None


def _join_runs(line: list[TextRun]) -> Line:
    """Return the line with adjacent runs of one style joined, and no space at either end."""
    joined: list[TextRun] = []
    for stretch in line:
        if joined and joined[-1].style == stretch.style != "fill":
            joined[-1] = TextRun(joined[-1].text + stretch.text, stretch.style)
        elif stretch.text:
            joined.append(stretch)
    if joined:
        joined[0] = joined[0]._replace(text=joined[0].text.lstrip())
        joined[-1] = joined[-1]._replace(text=joined[-1].text.rstrip())
    return tuple(s for s in joined if s.text)


def _iterate_templates(instrument: Instrument) -> Iterator[Template]:
    for item in instrument.items.values():
        checks = [check.say for check in item.checks]
        texts = (item.text, item.instruction, item.probe, item.help, item.ask_for, *checks)
        yield from (text for text in texts if text)
    for group in instrument.groups.values():
        yield from (text for text in (group.title, group.intro) if text)
    yield from chain.from_iterable(instrument.faq)
