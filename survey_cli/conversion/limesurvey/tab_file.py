"""Surveys as tab-separated text, which LimeSurvey calls a survey structure, as records.

Each row has a class: S and SL settings, G a group, Q a question, SQ a subquestion, A an answer. The
groups are repeated for each further language. The name of a group is a text there, so that groups
and questions are known by their position.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from survey_cli.conversion.input_files import InputFile
from survey_cli.conversion.limesurvey.records import (
    AnswerRecord,
    GroupRecord,
    QuestionRecord,
    SubquestionRecord,
    SurveyRecords,
    UnreadRow,
)
from survey_cli.conversion.model.forms import Origin, SystemWords
from survey_cli.problems import UserError

TAB_WORDS: Final = SystemWords(
    system="LimeSurvey",
    part="File",
    row="Line",
    column="Column",
    items_part="survey",
    name="name",
    type="type/scale",
    label="text",
    condition="relevance",
    constraint="em_validation_q",
    calculation="equation",
    default="default",
    required="mandatory",
    offered="array_filter",
)

_NEEDED: Final = ("class", "type/scale", "name", "text")
_COMMON: Final = (
    "id",
    "related_id",
    "class",
    "type/scale",
    "name",
    "relevance",
    "text",
    "help",
    "language",
    "validation",
    "mandatory",
    "other",
    "default",
    "same_default",
)
"""Columns that are no attributes of questions."""
_Part = TypeVar("_Part", SubquestionRecord, AnswerRecord)


def is_tab_survey(file: InputFile) -> bool:
    """Return whether a file is a survey structure, by the headings in its first line."""
    first_line, _, _ = file.beginning.partition("\n")
    headings = [heading.strip(' "\r').lower() for heading in first_line.split("\t")]
    return all(heading in headings for heading in _NEEDED)


def read_tab_survey(file: InputFile) -> SurveyRecords:
    """Read a survey structure. Raises UserError."""
    rows = file.read_csv(delimiter="\t")
    _, headings = next(rows)
    names = [heading.strip().lower() for heading in headings]

    reader = _RowReader()
    for line, cells in rows:
        row = {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}
        if row:
            reader.add(line, row)
    records = reader.finish()
    if not records.list_questions():
        raise UserError(file.name, "this survey has no questions", "export it again")
    return records


class _RowReader:
    """Reads the rows of one file, in their order."""

    def __init__(self) -> None:
        self._records = SurveyRecords(TAB_WORDS, "validation")
        self._language = ""
        """The language of the groups that are read."""
        self._groups_read = 0
        self._questions_read = 0
        self._question: QuestionRecord | None = None

    def add(self, line: int, row: dict[str, str]) -> None:
        """Add a row."""
        match row.get("class", ""):
            case "S":
                self._records.settings[row.get("name", "")] = row.get("text", "").strip()
            case "SL":
                texts = self._records.texts.setdefault(row.get("name", ""), {})
                texts[row.get("language", "")] = row.get("text", "")
            case "G":
                self._add_group(line, row)
            case "Q":
                self._add_question(line, row)
            case "SQ":
                self._add_subquestion(line, row)
            case "A":
                self._add_answer(line, row)
            case kind:
                unread = UnreadRow(Origin(TAB_WORDS.items_part, line), kind, row.get("name", ""))
                self._records.unread.append(unread)

    def finish(self) -> SurveyRecords:
        """Return the records, once all rows are added."""
        records = self._records
        records.id = records.settings.get("sid", "")
        first = records.settings.get("language", "")
        others = records.settings.get("additional_languages", "").split()
        found: list[str] = []
        for question in records.list_questions():
            found += question.texts
        records.languages = [code for code in dict.fromkeys([first, *others, *found]) if code]
        return records

    def _add_group(self, line: int, row: dict[str, str]) -> None:
        language = row.get("language", "")
        if language != self._language:
            self._language = language
            self._groups_read = 0
        position = self._groups_read
        self._groups_read += 1
        self._questions_read = 0

        groups = self._records.groups
        if position >= len(groups):
            group = GroupRecord(str(line), Origin(TAB_WORDS.items_part, line))
            group.relevance = row.get("relevance", "").strip()
            group.random_group = row.get("random_group", "").strip()
            groups.append(group)
        groups[position].names[language] = row.get("name", "")
        if row.get("text"):
            groups[position].descriptions[language] = row["text"]

    def _add_question(self, line: int, row: dict[str, str]) -> None:
        if not self._records.groups:
            self._add_group(line, {"language": row.get("language", "")})
        group = self._records.groups[self._groups_read - 1]
        position = self._questions_read
        self._questions_read += 1
        if position >= len(group.questions):
            group.questions.append(self._make_question(line, row))

        question = group.questions[position]
        self._question = question
        language = row.get("language", "")
        if row.get("text"):
            question.texts[language] = row["text"]
        if row.get("help"):
            question.help[language] = row["help"]
        for name, value in row.items():
            if name not in _COMMON:
                question.attributes.setdefault(name, {})[language] = value

    def _make_question(self, line: int, row: dict[str, str]) -> QuestionRecord:
        return QuestionRecord(
            id=row.get("id", "") or f"line {line}",
            code=row.get("name", "").strip(),
            type=row.get("type/scale", "").strip(),
            origin=Origin(TAB_WORDS.items_part, line),
            relevance=row.get("relevance", "").strip(),
            pattern=row.get("validation", "").strip(),
            has_other=row.get("other", "") == "Y",
            mandatory=row.get("mandatory", ""),
            default=row.get("default", ""),
        )

    def _add_subquestion(self, line: int, row: dict[str, str]) -> None:
        question = self._question
        if question is None:
            return

        code, scale = _read_part_key(row)
        part = _find_part(question.subquestions, code, scale)
        if part is None:
            part = SubquestionRecord(
                id=f"line {line}",
                code=code,
                scale=scale,
                origin=Origin(TAB_WORDS.items_part, line),
                relevance=row.get("relevance", "").strip(),
            )
            question.subquestions.append(part)

        if row.get("text"):
            part.texts[row.get("language", "")] = row["text"]
        if row.get("default"):
            question.has_default_of_parts = True

    def _add_answer(self, line: int, row: dict[str, str]) -> None:
        question = self._question
        if question is None:
            return

        code, scale = _read_part_key(row)
        answer = _find_part(question.answers, code, scale)
        if answer is None:
            answer = AnswerRecord(code, scale, Origin(TAB_WORDS.items_part, line))
            question.answers.append(answer)

        if row.get("text"):
            answer.texts[row.get("language", "")] = row["text"]


def _read_part_key(row: dict[str, str]) -> tuple[str, str]:
    """Return the code and the scale of a subquestion or an answer."""
    return row.get("name", "").strip(), row.get("type/scale", "") or "0"


def _find_part(parts: Sequence[_Part], code: str, scale: str) -> _Part | None:
    """Return the subquestion or answer with a code; None if no language before had it."""
    for part in parts:
        if part.code == code and part.scale == scale:
            return part
    return None
