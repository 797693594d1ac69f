"""The language of an interview and of its case: which one wins, and how one is named."""

import csv
import io
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.command_line import run_survey
from support.shift import HEAD, ITEMS, Shift
from survey_cli.entries import Rejection
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import CaseView

BILINGUAL = (
    HEAD.replace("title: Field test", "title: Field test\nlanguages: [en, es]")
    + "  speaks: {role: language}\n"
)
TEXTS = ITEMS.replace("text: First?", "text: {en: First?, es: Primero}")
CASES = "unit,phone,zone,speaks\nA,312 555 0100,America/Chicago,{}\n"


def bilingual(folder: Path, language: str = "en") -> Shift:
    return Shift(folder, items=TEXTS, cases=CASES.format(language), head=BILINGUAL)


def started(station: StationSession) -> InterviewSession:
    conduct = station.open_interview().interview
    assert conduct is not None, conduct
    return conduct


def shown_language(station: StationSession) -> str:
    view = station.look().view
    assert isinstance(view, CaseView)
    return dict(view.details)["Language"]


@pytest.mark.parametrize(
    ("sampled", "chosen", "name"), [("en", "es", "Spanish"), ("es", "en", "English")]
)
def test_the_language_chosen_in_the_interview_stays_after_the_program_died(
    tmp_path: Path, sampled: str, chosen: str, name: str
) -> None:
    shift = bilingual(tmp_path, sampled)
    ann = shift.station()
    conduct = started(ann)
    conduct.reply("")
    assert conduct.interview.language == sampled
    assert conduct.switch_language(chosen) is None  # and then nothing more is heard of her
    shift.later(minutes=2)
    back = shift.station()
    assert shift.case("A").language == chosen
    assert shown_language(back) == name
    assert started(back).interview.language == chosen


@pytest.mark.parametrize(("sampled", "chosen"), [("en", "es"), ("es", "en")])
def test_the_language_chosen_in_the_interview_stays_after_a_suspension(
    tmp_path: Path, sampled: str, chosen: str
) -> None:
    shift = bilingual(tmp_path, sampled)
    ann = shift.station()
    conduct = started(ann)
    conduct.reply("")
    assert conduct.switch_language(chosen) is None
    assert conduct.suspend() is None
    assert ann.close_interview().rejection is None
    assert ann.record_outcome("callback").rejection is None
    shift.later(days=1, minutes=5)
    assert ann.claim_next().rejection is None
    assert started(ann).interview.language == chosen


def test_a_language_that_was_asked_for_after_the_interview_is_that_of_the_next_session(
    tmp_path: Path,
) -> None:
    shift = bilingual(tmp_path)
    ann = shift.station()
    conduct = started(ann)
    conduct.reply("")
    assert conduct.suspend() is None
    assert ann.close_interview().rejection is None
    assert ann.record_outcome("language", language="Spanish").rejection is None
    shift.later(days=1, minutes=5)
    assert ann.claim_next().rejection is None
    assert shown_language(ann) == "Spanish"
    assert started(ann).interview.language == "es"


@pytest.mark.parametrize("typed", ["es", "ES", "Spanish", "español", "spanish "])
def test_a_language_problem_takes_one_of_the_studys_languages_by_code_or_name(
    tmp_path: Path, typed: str
) -> None:
    shift = bilingual(tmp_path)
    assert shift.station().record_outcome("language", language=typed).rejection is None
    assert shift.case("A").language == "es"


@pytest.mark.parametrize("typed", ["Spnish", "Vietnamese", ""])
def test_an_unknown_language_is_refused_with_the_list(tmp_path: Path, typed: str) -> None:
    shift = bilingual(tmp_path)
    refused = shift.station().record_outcome("language", language=typed).rejection
    assert isinstance(refused, Rejection)
    assert refused.why.endswith("en (English), es (Spanish), or other")
    assert shift.case("A").language == "en"


def test_a_language_that_the_study_does_not_have_is_another_one(tmp_path: Path) -> None:
    shift = bilingual(tmp_path)
    assert shift.station().record_outcome("language", language="Other").rejection is None
    assert shift.case("A").language == "other"


def test_a_language_is_named_by_code_or_name_in_the_interview_too(tmp_path: Path) -> None:
    conduct = started(bilingual(tmp_path).station())
    conduct.reply("")
    assert conduct.switch_language("Spanish") is None
    assert conduct.interview.language == "es"
    refused = conduct.switch_language("Klingon")
    assert isinstance(refused, Rejection)
    assert refused.why == "Klingon is not a language of this study: en (English), es (Spanish)"


def test_an_export_has_the_language_that_each_interview_ended_in(tmp_path: Path) -> None:
    cases = (
        CASES.format("en")
        + "B,312 555 0101,America/Chicago,es\nC,312 555 0102,America/Chicago,en\n"
    )
    shift = Shift(tmp_path, items=TEXTS, cases=cases, head=BILINGUAL)
    ann = shift.station()
    switched = {"A": "es", "B": "en"}
    for _ in range(3):
        view = ann.look().view
        assert isinstance(view, CaseView)
        conduct = started(ann)
        conduct.reply("")
        if view.key in switched:
            assert conduct.switch_language(switched[view.key]) is None
        assert (conduct.reply("1"), conduct.reply("1"), conduct.reply("1")) == (None, None, None)
        assert ann.close_interview().rejection is None
    Shift.close_all()
    for as_of in ((), ("--as-of", "2026-11-30")):
        out, _ = run_survey(
            tmp_path, "export", str(shift.file), "--db", shift.db, "-o", "-", *as_of
        )
        rows = {
            row["interview_case"]: row["interview_language"]
            for row in csv.DictReader(io.StringIO(out))
        }
        assert rows == {"A": "es", "B": "en", "C": "en"}
