"""Reader of XLSForms: from the rows of their sheets to a form of the neutral shape."""

import re
from collections import Counter
from typing import Final

from survey_cli.conversion.input_files import InputFile
from survey_cli.conversion.markup import split_instruction
from survey_cli.conversion.model.expressions import (
    NO_VALUE,
    Constant,
    Expression,
    Unsupported,
    UnsupportedError,
)
from survey_cli.conversion.model.forms import (
    NO_TEXTS,
    AnswerKind,
    ChoiceList,
    Fill,
    ForeignForm,
    FormCalculation,
    FormChoice,
    FormGroup,
    FormItem,
    FormNote,
    FormQuestion,
    FormRoster,
    Formula,
    LeftOut,
    OfferedChoices,
    Origin,
    Remark,
    Requirement,
    SystemWords,
    TextPieces,
    Texts,
)
from survey_cli.conversion.xlsform.languages import find_languages
from survey_cli.conversion.xlsform.meaning import MeaningReader
from survey_cli.conversion.xlsform.sheets import SheetRow, read_sheets
from survey_cli.conversion.xlsform.xpath import parse_xpath
from survey_cli.wording import format_quantity

XLSFORM_WORDS: Final = SystemWords(
    system="XLSForm",
    part="Sheet",
    row="Row",
    column="Column",
    items_part="survey",
    name="name",
    type="type",
    label="label",
    condition="relevant",
    constraint="constraint",
    calculation="calculation",
    turns="repeat_count",
    default="default",
    required="required",
    offered="choice_filter",
)

_ANSWERS: Final[dict[str, AnswerKind]] = {
    "text": "text",
    "string": "text",
    "integer": "number",
    "int": "number",
    "decimal": "number",
    "range": "number",
    "select_one": "code",
    "select1": "code",
    "select_one_from_file": "code",
    "select_one_external": "code",
    "select_multiple": "codes",
    "select_multiple_from_file": "codes",
    "rank": "codes",
    "date": "date",
    "datetime": "date",
    "time": "time",
}
"""The kinds of answers by the types of questions."""
_NOTES: Final = ("note", "acknowledge", "trigger")
_CALCULATIONS: Final = ("calculate", "calculate_here", "hidden")
_METADATA: Final = (
    "start",
    "end",
    "today",
    "deviceid",
    "subscriberid",
    "simserial",
    "simid",
    "phonenumber",
    "username",
    "email",
    "caseid",
    "audit",
    "comments",
    "text_audit",
    "audio_audit",
)
_MEDIA_TYPES: Final = (
    "geopoint",
    "geotrace",
    "geoshape",
    "image",
    "photo",
    "audio",
    "video",
    "barcode",
    "file",
)
_MEDIA_COLUMNS: Final = ("image", "big_image", "audio", "video")
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
    *_MEDIA_COLUMNS,
)
"""Columns that are carried over, or reported by row."""
_SETTINGS: Final = ("form_title", "form_id", "version", "default_language")
"""Settings that are carried over."""
_OTHER: Final = {"es": "Otro", "fr": "Autre", "pt": "Outro"}
"""The text of the choice "other" by languages; in all others it is English."""
_STORED: Final = re.compile(r"\b(duration|now|phone-call-log)\(")
"""Functions whose value the program stores by itself: times, and calls with their outcomes."""
_DEVICE: Final = re.compile(
    r"device-info\(|decimal-date-time\(now\(\)|format-date-time\(now\(\),[^)]*%[HhIMS]"
)
"""What an interview by telephone does not have: the device, and the time of day as a value."""
_FILL: Final = re.compile(r"\$\{([^{}]+)\}")
_SHEET_NAME: Final = re.compile(r"(?mi)^\W*survey\W*$")


def is_xlsform(file: InputFile) -> bool:
    """Return whether a file is an XLSForm: a workbook, or a text with the sheet `survey`."""
    return file.is_workbook or _SHEET_NAME.search(file.beginning) is not None


def read_xlsform(file: InputFile) -> ForeignForm:
    """Read a form. Raises UserError."""
    return build_form(read_sheets(file), file.path.stem)


def build_form(sheets: dict[str, list[SheetRow]], name: str) -> ForeignForm:
    """Build the form of the rows of these sheets."""
    return _FormBuilder(sheets, name).build()


class _FormBuilder:
    """Builds the form of one file."""

    def __init__(self, sheets: dict[str, list[SheetRow]], name: str) -> None:
        self.name = name
        self.rows = sheets["survey"]
        settings = sheets.get("settings")
        self.settings = settings[0] if settings else SheetRow(0, {})

        self.languages = find_languages(self.rows, self.settings.get("default_language"))
        """The codes of languages by their names in the form, the default first."""
        self.codes = list(dict.fromkeys(self.languages.values()))
        self.metadata: dict[str, str] = {}
        """The types of metadata by their names."""
        for row in self.rows:
            type_ = _normalize_type(row.get("type"))
            if type_ in _METADATA:
                self.metadata.setdefault(_get_name(row), type_)

        self.meanings = MeaningReader(self.metadata)
        self.lists = self._read_choices(sheets.get("choices", []))
        self.remarks: list[Remark] = []

    def build(self) -> ForeignForm:
        root = FormGroup("", Origin("survey", 0))
        self._build_tree(root)
        self._remark_columns(root)
        self._remark_settings()
        return ForeignForm(
            self.settings.get("form_id") or self.name,
            XLSFORM_WORDS,
            root,
            self.codes,
            title=self.settings.get("form_title") or self.name,
            version=self.settings.get("version"),
            lists=list(self.lists.values()),
            remarks=self.remarks,
        )

    # ── choices and texts ─────────────────────────────────────────────────────────────────────────

    def _read_choices(self, rows: list[SheetRow]) -> dict[str, ChoiceList]:
        lists: dict[str, ChoiceList] = {}
        for row in rows:
            code = row.get("name")
            if not code:
                continue
            name = row.get("list_name") or row.get("list")
            origin = Origin("choices", row.number)
            texts = self._read_texts(row, "choices", "label")
            choice = FormChoice(code, origin, texts)
            choice.columns = {column: text for (column, _), text in row.cells.items()}
            lists.setdefault(name, ChoiceList(name, [])).choices.append(choice)
        return lists

    def _read_texts(self, row: SheetRow, sheet: str, column: str) -> Texts:
        return self._make_texts(row.get_texts(column), Origin(sheet, row.number, column))

    def _make_texts(self, texts: dict[str, str], origin: Origin) -> Texts:
        by_language: dict[str, TextPieces] = {}
        for name, text in texts.items():
            code = self.languages.get(name, self.codes[0])
            by_language[code] = self._split_fills(text)
        return Texts(by_language, origin) if by_language else NO_TEXTS

    def _split_fills(self, text: str) -> TextPieces:
        pieces: list[str | Fill] = []
        end = 0
        for match in _FILL.finditer(text):
            pieces.append(text[end : match.start()])
            pieces.append(Fill(match[0], self._read_fill(match[1].strip())))
            end = match.end()
        pieces.append(text[end:])
        return tuple(piece for piece in pieces if piece)

    def _read_fill(self, name: str) -> Expression:
        try:
            value = self.meanings.read(parse_xpath(f"${{{name}}}"))
        except UnsupportedError as error:
            return Unsupported(str(error))
        if value == NO_VALUE:
            return Unsupported(f"{name} is not known in an interview")
        return value

    # ── formulas ──────────────────────────────────────────────────────────────────────────────────

    def _read_formula(self, row: SheetRow, column: str) -> Formula | None:
        text = row.get(column)
        if not text:
            return None
        return self._make_formula(text, Origin("survey", row.number, column))

    def _make_formula(self, text: str, origin: Origin) -> Formula:
        tree: Expression
        try:
            tree = self.meanings.read(parse_xpath(text))
        except UnsupportedError as error:
            tree = Unsupported(str(error))
        return Formula(text, origin, tree, uses_device=_DEVICE.search(text) is not None)

    def _read_offered(self, row: SheetRow, choices: ChoiceList | None) -> OfferedChoices | None:
        formula = self._read_formula(row, "choice_filter")
        if formula is None or choices is None:
            return None

        conditions: list[Expression] = []
        for choice in choices.choices:
            try:
                tree = parse_xpath(formula.text)
            except UnsupportedError:
                conditions.append(formula.tree)
            else:
                conditions.append(self.meanings.read(tree, choice.columns))
        return OfferedChoices(formula, conditions)

    # ── items ─────────────────────────────────────────────────────────────────────────────────────

    def _build_tree(self, root: FormGroup) -> None:
        group = root
        for row in self.rows:
            type_ = _normalize_type(row.get("type"))
            if not type_:
                continue
            if row.get("disabled").lower() in ("yes", "true"):
                origin = Origin("survey", row.number)
                remark = Remark(origin, "disabled: left out", name=row.get("name"))
                self.remarks.append(remark)
            elif type_ in ("end_group", "end_repeat"):
                group = group.parent or root  # a form may end more groups than it begins
            else:
                item = self._build_item(row, type_)
                item.condition = self._read_formula(row, "relevant")
                group.add(item)
                if isinstance(item, FormGroup):
                    group = item

    def _build_item(self, row: SheetRow, type_: str) -> FormItem:
        name = _get_name(row)
        origin = Origin("survey", row.number)
        is_calculated_text = type_ in ("text", "string") and row.get("calculation")
        if type_ == "begin_group":
            return self._build_group(row, name, origin)
        if type_ == "begin_repeat":
            return self._build_repeat(row, name, origin)
        if type_ in _CALCULATIONS or is_calculated_text:
            return self._build_calculation(row, name, origin)
        if type_ in _NOTES:
            note = FormNote(name, origin)
            self._add_texts(note, row)
            return note
        if type_ in _ANSWERS:
            return self._build_question(row, type_, name, origin)
        if type_ in _METADATA:
            why = "the program stores cases, interviewers, stations and times by itself"
            return LeftOut(name, origin, why=why, is_stored_anyway=True)
        if type_ in _MEDIA_TYPES:
            return LeftOut(name, origin, why=f"an interview by telephone has no {type_}")
        return LeftOut(name, origin, why=f"{type_} is unknown")

    def _build_group(self, row: SheetRow, name: str, origin: Origin) -> FormGroup:
        group = FormGroup(name, origin, label=self._read_texts(row, "survey", "label"))
        group.is_table = "table-list" in row.get("appearance")
        return group

    def _build_repeat(self, row: SheetRow, name: str, origin: Origin) -> FormRoster:
        roster = FormRoster(name, origin, label=self._read_texts(row, "survey", "label"))
        roster.count = self._read_formula(row, "repeat_count")
        return roster

    def _build_calculation(self, row: SheetRow, name: str, origin: Origin) -> FormCalculation:
        text = row.get("calculation")
        formula = self._read_formula(row, "calculation")
        if formula is None:
            text = row.get("default")
            formula = Formula(text, origin.at("calculation"), Constant(text))
        return FormCalculation(
            name, origin, formula=formula, is_stored_anyway=_STORED.search(text) is not None
        )

    def _build_question(self, row: SheetRow, type_: str, name: str, origin: Origin) -> FormQuestion:
        appearance = row.get("appearance")
        question = FormQuestion(name, origin, answer=_ANSWERS[type_], type=row.get("type"))
        question.choices = self._find_choices(row, question.answer)
        question.offered = self._read_offered(row, question.choices)
        self._add_texts(question, row)

        question.required = _read_requirement(row)
        question.constraint = self._read_formula(row, "constraint")
        question.message = self._read_texts(row, "survey", "constraint_message")
        question.default = self._read_default(row, question)
        if type_ == "decimal":
            question.decimals = 2
        if type_ == "range":
            _read_range(row, question)
        if type_ == "datetime":
            question.note("type", "the date without the time: ask the time in an item of its own")

        question.is_scale = "likert" in appearance
        question.is_long = "multiline" in appearance
        question.is_ranking = type_ == "rank"
        if re.search(r"randomize\s*=\s*true", row.get("parameters")):
            question.order = "random"
        return question

    def _find_choices(self, row: SheetRow, answer: AnswerKind) -> ChoiceList | None:
        if answer not in ("code", "codes"):
            return None
        found = ChoiceList("", [])
        for word in row.get("type").split()[1:]:
            if word in self.lists:
                found = self.lists[word]
                break

        has_other = row.get("type").lower().endswith(("or_other", "or specify other"))
        if not has_other or not found.choices:
            return found
        text = _OTHER.get(self.codes[0], "Other")
        origin = Origin("survey", row.number, "type")
        texts = Texts({self.codes[0]: (text,)}, origin)
        other = FormChoice("other", origin, texts, asks_for_words=True)
        return ChoiceList(found.name, [*found.choices, other])

    def _add_texts(self, item: FormQuestion | FormNote, row: SheetRow) -> None:
        """Add what is read aloud, and what is only for the interviewer."""
        spoken: dict[str, str] = {}
        red: dict[str, str] = {}
        for language, text in row.get_texts("label").items():
            spoken[language], red[language] = split_instruction(text)
        hints = row.get_texts("hint")
        has_spoken = any(spoken.values())
        has_red = any(red.values())
        if has_red:
            item.note("label", "words in red are for the interviewer")

        origin = item.origin.at("label")
        if has_red and not has_spoken:
            item.is_for_interviewer = True
            item.label = self._make_texts(red, origin)
            item.instruction = self._make_texts(hints, item.origin.at("hint"))
        elif has_red:
            item.label = self._make_texts(spoken, origin)
            item.instruction = self._make_texts(_join_by_language(red, hints), origin)
        else:
            item.label = self._make_texts(spoken, origin)
            item.instruction = self._make_texts(hints, item.origin.at("hint"))
        item.help = self._read_texts(row, "survey", "guidance_hint")

    def _read_default(self, row: SheetRow, question: FormQuestion) -> Formula | None:
        text = row.get("default")
        if not text or text == "null":
            return None
        origin = Origin("survey", row.number, "default")
        if question.answer == "number" or "$" in text or "(" in text:
            return self._make_formula(text, origin)
        return Formula(text, origin, Constant(text))

    # ── what has no counterpart ───────────────────────────────────────────────────────────────────

    def _remark_columns(self, root: FormGroup) -> None:
        """Report columns without a counterpart, and media."""
        in_form = {item.origin.row: item.name for item in root.iterate_items()}
        uses: Counter[str] = Counter()
        for row in self.rows:
            if row.number not in in_form:
                continue
            uses.update({column for column, _language in row.cells})
            for column in _MEDIA_COLUMNS:
                if row.get_texts(column):
                    origin = Origin("survey", row.number, column)
                    text = "an interview by telephone has no media"
                    name = in_form[row.number]
                    self.remarks.append(Remark(origin, text, is_loss=True, name=name))

        for column, number in sorted(uses.items()):
            if column not in _COLUMNS:
                text = f"the column has no counterpart ({format_quantity(number, 'cell')})"
                self.remarks.append(Remark(Origin("survey", 1, column), text, is_loss=True))

    def _remark_settings(self) -> None:
        for column, _language in self.settings.cells:
            if column not in _SETTINGS:
                origin = Origin("settings", self.settings.number, column)
                self.remarks.append(Remark(origin, "a setting of the form server"))


def _get_name(row: SheetRow) -> str:
    return row.get("name") or f"row_{row.number}"


def _normalize_type(cell: str) -> str:
    """Return the first word of a type in its usual form: of `Select one yn`, `select_one`."""
    words = cell.lower().replace("select all that apply from", "select_multiple")
    words = re.sub(r"select (one|multiple)( from)?", r"select_\1", words).strip()
    words = re.sub(r"^(begin|end|text|audio) (?=\w)", r"\1_", words)
    return words.partition(" ")[0]


def _read_requirement(row: SheetRow) -> Requirement:
    cell = row.get("required")
    if cell.lower() in ("yes", "true", "true()", "1"):
        return "yes"
    return "condition" if "$" in cell else "no"


def _read_range(row: SheetRow, question: FormQuestion) -> None:
    for name, value in re.findall(r"(start|end)=(-?\d+)", row.get("parameters")):
        if name == "start":
            question.least = float(value)
        else:
            question.most = float(value)


def _join_by_language(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """Return two texts of each language, one below the other."""
    joined: dict[str, str] = {}
    for language in [*first, *second]:
        parts = [first.get(language, ""), second.get(language, "")]
        joined[language] = "\n".join(part for part in parts if part)
    return joined
