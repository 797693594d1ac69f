"""The preview follows its file, saved in place, by rename, in part, broken and fixed: answers that fit stay, so does
the item, and nothing is stored.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from support.command_line import folder  # noqa: F401
from support.preview_study import FILE, TEXT, saved
from survey_cli.cli.run_command import run_command
from survey_cli.problems import Problem, UserError
from survey_cli.scenarios import proving
from survey_cli.sessions.preview.preview import Preview, PreviewOptions, PreviewState
from survey_cli.values import Place

EXAMPLES = Path(__file__).parents[2] / "instruments"
SHORT = TEXT.replace("  - {id: age, type: number", "  # - {id: age, type: number")


def begun(text: str = TEXT, **beginning: object) -> Preview:
    saved(text)
    preview = Preview(FILE, PreviewOptions(**beginning))  # type: ignore[arg-type]
    shown = preview.open()
    assert isinstance(shown, PreviewState), shown
    return preview


def keyed(shown: PreviewState, *entries: str) -> PreviewState:
    for entry in entries:
        assert shown.session.reply(entry) is None
    return shown


def followed(preview: Preview, text: str) -> PreviewState:
    """What is shown once this was saved."""
    saved(text)
    shown = preview.reload() or preview.reload()
    assert shown is not None
    return shown


def place(shown: PreviewState) -> str:
    prompt = shown.session.prompt()
    return str(prompt.place) if prompt is not None else "-"


def data(shown: PreviewState) -> dict[str, str]:
    """Every answer that stands."""
    return {d.name: d.value for d in shown.session.list_values() if d.state == "answered"}


def states(shown: PreviewState) -> dict[str, str]:
    return {d.name: d.state for d in shown.session.list_values()}


# ── what becomes of the interview ──────────────────────────────────────────────────────────────────────────


def test_another_wording_is_shown_at_the_same_item_with_all_answers() -> None:
    preview = begun(columns={"kind": "1"})
    shown = keyed(preview.restart(), "", "1", "3")
    assert place(shown) == "age"
    shown = followed(preview, TEXT.replace("How old are you?", "In which year were you born?"))
    assert place(shown) == "age"
    assert "".join(s.text for s in shown.session.prompt().text) == "In which year were you born?"  # type: ignore[union-attr]
    assert data(shown) == {"key": "1001", "kind": "1", "own": "1", "cars": "3"}
    assert "2 answers kept" in shown.remark


def test_answers_ahead_of_where_one_went_back_to_are_kept() -> None:
    preview = begun(columns={"kind": "1"})
    shown = keyed(preview.restart(), "", "1", "3", "40")
    for _ in range(3):
        shown.session.go_back()
    assert place(shown) == "own"
    shown = followed(preview, TEXT.replace("Do you own a car?", "Do you own one?"))
    assert place(shown) == "own"
    prompt = shown.session.prompt()
    assert prompt is not None
    assert prompt.earlier is not None
    assert prompt.earlier.codes == (1,)
    keyed(shown, "", "")
    assert (place(shown), data(shown)["age"]) == ("age", "40")


def test_an_answer_that_no_longer_fits_is_dropped_and_said_and_comes_back_with_its_option() -> None:
    preview = begun(columns={"kind": "1"})
    keyed(preview.restart(), "", "1", "9")
    shown = followed(preview, TEXT.replace("max: 9", "max: 5"))
    assert place(shown) == "age", "one stays at the item"
    assert "answers that no longer fit: cars" in shown.remark
    assert 0 <= int(data(shown)["cars"]) <= 5
    assert next(d for d in shown.session.list_values() if d.name == "cars").is_invented
    shown = followed(preview, TEXT)
    assert (place(shown), data(shown)["cars"]) == ("age", "9")


def test_an_item_that_is_gone_is_said_and_its_answer_returns_with_it() -> None:
    preview = begun(columns={"kind": "1"})
    shown = keyed(preview.restart(), "", "1", "3", "40")
    shown.session.go_back()
    assert place(shown) == "age"
    shown = followed(preview, SHORT)
    assert "age was removed: now at bye" in shown.remark
    assert place(shown) == "bye"
    assert "age" not in data(shown)
    shown = followed(preview, TEXT)
    assert (place(shown), data(shown)["age"]) == ("bye", "40")


def test_a_renamed_item_is_found_again_in_its_place() -> None:
    preview = begun(columns={"kind": "1"})
    keyed(preview.restart(), "", "1", "3")
    shown = followed(preview, TEXT.replace("id: age", "id: age_now"))
    assert place(shown) == "age_now"
    assert "age was removed: now at age_now" in shown.remark


def test_a_new_item_before_the_present_one_is_invented_and_said() -> None:
    preview = begun(columns={"kind": "1"})
    keyed(preview.restart(), "", "1", "3")
    more = "  - {id: colour, type: single, text: {en: Colour?, es: ¿Color?}, options: {1: Red, 2: Blue}}\n"
    shown = followed(preview, TEXT.replace("  - {id: age,", more + "  - {id: age,"))
    assert place(shown) == "age"
    assert "invented: colour" in shown.remark
    shown.session.go_back()
    assert place(shown) == "colour"


def test_an_item_no_longer_asked_says_where_one_stands() -> None:
    preview = begun(columns={"kind": "1"})
    keyed(preview.restart(), "", "1")
    shown = followed(preview, TEXT.replace("ask_if: own == 1", "ask_if: own == 2"))
    assert "cars is no longer asked: now at age" in shown.remark


def test_a_file_that_grows_at_its_end_asks_the_new_item() -> None:
    preview = begun(columns={"kind": "1"})
    shown = keyed(preview.restart(), "", "1", "3", "40", "")
    assert shown.session.result() is not None
    shown = followed(preview, TEXT + "  - {id: more, type: text, text: {en: More?, es: ¿Más?}}\n")
    assert place(shown) == "more"
    assert data(shown)["age"] == "40"


def test_notes_are_kept_over_a_change() -> None:
    preview = begun(columns={"kind": "1"})
    shown = keyed(preview.restart(), "", "1")
    assert shown.session.add_note("counts vans") is None
    shown.session.reply("3")
    assert shown.session.add_note("in months") is None
    for text in (TEXT.replace("How many cars?", "How many?"), SHORT, TEXT):
        shown = followed(preview, text)
        notes = [(str(note.place), note.text) for note in shown.session.list_notes()]
        assert notes == [("cars", "counts vans"), ("age", "in months")]


def test_a_doubt_that_waits_for_its_answer_still_waits() -> None:
    soft = TEXT.replace(
        "max: 9,", "max: 9, checks: [{expect: cars < 5, soft: true, say: {en: Many., es: Son.}}],"
    )
    preview = begun(soft, columns={"kind": "1"})
    shown = keyed(preview.restart(), "", "1", "7")
    shown = followed(preview, soft.replace("Many.", "So many?"))
    prompt = shown.session.prompt()
    assert prompt is not None
    assert prompt.query is not None
    assert (str(prompt.place), prompt.query.text[0].text) == ("cars", "So many?")


# ── going anywhere ─────────────────────────────────────────────────────────────────────────────────────────


def test_any_item_can_be_stood_at_and_what_is_open_before_it_is_invented_and_said() -> None:
    preview = begun(columns={"kind": "1"})
    desk = preview.restart().session
    assert desk.jump(Place("why")) is None
    assert str(desk.prompt().place) == "why"  # type: ignore[union-attr]
    assert desk.remark == "invented: own"
    assert {d.name for d in desk.list_values() if d.is_invented} == {"own"}


def test_what_was_keyed_changes_only_where_there_is_no_other_way() -> None:
    preview = begun(columns={"kind": "1"})
    shown = keyed(preview.restart(), "", "2", "No money.")
    assert shown.session.jump(Place("bye")) is None
    assert data(shown)["own"] == "2"
    assert shown.session.remark == "invented: age"
    assert shown.session.jump(Place("cars")) is None
    assert data(shown)["own"] == "1"
    assert "answers changed: own" in shown.session.remark


def test_another_case_is_taken_where_the_item_wants_one_and_stays_over_a_change() -> None:
    preview = begun(
        seed=next(
            n for n in range(20) if begun(seed=n).restart().session.list_values()[1].value == "1"
        )
    )
    shown = preview.restart()
    assert shown.session.jump(Place("chief")) is None
    assert "another case: kind 2" in shown.session.remark
    shown = followed(preview, TEXT.replace("Who is your director?", "Who directs?"))
    assert (place(shown), data(shown)["kind"]) == ("chief", "2")


@pytest.mark.parametrize(
    ("start", "first"), [("25000", "income_25000"), ("random", "income_15000")]
)
def test_a_bracket_begins_at_its_first_step(start: str, first: str) -> None:
    bracket = f"""\
  - id: income
    type: bracket
    unit: USD
    steps: [15000, 25000, 35000]
    start: {start}
    text: {{en: "Is it less than {{amount:USD}}?", es: "¿Menos de {{amount:USD}}?"}}
  - {{id: bye,"""
    preview = begun(TEXT.replace("  - {id: bye,", bracket), columns={"kind": "1"})
    shown = preview.restart()
    for name in ("income", "income_low"):
        assert shown.session.jump(Place(name)) is None
        assert place(shown) == first


def test_a_case_that_was_given_does_not_change_and_the_reason_is_said() -> None:
    preview = begun(columns={"kind": "1"})
    refused = preview.restart().session.jump(Place("chief"))
    assert refused is not None
    assert "no invented answers lead to chief" in refused.why
    assert "kind == 2" in refused.why


@pytest.mark.parametrize(
    "name",
    [
        "asu_2000",
        "household",
        "customer",
        "features/bracket",
        "features/draw_random",
        "features/split",
    ],
)
def test_every_item_of_an_example_can_be_stood_at(name: str, tmp_path: Path) -> None:
    preview = Preview(str(EXAMPLES / f"{name}.yaml"), PreviewOptions(columns={}))
    shown = preview.open()
    assert isinstance(shown, PreviewState)
    for asked in shown.session.list_items():
        assert shown.session.jump(asked.place) is None, asked.place
        assert shown.session.prompt().place == asked.place  # type: ignore[union-attr]
        assert len(states(shown)) == len(shown.session.list_values())


def test_the_list_has_every_item_and_says_which_were_not_asked() -> None:
    shown = keyed(begun(columns={"kind": "1"}).restart(), "", "2", "No money.")
    listed = {str(a.place): a.answer for a in shown.session.list_items()}
    assert list(listed) == ["hello", "own", "cars", "why", "age", "chief", "bye"]
    assert (listed["own"], listed["cars"], listed["age"]) == (
        "2 No",
        "(not asked)",
        "(not reached)",
    )


def test_the_data_keep_the_five_states_apart() -> None:
    shown = keyed(begun(columns={"kind": "1"}).restart(), "", "1")
    shown.session.decline("dk")
    found = states(shown)
    assert [found[n] for n in ("own", "cars", "why", "age")] == [
        "answered",
        "dk",
        "not_asked",
        "not_reached",
    ]
    by_name = {d.name: d for d in shown.session.list_values()}
    assert (by_name["own"].value, by_name["own"].label) == ("1", "Yes")
    assert (by_name["cars"].value, by_name["age"].value) == ("-8", "-7")


def test_a_time_is_shown_as_it_is_typed_and_exported() -> None:
    text = "instrument: t\ntitle: T\nitems:\n  - {id: at, type: time, text: When?}\n"
    shown = keyed(begun(text).restart(), "2:30 pm")
    assert data(shown)["at"] == "14:30"


# ── the file ───────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_written() -> None:
    shown = keyed(begun().restart(), "", "2", "No money.", "40")
    shown.session.suspend()
    assert sorted(os.listdir()) == [FILE]


def test_a_look_at_an_unchanged_file_says_nothing() -> None:
    preview = begun()
    time.sleep(0.06)
    assert [preview.reload() for _ in range(5)] == [None] * 5
    Path(FILE).touch()
    assert [preview.reload() for _ in range(3)] == [None] * 3, "the same text is no change"


def test_two_changes_within_one_tick_of_the_clock_are_both_seen() -> None:
    preview = begun()
    first, second = TEXT.replace("A small", "A great"), TEXT.replace("A small", "A brief")
    at = time.time_ns()
    for text, title in ((first, "A great survey"), (second, "A brief survey")):
        saved(text)
        os.utime(FILE, ns=(at, at))
        shown = preview.reload()
        assert shown is not None
        assert shown.session.title == title


def test_a_half_saved_file_is_not_shown_as_broken() -> None:
    preview = begun()
    for half in ("", TEXT[:200]):
        saved(half)
        assert preview.reload() is None
        saved(TEXT.replace("A small", f"A {len(half)}"))
        shown = preview.reload()
        assert shown is not None
        assert not shown.broken


@pytest.mark.parametrize("how", ["in place", "by rename", "removed first"])
def test_every_way_of_saving_is_seen(how: str) -> None:
    preview = begun()
    text = TEXT.replace("A small survey", "Another survey")
    if how == "removed first":
        os.rename(FILE, FILE + "~")
        assert preview.reload() is None
    if how == "in place":
        saved(text)
    else:
        Path("new.tmp").write_text(text, encoding="utf-8")
        os.replace("new.tmp", FILE)
    shown = preview.reload()
    assert shown is not None
    assert (shown.session.title, shown.broken) == ("Another survey", False)


def test_a_broken_file_shows_its_problems_and_the_interview_waits() -> None:
    preview = begun(columns={"kind": "1"})
    keyed(preview.restart(), "", "1", "3")
    shown = followed(preview, TEXT.replace("own == 1", "won == 1"))
    assert shown.broken
    assert [p.rule for p in shown.problems if p.severity == "error"] == ["unknown-name"]
    assert "won == 1" in shown.read_line(
        next(p.where for p in shown.problems if p.severity == "error")
    )
    shown = followed(preview, TEXT)
    assert (shown.broken, place(shown)) == (False, "age")
    assert data(shown)["cars"] == "3"


def test_modules_are_followed_and_one_that_was_missing_is_seen_when_it_comes() -> None:
    Path("parts").mkdir()
    top = TEXT + "  - include: parts/more.yaml\n"
    saved(top)
    preview = Preview(FILE, PreviewOptions())
    shown = preview.open()
    assert isinstance(shown, PreviewState)
    assert shown.broken
    module = "items:\n  - {id: extra, type: text, text: {en: Extra?, es: ¿Extra?}}\n"
    Path("parts/more.yaml").write_text(module, encoding="utf-8")
    after = preview.reload() or preview.reload()
    assert after is not None
    assert not after.broken
    after.session.jump(Place("extra"))
    Path("parts/more.yaml").write_text(module.replace("Extra?", "And more?"), encoding="utf-8")
    after = preview.reload() or preview.reload()
    assert after is not None
    assert "And more?" in str(after.session.prompt())
    assert place(after) == "extra"


def test_a_file_broken_from_the_start_begins_when_it_is_mended() -> None:
    saved("")
    preview = Preview(FILE, PreviewOptions(at="age"))
    shown = preview.open()
    assert isinstance(shown, PreviewState)
    assert shown.broken
    shown = followed(preview, TEXT)
    assert place(shown) == "age"


# ── what is asked for ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("beginning", "says"),
    [
        (PreviewOptions(columns={"kidn": "1"}), "did you mean 'kind'?"),
        (PreviewOptions(columns={"kind": "7"}), "write one of 1 (Sector), 2 (District)"),
        (PreviewOptions(language="fr"), "its languages are en (English), es (Spanish)"),
        (PreviewOptions(at="agee"), "did you mean 'age'?"),
    ],
)
def test_what_does_not_fit_is_said_before_the_screen(beginning: PreviewOptions, says: str) -> None:
    saved(TEXT)
    with pytest.raises(UserError) as caught:
        Preview(FILE, beginning).open()
    found = caught.value
    assert says in str(found)


def test_a_missing_file_is_said() -> None:
    saved(TEXT)
    with pytest.raises(UserError) as caught:
        Preview("ss.yaml", PreviewOptions()).open()
    found = caught.value
    assert "did you mean 's.yaml'?" in str(found)


def test_without_a_terminal_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    saved(TEXT)
    assert run_command(["preview", FILE]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "there is no terminal to show" in said.err


def test_the_same_seed_invents_the_same() -> None:
    first, again = (begun(seed=5).restart().session for _ in range(2))
    for desk in (first, again):
        desk.jump(Place("bye"))
    assert first.list_values() == again.list_values()


# ── the proof ──────────────────────────────────────────────────────────────────────────────────────────────

NEVER = """\
instrument: t
title: T
items:
  - {id: hi, type: read, text: "I am {interviewer} of Acme."}
  - {id: own, type: single, declines: [], options: {1: "Yes", 2: "No"}, text: A car?}
  - {id: out, type: end, ask_if: own == 2, outcome: not_eligible}
  - {id: why, type: text, ask_if: own == 2, text: Why not?}
"""


def find_findings(preview: Preview) -> PreviewState:
    """What is shown once the proof is ready."""
    for _ in range(400):
        shown = preview.take_findings()
        if shown is not None:
            return shown
        time.sleep(0.02)
    pytest.fail("the proof has no end")


def rules(shown: PreviewState) -> list[str]:
    return [problem.rule for problem in shown.problems]


def test_findings_of_the_proof_come_later_and_once() -> None:
    preview = begun(NEVER)
    assert "never-asked" not in rules(preview.restart())
    before = preview.restart().session
    shown = find_findings(preview)
    assert "never-asked" in rules(shown)
    assert shown.session is before, "the interview goes on"
    assert preview.take_findings() is None
    assert "never-asked" in rules(preview.restart()), "they stay"


def test_a_change_abandons_the_proof_of_the_version_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prove = proving.prove_instrument
    released = threading.Event()

    def prove_later(*arguments: Any, **options: Any) -> tuple[Problem, ...]:
        released.wait(20)
        return prove(*arguments, **options)

    monkeypatch.setattr(proving, "prove_instrument", prove_later)
    preview = begun(NEVER)
    assert preview.take_findings() is None, "it has only begun"
    shown = followed(preview, NEVER.replace("why, type: text, ask_if: own == 2", "why, type: text"))
    released.set()
    assert "never-asked" not in rules(shown)
    for _ in range(50):
        assert preview.take_findings() is None, "nothing is found in the new version"
        time.sleep(0.02)
    followed(preview, NEVER)
    assert "never-asked" in rules(find_findings(preview))


def test_a_file_that_can_not_be_compiled_is_not_proved() -> None:
    preview = begun(NEVER.replace("own == 2, text", "owns == 2, text"))
    for _ in range(10):
        assert preview.take_findings() is None
        time.sleep(0.02)
    preview.close()


def test_the_preview_ends_while_the_proof_goes_on() -> None:
    preview = begun(NEVER)
    preview.take_findings()
    preview.close()
    assert "proof" not in [thread.name for thread in threading.enumerate()]


def test_a_proof_that_fails_is_said_and_the_next_version_is_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr("survey_cli.scenarios.proving.prove_instrument", fail)
        preview = begun(NEVER)
        with pytest.raises(RuntimeError):
            find_findings(preview)
    followed(preview, NEVER.replace("A car?", "Any car?"))
    assert "never-asked" in rules(find_findings(preview))
