"""Files of forms, and the limits of what is read of them.

This is the one place for limits: a file of some kilobytes can unpack to gigabytes, and nested
brackets or elements can exhaust the memory or the stack. Readers get an `InputFile` and open it
with `text`, `read_csv`, `read_json` or `read_xml`, which refuse such files and damaged ones in
words. Workbooks have more cells than rows, and their own check in `xlsform.sheets`.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from survey_cli.problems import UserError

MAX_BYTES: Final = 50_000_000
"""Bytes of a file. The largest real forms have three million."""
MAX_UNPACKED: Final = 200_000_000
"""Bytes of a workbook once it is unpacked."""
MAX_CELLS: Final = 5_000_000
"""Cells of a sheet, empty ones included."""
MAX_FIELD: Final = 1_000_000
"""Characters of a cell of a .csv file."""
MAX_ENTRIES: Final = 2_000_000
"""Elements and attributes of an XML file, or values of a JSON file."""
MAX_DEPTH: Final = 100
"""How deeply elements or brackets may be nested."""

_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of .xlsx and of .xls."""
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]')
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that YAML refuses, or that are none: control characters, and halves of a pair."""
_LINE_BREAK: Final = re.compile(r"[\x0b\x0c\x85\u2028\u2029]")
"""Line breaks that editors don't show. Word and Excel write one within a paragraph as `\\x0b`."""
_XML_ERRORS: Final = (ParseError, expat.ExpatError, LookupError, ValueError)
"""What parsers raise. The last two are for encodings that Python or expat doesn't know."""


class InputFile:
    """A file that is to be converted."""

    def __init__(self, path: Path, contents: bytes) -> None:
        self.path = path
        self.name = str(path)
        self.contents = contents

    @property
    def is_workbook(self) -> bool:
        """Return whether it is a workbook by its first bytes."""
        return self.contents.startswith(_WORKBOOKS)

    @cached_property
    def text(self) -> str:
        """Return its text without control characters. Raises UserError if it isn't UTF-8."""
        try:
            return remove_unwritable(self.contents.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            fix = "save it with the encoding UTF-8"
            if self.path.suffix.lower() == ".csv":
                fix = "save it as CSV UTF-8"
            raise UserError(self.name, "the file is not UTF-8", fix) from error

    @cached_property
    def beginning(self) -> str:
        """Return its first characters, as far as they are text, to recognize it by."""
        return self.contents[:20_000].decode("utf-8-sig", errors="replace").lstrip()

    def read_csv(self, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of a text with columns, each with the number of its first line.

        Raises UserError.
        """
        csv.field_size_limit(MAX_FIELD)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=delimiter)
        line = 1
        cells_so_far = 0
        try:
            for row in reader:
                cells_so_far += len(row)
                if cells_so_far > MAX_CELLS:
                    raise self.refuse("it has far more cells than a form")
                yield line, row
                line = reader.line_num + 1
        except csv.Error as error:
            raise self.refuse(f"line {line} can't be read as .csv ({error})") from error

    def read_json(self) -> Any:
        """Return the value of a JSON file. Raises UserError."""
        self._check_brackets()
        try:
            return _clean_json(json.loads(self.text))
        except (ValueError, RecursionError) as error:
            # A number of more than 4,300 digits is a ValueError, and no JSONDecodeError.
            raise self.refuse("it is no JSON, or it is damaged") from error

    def _check_brackets(self) -> None:
        depth = 0
        entries = 0
        for token in _BRACKETS.finditer(self.text):
            match token[0]:
                case "{" | "[":
                    depth += 1
                    entries += 1
                case "}" | "]":
                    depth -= 1
                case ",":
                    entries += 1
            if depth > MAX_DEPTH:
                raise self.refuse(f"its brackets are nested more than {MAX_DEPTH} deep")
            if entries > MAX_ENTRIES:
                raise self.refuse("it has far more values than a form")

    def read_xml(self) -> Element:
        """Return the root of an XML file. Raises UserError."""
        self._check_elements()
        parser = XMLParser()
        try:
            parser.feed(self.contents)
            root = parser.close()
        except _XML_ERRORS as error:
            raise self.refuse("it is no XML, or it is damaged") from error
        assert isinstance(root, Element)
        return root

    def _check_elements(self) -> None:
        """Refuse documents with entities, which can stand for gigabytes, and too many elements."""
        depth = 0
        elements = 0

        def start_doctype(*_: object) -> None:
            raise self.refuse("it defines XML entities, which no form needs")

        def start_element(_name: str, attributes: dict[str, str]) -> None:
            nonlocal depth, elements
            depth += 1
            elements += 1 + len(attributes)
            if depth > MAX_DEPTH:
                raise self.refuse(f"its elements are nested more than {MAX_DEPTH} deep")
            if elements > MAX_ENTRIES:
                raise self.refuse("it has far more elements than a form")

        def end_element(_name: str) -> None:
            nonlocal depth
            depth -= 1

        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = start_doctype
        parser.StartElementHandler = start_element
        parser.EndElementHandler = end_element
        try:
            parser.Parse(self.contents, True)
        except _XML_ERRORS as error:
            raise self.refuse("it is no XML, or it is damaged") from error

    def refuse(self, what: str) -> UserError:
        """Return the error that refuses the file."""
        return UserError(self.name, what, "export the form from its system again")


def remove_unwritable(text: str) -> str:
    """Remove control characters from a text; a line that is broken by one gets a blank."""
    return _UNWRITABLE.sub("", _LINE_BREAK.sub(" ", text))


def _clean_json(value: Any) -> Any:
    """Remove control characters, which JSON writes as escapes, from the texts of a value."""
    match value:
        case str():
            return remove_unwritable(value)
        case list():
            return [_clean_json(entry) for entry in value]
        case dict():
            return {_clean_json(key): _clean_json(entry) for key, entry in value.items()}
    return value


def open_input(path: Path) -> InputFile:
    """Open a file that is to be converted. Raises UserError."""
    try:
        size = path.stat().st_size
        contents = b"" if size > MAX_BYTES else path.read_bytes()
    except OSError as error:
        what = f"it can't be read: {error.strerror}"
        raise UserError(str(path), what, "check the path") from error

    if size > MAX_BYTES:
        what = "the file is larger than 50 MB"
        raise UserError(str(path), what, "remove what is not part of the form")
    return InputFile(path, contents)
