"""Conversion of a form to a questionnaire, in the order in which a designer writes it."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from survey_cli.conversion import xpath
from survey_cli.conversion.calculations import convert_calculations, split_instruction
from survey_cli.conversion.conditions import Translator, split_condition
from survey_cli.conversion.constraints import ConstraintConverter
from survey_cli.conversion.form import SheetForm, SheetItem, read_form
from survey_cli.conversion.form_codes import USUAL_DECLINES, FormCodes
from survey_cli.conversion.form_names import Calculated
from survey_cli.conversion.form_texts import TextConverter, join_texts, write_cell
from survey_cli.conversion.loss_report import ConversionLog, LossReport, ReportEntry
from survey_cli.conversion.options import OptionBuilder
from survey_cli.conversion.xpath import Expression, Literal, Reference, UnsupportedError, XPathCall
from survey_cli.conversion.yaml_text import COMMENTS, Cell, YamlWriter
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.checks.names import MAX_ID_LENGTH, explain_reserved
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import Problem, UserError, select_errors
from survey_cli.wording import format_quantity, join_words

_MAX_TURNS: Final = 20
_MAX_REFUSED: Final = 2_000
_MAX_NAME_LENGTH: Final = 64
_MEDIA: Final = ("image", "big_image", "audio", "video")
_COLUMNS: Final = (
    "type",
    "name",
    "label",
    "hint",
    "guidance_hint",
    "relevant",
    "constraint",
    "constraint_message",
    "required",
    "required_message",
    "calculation",
    "choice_filter",
    "repeat_count",
    "default",
    "appearance",
    "parameters",
    "disabled",
    "read_only",
    "note",
    "response_note",
    "image",
    "big_image",
    "audio",
    "video",
)
"""Columns that are carried over, or reported by row."""
_SETTINGS: Final = ("form_title", "form_id", "version", "default_language")
"""Settings that are carried over."""


class ConvertedForm(NamedTuple):
    """A converted form."""

    text: str
    report: LossReport
    errors: tuple[Problem, ...]
    """Errors that remain in the questionnaire; normally none."""


def convert_form(path: Path) -> ConvertedForm:
    """Convert a form. Raises UserError if the file isn't one.

    The checks of the questionnaire decide what a form may contain. A cell whose conversion they
    reject is left out and reported with their reason, until no error remains.
    """
    sheets = read_form(path)
    refused: dict[Cell, str] = {}
    while True:
        builder = QuestionnaireBuilder(SheetForm(sheets), path.stem, refused)
        tree = builder.build()
        if "items" not in tree:
            what = "it has no question that can be asked by telephone"
            raise UserError(str(path), what, "check the form")

        writer = YamlWriter(builder.form.codes)
        text = writer.write(tree)
        errors = select_errors(check_instrument(load_source_text(text)).problems)
        new = _find_rejected(errors, writer.origins, refused)
        if not new or len(refused) > _MAX_REFUSED:
            return ConvertedForm(text, builder.log.report, tuple(errors))
        refused |= new


def _find_rejected(
    errors: list[Problem], origins: Mapping[int, Cell], refused: Mapping[Cell, str]
) -> dict[Cell, str]:
    """Return the cells that caused errors, with the reasons, without those already refused."""
    new: dict[Cell, str] = {}
    for error in errors:
        cell = origins.get(error.where.line)
        if cell is not None and cell not in refused:
            # A position in the questionnaire means nothing to a reader of the report.
            new[cell] = re.sub(r" \(at [^)]*\)", "", error.what)
    return new


class QuestionnaireBuilder:
    """Builds the tree of the questionnaire of one form, and lists what became of each row.

    `refused` has the cells whose conversion the checks of the questionnaire rejected, with the
    reason.
    """

    def __init__(self, form: SheetForm, name: str, refused: Mapping[Cell, str]) -> None:
        self.form = form
        self.name = name
        self.log = ConversionLog(refused)
        self.translator = Translator(form)
        self.texts = TextConverter(self.translator, self.log)
        self.codes = FormCodes(self.translator, self.texts, self.log)
        self.constraints = ConstraintConverter(self.translator, self.texts, self.codes, self.log)
        self.options = OptionBuilder(self.translator, self.texts, self.log)
        self.false_by_telephone: set[int] = set()
        """Rows that are left out because their condition asks for something that only a tablet
        has."""
        self.without_minimum: list[str] = []
        """Numbers that have no lower limit in the form."""
        self.lost_calculations: list[str] = []
        """The comments on calculations that are not carried over."""

    def build(self) -> dict[str, Any]:
        """Build the tree of the file."""
        items = list(self.form.root.iterate_items())
        _name_items(items, self.log)
        self.codes.map_all(items)
        computes = convert_calculations(self.translator, self.log.refused)

        settings = self.form.settings
        languages = self.form.codes
        tree: dict[str, Any] = {
            "instrument": _make_instrument_id(settings.get("form_id") or self.name),
            "title": settings.get("form_title") or self.name,
            "version": settings.get("version"),
            "languages": None if languages == ["en"] else languages,
            "declines": self.codes.build_declines(),
        }

        # The items come last in the file, but scales and sample columns are found in them.
        built = self._build_items(self.form.root)
        tree["scales"] = self.options.scales
        tree["sample"] = self._build_sample()
        tree["compute"] = self._build_compute(computes)
        tree["items"] = built

        _report_leftovers(self.form, self.log.report, self.without_minimum)
        self.log.count_logic(items, self.false_by_telephone)
        return {key: value for key, value in tree.items() if value}

    def _build_sample(self) -> dict[str, Any]:
        columns = self.translator.sample
        if not columns:
            return {}
        sample = {"case_key": {"type": "text", "role": "key"}}
        for column, type_ in sorted(columns.items()):
            sample[column] = {"type": type_}
        return sample

    def _build_compute(self, computes: list[tuple[SheetItem, str]]) -> dict[Any, Any]:
        compute: dict[Any, Any] = {}
        if self.lost_calculations and computes:
            compute[COMMENTS] = self.lost_calculations
        for item, text in computes:
            compute[write_cell(item, "calculation", item.id)] = text
        return compute

    # ── items ─────────────────────────────────────────────────────────────────────────────────────

    def _build_items(self, group: SheetItem) -> list[dict[str, Any]]:
        entries = [self._build_item(item) for item in group.children]
        return [entry for entry in entries if entry]

    def _build_item(self, item: SheetItem) -> dict[str, Any] | None:
        """Return an item with the comments on it; None if the questionnaire doesn't have it."""
        self.translator.item = item
        with self.log.collect_comments() as comments:
            entry = self._build_entry(item)

        is_empty_group = entry is not None and entry.get("items") == []
        if entry is None or is_empty_group:
            if item.kind == "calculate":
                self.lost_calculations += comments
            return None

        filled = {key: value for key, value in entry.items() if value not in ("", None)}
        if comments:
            return {COMMENTS: comments, **filled}
        return filled

    def _build_entry(self, item: SheetItem) -> dict[str, Any] | None:
        reason = self._explain_unusable(item)
        if reason:
            for part in (item, *item.iterate_items()):
                self.translator.dropped.add(part.name)
                self.log.lose_silently(part, "", reason)
            return None
        if item.kind == "metadata":
            note = "the program stores cases, interviewers, stations and times by itself"
            self.log.note(item, "type", note)
            return None
        if item.kind == "calculate":
            return self._build_calculation(item)

        conditions = self._build_conditions(item)
        if conditions is None:
            self._drop(item)
            return None
        self.log.note_unknown_codes(item, "relevant", self.translator.unknown_codes)

        if item.kind == "group":
            entry = self._build_group(item, conditions)
        elif item.kind == "repeat":
            entry = self._build_roster(item, conditions)
        else:
            entry = self._build_question(item, conditions)
        self.log.carry(item, str(entry["type"]))
        return {"id": write_cell(item, "name", item.id), **entry}

    def _explain_unusable(self, item: SheetItem) -> str:
        """Return why a questionnaire can't have an item at all; empty if it can."""
        refusal = self.log.refused.get(("survey", item.row.number, "name"))
        if refusal is not None:
            return refusal
        if item.unusable:
            return item.unusable
        if item.kind == "media":
            return f"an interview by telephone has no {item.type}"
        if item.kind == "":
            return f"{item.type} is unknown"
        return ""

    def _drop(self, item: SheetItem) -> None:
        """Report an item whose condition is never true, with all items in it."""
        items_in_it = list(item.iterate_items())
        mistakes = self.translator.unknown_codes
        if mistakes:
            why = f"its condition is never true: {'; '.join(mistakes)}"
        else:
            why = "its condition is false in every interview by telephone"
            self.false_by_telephone |= {part.row.number for part in (item, *items_in_it)}

        self.log.lose(item, "relevant", f"left out: {why}")
        for part in items_in_it:
            self.log.lose_silently(part, "", f"left out with {item.name}: {why}")
        self.translator.dropped |= {part.name for part in (item, *items_in_it)}

    def _build_conditions(self, item: SheetItem) -> dict[str, Any] | None:
        """Return `ask_if` and `unless`; None if the item is never asked."""
        ask_if = ""
        unless = ""
        self.translator.unknown_codes.clear()
        with self.log.catch_loss(item, "relevant", "; without it the item is always asked"):
            self.log.check_accepted(item, "relevant")
            tree = item.parse("relevant")
            if tree is not None:
                kept = self._keep_translatable(item, tree)
                ask_if, unless = split_condition(self.translator, kept)

        if ask_if == "false":
            return None
        conditions: dict[str, Any] = {}
        if ask_if:
            conditions["ask_if"] = write_cell(item, "relevant", ask_if)
        if unless:
            conditions["unless"] = write_cell(item, "relevant", unless)
        return conditions

    def _keep_translatable(self, item: SheetItem, tree: Expression) -> Expression:
        """Return the parts of a condition that can be carried over, and report the others.

        Returns the whole condition if there isn't such a part, so that its translation says why.
        """
        kept: list[Expression] = []
        reasons: list[str] = []
        for part in xpath.list_parts(tree):
            try:
                split_condition(self.translator, part)
            except UnsupportedError as error:
                reasons.append(str(error))
            else:
                kept.append(part)
        if not kept:
            return tree

        for reason in reasons:
            consequence = "without this part the item is asked more often"
            self.log.lose(item, "relevant", f"a part of it: {reason}; {consequence}")
        return xpath.join_parts(kept)

    def _build_group(self, item: SheetItem, conditions: dict[str, Any]) -> dict[str, Any]:
        title = self.texts.get_text(item.row, "survey", "label")
        if _is_battery(item):
            statements = self._build_statements(item.children)
            first = item.children[0]
            return {
                "type": "battery",
                **conditions,
                "intro": title,
                "statements": statements,
                "options": self.options.build(first),
                **self.codes.list_declines(first),
            }
        return {
            "type": "section",
            **conditions,
            "title": title,
            "items": self._build_items(item),
        }

    def _build_statements(self, rows: list[SheetItem]) -> dict[Any, Any]:
        """Return the questions of a table as the statements of a battery."""
        statements: dict[Any, Any] = {}
        for row in rows:
            self.translator.item = row
            text = self.texts.get_text(row.row, "survey", "label") or row.id
            conditions = self._build_conditions(row)
            if conditions is None:
                self._drop(row)
                continue

            self.log.note_unknown_codes(row, "relevant", self.translator.unknown_codes)
            name = write_cell(row, "name", row.id)
            if conditions:
                statements[name] = {"text": text, **conditions}
            else:
                statements[name] = text
            self.log.carry(row, "statement of a battery")
        return statements

    def _build_roster(self, item: SheetItem, conditions: dict[str, Any]) -> dict[str, Any]:
        turns: dict[str, Any] = {"until": "Is there another one?", "max": _MAX_TURNS}
        with self.log.catch_loss(item, "repeat_count", "; a question after each turn decides"):
            self.log.check_accepted(item, "repeat_count")
            tree = item.parse("repeat_count")
            if tree is None:
                note = "there is no number of repeats: a question after each turn decides"
                self.log.note(item, "repeat_count", note)
            else:
                count = self.translator.evaluate(tree).text
                limit = self._find_maximum(tree)
                if limit is None:
                    note = f"at most {_MAX_TURNS} turns: adapt max"
                    self.log.note(item, "repeat_count", note)
                turns = {
                    "count": write_cell(item, "repeat_count", count),
                    "max": limit or _MAX_TURNS,
                }

        title = self.texts.get_text(item.row, "survey", "label")
        return {
            "type": "roster",
            **turns,
            **conditions,
            "title": title,
            "items": self._build_items(item),
        }

    def _find_maximum(self, tree: Expression) -> int | None:
        """Return how many turns a number of repeats can cause; None if that is not known."""
        match tree:
            case Literal(float() as number):
                return int(number)
            case Reference(name):
                item = self.form.items.get(name)
                if item is not None and item.kind == "number":
                    # What is lost of the constraint is a comment on the question, not here as well.
                    with self.log.collect_comments():
                        limits, _rest = self.constraints.read_limits(item)
                    return limits.get("max")
            case XPathCall("count-selected", (Reference(name),)):
                item = self.form.items.get(name)
                if item is not None:
                    codes = self.translator.codes.get(item.id, {})
                    return len(codes) or None
        return None

    def _build_calculation(self, item: SheetItem) -> dict[str, Any] | None:
        """Report what became of a calculation; return a split if it is a random number."""
        is_first = self.form.items[item.name] is item
        found: Calculated | str
        if is_first:
            found = self.translator.calculations[item.name]
        else:
            found = "its name is used twice"

        arms = self.translator.arms.get(item.name)
        if item.name in self.translator.kept:
            note = "the program stores times, and calls with their outcomes, by itself"
            self.log.note(item, "calculation", note)
        elif isinstance(found, str):
            self.log.lose(item, "calculation", found)
        elif arms:
            note = f"a random number: a split with the arms {', '.join(arms)}"
            self.log.note(item, "calculation", note)
            return {"id": write_cell(item, "name", item.id), "type": "split", "arms": arms}
        elif found.name:
            self.log.carry(item, "calculation")
            mistakes = dict.fromkeys(self.translator.mistakes.get(item.name, ()))
            self.log.note_unknown_codes(item, "calculation", mistakes)
        else:
            what = "calculation; inserted where it is used, not a variable of the data"
            self.log.note_row(item, what)
        return None

    # ── questions ─────────────────────────────────────────────────────────────────────────────────

    def _build_question(self, item: SheetItem, conditions: dict[str, Any]) -> dict[str, Any]:
        entry = {"type": _get_question_type(item), **conditions, **self._build_texts(item)}
        if item.kind in ("code", "codes"):
            entry["options"] = self.options.build(item)
            if re.search(r"randomize\s*=\s*true", item.row.get("parameters")):
                entry["order"] = "random"
        if item.type == "rank":
            entry["mentions"] = "ordered"
        if item.type == "datetime":
            note = "the date without the time: ask the time in an item of its own"
            self.log.note(item, "type", note)
        if item.kind != "note":
            entry |= self._build_entering(item)
        return entry

    def _build_texts(self, item: SheetItem) -> dict[str, Any]:
        """Return what is read aloud, and what is only for the interviewer."""
        row = item.row
        spoken_parts: dict[str, str] = {}
        red_parts: dict[str, str] = {}
        for language, text in self.form.get_text(row, "label").items():
            spoken_parts[language], red_parts[language] = split_instruction(text)
        spoken = self.texts.convert(row, "survey", "label", spoken_parts)
        red = self.texts.convert(row, "survey", "label", red_parts)
        hint = self.texts.get_text(row, "survey", "hint")

        if red:
            self.log.note(item, "label", "words in red are for the interviewer")
        if not spoken and not red:
            self.log.note(item, "label", "it has no text: its name stands for it")

        texts: dict[str, Any] = {
            "text": spoken or red or item.name,
            "instruction": join_texts(red, hint) if spoken and red else hint,
            "help": self.texts.get_text(row, "survey", "guidance_hint"),
        }
        if red and not spoken:
            texts["by"] = "interviewer"
        return texts

    def _build_entering(self, item: SheetItem) -> dict[str, Any]:
        """Return what can be entered: limits, declines, the value to begin with, and checks."""
        limits, rest = self.constraints.read_limits(item)
        self.constraints.note_sentinels(item)
        if item.kind == "number" and "min" not in limits:
            self.without_minimum.append(item.name)
        self.constraints.report_excluded_codes(item, limits, rest)
        return {
            **limits,
            **self.codes.list_declines(item),
            **self._build_prefill(item),
            **self.constraints.build_checks(item, rest),
        }

    def _build_prefill(self, item: SheetItem) -> dict[str, Any]:
        default = item.row.get("default")
        if not default or default == "null":
            return {}

        prefill: dict[str, Any] = {}
        with self.log.catch_loss(item, "default"):
            self.log.check_accepted(item, "default")
            tree: Expression = Literal(default)
            if item.kind == "number" or "$" in default or "(" in default:
                tree = item.parse("default") or tree

            code = None
            if item.kind == "code":
                code = self.translator.codes[item.id].get(default)
            value = code or self.translator.evaluate(tree).text
            prefill["prefill"] = write_cell(item, "default", value)
        return prefill


def _get_question_type(item: SheetItem) -> str:
    appearance = item.row.get("appearance")
    match item.kind:
        case "note":
            return "read"
        case "code" if "likert" in appearance and not item.row.get("choice_filter"):
            return "scale"
        case "code":
            return "single"
        case "codes":
            return "multiple"
        case "text" if "multiline" in appearance:
            return "verbatim"
        case kind:
            return kind


def _is_battery(group: SheetItem) -> bool:
    """Return whether a group is a table of questions with one answer each from the same list."""
    if "table-list" not in group.row.get("appearance"):
        return False
    lists: set[str] = set()
    for item in group.children:
        if item.kind != "code" or item.row.get("constraint"):
            return False
        lists.add(item.list_name)
    return len(lists) == 1 and "" not in lists


# ── names ─────────────────────────────────────────────────────────────────────────────────────────


def _make_instrument_id(name: str) -> str:
    id_ = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")
    return id_[:_MAX_NAME_LENGTH] or "form"


def _name_items(items: list[SheetItem], log: ConversionLog) -> None:
    """Give every item its id in the questionnaire: its name if possible.

    The names of sample columns are kept for the columns, and for calculations that pull them.
    """
    calculations = " ".join(item.row.get("calculation") for item in items)
    columns = set(re.findall(r"pulldata\([^,]+,\s*'(\w+)'", calculations))
    taken = {column.casefold() for column in columns}
    for item in items:
        name = re.sub(r"\W+", "_", item.name, flags=re.ASCII).strip("_")
        if not name[:1].isalpha():
            name = f"q{name}"
        name = name[:MAX_ID_LENGTH]

        pulls_column = item.row.get("calculation").startswith("pulldata(")
        is_column = pulls_column and name in columns
        may_keep_name = is_column and not explain_reserved(name, USUAL_DECLINES)
        item.id = name if may_keep_name else _find_free_id(name, taken)
        taken.add(item.id.casefold())
        if item.id != item.name and item.kind not in ("metadata", "media"):
            log.note(item, "name", f"its id is {item.id}")


def _find_free_id(name: str, taken: set[str]) -> str:
    """Return a name, or the name with the first number from 2 that makes it free."""
    start = name[: MAX_ID_LENGTH - 3]
    candidate = name
    number = 1
    while candidate.casefold() in taken or explain_reserved(candidate, USUAL_DECLINES):
        number += 1
        candidate = f"{start}_{number}"
    return candidate


# ── what has no counterpart ───────────────────────────────────────────────────────────────────────


def _report_leftovers(form: SheetForm, report: LossReport, without_minimum: list[str]) -> None:
    """Report columns without counterpart, media, disabled rows, and settings of the server."""
    items = list(form.root.iterate_items())
    uses: Counter[str] = Counter()
    for item in items:
        uses.update({column for column, _language in item.row.cells})
    for column, number in sorted(uses.items()):
        if column not in _COLUMNS:
            text = f"the column has no counterpart ({format_quantity(number, 'cell')})"
            report.lost[ReportEntry("survey", 1, column, "", text)] = None

    if without_minimum:
        numbers = join_words(without_minimum, most=12)
        note = f"numbers without a lower limit are 0 or more here, or need min: {numbers}"
        report.noted[ReportEntry("survey", 1, "constraint", "", note)] = None

    for item in items:
        for column in _MEDIA:
            if item.row.get_texts(column):
                number = item.row.number
                text = "an interview by telephone has no media"
                report.lost[ReportEntry("survey", number, column, item.name, text)] = None

    for row in form.disabled:
        entry = ReportEntry("survey", row.number, "", row.get("name"), "disabled: left out")
        report.noted[entry] = None
    settings = form.settings
    for column, _language in settings.cells:
        if column not in _SETTINGS:
            text = "a setting of the form server"
            report.noted[ReportEntry("settings", settings.number, column, "", text)] = None
