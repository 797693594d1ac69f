"""Conditions in plain English."""

import pytest

from support.condition_names import understood
from survey_cli.instrument.texts.condition_wording import render_clause
from survey_cli.values import Code

LABELS: dict[tuple[str, Code], str] = {
    ("q2", 3): "Disagree", ("q2", 4): "Strongly disagree", ("media", "tv"): "Television", ("kind", 1): "Sector",
}  # fmt: skip
TITLES = {
    "q1": "Goals clear",
    "q2": "Mission clear",
    "media": "Media",
    "kind": "Kind",
    "age": "Age",
    "adult": "Adult",
}


def say(name: str, code: Code | None) -> str:
    return TITLES.get(name, name) if code is None else LABELS.get((name, code), str(code))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("q2 in [3, 4]", "Mission clear is Disagree or Strongly disagree"),
        ("q2 in [3, dk, refused]", "Mission clear is Disagree, don't know or refused"),
        ("q2 not in [3, 4]", "Mission clear is neither Disagree nor Strongly disagree"),
        ("not q2 == 3", "Mission clear is not Disagree"),
        ("'tv' in media", "Media includes Television"),
        ("18 <= hours < 65", "Hours is at least 18 and less than 65"),
        ("answered(q1) and (q2 == 3 or kind == 1)",
         "Goals clear was answered and (Mission clear is Disagree or Kind is Sector)"),
        ("not answered(q1)", "Goals clear was not answered"),
        ("count(media) >= 2", "The number of answers to Media is at least 2"),
        ("count(person.age >= 18) > 1", "The number of turns of person where Age is at least 18 is more than 1"),
        ("adult and kind == 1", "Adult holds and Kind is Sector"),
        ("first(media) == 'web'", "The first mention in Media is web"),
        ("rank(media, 'tv') <= 3", "The position of Television in the mentions of Media is at most 3"),
        ("contains(name, 'bank')", "Name contains “bank”"),
        ("elapsed() < 15", "The number of minutes so far is less than 15"),
        ("interviewer.sex == 'f'", "The interviewer's sex is f"),
        ("months_between(born, today()) >= 18", "Whole months since born is at least 18"),
        ("days_between(born, '2026-01-31') < 7", "Days from born to 2026-01-31 is less than 7"),
        ("years_between(born, today()) >= 18", "Whole years since born is at least 18"),
    ],
)  # fmt: skip
def test_a_condition_in_words(text: str, sentence: str) -> None:
    words = render_clause(understood(text), say)
    assert words[:1].upper() + words[1:] == sentence
