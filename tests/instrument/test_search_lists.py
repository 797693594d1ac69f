"""Search lists: typed words find the entry, the file is part of the version, and a bad file says what is wrong."""

from pathlib import Path
from random import Random
from time import process_time

import pytest

from support.scenario import INSTRUMENTS, feature, instrument
from survey_cli.engine.interview import Interview
from survey_cli.entries import LineEntry, ListSearch, to_plain_text
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.open_instrument import StoredText, open_instrument, rebuild_instrument
from survey_cli.instrument.schema.items.coded import SearchItem
from survey_cli.instrument.source import search_lists
from survey_cli.instrument.source.load import load_source, load_source_text
from survey_cli.revisions.meaning_changes import list_changes
from survey_cli.search_lists import ListRow, SearchList
from survey_cli.table.columns import build_columns, find_identifying_columns

QUESTIONNAIRE = """\
instrument: t
title: T
languages: [en, es]
items:
  - {id: place, type: search, list: lists/places.csv, text: {en: Where?, es: ¿Dónde?}}
"""
PLACES = """\
code,text,also,text.es
1,Saint-Étienne,,
2,Łódź,Lodz Poland,
3,Newtown,,Villanueva
4,New Town of the Lake,,
5,Town,,
"""
LETTERS = "abcdefghijklmnoprstuvy"


def isco() -> SearchList:
    question = instrument("features/search_list.yaml").items["occupation"].question
    assert isinstance(question, SearchItem)
    return question.entries


def write(folder: Path, list_text: str, questionnaire: str = QUESTIONNAIRE) -> str:
    (folder / "lists").mkdir(exist_ok=True)
    (folder / "lists" / "places.csv").write_text(list_text, encoding="utf-8")
    (folder / "t.yaml").write_text(questionnaire, encoding="utf-8")
    return str(folder / "t.yaml")


def find(search: SearchList, typed: str, language: str = "en") -> list[str]:
    return [row.get_text(language) for row in search.find(typed, language)]


def places(tmp_path: Path) -> SearchList:
    question = open_instrument(write(tmp_path, PLACES)).items["place"].question
    assert isinstance(question, SearchItem)
    return question.entries


def test_case_accents_and_the_order_of_words_do_not_matter(tmp_path: Path) -> None:
    search = places(tmp_path)
    assert find(search, "etienne SAINT") == ["Saint-Étienne"]
    assert find(search, "lodz") == find(search, "ŁÓD") == find(search, "poland") == ["Łódź"]
    assert find(search, "villa", "es") == ["Villanueva"]
    assert find(search, "3")[0] == "Newtown"


def test_the_best_match_comes_first(tmp_path: Path) -> None:
    search = places(tmp_path)
    assert find(search, "town") == ["Town", "New Town of the Lake"]
    assert find(search, "new") == ["New Town of the Lake", "Newtown"], (
        "a whole word before the beginning of one"
    )
    assert find(search, "town lake quay") == ["New Town of the Lake"], "most of the words"
    assert find(search, "") == find(search, "-") == find(search, "xyz") == []


@pytest.mark.parametrize(
    "typed", ["plumber", "plmber", "plumer", "plumbwr", "pulmber", "lumber", "olumber", "aplumber"]
)
def test_a_slip_of_one_letter_still_finds_it(typed: str) -> None:
    assert "Plumbers and pipe fitters" in find(isco(), typed)


def test_slips_anywhere_in_any_entry_are_found() -> None:
    search, dice = isco(), Random(7)
    for row in search.rows.values():
        first, second = (
            row.get_text("en").lower().replace("-", " ").replace("'", " ").replace(",", "").split()
            * 2
        )[:2]
        at = dice.randrange(len(first))
        slip = dice.choice(
            (first[:at] + dice.choice(LETTERS) + first[at + 1 :], first[:at] + first[at + 1 :])
        )
        if len(slip) >= 4:
            typed = f"{slip} {second} {' '.join(row.get_text('en').split()[2:])}"
            assert row in search.find(typed, "en"), typed


@pytest.mark.time_limit
def test_a_key_among_10_000_entries_takes_at_most_10_ms() -> None:
    dice = Random(3)
    words = [
        "".join(dice.choice(LETTERS[i % 2 :: 2]) for i in range(dice.randint(4, 10)))
        for _ in range(6_000)
    ]
    search = SearchList(
        [
            ListRow(n, {"": " ".join(dice.choices(words, k=3))}, dice.choice(words))
            for n in range(10_000)
        ]
    )
    search.find("x", "en")
    times = []
    for row in dice.sample(list(search.rows.values()), 100):
        typed = row.get_text("en")
        for end in range(1, len(typed) + 1):
            began = process_time()
            search.find(typed[:end], "en")
            times.append(process_time() - began)
    assert sorted(times)[int(0.95 * len(times))] <= 0.010


def test_the_list_is_part_of_the_version(tmp_path: Path) -> None:
    before = open_instrument(write(tmp_path, PLACES))
    after = open_instrument(write(tmp_path, PLACES.replace("Newtown", "Newton")))
    assert before.hash != after.hash
    again = rebuild_instrument(StoredText(before.hash, before.texts, before.edition))
    (columns, *_) = again.items["place"].question.build_variables(again.items["place"], "es")
    assert columns.labels == {
        1: "Saint-Étienne",
        2: "Łódź",
        3: "Villanueva",
        4: "New Town of the Lake",
        5: "Town",
    }
    assert [change.what for change in list_changes(before, after)] == [
        "code 3 was 'Newtown' and is 'Newton'"
    ]


def test_what_is_stored() -> None:
    assert feature("search_list", "", "baker").why == "baker: which?"
    taught = feature("search_list", "", "2341")
    assert "primary school teachers, do you teach" in taught.words
    assert taught.key("1").row == {"occupation": "2341", "occupation_text": "", "teaches": 1}
    other = feature("search_list", "", "9998 I repair bells")
    assert other.row == {"occupation": "9998", "occupation_text": "I repair bells"}
    assert feature("search_list", "", "roofers").row["occupation_text"] == "roofers"
    assert feature("search_list", "", "9998").why == "9998 needs words: type 9998 and the words"
    entry = feature("search_list", "").asked.entry
    assert isinstance(entry, LineEntry)
    assert isinstance(entry.search, ListSearch)
    shown = [*map(to_plain_text, (m.text for m in entry.search.find_listed("dent")))]
    assert shown[0] == "Dentists"


def test_a_list_in_a_module_is_found_beside_the_module(tmp_path: Path) -> None:
    (tmp_path / "modules" / "lists").mkdir(parents=True)
    (tmp_path / "modules" / "lists" / "places.csv").write_text(PLACES, encoding="utf-8")
    item = QUESTIONNAIRE.partition("items:\n")[2]
    (tmp_path / "modules" / "m.yaml").write_text(f"items:\n{item}", encoding="utf-8")
    top = "instrument: t\ntitle: T\nlanguages: [en, es]\nitems:\n  - {include: modules/m.yaml, prefix: b_}\n"
    (tmp_path / "t.yaml").write_text(top, encoding="utf-8")
    made = open_instrument(str(tmp_path / "t.yaml"))
    assert "modules/lists/places.csv" in made.texts
    assert "b_place" in made.items


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "",
            "1:1: place: the list has no column code and no column text — name the columns in the first line",
        ),
        (
            "code,txt\n1,A\n",
            "1:1: place: the list has no column text; it has code, txt — did you mean",
        ),
        ("code,text\n", "1:1: place: the list has no lines"),
        (
            "code,text\n7,A\n8,B\n7,C\n",
            "4:1: place: the code 7 is also on line 2 — give each line a code of its own",
        ),
        ("code,text\n7,\n", "2:1: place: the code 7 has no text"),
        ("code;text\n7;A\n;B\n", "3:1: place: the line has no code"),
        ("code,text\na b,A\n", "2:1: place: 'a b' is not a code"),
        (
            "code,text,text.fr\n1,A,B\n",
            "1:1: place: the column text.fr is for a language that the questionnaire does not have",
        ),
    ],
)
def test_a_bad_list_says_where_and_what(tmp_path: Path, text: str, expected: str) -> None:
    problems = check_instrument(load_source(write(tmp_path, text))).problems
    (problem,) = [p for p in problems if p.rule == "search-list"]
    assert expected in str(problem)
    assert "places.csv" in str(problem)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("lists/place.csv", "there is no file"),
        ("../places.csv", "leads to a parent folder"),
        ("/etc/passwd", "is not below the instrument's folder"),
    ],
)
def test_a_file_that_is_not_there_or_not_allowed(tmp_path: Path, path: str, expected: str) -> None:
    file = write(tmp_path, PLACES, QUESTIONNAIRE.replace("lists/places.csv", path))
    errors = [p for p in check_instrument(load_source(file)).problems if p.severity == "error"]
    assert [expected in p.what for p in errors] == [True]
    assert (
        "lists/places.csv" in errors[0].remedy
        or expected != "there is no file"
        or "places.csv" in errors[0].remedy
    )


def test_options_besides_the_list_have_codes_of_their_own(tmp_path: Path) -> None:
    extra = "place, type: search, options: {5: {text: Elsewhere}, x: {text: Abroad}}"
    problems = check_instrument(
        load_source(write(tmp_path, PLACES, QUESTIONNAIRE.replace("place, type: search", extra)))
    ).problems
    said = "\n".join(map(str, problems))
    assert "the code 5 is also in the list" in said
    assert "the code x is a text, and the codes of the list are not" in said


def test_a_condition_knows_the_codes(tmp_path: Path) -> None:
    text = (
        QUESTIONNAIRE + "  - {id: q, type: read, ask_if: place == 77, text: {en: Hm., es: Hm.}}\n"
    )
    problems = check_instrument(load_source(write(tmp_path, PLACES, text))).problems
    assert [p.rule for p in problems if p.severity == "error"] == ["unknown-code"]


def test_a_journal_replays_after_the_file_has_gone() -> None:
    now = feature("search_list", "", "2330")
    made = now.interview.instrument
    again = Interview.replay(
        rebuild_instrument(StoredText(made.hash, made.texts, made.edition)), now.interview.events
    )
    assert again.machine.recorded_answers == now.interview.machine.recorded_answers


def test_a_list_without_its_file_is_one_problem() -> None:
    text = (INSTRUMENTS / "features" / "search_list.yaml").read_text(encoding="utf-8")
    errors = [p for p in check_instrument(load_source_text(text)).problems if p.severity == "error"]
    assert [p.rule for p in errors] == ["no-file"]


def test_the_words_that_were_typed_are_free_text_and_options_are_filled_in(tmp_path: Path) -> None:
    extra = "place, type: search, options: {99: {en: Elsewhere, es: Otro}}"
    text = QUESTIONNAIRE.replace("place, type: search", extra)
    text += "  - {id: why, type: verbatim, text: {en: 'Why {place|there}?', es: '¿Por qué {place|allí}?'}}\n"
    made = open_instrument(write(tmp_path, PLACES, text))
    assert find_identifying_columns(build_columns(made))["free text"] == (
        "place_text",
        "why",
        "why_state",
    )
    template = made.items["why"].text
    assert to_plain_text(template.fill(Known({"place": 99}), "en")) == "Why Elsewhere?"
    assert to_plain_text(template.fill(Known({"place": 3}), "es")) == "¿Por qué Villanueva?"


def test_a_list_is_read_only_when_it_is_needed(tmp_path: Path) -> None:
    text = (
        QUESTIONNAIRE
        + "  - {id: why, type: verbatim, text: {en: 'Why {place}?', es: '¿Por qué {place}?'}}\n"
    )
    file = write(tmp_path, PLACES.replace("Newtown", f"Newtown of {tmp_path.name}"), text)
    before = search_lists._read_text.cache_info().misses
    made = open_instrument(file, is_in_use=lambda _: True)
    assert search_lists._read_text.cache_info().misses == before
    question = made.items["place"].question
    assert isinstance(question, SearchItem)
    assert len(question.entries.rows) == 5
    assert search_lists._read_text.cache_info().misses == before + 1
