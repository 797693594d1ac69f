"""Questions of a survey as items: one question, a table of questions, or a text."""

import re
from typing import Final, Literal

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
    Fill,
    FormGroup,
    FormItem,
    FormNote,
    FormQuestion,
    Formula,
    LeftOut,
    Origin,
    TextPieces,
    Texts,
)
from survey_cli.conversion.qualtrics.asked_questions import AskedQuestion, AskedQuestions
from survey_cli.conversion.qualtrics.choices import (
    ChoiceReader,
    SurveyChoice,
    list_choices,
    lose_drawn,
)
from survey_cli.conversion.qualtrics.item_names import ItemNames
from survey_cli.conversion.qualtrics.logic import LogicReader
from survey_cli.conversion.qualtrics.piped_text import TextReader, has_media
from survey_cli.conversion.qualtrics.survey_file import (
    JsonObject,
    find_number,
    get_mapping,
    get_number,
    get_text,
    is_on,
)

_SEVERAL: Final = re.compile(r"MA\w+|MSB")
"""Selectors of multiple choice questions with several answers: MAVR, MAHR, MACOL, MSB."""
_LIKE: Final[dict[str, Literal["email", "url", "phone"]]] = {
    "ValidEmail": "email",
    "ValidURL": "url",
    "ValidPhone": "phone",
}
_VALIDATIONS: Final = {
    "MC": ("ChoiceRange", "CustomValidation"),
    "TE": ("ContentType", "MinChar", "MaxChars", "TotalChar", "CharRange", "CustomValidation"),
    "CS": ("ChoicesTotal",),
}
"""The validations that are carried over, by the types of questions."""
_USUAL_DECIMALS: Final = 2
_SLIDER_ENDS: Final = (0.0, 100.0)
_STORED_BY_PROGRAM: Final = {
    "Timing": "the program stores times by itself",
    "Meta": "what a browser tells has no counterpart by telephone",
    "Captcha": "an interview by telephone needs no test for robots",
}
_NO_COUNTERPART: Final = {
    "FileUpload": "an interview by telephone has no file",
    "Draw": "an interview by telephone has no signature",
    "HotSpot": "a picture can't be shown by telephone",
    "HeatMap": "a picture can't be shown by telephone",
    "HL": "a text to be marked can't be shown by telephone",
    "PGR": "things can't be sorted into groups by telephone: ask the group of each",
    "DD": "lists that depend on each other: write a search list",
    "SS": "a graphic slider can't be shown by telephone",
    "TreeSelect": "a list of an organization is not in the survey",
}


class SurveyQuestionReader:
    """Reads questions at one point of the flow."""

    def __init__(
        self,
        asked: AskedQuestions,
        logic: LogicReader,
        texts: TextReader,
        choices: ChoiceReader,
        names: ItemNames,
    ) -> None:
        self._asked = asked
        self._logic = logic
        self._texts = texts
        self._choices = choices
        self._names = names

    def read(self, payload: JsonObject) -> FormItem:
        """Return a question as an item, and remember what it has become."""
        question_id = get_text(payload.get("QuestionID"))
        asked = AskedQuestion(question_id, payload)
        origin = Origin("questions", find_number(question_id))
        item = self._make_item(payload, asked, origin)
        self._finish(item, payload, asked)
        return item

    def _finish(self, item: FormItem, payload: JsonObject, asked: AskedQuestion) -> None:
        """Add the display logic and the losses of a question."""
        item.condition = self._choices.read_formula(payload, item.origin)
        text = get_text(payload.get("QuestionText"))
        if has_media(text) and not isinstance(item, LeftOut):
            item.lose("QuestionText", "a picture or a recording in the text")
        if not isinstance(item, LeftOut):
            self._lose_settings(item, payload)
        self._asked.add(asked)

    def _lose_settings(self, item: FormItem, payload: JsonObject) -> None:
        """Report settings of a question that nothing was made of."""
        validation = get_text(_get_validation(payload).get("Type"))
        type_ = get_text(payload.get("QuestionType"))
        if validation not in ("", "None", *_VALIDATIONS.get(type_, ())):
            item.lose("Validation", f"the validation {validation} has no counterpart")
        randomization = get_mapping(payload.get("AnswerRandomization"))
        if get_text(randomization.get("Type")) not in ("", "None"):
            item.lose("AnswerRandomization", "that the answers are in random order")
        if payload.get("GradingData"):
            item.lose("GradingData", "the points of an assessment")

        has_default = isinstance(item, FormQuestion) and item.default is not None
        if payload.get("DefaultChoices") and not has_default:
            item.lose("DefaultChoices", "the choices that the question begins with")

    def _make_item(self, payload: JsonObject, asked: AskedQuestion, origin: Origin) -> FormItem:
        type_ = get_text(payload.get("QuestionType"))
        match type_:
            case "MC":
                return self._read_choice(payload, asked, origin)
            case "Matrix":
                return self._read_matrix(payload, asked, origin)
            case "TE":
                return self._read_text(payload, asked, origin)
            case "Slider" | "CS":
                return self._read_numbers(payload, asked, origin)
            case "RO":
                return self._read_ranking(payload, asked, origin)
            case "SBS":
                return self._read_side_by_side(payload, asked, origin)
            case "DB":
                return self._read_description(payload, asked, origin)
        name = self._choose_name(payload)
        if type_ in _STORED_BY_PROGRAM:
            why = _STORED_BY_PROGRAM[type_]
            return LeftOut(name, origin, why=why, is_stored_anyway=True)
        why = _NO_COUNTERPART.get(type_, f"the question type {type_} is unknown")
        return LeftOut(name, origin, why=why)

    # ── what all have ─────────────────────────────────────────────────────────────────────────────

    def _choose_name(self, payload: JsonObject) -> str:
        tag = get_text(payload.get("DataExportTag")) or get_text(payload.get("QuestionID"))
        return self._names.choose_tag(tag)

    def _read_label(self, payload: JsonObject, origin: Origin) -> Texts:
        return self._texts.read(payload, ("QuestionText",), origin.at("QuestionText"))

    def _make_question(
        self, payload: JsonObject, name: str, origin: Origin, answer: AnswerKind
    ) -> FormQuestion:
        question = FormQuestion(name, origin, answer=answer)
        selectors = [get_text(payload.get(key)) for key in ("QuestionType", "Selector")]
        question.type = " ".join(selectors).strip()
        if _get_validation(payload).get("ForceResponse") == "ON":
            question.required = "yes"
        return question

    def _make_table(
        self, payload: JsonObject, asked: AskedQuestion, name: str, origin: Origin
    ) -> FormGroup:
        """Return the group of a question that has a row for each choice."""
        table = FormGroup(name, origin, is_table=True)
        table.intro = self._read_label(payload, origin)
        order = self._choices.read_order(payload, table)
        table.order = order.order
        table.pick = order.drawn
        table.picks_evenly = order.is_drawn_evenly
        asked.is_table = True
        asked.fixed_rows = order.fixed
        return table

    def _show_all_rows(self, table: FormGroup) -> None:
        """Ask all rows of a table that shows some of them, and report it."""
        if table.pick is not None:
            lose_drawn(table, table.pick)
            table.pick = None

    def _add_row(
        self,
        table: FormGroup,
        payload: JsonObject,
        choice: SurveyChoice,
        answer: AnswerKind,
        asked: AskedQuestion,
    ) -> FormQuestion:
        """Add a question for a row of a table."""
        tags = get_mapping(payload.get("ChoiceDataExportTags"))
        tag = get_text(tags.get(choice.id)) or f"{table.name}_{choice.id}"
        name = self._names.choose_tag(tag)
        row = self._make_question(payload, name, table.origin, answer)
        origin = table.origin.at(f"Choices {choice.id}")
        row.label = self._texts.read(choice.source, choice.path, origin)
        row.condition = self._read_row_condition(choice, row)
        row.is_fixed = choice.id in asked.fixed_rows
        asked.items[choice.id] = name
        asked.answer = answer
        if row.condition is None and not asked.unconditional:
            asked.unconditional = name
        table.add(row)
        return row

    def _read_row_condition(self, choice: SurveyChoice, row: FormQuestion) -> Formula | None:
        own = self._choices.read_formula(choice.entry, row.origin, f"Choices {choice.id}")
        return self._choices.join_carried(choice, own, row)

    # ── choices ───────────────────────────────────────────────────────────────────────────────────

    def _read_choice(self, payload: JsonObject, asked: AskedQuestion, origin: Origin) -> FormItem:
        selector = get_text(payload.get("Selector"))
        answer: AnswerKind = "codes" if _SEVERAL.fullmatch(selector) else "code"
        name = self._choose_name(payload)
        question = self._make_question(payload, name, origin, answer)
        question.label = self._read_label(payload, origin)
        question.is_scale = selector == "NPS"
        self._add_choices(payload, question, asked)

        settings = _get_validation(payload)
        if settings.get("Type") == "ChoiceRange" and answer == "codes":  # of one answer it is 1
            question.fewest_choices = _get_whole(settings.get("MinChoices"))
            question.most_choices = _get_whole(settings.get("MaxChoices"))
        question.default = self._read_default(payload, asked, origin)
        self._add_custom_validation(payload, question, asked)
        return question

    def _add_choices(
        self, payload: JsonObject, question: FormQuestion, asked: AskedQuestion
    ) -> None:
        choices = self._choices.list_all(payload, "Choices", question)
        codes = self._choices.find_codes(payload, choices, question)
        order = self._choices.read_order(payload, question)
        question.order = order.order
        if order.drawn is not None:
            lose_drawn(question, order.drawn)
        question.choices = self._choices.make_list(
            question.name, choices, codes, question, order.fixed
        )
        asked.answer = question.answer
        asked.items[""] = question.name
        asked.unconditional = question.name
        asked.codes = codes
        question.offered = self._choices.read_offered(choices, "Choices", question, asked)

    def _read_ranking(self, payload: JsonObject, asked: AskedQuestion, origin: Origin) -> FormItem:
        question = self._make_question(payload, self._choose_name(payload), origin, "codes")
        question.label = self._read_label(payload, origin)
        self._add_choices(payload, question, asked)
        question.is_ranking = True
        asked.is_ranking = True
        ranks_all = question.required == "yes" and question.offered is None
        if ranks_all and question.choices is not None:
            question.fewest_choices = len(question.choices.choices)
        question.note("QuestionType", "a ranking: the codes are keyed in the order of the ranks")
        return question

    def _read_default(
        self, payload: JsonObject, asked: AskedQuestion, origin: Origin
    ) -> Formula | None:
        """Return the choice or text that a question begins with."""
        defaults = get_mapping(payload.get("DefaultChoices"))
        if asked.answer == "code":
            for key, entry in defaults.items():
                if is_on(get_mapping(entry).get("Selected")) and key in asked.codes:
                    code = asked.codes[key]
                    return Formula(code, origin.at("DefaultChoices"), Constant(code))

        text = get_text(get_mapping(defaults.get("TEXT")).get("Text"))
        if not text:
            return None
        tree = self._texts.read_value(text)
        return Formula(text, origin.at("DefaultChoices"), tree)

    # ── tables ────────────────────────────────────────────────────────────────────────────────────

    def _read_matrix(self, payload: JsonObject, asked: AskedQuestion, origin: Origin) -> FormItem:
        name = self._choose_name(payload)
        selector = get_text(payload.get("Selector"))
        sub_selector = get_text(payload.get("SubSelector"))
        if selector == "MaxDiff":
            why = "a choice of the best and the worst: write two questions"
            return LeftOut(name, origin, why=why)

        table = self._make_table(payload, asked, name, origin)
        rows = self._choices.list_all(payload, "Choices", table)
        if selector in ("TE", "CS", "RO"):
            self._show_all_rows(table)  # a cell can be drawn, but not the cells of a row
        match selector:
            case "TE":
                self._add_cells(
                    payload, asked, table, rows, "text", is_long=sub_selector != "Short"
                )
            case "CS":
                self._add_cells(payload, asked, table, rows, "number")
                table.lose("Validation", "that the numbers of a column add up isn't checked")
            case "RO":
                self._add_numbered_rows(payload, asked, table, rows)
            case "Profile":
                self._add_profile(payload, asked, table, rows)
            case _:
                answer: Literal["code", "codes"] = "code"
                if sub_selector in ("MultipleAnswer", "MultipleAnswers"):
                    answer = "codes"
                self._add_answers(payload, asked, table, rows, answer)
        return table

    def _add_answers(
        self,
        payload: JsonObject,
        asked: AskedQuestion,
        table: FormGroup,
        rows: list[SurveyChoice],
        answer: Literal["code", "codes"],
    ) -> None:
        """Add a question for each row, all with the same answers."""
        answers = self._choices.list_all(payload, "Answers", table)
        self._asked.check_table(len(rows), len(answers))
        asked.codes = self._choices.find_codes(payload, answers, table)
        shared = self._choices.make_list(table.name, answers, asked.codes, table)
        for choice in rows:
            row = self._add_row(table, payload, choice, answer, asked)
            row.choices = shared
            row.offered = self._choices.read_offered(answers, "Answers", row, asked)
            if get_text(payload.get("Selector")) == "Bipolar":
                row.label = _join_poles(row.label)
            if is_on(choice.entry.get("TextEntry")):
                row.lose(f"Choices {choice.id}", "that the row is named by the respondent")

    def _add_profile(
        self, payload: JsonObject, asked: AskedQuestion, table: FormGroup, rows: list[SurveyChoice]
    ) -> None:
        """Add a question for each row, each with its own answers."""
        answers = get_mapping(payload.get("Answers"))
        for choice in rows:
            row = self._add_row(table, payload, choice, "code", asked)
            entries = get_mapping(answers.get(choice.id))
            own = [
                SurveyChoice(
                    key, ("Answers", choice.id, key, "Display"), payload, get_mapping(entry)
                )
                for key, entry in entries.items()
            ]
            codes = {entry.id: entry.id for entry in own}
            row.choices = self._choices.make_list(row.name, own, codes, row)
            for key, code in codes.items():
                asked.codes[f"{choice.id}/{key}"] = code

    def _add_cells(
        self,
        payload: JsonObject,
        asked: AskedQuestion,
        table: FormGroup,
        rows: list[SurveyChoice],
        answer: Literal["text", "number"],
        *,
        is_long: bool = False,
    ) -> None:
        """Add a question for each row and column."""
        table.is_table = False
        columns = list_choices(payload, "Answers")
        self._asked.check_table(len(rows), len(columns))
        for choice in rows:
            for column in columns:
                key = f"{choice.id}/{column.id}"
                tag = f"{table.name}_{choice.id}_{column.id}"
                name = self._names.choose_tag(tag)
                cell = self._make_question(payload, name, table.origin, answer)
                cell.is_long = is_long
                cell.condition = self._read_row_condition(choice, cell)
                cell.label = self._join_labels(choice, column, table.origin)
                asked.items[key] = name
                asked.answer = answer
                if cell.condition is None and not asked.unconditional:
                    asked.unconditional = name
                table.add(cell)

    def _join_labels(self, row: SurveyChoice, column: SurveyChoice, origin: Origin) -> Texts:
        """Return `Row: Column`, in the languages of both."""
        first = self._texts.read(row.source, row.path, origin.at(f"Choices {row.id}"))
        second = self._texts.read(column.source, column.path, origin.at(f"Answers {column.id}"))
        joined = {}
        for language, pieces in first.by_language.items():
            joined[language] = pieces
            more = second.by_language.get(language, ())
            if more:
                joined[language] = (*pieces, ": ", *more)
        return Texts(joined, first.origin)

    def _add_numbered_rows(
        self, payload: JsonObject, asked: AskedQuestion, table: FormGroup, rows: list[SurveyChoice]
    ) -> None:
        """Add the rank of each row as a number."""
        for choice in rows:
            row = self._add_row(table, payload, choice, "number", asked)
            row.least = 1.0
            row.most = float(len(rows))
        table.note("QuestionType", "each rank is a number; that all are different isn't checked")

    def _read_side_by_side(
        self, payload: JsonObject, asked: AskedQuestion, origin: Origin
    ) -> FormItem:
        """Return a group with a table for each column of a side by side."""
        group = FormGroup(self._choose_name(payload), origin)
        group.intro = self._read_label(payload, origin)
        columns = get_mapping(payload.get("AdditionalQuestions"))
        for key, entry in columns.items():
            column = {
                **get_mapping(entry),
                "DataExportTag": f"{group.name}_{key}",
                "Language": _take_column(payload, key),
            }
            column.setdefault("ChoiceOrder", payload.get("ChoiceOrder"))
            if "DynamicChoices" in payload:
                column.setdefault("DynamicChoices", payload["DynamicChoices"])
            asked_column = AskedQuestion(f"{asked.id}#{key}", column)
            item = self._read_matrix(column, asked_column, origin)
            item.condition = self._choices.read_formula(
                column, origin, f"AdditionalQuestions {key}"
            )
            self._asked.add(asked_column)
            asked.items |= {f"{key}/{row}": name for row, name in asked_column.items.items()}
            if item.condition is None and not asked.unconditional:
                asked.unconditional = asked_column.unconditional
            group.add(item)
        return group

    # ── what is typed ─────────────────────────────────────────────────────────────────────────────

    def _read_text(self, payload: JsonObject, asked: AskedQuestion, origin: Origin) -> FormItem:
        if get_text(payload.get("Selector")) == "FORM":
            return self._read_form(payload, asked, origin)

        settings = _get_validation(payload)
        answer, decimals = _find_answer(settings)
        name = self._choose_name(payload)
        question = self._make_question(payload, name, origin, answer)
        question.label = self._read_label(payload, origin)
        question.decimals = decimals
        question.is_long = get_text(payload.get("Selector")) in ("ML", "ESTB")
        if answer != "text":
            question.is_long = False
        asked.answer = answer
        asked.items[""] = name
        asked.unconditional = name
        self._add_content_type(question, settings)
        question.default = self._read_default(payload, asked, origin)
        self._add_custom_validation(payload, question, asked)
        if get_text(payload.get("Selector")) == "PW":
            question.is_personal = True
            question.note("Selector", "a password: the interviewer sees what is typed")
        return question

    def _read_form(self, payload: JsonObject, asked: AskedQuestion, origin: Origin) -> FormItem:
        """Return the fields of a form, each as a question."""
        form = self._make_table(payload, asked, self._choose_name(payload), origin)
        form.is_table = False
        for choice in self._choices.list_all(payload, "Choices", form):
            validation = get_text(choice.entry.get("TextEntryValidation"))
            settings = {"Type": "ContentType", "ContentType": validation}
            answer, decimals = _find_answer(settings)
            row = self._add_row(form, payload, choice, answer, asked)
            row.decimals = decimals
            if is_on(choice.entry.get("TextEntryForceResponse")):
                row.required = "yes"
            if validation not in ("", "None"):
                self._add_content_type(row, settings)
        asked.answer = "text"
        return form

    def _add_content_type(self, question: FormQuestion, settings: JsonObject) -> None:
        """Add what a text is accepted for."""
        type_ = get_text(settings.get("Type"))
        content = get_text(settings.get("ContentType")) if type_ == "ContentType" else ""
        match content:
            case "ValidNumber":
                limits = get_mapping(settings.get("ValidNumber"))
                question.least = get_number(limits.get("Min"))
                question.most = get_number(limits.get("Max"))
                if question.decimals == _USUAL_DECIMALS and not get_text(limits.get("NumDecimals")):
                    question.note("Validation", "a number has at most two decimals here")
            case "ValidEmail" | "ValidURL" | "ValidPhone":
                question.like = _LIKE[content]
            case "ValidZip" if "US" in get_text(settings.get("ValidZipType")):
                question.pattern = "99999"
            case "ValidDate" | "" | "None":
                pass
            case other:
                question.lose("Validation", f"the validation {other} has no counterpart")

        if type_ in ("MinChar", "TotalChar", "CharRange", "MaxChars"):
            self._add_length(question, settings, type_)

    def _add_length(self, question: FormQuestion, settings: JsonObject, type_: str) -> None:
        """Add the fewest and the most characters of a text."""
        length = FunctionCall("length", (SELF,))
        limits: list[Expression] = []
        words: list[str] = []
        fewest = _get_whole(settings.get("MinChars"))
        most = _get_whole(settings.get("MaxChars")) or _get_whole(settings.get("TotalChars"))
        if fewest is not None and type_ != "MaxChars":
            limits.append(ValueComparison(length, ">=", Constant(float(fewest)), if_blank=False))
            words.append(f"at least {fewest}")
        if most is not None and type_ != "MinChar":
            limits.append(ValueComparison(length, "<=", Constant(float(most)), if_blank=False))
            words.append(f"at most {most}")
        if not limits:
            return

        origin = question.origin.at("Validation")
        question.constraint = Formula(" and ".join(words), origin, join_all(limits))
        message = f"The answer must have {' and '.join(words)} characters."
        question.message = self._texts.make(message, origin)

    def _add_custom_validation(
        self, payload: JsonObject, question: FormQuestion, asked: AskedQuestion
    ) -> None:
        """Add a validation that is a condition on the answer."""
        settings = _get_validation(payload)
        logic = get_mapping(settings.get("CustomValidation")).get("Logic")
        if settings.get("Type") != "CustomValidation" or not isinstance(logic, dict):
            return
        self._asked.add(asked)  # the condition is on the question itself
        tree = self._logic.read(logic)
        self._asked.remove(asked)
        question.constraint = Formula("custom validation", question.origin.at("Validation"), tree)

    # ── numbers ───────────────────────────────────────────────────────────────────────────────────

    def _read_numbers(self, payload: JsonObject, asked: AskedQuestion, origin: Origin) -> FormItem:
        """Return a slider or a constant sum: a number for each choice."""
        rows = self._choices.list_all(payload, "Choices", FormGroup("", origin))
        is_slider = get_text(payload.get("QuestionType")) == "Slider"
        name = self._choose_name(payload)
        labels = self._read_slider_labels(payload, origin)
        if len(rows) == 1:
            number = self._make_question(payload, name, origin, "number")
            number.label = self._read_label(payload, origin)
            number.instruction = labels
            if not labels.by_language:
                place = origin.at(f"Choices {rows[0].id}")
                number.instruction = self._texts.read(rows[0].source, rows[0].path, place)
            asked.answer = "number"
            asked.items = {"": name, rows[0].id: name}
            asked.unconditional = name
            self._add_ends(payload, number, is_slider=is_slider)
            self._note_slider(payload, number, is_slider=is_slider)
            return number

        table = self._make_table(payload, asked, name, origin)
        for choice in rows:
            row = self._add_row(table, payload, choice, "number", asked)
            row.instruction = labels
            self._add_ends(payload, row, is_slider=is_slider)
        if not is_slider:
            self._show_all_rows(table)  # what they add up to is said of all
            settings = _get_validation(payload)
            total = get_number(settings.get("ChoiceTotal"))
            if settings.get("Type") == "ChoicesTotal" and total is not None:
                table.total = total
        self._note_slider(payload, table, is_slider=is_slider)
        return table

    def _read_slider_labels(self, payload: JsonObject, origin: Origin) -> Texts:
        """Return the labels above a slider, from its left to its right, for the interviewer."""
        labels = get_mapping(payload.get("Labels"))
        words = [get_text(get_mapping(label).get("Display")) for label in labels.values()]
        if not any(words):
            return NO_TEXTS
        return self._texts.make(f"From left to right: {', '.join(words)}.", origin.at("Labels"))

    def _add_ends(self, payload: JsonObject, number: FormQuestion, *, is_slider: bool) -> None:
        configuration = get_mapping(payload.get("Configuration"))
        number.decimals = _get_whole(configuration.get("NumDecimals")) or 0
        if not is_slider:
            number.least = 0.0
            return
        least = get_number(configuration.get("CSSliderMin"))
        most = get_number(configuration.get("CSSliderMax"))
        stars = get_number(configuration.get("StarCount"))
        if get_text(payload.get("Selector")) == "STAR" and stars is not None:
            most = stars
        number.least = _SLIDER_ENDS[0] if least is None else least
        number.most = _SLIDER_ENDS[1] if most is None else most

    def _note_slider(self, payload: JsonObject, item: FormItem, *, is_slider: bool) -> None:
        if not is_slider:
            return
        item.note("QuestionType", "a slider is a number here")
        if is_on(get_mapping(payload.get("Configuration")).get("NotApplicable")):
            item.note("Configuration", "not applicable: a decline takes its place")

    # ── texts ─────────────────────────────────────────────────────────────────────────────────────

    def _read_description(
        self, payload: JsonObject, asked: AskedQuestion, origin: Origin
    ) -> FormItem:
        name = self._choose_name(payload)
        selector = get_text(payload.get("Selector"))
        if selector in ("GRB", "FLB"):
            return LeftOut(name, origin, why="a picture or a file can't be shown by telephone")
        note = FormNote(name, origin)
        note.label = self._read_label(payload, origin)
        asked.items[""] = name
        asked.unconditional = name
        return note


def _get_validation(payload: JsonObject) -> JsonObject:
    """Return the settings of the validation of a question."""
    return get_mapping(get_mapping(payload.get("Validation")).get("Settings"))


def _get_whole(value: object) -> int | None:
    number = get_number(value)
    return None if number is None else int(number)


def _join_poles(label: Texts) -> Texts:
    """Return `Cold – Warm` for the row `Cold:Warm` between two poles."""
    joined: dict[str, TextPieces] = {}
    for language, pieces in label.by_language.items():
        made: list[str | Fill] = []
        for piece in pieces:
            if isinstance(piece, str):
                made.append(piece.replace(":", " – ", 1))
            else:
                made.append(piece)
        joined[language] = tuple(made)
    return Texts(joined, label.origin)


def _find_answer(settings: JsonObject) -> tuple[AnswerKind, int]:
    """Return the kind of answer that a validation accepts, and the decimals of a number."""
    if get_text(settings.get("Type")) != "ContentType":
        return "text", 0
    match get_text(settings.get("ContentType")):
        case "ValidNumber":
            limits = get_mapping(settings.get("ValidNumber"))
            decimals = _get_whole(limits.get("NumDecimals"))
            if decimals is None:
                decimals = _USUAL_DECIMALS
            return "number", decimals
        case "ValidDate":
            return "date", 0
    return "text", 0


def _take_column(payload: JsonObject, key: str) -> JsonObject:
    """Return the translations of a column of a side by side, by language."""
    translations: JsonObject = {}
    for language, entry in get_mapping(payload.get("Language")).items():
        whole = get_mapping(entry)
        column = get_mapping(get_mapping(whole.get("AdditionalQuestions")).get(key))
        translations[language] = {"Choices": whole.get("Choices"), **column}
    return translations
