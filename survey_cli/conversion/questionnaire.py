"""Conversion of a form to a questionnaire: a tree in the order in which a designer writes it, its text, and a report."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, NamedTuple

from survey_cli.conversion import xpath
from survey_cli.conversion.calculations import convert_calculations, convert_text, split_instruction
from survey_cli.conversion.conditions import Translator, split_condition
from survey_cli.conversion.form import (
    Form,
    FormChoice,
    FormItem,
    FormRow,
    find_decline_kind,
    read_form,
)
from survey_cli.conversion.sentinels import (
    Sentinel,
    find_code,
    find_explanation,
    find_sentinels,
    split_sentinels,
)
from survey_cli.conversion.yaml_text import COMMENTS, Cell, CellText, YamlWriter
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.checks.names import MAX_ID_LENGTH, explain_reserved
from survey_cli.instrument.compiled.compiler import RESERVED_CODES
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import Problem, UserError, select_errors
from survey_cli.wording import format_quantity, join_words

_MAX_TURNS: Final = 20
_MAX_REFUSED: Final = 2_000
_DECLINES: Final = {"dk": -8, "refused": -9}
_WHOLE: Final = re.compile(r"0|-?[1-9]\d*")
_MEDIA: Final = ("image", "big_image", "audio", "video")
_COLUMNS: Final = (
    "type name label hint guidance_hint relevant constraint constraint_message required required_message calculation"
    " choice_filter repeat_count default appearance parameters disabled read_only note response_note"
    " image big_image audio video"
)
"""Columns that are carried over, or reported by row."""
_TABLET: Final = re.compile(
    r"device-info\(|decimal-date-time\(now\(\)|format-date-time\(now\(\),[^)]*%[HhIMS]"
)
"""What an interview by telephone does not have: the device, and the time of day as a number or a text."""
_SETTINGS: Final = ("form_title", "form_id", "version", "default_language")

LOGIC_COLUMNS: Final = ("relevant", "constraint", "calculation")


class ReportEntry(NamedTuple):
    """A cell, or a whole row, of the form."""

    sheet: str
    row: int
    column: str
    """Empty for the whole row."""
    name: str
    text: str
    """What became of it, the note, or the reason."""


@dataclass(slots=True)
class LossReport:
    """The three lists of a conversion."""

    carried: dict[ReportEntry, None] = field(default_factory=dict)
    noted: dict[ReportEntry, None] = field(default_factory=dict)
    lost: dict[ReportEntry, None] = field(default_factory=dict)
    logic: dict[str, tuple[int, int]] = field(default_factory=dict)
    """How many cells of a column of LOGIC_COLUMNS were carried over, and how many have a counterpart."""
    without_counterpart: int = 0
    """Cells of these columns that use the tablet or the time of day, which no interview by telephone has."""

    def summarize(self) -> str:
        """Return the numbers in one sentence."""
        logic = ", ".join(
            f"{column} {carried} of {total}"
            for column, (carried, total) in self.logic.items()
            if total
        )
        lists = (
            f"{len(self.carried)} carried over, {len(self.noted)} with a note, {len(self.lost)} not"
        )
        if self.without_counterpart:
            logic += f"; {self.without_counterpart} without a counterpart: they use the tablet or the time of day"
        return f"{lists}; expressions carried over: {logic or 'the form has none'}"


def render_report(report: LossReport, form: str, questionnaire: str) -> str:
    """Write the report as Markdown."""
    lists = (
        ("Not carried over", "Reason", report.lost),
        ("Carried over with a note", "Note", report.noted),
        ("Carried over", "As", report.carried),
    )
    lines = [f"# {form} → {questionnaire}", "", f"{report.summarize()}."]
    for title, heading, entries in lists:
        lines += ["", f"## {title}: {format_quantity(len(entries), 'entry', 'entries')}", ""]
        ordered = sorted(
            entries,
            key=lambda entry: (entry.sheet != "survey", entry.sheet, entry.row, entry.column),
        )
        rows = [("Sheet", "Row", "Column", "Name", heading), ("---",) * 5, *ordered]
        cells = [[str(cell).replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows]
        lines += [f"| {' | '.join(row)} |" for row in cells] if entries else ["None."]
    return "\n".join(lines) + "\n"


class QuestionnaireBuilder:
    """Builds the questionnaire of one form, and lists what became of each row.

    `refused` has the cells whose conversion the checks of the questionnaire rejected, with the reason.
    """

    def __init__(self, form: Form, name: str, refused: Mapping[Cell, str]) -> None:
        self.form = form
        self.name = name
        self.refused = refused
        self.report = LossReport()
        self.translator = Translator(form)
        self.declines = dict(_DECLINES)
        self.scales: dict[str, dict[Any, Any]] = {}
        self.scale_names: dict[str, str] = {}
        self.decline_texts: dict[str, Any] = {}
        """The texts of declines that are neither don't know nor refused."""
        self.sentinels: dict[int, list[Sentinel]] = {}
        """The codes of each number beside its range, by its row."""
        self.false_by_telephone: set[int] = set()
        """Rows that are left out because their condition asks for something that only a tablet has."""
        self.without_minimum: list[str] = []
        """Numbers that have no lower limit in the form."""
        self.lost_calculations: list[str] = []
        """The comments on calculations that are not carried over."""
        self.multiple_lists = {
            item.list_name for item in form.root.iterate_items() if item.kind == "codes"
        }
        self.comments: list[str] = []
        """The comments on the current item."""

    def build(self) -> dict[str, Any]:
        """Build the tree of the file."""
        items = list(self.form.root.iterate_items())
        self._name_items(items)
        self.sentinels = {item.row.number: find_sentinels(self.form, item) for item in items}
        found = Counter(
            pair
            for item in items
            for pair in self._find_declines(item).items()
            if pair[0][:1] == "-"
        )
        self.declines |= {kind: int(code) for (code, kind), _ in reversed(found.most_common())}
        self._name_sentinels()
        for item in items:
            self._map_codes(item)
        computes = convert_calculations(self.translator, self.refused)
        settings, languages = self.form.settings, self.form.codes
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", settings.get("form_id") or self.name).strip("_-")[
            :64
        ]
        head: dict[str, Any] = {
            "instrument": name or "form",
            "title": settings.get("form_title") or self.name,
            "version": settings.get("version"),
            "languages": languages if languages != ["en"] else None,
            "declines": self._build_declines(),
        }
        body = self._build_items(self.form.root)
        sample = {column: {"type": kind} for column, kind in sorted(self.translator.sample.items())}
        head |= {
            "scales": self.scales,
            "sample": sample and {"case_key": {"type": "text", "role": "key"}} | sample,
        }
        compute: dict[str, Any] = (
            {COMMENTS: self.lost_calculations} if self.lost_calculations and computes else {}
        )
        compute |= {self._cell(item, "calculation", item.id): text for item, text in computes}
        head |= {"compute": compute, "items": body}
        self._report_rest(items)
        return {key: value for key, value in head.items() if value}

    # ── names, codes, declines ────────────────────────────────────────────────────────────────────────────

    def _name_items(self, items: list[FormItem]) -> None:
        calculations = " ".join(item.row.get("calculation") for item in items)
        columns = set(re.findall(r"pulldata\([^,]+,\s*'(\w+)'", calculations))
        taken = {column.casefold() for column in columns}
        for item in items:
            name = re.sub(r"\W+", "_", item.name, flags=re.ASCII).strip("_")
            name = (name if name[:1].isalpha() else f"q{name}")[:MAX_ID_LENGTH]
            is_column = name in columns and item.row.get("calculation").startswith("pulldata(")
            ids = chain([name], (f"{name[: MAX_ID_LENGTH - 3]}_{number}" for number in count(2)))
            item.id = next(
                id
                for id in ids
                if not explain_reserved(id, _DECLINES)
                and (id.casefold() not in taken or (is_column and id == name))
            )
            taken.add(item.id.casefold())
            if item.id != item.name and item.kind not in ("metadata", "media"):
                self._note(item, "name", f"its id is {item.id}")

    def _find_declines(self, item: FormItem) -> dict[str, str]:
        """Return the codes of a question that are no answers, with the declines that they stand for."""
        if item.kind == "number":
            return {
                str(each.code): each.kind for each in self.sentinels[item.row.number] if each.kind
            }
        return self.form.find_declines(item)

    def _name_sentinels(self) -> None:
        """Add the declines that are neither don't know nor refused: one for each code."""
        for sentinel in chain.from_iterable(self.sentinels.values()):
            kind = sentinel.kind
            if kind and kind not in _DECLINES and kind not in self.decline_texts:
                self.declines[kind] = sentinel.code
                self.decline_texts[kind] = self._get_sentinel_text(sentinel)

    def _get_sentinel_text(self, sentinel: Sentinel) -> Any:
        """Return what the form calls a code, in all languages if it is a choice elsewhere; the code if nothing."""
        if sentinel.choice is not None:
            return self._get_text(sentinel.choice.row, "choices", "label")
        if sentinel.text:
            return convert_text(self.translator, sentinel.text)[0]
        return f"Code {sentinel.code}" if sentinel.kind else str(sentinel.code)

    def _build_declines(self) -> dict[str, Any] | None:
        reserved = self._move_reserved_codes()
        if self.declines == _DECLINES and not reserved:
            return None
        texts: dict[str, Any] = {"dk": "Don't know", "refused": "Refused"} | self.decline_texts
        for choice in chain.from_iterable(self.form.lists.values()):
            if choice.decline:
                texts[choice.decline] = self._get_text(choice.row, "choices", "label")
        declines = {}
        for kind, code in self.declines.items():
            declines[kind] = {"code": code, "text": texts[kind]}
            if kind in _DECLINES:
                declines[kind]["key"] = kind[0]
        return declines | reserved

    def _move_reserved_codes(self) -> dict[str, Any]:
        """Give other codes to not asked and not reached if the form uses theirs."""
        used = {code for codes in self.translator.codes.values() for code in codes.values()}
        used |= {str(each.code) for each in chain.from_iterable(self.sentinels.values())}
        moved: dict[str, Any] = {}
        for kind, code in RESERVED_CODES.items():
            if str(code) in used:
                free = next(each for each in count(code - 90, -100) if str(each) not in used)
                moved[kind] = {"code": free, "text": kind.replace("_", " ").capitalize()}
        return moved

    def _map_codes(self, item: FormItem) -> None:
        """Decide how the codes of a question are written in the questionnaire."""
        declines = self._find_declines(item)
        names = [
            choice.code
            for choice in self.form.lists.get(item.list_name, ())
            if choice.code not in declines
        ]
        whole, multiple = all(map(_WHOLE.fullmatch, names)), item.list_name in self.multiple_lists
        if whole and multiple:  # a code is part of the name of a column, which can't contain a sign
            codes = {
                name: name if name.lstrip("-") in names and name[0] == "-" else name.lstrip("-")
                for name in names
            }
        else:
            form = r"[^A-Za-z0-9]+" if multiple else r"[^!-~]+"
            codes = {name: name if whole else f"'{re.sub(form, '_', name)[:32]}'" for name in names}
        if item.or_other:
            codes["other"] = (
                str(max(96, *(int(name) + 1 for name in names))) if whole and names else "'other'"
            )
        self.translator.codes[item.id] = codes | declines
        if item.kind in ("code", "codes") and not names:
            item.kind = "text" if item.kind == "code" else "media"
            self._lose(item, "type", f"the choices of {item.row.get('type')} are not in the form")

    # ── items ─────────────────────────────────────────────────────────────────────────────────────────────

    def _build_items(self, group: FormItem) -> list[dict[str, Any]]:
        return [entry for item in group.children if (entry := self._build_item(item))]

    def _build_item(self, item: FormItem) -> dict[str, Any] | None:
        self.translator.item = item
        outer, self.comments = self.comments, []
        entry, comments = self._build_entry(item), self.comments
        self.comments = outer
        if entry is None or entry.get("items") == []:
            self.lost_calculations += comments if item.kind == "calculate" else []
            return None
        entry = {key: value for key, value in entry.items() if value not in ("", None)}
        return {COMMENTS: comments, **entry} if comments else entry

    def _build_entry(self, item: FormItem) -> dict[str, Any] | None:
        reason = self.refused.get(("survey", item.row.number, "name"))
        if reason is None and item.kind in ("media", ""):
            reason = (
                f"an interview by telephone has no {item.type}"
                if item.kind
                else f"{item.type} is unknown"
            )
        if reason:
            for part in (item, *item.iterate_items()):
                self.translator.dropped.add(part.name)
                self._add(self.report.lost, part, "", reason)
            return None
        if item.kind == "metadata":
            self._note(
                item, "type", "the program stores cases, interviewers, stations and times by itself"
            )
            return None
        if item.kind == "calculate":
            return self._build_calculation(item)
        conditions = self._build_conditions(item)
        if conditions is None:
            self._drop(item)
            return None
        self._note_unknown_codes(item, "relevant")
        build = {"group": self._build_group, "repeat": self._build_roster}.get(
            item.kind, self._build_question
        )
        entry = build(item, conditions)
        self._add(self.report.carried, item, "", str(entry["type"]))
        return {"id": self._cell(item, "name", item.id), **entry}

    def _drop(self, item: FormItem) -> None:
        """Report an item whose condition is never true, and all that is in it, as not carried over."""
        why = "its condition is false in every interview by telephone"
        if not self.translator.unknown_codes:
            self.false_by_telephone |= {part.row.number for part in (item, *item.iterate_items())}
        else:
            why = f"its condition is never true: {'; '.join(self.translator.unknown_codes)}"
        self._lose(item, "relevant", f"left out: {why}")
        for part in item.iterate_items():
            self._add(self.report.lost, part, "", f"left out with {item.name}: {why}")
        self.translator.dropped |= {part.name for part in (item, *item.iterate_items())}

    def _note_unknown_codes(self, item: FormItem, column: str) -> None:
        """Report codes that a question doesn't have, in a cell that is carried over nevertheless."""
        for mistake in self.translator.unknown_codes:
            self._note(item, column, f"{mistake}: here, as in the form, this is never true")
        self.translator.unknown_codes.clear()

    def _build_conditions(self, item: FormItem) -> dict[str, Any] | None:
        """Return `ask_if` and `unless`; None if the item is never asked."""
        texts = ("", "")
        self.translator.unknown_codes.clear()
        with self._report_loss(item, "relevant", "; without it the item is always asked"):
            tree = self._parse(item, "relevant")
            if tree is not None:
                texts = split_condition(self.translator, self._keep_translatable(item, tree))
        named = zip(("ask_if", "unless"), texts, strict=True)
        return (
            None
            if texts[0] == "false"
            else {k: self._cell(item, "relevant", text) for k, text in named if text}
        )

    def _keep_translatable(self, item: FormItem, tree: xpath.Expression) -> xpath.Expression:
        """Return the parts of a condition that can be carried over, and report the others. Raises if there is none."""
        parts = xpath.list_parts(tree)
        kept: list[xpath.Expression] = []
        reasons: list[str] = []
        for part in parts:
            try:
                split_condition(self.translator, part)
            except xpath.UnsupportedError as error:
                reasons.append(str(error))
            else:
                kept.append(part)
        if not kept:
            return tree
        for reason in reasons:
            self._lose(
                item,
                "relevant",
                f"a part of it: {reason}; without this part the item is asked more often",
            )
        return xpath.join_parts(kept)

    def _build_group(self, item: FormItem, conditions: dict[str, Any]) -> dict[str, Any]:
        rows, title = item.children, self._get_text(item.row, "survey", "label")
        lists = {
            row.list_name if row.kind == "code" and not row.row.get("constraint") else ""
            for row in rows
        }
        if "table-list" not in item.row.get("appearance") or len(lists) != 1 or "" in lists:
            return {
                "type": "section",
                **conditions,
                "title": title,
                "items": self._build_items(item),
            }
        statements: dict[str, Any] = {}
        for row in rows:
            self.translator.item = row
            text = self._get_text(row.row, "survey", "label") or row.id
            own = self._build_conditions(row)
            if own is None:
                self._drop(row)
                continue
            self._note_unknown_codes(row, "relevant")
            statements[self._cell(row, "name", row.id)] = {"text": text, **own} if own else text
            self._add(self.report.carried, row, "", "statement of a battery")
        options = {"options": self._build_options(rows[0]), **self._list_declines(rows[0])}
        return {
            "type": "battery",
            **conditions,
            "intro": title,
            "statements": statements,
            **options,
        }

    def _build_roster(self, item: FormItem, conditions: dict[str, Any]) -> dict[str, Any]:
        turns: dict[str, Any] = {"until": "Is there another one?", "max": _MAX_TURNS}
        with self._report_loss(item, "repeat_count", "; a question after each turn decides"):
            tree = self._parse(item, "repeat_count")
            if tree is None:
                self._note(
                    item,
                    "repeat_count",
                    "there is no number of repeats: a question after each turn decides",
                )
            else:
                number = self._cell(item, "repeat_count", self.translator.evaluate(tree).text)
                limit = self._find_maximum(tree)
                if limit is None:
                    self._note(item, "repeat_count", f"at most {_MAX_TURNS} turns: adapt max")
                turns = {"count": number, "max": limit or _MAX_TURNS}
        title = self._get_text(item.row, "survey", "label")
        return {
            "type": "roster",
            **turns,
            **conditions,
            "title": title,
            "items": self._build_items(item),
        }

    def _find_maximum(self, tree: xpath.Expression) -> int | None:
        match tree:
            case xpath.Literal(float() as value):
                return int(value)
            case xpath.Reference(name) if (
                name in self.form.items and self.form.items[name].kind == "number"
            ):
                return self._read_limits(self.form.items[name])[0].get("max")
            case xpath.XPathCall("count-selected", (xpath.Reference(name),)) if (
                name in self.form.items
            ):
                return len(self.translator.codes.get(self.form.items[name].id, ())) or None
            case _:
                return None

    def _build_calculation(self, item: FormItem) -> dict[str, Any] | None:
        is_first = self.form.items[item.name] is item
        found = self.translator.calculations[item.name] if is_first else "its name is used twice"
        if item.name in self.translator.kept:
            self._note(
                item,
                "calculation",
                "the program stores times, and calls with their outcomes, by itself",
            )
        elif isinstance(found, str):
            self._lose(item, "calculation", found)
        elif arms := self.translator.arms.get(item.name):
            self._note(
                item, "calculation", f"a random number: a split with the arms {', '.join(arms)}"
            )
            return {"id": self._cell(item, "name", item.id), "type": "split", "arms": arms}
        elif found.name:
            self._add(self.report.carried, item, "", "calculation")
            self.translator.unknown_codes |= dict.fromkeys(
                self.translator.mistakes.get(item.name, ())
            )
            self._note_unknown_codes(item, "calculation")
        else:
            self._add(
                self.report.noted,
                item,
                "",
                "calculation; inserted where it is used, not a variable of the data",
            )
        return None

    # ── questions ─────────────────────────────────────────────────────────────────────────────────────────

    def _build_question(self, item: FormItem, conditions: dict[str, Any]) -> dict[str, Any]:
        row, appearance = item.row, item.row.get("appearance")
        texts = [
            (code, *split_instruction(text))
            for code, text in self.form.get_text(row, "label").items()
        ]
        spoken = self._convert(row, "survey", "label", {code: words for code, words, _ in texts})
        red = self._convert(row, "survey", "label", {code: words for code, _, words in texts})
        hint = self._get_text(row, "survey", "hint")
        if red:
            self._note(item, "label", "words in red are for the interviewer")
        if not spoken and not red:
            self._note(item, "label", "it has no text: its name stands for it")
        likert = item.kind == "code" and "likert" in appearance and not row.get("choice_filter")
        multiline = item.kind == "text" and "multiline" in appearance
        type_ = {"note": "read", "code": "scale" if likert else "single", "codes": "multiple"}.get(
            item.kind, item.kind
        )
        entry: dict[str, Any] = {
            "type": "verbatim" if multiline else type_,
            **conditions,
            "text": spoken or red or item.name,
            "instruction": hint if not spoken or not red else _join_texts(red, hint),
            "help": self._get_text(row, "survey", "guidance_hint"),
            "by": "interviewer" if red and not spoken else "",
        }
        if item.kind in ("code", "codes"):
            entry["options"] = self._build_options(item)
            entry["order"] = (
                "random" if re.search(r"randomize\s*=\s*true", row.get("parameters")) else ""
            )
        if item.type == "rank":
            entry["mentions"] = "ordered"
        if item.type == "datetime":
            self._note(
                item, "type", "the date without the time: ask the time in an item of its own"
            )
        if item.kind != "note":
            limits, rest = self._read_limits(item)
            self._note_sentinels(item)
            if item.kind == "number" and "min" not in limits:
                self.without_minimum.append(item.name)
            self._report_excluded_codes(item, limits, rest)
            entry |= (
                limits
                | self._list_declines(item)
                | self._build_prefill(item)
                | self._build_checks(item, rest)
            )
        return entry

    def _build_prefill(self, item: FormItem) -> dict[str, Any]:
        default = item.row.get("default")
        with self._report_loss(item, "default"):
            if default and default != "null":
                tree: xpath.Expression = xpath.Literal(default)
                is_expression = item.kind == "number" or "$" in default or "(" in default
                tree = self._parse(item, "default", is_expression=is_expression) or tree
                code = self.translator.codes[item.id].get(default) if item.kind == "code" else None
                return {
                    "prefill": self._cell(
                        item, "default", code or self.translator.evaluate(tree).text
                    )
                }
        return {}

    def _build_options(self, item: FormItem) -> Any:
        """Return the options of a question, or the name of the list that several questions use."""
        tree: xpath.Expression | None = None
        options: dict[Any, Any] = {}
        self.translator.unknown_codes.clear()
        with self._report_loss(item, "choice_filter", "; all options are offered"):
            tree = self._parse(item, "choice_filter")
            options = self._filter_options(item, tree)
            if not options:
                raise xpath.UnsupportedError("no option is ever offered")
        options = options or self._filter_options(item, None)
        self._note_unknown_codes(item, "choice_filter")
        users = [other for other in self.form.items.values() if other.list_name == item.list_name]
        shared = [
            other for other in users if not other.row.get("choice_filter") and not other.or_other
        ]
        if tree is not None or item.or_other or len(shared) < 2:
            return options
        name = re.sub(r"\W+", "_", item.list_name, flags=re.ASCII).strip("_")
        name = self.scale_names.setdefault(
            item.list_name, name if name[:1].isalpha() else f"list_{name}"
        )
        self.scales.setdefault(name, options)
        return name

    def _filter_options(self, item: FormItem, tree: xpath.Expression | None) -> dict[Any, Any]:
        options: dict[Any, Any] = {}
        never_offered: list[str] = []
        for choice in self.form.lists[item.list_name]:
            written = self.translator.codes[item.id][choice.code]
            text = self._get_text(choice.row, "choices", "label") or choice.code
            if reason := self.refused.get(("choices", choice.row.number, "label")):
                self._note_choice(choice, f"its code stands for its text: {reason}")
                text = choice.code
            part = self.translator.is_offered(choice, tree).text
            key: str | int = written
            if written.startswith("'"):
                key = written.strip("'")
            elif written not in _DECLINES:
                key = int(written)
            if written in _DECLINES or (key in options and "ask_if" not in options[key]):
                reason = written if written in _DECLINES else "its code is used before"
                self._note_choice(choice, f"not an option: {reason}")
            elif part == "true":
                options[key] = text
            elif part == "false":
                never_offered.append(choice.code)
            else:
                condition = f"{options[key]['ask_if']} or {part}" if key in options else part
                options[key] = {
                    "text": text,
                    "ask_if": self._cell(item, "choice_filter", condition),
                }
        if never_offered and options:
            self._note(
                item,
                "choice_filter",
                f"never offered, as in the form: {join_words(never_offered, most=12)}",
            )
        if item.or_other:
            code = self.translator.codes[item.id]["other"]
            text = {"es": "Otro", "fr": "Autre", "pt": "Outro"}.get(self.form.codes[0], "Other")
            options[int(code) if code.isdigit() else "other"] = {"text": text, "specify": True}
        return options

    def _list_declines(self, item: FormItem) -> dict[str, Any]:
        """Return the key `declines`, or nothing where every decline is permitted."""
        found, required = self._find_declines(item), item.is_required()
        if "$" in item.row.get("required"):
            self._note(item, "required", "a condition: don't know and refused are always permitted")
        whole = re.compile(r"-?\d+").fullmatch
        kinds = {
            kind: int(code) if whole(code) else self.declines[kind] for code, kind in found.items()
        }
        usual = {kind: self.declines[kind] for kind in _DECLINES}
        if any(str(code) in self.translator.codes[item.id].values() for code in usual.values()):
            return {"declines": [] if required else dict(_DECLINES)}

        offered = kinds if required else usual | kinds
        if offered == self.declines:
            return {}
        if all(self.declines[kind] == code for kind, code in offered.items()):
            return {"declines": list(offered)}
        return {"declines": offered}

    def _note_sentinels(self, item: FormItem) -> None:
        """Report what became of the codes that a number has beside its range."""
        for sentinel in self.sentinels[item.row.number]:
            if not sentinel.kind:
                note = f"{sentinel.code} is a number with a text of its own, and counts as {sentinel.code} in conditions"
                self._note(item, "constraint", note)
                continue
            words = {"dk": "don't know", "refused": "refused"}.get(
                sentinel.kind, f"the decline {sentinel.kind}"
            )
            note = f"the code {sentinel.code} is {words}"
            if not sentinel.text and sentinel.choice is None:
                note += ": the form doesn't say what it means, so check it"
            self._note(item, "constraint", note)

    def _read_limits(self, item: FormItem) -> tuple[dict[str, Any], xpath.Expression | None]:
        """Return the range of a number, and the rest of its constraint."""
        is_decimal = item.type == "decimal"
        limits: dict[str, Any] = {"decimals": 2} if is_decimal else {}
        parameters = item.row.get("parameters") if item.type == "range" else ""
        for name, value in re.findall(r"(start|end)=(-?\d+)", parameters):
            limits["min" if name == "start" else "max"] = int(value)
        tree: xpath.Expression | None = None
        with self._report_loss(item, "constraint"):
            tree = self._parse(item, "constraint")
        if tree is None or item.kind != "number":
            return limits, tree
        sentinels = self.sentinels[item.row.number]
        ranges = split_sentinels(tree, sentinels)
        alternatives = [
            _split_range(part, is_decimal=is_decimal) for part in xpath.list_parts(ranges, "or")
        ]
        for key, choose in (("min", min), ("max", max)):
            values = [found[key] for found, _ in alternatives if key in found]
            if len(values) == len(alternatives):
                limits[key] = choose(values)
        # Several ranges have a hole between them, so that the limits don't suffice.
        rest = alternatives[0][1] if len(alternatives) == 1 else [ranges]
        options = {each.code: self._get_sentinel_text(each) for each in sentinels if not each.kind}
        if options:
            limits["options"] = options
        if not rest or rest == [xpath.TRUE]:
            return limits, None
        codes = [
            xpath.XPathCall("==", (xpath.SELF, xpath.Literal(float(code)))) for code in options
        ]
        return limits, xpath.join_parts([xpath.join_parts(rest), *codes], "or")

    def _report_excluded_codes(
        self, item: FormItem, limits: Mapping[str, Any], rest: xpath.Expression | None
    ) -> None:
        """Report codes in other parts of a constraint that can't be entered because they are less than the minimum."""
        least = limits.get("min", 0)
        codes = [find_code(part) for part in xpath.iterate_parts(rest)] if rest is not None else []
        for code in codes if item.kind == "number" else ():
            if code is not None and code < least:
                reason = f"{code:g} can't be entered, because it is less than {least}: write it as a decline"
                self._lose(item, "constraint", reason)
            elif code is not None and find_decline_kind(find_explanation(item, int(code))):
                self._lose(
                    item,
                    "constraint",
                    f"{code:g} is entered as a number, not as a decline: write it as one",
                )

    def _build_checks(self, item: FormItem, tree: xpath.Expression | None) -> dict[str, Any]:
        if tree is None:
            return {}
        checks: dict[str, Any] = {}
        say = (
            self._get_text(item.row, "survey", "constraint_message")
            or "This answer is not accepted here."
        )
        with self._report_loss(item, "constraint"):
            match tree:
                case xpath.XPathCall("regex", (xpath.Reference("."), xpath.Literal(str(form)))) if (
                    digits := re.fullmatch(r"\^?\[0-9\]\{(\d+)\}\$?", form)
                ):
                    return {"pattern": self._cell(item, "constraint", "9" * int(digits[1]))}
            self.translator.unknown_codes.clear()
            expect = self.translator.is_true(tree).text
            self._note_unknown_codes(item, "constraint")
            if expect in ("true", "false"):
                raise xpath.UnsupportedError(f"it is always {expect}")
            checks["checks"] = [{"expect": self._cell(item, "constraint", expect), "say": say}]
        return checks

    # ── texts, cells, the report ──────────────────────────────────────────────────────────────────────────

    def _get_text(self, row: FormRow, sheet: str, column: str) -> Any:
        """Return a text in all languages, or one text; empty where there is none."""
        return self._convert(row, sheet, column, self.form.get_text(row, column))

    def _convert(self, row: FormRow, sheet: str, column: str, texts: Mapping[str, str]) -> Any:
        cell, converted = (sheet, row.number, column), {}
        for code, text in texts.items():
            converted[code], lost = convert_text(self.translator, text, self.refused.get(cell, ""))
            for name, why in lost.items():
                self.report.lost[
                    ReportEntry(*cell, row.get("name"), f"${{{name}}} in the text: {why}")
                ] = None
                words = f"row {row.number}: … in the text stands for ${{{name}}}"
                self.comments += [words] if sheet == "survey" else []
            if re.search(r"</?[a-zA-Z]", text):
                self.report.noted[ReportEntry(*cell, row.get("name"), "HTML removed")] = None
        filled = {
            code: CellText(converted[code], cell) for code in self.form.codes if converted.get(code)
        }
        return filled if len(filled) > 1 else next(iter(filled.values()), "")

    @contextmanager
    def _report_loss(self, item: FormItem, column: str, consequence: str = "") -> Iterator[None]:
        """Report what can't be carried over of a cell."""
        try:
            yield
        except xpath.UnsupportedError as error:
            self._lose(item, column, f"{error}{consequence}")

    def _parse(
        self, item: FormItem, column: str, *, is_expression: bool = True
    ) -> xpath.Expression | None:
        if reason := self.refused.get(("survey", item.row.number, column)):
            raise xpath.UnsupportedError(reason)
        return item.parse(column) if is_expression else None

    def _cell(self, item: FormItem, column: str, text: str) -> Any:
        return int(text) if text.isdigit() else CellText(text, ("survey", item.row.number, column))

    def _add(
        self, entries: dict[ReportEntry, None], item: FormItem, column: str, text: str
    ) -> None:
        entries[ReportEntry("survey", item.row.number, column, item.name, text)] = None

    def _note(self, item: FormItem, column: str, note: str) -> None:
        self._add(self.report.noted, item, column, note)
        self.comments.append(f"row {item.row.number}: {note}")

    def _note_choice(self, choice: FormChoice, note: str) -> None:
        self.report.noted[ReportEntry("choices", choice.row.number, "", choice.code, note)] = None

    def _lose(self, item: FormItem, column: str, reason: str) -> None:
        self._add(self.report.lost, item, column, reason)
        what = f"calculation {item.name}" if column == "calculation" else column
        self.comments.append(
            f"row {item.row.number}: {what} not carried over: {' '.join(reason.split())}"
        )

    def _report_rest(self, items: list[FormItem]) -> None:
        """Report columns without counterpart, media, disabled rows and settings; count the expressions."""
        report, settings = self.report, self.form.settings
        columns = Counter(
            column for item in items for column in {column for column, _ in item.row.cells}
        )
        for column, number in sorted(columns.items()):
            if column not in _COLUMNS.split():
                text = f"the column has no counterpart ({format_quantity(number, 'cell')})"
                report.lost[ReportEntry("survey", 1, column, "", text)] = None
        if self.without_minimum:
            numbers = join_words(self.without_minimum, most=12)
            note = f"numbers without a lower limit are 0 or more here, or need min: {numbers}"
            report.noted[ReportEntry("survey", 1, "constraint", "", note)] = None
        for item in items:
            for column in filter(item.row.get_texts, _MEDIA):
                self._add(report.lost, item, column, "an interview by telephone has no media")
        entries = [
            ReportEntry("survey", r.number, "", r.get("name"), "disabled: left out")
            for r in self.form.disabled
        ]
        others = [column for column, _ in settings.cells if column not in _SETTINGS]
        entries += [
            ReportEntry("settings", settings.number, c, "", "a setting of the form server")
            for c in others
        ]
        report.noted |= dict.fromkeys(entries)
        lost = {(entry.row, entry.column) for entry in report.lost if entry.sheet == "survey"}
        cells = [
            (item, column) for item in items for column in LOGIC_COLUMNS if item.row.get(column)
        ]
        missing = [
            (i, column)
            for i, column in cells
            if {(i.row.number, column), (i.row.number, "")} & lost
        ]
        tablet: list[tuple[FormItem, str]] = []
        names: set[str] = set()
        while True:
            new = [
                (item, column)
                for item, column in missing
                if (item, column) not in tablet
                and (
                    item.row.number in self.false_by_telephone
                    or _needs_a_tablet(item.row.get(column), names)
                )
            ]
            if not new:
                break
            tablet += new
            names |= {item.name for item, column in new if column == "calculation"}
        report.without_counterpart = len(tablet)
        counts = [Counter(column for _, column in part) for part in (cells, missing, tablet)]
        for column in LOGIC_COLUMNS:
            total, absent, apart = (each[column] for each in counts)
            report.logic[column] = (total - absent, total - apart)


def _split_range(
    tree: xpath.Expression, *, is_decimal: bool
) -> tuple[dict[str, Any], list[xpath.Expression]]:
    """Return the `min` and `max` that a constraint sets, and its other parts."""
    limits: dict[str, Any] = {}
    rest: list[xpath.Expression] = []
    for part in xpath.list_parts(tree):
        match part:
            case xpath.XPathCall(
                "<" | "<=" | ">" | ">=" as sign,
                (xpath.Reference("."), xpath.Literal(float() as value)),
            ) if value.is_integer() or is_decimal:
                value += {"<": -1, ">": 1}.get(sign, 0) * (0.01 if is_decimal else 1)
                limits["max" if sign[0] == "<" else "min"] = (
                    int(value) if value.is_integer() else round(value, 2)
                )
            case _:
                rest.append(part)
    return limits, rest


def _needs_a_tablet(text: str, without: set[str]) -> bool:
    """Return whether an expression uses the tablet, its clock, or one of the calculations that do."""
    return bool(_TABLET.search(text) or without.intersection(re.findall(r"\$\{(.*?)\}", text)))


def _join_texts(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return CellText(f"{first}\n{second}".strip(), getattr(first, "cell", None))
    return first


class ConvertedForm(NamedTuple):
    """A converted form."""

    text: str
    report: LossReport
    errors: tuple[Problem, ...]
    """Errors that remain in the questionnaire; normally none."""


def convert_form(path: Path) -> ConvertedForm:
    """Convert a form. Raises UserError where the file is not one.

    What the checks of the questionnaire reject is left out and reported with their reason, until no error remains.
    """
    sheets = read_form(path)
    refused: dict[tuple[str, int, str], str] = {}
    while True:
        builder = QuestionnaireBuilder(Form(sheets), path.stem, refused)
        writer = YamlWriter(builder.form.codes)
        tree = builder.build()
        if "items" not in tree:
            raise UserError(
                str(path), "it has no question that can be asked by telephone", "check the form"
            )
        text = writer.write(tree)
        problems = check_instrument(load_source_text(text)).problems
        errors = select_errors(problems)
        found = [
            (writer.origins.get(p.where.line), re.sub(r" \(at [^)]*\)", "", p.what)) for p in errors
        ]
        new = {cell: what for cell, what in found if cell is not None and cell not in refused}
        if not new or len(refused) > _MAX_REFUSED:
            return ConvertedForm(text, builder.report, tuple(errors))
        refused |= new
