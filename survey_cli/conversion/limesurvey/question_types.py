"""The types of questions of LimeSurvey, by their letters."""

from typing import Final

from survey_cli.conversion.limesurvey.records import QuestionRecord

OTHER_CHOICE: Final = "-oth-"
"""The code of "other" in a list."""
OTHER_IN_MULTIPLE: Final = "other"
"""The code of "other" among several choices."""

SINGLE_TYPES: Final = ("L", "!", "O", "5", "Y", "G")
"""One code of a list: radio buttons, dropdown, with a comment, 5 points, yes or no, gender."""
MULTIPLE_TYPES: Final = ("M", "P")
"""Several choices, and those with a comment on each."""
CODE_TABLES: Final = ("A", "B", "C", "E", "F", "H")
"""Arrays: 5 points, 10 points, yes or no, increase or decrease, own answers by row or column."""
NUMBER_TABLES: Final = ("K", ":")
TEXT_TABLES: Final = ("Q", ";")
"""Several fields, and arrays of them, with numbers or texts."""
TEXT_TYPES: Final = ("S", "T", "U")
LONG_TEXTS: Final = ("T", "U")

FIXED_CHOICES: Final = {
    "5": ("1", "2", "3", "4", "5"),
    "A": ("1", "2", "3", "4", "5"),
    "B": ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"),
    "Y": ("Y", "N"),
    "G": ("F", "M"),
    "C": ("Y", "U", "N"),
    "E": ("I", "S", "D"),
}
"""The codes of types whose answers aren't in the file, in the order in which they are shown."""

FIXED_WORDS: Final = {
    "en": ("Yes", "No", "Uncertain", "Female", "Male", "Increase", "Same", "Decrease"),
    "de": ("Ja", "Nein", "Unsicher", "Weiblich", "Männlich", "Zunahme", "Gleich", "Abnahme"),
    "es": ("Sí", "No", "Inseguro", "Femenino", "Masculino", "Aumentar", "Igual", "Disminuir"),
    "fr": ("Oui", "Non", "Incertain", "Féminin", "Masculin", "Augmenté", "Identique", "Diminué"),
    "it": ("Sì", "No", "Incerto", "Femmina", "Maschio", "Aumenta", "Uguale", "Diminuisce"),
    "nl": ("Ja", "Nee", "Onzeker", "Vrouw", "Man", "Toegenomen", "Gelijk", "Afgenomen"),
    "pt": ("Sim", "Não", "Indeciso", "Feminino", "Masculino", "Aumentar", "Igual", "Diminuir"),
}
"""The words of these types by language."""
_WORD_POSITIONS: Final = {
    ("Y", "Y"): 0,
    ("Y", "N"): 1,
    ("C", "Y"): 0,
    ("C", "N"): 1,
    ("C", "U"): 2,
    ("G", "F"): 3,
    ("G", "M"): 4,
    ("E", "I"): 5,
    ("E", "S"): 6,
    ("E", "D"): 7,
}
"""Where the word of a code is in FIXED_WORDS, by the type of the question and the code."""
OTHER_WORDS: Final = {
    "en": "Other",
    "de": "Sonstiges",
    "es": "Otro",
    "fr": "Autre",
    "it": "Altro",
    "nl": "Anders",
    "pt": "Outro",
}


def list_choice_codes(question: QuestionRecord) -> tuple[str, ...]:
    """Return the codes of the answers to a question with one answer, "other" included."""
    fixed = FIXED_CHOICES.get(question.type)
    if fixed is not None:
        return fixed
    codes = [answer.code for answer in question.list_answers()]
    if question.has_other and question.type in ("L", "!"):
        codes.append(OTHER_CHOICE)
    return tuple(codes)


def get_fixed_word(type_: str, code: str, language: str) -> str:
    """Return the text of an answer that isn't in the file; empty in a language without words."""
    position = _WORD_POSITIONS.get((type_, code))
    if position is None:
        return code
    words = FIXED_WORDS.get(language)
    return "" if words is None else words[position]
