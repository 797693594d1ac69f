"""XLSForms: the rows of their sheets (.xlsx, .xls, .csv, .md), and the tree of their items."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.conversion import xpath
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.problems import UserError
from survey_cli.workbook_size import measure_largest_sheet, unpacks_too_far

MAX_BYTES: Final = 50_000_000
MAX_UNPACKED: Final = 200_000_000
MAX_CELLS: Final = 5_000_000
"""Cells of a sheet, empty ones included."""
FORM_ENDINGS: Final = (".xlsx", ".xlsm", ".xls", ".csv", ".md")
SHEETS: Final = ("survey", "choices", "settings")

_ZIP: Final = b"PK"
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\ufeff]")
"""Control characters, which YAML can't contain, and characters that nobody sees."""
_SYNONYMS: Final = {
    "relevance": "relevant",
    "calculate": "calculation",
    "caption": "label",
    "value": "name",
    "guidance": "guidance_hint",
    "readonly": "read_only",
    "repeat": "repeat_count",
    "jr:count": "repeat_count",
    "constraintmsg": "constraint_message",
    "requiredmsg": "required_message",
    "jr:constraintmsg": "constraint_message",
}
"""The names of columns by the other headings that they may have."""
_WITHOUT_MEANING: Final = ("bind", "control", "body", "instance", "media")
"""First words of headings such as `bind::relevant`, whose second word is the column."""

NumberedRow: TypeAlias = tuple[int, list[str]]
"""The number of a row in its sheet, from 1, and its cells."""
Sheets: TypeAlias = dict[str, list[NumberedRow]]


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────


class FormRow(NamedTuple):
    """A row that is not empty."""

    number: int
    """Its number in the sheet, from 1."""
    cells: Mapping[tuple[str, str], str]
    """By column and the name of its language, which is empty if the column has none."""

    def get(self, column: str) -> str:
        """Return the cell of a column without a language; empty if there isn't one."""
        return self.cells.get((column, ""), "")

    def get_texts(self, column: str) -> dict[str, str]:
        """Return the texts of a column by the names of their languages."""
        return {language: text for (name, language), text in self.cells.items() if name == column}


def check_form_name(path: Path) -> None:
    """Check that the name of a file ends like the name of a form. Raises UserError."""
    if path.suffix.lower() not in FORM_ENDINGS:
        raise _refuse_name(path)


def read_form(path: Path) -> dict[str, list[FormRow]]:
    """Read the rows of a form by the names of its sheets. Raises UserError if it isn't a form."""
    contents = _read_contents(path)
    ending = path.suffix.lower()

    if ending in (".xlsx", ".xlsm", ".xls"):
        sheets = _read_workbook(path, contents)
    elif ending == ".csv":
        sheets = _split_sheets(_read_csv(_decode(path, contents)))
    elif ending == ".md":
        sheets = _split_sheets(_read_markdown(_decode(path, contents)))
    else:
        raise _refuse_name(path)

    form = {name: _name_columns(rows) for name, rows in sheets.items()}
    if not form.get("survey"):
        what = "there is no sheet 'survey' with rows"
        raise UserError(str(path), what, "an XLSForm has the sheets survey, choices")
    return form


def _read_contents(path: Path) -> bytes:
    try:
        contents = path.read_bytes()
    except OSError as error:
        what = f"it can't be read: {error.strerror}"
        raise UserError(str(path), what, "check the path") from error

    if len(contents) > MAX_BYTES:
        what = "the file is larger than 50 MB"
        raise UserError(str(path), what, "remove sheets that are not part of the form")
    return contents


def _refuse_name(path: Path) -> UserError:
    remedy = "its name must end in .xlsx, .xls, .csv or .md"
    return UserError(str(path), "this is not an XLSForm", remedy)


def _refuse_workbook(path: Path) -> UserError:
    what = "this is not a workbook, or it is damaged"
    return UserError(str(path), what, "save it again as .xlsx")


def _read_workbook(path: Path, contents: bytes) -> Sheets:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        from survey_cli.installation import make_install_command

        what = "reading workbooks needs python-calamine, which is not installed"
        remedy = f"{make_install_command('excel')}, or save each sheet in one .csv"
        raise UserError(str(path), what, remedy) from None

    try:
        is_too_large = _is_too_large(contents)
    except zipfile.BadZipFile as error:
        raise _refuse_workbook(path) from error
    if is_too_large:
        what = "the workbook is too large: once unpacked, it has far more cells than a form"
        remedy = "delete the empty rows and columns around the data, and save it again"
        raise UserError(str(path), what, remedy)

    sheets: Sheets = {}
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(contents))
        for title in book.sheet_names:
            name = title.strip().lower()
            if name not in SHEETS:
                continue
            # Empty rows at the top are kept: reports give the numbers that a spreadsheet shows.
            rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
            sheets[name] = [
                (number, [_format_cell(value) for value in row])
                for number, row in enumerate(rows, 1)
            ]
    except CalamineError as error:
        raise _refuse_workbook(path) from error
    return sheets


def _is_too_large(contents: bytes) -> bool:
    """Return whether python-calamine, which makes a table of all cells, would need too much memory.

    Raises zipfile.BadZipFile.
    """
    if not contents.startswith(_ZIP):
        return False  # the old format has at most 65,536 rows and 256 columns
    if unpacks_too_far(contents, limit=MAX_UNPACKED):
        return True
    return measure_largest_sheet(contents) > MAX_CELLS


def _format_cell(value: object) -> str:
    """Write the value of a cell as a form understands it: `true`, `1` for 1.0, `2020-01-31`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))

    text = str(value)
    if isinstance(value, date):
        text = text.removesuffix(" 00:00:00")
    return text.replace("\xa0", " ").strip()


def _decode(path: Path, contents: bytes) -> str:
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(str(path), "the file is not UTF-8", "save it as CSV UTF-8") from error


def _read_csv(text: str) -> Iterator[NumberedRow]:
    yield from enumerate(csv.reader(io.StringIO(text, newline="")), 1)


def _read_markdown(text: str) -> Iterator[NumberedRow]:
    """Yield the rows of tables; other lines count, but are no rows."""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("|"):
            yield number, _split_line(line)


def _split_line(line: str) -> list[str]:
    r"""Split a line of a table at every `|` but those written as `\|`."""
    inside = line[1:].removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inside)]


def _split_sheets(rows: Iterable[NumberedRow]) -> Sheets:
    """Split a text file into sheets: a row with a name in the first cell begins one."""
    sheets: Sheets = {}
    current: list[NumberedRow] = []  # rows before the first name belong to no sheet
    for number, row in rows:
        name = row[0].strip().lower() if row else ""
        cells = [cell.strip() for cell in row[1:]]
        if name and not any(cells):
            current = sheets.setdefault(name, [])
        elif any(cell.strip(" -:") for cell in row[1:]):  # otherwise it is the line `|---|:-:|`
            current.append((number, cells))
    return sheets


def _name_columns(rows: list[NumberedRow]) -> list[FormRow]:
    """Return the rows by the names of the columns, which are in the first row with a cell."""
    filled = [(number, cells) for number, cells in rows if any(cells)]
    if not filled:
        return []

    headings = [_parse_heading(cell) for cell in filled[0][1]]
    return [FormRow(number, _name_cells(headings, cells)) for number, cells in filled[1:]]


def _name_cells(headings: list[tuple[str, str]], cells: list[str]) -> dict[tuple[str, str], str]:
    named: dict[tuple[str, str], str] = {}
    for heading, cell in zip(headings, cells, strict=False):
        column, _language = heading
        visible = _INVISIBLE.sub("", cell)
        if column and visible:
            named[heading] = visible
    return named


def _parse_heading(cell: str) -> tuple[str, str]:
    """Return the column and the language of `label::English (en)`, or an empty language."""
    first, *others = [part.strip() for part in re.split(r"::|(?<!jr):", cell)]
    column = first.lower().replace(" ", "_").replace("-", "_")
    if column in _WITHOUT_MEANING and others:
        return _parse_heading("::".join(others))

    language = others[0] if others else ""
    return _SYNONYMS.get(column, column), language


# ── items ─────────────────────────────────────────────────────────────────────────────────────────

ItemKind: TypeAlias = Literal[
    "text",
    "number",
    "code",
    "codes",
    "date",
    "time",
    "note",
    "calculate",
    "group",
    "repeat",
    "metadata",
    "media",
    "",
]
"""What an item is here: a question by its kind of answer, or something else; empty if unknown."""

_TYPES_BY_KIND: Final[dict[ItemKind, str]] = {
    "text": "text string",
    "number": "integer int decimal range",
    "code": "select_one select1 select_one_from_file select_one_external",
    "codes": "select_multiple select_multiple_from_file rank",
    "date": "date datetime",
    "time": "time",
    "note": "note acknowledge trigger",
    "calculate": "calculate calculate_here hidden",
    "group": "begin_group",
    "repeat": "begin_repeat",
    "metadata": (
        "start end today deviceid subscriberid simserial simid phonenumber username "
        "email caseid audit comments text_audit audio_audit"
    ),
    "media": "geopoint geotrace geoshape image photo audio video barcode file",
}
_KINDS: Final[dict[str, ItemKind]] = {
    type_: kind for kind, types in _TYPES_BY_KIND.items() for type_ in types.split()
}
"""The kinds of items by their types in the form."""
_DECLINE_WORDS: Final = {
    "dk": re.compile(
        r"(do(es)?n['’]?t|do(es)? not) know\W*|\bdk\b|no sabe|no sé|ne sai[st] pas", re.IGNORECASE
    ),
    "refused": re.compile(
        r"(?i)refused?s?( to (answer|respond|say))?|prefers? not to (say|answer)|no responde"
    ),
}
_DECLINE_CODE: Final = re.compile(r"-\d+|[789]\d?|\d{3,4}|[A-Za-z]\w*")
"""Codes that are usual for non-answers. Another code may be the outcome of a call."""
_LANGUAGES: Final = (
    "en es fr pt de it nl ar ru zh hi bn ur sw am so ha yo id vi km lo my ne si ta tr fa ps uk pl "
    "ro rw mg tl ht"
)
"""Languages that are found by their English names."""
_COMMON_LANGUAGES: Final = {
    "": "en",
    "español": "es",
    "français": "fr",
    "português": "pt",
    "english": "en",
}
"""Languages that are found by what forms usually call them. A form may not name its only one."""
_EXPRESSION_COLUMNS: Final = (
    "relevant",
    "constraint",
    "calculation",
    "repeat_count",
    "choice_filter",
)


@dataclass
class SheetChoice:
    """A choice of a list."""

    row: FormRow
    code: str
    texts: dict[str, str]

    # Every question with the list asks for it, and a list may have thousands of choices.
    @cached_property
    def decline(self) -> str:
        """Return dk or refused if the text says nothing else, otherwise an empty text."""
        texts = [re.sub(r"<[^>]*>|[*_]", "", text).strip(" .()") for text in self.texts.values()]
        for kind, words in _DECLINE_WORDS.items():
            if any(words.fullmatch(text) for text in texts):
                return kind
        return ""


@dataclass(slots=True, eq=False)
class SheetItem:
    """A row of the sheet `survey`, or a group with the rows in it."""

    row: FormRow
    kind: ItemKind
    type: str
    """Its type in the form, without the name of the list."""
    name: str
    list_name: str = ""
    parent: "SheetItem | None" = None
    children: list["SheetItem"] = field(default_factory=list)
    id: str = ""
    """Its id in the questionnaire."""
    unusable: str = ""
    """Why no questionnaire can have it, if its type alone doesn't say so."""

    @property
    def repeat(self) -> "SheetItem | None":
        """Return the innermost repeat that contains it."""
        for item in self.iterate_parents():
            if item.kind == "repeat":
                return item
        return None

    @property
    def or_other(self) -> bool:
        """Return whether "other" can be answered in words."""
        return self.row.get("type").lower().endswith(("or_other", "or specify other"))

    def iterate_parents(self) -> Iterator["SheetItem"]:
        """Yield the groups around it, from the inside out."""
        if self.parent is not None and self.parent.name:  # the root of the form has no name
            yield self.parent
            yield from self.parent.iterate_parents()

    def iterate_items(self) -> Iterator["SheetItem"]:
        """Yield every item in it in the order of rows; a group before its items."""
        for item in self.children:
            yield item
            yield from item.iterate_items()

    def parse(self, column: str) -> xpath.Expression | None:
        """Parse the expression in a column; None if the cell is empty. Raises UnsupportedError."""
        text = self.row.get(column)
        return xpath.parse_xpath(text) if text else None

    def is_required(self) -> bool:
        """Return whether it must be answered. A condition counts as no."""
        return self.row.get("required").lower() in ("yes", "true", "true()", "1")

    def build_relevance(self) -> xpath.Expression:
        """Return the condition of the item and of the groups around it. Raises UnsupportedError."""
        conditions = [item.parse("relevant") for item in (self, *self.iterate_parents())]
        from_outside = [condition for condition in reversed(conditions) if condition is not None]
        return xpath.join_parts(from_outside)


class SheetForm:
    """A form: the tree of its items, its lists, and its languages."""

    def __init__(self, sheets: dict[str, list[FormRow]]) -> None:
        rows = sheets["survey"]
        settings = sheets.get("settings")
        self.settings = settings[0] if settings else FormRow(0, {})

        self.lists: dict[str, list[SheetChoice]] = {}
        for row in sheets.get("choices", ()):
            code = row.get("name")
            if code:
                list_name = row.get("list_name") or row.get("list")
                choice = SheetChoice(row, code, row.get_texts("label"))
                self.lists.setdefault(list_name, []).append(choice)

        self.root = SheetItem(FormRow(0, {}), "group", "", "")
        self.disabled: list[FormRow] = []
        self._build_tree(rows)

        self.items: dict[str, SheetItem] = {}
        """By name; if several have the same name, the first."""
        for item in self.root.iterate_items():
            self.items.setdefault(item.name, item)

        self.languages = _find_languages(rows, self.settings.get("default_language"))
        """The codes of languages by their names in the form, the default first."""

    def _build_tree(self, rows: list[FormRow]) -> None:
        group = self.root
        for row in rows:
            type_ = _normalize_type(row.get("type"))
            if not type_:
                continue
            if row.get("disabled").lower() in ("yes", "true"):
                self.disabled.append(row)
            elif type_ in ("end_group", "end_repeat"):
                group = group.parent or self.root  # a form may end more groups than it begins
            else:
                item = self._make_item(row, type_, group)
                group.children.append(item)
                if item.kind in ("group", "repeat"):
                    group = item

    def _make_item(self, row: FormRow, type_: str, parent: SheetItem) -> SheetItem:
        kind = _KINDS.get(type_, "")
        if kind == "text" and row.get("calculation"):  # such a text is computed, not asked
            kind = "calculate"

        list_name = ""
        for word in row.get("type").split()[1:]:
            if word in self.lists:
                list_name = word
                break

        name = row.get("name") or f"row_{row.number}"
        return SheetItem(row, kind, type_, name, list_name, parent)

    @property
    def codes(self) -> list[str]:
        """Return the codes of the languages, the default first."""
        return list(dict.fromkeys(self.languages.values()))

    def get_text(self, row: FormRow, column: str) -> dict[str, str]:
        """Return the texts of a column by the codes of their languages."""
        default = self.codes[0]
        return {
            self.languages.get(name, default): text for name, text in row.get_texts(column).items()
        }

    def iterate_expressions(self) -> Iterator[xpath.Expression]:
        """Yield every expression that can be parsed."""
        for item in self.root.iterate_items():
            for column in _EXPRESSION_COLUMNS:
                with suppress(xpath.UnsupportedError):
                    tree = item.parse(column)
                    if tree is not None:
                        yield tree

    def find_declines(self, item: SheetItem) -> dict[str, str]:
        """Return dk or refused by the codes of the choices of a question that mean it.

        It is empty if the codes or their number make it likely that the choices are answers, as in
        a list of the outcomes of calls.
        """
        choices = self.lists.get(item.list_name, [])
        found = {choice.code: choice.decline for choice in choices if choice.decline}

        are_usual = all(_DECLINE_CODE.fullmatch(code) for code in found)
        has_answers = len(found) < len(choices)
        are_different = len(set(found.values())) == len(found)
        if are_usual and has_answers and are_different:
            return found
        return {}


def find_decline_kind(text: str) -> str:
    """Return dk or refused if a text contains words for it, otherwise an empty text."""
    for kind, words in _DECLINE_WORDS.items():
        if words.search(text):
            return kind
    return ""


def _normalize_type(cell: str) -> str:
    """Return the first word of a type in its usual form: of `Select one yn`, `select_one`."""
    words = cell.lower().replace("select all that apply from", "select_multiple")
    words = re.sub(r"select (one|multiple)( from)?", r"select_\1", words).strip()
    words = re.sub(r"^(begin|end|text|audio) (?=\w)", r"\1_", words)
    return words.partition(" ")[0]


# ── languages ─────────────────────────────────────────────────────────────────────────────────────


def _find_languages(rows: list[FormRow], default: str) -> dict[str, str]:
    """Return the codes of the languages of labels by their names in the form, the default first.

    The code of columns without a language is under an empty name.
    """
    names = _list_languages(rows, default)
    known = _COMMON_LANGUAGES
    # Loading the names of the other languages takes longer than reading a form.
    if any(not _find_code(name) and name.lower() not in known for name in names):
        english = {get_language_name(code).lower(): code for code in _LANGUAGES.split()}
        known = known | english

    codes: dict[str, str] = {}
    for name in names:
        # An unknown language gets a code all the same, so that its texts aren't lost.
        start = re.sub(r"[^a-z]", "", name.lower())[:3]
        codes[name] = _find_code(name) or known.get(name.lower()) or start or "en"

    unnamed = codes.get(default) or codes[names[0]]
    return codes | {"": unnamed}


def _list_languages(rows: list[FormRow], default: str) -> list[str]:
    """Return the names of the languages of labels, the default first; at least one."""
    names: list[str] = []
    for row in rows:
        for column, language in row.cells:
            if column == "label" and language not in names:
                names.append(language)

    # `default_language` may leave out the code that the headings have: `English (en)`.
    if default:
        names.sort(key=lambda name: not name.lower().startswith(default.lower()))
    return [name or default for name in names] or [""]


def _find_code(name: str) -> str:
    """Return the code in `English (en)`, or the name if it is a code; empty if there isn't one."""
    match = re.search(r"\(([a-z]{2,3}(?:-\w+)?)\)", name, re.IGNORECASE)
    if match is not None:
        return match[1].lower()
    return name.lower() if re.fullmatch(r"[a-zA-Z]{2}", name) else ""
