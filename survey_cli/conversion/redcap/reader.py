"""Reader of data dictionaries of REDCap: from their rows to a form of the neutral shape."""

import re
from collections import Counter
from typing import Final, Literal

from survey_cli.conversion.input_files import InputFile
from survey_cli.conversion.model.expressions import (
    SELF,
    Constant,
    Expression,
    FunctionCall,
    ValueComparison,
    join_all,
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
    Formula,
    LeftOut,
    Origin,
    Remark,
    SystemWords,
    Texts,
)
from survey_cli.conversion.redcap.dictionary import (
    DictionaryField,
    DictionaryRow,
    is_dictionary,
    read_dictionary,
)
from survey_cli.conversion.redcap.logic import LogicFields, read_logic
from survey_cli.problems import UserError
from survey_cli.wording import format_quantity

REDCAP_WORDS: Final = SystemWords(
    system="REDCap",
    part="File",
    row="Line",
    column="Column",
    items_part="dictionary",
    name=DictionaryField.NAME,
    type=DictionaryField.TYPE,
    label=DictionaryField.LABEL,
    condition=DictionaryField.BRANCHING,
    constraint=DictionaryField.MINIMUM,
    calculation=DictionaryField.CHOICES,
    default=DictionaryField.ANNOTATION,
    required=DictionaryField.REQUIRED,
)

_LANGUAGE: Final = "en"
"""A dictionary doesn't say in which language it is."""
_YES_NO: Final = (("1", "Yes"), ("0", "No"))
_TRUE_FALSE: Final = (("1", "True"), ("0", "False"))
_DECIMALS: Final = re.compile(r"number(?:_(\d)dp)?(?:_comma_decimal)?")
_USUAL_DECIMALS: Final = 2
_LIKE: Final[dict[str, Literal["", "email", "url", "phone"]]] = {
    "email": "email",
    "phone": "phone",
    "phone_australia": "phone",
    "phone_uk": "phone",
}
_PATTERNS: Final = {
    "zipcode": "99999",
    "postalcode_australia": "9999",
    "postalcode_canada": "A9A 9A9",
    "postalcode_french": "99999",
    "postalcode_germany": "99999",
    "ssn": "999-99-9999",
    "mrn_10d": "9999999999",
}
"""The patterns of texts by their validation, if all valid texts have one length."""
_ZERO: Final = re.compile(r"0+(\.0+)?")
_LAYOUT: Final = (DictionaryField.ALIGNMENT, DictionaryField.NUMBER)
_FILL: Final = re.compile(r"\[([a-z]\w*)(?::\w+)?\]")
_DEFAULT: Final = re.compile(r"@DEFAULT\s*=\s*(?:'([^']*)'|\"([^\"]*)\")")
_EXCLUSIVE: Final = re.compile(r"@NONEOFTHEABOVE\s*=\s*['\"]?([\w, -]+)")
_ACTION_TAG: Final = re.compile(r"@[A-Z][A-Z0-9-]+")
_CARRIED_TAGS: Final = ("@DEFAULT", "@NONEOFTHEABOVE")


def is_redcap(file: InputFile) -> bool:
    """Return whether a file is a data dictionary."""
    return not file.is_workbook and is_dictionary(file)


def read_redcap(file: InputFile) -> ForeignForm:
    """Read a data dictionary. Raises UserError."""
    dictionary = read_dictionary(file)
    if not dictionary.rows:
        raise UserError(file.name, "this data dictionary has no fields", "download it again")

    form = _DictionaryReader(dictionary.rows).read(file.path.stem)
    if dictionary.damaged_heading:
        origin = Origin(REDCAP_WORDS.items_part, 1, DictionaryField.NAME)
        text = (
            f"the first column is called {dictionary.damaged_heading!r} instead of "
            f"{DictionaryField.NAME.value!r}: it is taken for the names of the fields"
        )
        form.remarks.insert(0, Remark(origin, text, is_loss=True))
    return form


def _is_number(row: DictionaryRow) -> bool:
    """Whether conditions compare the field as a number: choices are texts there."""
    if row.get(DictionaryField.TYPE) in ("calc", "slider"):
        return True
    validation = row.get(DictionaryField.VALIDATION)
    return validation == "integer" or _DECIMALS.fullmatch(validation) is not None


class _DictionaryReader:
    """Reads the rows of one dictionary."""

    def __init__(self, rows: list[DictionaryRow]) -> None:
        self._rows = rows
        names = {row.get(DictionaryField.NAME): row.get(DictionaryField.TYPE) for row in rows}
        checkboxes = {name for name, type_ in names.items() if type_ == "checkbox"}
        record = rows[0].get(DictionaryField.NAME)
        self._fields = LogicFields(
            frozenset(checkboxes), frozenset(names.keys() - checkboxes - {record}), record
        )
        self._texts = frozenset(
            row.get(DictionaryField.NAME) for row in rows if not _is_number(row)
        )
        """The fields that conditions compare as texts."""
        self._lists: dict[str, ChoiceList] = {}
        """Lists of choices by how they are written: fields with the same one share it."""

    def read(self, name: str) -> ForeignForm:
        root = FormGroup("", Origin(REDCAP_WORDS.items_part, 1))
        self._add_forms(root)
        return ForeignForm(
            name, REDCAP_WORDS, root, [_LANGUAGE], title=name, remarks=self._remark_layout()
        )

    # ── groups ────────────────────────────────────────────────────────────────────────────────────

    def _add_forms(self, root: FormGroup) -> None:
        """Add a group for each instrument, section and matrix, with the fields in it."""
        instrument = root
        section = root
        table = root
        for row in self._rows:
            origin = self._locate(row)
            title = row.get(DictionaryField.FORM)
            if instrument is root or title != instrument.name:
                instrument = FormGroup(title, origin)
                instrument.label = _make_text(title.replace("_", " ").capitalize(), origin)
                root.add(instrument)
                section = instrument

            header = row.get(DictionaryField.SECTION)
            if header:
                section = FormGroup(f"{row.get(DictionaryField.NAME)}_section", origin)
                section.label = self._read_text(row, DictionaryField.SECTION)
                instrument.add(section)

            matrix = row.get(DictionaryField.MATRIX)
            if not matrix:
                table = root
                section.add(self._read_item(row))
                continue
            if table.name != matrix:
                table = FormGroup(matrix, origin, is_table=True)
                section.add(table)
            table.add(self._read_item(row))

    def _locate(self, row: DictionaryRow) -> Origin:
        return Origin(REDCAP_WORDS.items_part, row.number)

    # ── items ─────────────────────────────────────────────────────────────────────────────────────

    def _read_item(self, row: DictionaryRow) -> FormItem:
        item = self._make_item(row)
        item.label = self._read_text(row, DictionaryField.LABEL)
        logic = row.get(DictionaryField.BRANCHING)
        if logic:
            origin = self._locate(row).at(DictionaryField.BRANCHING)
            fields = self._fields._replace(texts=self._texts)
            item.condition = Formula(logic, origin, read_logic(logic, fields))
        self._remark_tags(row, item)
        return item

    def _make_item(self, row: DictionaryRow) -> FormItem:
        name = row.get(DictionaryField.NAME)
        origin = self._locate(row)
        if name == self._fields.record:
            why = "the first field is the key of a record: the program has one for each case"
            return LeftOut(name, origin, why=why, is_stored_anyway=True)

        type_ = row.get(DictionaryField.TYPE)
        match type_:
            case "text" | "notes" | "slider":
                return self._read_typed(row, type_)
            case "radio" | "dropdown" | "sql" | "checkbox" | "yesno" | "truefalse":
                return self._read_coded(row, type_)
            case "calc":
                return self._read_calculation(row)
            case "descriptive":
                return FormNote(name, origin)
            case "file":
                return LeftOut(name, origin, why="an interview by telephone has no file")
            case _:
                return LeftOut(name, origin, why=f"the field type {type_} is unknown")

    def _read_calculation(self, row: DictionaryRow) -> FormCalculation:
        origin = self._locate(row)
        text = row.get(DictionaryField.CHOICES)
        formula = Formula(text, origin.at(DictionaryField.CHOICES), read_logic(text, self._fields))
        item = FormCalculation(row.get(DictionaryField.NAME), origin, formula=formula)
        if "datediff" in text:
            note = "dates of the future give negative numbers here, and positive ones in REDCap"
            item.note(DictionaryField.CHOICES, note)
        if isinstance(formula.tree, FunctionCall) and formula.tree.name == "years_between":
            note = "years of the calendar; REDCap's have 365.2425 days, a day off at some birthdays"
            item.note(DictionaryField.CHOICES, note)
        return item

    # ── questions ─────────────────────────────────────────────────────────────────────────────────

    def _make_question(self, row: DictionaryRow, answer: AnswerKind) -> FormQuestion:
        origin = self._locate(row)
        question = FormQuestion(row.get(DictionaryField.NAME), origin, answer=answer)
        question.type = row.get(DictionaryField.TYPE)
        question.instruction = self._read_text(row, DictionaryField.NOTE)
        if row.get(DictionaryField.REQUIRED).lower() == "y":
            question.required = "yes"
        question.is_personal = row.get(DictionaryField.IDENTIFIER).lower() == "y"

        default = _DEFAULT.search(row.get(DictionaryField.ANNOTATION))
        if default is not None:
            text = default[1] or default[2] or ""
            tree: Expression = Constant(text)
            if answer == "number":
                tree = read_logic(text, self._fields)
            question.default = Formula(text, origin.at(DictionaryField.ANNOTATION), tree)
        return question

    def _read_typed(self, row: DictionaryRow, type_: str) -> FormQuestion:
        validation = row.get(DictionaryField.VALIDATION)
        decimals = _DECIMALS.fullmatch(validation)
        if type_ == "slider":
            return self._read_slider(row)
        if type_ == "notes":
            question = self._make_question(row, "text")
            question.is_long = True
        elif validation == "integer":
            question = self._make_question(row, "number")
        elif decimals is not None:
            question = self._make_question(row, "number")
            question.decimals = int(decimals[1] or _USUAL_DECIMALS)
            if not decimals[1]:
                question.note(DictionaryField.VALIDATION, "a number has at most two decimals here")
        elif validation.startswith(("date_", "datetime_")):
            question = self._make_question(row, "date")
            if validation.startswith("datetime_"):
                note = "the date without the time: ask the time in an item of its own"
                question.note(DictionaryField.VALIDATION, note)
        elif validation == "time":
            question = self._make_question(row, "time")
        elif not validation and _has_numeric_range(row):
            question = self._make_question(row, "number")
            question.decimals = _USUAL_DECIMALS
            note = "it has a range of numbers and no validation: it is a number here"
            question.note(DictionaryField.VALIDATION, note)
        else:
            question = self._make_question(row, "text")
            self._add_validation(question, validation)
        self._add_range(row, question)
        return question

    def _add_validation(self, question: FormQuestion, validation: str) -> None:
        if validation in _LIKE:
            question.like = _LIKE[validation]
        elif validation in _PATTERNS:
            question.pattern = _PATTERNS[validation]
        elif validation:
            question.lose(
                DictionaryField.VALIDATION, f"the validation {validation} has no counterpart"
            )

    def _add_range(self, row: DictionaryRow, question: FormQuestion) -> None:
        """Add the range, which REDCap only suggests: a value outside can be kept."""
        least = row.get(DictionaryField.MINIMUM)
        most = row.get(DictionaryField.MAXIMUM)
        if question.answer == "number" and _ZERO.fullmatch(least):
            # A number begins at 0 here in any case, so that a check would never warn.
            question.least = 0.0
            note = "a number below 0 can't be entered; REDCap only warns"
            question.note(DictionaryField.MINIMUM, note)
            least = ""

        limits: list[Expression] = []
        texts: list[str] = []
        if least:
            limit = self._read_limit(least, question.answer)
            limits.append(ValueComparison(SELF, ">=", limit, if_blank=False))
            texts.append(f">= {least}")
        if most:
            limit = self._read_limit(most, question.answer)
            limits.append(ValueComparison(SELF, "<=", limit, if_blank=False))
            texts.append(f"<= {most}")
        if not limits:
            return

        origin = question.origin.at(DictionaryField.MINIMUM)
        if question.answer == "text":
            question.lose(DictionaryField.MINIMUM, f"{', '.join(texts)}: a text has no range")
            return
        question.constraint = Formula(" and ".join(texts), origin, join_all(limits))
        question.is_soft = True
        question.message = _make_text(f"REDCap suggests {' and '.join(texts)}.", origin)

    def _read_limit(self, text: str, answer: AnswerKind) -> Expression:
        if text in ("today", "now"):
            return FunctionCall("today")
        if answer == "number" or text.startswith("["):
            return read_logic(text.replace(",", "."), self._fields)
        return Constant(text)

    def _read_slider(self, row: DictionaryRow) -> FormQuestion:
        question = self._make_question(row, "number")
        least = row.get(DictionaryField.MINIMUM) or "0"
        most = row.get(DictionaryField.MAXIMUM) or "100"
        try:
            question.least = float(least)
            question.most = float(most)
        except ValueError:
            question.lose(DictionaryField.MINIMUM, f"{least} to {most} is no range of a slider")
        labels = [
            label.strip() for label in row.get(DictionaryField.CHOICES).split("|") if label.strip()
        ]
        if labels:
            text = f"A slider, from left to right: {', '.join(labels)}."
            question.instruction = _make_text(text, question.origin.at(DictionaryField.CHOICES))
        question.note(DictionaryField.TYPE, "a slider is a number here")
        return question

    def _read_coded(self, row: DictionaryRow, type_: str) -> FormQuestion:
        question = self._make_question(row, "codes" if type_ == "checkbox" else "code")
        if type_ == "checkbox" and question.required != "yes":
            question.fewest_choices = 0  # REDCap stores 0 for each, and no blank
        origin = question.origin.at(DictionaryField.CHOICES)
        match type_:
            case "yesno":
                question.choices = self._share("yes_no", _YES_NO, origin)
            case "truefalse":
                question.choices = self._share("true_false", _TRUE_FALSE, origin)
            case "sql":
                question.choices = ChoiceList(question.name, [])  # they are in another database
            case _:
                pairs = _split_choices(row.get(DictionaryField.CHOICES), question)
                question.choices = self._share(question.name, pairs, origin)
        if row.get(DictionaryField.RANKING).lower() == "y":
            question.lose(DictionaryField.RANKING, "that each column is chosen once is not checked")

        exclusive = _EXCLUSIVE.search(row.get(DictionaryField.ANNOTATION))
        if exclusive is not None:
            codes = {code.strip() for code in exclusive[1].split(",")}
            question.choices = _make_exclusive(question.choices, codes)
        return question

    def _share(self, name: str, pairs: tuple[tuple[str, str], ...], origin: Origin) -> ChoiceList:
        """Return the list with these choices, one for all fields that have the same ones."""
        key = repr(pairs)
        if key not in self._lists:
            choices = [
                FormChoice(code, origin, Texts({_LANGUAGE: (text,)}, origin))
                for code, text in pairs
            ]
            self._lists[key] = ChoiceList(name, choices)
        return self._lists[key]

    # ── texts ─────────────────────────────────────────────────────────────────────────────────────

    def _read_text(self, row: DictionaryRow, field: DictionaryField) -> Texts:
        text = row.get(field)
        if not text:
            return NO_TEXTS
        pieces: list[str | Fill] = []
        end = 0
        for match in _FILL.finditer(text):
            # Other words in brackets are words: "[Interviewer: …]".
            if match[1] in self._fields.others or match[1] in self._fields.checkboxes:
                pieces.append(text[end : match.start()])
                pieces.append(Fill(match[0], read_logic(f"[{match[1]}]", self._fields)))
                end = match.end()
        pieces.append(text[end:])
        return Texts({_LANGUAGE: tuple(pieces)}, self._locate(row).at(field))

    # ── what has no counterpart ───────────────────────────────────────────────────────────────────

    def _remark_tags(self, row: DictionaryRow, item: FormItem) -> None:
        """Report action tags that aren't carried over; an annotation without one is a comment."""
        tags = dict.fromkeys(_ACTION_TAG.findall(row.get(DictionaryField.ANNOTATION)))
        lost = [tag for tag in tags if tag not in _CARRIED_TAGS]
        if lost:
            item.lose(DictionaryField.ANNOTATION, f"{', '.join(lost)} has no counterpart")

    def _remark_layout(self) -> list[Remark]:
        remarks: list[Remark] = []
        uses: Counter[DictionaryField] = Counter()
        for row in self._rows:
            uses.update(row.cells.keys())
        for field in _LAYOUT:
            if uses[field]:
                text = f"layout of a web page ({format_quantity(uses[field], 'cell')})"
                remarks.append(Remark(Origin(REDCAP_WORDS.items_part, 1, field), text))
        if uses[DictionaryField.ANNOTATION]:
            number = format_quantity(uses[DictionaryField.ANNOTATION], "cell")
            text = f"annotations are comments of the form's makers ({number})"
            origin = Origin(REDCAP_WORDS.items_part, 1, DictionaryField.ANNOTATION)
            remarks.append(Remark(origin, text))
        return remarks


def _has_numeric_range(row: DictionaryRow) -> bool:
    """Return whether a field has limits, all of which are numbers."""
    limits = [
        row.get(field)
        for field in (DictionaryField.MINIMUM, DictionaryField.MAXIMUM)
        if row.get(field)
    ]
    return bool(limits) and all(re.fullmatch(r"-?\d+(\.\d+)?", limit) for limit in limits)


def _make_text(text: str, origin: Origin) -> Texts:
    return Texts({_LANGUAGE: (text,)}, origin)


def _split_choices(text: str, question: FormQuestion) -> tuple[tuple[str, str], ...]:
    """Split `0, Female | 1, Male` into codes and texts; a choice without a code gets its text."""
    pairs: list[tuple[str, str]] = []
    for part in re.split(r"\||\n", text):
        code, comma, words = part.partition(",")
        if not part.strip():
            continue
        if not comma:
            words = code
            question.lose(
                DictionaryField.CHOICES, f"the choice {code.strip()!r} has no code of its own"
            )
        pairs.append((code.strip(), words.strip()))
    return tuple(pairs)


def _make_exclusive(choices: ChoiceList, codes: set[str]) -> ChoiceList:
    """Return a list with some choices that can't be combined with others."""
    marked: list[FormChoice] = []
    for choice in choices.choices:
        is_exclusive = choice.code in codes
        marked.append(
            FormChoice(choice.code, choice.origin, choice.texts, is_exclusive=is_exclusive)
        )
    return ChoiceList(choices.name, marked)
