"""Surveys in the XML that LimeSurvey exports (.lss), as records.

A file is a dump of tables. Texts are in a table of their own since version 4; before, a row of a
question or an answer was repeated for each language. Numbers of rows mean nothing to a person, so
places are named by the ids that LimeSurvey shows.
"""

from typing import Final, TypeAlias
from xml.etree.ElementTree import Element

from survey_cli.conversion.input_files import InputFile, remove_unwritable
from survey_cli.conversion.limesurvey.records import (
    MOST_DIGITS,
    AnswerRecord,
    GroupRecord,
    OldCondition,
    QuestionRecord,
    QuotaRecord,
    SubquestionRecord,
    SurveyRecords,
)
from survey_cli.conversion.model.forms import Origin, SystemWords
from survey_cli.problems import UserError

LSS_WORDS: Final = SystemWords(
    system="LimeSurvey",
    part="Table",
    row="ID",
    column="Column",
    items_part="questions",
    name="title",
    type="type",
    label="question",
    condition="relevance",
    constraint="em_validation_q",
    calculation="equation",
    default="defaultvalue",
    required="mandatory",
    offered="array_filter",
)

_DOCUMENT_TYPE: Final = "LimeSurveyDocType"
_Row: TypeAlias = dict[str, str]
_KEYS: Final = {
    "answers": "code",
    "groups": "gid",
    "questions": "qid",
    "quota": "id",
    "subquestions": "qid",
}
"""The columns that tables can't be read without."""


def is_lss(file: InputFile) -> bool:
    """Return whether a file is an export of LimeSurvey in XML."""
    return f"<{_DOCUMENT_TYPE}>" in file.beginning


def read_lss(file: InputFile) -> SurveyRecords:
    """Read an export of a survey. Raises UserError."""
    root = file.read_xml()
    type_ = (root.findtext(_DOCUMENT_TYPE) or "").strip()
    if type_ != "Survey":
        what = f"this is a {type_.lower() or 'part'} of LimeSurvey, not a survey"
        raise UserError(file.name, what, "export the survey structure (.lss)")
    records = _TableReader(root).read()
    if not records.list_questions():
        raise UserError(file.name, "this survey has no questions", "export it again")
    return records


class _TableReader:
    """Reads the tables of one file."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._records = SurveyRecords(LSS_WORDS, "preg")
        self._groups: dict[str, GroupRecord] = {}
        self._questions: dict[str, QuestionRecord] = {}
        self._parts: dict[str, SubquestionRecord] = {}
        self._answers: dict[str, AnswerRecord] = {}

    def read(self) -> SurveyRecords:
        self._read_survey()
        self._read_groups()
        self._read_questions()
        self._read_subquestions()
        self._read_answers()
        self._read_attributes()
        self._read_defaults()
        self._read_quotas()
        self._read_conditions()
        return self._records

    def _list_rows(self, table: str, order: str = "") -> list[_Row]:
        """Return the rows of a table, in the order of a column that has numbers.

        A row without its key is damaged, and left out.
        """
        element = self._root.find(f"{table}/rows")
        if element is None:
            return []

        key = _KEYS.get(table)
        rows: list[_Row] = []
        for row in element:
            cells = {cell.tag: remove_unwritable(cell.text or "") for cell in row}
            if key is None or key in cells:
                rows.append(cells)
        if order:
            rows.sort(key=lambda row: _read_number(row.get(order, "")))
        return rows

    # ── the survey ────────────────────────────────────────────────────────────────────────────────

    def _read_survey(self) -> None:
        records = self._records
        for row in self._list_rows("surveys"):
            records.settings |= row
        records.id = records.settings.get("sid", "")
        first = records.settings.get("language", "").strip()
        others = records.settings.get("additional_languages", "").split()
        listed = [(element.text or "").strip() for element in self._root.iterfind("languages/*")]
        records.languages = [code for code in dict.fromkeys([first, *others, *listed]) if code]

        for row in self._list_rows("surveys_languagesettings"):
            language = row.get("surveyls_language", "")
            for name, text in row.items():
                if text.strip():
                    records.texts.setdefault(name, {})[language] = text

    def _read_groups(self) -> None:
        for row in self._list_rows("groups", "group_order"):
            group = self._groups.get(row["gid"])
            if group is None:
                origin = Origin("groups", _read_number(row["gid"]))
                group = GroupRecord(row["gid"], origin, row.get("grelevance", "").strip())
                group.random_group = row.get("randomization_group", "").strip()
                self._groups[group.id] = group
                self._records.groups.append(group)
            self._add_group_texts(group, row)

        for row in self._list_rows("group_l10ns"):
            if row.get("gid", "") in self._groups:
                self._add_group_texts(self._groups[row["gid"]], row)

    def _add_group_texts(self, group: GroupRecord, row: _Row) -> None:
        language = row.get("language", "")
        if row.get("group_name", "").strip():
            group.names[language] = row["group_name"]
        if row.get("description", "").strip():
            group.descriptions[language] = row["description"]

    # ── questions ─────────────────────────────────────────────────────────────────────────────────

    def _read_questions(self) -> None:
        for row in self._list_rows("questions", "question_order"):
            if row.get("gid", "") not in self._groups:
                continue
            question = self._questions.get(row["qid"])
            if question is None:
                question = self._make_question(row)
                self._questions[question.id] = question
                self._groups[row["gid"]].questions.append(question)
            self._add_question_texts(question, row)

        for row in self._list_rows("question_l10ns"):
            if row.get("qid", "") in self._questions:
                self._add_question_texts(self._questions[row["qid"]], row)

    def _make_question(self, row: _Row) -> QuestionRecord:
        origin = Origin(LSS_WORDS.items_part, _read_number(row["qid"]))
        return QuestionRecord(
            id=row["qid"],
            code=row.get("title", "").strip(),
            type=row.get("type", "").strip(),
            origin=origin,
            relevance=row.get("relevance", "").strip(),
            pattern=row.get("preg", "").strip(),
            has_other=row.get("other", "") == "Y",
            mandatory=row.get("mandatory", ""),
        )

    def _add_question_texts(self, question: QuestionRecord, row: _Row) -> None:
        language = row.get("language", "")
        if row.get("question", "").strip():
            question.texts[language] = row["question"]
        if row.get("help", "").strip():
            question.help[language] = row["help"]

    def _read_subquestions(self) -> None:
        for row in self._list_rows("subquestions", "question_order"):
            question = self._questions.get(row.get("parent_qid", ""))
            if question is None:
                continue
            part = self._parts.get(row["qid"])
            if part is None:
                part = SubquestionRecord(
                    id=row["qid"],
                    code=row.get("title", "").strip(),
                    scale=row.get("scale_id", "") or "0",
                    origin=Origin("subquestions", _read_number(row["qid"])),
                    relevance=row.get("relevance", "").strip(),
                )
                self._parts[part.id] = part
                question.subquestions.append(part)
            if row.get("question", "").strip():
                part.texts[row.get("language", "")] = row["question"]

        for row in self._list_rows("question_l10ns"):
            if row.get("qid", "") in self._parts and row.get("question", "").strip():
                self._parts[row["qid"]].texts[row.get("language", "")] = row["question"]

    def _read_answers(self) -> None:
        for number, row in enumerate(self._list_rows("answers", "sortorder"), start=1):
            question = self._questions.get(row.get("qid", ""))
            if question is None:
                continue
            scale = row.get("scale_id", "") or "0"
            key = row.get("aid") or f"{question.id} {scale} {row['code']}"
            answer = self._answers.get(key)
            if answer is None:
                row_number = _read_number(row.get("aid", "")) or number
                answer = AnswerRecord(row["code"].strip(), scale, Origin("answers", row_number))
                self._answers[key] = answer
                question.answers.append(answer)
            if row.get("answer", "").strip():
                answer.texts[row.get("language", "")] = row["answer"]

        for row in self._list_rows("answer_l10ns"):
            if row.get("aid", "") in self._answers and row.get("answer", "").strip():
                self._answers[row["aid"]].texts[row.get("language", "")] = row["answer"]

    def _read_attributes(self) -> None:
        for row in self._list_rows("question_attributes"):
            question = self._questions.get(row.get("qid", ""))
            if question is not None and row.get("value", "").strip():
                values = question.attributes.setdefault(row.get("attribute", ""), {})
                values[row.get("language", "")] = row["value"]

    def _read_defaults(self) -> None:
        texts = {row.get("dvid", ""): row for row in self._list_rows("defaultvalue_l10ns")}
        for row in self._list_rows("defaultvalues"):
            question = self._questions.get(row.get("qid", ""))
            translated = texts.get(row.get("dvid", ""), {})
            value = row.get("defaultvalue") or translated.get("defaultvalue", "")
            if question is None or not value:
                continue
            if row.get("sqid", "0") not in ("", "0"):
                question.has_default_of_parts = True
            elif not row.get("specialtype") and not question.default:
                question.default = value

    # ── logic apart from questions ────────────────────────────────────────────────────────────────

    def _read_quotas(self) -> None:
        quotas: dict[str, QuotaRecord] = {}
        for row in self._list_rows("quota"):
            quota = QuotaRecord(
                name=row.get("name", ""),
                origin=Origin("quota", _read_number(row["id"])),
                limit=_read_number(row.get("qlimit", "")),
                is_active=row.get("active", "1") != "0",
                ends_interview=row.get("action", "1") == "1",
            )
            quotas[row["id"]] = quota
            self._records.quotas.append(quota)

        for row in self._list_rows("quota_members"):
            if row.get("quota_id", "") in quotas:
                quotas[row["quota_id"]].members.append((row.get("qid", ""), row.get("code", "")))

        for row in self._list_rows("quota_languagesettings"):
            message = row.get("quotals_message", "")
            if row.get("quotals_quota_id", "") in quotas and message.strip():
                messages = quotas[row["quotals_quota_id"]].messages
                messages[row.get("quotals_language", "")] = message

    def _read_conditions(self) -> None:
        for row in self._list_rows("conditions", "cid"):
            condition = OldCondition(
                question=row.get("qid", ""),
                field=row.get("cfieldname", ""),
                method=row.get("method", "").strip() or "==",
                value=row.get("value", ""),
                scenario=_read_number(row.get("scenario", "")),
            )
            self._records.conditions.append(condition)


def _read_number(text: str) -> int:
    """Return a number of a table; 0 if it isn't one."""
    stripped = text.strip()
    # Python refuses to read numbers of thousands of digits.
    if stripped.isdecimal() and len(stripped) <= MOST_DIGITS:
        return int(stripped)
    return 0
