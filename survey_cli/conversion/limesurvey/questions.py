"""Items of a form, made of the questions of a survey by their types."""

from collections.abc import Mapping
from typing import Final

from survey_cli.conversion.limesurvey.meaning import (
    Meaning,
    ScriptContext,
    read_condition,
    read_pattern,
    read_value,
)
from survey_cli.conversion.limesurvey.question_types import (
    CODE_TABLES,
    FIXED_CHOICES,
    LONG_TEXTS,
    MULTIPLE_TYPES,
    OTHER_CHOICE,
    OTHER_IN_MULTIPLE,
    OTHER_WORDS,
    SINGLE_TYPES,
    TEXT_TYPES,
    get_fixed_word,
)
from survey_cli.conversion.limesurvey.records import (
    AnswerRecord,
    LanguageTexts,
    QuestionRecord,
    SubquestionRecord,
    SurveyRecords,
)
from survey_cli.conversion.limesurvey.script import split_text
from survey_cli.conversion.limesurvey.survey_texts import SurveyTexts
from survey_cli.conversion.limesurvey.variables import (
    VariableTable,
    find_random_numbers,
    list_filter_sources,
)
from survey_cli.conversion.model.expressions import (
    SELF,
    YES,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    Not,
    Unsupported,
    UnsupportedError,
    ValueComparison,
    join_all,
    replace_parts,
)
from survey_cli.conversion.model.forms import (
    NO_TEXTS,
    AnswerKind,
    ChoiceList,
    FormCalculation,
    FormChoice,
    FormColumn,
    FormGroup,
    FormItem,
    FormNote,
    FormQuestion,
    Formula,
    LeftOut,
    OfferedChoices,
    Order,
    Origin,
    Remark,
    Texts,
)

_USUAL_DECIMALS: Final = 2
_SLIDER: Final = (0.0, 100.0)
_LOST_ATTRIBUTES: Final = {
    "code_filter": "only some codes are shown in the filtered list",
    "commented_checkbox": "when a comment may be typed",
    "exclude_all_others_auto": "an exclusive choice that is checked once all others are",
    "equation_default": "a value that an equation begins with",
    "location_mapservice": "a map",
    "maximum_chars": "the length of the answer",
    "max_num_value": "the largest sum",
    "min_num_value": "the least sum",
    "other_comment_mandatory": "a comment that must be typed with other",
    "other_numbers_only": "other is a number",
    "prefix": "the words in front of the field",
    "time_limit": "a time limit",
}
"""What an attribute says that has no counterpart, or has one only in some questions."""
_OFF: Final = ("0", "N", "")
_RANDOM_ORDERS: Final = ("random", "random_alphabetical")


class QuestionReader:
    """Makes the items of one survey."""

    def __init__(
        self, records: SurveyRecords, texts: SurveyTexts, variables: VariableTable
    ) -> None:
        self._records = records
        self._words = records.words
        self._texts = texts
        self._variables = variables
        self._lists: dict[str, ChoiceList] = {}
        """Lists of choices by what is in them: questions with the same one share it."""
        self._questions = {question.code: question for question in records.list_questions()}
        self._conditions: dict[str, str] = {}
        """The relevance of questions that only have conditions of the old kind, by id."""
        self._uses_assessment = records.settings.get("assessments", "N") == "Y"
        self.remarks: list[Remark] = []
        """Where expressions differ here."""

    def set_conditions(self, conditions: Mapping[str, str]) -> None:
        """Set what the conditions of the old kind mean, by the ids of questions."""
        self._conditions = dict(conditions)

    def read(self, question: QuestionRecord) -> list[FormItem]:
        """Return the items of a question: one, or the question and a comment on it."""
        items = self._read_by_type(question)
        condition = self.read_relevance(question)
        for item in items:
            item.condition = _join_formulas(condition, item.condition)
        self._remark_attributes(question, items[0])
        return items

    # ── formulas ──────────────────────────────────────────────────────────────────────────────────

    def make_context(self, question: QuestionRecord | None = None, this: str = "") -> ScriptContext:
        """Return what the names in an expression of a question refer to."""
        code = "" if question is None else question.code
        return ScriptContext(self._variables, code, this or code, self._uses_assessment)

    def read_relevance(self, question: QuestionRecord) -> Formula | None:
        """Return when a question is shown; None if it always is."""
        script = question.relevance
        if script in ("", "1"):
            script = self._conditions.get(question.id, "")
        origin = question.origin.at(self._words.condition)
        return self.read_script(script, origin, self.make_context(question))

    def read_script(self, script: str, origin: Origin, context: ScriptContext) -> Formula | None:
        """Return a condition; None if it is always true."""
        stripped = script.strip()
        if stripped.startswith("{") and stripped.endswith("}"):
            stripped = stripped[1:-1]
        if stripped in ("", "1"):
            return None
        self._texts.note_columns(stripped)
        meaning = read_condition(stripped, context)
        self._remark(meaning, origin, context.question)
        return Formula(stripped, origin, meaning.tree)

    def _remark(self, meaning: Meaning, origin: Origin, name: str) -> None:
        self.remarks += [Remark(origin, note, name=name) for note in meaning.notes]

    # ── types ─────────────────────────────────────────────────────────────────────────────────────

    def _read_by_type(self, question: QuestionRecord) -> list[FormItem]:
        type_ = question.type
        if question.is_set("hidden") and type_ not in ("*", "X"):
            return [self._read_hidden(question)]
        if type_ == "O":
            return self._read_with_comment(question)
        return [self._read_one(question, type_)]

    def _read_one(self, question: QuestionRecord, type_: str) -> FormItem:
        if type_ in SINGLE_TYPES:
            return self._read_single(question)
        if type_ in MULTIPLE_TYPES:
            return self._read_multiple(question)
        if type_ in CODE_TABLES:
            return self._read_table(question)
        if type_ in TEXT_TYPES:
            return self._read_text_question(question)
        match type_:
            case "N":
                return self._read_number(question)
            case "D":
                return self._read_date(question)
            case "R":
                return self._read_ranking(question)
            case "1":
                return self._read_two_scales(question)
            case "K" | "Q":
                return self._read_fields(question)
            case ":" | ";":
                return self._read_cells(question)
            case "X":
                return self._read_note(question)
            case "*":
                return self._read_equation(question)
            case "I":
                why = "the interview's language is chosen with a command"
                return LeftOut(question.code, question.origin, why=why, is_stored_anyway=True)
            case "|":
                why = "an interview by telephone has no file"
                return LeftOut(question.code, question.origin, why=why)
        return LeftOut(question.code, question.origin, why=f"the type {type_} is unknown")

    def _read_hidden(self, question: QuestionRecord) -> FormItem:
        """Return what stands for a question that is never shown, and gets its value elsewhere."""
        if question.default:
            formula = Formula(
                question.default,
                question.origin.at(self._words.default),
                self._read_default_tree(question),
            )
            calculation = FormCalculation(question.code, question.origin, formula=formula)
            calculation.note("hidden", "a question that is never shown: its default is its value")
            return calculation
        column = FormColumn(question.code, question.origin)
        column.note("hidden", "a question that is never shown: its value comes from the sample")
        return column

    def _read_note(self, question: QuestionRecord) -> FormItem:
        if question.is_set("hidden"):
            return LeftOut(question.code, question.origin, why="a text that is never shown")
        note = FormNote(question.code, question.origin)
        note.label = self._read_label(question)
        note.help = self._read_help(question)
        return note

    def _read_equation(self, question: QuestionRecord) -> FormItem:
        """Return the value of an equation, which is an expression or a text with some."""
        column = self._words.calculation
        script = question.get_attribute("equation")
        if not script:
            column = self._words.label
            script = next(iter(question.texts.values()), "")
        origin = question.origin.at(column)
        if find_random_numbers(question):
            formula = Formula(script, origin, FunctionCall("random"))
            return FormCalculation(question.code, question.origin, formula=formula)

        context = self.make_context(question)
        trees: list[Expression] = []
        for part, is_expression in split_text(script.strip()):
            if is_expression:
                self._texts.note_columns(part)
                meaning = read_value(part, context)
                self._remark(meaning, origin, question.code)
                trees.append(meaning.tree)
            elif part.strip():
                trees.append(Constant(part))
        if len(trees) == 1:
            tree = trees[0]
        else:
            tree = FunctionCall("concat", tuple(trees))
        formula = Formula(script, origin, tree)
        return FormCalculation(question.code, question.origin, formula=formula)

    # ── one answer ────────────────────────────────────────────────────────────────────────────────

    def _make_question(
        self,
        question: QuestionRecord,
        answer: AnswerKind,
        name: str = "",
        part: SubquestionRecord | None = None,
    ) -> FormQuestion:
        """Return a question, or one of its parts with the text of the part."""
        origin = question.origin if part is None else part.origin
        item = FormQuestion(name or question.code, origin, answer=answer, type=question.type)
        if part is None:
            item.label = self._read_label(question)
            item.help = self._read_help(question)
        else:
            item.label = self._read_text(part.texts, part.origin.at(self._words.label), item.name)
        if question.mandatory == "Y":
            item.required = "yes"
        elif question.mandatory == "S":
            item.note(self._words.required, "an answer is only asked for: it may be declined")
        return item

    def _read_label(self, question: QuestionRecord) -> Texts:
        return self._read_text(question.texts, question.origin.at(self._words.label), question.code)

    def _read_help(self, question: QuestionRecord) -> Texts:
        return self._read_text(question.help, question.origin.at("help"), question.code)

    def _read_text(self, texts: LanguageTexts, origin: Origin, name: str) -> Texts:
        return self._texts.read(texts, origin, self.make_context(), name)

    def _read_single(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "code")
        item.choices = self._read_choices(question, question.list_answers())
        item.is_scale = question.type == "5"
        item.order = self._read_order(question, "answer_order", item)
        if question.default:
            item.default = self._read_default(question)
        self._filter_choices(question, item)
        self._add_validation(question, [item])
        return item

    def _read_with_comment(self, question: QuestionRecord) -> list[FormItem]:
        item = self._read_single(question)
        comment = FormQuestion(f"{question.code}_comment", question.origin, answer="text")
        comment.label = item.label
        comment.is_long = True
        comment.is_for_interviewer = True
        comment.note(self._words.type, "the comment on the answer is a question after it")
        return [item, comment]

    def _read_multiple(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "codes")
        exclusive = set(list_filter_sources(question.attributes.get("exclude_all_others", {})))
        choices: list[FormChoice] = []
        for part in question.list_parts():
            choice = FormChoice(
                part.code,
                part.origin,
                self._read_text(part.texts, part.origin.at(self._words.label), question.code),
                asks_for_words=question.type == "P",
                is_exclusive=part.code in exclusive,
            )
            choices.append(choice)
        if question.has_other:
            choices.append(self._make_other(question, OTHER_IN_MULTIPLE))
        item.choices = ChoiceList(question.code, choices)
        item.order = self._read_order(question, "subquestion_order", item)
        item.fewest_choices = self._read_whole(question, "min_answers", item)
        item.most_choices = self._read_whole(question, "max_answers", item)
        if question.default or question.has_default_of_parts:
            item.lose(self._words.default, "choices that are checked beforehand")
        self._filter_choices(question, item)
        self._add_validation(question, [item])
        return item

    def _read_ranking(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "codes")
        item.is_ranking = True
        answers = question.list_answers()
        if not answers:
            # Since version 6, the choices of a ranking are its subquestions.
            answers = [
                AnswerRecord(part.code, "0", part.origin, part.texts)
                for part in question.list_parts()
            ]
        item.choices = self._read_choices(question, answers)
        item.order = self._read_order(question, "answer_order", item)
        item.fewest_choices = self._read_whole(question, "min_answers", item)
        most = self._read_whole(question, "max_answers", item)
        item.most_choices = most or self._read_whole(question, "max_subquestions", item)
        self._filter_choices(question, item)
        self._add_validation(question, [item])
        return item

    def _read_number(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "number")
        self._add_number_limits(question, item)
        item.unit = self._read_attribute_text(question, "suffix")
        if question.default:
            item.default = self._read_default(question)
        self._add_validation(question, [item])
        return item

    def _read_text_question(self, question: QuestionRecord) -> FormQuestion:
        if question.is_set("numbers_only"):
            return self._read_number(question)
        item = self._make_question(question, "text")
        item.is_long = question.type in LONG_TEXTS
        if question.default:
            item.default = self._read_default(question)
        self._add_validation(question, [item])
        return item

    def _read_date(self, question: QuestionRecord) -> FormQuestion:
        written = question.get_attribute("date_format")
        has_day = not written or "d" in written.lower()
        has_time = "H" in written or "h" in written
        item = self._make_question(question, "time" if has_time and not has_day else "date")
        if has_day and has_time:
            note = "the date without the time: ask the time in an item of its own"
            item.note("date_format", note)
        if not has_day and not has_time:
            item.note("date_format", f"{written}: here the date has a day as well")
        limits: list[Expression] = []
        for name, sign in (("date_min", ">="), ("date_max", "<=")):
            limit = question.get_attribute(name)
            if not limit:
                continue
            if len(limit) == 10 and limit[4] == "-":
                tree = Constant(limit)
                if sign == ">=":
                    limits.append(ValueComparison(SELF, ">=", tree, if_blank=False))
                else:
                    limits.append(ValueComparison(SELF, "<=", tree, if_blank=False))
            else:
                item.lose(name, f"{limit} is no date")
        if limits:
            origin = question.origin.at("date_min")
            item.constraint = Formula("date_min, date_max", origin, join_all(limits))
        self._add_validation(question, [item])
        return item

    # ── several parts ─────────────────────────────────────────────────────────────────────────────

    def _make_group(self, question: QuestionRecord, *, is_table: bool) -> FormGroup:
        group = FormGroup(question.code, question.origin, is_table=is_table)
        # The question is read aloud before its parts, and is no title for the screen.
        group.intro = self._read_label(question)
        group.help = self._read_help(question)
        return group

    def _finish_group(self, question: QuestionRecord, group: FormGroup) -> FormItem:
        if not group.items:
            return LeftOut(question.code, question.origin, why="it has no subquestions")
        only = group.items[0]
        if len(group.items) == 1 and isinstance(only, FormQuestion) and not only.label.by_language:
            # An array with one row that has no text is a question like any other.
            only.label = group.intro
            only.help = group.help
            return only
        return group

    def _read_table(self, question: QuestionRecord) -> FormItem:
        """Return an array whose rows have a code each: a battery."""
        group = self._make_group(question, is_table=True)
        group.order = self._read_order(question, "subquestion_order", group)
        choices = self._read_choices(question, question.list_answers())
        for part in question.list_parts():
            name = f"{question.code}_{part.code}"
            row = self._make_question(question, "code", name, part)
            row.choices = choices
            row.condition = self._read_part_condition(question, part)
            group.add(row)
        self._add_validation(question, list(_list_questions(group)))
        return self._finish_group(question, group)

    def _read_two_scales(self, question: QuestionRecord) -> FormItem:
        """Return an array with two scales as two batteries."""
        group = self._make_group(question, is_table=False)
        group.note(self._words.type, "two scales in a row are two batteries, one after the other")
        for scale, header in (("0", "dualscale_headerA"), ("1", "dualscale_headerB")):
            table = FormGroup(f"{question.code}_{scale}", question.origin, is_table=True)
            table.intro = self._read_attribute_text(question, header)
            table.order = self._read_order(question, "subquestion_order", table)
            answers = question.list_answers(scale)
            choices = self._read_choices(question, answers, f"{question.code}_{scale}")
            for part in question.list_parts():
                row = self._make_question(
                    question, "code", f"{question.code}_{part.code}_{scale}", part
                )
                row.choices = choices
                row.condition = self._read_part_condition(question, part)
                table.add(row)
            if table.items:
                group.add(table)
        return self._finish_group(question, group)

    def _read_fields(self, question: QuestionRecord) -> FormItem:
        """Return several fields: a battery of numbers, or texts one after the other."""
        is_number = question.type == "K" or question.is_set("numbers_only")
        group = self._make_group(question, is_table=is_number)
        group.order = self._read_order(question, "subquestion_order", group)
        for part in question.list_parts():
            name = f"{question.code}_{part.code}"
            row = self._make_question(question, "number" if is_number else "text", name, part)
            row.condition = self._read_part_condition(question, part)
            if is_number:
                self._add_number_limits(question, row)
                row.unit = self._read_attribute_text(question, "suffix")
            group.add(row)
        rows = list(_list_questions(group))
        self._add_total(question, group)
        self._add_validation(question, rows)
        return self._finish_group(question, group)

    def _read_cells(self, question: QuestionRecord) -> FormItem:
        """Return an array of fields: a group for each row, with a question for each column."""
        columns = question.list_parts("1")
        group = self._make_group(question, is_table=False)
        is_checked = question.type == ":" and question.is_set("multiflexible_checkbox")
        is_number = question.type == ":" or question.is_set("numbers_only")
        for part in question.list_parts():
            name = f"{question.code}_{part.code}"
            condition = self._read_part_condition(question, part)
            if is_checked:
                row = self._make_question(question, "codes", name, part)
                row.choices = self._share_columns(question, columns)
                row.condition = condition
                group.add(row)
                continue

            cells = FormGroup(name, part.origin, is_table=is_number)
            cells.intro = self._read_text(part.texts, part.origin.at(self._words.label), name)
            cells.condition = condition
            for column in columns:
                kind: AnswerKind = "number" if is_number else "text"
                cell = self._make_question(question, kind, f"{name}_{column.code}", column)
                cell.origin = part.origin
                if is_number:
                    self._add_cell_limits(question, cell)
                cells.add(cell)
            if cells.items:
                group.add(cells)
        return self._finish_group(question, group)

    def _share_columns(
        self, question: QuestionRecord, columns: list[SubquestionRecord]
    ) -> ChoiceList:
        answers = [
            AnswerRecord(column.code, "0", column.origin, column.texts) for column in columns
        ]
        return self._read_choices(question, answers, f"{question.code}_columns")

    def _read_part_condition(
        self, question: QuestionRecord, part: SubquestionRecord
    ) -> Formula | None:
        """Return when a row of an array is shown: its relevance, and the filter of the array."""
        context = self.make_context(question, f"{question.code}_{part.code}")
        origin = part.origin.at(self._words.condition)
        own = self.read_script(part.relevance, origin, context)
        filter_ = self._read_filter(question, part.code)
        if filter_ == YES:
            return own
        names = ("array_filter", "array_filter_exclude")
        sources = " ".join(question.get_attribute(name) for name in names).strip()
        if own is None:
            return Formula(sources, part.origin.at(self._words.offered), filter_)
        return Formula(f"{own.text}; {sources}", origin, join_all([own.tree, filter_]))

    def _read_filter(self, question: QuestionRecord, code: str) -> Expression:
        """Return when a part with a code is shown by the filters of its question."""
        parts: list[Expression] = []
        for name, is_excluding in (("array_filter", False), ("array_filter_exclude", True)):
            for source in list_filter_sources(question.attributes.get(name, {})):
                found = self._find_in_source(source, code)
                parts.append(Not(found) if is_excluding else found)
        return join_all(parts)

    def _find_in_source(self, source: str, code: str) -> Expression:
        """Return whether the part with a code is answered in the question of a filter."""
        if source not in self._questions:
            return Unsupported(f"the survey has no question {source}")
        variable = self._variables.by_name.get(f"{source}_{code}")
        if variable is None:
            # LimeSurvey filters nothing that the other question doesn't have.
            return YES
        context = self.make_context(self._questions[source])
        return read_condition(f'{variable.name}.NAOK != ""', context).tree

    def _filter_choices(self, question: QuestionRecord, item: FormQuestion) -> None:
        """Add when the choices are offered: their relevance, and the filters of the question."""
        if item.choices is None:
            return
        relevances = {part.code: part for part in question.list_parts()}
        conditions: list[Expression] = []
        texts: list[str] = []
        for choice in item.choices.choices:
            parts: list[Expression] = []
            part = relevances.get(choice.code)
            if part is not None and part.relevance not in ("", "1"):
                context = self.make_context(question, f"{question.code}_{part.code}")
                formula = self.read_script(part.relevance, part.origin, context)
                if formula is not None:
                    parts.append(formula.tree)
                    texts.append(formula.text)
            parts.append(self._read_filter(question, choice.code))
            conditions.append(join_all([part for part in parts if part != YES]))
        if all(condition == YES for condition in conditions):
            return
        column = self._words.offered
        formula = Formula("; ".join(texts), question.origin.at(column), join_all(conditions))
        item.offered = OfferedChoices(formula, conditions)

    # ── choices ───────────────────────────────────────────────────────────────────────────────────

    def _read_choices(
        self, question: QuestionRecord, answers: list[AnswerRecord], name: str = ""
    ) -> ChoiceList:
        """Return the choices of a question; one list for all that have the same ones."""
        fixed = FIXED_CHOICES.get(question.type)
        if fixed is not None:
            choices = [self._make_fixed(question, code) for code in fixed]
            if question.type not in self._lists:
                self._lists[question.type] = ChoiceList(f"answers_{question.type}", choices)
            return self._lists[question.type]

        choices = [
            FormChoice(
                answer.code,
                answer.origin,
                self._read_text(answer.texts, answer.origin.at("answer"), question.code),
            )
            for answer in answers
        ]
        if question.has_other and question.type in ("L", "!"):
            choices.append(self._make_other(question, OTHER_CHOICE))
        key = repr([(choice.code, choice.texts.by_language) for choice in choices])
        if key not in self._lists:
            self._lists[key] = ChoiceList(name or question.code, choices)
        return self._lists[key]

    def _make_fixed(self, question: QuestionRecord, code: str) -> FormChoice:
        """Return a choice whose text isn't in the file, as in `yes or no`."""
        texts: LanguageTexts = {}
        for language in self._records.languages:
            short, _, _ = language.partition("-")
            word = get_fixed_word(question.type, code, short)
            if word:
                texts[language] = word
        if not texts and self._records.languages:
            texts[self._records.languages[0]] = get_fixed_word(question.type, code, "en")
        origin = question.origin.at(self._words.type)
        return FormChoice(code, origin, self._read_text(texts, origin, question.code))

    def _make_other(self, question: QuestionRecord, code: str) -> FormChoice:
        """Return the choice "other", whose text may be an attribute."""
        texts: LanguageTexts = {}
        own = question.attributes.get("other_replace_text", {})
        for language in self._records.languages:
            short, _, _ = language.partition("-")
            text = own.get(language) or own.get("") or OTHER_WORDS.get(short)
            answers = [answer.texts.get(language, "").strip() for answer in question.answers]
            if text in answers:
                text = f"{text}:"  # as LimeSurvey shows it, beside an answer of its own
            if text:
                texts[language] = text
        if not texts and self._records.languages:
            texts[self._records.languages[0]] = OTHER_WORDS["en"]
        origin = question.origin.at("other")
        label = self._read_text(texts, origin, question.code)
        return FormChoice(code, origin, label, asks_for_words=True, is_fixed=True)

    def _read_order(self, question: QuestionRecord, name: str, item: FormItem) -> Order:
        """Return the order in which choices or rows are put."""
        order = question.get_attribute(name)
        if order in _RANDOM_ORDERS or question.is_set("random_order"):
            return "random"
        if order == "alphabetical" or question.is_set("alphasort"):
            item.lose(name, "choices in alphabetical order, which differs between languages")
        return "written"

    # ── limits and validation ─────────────────────────────────────────────────────────────────────

    def _read_whole(self, question: QuestionRecord, name: str, item: FormItem) -> int | None:
        """Return a number that an attribute has, if it isn't calculated."""
        text = question.get_attribute(name)
        if not text:
            return None
        if text.isdecimal():
            return int(text) or None
        item.lose(name, f"{text} is calculated: only numbers have a counterpart here")
        return None

    def _read_decimal(self, question: QuestionRecord, name: str, item: FormItem) -> float | None:
        text = question.get_attribute(name).replace(",", ".")
        if not text:
            return None
        try:
            return float(text)
        except ValueError:
            item.lose(name, f"{text} is calculated: only numbers have a counterpart here")
            return None

    def _add_number_limits(self, question: QuestionRecord, item: FormQuestion) -> None:
        item.decimals = 0 if question.is_set("num_value_int_only") else _USUAL_DECIMALS
        if question.is_set("slider_layout"):
            item.decimals = 0
            least = self._read_decimal(question, "slider_min", item)
            most = self._read_decimal(question, "slider_max", item)
            item.least = _SLIDER[0] if least is None else least
            item.most = _SLIDER[1] if most is None else most
            step = question.get_attribute("slider_accuracy")
            if "." in step:
                item.decimals = len(step.partition(".")[2])
            item.note("slider_layout", "a slider is a number here")
            return
        item.least = self._read_decimal(question, "min_num_value_n", item)
        item.most = self._read_decimal(question, "max_num_value_n", item)
        characters = question.get_attribute("maximum_chars")
        if characters.isdecimal():
            # A number of three characters is 999 or less, and has at most one decimal: 9.9.
            longest = 10.0 ** int(characters) - 1
            item.most = longest if item.most is None else min(item.most, longest)
            item.decimals = max(0, min(item.decimals, int(characters) - 2))

    def _add_cell_limits(self, question: QuestionRecord, item: FormQuestion) -> None:
        """Add the range of a cell of an array, which LimeSurvey offers in a list from 1 to 10."""
        least = self._read_decimal(question, "multiflexible_min", item)
        most = self._read_decimal(question, "multiflexible_max", item)
        is_typed = question.is_set("input_boxes")
        if is_typed:
            item.decimals = _USUAL_DECIMALS
        if not is_typed:
            least = 1.0 if least is None else least
            most = 10.0 if most is None else most
        item.least = least
        item.most = most
        step = question.get_attribute("multiflexible_step")
        if step not in ("", "1") and not is_typed:
            item.lose("multiflexible_step", f"steps of {step}")

    def _add_total(self, question: QuestionRecord, group: FormGroup) -> None:
        total = self._read_decimal(question, "equals_num_value", group)
        if total is not None:
            group.total = total

    def _add_validation(self, question: QuestionRecord, rows: list[FormQuestion]) -> None:
        """Add what a valid answer fulfills; of several fields, what the last one must fulfill."""
        if not rows:
            return
        for row in rows:
            self._add_row_validation(question, row)
        script = question.get_attribute("em_validation_q")
        if not script:
            return

        last = rows[-1]
        this = last.name
        meaning = read_condition(script, self.make_context(question, this))
        self._texts.note_columns(script)
        origin = question.origin.at(self._words.constraint)
        self._add_constraint(last, Formula(script, origin, meaning.tree), meaning)
        last.message = self._read_attribute_text(question, "em_validation_q_tip")

    def _add_row_validation(self, question: QuestionRecord, row: FormQuestion) -> None:
        script = question.get_attribute("em_validation_sq")
        if script:
            meaning = read_condition(script, self.make_context(question, row.name))
            origin = row.origin.at("em_validation_sq")
            self._add_constraint(row, Formula(script, origin, meaning.tree), meaning)
            row.message = self._read_attribute_text(question, "em_validation_sq_tip")
        if question.pattern and row.answer in ("text", "number"):
            origin = row.origin.at(self._records.pattern_column)
            tree = _read_regular_expression(question.pattern)
            self._add_constraint(row, Formula(question.pattern, origin, tree), Meaning(tree))

    def _add_constraint(self, item: FormQuestion, formula: Formula, meaning: Meaning) -> None:
        for note in meaning.notes:
            item.note(formula.origin.column, note)
        tree = replace_parts(formula.tree, {AnswerOf(item.name): SELF})
        if item.constraint is not None:
            texts = f"{item.constraint.text}; {formula.text}"
            joined = join_all([item.constraint.tree, tree])
            item.constraint = Formula(texts, item.constraint.origin, joined)
            return
        item.constraint = Formula(formula.text, formula.origin, tree)

    # ── attributes ────────────────────────────────────────────────────────────────────────────────

    def _read_attribute_text(self, question: QuestionRecord, name: str) -> Texts:
        """Return an attribute that is a text, in all its languages."""
        values = question.attributes.get(name, {})
        texts: LanguageTexts = {}
        for language in self._records.languages:
            text = values.get(language) or values.get("")
            if text:
                texts[language] = text
        if not texts:
            return NO_TEXTS
        return self._read_text(texts, question.origin.at(name), question.code)

    def _read_default(self, question: QuestionRecord) -> Formula:
        origin = question.origin.at(self._words.default)
        return Formula(question.default, origin, self._read_default_tree(question))

    def _read_default_tree(self, question: QuestionRecord) -> Expression:
        """Return the value that a question begins with, which can be an expression in braces."""
        parts = split_text(question.default.strip())
        if len(parts) == 1 and parts[0][1]:
            self._texts.note_columns(parts[0][0])
            return read_value(parts[0][0], self.make_context(question)).tree
        if any(is_expression for _, is_expression in parts):
            return Unsupported("a default of words and values has no counterpart")
        if question.type == "N":
            try:
                return Constant(float(question.default))
            except ValueError:
                return Unsupported(f"{question.default} is no number")
        return Constant(question.default)

    def _remark_attributes(self, question: QuestionRecord, item: FormItem) -> None:
        """Report attributes that mean something, and have no counterpart."""
        is_number = question.type in ("N", "K") or question.is_set("numbers_only")
        for name, what in _LOST_ATTRIBUTES.items():
            value = question.get_attribute(name)
            if value in _OFF:
                continue
            if name.endswith("_num_value") and question.type != "K":
                continue
            if name == "maximum_chars" and is_number and value.isdecimal():
                continue
            item.lose(name, f"{what} ({value})" if len(value) < 20 else what)


def _join_formulas(first: Formula | None, second: Formula | None) -> Formula | None:
    """Return the condition that both are true: of a question, and of its only row."""
    if first is None:
        return second
    if second is None:
        return first
    tree = join_all([first.tree, second.tree])
    return Formula(f"{first.text}; {second.text}", first.origin, tree)


def _list_questions(group: FormGroup) -> list[FormQuestion]:
    return [item for item in group.items if isinstance(item, FormQuestion)]


def _read_regular_expression(written: str) -> Expression:
    """Return what a regular expression means that an answer must match."""
    try:
        pattern = read_pattern(written)
    except UnsupportedError as error:
        return Unsupported(str(error))
    return FunctionCall("regex", (SELF, Constant(pattern.pattern)))
