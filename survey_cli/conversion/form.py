"""XLSForms: the rows of their sheets (.xlsx, .xls, .csv, .md), and the tree of questions, groups and repeats."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from survey_cli.conversion import xpath
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.problems import UserError
from survey_cli.workbook_size import measure_largest_sheet, unpacks_too_far

MAX_BYTES: Final = 50_000_000
MAX_UNPACKED: Final = 200_000_000
MAX_CELLS: Final = 5_000_000
"""Cells of a sheet, empty ones included."""
FORM_ENDINGS: Final = (".xlsx", ".xlsm", ".xls", ".csv", ".md")

_ZIP: Final = b"PK"
SHEETS: Final = ("survey", "choices", "settings")
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\ufeff]")
_SYNONYMS: Final[dict[str, str]] = dict(
    re.findall(
        r"(\S+)=(\S+)",
        "relevance=relevant calculate=calculation caption=label value=name guidance=guidance_hint readonly=read_only"
        " repeat=repeat_count jr:count=repeat_count constraintmsg=constraint_message"
        " requiredmsg=required_message jr:constraintmsg=constraint_message",
    )
)
_WITHOUT_MEANING: Final = ("bind", "control", "body", "instance", "media")
"""First words of headings such as `bind::relevant`, whose second word is the column."""

Sheets: TypeAlias = dict[str, list[tuple[int, list[str]]]]
"""The rows of each sheet with their numbers."""


class FormRow(NamedTuple):
    """A row that is not empty."""

    number: int
    """Its number in the sheet, from 1."""
    cells: Mapping[tuple[str, str], str]
    """By column and the name of its language, which is empty where the column has none."""

    def get(self, column: str) -> str:
        """Return the cell of a column without a language."""
        return self.cells.get((column, ""), "")

    def get_texts(self, column: str) -> dict[str, str]:
        """Return a text by language."""
        return {language: text for (name, language), text in self.cells.items() if name == column}


def check_form_name(path: Path) -> None:
    """Raise UserError if the name has no ending of a form."""
    if path.suffix.lower() not in FORM_ENDINGS:
        raise _refuse_name(path)


def _refuse_name(path: Path) -> UserError:
    remedy = "its name must end in .xlsx, .xls, .csv or .md"
    return UserError(str(path), "this is not an XLSForm", remedy)


def read_form(path: Path) -> dict[str, list[FormRow]]:
    """Read the sheets of a form. Raises UserError where it is not one."""
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise UserError(
            str(path), f"it can't be read: {error.strerror}", "check the path"
        ) from error
    if len(contents) > MAX_BYTES:
        raise UserError(
            str(path),
            "the file is larger than 50 MB",
            "remove sheets that are not part of the form",
        )
    match path.suffix.lower():
        case ".xlsx" | ".xlsm" | ".xls":
            sheets = _read_workbook(path, contents)
        case ".csv":
            rows = csv.reader(io.StringIO(_decode(path, contents), newline=""))
            sheets = _split_sheets(enumerate(rows, 1))
        case ".md":
            lines = (line.strip() for line in _decode(path, contents).splitlines())
            sheets = _split_sheets(
                (n, _split_line(line)) for n, line in enumerate(lines, 1) if line.startswith("|")
            )
        case _:
            raise _refuse_name(path)
    form = {name: _name_columns(rows) for name, rows in sheets.items()}
    if not form.get("survey"):
        raise UserError(
            str(path),
            "there is no sheet 'survey' with rows",
            "an XLSForm has the sheets survey, choices",
        )
    return form


def _read_workbook(path: Path, contents: bytes) -> Sheets:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        from survey_cli.installation import make_install_command

        what = "reading workbooks needs python-calamine, which is not installed"
        remedy = f"{make_install_command('excel')}, or save each sheet in one .csv"
        raise UserError(str(path), what, remedy) from None
    sheets: Sheets = {}
    try:
        is_too_large = _is_too_large(contents)
    except zipfile.BadZipFile as error:
        raise UserError(
            str(path), "this is not a workbook, or it is damaged", "save it again as .xlsx"
        ) from error
    if is_too_large:
        what = "the workbook is too large: once unpacked, it has far more cells than a form"
        raise UserError(
            str(path), what, "delete the empty rows and columns around the data, and save it again"
        )
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(contents))
        for name in book.sheet_names:
            if name.strip().lower() in SHEETS:
                rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                sheets[name.strip().lower()] = [
                    (n, list(map(_format_cell, row))) for n, row in enumerate(rows, 1)
                ]
    except CalamineError as error:
        raise UserError(
            str(path), "this is not a workbook, or it is damaged", "save it again as .xlsx"
        ) from error
    return sheets


def _is_too_large(contents: bytes) -> bool:
    """Whether the library would need too much memory; it makes a table of all cells. Raises zipfile.BadZipFile."""
    if not contents.startswith(_ZIP):
        return False  # the old format has at most 65,536 rows and 256 columns
    return (
        unpacks_too_far(contents, limit=MAX_UNPACKED) or measure_largest_sheet(contents) > MAX_CELLS
    )


def _format_cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return (
        str(value).removesuffix(" 00:00:00" * isinstance(value, date)).replace("\xa0", " ").strip()
    )


def _decode(path: Path, contents: bytes) -> str:
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(str(path), "the file is not UTF-8", "save it as CSV UTF-8") from error


def _split_line(line: str) -> list[str]:
    return [
        cell.strip().replace("\\|", "|")
        for cell in re.split(r"(?<!\\)\|", line[1:].removesuffix("|"))
    ]


def _split_sheets(rows: Iterable[tuple[int, list[str]]]) -> Sheets:
    """Split a text file into sheets: a row with a name in the first cell begins one."""
    sheets: Sheets = {}
    current: list[tuple[int, list[str]]] = []
    for number, row in rows:
        name = row[0].strip().lower() if row else ""
        if name and all(not cell.strip() for cell in row[1:]):
            current = sheets.setdefault(name, [])
        elif any(cell.strip(" -:") for cell in row[1:]):
            current.append((number, [cell.strip() for cell in row[1:]]))
    return sheets


def _name_columns(rows: list[tuple[int, list[str]]]) -> list[FormRow]:
    (_, first), *others = [row for row in rows if any(row[1])] or [(0, [])]
    headings = [_parse_heading(cell) for cell in first]
    cleaned = [
        (n, zip(headings, (_INVISIBLE.sub("", cell) for cell in row), strict=False))
        for n, row in others
    ]
    return [
        FormRow(n, {heading: cell for heading, cell in row if cell and heading[0]})
        for n, row in cleaned
    ]


def _parse_heading(cell: str) -> tuple[str, str]:
    first, *others = [part.strip() for part in re.split(r"::|(?<!jr):", cell)]
    first = first.lower().replace(" ", "_").replace("-", "_")
    if first in _WITHOUT_MEANING and others:
        return _parse_heading("::".join(others))
    return _SYNONYMS.get(first, first), others[0] if others else ""


_TYPES_BY_KIND: Final = {
    "text": "text string email",
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
"""The types of questions in forms, by the kind of answer they have here."""
_TYPES: Final = {type_: kind for kind, types in _TYPES_BY_KIND.items() for type_ in types.split()}
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


@dataclass(slots=True)
class FormChoice:
    """A choice of a list."""

    row: FormRow
    code: str
    texts: dict[str, str]

    @property
    def decline(self) -> str:
        """Return dk or refused where the text says so, otherwise nothing."""
        texts = [re.sub(r"<[^>]*>|[*_]", "", text).strip(" .()") for text in self.texts.values()]
        return next(
            (kind for kind, form in _DECLINE_WORDS.items() if any(map(form.fullmatch, texts))), ""
        )


@dataclass(slots=True, eq=False)
class FormItem:
    """A row of the sheet `survey`, or a group with the rows in it."""

    row: FormRow
    kind: str
    type: str
    name: str
    list_name: str = ""
    parent: "FormItem | None" = None
    children: list["FormItem"] = field(default_factory=list)
    id: str = ""
    """Its id in the questionnaire."""

    @property
    def repeat(self) -> "FormItem | None":
        """Return the innermost repeat that contains it."""
        return next((item for item in self.iterate_parents() if item.kind == "repeat"), None)

    @property
    def or_other(self) -> bool:
        """Return whether "other" can be answered in words."""
        return self.row.get("type").lower().endswith(("or_other", "or specify other"))

    def iterate_parents(self) -> Iterator["FormItem"]:
        """Yield the groups around it, from the inside out."""
        if self.parent is not None and self.parent.name:
            yield self.parent
            yield from self.parent.iterate_parents()

    def iterate_items(self) -> Iterator["FormItem"]:
        """Yield every item in it in the order of rows; a group before its items."""
        for item in self.children:
            yield item
            yield from item.iterate_items()

    def parse(self, column: str) -> xpath.Expression | None:
        """Parse the expression in a column; None where there is none. Raises UnsupportedError."""
        text = self.row.get(column)
        return xpath.parse_xpath(text) if text else None

    def is_required(self) -> bool:
        """Return whether it must be answered. A condition counts as no."""
        return self.row.get("required").lower() in ("yes", "true", "true()", "1")

    def build_relevance(self) -> xpath.Expression:
        """Return the condition of the item and of the groups around it. Raises UnsupportedError."""
        conditions = [item.parse("relevant") for item in (self, *self.iterate_parents())]
        return xpath.join_parts(
            [condition for condition in reversed(conditions) if condition is not None]
        )


class Form:
    """A form: the tree of its items, its lists, and its languages."""

    def __init__(self, sheets: dict[str, list[FormRow]]) -> None:
        self.settings = sheets["settings"][0] if sheets.get("settings") else FormRow(0, {})
        self.lists: dict[str, list[FormChoice]] = {}
        for row in sheets.get("choices", ()):
            if row.get("name"):
                choice = FormChoice(row, row.get("name"), row.get_texts("label"))
                self.lists.setdefault(row.get("list_name") or row.get("list"), []).append(choice)
        self.root = FormItem(FormRow(0, {}), "group", "", "")
        self.disabled: list[FormRow] = []
        self._build_tree(sheets["survey"])
        self.items: dict[str, FormItem] = {}
        for item in self.root.iterate_items():
            self.items.setdefault(item.name, item)
        self.languages = self._find_languages(sheets["survey"])
        """The codes of languages by their names in the form, the default first."""

    def _build_tree(self, rows: list[FormRow]) -> None:
        group = self.root
        for row in rows:
            words = row.get("type").lower().replace("select all that apply from", "select_multiple")
            words = re.sub(r"select (one|multiple)( from)?", r"select_\1", words)
            words = re.sub(r"^(begin|end|text|audio) (?=\w)", r"\1_", words.strip())
            type_ = words.partition(" ")[0]
            if not words or row.get("disabled").lower() in ("yes", "true"):
                self.disabled += [row] if words else []
            elif type_ in ("end_group", "end_repeat"):
                group = group.parent or self.root
            else:
                kind = _TYPES.get(type_, "")
                kind = "calculate" if kind == "text" and row.get("calculation") else kind
                lists = [word for word in row.get("type").split()[1:] if word in self.lists]
                item = FormItem(
                    row,
                    kind,
                    type_,
                    row.get("name") or f"row_{row.number}",
                    (lists or [""])[0],
                    group,
                )
                group.children.append(item)
                group = item if kind in ("group", "repeat") else group

    def _find_languages(self, rows: list[FormRow]) -> dict[str, str]:
        used = list(
            dict.fromkeys(
                language for row in rows for column, language in row.cells if column == "label"
            )
        )
        default = self.settings.get("default_language")
        used.sort(key=lambda name: not (default and name.lower().startswith(default.lower())))
        names = [default if name == "" else name for name in used] or [""]
        english = {"": "en", "español": "es", "français": "fr", "português": "pt", "english": "en"}
        if any(not _find_code(name) and name.lower() not in english for name in names):
            english |= {get_language_name(code).lower(): code for code in _LANGUAGES.split()}
        codes = {
            n: _find_code(n)
            or english.get(n.lower())
            or re.sub(r"[^a-z]", "", n.lower())[:3]
            or "en"
            for n in names
        }
        return codes | {"": codes.get(default) or next(iter(codes.values()))}

    @property
    def codes(self) -> list[str]:
        """Return the codes of the languages, the default first."""
        return list(dict.fromkeys(self.languages.values()))

    def get_text(self, row: FormRow, column: str) -> dict[str, str]:
        """Return a text by the code of its language."""
        return {
            self.languages.get(name, self.codes[0]): text
            for name, text in row.get_texts(column).items()
        }

    def iterate_expressions(self) -> Iterator[xpath.Expression]:
        """Yield every expression that can be parsed."""
        columns = ("relevant", "constraint", "calculation", "repeat_count", "choice_filter")
        for item, column in product(self.root.iterate_items(), columns):
            with suppress(xpath.UnsupportedError):
                if (tree := item.parse(column)) is not None:
                    yield tree

    def find_declines(self, item: FormItem) -> dict[str, str]:
        """Return the codes of the choices of a question that are don't know or refused, with dk or refused."""
        choices = self.lists.get(item.list_name, [])
        found = {choice.code: choice.decline for choice in choices if choice.decline}
        usual = all(map(_DECLINE_CODE.fullmatch, found)) and len(found) < len(choices)
        return found if usual and len(set(found.values())) == len(found) else {}


def find_decline_kind(text: str) -> str:
    """Return dk or refused if a text contains words for it, otherwise nothing."""
    for kind, words in _DECLINE_WORDS.items():
        if words.search(text):
            return kind
    return ""


def _find_code(name: str) -> str:
    match = re.search(r"\(([a-z]{2,3}(?:-\w+)?)\)", name, re.IGNORECASE)
    if match is not None:
        return match[1].lower()
    return name.lower() if re.fullmatch(r"[a-zA-Z]{2}", name) else ""
