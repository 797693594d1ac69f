"""Unknown values: numbers of roster turns, temporary ends, people who have hung up, dates known in part.

Each instrument is the docstring of its test.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from textwrap import dedent

from support.scenario import Scenario, scenario
from support.user_errors import attempt
from survey_cli.engine.events import InterviewStarted
from survey_cli.problems import UserError
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import DK, NOT_REACHED, Cell


def written(test: Callable[..., None]) -> str:
    return dedent(test.__doc__ or "")


def held(test: Callable[..., None], *keys: str) -> Scenario:
    return scenario(written(test)).keys(*keys)


def row(call: Scenario) -> dict[str, Cell]:
    """What an analyst gets."""
    names = [v.name for v in build_columns(call.interview.instrument)]
    return dict(zip(names, build_row(call.interview), strict=True))


HOUSEHOLD = """
compute:
  adults: count(person.age >= 18)
  years: sum(person.age)
items:
  - {id: size, type: number, text: How many, max: 3}
  - {id: person, type: roster, count: size, max: 3, items: [{id: age, type: number, text: Age}]}
  - {id: last, type: text, text: Last}
"""


def test_a_household_of_unknown_size_is_not_a_household_of_nobody() -> None:
    data = row(scenario(HOUSEHOLD).keys(".dk"))
    assert data["adults"] == data["years"] == data["person_turns"] == DK


def test_count_leaves_out_who_declined_and_waits_for_who_was_not_reached() -> None:
    assert row(scenario(HOUSEHOLD).keys("2", "40", ".refused"))["adults"] == 1
    assert row(scenario(HOUSEHOLD).keys("2", "40"))["adults"] == NOT_REACHED


def test_behind_a_temporary_end_nothing_is_reached_yet() -> None:
    """
    items:
      - {id: now, type: single, text: Now, options: {1: "Yes", 2: Later}}
      - {id: later, type: end, unless: now == 1, outcome: callback}
      - {id: tea, type: text, text: Tea}
    """
    call = held(test_behind_a_temporary_end_nothing_is_reached_yet, "2", "")
    assert (call.status, call.outcome) == ("suspended", "callback")
    assert row(call)["tea"] == NOT_REACHED
    assert call.keys(".resume").place == "now"


def test_a_partial_date_gives_no_age_and_says_that_they_did_not_know() -> None:
    """
    compute: {years: "years_between(born, today())"}
    items:
      - {id: born, type: date, partial: true, text: Born}
      - {id: last, type: text, text: Last}
    """
    assert (
        row(held(test_a_partial_date_gives_no_age_and_says_that_they_did_not_know, "1980"))["years"]
        == DK
    )


def test_months_are_understood_in_the_language_of_the_interview() -> None:
    """
    languages: [en, es]
    items:
      - {id: born, type: date, text: {en: Born, es: Nacido}}
      - {id: weight, type: number, decimals: 1, text: {en: Weight, es: Peso}}
    """
    text = written(test_months_are_understood_in_the_language_of_the_interview)
    for typed in ("12 de marzo de 1985", "12 marzo 1985", "12 March 1985", "12/3/1985"):
        call = scenario(text, language="es").keys(typed)
        assert str(row(call)["born"]) == "1985-03-12", typed
    assert row(scenario(text, language="es").keys("1985-03-12", "3,5"))["weight"] == 3.5


def test_words_are_kept_without_control_characters() -> None:
    """
    items:
      - {id: s, type: single, text: S, options: {1: A, 2: {text: Other, specify: true}}}
    """
    call = held(test_words_are_kept_without_control_characters, "2 a\x1b[31mb\x07\u202e")
    assert row(call)["s_2_text"] == "a[31mb"
    assert held(test_words_are_kept_without_control_characters, "2 \u202e").why != ""


def test_a_turn_says_of_how_many() -> None:
    call = scenario(HOUSEHOLD).keys("2")
    assert "".join(s.text for s in call.asked.turn) == "person 1 of 2"


HANGUP = """instrument: hangup
title: Hang-up
items:
  - {id: a, type: single, text: A, options: {1: "Yes", 2: "No"}}
  - id: after
    type: section
    after: hangup
    items: [{id: ease, type: single, by: interviewer, text: Ease, options: {1: Easy, 2: Hard}}]
"""


def seated(path: str, store: Store, **more: bool) -> InterviewSession:
    moment = datetime(2026, 11, 24, 15, tzinfo=UTC)
    return start_or_resume(
        path,
        StartOptions(case="7", interviewer="pat", seed=1, **more),
        clock=lambda: moment,
        store=store,
    )


def test_when_they_have_hung_up_the_case_is_complete(tmp_path: object) -> None:
    path = f"{tmp_path}/hangup.yaml"
    with open(path, "w") as file:
        file.write(HANGUP)
    with Store.open(":memory:", create=True) as store:
        desk = seated(path, store)
        desk.reply("1")
        assert desk.suspend() is None
        closing = desk.result()
        assert closing is not None
        assert closing.outcome is not None
        assert (closing.status, closing.outcome.id) == ("ended", "complete")


def test_a_finished_interview_that_is_only_looked_at_stays_finished(tmp_path: object) -> None:
    path = f"{tmp_path}/hangup.yaml"
    with open(path, "w") as file:
        file.write(HANGUP)
    with Store.open(":memory:", create=True) as store:
        desk = seated(path, store)
        desk.reply("1")
        desk.reply("2")
        assert desk.result() is not None
        again = seated(path, store, reopen=True)
        assert again.prompt() is not None
        assert again.suspend() is None
        assert [row.status for row in store.interviews.list_rows()] == ["ended"]


def test_a_number_of_the_sample_is_a_number_that_can_be_kept(tmp_path: object) -> None:
    path = f"{tmp_path}/sized.yaml"
    with open(path, "w") as file:
        file.write(
            HANGUP.replace(
                "items:\n  - {id: a", "sample: {size: {type: number}}\nitems:\n  - {id: a", 1
            )
        )
    for typed, kept in (("35", 35), ("2.5", 2.5), ("1e300", None), ("inf", None), ("nan", None)):
        with Store.open(":memory:", create=True) as store:
            desk = attempt(
                start_or_resume,
                path,
                StartOptions(case="7", interviewer="pat", columns={"size": typed}),
                store=store,
            )
            if kept is None:
                assert isinstance(desk, UserError), typed
            else:
                assert isinstance(desk, InterviewSession), typed
                assert row_of(store) == kept


def row_of(store: Store) -> object:
    began = store.interviews.read_journal(store.interviews.list_rows()[0].id)[0]
    assert isinstance(began, InterviewStarted)
    return began.sample["size"]


def test_a_decline_code_that_is_typed_is_the_decline_but_never_in_words() -> None:
    """
    items:
      - {id: years, type: number, text: Years, max: 50, declines: {dk: 98, refused: 99}}
      - {id: house, type: text, text: House number, declines: {dk: 98, refused: 99}}
    """
    call = held(test_a_decline_code_that_is_typed_is_the_decline_but_never_in_words, "98", "98")
    assert (row(call)["years"], row(call)["house"]) == (DK, "98")
