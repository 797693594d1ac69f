"""Reader of surveys of LimeSurvey: from records to a form of the neutral shape."""

import re
from collections import Counter
from typing import Final

from survey_cli.conversion.input_files import InputFile
from survey_cli.conversion.limesurvey.lss_file import is_lss, read_lss
from survey_cli.conversion.limesurvey.meaning import ScriptContext
from survey_cli.conversion.limesurvey.old_conditions import write_relevance
from survey_cli.conversion.limesurvey.questions import QuestionReader
from survey_cli.conversion.limesurvey.records import (
    GroupRecord,
    OldCondition,
    QuotaRecord,
    SurveyRecords,
)
from survey_cli.conversion.limesurvey.script_reader import ScriptReader
from survey_cli.conversion.limesurvey.survey_texts import SurveyTexts
from survey_cli.conversion.limesurvey.tab_file import is_tab_survey, read_tab_survey
from survey_cli.conversion.limesurvey.variables import (
    VariableKind,
    VariableTable,
    build_variables,
)
from survey_cli.conversion.markup import strip_markup
from survey_cli.conversion.model.expressions import (
    AnswerOf,
    Chosen,
    Constant,
    Expression,
    Unsupported,
    ValueComparison,
    join_all,
    join_any,
)
from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormColumn,
    FormEnd,
    FormGroup,
    FormItem,
    FormNote,
    FormQuota,
    Formula,
    Origin,
    Remark,
)
from survey_cli.wording import format_quantity, join_words

_LOST_TEXTS: Final = ("surveyls_policy_notice", "surveyls_url", "surveyls_email_invite")
"""Texts of the web survey that an interview by telephone doesn't have."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]+)?")


def is_limesurvey(file: InputFile) -> bool:
    """Return whether a file is a survey of LimeSurvey."""
    if file.is_workbook:
        return False
    return is_lss(file) or is_tab_survey(file)


def read_limesurvey(file: InputFile) -> ForeignForm:
    """Read a survey. Raises UserError."""
    records = read_lss(file) if is_lss(file) else read_tab_survey(file)
    return _SurveyReader(records).read(file.path.stem)


class _SurveyReader:
    """Makes the form of one survey."""

    def __init__(self, records: SurveyRecords) -> None:
        self._records = records
        self._words = records.words
        self._languages = _map_languages(records.languages)
        self._texts = SurveyTexts(self._languages, records.settings)
        self._variables = build_variables(records)
        self._scripts = ScriptReader(records, self._texts, self._variables)
        self._questions = QuestionReader(records, self._scripts)
        self._remarks: list[Remark] = []
        self._places: dict[str, tuple[FormGroup, FormItem]] = {}
        """The group and the last item of each question, by its id."""

    def read(self, name: str) -> ForeignForm:
        records = self._records
        root = FormGroup("", Origin(self._words.items_part, 1))
        self._scripts.set_conditions(self._read_old_conditions())
        self._add_text(root, "surveyls_welcometext", "welcome")
        self._add_groups(root)
        self._add_text(root, "surveyls_endtext", "end_text")
        quotas = self._read_quotas()
        self._add_columns(root)
        self._remark_survey()

        title = _get_first(records.texts.get("surveyls_title", {}), records.languages)
        languages = list(dict.fromkeys(self._languages.values())) or ["en"]
        return ForeignForm(
            name,
            self._words,
            root,
            languages,
            title=strip_markup(title),
            quotas=quotas,
            remarks=self._remarks,
        )

    def _read_old_conditions(self) -> dict[str, str]:
        """Return the relevance that conditions of the old kind mean, by the ids of questions."""
        by_question: dict[str, list[OldCondition]] = {}
        for row in self._records.conditions:
            by_question.setdefault(row.question, []).append(row)
        return {question: write_relevance(rows) for question, rows in by_question.items()}

    def _add_text(self, root: FormGroup, setting: str, name: str) -> None:
        """Add a text of the survey as a note that is read aloud."""
        origin = Origin("surveys_languagesettings", 1, setting)
        if self._words.items_part == "survey":
            origin = Origin("survey", 1, setting)
        texts = self._records.texts.get(setting, {})
        label = self._texts.read(texts, origin, ScriptContext(self._variables), name)
        if label.by_language:
            root.add(FormNote(name, origin, label=label))

    # ── groups ────────────────────────────────────────────────────────────────────────────────────

    def _add_groups(self, root: FormGroup) -> None:
        """Add the groups; those with the same random group that follow each other are shuffled."""
        shuffled: dict[str, FormGroup] = {}
        last = ""
        for number, record in enumerate(self._records.groups, start=1):
            group = self._read_group(record, number)
            name = record.random_group
            if not name:
                root.add(group)
            elif name in shuffled and name == last:
                shuffled[name].add(group)
            else:
                if name in shuffled:
                    what = "groups that are apart keep their places: they aren't shuffled together"
                    group.lose("randomization_group", what)
                shuffled[name] = FormGroup(f"random_{number}", record.origin, order="random")
                shuffled[name].add(group)
                root.add(shuffled[name])
            last = name

    def _read_group(self, record: GroupRecord, number: int) -> FormGroup:
        group = FormGroup(f"group{number}", record.origin)
        context = self._scripts.make_context()
        label = record.origin.at("group_name")
        group.label = self._texts.read(record.names, label, context, group.name)
        intro = record.origin.at("description")
        group.intro = self._texts.read(record.descriptions, intro, context, group.name)
        # In .lss, a condition of a group has a column of its own.
        column = self._words.condition
        if self._words.items_part == "questions":
            column = "grelevance"
        group.condition = self._scripts.read_script(
            record.relevance, record.origin.at(column), context
        )

        # Questions with the same random group are shuffled if they follow each other.
        shuffled: FormGroup | None = None
        last = ""
        for question in record.questions:
            items = self._questions.read(question)
            name = question.get_attribute("random_group")
            if not name:
                target = group
            else:
                if shuffled is None or name != last:
                    shuffled = FormGroup(f"random_{question.code}", question.origin, order="random")
                    group.add(shuffled)
                target = shuffled
            last = name

            self._add_items(target, items)
            self._places[question.id] = (target, items[-1])
        return group

    def _add_items(self, group: FormGroup, items: list[FormItem]) -> None:
        """Add the items of a question, after the calculations that their texts use."""
        for calculation in self._texts.calculations:
            if calculation.parent is None:
                group.add(calculation)
        for item in items:
            group.add(item)

    def _add_columns(self, root: FormGroup) -> None:
        """Add the columns of the sample that the survey uses, before everything else."""
        for number, column in enumerate(self._texts.columns):
            origin = Origin("participants", 1, column)
            item = FormColumn(column, origin, parent=root)
            root.items.insert(number, item)

    # ── quotas ────────────────────────────────────────────────────────────────────────────────────

    def _read_quotas(self) -> list[FormQuota]:
        quotas: list[FormQuota] = []
        for record in self._records.quotas:
            origin = record.origin.at("qlimit")
            formula = Formula(record.name, origin, self._read_members(record))
            if record.limit == 0 and record.is_active and record.ends_interview:
                self._add_end(record, formula)
                continue
            place = record.origin.at("quotals_message")
            context = self._scripts.make_context()
            message = self._texts.read(record.messages, place, context, record.name)
            quotas.append(FormQuota(record.name, formula, record.limit, record.is_active, message))
        return quotas

    def _read_members(self, record: QuotaRecord) -> Expression:
        """Return the condition of a quota: one of the answers to each of its questions."""
        by_question: dict[str, list[Expression]] = {}
        for question_id, code in record.members:
            code_of_question = self._variables.codes_of_ids.get(question_id, "")
            condition = _read_member(self._variables, code_of_question, code)
            by_question.setdefault(question_id, []).append(condition)
        if not by_question:
            return Unsupported("the quota has no answers that count for it")
        return join_all([join_any(conditions) for conditions in by_question.values()])

    def _add_end(self, record: QuotaRecord, formula: Formula) -> None:
        """Add an end for a quota of 0, which screens out, after the last question it uses."""
        context = self._scripts.make_context()
        place = record.origin.at("quotals_message")
        end = FormEnd(f"quota_{record.name}", record.origin, condition=formula)
        end.label = self._texts.read(record.messages, place, context, end.name)
        order = [question.id for question in self._records.list_questions()]
        used = [question_id for question_id, _ in record.members if question_id in self._places]
        if not used:
            text = "the quota has no answers that count for it"
            self._remarks.append(Remark(record.origin, text, is_loss=True, name=record.name))
            return

        group, item = self._places[max(used, key=order.index)]
        group.items.insert(group.items.index(item) + 1, end)
        end.parent = group

    # ── what has no counterpart ───────────────────────────────────────────────────────────────────

    def _remark_survey(self) -> None:
        records = self._records
        self._remarks += self._scripts.remarks
        codes = Counter(question.code for question in records.list_questions())
        for question in records.list_questions():
            if codes[question.code] > 1:
                text = (
                    f"several questions have the code {question.code}: "
                    "conditions mean the first of them"
                )
                place = question.origin.at(self._words.name)
                self._remarks.append(Remark(place, text, is_loss=True, name=question.code))

        for row in records.unread:
            # Quotas have the classes QTA, QTAM and QTALS.
            text = f"a row of the class {row.kind} isn't read: export the survey as .lss"
            self._remarks.append(Remark(row.origin, text, is_loss=True, name=row.name))

        for language in records.languages:
            code = self._languages.get(language, "")
            if not code:
                text = f"the texts in {language}, which is no language of a questionnaire"
                self._remarks.append(Remark(Origin("languages", 1), text, is_loss=True))
            elif language != code:
                text = f"the language {language} is {code} here"
                self._remarks.append(Remark(Origin("languages", 1), text))

        lost = [name for name in _LOST_TEXTS if records.texts.get(name)]
        if lost:
            names = join_words(lost)
            text = f"texts of a web survey ({format_quantity(len(lost), 'text')}): {names}"
            self._remarks.append(Remark(Origin("surveys_languagesettings", 1), text))


def _read_member(variables: VariableTable, question: str, code: str) -> Expression:
    """Return whether an answer that counts for a quota was given."""
    choice = variables.by_name.get(f"{question}_{code}")
    if choice is not None and choice.kind is VariableKind.CHOICE:
        return Chosen(AnswerOf(question), Constant(code))
    answer = variables.by_name.get(question)
    if answer is None:
        return Unsupported(f"the quota uses an answer of {question or 'no question'}")
    return ValueComparison(AnswerOf(question), "==", Constant(code), if_blank=False)


def _map_languages(languages: list[str]) -> dict[str, str]:
    """Return the codes of languages in the questionnaire by LimeSurvey's: de for de-informal."""
    codes: dict[str, str] = {}
    for language in languages:
        code = language
        if not _LANGUAGE.fullmatch(language):
            code, _, _ = language.partition("-")
        # Of de and de-informal only the first is kept: there is one German.
        if _LANGUAGE.fullmatch(code) and code not in codes.values():
            codes[language] = code
    return codes


def _get_first(texts: dict[str, str], languages: list[str]) -> str:
    """Return a text in the first language that has it."""
    for language in languages:
        if texts.get(language):
            return texts[language]
    return ""
