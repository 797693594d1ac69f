"""The plain interface with a real session: the journal contains what was keyed."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from support.user_errors import attempt
from survey_cli.engine.events import NoteWritten, QueryConfirmed, QuestionAnswered
from survey_cli.plain import conduct_interview
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.values import Place

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
INSTRUMENT = """\
instrument: small
title: A small survey
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer}."}
  - id: own
    type: single
    text: Do you own a car?
    options: {1: "Yes", 2: "No", 7: {text: Something else, specify: true}}
  - id: hours
    type: number
    max: 168
    unit: hours
    ask_if: own == 1
    text: How many hours do you drive in a week?
    checks:
      - {expect: hours <= 80, soft: true, say: "{hours} hours is much."}
  - {id: born, type: date, text: When were you born?}
  - {id: why, type: verbatim, text: Anything else?}
  - {id: later, type: end, unless: own == 1, outcome: callback, text: I will call again.}
"""


@pytest.fixture
def seated(tmp_path: Path) -> Callable[[], InterviewSession]:
    """Sits down to an interview that is kept in memory; a second time, to the same one."""
    file = tmp_path / "small.yaml"
    file.write_text(INSTRUMENT)
    store = Store.open(":memory:", create=True)
    seconds = count()

    def sit() -> InterviewSession:
        seating = StartOptions(case="7", interviewer="Ann", seed=1)
        desk = start_or_resume(
            file, seating, clock=lambda: NOON + timedelta(seconds=next(seconds)), store=store
        )
        assert isinstance(desk, InterviewSession), str(desk)
        return desk

    return sit


def held(desk: InterviewSession, *lines: str) -> tuple[int, str]:
    """The exit code and all that was printed when these lines were typed and then the input ended."""
    write = io.StringIO()
    code = conduct_interview(desk, io.StringIO("".join(f"{line}\n" for line in lines)), write)
    return code, write.getvalue()


def journal(desk: InterviewSession) -> list[object]:
    return list(desk.store.interviews.read_journal(desk.id))


def test_a_whole_interview_with_the_real_desk(seated: Callable[[], InterviewSession]) -> None:
    desk = seated()
    code, out = held(
        desk, "", ".dkk", "3", "1", "100", ".note sounded sure", ".ok drives a bus",
        ".back", "200", "90", ".ok", "3 march 1985", "much\\", "more",
    )  # fmt: skip
    assert code == 0
    assert "! 3 is not offered here: 1, 2, 7\n" in out
    assert "= Yes\nHow many hours" in out
    assert "= 100 hours\n? 100 hours is much.\n" in out
    assert "was 100 hours: Enter keeps\n" in out
    assert "! 200 is more than 168\n" in out
    assert "= Sunday 3 March 1985\n" in out
    assert "[Ended: Complete]\n[4 answers in " in out
    events = journal(desk)
    answers = {e.place.item: e.value for e in events if isinstance(e, QuestionAnswered)}
    assert answers == {
        "hello": None,
        "own": 1,
        "hours": 90,
        "born": date(1985, 3, 3),
        "why": "much\nmore",
    }
    assert [e.reason for e in events if isinstance(e, QueryConfirmed)] == ["drives a bus", ""]
    assert [(e.place, e.text) for e in events if isinstance(e, NoteWritten)] == [
        (Place("hours"), "sounded sure")
    ]


def test_an_end_that_calls_back_exits_with_success_and_a_suspension_does_not(
    seated: Callable[[], InterviewSession],
) -> None:
    code, out = held(seated(), "", "7", "7 a bicycle")
    assert code == 3
    assert "! 7 needs words" in out
    assert "= Something else: a bicycle\n" in out
    assert "[Suspended: it can be resumed at the same question]" in out
    code, out = held(seated(), ".dk", ".dk", "")
    assert "[Case 7 was suspended at “When were you born?”, " in out
    assert out.index("[Case 7 was") < out.index("\nWhen were you born?") < out.index("> ")
    assert "[Enter ends here]" in out
    assert "[Suspended: Call back, no time given]" in out
    assert code == 0


def test_what_is_typed_beside_answers_is_cleaned_as_answers_are(
    seated: Callable[[], InterviewSession],
) -> None:
    desk = seated()
    evil = "a\x1b]52;c;ZXZpbA==\x07b\u202ec\x9bd\u2067e"
    held(desk, "", "1", f".note {evil}", "100", f".ok {evil}", ".notes 1 x\x1b[2Jy")
    texts = [e.text for e in journal(desk) if isinstance(e, NoteWritten)]
    texts += [e.reason for e in journal(desk) if isinstance(e, QueryConfirmed)]
    assert texts == ["a]52;c;ZXZpbA==bcde", "x[2Jy", "a]52;c;ZXZpbA==bcde"]


def test_the_key_of_a_case_is_cleaned_as_answers_are(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(INSTRUMENT)
    store = Store.open(":memory:", create=True)
    desk = start_or_resume(
        file,
        StartOptions(case=" a\x1b[31mb\nc ", interviewer="Ann"),
        clock=lambda: NOON,
        store=store,
    )
    assert isinstance(desk, InterviewSession)
    assert [row.case for row in store.interviews.list_rows()] == ["a[31mbc"]


ZONED = "sample: {where: {type: text, role: zone}}\n" + INSTRUMENT


@pytest.mark.parametrize(
    ("instrument", "columns", "there"),
    [
        (INSTRUMENT, {}, None),
        (ZONED, {}, None),
        (ZONED, {"where": "Asia/Kolkata"}, "17:30"),
        (ZONED + "fieldwork: {zone: Europe/Berlin}\n", {}, "13:00"),
    ],
)
def test_the_respondents_clock_is_known_only_where_a_zone_is(
    tmp_path: Path, instrument: str, columns: dict[str, str], there: str | None
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(instrument)
    store = Store.open(":memory:", create=True)
    desk = start_or_resume(
        file,
        StartOptions(case="7", interviewer="Ann", columns=columns),
        clock=lambda: NOON,
        store=store,
    )
    assert isinstance(desk, InterviewSession), str(desk)
    clock = desk.respondent_time()
    assert (None if clock is None else f"{clock:%H:%M}") == there


@pytest.mark.parametrize(
    ("language", "typed", "size"),
    [
        ("de", "12.000", None),
        ("de", "1.234,5", 1234.5),
        ("en", "12000", 12_000),
        ("en", "2.5", 2.5),
    ],
)
def test_a_number_of_the_sample_is_read_in_the_studys_language(
    tmp_path: Path, language: str, typed: str, size: float | None
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(f"languages: [{language}]\nsample: {{size: {{type: number}}}}\n{INSTRUMENT}")
    store = Store.open(":memory:", create=True)
    seating = StartOptions(case="7", interviewer="Ann", columns={"size": typed})
    desk = attempt(start_or_resume, file, seating, clock=lambda: NOON, store=store)
    if size is None:
        assert "12.000 may be a decimal number or thousands" in str(desk)
    else:
        assert isinstance(desk, InterviewSession), str(desk)
        assert desk.interview.start.sample["size"] == size


def test_a_search_by_lines(tmp_path: Path) -> None:
    study = tmp_path / "s.yaml"
    (tmp_path / "jobs.csv").write_text(
        "code,text\n1,Baker\n2,Bank teller\n3,Banker\n", encoding="utf-8"
    )
    study.write_text(
        "instrument: s\ntitle: S\nitems:\n  - {id: job, type: search, list: jobs.csv, text: What job?}\n"
        "  - {id: other, type: search, list: jobs.csv, text: Another?}\n",
        encoding="utf-8",
    )
    seating = StartOptions(case="7", interviewer="Ann", seed=1)
    desk = start_or_resume(
        study, seating, clock=lambda: NOON, store=Store.open(":memory:", create=True)
    )
    assert isinstance(desk, InterviewSession)
    code, out = held(desk, "bank", "teller", "1", "xyz", "bakre", "1", "")
    assert code == 0
    assert "? bank: which?\n1  Bank teller (2)\n2  Banker (3)\n" in out
    assert "= Bank teller\n" in out
    assert "! nothing in the list fits xyz: try another word, or part of one\n" in out
    answers = {
        e.place.item: (e.value, e.specify_texts)
        for e in journal(desk)
        if isinstance(e, QuestionAnswered)
    }
    assert answers == {"job": (2, {2: "teller"}), "other": (1, {1: "bakre"})}
