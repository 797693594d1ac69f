"""Answers keep their meaning when the questionnaire changes: in checks, at the start of interviews, in exports."""

import csv
import io
import re
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_exporting import NOW, whole

from support import postgres_server
from support.command_line import folder  # noqa: F401
from support.exporting import export_file
from support.scenario import instrument, scenario
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.problems import UserError
from survey_cli.revisions.meaning_changes import find_separate_columns, list_changes
from survey_cli.services.export.export_data import ExportOptions, ExportResult
from survey_cli.services.questionnaire.questionnaire_files import check_file
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.open_station import open_station
from survey_cli.store import InstrumentRow, Store
from survey_cli.table.versions import SeparateColumns

HEAD = "instrument: v\ntitle: Versions\nstudy: {sponsor: Acme}\n"


def text(version: str, q1: str = '{1: "Yes", 2: "No"}', *more: str, head: str = "") -> str:
    items = (f"{{id: q1, type: single, text: One, options: {q1}}}", *more)
    lines = "".join(f"  - {item}\n" for item in items)
    return f'{HEAD}version: "{version}"\n{head}items:\n{lines}'


ONE = text("1")
TURNED = text("2", '{1: "No", 2: "Yes"}')


def keep(
    of: str, *keys: tuple[str, ...], where: str = "responses/v.db", origin: str = "real"
) -> None:
    """Interviews with these entries, of one version."""
    if "://" not in where:
        Path(where).parent.mkdir(exist_ok=True)
    with Store.open(where, create=True) as store:
        before = len(store.interviews.list_rows())
        made = [scenario(of).keys(*entries) for entries in keys]
        row = InstrumentRow.from_instrument(instrument(of), kept_at=NOW.replace(minute=before))
        store.data.add_instrument(row)
        store.interviews.add(
            whole(one, f"{origin} {before + n}", origin) for n, one in enumerate(made, 1)
        )


def put(of: str) -> str:
    Path("v.yaml").write_text(of, encoding="utf-8")
    return "v.yaml"


def exported(of: str, **wish: object) -> tuple[list[dict[str, str]], ExportResult]:
    to = io.StringIO(newline="")
    made = export_file(put(of), ExportOptions(to="-", **wish), stdout=to)  # type: ignore[arg-type]
    assert isinstance(made, ExportResult), made
    return list(csv.DictReader(io.StringIO(to.getvalue(), newline=""))), made


def wrong(of: str) -> list[str]:
    """The errors of `survey check`, without their remedies."""
    return [
        f"{p.who}: {p.what}" for p in check_file(put(of)).problems if p.rule == "changed-meaning"
    ]


def says(*parts: tuple[str, str]) -> list[str]:
    return [f"{item}: {what}" for item, what in parts]


# what changes a meaning


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            "{1: A, 2: B}",
            "{1: B, 2: A}",
            ["code 1 was 'A' and is 'B'", "code 2 was 'B' and is 'A'"],
        ),
        ("{1: A, 2: B}", "{1: A}", ["code 2 'B' is no longer offered"]),
        ("{1: A, 2: B}", "{1: A, 2: B, 3: C}", []),
        ("{1: US states, 2: B.}", "{1: us  States, 2: b}", []),
        ("{1: '< 5 km', 2: B}", "{1: '> 5 km', 2: B}", ["code 1 was '< 5 km' and is '> 5 km'"]),
        ("{1: {text: Longer, label: A}, 2: B}", "{1: {text: Long, label: A}, 2: B}", []),
    ],
)
def test_codes(old: str, new: str, found: list[str]) -> None:
    made = list_changes(instrument(text("1", old)), instrument(text("2", new)))
    assert [change.what for change in made] == found


@pytest.mark.parametrize(
    ("old", "new", "what", "apart"),
    [
        (
            "type: number, max: 120",
            "type: number, max: 99",
            "its range was 0 to 120 and is 0 to 99",
            False,
        ),
        ("type: number, max: 99", "type: number", None, False),
        (
            "type: number, range: [1 to 12, 101 to 199]",
            "type: number, range: [1 to 12, 150 to 250]",
            "its range was 1 to 12 or 101 to 199 and is 1 to 12 or 150 to 250",
            False,
        ),
        ("type: number, range: [1 to 3, 4 to 9]", "type: number, min: 1, max: 9", None, False),
        (
            "type: number",
            "type: number, min: 18",
            "its range was 0 or more and is 18 or more",
            False,
        ),
        (
            "type: number",
            "type: number, decimals: 2",
            "it was a whole number and is a number with decimals",
            True,
        ),
        ("type: number", "type: text", "it was a whole number and is a text", True),
        ("type: text", "type: verbatim", None, False),
        (
            "type: number, unit: hours",
            "type: number, unit: minutes",
            "its unit was 'hours' and is 'minutes'",
            True,
        ),
        (
            "type: number, max: 99",
            "type: number, max: 99, options: {97: 97 or more}",
            "code 97 was an ordinary number and is '97 or more'",
            True,
        ),
        ("type: number, max: 90", "type: number, max: 90, options: {97: Unclear}", None, False),
        ("type: single, options: {1: A, 2: B}", "type: scale, options: {1: A, 2: B}", None, False),
        (
            "type: single, options: {1: A, 2: B}",
            "type: multiple, options: {1: A, 2: B}",
            "it was one code and is several codes",
            True,
        ),
        (
            "type: date",
            "type: date, partial: true",
            "it was a date and is a date or a part of one",
            True,
        ),
    ],
)
def test_other_kinds_ranges_and_units(old: str, new: str, what: str | None, apart: bool) -> None:
    before, after = (
        text(v, '{1: "Yes", 2: "No"}', f"{{id: x, text: X, {of}}}")
        for v, of in (("1", old), ("2", new))
    )
    made = list_changes(instrument(before), instrument(after))
    assert [(change.item, change.what, change.needs_own_column) for change in made] == (
        [("x", what, apart)] if what else []
    )


def test_an_item_that_is_gone_or_moved_into_a_roster() -> None:
    age = "{id: age, type: number, text: Age}"
    roster = f"{{id: person, type: roster, count: 2, max: 3, items: [{age}]}}"
    inside, outside = instrument(text("1", "{1: A}", roster)), instrument(text("2", "{1: A}", age))
    assert [(c.item, c.what) for c in list_changes(inside, outside)] == [
        ("age", "it was asked in each turn of a roster and is asked once"),
        ("person", "it is no longer in the questionnaire"),
    ]


def test_texts_are_compared_in_every_language_that_both_versions_have() -> None:
    languages = "languages: [en, es]\n"
    one = text("1", '{1: {en: "Yes", es: Sí}, 2: {en: "No", es: "No"}}', head=languages)
    two = one.replace("Sí", "Tal vez")
    head = one.replace("text: One", "text: {en: One, es: Uno}").replace(
        "Versions", "{en: Versions, es: Versiones}"
    )
    other = two.replace("text: One", "text: {en: One, es: Uno}").replace(
        "Versions", "{en: Versions, es: Versiones}"
    )
    assert [c.what for c in list_changes(instrument(head), instrument(other))] == [
        "code 1 was 'Sí' and is 'Tal vez'"
    ]


@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=6))
def test_columns_are_shared_by_the_versions_that_agree_and_by_no_others(labels: list[str]) -> None:
    versions = [instrument(text(str(n), f"{{1: {label}}}")) for n, label in enumerate(labels)]
    apart = find_separate_columns(versions, lambda _: False)
    names = [own["q1"].version if "q1" in own else 0 for own in apart]
    assert names[-1] == 0
    for a, one in zip(labels, names, strict=True):
        for b, other in zip(labels, names, strict=True):
            assert (a == b) == (one == other)
    assert find_separate_columns(versions, lambda _: True) == [{} for _ in versions]
    assert all(
        isinstance(one, SeparateColumns) and one.version <= n
        for n, own in enumerate(apart, 1)
        for one in own.values()
    )


# survey check


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        ("{name: moved away!, like: not_eligible}", None),
        ("{name: Deceased, like: not_eligible}", "its name was 'Moved away' and is 'Deceased'"),
        (
            "{name: Moved away, like: refusal_hard}",
            "it was counted as not_eligible and is counted as refusal_hard",
        ),
        (
            "{name: Moved away, like: not_eligible, code: '4.7'}",
            "it was counted as not_eligible and is counted as 4.7",
        ),
    ],
)
def test_outcomes_of_the_study_s_own(outcome: str, what: str | None) -> None:
    head = "outcomes: {moved: %s}\n"
    keep(text("1", head=head % "{name: Moved away, like: not_eligible}"), ("1",))
    expected = [f"{what} (calls and interviews of version 1 may have it)"] if what else []
    new = text("2", head=head % outcome)
    assert wrong(new) == says(*(("outcomes.moved", line) for line in expected))
    if what:
        assert (
            run_command(["check", put(new), "--accept", "outcomes.moved", "--reason", "better"])
            == 0
        )
    assert wrong(new) == []


def test_check_counts_the_interviews_that_a_change_concerns_and_ignores_practice() -> None:
    asked_twice = text(
        "1", '{1: "Yes", 2: "No"}', "{id: q2, type: number, text: Two, ask_if: q1 == 1}"
    )
    keep(asked_twice, ("1", "5"), ("2",), ("2",))
    keep(text("p", "{1: Red}"), ("1",), origin="practice")
    assert wrong(TURNED) == says(
        ("q2", "it is no longer in the questionnaire (answered in 1 of 3 interviews of version 1)"),
        ("q1", "code 1 was 'Yes' and is 'No' (answered in 3 of 3 interviews of version 1)"),
        ("q1", "code 2 was 'No' and is 'Yes' (answered in 3 of 3 interviews of version 1)"),
    )
    assert wrong(asked_twice) == []


def test_every_version_with_interviews_is_compared_not_the_last_one_alone() -> None:
    keep(ONE, ("1",))
    keep(TURNED, ("1",), ("2",))
    assert [line.partition(" (")[2] for line in wrong(text("3", '{1: "No", 2: "Yes"}'))] == [
        "answered in 1 of 1 interviews of version 1)",
        "answered in 1 of 1 interviews of version 1)",
    ]


@pytest.mark.parametrize("where", ["file", "server"])
def test_a_change_is_accepted_item_by_item_with_a_reason_that_is_kept(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    db = "responses/v.db" if where == "file" else postgres_server.create_address()
    keep(
        text("1", '{1: "Yes", 2: "No"}', "{id: q2, type: number, text: Two}"), ("1", "2"), where=db
    )
    file = put(TURNED)
    assert run_command(["check", file, "--db", db]) == 1
    assert run_command(["check", file, "--db", db, "--accept", "q1"]) == 1, "no reason"
    assert run_command(["check", file, "--db", db, "--accept", "q3", "--reason", "why"]) == 1, (
        "no change"
    )
    assert (
        run_command(["check", file, "--db", db, "--accept", "q1", "--reason", "the list was wrong"])
        == 1
    ), "q2 is left"
    capsys.readouterr()
    assert (
        run_command(["check", file, "--db", db, "--accept", "q2", "--reason", "nobody knew"]) == 0
    )
    told = capsys.readouterr().err
    assert "q1: code 1 was 'Yes' and is 'No' since version 1: accepted by" in told
    assert all(reason in told for reason in ("the list was wrong", "nobody knew"))
    put(TURNED.replace("title: Versions", "title: Other words"))
    assert run_command(["check", file, "--db", db]) == 0, "an edit elsewhere asks for nothing again"
    put(TURNED.replace('2: "Yes"', "2: Maybe"))
    assert run_command(["check", file, "--db", db]) == 1, "another change of the same item does"


def test_only_a_supervisor_accepts_where_people_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(ONE, ("1",))
    accept = ["check", put(TURNED), "--accept", "q1", "--reason", "meant"]
    Path("responses/interviewers.csv").write_text("login,role\nsue,\nbob,supervisor\n")
    assert run_command(accept) == 1
    assert (
        "sue: is an interviewer, and only a supervisor may accept changes of meaning"
        in capsys.readouterr().err
    )
    assert wrong(TURNED)
    for claimed in ("bob", "zoe"):
        assert run_command([*accept, "--by", claimed]) == 1
        said = capsys.readouterr().err
        assert (
            f"{claimed}: is not the account sue, and only a supervisor may work under another name"
            in said
        )
        assert f"log in as {claimed}, or ask bob" in said
    Path("responses/interviewers.csv").write_text("login,role\nbob,supervisor\n")
    assert run_command(accept) == 1
    assert (
        "sue: is not on the study's list of people — ask bob to add this name to"
        in capsys.readouterr().err
    )
    Path("responses/interviewers.csv").write_text(
        "login,role\nsue,supervisor\nbob,supervisor\nann,\n"
    )
    assert run_command([*accept, "--by", "ann"]) == 1, (
        "under an interviewer's name one has an interviewer's rights"
    )
    said = capsys.readouterr().err
    assert (
        "ann: is an interviewer, and only a supervisor may accept changes of meaning — ask bob or sue"
        in said
    )
    assert run_command([*accept, "--by", "zoe"]) == 1
    assert "zoe: is not on the study's list of people — ask bob or sue" in capsys.readouterr().err
    assert wrong(TURNED)
    assert run_command([*accept, "--by", "bob"]) == 0
    assert "accepted by bob (account sue)" in capsys.readouterr().err
    assert not wrong(TURNED)


# beginning an interview


def test_no_real_interview_begins_under_a_change_that_nobody_accepted() -> None:
    keep(ONE, ("1",))
    file = put(TURNED)
    for refused in (
        attempt(start_or_resume, file, StartOptions(case="new")),
        attempt(open_station, file, interviewer="ann"),
    ):
        assert isinstance(refused, UserError)
        assert (
            "q1: code 1 was 'Yes' and is 'No', but there are interviews of version 1, and there is 1 more such change"
            in refused.what
        )
        assert "survey check v.yaml" in refused.remedy
    practice = start_or_resume(file, StartOptions(case="new", practice=True))
    assert isinstance(practice, InterviewSession)
    practice.close()
    with pytest.raises(UserError):
        start_or_resume(file, StartOptions(case="new"))
    assert run_command(["check", file, "--accept", "q1", "--reason", "meant"]) == 0
    begun = start_or_resume(file, StartOptions(case="new"))
    assert isinstance(begun, InterviewSession)
    begun.close()


def test_verification_notes_what_nobody_accepted_though_interviews_went_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(ONE, ("1",))
    keep(TURNED, ("1",))  # as earlier releases let them
    file = put(TURNED)
    assert run_command(["db", "verify", file]) == 0
    said = capsys.readouterr()
    assert (
        "q1: code 1 was 'Yes' and is 'No', but there are interviews of version 1"
        in said.out + said.err
    )
    assert run_command(["check", file, "--accept", "q1", "--reason", "meant"]) == 0
    capsys.readouterr()
    assert run_command(["db", "verify", file]) == 0
    said = capsys.readouterr()
    assert "code 1" not in said.out + said.err


def test_an_interview_that_was_suspended_goes_on_under_its_own_version() -> None:
    file = put(text("1", '{1: "Yes", 2: "No"}', "{id: q2, type: number, text: Two}"))
    begun = start_or_resume(file, StartOptions(case="a"))
    assert isinstance(begun, InterviewSession)
    begun.close()
    put(TURNED)
    resumed = start_or_resume(file, StartOptions(case="a"))
    assert isinstance(resumed, InterviewSession)
    resumed.close()


# exports


def test_old_answers_are_labeled_by_the_version_they_were_given_in() -> None:
    keep(ONE, ("1",), ("2",))
    keep(TURNED, ("1",))
    rows, made = exported(TURNED, labels=True)
    assert [(r["interview_version"], r["q1"], r["q1__v1"]) for r in rows] == [
        ("1", "Not asked", "Yes"),
        ("1", "Not asked", "No"),
        ("2", "No", "Not asked"),
    ]
    assert any(
        "q1: version 1 is in a separate column, q1__v1" in line for line in made.data.differences
    )
    rows, _ = exported(TURNED, where="q1 == 1")
    assert [r["interview_version"] for r in rows] == ["2"]


def test_a_corrected_text_stays_in_one_column_where_somebody_said_that_it_means_the_same() -> None:
    keep(text("1", "{1: Repubican, 2: Democrat}"), ("1",))
    fixed = text("2", "{1: Republican, 2: Democrat}")
    keep(fixed, ("1",))
    rows, _ = exported(fixed)
    assert "q1__v1" in rows[0]
    done = [
        "check",
        put(fixed.replace("Versions", "Versions 2")),
        "--accept",
        "q1",
        "--same",
        "--reason",
        "spelling",
    ]
    assert run_command(done) == 0
    rows, made = exported(fixed, labels=True)
    assert [r["q1"] for r in rows] == ["Republican", "Republican"]
    assert "q1__v1" not in rows[0]
    assert any("with the same meaning" in line for line in made.data.differences)


def test_the_file_s_meaning_is_not_put_on_older_answers_before_anybody_was_asked_with_it() -> None:
    keep(ONE, ("1",))
    rows, _ = exported(TURNED, labels=True)
    assert (rows[0]["q1__v1"], rows[0].get("q1")) == ("Yes", None)


def test_a_report_has_the_label_of_the_file_in_titles_and_in_heads_of_columns() -> None:
    """Nobody was interviewed with the edited label: the stored version has the former one."""
    first = "{id: kind, type: single, text: Kind, label: Former, options: {1: A, 2: B}}"
    keep(text("1", "{1: A}", first), *[("1", "1")] * 9, *[("1", "2")] * 9)
    edited = text("2", "{1: A}", first.replace("Former", "Edited"))
    report = ["report", put(edited), "--by", "kind", "--no-tests", "-o", "x.md"]
    assert run_command(report) == 0
    said = Path("x.md").read_text()
    assert "Edited (`kind`)" in said
    assert "Edited: A" in said
    assert "Former: A" not in said
    assert "described differently in version 1: 'Former'" in said


def test_options_of_a_multiple_move_together() -> None:
    first = "{id: tv, type: multiple, text: TV, options: {1: A, 2: B}}"
    keep(text("1", "{1: A}", first), ("1", "1 2"))
    second = text("2", "{1: A}", first.replace("2: B", "2: C"))
    keep(second, ("1", "2"))
    rows, _ = exported(second)
    wanted = ("tv_1", "tv_2", "tv_1__v1", "tv_2__v1")
    assert [[r[name] for name in wanted] for r in rows] == [
        ["-6", "-6", "1", "1"],
        ["0", "1", "-6", "-6"],
    ]


def test_an_option_that_is_gone_is_named_by_its_own_words() -> None:
    first = "{id: tv, type: multiple, text: TV, options: {1: A, 2: Bees}}"
    keep(text("1", "{1: A}", first), *[("1", "2")] * 6)
    assert (
        run_command(
            ["report", put(text("2", "{1: A}", first.replace("2: Bees", "3: Cats"))), "-o", "x.md"]
        )
        == 0
    )
    said = Path("x.md").read_text()
    assert "| Bees | 6 | 100 |" in said
    assert "TV: Bees" not in said


@pytest.mark.parametrize("page", ["report", "codebook"])
def test_pages_count_older_answers_under_their_own_labels(page: str) -> None:
    first = "{id: tv, type: multiple, text: TV, options: {1: A, 2: Bees}}"
    keep(text("1", '{1: "Yes", 2: "No"}', first), *[("1", "2")] * 6)
    second = text("2", '{1: "No", 2: "Yes"}', first.replace("Bees", "Cats"))
    keep(second, *[("2", "1")] * 7)
    assert run_command([page, put(second), "-o", "x.md"]) == 0
    said = Path("x.md").read_text()
    if page == "report":
        older = said[said.index("q1\\_\\_v1`" if "q1\\_\\_v1`" in said else "`q1__v1`") :]
        assert "| Yes | 6 | 100 |" in older
        assert "| Bees | 6 | 100 |" in older
        assert "| Yes | 7 | 100 |" in said[: -len(older)]
    else:
        assert {"Bees", "Cats"} <= set(re.findall(r"\w+", said))


# computes


ADULT = 'compute: {adult: "1 if age >= 18 else 0", both: "adult == 1 and q1 == 1"}\n'
AGE = "{id: age, type: number, text: Age}"


def test_a_compute_added_after_fieldwork_is_in_exports_reports_and_conditions() -> None:
    keep(text("1", '{1: "Yes", 2: "No"}', AGE), ("1", "30"), ("2", "12"), ("1", ".dk"))
    later = text("1", '{1: "Yes", 2: "No"}', AGE, head=ADULT)
    rows, _ = exported(later)
    assert [(r["adult"], r["both"]) for r in rows] == [("1", "1"), ("0", "0"), ("0", "0")]
    rows, _ = exported(later, where="both")
    assert [r["age"] for r in rows] == ["30"]
    assert (
        run_command(["report", put(later), "--by", "adult", "-o", "x.md", "--threshold", "0"]) == 0
    )
    assert "adult: 1 (B)" in Path("x.md").read_text()


def test_a_compute_needs_its_inputs_in_the_same_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    keep(ONE, ("1",))
    keep(text("2", '{1: "Yes", 2: "No"}', AGE), ("1", "40"))
    later = text("3", '{1: "No", 2: "Yes"}', AGE, head=ADULT)
    rows, made = exported(later)
    assert [r["adult"] for r in rows] == ["-6", "1"]
    assert "both" not in rows[0]
    assert any(
        line.startswith("both: not computed: version 2 lacks inputs")
        for line in made.data.differences
    )
    assert run_command(["report", put(later), "--by", "both", "-o", "x.md"]) == 1
    assert (
        "--by: both is not computed: no interview has all its inputs (adult, q1)"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("snapshot", [True, False])
def test_computes_of_old_interviews_are_those_that_the_new_version_would_have_stored(
    snapshot: bool,
) -> None:
    """Whether cells are read or the journal is followed: of complete, partial and screened-out interviews."""
    rest = (
        AGE,
        "{id: stop, type: end, outcome: not_eligible, ask_if: answered(age) and age < 18}",
        "{id: n, type: number, text: N}",
    )
    old = text("1", '{1: "Yes", 2: "No"}', *rest)
    head = (
        'compute: {c: "n + age", d: "1 if answered(n) else 0", e: "n > 3 or age > 50", f: c * 2}\n'
    )
    new = text("1", '{1: "Yes", 2: "No"}', *rest, head=head)
    entries = [
        ("1", "30", "4"),
        ("1", "12"),
        ("1", "60"),
        ("1", ".dk", "5"),
        ("1",),
        ("2", "19", ".refused"),
    ]
    keep(old, *entries)
    if not snapshot:
        with sqlite3.connect("responses/v.db") as db:
            db.execute("DELETE FROM snapshots")
    after, _ = exported(new)
    Path("responses/v.db").unlink()
    keep(new, *entries)
    fresh, _ = exported(new)
    computed = [[r[name] for name in "cdef"] for r in fresh]
    assert [[r[name] for name in "cdef"] for r in after] == computed
    assert len({tuple(row) for row in computed}) > 3


def test_a_compute_of_personal_answers_stays_in_the_database_unless_it_is_asked_for() -> None:
    secret = AGE.replace("text: Age", "text: Age, personal: true")
    keep(text("1", '{1: "Yes", 2: "No"}', secret), ("1", "30"))
    later = text("1", '{1: "Yes", 2: "No"}', secret, head=ADULT)
    rows, made = exported(later)
    assert not {"adult", "both", "age"} & rows[0].keys()
    assert {"adult", "both"} <= set(made.data.left_out)
    rows, _ = exported(later, personal=frozenset({"adult"}))
    assert rows[0]["adult"] == "1"
