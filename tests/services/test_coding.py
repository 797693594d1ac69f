"""Coding of open answers: events, undo, two coders, the variables of the data, and what is never lost."""

import csv
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from threading import Thread

import pyreadstat
import pytest

from support import postgres_server
from support.coding_study import ANSWERS, FRAME, TEXT, code_text, coding, events, show, study
from support.command_line import folder, run_survey, written  # noqa: F401 – a folder of its own
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.services.data.code_frames import add_code, read_frame
from survey_cli.services.privacy import anonymize_study, erase_person
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.study.consistency.person_erasure import ErasureResult


def data(*more: str) -> dict[str, dict[str, str]]:
    run_survey(Path(), "export", "lib.yaml", "-o", "out.csv", "--force", *more)
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["interview_case"]: row
            for row in sorted(csv.DictReader(file), key=itemgetter("interview_case"))
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else postgres_server.create_address()


def test_codings_are_events_with_undo_on_both_engines(db: str | None) -> None:
    study(db=db)
    where = ["--db", db] if db else []
    with coding(db=db) as session:
        assert [len(group) for group in session.groups] == [2, 1, 1, 1, 1]
        assert code_text(session, "No time", 1) == ""
        assert code_text(session, "closed", 2) == ""
        assert code_text(session, "closed", 1) == ""
        assert session.count() == (3, 6)
        assert session.undo() == ""
        coded = session.find_coding(session.group)
        assert coded is not None
        assert (coded.codes, coded.stamp.by) == ((2,), "ann")
        assert code_text(session, "mumble", note="cannot be read") == ""
        assert session.undo() == ""
        assert session.undo() == ""
        assert session.group is not None
        assert session.group[0].text.startswith("closed")
        assert session.undo() == ""
        assert session.undo() == "nothing was coded in this session"
        assert session.count() == (0, 6)
        assert code_text(session, "No time", 1) == ""
        assert code_text(session, "mumble", note="?") == ""
    with coding(db=db) as session:
        assert session.count() == (3, 6)
    rows = data(*where)
    assert [row["why_code"] for row in rows.values()] == ["1", "1", "-5", "-5", "-5", "-4"]
    assert len(events(db)) == 2 + 1 + 1 + 1 + 1 + 1 + 1 + 2 + 2 + 1
    run_survey(Path(), "db", "verify", "lib.yaml", "--route", *where)


def test_interviews_that_were_coded_are_still_read_from_their_rows() -> None:
    study()
    with coding() as session:
        code_text(session, "No time", 1)
    with Store.open("responses/lib.db", create=False) as store:
        [version] = store.data.list_instruments()
        assert all(
            row.cells for row in store.data.iterate_export_rows(version.hash, origins=("imported",))
        )


def test_codes_are_in_every_kind_of_output() -> None:
    study()
    with coding() as session:
        code_text(session, "No time", 1)
        code_text(session, "mumble")
    run_survey(
        Path(),
        "export",
        "lib.yaml",
        "-o",
        "out.sav",
        "-o",
        "out.dta",
        "-o",
        "public.csv",
        "--public",
    )
    frame, meta = pyreadstat.read_sav("out.sav", user_missing=True, output_format="dict")
    assert sorted(frame["why_code"]) == [-5, -5, -5, -4, 1, 1]
    assert meta.variable_value_labels["why_code"] | {1: "", -5: ""} == meta.variable_value_labels[
        "why_code"
    ] | {
        1: "",
        -5: "",
    }
    assert meta.variable_value_labels["why_code"][1] == "Time"
    assert meta.variable_value_labels["why_code"][-5] == "Not coded"
    assert (
        pyreadstat.read_dta("out.dta", output_format="dict")[1].variable_value_labels["why_code"][2]
        == "Hours"
    )
    assert "why_code" in Path("public.csv").read_text().splitlines()[0]
    shown = run_survey(
        Path(), "report", "lib.yaml", "--threshold", "0", "--items", "why_code", "-o", "-"
    )[0]
    assert "Time" in shown
    assert "Not coded" in shown
    book = run_survey(Path(), "codebook", "lib.yaml", "-o", "-")[0]
    assert "why_code" in book
    assert "Hours" in book
    long = run_survey(Path(), "export", "lib.yaml", "--what", "events")[0]
    assert sum(",coded," in line for line in long.splitlines()) == 3


def test_a_count_that_is_hidden_for_the_answers_is_hidden_for_their_codes() -> None:
    """Of 3 and 6 who declined, the answers would hide both, and the codes the 3 and 5 with a code: 6 would be told."""
    study()
    answers = [*["time"] * 30, *["hours"] * 21, *["noise"] * 5, *[".dk"] * 3, *[".refused"] * 6]
    with Path("more.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["interview_case", "visits", "why", "src", "name"])
        rows.writerows(
            [f"m{n}", 1, text.replace(".dk", "-8").replace(".refused", "-9"), 1, "x"]
            for n, text in enumerate(answers)
        )
    written("more.map.yaml", 'codes: {"-8": .dk, "-9": .refused}\n')
    run_survey(
        Path(),
        "import-answers",
        "lib.yaml",
        "more.csv",
        "--map",
        "more.map.yaml",
        "--db",
        "more.db",
    )
    add_code("lib.yaml", open_instrument("lib.yaml"), "why", "Noise")
    with coding(db="more.db") as session:
        for text, code in (("time", 1), ("hours", 2), ("noise", 3)):
            code_text(session, text, code)
    run_survey(Path(), "report", "lib.yaml", "--db", "more.db", "-o", "out.csv")
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    shown = {(line[1], line[9]): line[12] for line in lines}
    assert [shown[item, "Refused"] for item in ("why", "why_code")] == ["6", "6"]
    assert [shown[item, "Don't know"] for item in ("why", "why_code")] == ["[c]", "[c]"]
    assert [shown["why", "Answered"], shown["why_code", "Noise"]] == ["[c]", "[c]"]


def test_several_codes_are_columns_of_0_and_1() -> None:
    study(frame="multiple: true\n" + FRAME)
    with coding() as session:
        code_text(session, "closed", 2, 1)
        code_text(session, "No time", 1)
    rows = data()
    assert [(row["why_code_1"], row["why_code_2"]) for row in rows.values()] == [
        ("1", "0"), ("1", "0"), ("1", "1"), ("-5", "-5"), ("-5", "-5"), ("-5", "-5"),
    ]  # fmt: skip


def test_codes_that_the_frame_does_not_show_are_told() -> None:
    study(frame="multiple: true\n" + FRAME)
    with coding() as session:
        code_text(session, "No time", 1, 2)
    written("lib.why.codes.yaml", "codes: {2: Hours}\n")
    said = run_survey(Path(), "export", "lib.yaml", "-o", "out.csv")[1]
    assert "why: codes that its frame does not have (any more): 1" in said
    assert "why: only the first of several codes is here, as its frame is not multiple" in said


def test_a_variable_has_no_name_of_a_coded_variable() -> None:
    study()
    written("lib.analysis.yaml", "variables: {why_code: {value: length(why)}}\n")
    for name in ("out.csv", "out.sav"):
        said = run_survey(Path(), "export", "lib.yaml", "-o", name, code=1)[1]
        assert (
            "why_code: the codes of why are the column why_code, and so is a variable — rename"
            in said
        )


def test_words_of_other_options_are_coded_too() -> None:
    study()
    written("lib.src.codes.yaml", "codes: {1: Presents}\n")
    with coding("src") as session:
        assert [(group[0].text, len(group)) for group in session.groups] == [("gifts", 3)]
        assert session.code((1,)) == ""
    assert [row["src_code"] for row in data().values()] == ["-6", "1"] * 3
    run_survey(Path(), "db", "verify", "lib.yaml")


def test_personal_answers_are_for_supervisors_and_their_codes_are_personal() -> None:
    study()
    written("lib.name.codes.yaml", "codes: {1: Short}\n")
    with coding("name") as session:
        code_text(session, "N1", 1)
    assert "name_code" not in data()["1"]
    assert data("--personal", "name")["1"]["name_code"] == "1"
    written(
        "responses/interviewers.csv",
        "login,role\nann,interviewer\nsue,supervisor\nroot,supervisor\n",
    )
    with (
        pytest.raises(UserError, match="only a supervisor may code personal answers"),
        coding("name"),
    ):
        pass
    with coding("why"):
        pass


def test_an_answer_that_was_corrected_is_coded_again() -> None:
    study()
    run_survey(
        Path(), "interview", "lib.yaml", "--case", "A", "--plain", keyed="3\nno time\n1\nKim\n\n"
    )
    with coding() as session:
        code_text(session, "No time", 1)
        assert session.count() == (3, 7)
    assert data()["A"]["why_code"] == "1"
    run_survey(
        Path(),
        "interview",
        "lib.yaml",
        "--case",
        "A",
        "--reopen",
        "--plain",
        keyed=".jump why\ntoo far\n\n\n\n\n\n",
    )
    with coding() as session:
        assert session.count() == (2, 7)
        assert next(group[0].text for group in session.groups if group[0].text == "too far")
    assert data()["A"]["why_code"] == "-5"
    run_survey(Path(), "db", "verify", "lib.yaml", "--route")


def test_an_interview_that_goes_on_is_not_coded_and_no_other_coding_is_overwritten() -> None:
    study()
    run_survey(
        Path(), "interview", "lib.yaml", "--case", "A", "--plain", keyed="3\nno time\n1\nKim\n\n"
    )
    with coding() as session, coding(by="bob") as other:
        interview = start_or_resume("lib.yaml", StartOptions(case="A", reopen=True))
        assert (
            code_text(session, "No time", 1)
            == "1 not coded: somebody has written to the interview meanwhile"
        )
        assert session.count() == (2, 6)
        assert code_text(other, "No time", 2).startswith("3 not coded: somebody")
        assert code_text(other, "closed", 2) == ""
        interview.close()
    assert [row["why_code"] for row in data("--no-partials").values()] == [
        "1",
        "1",
        "2",
        "-5",
        "-5",
        "-5",
    ]


def test_erasure_removes_the_codes_and_what_was_noted() -> None:
    study()
    with coding() as session:
        code_text(session, "mumble", note="says Kim Novak")
        code_text(session, "closed", 2)
    for case in ("5", "2"):
        run_survey(Path(), "privacy", "erase", "lib.yaml", case, "--reason", "asked", "--yes")
    assert events() == [("ann", "first", None)] * 2
    stored = Path("responses/lib.db").read_bytes()
    assert b"Novak" not in stored
    assert data()["2"]["why_code"] == "-6"
    with coding() as session:
        assert session.count() == (0, 4)
    run_survey(Path(), "db", "verify", "lib.yaml")


def test_answers_that_stay_after_anonymization_are_still_coded() -> None:
    study()
    written("lib.yaml", TEXT + "fieldwork: {retention: {contacts: 1d}}\n")
    with coding() as session:
        code_text(session, "No time", 1, note="Kim's")
    result = anonymize_study(
        Request(path="lib.yaml", at=datetime.now(UTC) + timedelta(days=9), by="ann")
    )
    assert result.interviews == 6
    with coding() as session:
        assert session.count() == (2, 6)
        assert code_text(session, "closed", 2) == ""
    assert [row["why_code"] for row in data().values()] == ["1", "1", "2", "-5", "-5", "-5"]
    run_survey(
        Path(), "db", "verify", "lib.yaml", "--route", code=1
    )  # only that times lie in the future
    later = Request(path="lib.yaml", at=datetime.now(UTC) + timedelta(days=10), by="ann")
    assert anonymize_study(later).interviews == 0
    assert isinstance(erase_person(later, "2", why="asked"), ErasureResult)
    assert data()["2"]["why_code"] == "-6"


def test_a_second_coder_sees_no_codes_and_the_part_is_always_the_same() -> None:
    study()
    with coding() as session:
        code_text(session, "No time", 1)
        code_text(session, "closed", 2)
        code_text(session, "too far", 2)
    with (
        coding(by="bob", role="second", share=0.5) as half,
        coding(by="bob", role="second", share=0.5) as same,
    ):
        drawn = {answer.interview for group in half.groups for answer in group}
        assert drawn == {answer.interview for group in same.groups for answer in group}
    with coding(role="second") as session:
        assert session.count() == (0, 2)  # nobody is the second coder of what they have coded
    with coding(by="bob", role="second") as session:
        assert session.count() == (0, 6)
        assert 0 < len(drawn) < 6
        assert not session.count_codes()
        show(session, "I have no time")
        assert all("time" not in text.casefold() for _, text in session.suggest())
        code_text(session, "No time", 1)
        code_text(session, "closed", 1)
        code_text(session, "too far", 2)
        code_text(session, "mumble", 2)
    said = json.loads(
        run_survey(Path(), "code", "lib.yaml", "why", "--agreement", "--format", "json")[0]
    )
    # two equal answers that were coded at once are one decision of each coder
    assert (said["agreement"]["answers"], said["agreement"]["equal"]) == (3, 2)
    assert said["agreement"]["kappa"] == pytest.approx(0.4)
    [differing] = said["disagreements"]
    given = {role: coding["codes"] for role, coding in differing["codings"].items()}
    assert (differing["text"], given) == (ANSWERS[2], {"first": [2], "second": [1]})
    assert (
        "3 different answers coded twice, 2 of them alike (66.7%)"
        in run_survey(Path(), "code", "lib.yaml", "why", "--agreement")[0]
    )
    assert data()["2"]["why_code"] == "2"
    with coding(by="sue", role="final") as session:
        assert session.count() == (0, 1)
        assert session.code((1,)) == ""
    assert data()["2"]["why_code"] == "1"
    assert events().count(("sue", "final", (1,))) == 1


def test_suggestions_come_from_similar_answers_and_examples() -> None:
    study()
    with coding() as session:
        code_text(session, "No time", 1)
        show(session, "I have")
        assert session.suggest()[0][0] == (1,)
        show(session, "closed")
        assert session.suggest()[0] == ((2,), "closed in the evening")
        show(session, "mumble")
        assert session.suggest() == []


def test_a_new_code_leaves_the_rest_of_the_file_and_no_coders_code_is_lost() -> None:
    study()
    instrument = open_instrument("lib.yaml")
    assert add_code("lib.yaml", instrument, "why", 'Too "far": away') == 3
    assert add_code("lib.yaml", instrument, "why", "hours") == 2  # it is there already
    assert Path("lib.why.codes.yaml").read_text() == FRAME + '  3: "Too \\"far\\": away"\n'
    labels = [f"Reason {n}" for n in range(12)]
    coders = [
        Thread(target=add_code, args=("lib.yaml", instrument, "why", label)) for label in labels
    ]
    for coder in coders:
        coder.start()
    for coder in coders:
        coder.join()
    codes = read_frame("lib.yaml", instrument, "why").codes
    assert list(codes) == list(range(1, 16))
    assert {str(spec.label.get("en")) for spec in codes.values()} >= set(labels)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("codes:\n", "codes:\n  1: New\n"),
        (
            "# none yet\ncodes: {}\nmultiple: true\n",
            "# none yet\ncodes:\n  1: New\nmultiple: true\n",
        ),
        ("multiple: true", "multiple: true\ncodes:\n  1: New\n"),
        (
            "codes:\n    # first\n    1: A\n  \n# last\n",
            "codes:\n    # first\n    1: A\n    2: New\n  \n# last\n",
        ),
        (
            "codes:\n  5:\n    label: Five\n    # a remark\n    examples: five\n\nlabel: Reasons\n",
            "codes:\n  5:\n    label: Five\n    # a remark\n    examples: five\n  6: New\n\nlabel: Reasons\n",
        ),
    ],
)
def test_a_code_is_added_to_files_as_people_write_them(before: str, after: str) -> None:
    study(frame=before)
    add_code("lib.yaml", open_instrument("lib.yaml"), "why", "New")
    assert Path("lib.why.codes.yaml").read_text() == after


def test_a_file_to_which_no_code_can_be_added_stays_as_it_is() -> None:
    study(frame="codes: {1: A, 2: B}\n")
    with pytest.raises(
        UserError, match="write its codes under each other, and this one last: 3: C"
    ):
        add_code("lib.yaml", open_instrument("lib.yaml"), "why", "C")
    assert Path("lib.why.codes.yaml").read_text() == "codes: {1: A, 2: B}\n"


def test_check_finds_what_is_wrong_with_a_frame() -> None:
    study(frame="codes:\n  1: Time\n  2: time\n  x: No number\n")
    written("lib.visits.codes.yaml", "codes: {1: A}\n")
    written("lib.wy.codes.yaml", "codes: {1: A}\n")
    files = [f"lib.{item}.codes.yaml" for item in ("why", "visits", "wy")]
    said = "".join(run_survey(Path(), "check", *files, code=1))
    assert "lib.why.codes.yaml:4:3: " in said
    assert "number the codes" in said
    assert (
        "lib.why.codes.yaml:3:6: why: codes 1 and 2 have the same label — keep one of them" in said
    )
    assert "visits: its answers are no texts" in said
    assert "there is no item 'wy' — did you mean 'why'?" in said
    written("own.yaml", TEXT.replace("id: visits", "id: why_code"))
    written("own.why.codes.yaml", FRAME)
    assert (
        "has a variable why_code already"
        in run_survey(Path(), "check", "own.why.codes.yaml", code=1)[0]
    )
    said = run_survey(Path(), "export", "lib.yaml", "-o", "out.csv", code=1)[1]
    assert "the code frame has errors — fix it: survey check lib.why.codes.yaml" in said
    said = run_survey(Path(), "code", "lib.yaml", "wy", "--agreement", code=1)[1]
    assert "there is no open item 'wy' — did you mean 'why'?" in said


def test_answers_are_coded_line_by_line_without_a_screen() -> None:
    study(frame="multiple: true\n" + FRAME)
    keyed = "9\n1 2\n.undo\n\n+Noise\n.codes\n.skip\n? no words\n.stop\n"
    printed, said = run_survey(
        Path(), "code", "lib.yaml", "why", "--by", "ann", "--plain", keyed=keyed
    )
    assert "· 2 equal answers, coded together]" in printed
    assert "! not a code here." in printed
    assert "[3 Noise]" in printed
    assert "[Enter: 1 Time]" in printed
    assert "why: 4 of 6 answers coded" in said
    codes = [codes for _, _, codes in events()]
    assert sorted(codes, key=str) == sorted(
        [(1, 2), (1, 2), None, None, (1,), (1,), (3,), ()], key=str
    )


def test_the_last_coding_can_be_taken_back_line_by_line() -> None:
    study()
    keyed = "1\n" * 5 + ".undo\n2\n.stop\n1\n"
    printed, said = run_survey(
        Path(), "code", "lib.yaml", "why", "--by", "ann", "--plain", keyed=keyed
    )
    assert (
        printed.count("[every answer is coded: .undo takes back the last coding, Enter leaves]")
        == 2
    )
    assert "why: 6 of 6 answers coded" in said
    assert [codes for _, _, codes in events()].count((2,)) == 1


KILLED = """
import sys
from datetime import UTC, datetime
from survey_cli.services.data.coding import open_coding
from survey_cli.services.run_on_study import Request
with open_coding(Request(path="lib.yaml", at=datetime.now(UTC), by="ann"), "why") as session:
    while session.group is not None:
        assert not session.code((1,))
        print(len(session.groups[0]), flush=True)
"""


def test_kill_9_while_coding_loses_nothing_committed() -> None:
    study()
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    with coding() as session:
        assert session.count()[0] >= 2
    run_survey(Path(), "db", "verify", "lib.yaml")
