"""The board of a study, and the same status in a pipe and as data."""

import json
import os
import re
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pexpect
import pytest
from test_status import DAY, DENVER, PEOPLE, interviewed, told
from textual.widgets import OptionList

from support.case_histories import history
from support.command_line import folder
from support.forked_survey import spawn_survey
from support.screens import Hands, wait_for_board
from support.stored_study import NOW, a_study, store_of
from survey_cli.cli.commands.status import render_status
from survey_cli.cli.commands.study_commands import StudyCommands
from survey_cli.cli.output import datetimes
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.case.events import (
    AppointmentReassigned,
    CaseEvent,
    CaseNoteWritten,
    CaseReturned,
    LanguageSet,
    OutcomeOverridden,
)
from survey_cli.fieldwork.shifts import WorkEvent
from survey_cli.problems import UserError
from survey_cli.store.cases.case_records import Lease
from survey_cli.tui.board.screen import BoardApp, BoardScreen

__all__ = ["folder"]


def _busy_study() -> Path:
    cases = [
        *(interviewed(history(f"whole {n:02}").at(DAY), f"i{n}", n) for n in range(12)),
        history("a key that is rather longer than anybody needs")
        .at(DAY)
        .call("supervisor", note="x" * 90),
        *(history(f"p{n}").at(DAY).appointment("2026-11-25 10:00", owner="ann") for n in range(12)),
    ]
    quotas = "quotas:\n- {id: kinds, by: [kind], targets: {1: 40, 2: 50}}\n"
    return a_study(cases, more=quotas)


def test_no_line_is_wider_than_the_terminal_and_every_section_is_there() -> None:
    drawn = render_status(told(_busy_study()), cells=80)
    assert max(map(len, drawn)) <= 80
    assert drawn[2] == "12 of 90 complete (13.3% of quota kinds), 0 of them today, 12 yesterday"
    headed = [line for before, line in pairwise(drawn) if not before]
    assert [line.split(",")[0].split(":")[0] for line in headed[1:]] == [
        "needs attention",
        "cases",
        "waiting for a supervisor",
        "appointments",
        "last outcomes",
        "codes of cases that are done",
        "quotas",
        "attempts by the respondent's time of day",
        "interviewers",
        "length of interviews",
        "backup",
    ]
    assert "… and 4 more" in drawn
    assert any(
        "0 of 12" in line and line.endswith("0%*") for line in drawn
    )  # a share of few is marked


def test_the_command_prints_once_where_there_is_no_screen_and_gives_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = _busy_study()
    assert run_command(["status", str(path), "--watch", "--zone", "America/Denver"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("study, ")
    assert "this terminal cannot show a full screen" in shown.err
    assert run_command(["status", str(path), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["progress"] == {
        "complete": 12,
        "partial": 0,
        "today": 0,
        "target": 90,
        "target_of": "quota kinds",
        "yesterday": 0,
    }
    assert data["people"][0]["mean_length"] == 330.0
    assert data["alerts"][-1] == "no backup yet"
    assert datetime.fromisoformat(data["appointments"][0]["starts"]).utcoffset() is not None
    assert run_command(["status", str(path), "--zone", "Mars"]) == 2
    assert run_command(["status", "nowhere.yaml"]) == 1


def board_study() -> Path:
    """A study with a day of calls, on which a board at noon has something to show in each tab."""
    path = a_study(
        [
            *(
                interviewed(
                    history(f"u{n:02}", columns={"kind": n % 2 + 1}).at(
                        f"2026-11-24 {n % 4 + 8:02}:10"
                    ),
                    f"i{n}",
                    n + 4,
                )
                for n in range(9)
            ),
            *(
                history(f"v{n}").at("2026-11-24 09:20").call("no_answer", by="bob")
                for n in range(5)
            ),
            history("w1").at("2026-11-24 10:40").call("refusal_soft", by="bob"),
            history("w2").at("2026-11-24 11:00").call("supervisor", by="ann", note="asks who pays"),
            history("w3").at("2026-11-23 11:00").appointment("2026-11-24 11:00", owner="ann"),
            history("w4").at("2026-11-23 11:00").appointment("2026-11-24 15:00", owner="bob"),
            history("w5", language="es").at("2026-11-23 11:00").appointment("2026-11-25 10:00"),
            *(history(f"x{n}") for n in range(20)),
        ],
        fieldwork="frame: list, ends: 2026-12-19",
        more="quotas:\n- {id: size, by: [], target: 40}\n- {id: kinds, by: [kind], targets: {1: 4, 2: 20}}\n",
    )
    Path("responses/interviewers.csv").write_text(f"{PEOPLE}sue,supervisor,\n")
    with store_of(path) as store:
        store.cases.claim_case(
            "x3", Lease("t", "ann", "s1", NOW + timedelta(minutes=18)), NOW - timedelta(minutes=2)
        )
    return path


def _show(
    monkeypatch: pytest.MonkeyPatch, *studies: StudyCommands, size: tuple[int, int] = (80, 24)
) -> Hands:
    """Show the board at noon, with everything read."""
    monkeypatch.setattr(datetimes, "now", lambda: NOW)
    return wait_for_board(Hands(BoardApp(studies, "dark"), size))


def _marked(hands: Hands) -> str:
    """The key of the case that is marked on the board."""
    board = hands.screen
    assert isinstance(board, BoardScreen)
    return board._marked.key


def _press(hands: Hands, *keys: str) -> str:
    hands.press(*keys)
    return hands.text()


def _supervised() -> Path:
    path = _busy_study()
    Path("responses/interviewers.csv").write_text(f"{PEOPLE}sue,supervisor,\n")
    return path


def _history(path: Path, key: str) -> list[CaseEvent]:
    with store_of(path) as store:
        return [entry.event for entry in store.cases.queries.read_history(key)]


def test_the_tabs_show_the_study_and_what_needs_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = _show(monkeypatch, StudyCommands(str(_busy_study()), zone=DENVER))
    try:
        overview = hands.text()
        assert "12 of 90" in overview
        assert "! no backup yet" in overview
        assert "1 case waiting for a supervisor" in overview
        assert "a key that is rather longer" in _press(hands, "2")
        assert "kinds: Sector" in _press(hands, "3")
        assert "Nobody has called today" in _press(hands, "right")
        assert "Wed 10:00" in _press(hands, "5")
        assert "Needs attention" in _press(hands, "1")
        assert "correct the outcome" in _press(hands, "f1")
        hands.press("escape", "q")
        assert hands.app._exit
    finally:
        hands.close()


def test_board_and_status_show_the_rates_of_each_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_study([history("d", frame="mobile", replicate="2")])
    assert not [line for line in render_status(told(path), cells=80) if "RR1" in line]
    landline = [
        interviewed(history("a", frame="landline").at(DAY), "i1", 10),
        history("b", frame="landline"),
    ]
    path = a_study([*landline, history("c", frame="mobile")])
    rates = ["landline  RR1 50.0%  COOP1 100.0%  REF1 0.0%  CON1 50.0%"]
    rates += ["mobile  RR1 0.0%  COOP1 not defined  REF1 0.0%  CON1 0.0%"]
    assert [line for line in render_status(told(path), cells=80) if "RR1" in line] == rates
    hands = _show(monkeypatch, StudyCommands(str(path), zone=DENVER))
    try:
        assert all(line in hands.text() for line in rates)
    finally:
        hands.close()


def test_a_change_needs_a_reason_and_is_stored_in_the_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = _supervised()
    hands = _show(monkeypatch, StudyCommands(str(path), by="sam", zone=DENVER))
    try:
        hands.press("5", "o", *"respondent refuses (h", "enter", "enter")
        assert "needs a reason" in hands.why
        hands.press(*"wrote to us", "enter")
        assert "p0: corrected to" in hands.said
        assert OutcomeOverridden("refusal_hard", "", "wrote to us") in _history(path, "p0")
        wait_for_board(hands)
        hands.press("home", "g", *"bob", "enter", *"ann is ill", "enter")
        assert _history(path, "p1")[-2:] == [
            CaseNoteWritten("ann is ill"),
            AppointmentReassigned("bob", "me"),
        ]
        hands.press("2", "home", "a", *"call the deputy", "enter")
        assert "answered" in hands.said
    finally:
        hands.close()


def test_a_case_that_another_supervisor_changes_meanwhile_is_shown_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = _supervised()
    monkeypatch.setattr(datetimes, "now", lambda: NOW)
    Path("responses/interviewers.csv").write_text(f"{PEOPLE}sue,supervisor,\ndora,supervisor,\n")
    dora = StudyCommands(str(path), by="dora", zone=DENVER)
    hands = _show(monkeypatch, StudyCommands(str(path), by="sam", zone=DENVER))
    try:
        for tab, key in (("5", "p0"), ("2", "p1")):
            if tab == "2":
                hands.press("/", *"p1", "enter")
                # the cases are searched in a thread
                while _marked(hands) != key:
                    hands.pause(0.02)
            else:
                hands.press("5")
            assert _marked(hands) == key
            hands.press("o", *"respondent refuses (h", "enter")
            dora.change("outcome", key, len(_history(path, key)), "busy", "heard the tape")
            wait_for_board(hands)
            shown = _press(hands, *"wrote to us", "enter")
            assert "changed by dora at" in hands.why
            assert "nothing was written" in shown
            assert (
                "dora (account sue)  a supervisor corrected" in shown
            )  # the last lines of the fresh case
            assert [e.outcome for e in _history(path, key) if isinstance(e, OutcomeOverridden)] == [
                "busy"
            ]
            hands.press("escape")
        wait_for_board(hands)
        hands.press("o", *"respondent refuses (h", "enter", *"wrote to us", "enter")
        assert "replacing busy (dora, " in hands.said
    finally:
        hands.close()


def test_a_case_at_a_station_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    path = _supervised()
    with store_of(path) as store:
        store.cases.claim_case("p3", Lease("t", "ann", "s1", NOW + timedelta(minutes=4)), NOW)
    hands = _show(monkeypatch, StudyCommands(str(path), by="sam", zone=DENVER))
    try:
        assert "no sign of ann at s1 for 16 minutes" in hands.text()
        assert "p3" in _press(hands, "4")
        hands.press("f", *"went home", "enter")
        assert _history(path, "p3")[-2:] == [CaseNoteWritten("went home"), CaseReturned("released")]
    finally:
        hands.close()


def test_a_case_that_no_station_has_is_not_asked_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = _show(monkeypatch, StudyCommands(str(_supervised()), by="sam", zone=DENVER))
    try:
        shown = _press(hands, "2", "f")
        assert "no station has it" in hands.why
        assert "because" not in shown
    finally:
        hands.close()


def test_the_key_of_the_next_study_changes_nothing_on_a_board_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = _show(monkeypatch, StudyCommands(str(_busy_study()), zone=DENVER))
    try:
        hands.press("/", *"whole 1")
        while "2 cases with “whole 1”" not in hands.text():
            hands.pause(0.02)
        shown = _press(hands, "enter", "s")
        assert "started with one study" in hands.why
        assert "2 cases with “whole 1”" in shown
        assert "whole 11" in shown
    finally:
        hands.close()


def test_a_clicked_action_that_needs_a_case_says_so_like_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = _show(monkeypatch, StudyCommands(str(_busy_study()), zone=DENVER))
    try:
        hands.press("ctrl+p", *"why the case")
        hands.click(OptionList, (5, 0))
        assert hands.panel == ""
        assert "no case is marked" in hands.why
    finally:
        hands.close()


def test_headings_of_people_are_whole_on_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = _show(monkeypatch, StudyCommands(str(board_study()), by="sam", zone=DENVER))
    try:
        people = _press(hands, "4")
        words = {word for line in people.splitlines() for word in line.split()}
        assert {"attempts", "answered", "refusal", "share", "cases"} <= words
    finally:
        hands.close()


def test_one_hour_has_no_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    case = interviewed(history("u1").at("2026-11-24 11:10"), "i1", 5)
    study = StudyCommands(str(a_study([case])), by="sam", zone=DENVER)
    monkeypatch.setattr(datetimes, "now", lambda: NOW - timedelta(minutes=15))
    hands = wait_for_board(Hands(BoardApp([study], "dark"), (80, 24)))
    assert isinstance(hands.app, BoardApp)
    try:
        status = hands.app.board.statuses[0]
        assert not isinstance(status, str)
        assert [hour.complete for hour in status.hours] == [1]
        assert not hands.app.screen.query_one("Sparkline").display
    finally:
        hands.close()


def test_a_break_is_shown_and_a_message_is_sent_to_whom_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = board_study()
    with store_of(path) as store:
        for kind, detail, minutes in (("on", "", 90), ("break", "lunch", 20), ("active", "", 14)):
            store.work.add(
                WorkEvent(NOW - timedelta(minutes=minutes), "cy", kind, detail, "s2", "cy")
            )
    hands = _show(monkeypatch, StudyCommands(str(path), by="sam", zone=DENVER))
    try:
        assert "break: lunch 20 min" in _press(hands, "4")
        with store_of(path) as store:
            store.work.add(WorkEvent(NOW - timedelta(minutes=16), "dee", "on", "", "s3", "dee"))
            store.work.add(
                WorkEvent(NOW - timedelta(minutes=16), "dee", "break", "rest", "s3", "dee")
            )
        wait_for_board(hands)
        assert "break: rest, no sign since 11:44" in hands.text()
        hands.press("end", "up", "m", *"please ring me", "enter")
        assert "sent to cy" in hands.said
        with store_of(path) as store:
            assert [(message.to, message.text) for message in store.work.list_messages(NOW)] == [
                ("cy", "please ring me")
            ]
    finally:
        hands.close()


def test_each_tab_names_the_actions_that_it_is_used_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = _show(monkeypatch, *[StudyCommands(str(_supervised()), by="sam", zone=DENVER)] * 2)
    try:
        actions = {tab: _press(hands, tab).splitlines()[-1] for tab in "12345"}
        assert all("F1 keys" in line and "q leave" in line for line in actions.values())
        assert "o outcome  a answer  f free  g give" in actions["2"]
        assert "f free  m message" in actions["4"]
        assert "o outcome  g give" in actions["5"]
        assert not [tab for tab in "13" if "Enter case" in actions[tab]]
    finally:
        hands.close()


def test_time_without_a_case_is_shown_of_people_at_work_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = board_study()
    with store_of(path) as store:
        for login, kind in (
            ("ann", "on"),
            ("bob", "on"),
            ("bob", "off"),
            ("pat", "on"),
            ("pat", "break"),
        ):
            store.work.add(WorkEvent(NOW - timedelta(minutes=30), login, kind, "", "s2", login))
    status = StudyCommands(str(path), by="sam", zone=DENVER)
    monkeypatch.setattr(datetimes, "now", lambda: NOW)
    idle = {person.work.name: person.idle for person in status.load().people_today}
    assert idle["bob"] is None
    assert idle["pat"] is None


def test_cases_that_only_some_may_call_are_callable_wherever_they_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = a_study([history("a"), history("b").then(LanguageSet("es"))])
    Path("responses/interviewers.csv").write_text(
        "login,role,languages\nsue,supervisor,en\nann,,en\n"
    )
    hands = _show(monkeypatch, *[StudyCommands(str(path), by="sue", zone=DENVER)] * 2)
    try:
        overview = hands.text()
        assert overview.count("callable now 2") + overview.count("2 callable now") == 3
    finally:
        hands.close()


def test_an_interviewer_sees_no_board() -> None:
    board = StudyCommands(str(_supervised()), by="bob", zone=DENVER)
    with pytest.raises(UserError, match="only a supervisor or shift leader may see the board"):
        board.load()


def test_a_shift_leader_sees_the_board_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = _supervised()
    people = path.parent / "responses" / "interviewers.csv"
    people.write_text(people.read_text().replace("bob,,B2", "bob,shift leader,B2"))
    hands = _show(monkeypatch, StudyCommands(str(path), by="bob", zone=DENVER))
    try:
        before = _history(path, "p0")
        assert "ann" in _press(hands, "5")
        hands.press("o", *"respondent refuses (h", "enter", *"because", "enter")
        assert "only a supervisor may correct an outcome" in hands.why
        assert _history(path, "p0") == before
    finally:
        hands.close()


def test_cases_are_found_while_a_text_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = _show(monkeypatch, StudyCommands(str(_busy_study()), zone=DENVER))
    try:
        hands.press("/", *"whole 1")
        hands.pause(2.0)
        shown = _press(hands, "enter")
        assert "2 cases with “whole 1”" in shown
        assert "complete" in _press(hands, "down", "enter")
        hands.press("escape", "w")
        assert "whole 11 may not be called" in hands.text()
    finally:
        hands.close()


def test_several_studies_are_shown_in_turn_and_one_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = _busy_study()
    hands = _show(monkeypatch, StudyCommands(str(path), zone=DENVER), StudyCommands("nowhere.yaml"))
    try:
        assert "▸ study" in hands.text()
        assert "whole 11" in _press(hands, "2")
        assert "nowhere.yaml" in _press(hands, "s")
        for tab in ("2", "5", "1"):
            shown = _press(hands, tab)
            assert "are: study.yaml" in shown, tab
            assert "whole" not in shown, "no case of the other study"
        assert "12 of 90" in _press(hands, "s")
    finally:
        hands.close()


def test_the_page_for_the_client_has_the_numbers_and_no_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(datetimes, "now", lambda: NOW)
    path = board_study()
    assert run_command(["status", str(path), "-o", "status.html", "--zone", "America/Denver"]) == 0
    page = Path("status.html").read_text(encoding="utf-8")
    assert "Complete interviews: 9 of 24, 9 of them today, 0 yesterday" in page
    assert "the target on Thu 26 Nov" in page
    assert "kinds: District" in page
    assert "kinds:1" not in page
    for person in ("ann", "bob", "pat", "x3", "w2", "who pays"):
        assert not re.search(rf"\b{person}\b", page.partition("<main>")[2]), person
    assert (
        run_command(["status", str(path), "-o", "status.html"]) == 1
    )  # never over a file that exists
    assert run_command(["status", str(path), "-o", "status.pdf"]) == 1


def test_without_a_full_screen_the_board_says_what_to_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["board", str(_busy_study())]) == 1
    assert "survey status" in capsys.readouterr().err


def test_on_a_terminal_it_is_followed_until_it_is_left() -> None:
    path = _busy_study()
    shown = spawn_survey(
        "status",
        str(path),
        "--watch",
        environment={**os.environ, "TERM": "xterm"},
        encoding="utf-8",
        timeout=30,
    )
    shown.expect("of 90, 0 today")
    shown.send("q")
    shown.expect(pexpect.EOF)
    shown.close()
    assert shown.exitstatus == 0
