"""Reader of surveys of Qualtrics: from a survey file to a form of the neutral shape."""

from typing import Final

from survey_cli.conversion.input_files import InputFile
from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormGroup,
    FormQuota,
    Formula,
    Origin,
    Remark,
    SystemWords,
)
from survey_cli.conversion.qualtrics.asked_questions import AskedQuestions
from survey_cli.conversion.qualtrics.blocks import SKIP_LOGIC, BlockReader
from survey_cli.conversion.qualtrics.choices import DISPLAY_LOGIC, ChoiceReader, describe_logic
from survey_cli.conversion.qualtrics.embedded_data import EmbeddedFields
from survey_cli.conversion.qualtrics.flow import BRANCH_LOGIC, FlowReader
from survey_cli.conversion.qualtrics.item_names import ItemNames
from survey_cli.conversion.qualtrics.logic import LogicReader
from survey_cli.conversion.qualtrics.piped_text import TextReader
from survey_cli.conversion.qualtrics.questions import SurveyQuestionReader
from survey_cli.conversion.qualtrics.survey_file import (
    SurveyFile,
    get_mapping,
    get_number,
    get_text,
    is_survey_file,
)
from survey_cli.wording import format_quantity, join_words

QUALTRICS_WORDS: Final = SystemWords(
    system="Qualtrics",
    part="Part",
    row="Number",
    column="Key",
    items_part="questions",
    name="DataExportTag",
    type="QuestionType",
    label="QuestionText",
    condition="DisplayLogic",
    constraint="Validation",
    calculation="EmbeddedData",
    turns="Looping",
    default="DefaultChoices",
    required="ForceResponse",
    offered="Choices",
    counted=(DISPLAY_LOGIC, BRANCH_LOGIC, SKIP_LOGIC),
    item_prefix="QID",
)
_MOST_NAMED: Final = 12
_LOST_ELEMENTS: Final = {"TR": "triggers of mails and contacts", "CJ": "a conjoint"}
"""Elements of a survey that nothing is made of, by their kinds."""


def is_qualtrics(file: InputFile) -> bool:
    """Return whether a file is a survey of Qualtrics."""
    return not file.is_workbook and is_survey_file(file)


def read_qualtrics(file: InputFile) -> ForeignForm:
    """Read a survey. Raises UserError."""
    survey = SurveyFile(file)
    root = FormGroup("", Origin(QUALTRICS_WORDS.items_part, 1))
    tags = [get_text(survey.questions[id_].get("DataExportTag")) for id_ in survey.used_questions]
    names = ItemNames(tags)
    asked = AskedQuestions(survey)
    fields = EmbeddedFields(survey, names)
    logic = LogicReader(asked, fields)
    texts = TextReader(survey.languages, asked, fields)
    choices = ChoiceReader(asked, logic, texts)
    questions = SurveyQuestionReader(asked, logic, texts, choices, names)
    blocks = BlockReader(survey, asked, logic, texts, questions, names)
    flow = FlowReader(survey, logic, texts, fields, blocks, names)
    flow.read(root)
    for item in fields.list_items():
        root.add(item)

    name = survey.name or file.path.stem
    languages = list(dict.fromkeys(survey.languages.values()))
    form = ForeignForm(name, QUALTRICS_WORDS, root, languages, title=name)
    form.quotas = _read_quotas(survey, logic)
    form.remarks = [*flow.remarks, *logic.list_remarks(), *_remark_survey(survey)]
    return form


def _read_quotas(survey: SurveyFile, logic: LogicReader) -> list[FormQuota]:
    quotas: list[FormQuota] = []
    for number, payload in enumerate(survey.list_payloads("QO"), start=1):
        quota = get_mapping(payload)
        target = get_number(quota.get("Occurrences"))
        origin = Origin("quotas", number, "Logic")
        condition = quota.get("Logic")
        formula = Formula(describe_logic(condition), origin, logic.read(condition))
        name = get_text(quota.get("Name")) or f"quota_{number}"
        is_active = target is not None and quota.get("QuotaAction") != "None"
        quotas.append(FormQuota(name, formula, int(target or 0), is_active))
    return quotas


def _remark_survey(survey: SurveyFile) -> list[Remark]:
    """Return what is to be said of the whole survey."""
    remarks: list[Remark] = []
    unused = [id_ for id_ in survey.questions if id_ not in survey.used_questions]
    if unused:
        number = format_quantity(len(unused), "question")
        text = f"{number} in the trash or in no block of the flow, and not in the questionnaire"
        remarks.append(Remark(Origin("blocks", 1), text))

    scoring = [get_mapping(payload) for payload in survey.list_payloads("SCO")]
    if any(entry.get("ScoringCategories") for entry in scoring):
        text = "the points of an assessment"
        remarks.append(Remark(Origin("scoring", 1), text, is_loss=True))
    for payload in survey.list_payloads("SO"):
        options = get_mapping(payload)
        written = [key for key in ("Header", "Footer") if get_text(options.get(key))]
        if written:
            text = f"{' and '.join(written)} of the web page"
            remarks.append(Remark(Origin("options", 1, "Header"), text, is_loss=True))
    for kind, what in _LOST_ELEMENTS.items():
        elements = survey.list_payloads(kind)
        if elements:
            remarks.append(Remark(Origin(kind, 1), f"{what} ({len(elements)})", is_loss=True))

    scripted = [
        id_ for id_ in survey.questions if get_text(survey.questions[id_].get("QuestionJS"))
    ]
    if scripted:
        text = f"JavaScript of the web page at {join_words(scripted, most=_MOST_NAMED)}"
        remarks.append(Remark(Origin("questions", 1, "QuestionJS"), text, is_loss=True))
    return remarks
