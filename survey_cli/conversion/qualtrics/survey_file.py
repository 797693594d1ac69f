"""Survey files of Qualtrics (.qsf): what is in them, with the types of JSON made safe.

Qualtrics writes a mapping as a list if it is empty, or if its keys are 0, 1, 2, …. Nothing here
relies on a value being of the expected type.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from math import isfinite
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.conversion.input_files import InputFile
from survey_cli.problems import UserError

JsonObject: TypeAlias = dict[str, Any]

_NUMBER: Final = re.compile(r"(\d{1,9})$")
"""The number at the end of QID12 or FL_7. Ids such as FL_0H61Rc1wZydkW9f have none."""
_SET_BY_SCRIPT: Final = re.compile(r"set(?:JS)?EmbeddedData\(\s*['\"]([^'\"]+)")


def is_survey_file(file: InputFile) -> bool:
    """Return whether a file is a survey of Qualtrics by its first characters."""
    beginning = file.beginning
    has_parts = '"SurveyElements"' in beginning or '"SurveyEntry"' in beginning
    return beginning.startswith("{") and has_parts


def get_mapping(value: object) -> JsonObject:
    """Return a mapping; a list is one by the positions of its values."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(number): entry for number, entry in enumerate(value)}
    return {}


def get_entries(value: object) -> list[JsonObject]:
    """Return the mappings in a list, or those in a mapping in the order of its keys."""
    entries: list[object] = []
    if isinstance(value, list):
        entries = value
    elif isinstance(value, dict):
        entries = [value[key] for key in sort_keys(value)]
    return [entry for entry in entries if isinstance(entry, dict)]


def sort_keys(mapping: JsonObject) -> list[str]:
    """Return the keys of a mapping, those that are numbers first and by their size."""

    def get_rank(key: str) -> tuple[bool, int]:
        is_number = key.isdigit()
        number = 0
        if is_number:
            number = int(key)
        return not is_number, number

    return sorted(mapping, key=get_rank)


def get_text(value: object) -> str:
    """Return a text or a number as a text; anything else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return ""


def get_number(value: object) -> float | None:
    """Return a number, also one that is written as a text."""
    try:
        number = float(get_text(value).replace(",", "."))
    except ValueError:
        return None
    return number if isfinite(number) else None


def is_on(value: object) -> bool:
    """Return whether a switch is on: true, "true", "ON"."""
    return value is True or get_text(value).lower() in ("true", "on", "1", "yes")


class SurveyBlock(NamedTuple):
    """A block of questions."""

    id: str
    number: int
    """Its position in the file, from 1."""
    title: str
    elements: list[JsonObject]
    """Its questions and page breaks."""
    options: JsonObject
    is_trash: bool


class SurveyFile:
    """A survey of Qualtrics."""

    def __init__(self, file: InputFile) -> None:
        self._file = file
        root = file.read_json()
        elements = get_entries(get_mapping(root).get("SurveyElements"))
        if not elements:
            raise UserError(
                file.name, "this survey of Qualtrics has no elements", "export the survey again"
            )
        self._elements = elements
        self._entry = get_mapping(get_mapping(root).get("SurveyEntry"))

    def refuse(self, what: str) -> UserError:
        """Return the error that refuses the survey."""
        return self._file.refuse(what)

    # ── elements ──────────────────────────────────────────────────────────────────────────────────

    def list_payloads(self, kind: str) -> list[Any]:
        """Return the contents of the elements of a kind: BL, FL, SQ, SO, QO."""
        return [
            element.get("Payload") for element in self._elements if element.get("Element") == kind
        ]

    @cached_property
    def name(self) -> str:
        """Return the name of the survey."""
        return get_text(self._entry.get("SurveyName"))

    @cached_property
    def questions(self) -> dict[str, JsonObject]:
        """Return the questions by their ids, such as QID12."""
        questions: dict[str, JsonObject] = {}
        for payload in self.list_payloads("SQ"):
            question = get_mapping(payload)
            question_id = get_text(question.get("QuestionID"))
            if question_id:
                questions[question_id] = question
        return questions

    @cached_property
    def blocks(self) -> dict[str, SurveyBlock]:
        """Return the blocks by their ids, such as BL_8HvHiD1xNsKB31P."""
        blocks: dict[str, SurveyBlock] = {}
        for payload in self.list_payloads("BL"):
            # a payload is all blocks, or in some exports a single one
            entries = get_entries(payload)
            if isinstance(payload, dict) and "BlockElements" in payload:
                entries = [payload]
            for entry in entries:
                block_id = get_text(entry.get("ID"))
                blocks[block_id] = SurveyBlock(
                    block_id,
                    len(blocks) + 1,
                    get_text(entry.get("Description")),
                    get_entries(entry.get("BlockElements")),
                    get_mapping(entry.get("Options")),
                    is_trash=entry.get("Type") == "Trash",
                )
        return blocks

    @cached_property
    def flow(self) -> list[JsonObject]:
        """Return the elements of the survey flow; all blocks if there is no flow."""
        for payload in self.list_payloads("FL"):
            flow = get_entries(get_mapping(payload).get("Flow"))
            if flow:
                return flow
        return [
            {"Type": "Block", "ID": block.id, "FlowID": ""}
            for block in self.blocks.values()
            if not block.is_trash
        ]

    def iterate_flow(self) -> Iterator[JsonObject]:
        """Yield every element of the flow in its order; a branch before what is in it."""
        pending = list(reversed(self.flow))
        while pending:
            element = pending.pop()
            yield element
            pending += reversed(get_entries(element.get("Flow")))

    @cached_property
    def flow_numbers(self) -> dict[str, int]:
        """Return the numbers of the elements of the flow by their ids."""
        numbers: dict[str, int] = {}
        for position, element in enumerate(self.iterate_flow(), start=1):
            flow_id = get_text(element.get("FlowID"))
            numbers[flow_id] = find_number(flow_id) or position
        return numbers

    @cached_property
    def used_questions(self) -> set[str]:
        """Return the ids of the questions in blocks of the flow."""
        used: set[str] = set()
        for element in self.iterate_flow():
            block = self.blocks.get(get_text(element.get("ID")))
            if block is not None and not block.is_trash:
                used |= {get_text(entry.get("QuestionID")) for entry in block.elements}
        return used & self.questions.keys()

    @cached_property
    def scripted_fields(self) -> set[str]:
        """Return the fields of embedded data that JavaScript sets."""
        names: set[str] = set()
        for question in self.questions.values():
            names |= set(_SET_BY_SCRIPT.findall(get_text(question.get("QuestionJS"))))
        return names

    # ── languages ─────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def languages(self) -> dict[str, str]:
        """Return the codes of the languages by Qualtrics' names, the default first."""
        names = [get_text(self._entry.get("SurveyLanguage")) or "EN"]
        for question in self.questions.values():
            translations = question.get("Language")
            if isinstance(translations, dict):
                names += translations

        codes: dict[str, str] = {}
        for name in dict.fromkeys(names):
            codes[name] = _write_language(name)
        return codes


def find_number(name: str) -> int:
    """Return the number at the end of an id; 0 if there isn't one."""
    match = _NUMBER.search(name)
    return 0 if match is None else int(match[1])


def _write_language(name: str) -> str:
    """Return a language tag: EN is en, PT-BR is pt-br, and ZH-HANS is zh-hans."""
    code = name.lower().replace("_", "-")
    match = re.match(r"[a-z]{2,3}(-[a-z0-9]{2,4})?", code)
    return match[0] if match is not None else "en"
