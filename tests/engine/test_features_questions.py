"""Small instruments on question types (instruments/features/) show what their first line says: options, orders,
texts, numbers, dates, and what is offered besides.
"""

from datetime import date, time

from support.scenario import Scenario, feature, instrument, scenario
from survey_cli.engine import prompts
from survey_cli.entries import LineEntry, PickEntry, VerbatimEntry, to_plain_text
from survey_cli.table.columns import build_columns
from survey_cli.values import DK, REFUSED


def test_other_specify() -> None:
    assert feature("other_specify", "7 a poster").row == {"heard": 7, "heard_7_text": "a poster"}
    assert feature("other_specify", "1").row == {"heard": 1, "heard_7_text": ""}
    assert feature("other_specify", "7").why == "7 needs words: type 7 and the words"


def test_exclusive_option() -> None:
    assert feature("exclusive_option", "9").data == {"pets": (9,)}
    assert feature("exclusive_option", "1 9").why == "9 cannot be combined with other answers"
    assert feature("exclusive_option", "1").why == "at least 2 answers"
    assert feature("exclusive_option", "1 2 3 4").why == "at most 3 answers"
    columns = feature("exclusive_option", "3,1").row
    assert columns == {"pets_1": 1, "pets_2": 0, "pets_3": 1, "pets_4": 0, "pets_9": 0}


def test_a_limit_is_an_answer() -> None:
    kids = feature("limits", "4")
    assert isinstance(kids.asked.entry, LineEntry)
    assert kids.asked.entry.hint == "0 to 3"
    assert kids.key("4").why == "4 is more than 3 (People in the household minus 1)"
    school = kids.keys("2")
    assert school.key("3").why == "3 is more than 2 (How many of them are under 18?)"
    assert school.keys("97").data["school"] == 97, "a labeled number is accepted beyond the limit"
    unknown = feature("limits", ".dk")
    assert isinstance(unknown.asked.entry, LineEntry)
    assert unknown.asked.entry.hint == "0 or more", (
        "no limit where the answer it depends on is missing"
    )
    assert unknown.keys("40").data["kids"] == 40


LOWER_LIMITS = """
items:
  - {id: kids, type: number, max: 9, label: Children, text: How many children?}
  - {id: people, type: number, min: kids + 1, max: 12, text: "How many people, with the children?"}
  - {id: rooms, type: number, min: needed, text: How many rooms?}
compute: {needed: people / 4}
"""


def test_a_lower_limit_is_an_answer_or_a_calculation() -> None:
    people = scenario(LOWER_LIMITS).keys("3")
    assert isinstance(people.asked.entry, LineEntry)
    assert people.asked.entry.hint == "4 to 12"
    assert people.key("3").why == "3 is less than 4 (Children plus 1)"
    assert people.keys("-8").data["people"] == DK, "the code of a decline is the decline"
    rooms = people.keys("12")
    assert rooms.key("2").why.startswith("2 is less than 3")
    assert rooms.keys("3").data["rooms"] == 3


def test_without_the_other_answer_there_is_no_lower_limit_but_codes_stay_codes() -> None:
    people = scenario(LOWER_LIMITS).keys(".dk")
    assert people.keys("-2").data["people"] == -2
    assert people.key("-6").why == "-6 is the code of 'Not asked', not a number here"
    assert people.keys("-9").data["people"] == REFUSED


def test_an_answer_beyond_a_corrected_limit_is_asked_again() -> None:
    now = feature("limits", "4", "3", "2").keys(".jump hh_size", "2")
    assert now.place == "kids"
    assert now.earlier == "reopened: 3"
    assert now.key("").why.endswith("3 is more than 1 (People in the household minus 1)")


def test_the_limits_of_a_date() -> None:
    moved = feature("limits", "1", "0")
    assert moved.key("1949").why == "1949 is before Sunday 1 January 1950"
    assert moved.key("25.11.2026").why.endswith(
        "is after Tuesday 24 November 2026 (the day of the interview)"
    )
    assert not moved.key("1950").why, "of a partial date what is known is compared"
    left = moved.keys("March 1980")
    assert (
        left.key("5.2.1980").why
        == "Tuesday 5 February 1980 is before March 1980 (When did you move here?)"
    )
    assert left.keys("5.3.1980").status == "ended"


def test_mentions_ordered() -> None:
    both = feature("mentions_ordered", "3 1", "3 1")
    assert both.data == {"brands": (3, 1), "bought": (1, 3)}
    assert both.row["brands_mentions"] == "3 1"
    assert "bought_mentions" not in both.row
    first = feature("mentions_ordered").asked.entry
    assert isinstance(first, PickEntry)
    assert first.ordered
    assert not any(c.read for c in first.options)


def test_first_mention() -> None:
    crown = feature("first_mention", "3 1")
    assert crown.words == "Why did you name Crown first?"
    assert crown.keys("Cheap").status == "ended", "Crown was named first, not second"
    assert feature("first_mention", "1 3", "Cheap").place == "crown"
    assert feature("first_mention", "1", "Cheap").status == "ended", (
        "no position where it was not named"
    )
    assert feature("first_mention", "9").status == "ended"
    assert feature("first_mention", "").status == "ended"
    corrected = feature("first_mention", "3 1", "Cheap").keys(
        ".reopen", ".jump brands", "1 3", ".back"
    )
    assert corrected.words == "Why did you name Ace first?"


def test_text_tests() -> None:
    email = feature("text_tests")
    assert isinstance(email.asked.entry, LineEntry)
    assert email.asked.entry.hint == "an email address"
    for wrong in ("kim", "kim@example", "@example.org", "kim@ex ample.org", "kim@example..org"):
        assert email.key(wrong).why == f"{wrong} is not an email address"
    site = email.keys("Kim.O@mail.example.org")
    for right in ("example.org", "https://www.example.org/a?b=1#c"):
        assert site.key(right).place == "phone"
    assert site.key("my site").why == "my site is not the address of a website"
    phone = site.keys("example.org")
    for right in ("202 555 0100", "+1 (202) 555-0100 x12", "٢٠٢٥٥٥٠١٠٠"):
        assert phone.key(right).place == "trouble"
    assert phone.key("٢٠٢٥٥٥٠١٠٠").data["phone"] == "2025550100"
    for wrong in ("12345", "call me", "2025550100 2025550100"):
        assert phone.key(wrong).why == f"{wrong} is not a telephone number"
    trouble = phone.keys("202 555 0100")
    assert trouble.key("It was OVERPRICED").place == "price"
    assert trouble.key("None").status == "ended"


def test_defaults_of_a_section() -> None:
    roads = feature("defaults")
    assert to_plain_text(roads.asked.probe) == "Would you say good, fair or poor?"
    assert (list(roads.offered), list(roads.declines)) == ([1, 2, 3], ["dk"])
    schools = roads.keys("1")
    assert list(schools.declines) == ["dk", "refused"]
    moved = schools.keys("1")
    assert to_plain_text(moved.asked.probe) == "", "a key without a value says that there is none"
    trust = moved.keys("3")
    assert len(trust.offered) == 11
    taxes = trust.keys("5")
    assert to_plain_text(taxes.asked.instruction) == "Read slowly."
    assert not taxes.declines
    fees = taxes.keys("1")
    assert fees.offered == {1: "Fair", 2: "Unfair"}
    assert to_plain_text(fees.keys("1").asked.probe) == ""


def test_default_options_are_for_questions_with_options_of_no_other_kind() -> None:
    now = scenario(
        """\
instrument: t
title: T
defaults: {options: {1: Good, 2: Poor}}
items:
  - {id: use, type: battery, answer: {type: number, max: 9}, statements: {sleep: "Hours of sleep?"}}
  - {id: rate, type: battery, statements: {roads: "The roads?"}}
"""
    )
    assert isinstance(now.asked.entry, LineEntry)
    assert now.keys("8").offered == {1: "Good", 2: "Poor"}


def test_named_texts() -> None:
    works = feature("named_texts")
    assert works.words == "Do you work on the farm of your family?"
    assert works.key(".lang es").words == "¿Trabaja usted en la finca de su familia?"
    well = works.keys("1", "20", "40")
    assert well.words == "Your health: is it good?"
    assert well.keys("1").words == "What is your partner's age?"


def test_order_random_anchor() -> None:
    firsts, statements, options = set(), set(), set()
    for seed in range(60):
        now = feature("order_random_anchor", seed=seed)
        two = (now.place, now.keys("1").place)
        assert sorted(two) == ["roads", "schools"]
        firsts.add(two[0])
        now = now.keys("1", "1")
        assert now.place == "all_told"
        now = now.keys("1")
        assert to_plain_text(now.asked.intro) == "How far do you trust these?"
        order = []
        while now.place != "first":
            order.append(now.place)
            now = now.keys("3")
            assert to_plain_text(now.asked.intro) == "", "the introduction is read once"
        assert order[3] == "others"
        statements.add(tuple(order[:3]))
        codes = list(now.offered)
        assert codes[3:] == [8, 9]
        options.add(tuple(codes[:3]))
    assert firsts == {"roads", "schools"}
    rotations = {
        ("courts", "press", "banks"),
        ("press", "banks", "courts"),
        ("banks", "courts", "press"),
    }
    assert statements == rotations
    assert len(options) == 6


def test_order_named_scale_flip() -> None:
    seen = set()
    for seed in range(20):
        now = feature("order_named_scale_flip", seed=seed)
        food, rooms = list(now.offered), list(now.keys("1").offered)
        assert food == rooms, "drawn once an interview"
        seen.add(tuple(food))
        read = "Good, Fair or Poor" if food[0] == 1 else "Poor, Fair or Good"
        assert now.words == f"How is the food? {read}?"
        assert (
            now.keys("1").words == f"How are the rooms? {read.replace(' or', ' or would you say')}?"
        )
    assert seen == {(1, 2, 3, 9), (3, 2, 1, 9)}


def test_languages() -> None:
    now = feature("languages")
    assert now.words == "Good morning, this is Pat."
    assert now.keys(".lang es").words == "Buenos días, le habla Pat."
    assert now.keys(".lang fr").why == "the questionnaire has no language fr"
    one = now.keys("", "1")
    assert one.words == "Is the school of your child good?"
    assert one.keys(".lang es").words == "¿Es buena la escuela de su hijo?"
    assert one.keys(".lang es").offered == {1: "Sí", 2: "No"}
    assert now.keys("", "2", ".lang es").words == "¿Es buena la escuela de sus hijos?"
    assert [d.text for d in one.keys(".lang es").asked.declines] == ["No sabe", "No responde"]


def test_fills() -> None:
    now = feature("fills", sample={"kind": 1, "since": date(1999, 5, 1)})
    assert now.words == "Good morning, Pat for case case 7, on Tuesday 24 November. Not [bold]."
    assert [s.text for s in now.asked.text if s.stress] == ["Not"]
    assert now.keys("").words == "You are with the sector, code 1, since May 1999, the respondent."
    paid = now.keys("", "", "1234.5")
    assert paid.words == "That is 1,234, or 1,234.50."
    assert now.keys("", "", ".dk").words == "That is no figure, or …."
    assert paid.keys("", "1 2").words == "You saw a fox and a hare. {Braces} are doubled."


def test_partial_date() -> None:
    def born(text: str) -> dict[str, object]:
        row = feature("partial_date", text).row
        return {name: row[name] for name in ("born", "born_y", "born_m", "born_d")}

    assert born("3 Mar 1985") == {"born": "1985-03-03", "born_y": 1985, "born_m": 3, "born_d": 3}
    assert born("3/1985") == {"born": "1985-03", "born_y": 1985, "born_m": 3, "born_d": DK}
    assert born("1985") == {"born": "1985", "born_y": 1985, "born_m": DK, "born_d": DK}
    assert feature("partial_date", "3/3/85").why
    assert feature("partial_date", "1985", "3/4/2020").data["moved"] == date(2020, 3, 4)
    assert feature("partial_date", "1985", "2020").why, (
        "a year alone is not enough where all is wanted"
    )
    assert feature("partial_date", "1985", "2020").place == "moved"


def test_time() -> None:
    for typed in ("930", "9:30", "9.30", "9:30 am"):
        assert feature("time", typed).data == {"up": time(9, 30)}
    assert feature("time", "noon").data == {"up": time(12)}
    assert feature("time", "9.30 pm").data == {"up": time(21, 30)}
    assert feature("time", "25:00").place == "up"
    assert feature("time", "930", "9:00").why == "Nobody leaves before getting up."


def test_number_codes() -> None:
    first = feature("number_codes")
    entry = first.asked.entry
    assert isinstance(entry, LineEntry)
    assert entry.labels == ((97, "97 or older"),)
    assert first.keys("97").data == {"age": 97}
    assert first.keys("98").why == "98 is more than 97"
    assert first.keys("17").why == "17 is less than 18"
    assert first.keys("97", ".back").earlier == "answer: 97 97 or older"
    assert first.keys("50", "-4").data["degrees"] == -4
    assert first.keys("50", "2.5").place == "degrees"


def test_ranges() -> None:
    room = feature("ranges", "")
    assert isinstance(room.asked.entry, LineEntry)
    assert room.asked.entry.hint == "1 to 12 or 101 to 199"
    assert room.key("0").why == "0 is less than 1"
    assert room.key("13").why == "13 is not accepted: 1 to 12 or 101 to 199"
    assert room.key("200").why == "200 is more than 199"
    assert room.keys("77").data == {"room": DK}, "between the ranges"
    assert room.keys("12").place == "people"
    beds = room.keys("101", "2", "5")
    assert isinstance(beds.asked.entry, LineEntry)
    assert beds.asked.entry.hint == "0 to 1 or 4 to 5", "as many as people at most"
    assert beds.key("6").why == "6 is more than 5 (How many people live in it?)"
    assert beds.key("2").why == "2 is not accepted: 0 to 1 or 4 to 6"
    assert beds.keys("4").data == {"room": 101, "floor": 2, "people": 5, "beds": 4}
    fewer = beds.keys(".jump people", "3")
    assert isinstance(fewer.asked.entry, LineEntry)
    assert fewer.asked.entry.hint == "0 to 1"


def test_duration() -> None:
    sleep = feature("duration", "")
    entry = sleep.asked.entry
    assert isinstance(entry, LineEntry)
    assert (entry.kind, entry.unit) == ("duration", "")
    assert entry.hint == "0 min to 16 h, as 90 (min) or 1:30"
    for typed in ("450", "7:30", "7h30", "7 h 30 min", "7.5 h", "7 hours and 30 minutes"):
        assert sleep.keys(typed).data == {"sleep": 450}, typed
        assert prompts.describe_reply(sleep.interview, typed) == "7 hours 30 minutes"
    assert sleep.key("17 h").why == "17 hours is more than 16 hours"
    assert sleep.key("7:30:20").why == "7 hours 30 minutes 20 seconds: whole minutes only"
    way = sleep.keys("7:30")
    assert way.keys("777").data["way"] == DK
    assert way.key("0").why == "0 minutes is less than 1 minute"
    drive = way.keys("90")
    assert to_plain_text(drive.asked.text) == "And how long of 1 hour 30 minutes do you drive?"
    assert drive.key("2h").why == (
        "2 hours is more than 1 hour 30 minutes (How long is your way to work?)"
    )
    assert drive.keys("1h", "1:30").data == {"sleep": 450, "way": 90, "drive": 60, "call": 90}
    assert sleep.key("1:30").query == "Only 1 hour 30 minutes?"
    columns = build_columns(sleep.interview.instrument)
    labels = {column.name: column.label for column in columns}
    assert labels["sleep"] == "How long did you sleep last night? (minutes)"
    assert labels["call"] == "How long did you wait on the phone? (seconds)"


def test_text_pattern() -> None:
    assert feature("text_pattern", "01234").data == {"zip": "01234"}
    for bad in ("1234", "0123a", "012345"):
        assert feature("text_pattern", bad).place == "zip"
    assert feature("text_pattern", "01234", "AB-12C").data["plate"] == "AB-12C"
    assert feature("text_pattern", "01234", "AB-12-").place == "plate"


def test_verbatim() -> None:
    now = feature("verbatim", "2")
    assert isinstance(now.asked.entry, VerbatimEntry)
    assert to_plain_text(now.asked.probe) == "What else?"
    assert to_plain_text(now.asked.help).startswith("Write down every word.")
    assert now.keys("It rains.\nAlways.").data["why"] == "It rains.\nAlways."
    assert now.keys("   ").place == "why"
    assert now.keys(".refused").row["why_state"] == REFUSED
    assert now.keys("It rains.").row == {"content": 2, "why": "It rains.", "why_state": 0}
    assert str(now.interview.instrument.items["why"].question.base) != "None"


def test_prefill() -> None:
    now = feature("prefill", sample={"town": "Ely", "size": 2})
    assert now.earlier == "prefill: Ely"
    assert now.data == {}, "it counts once it is confirmed"
    assert now.keys("").data == {"lives": "Ely"}
    assert now.keys("York", "1").data == {"lives": "York", "firm": 1}
    assert now.keys("", "").data == {"lives": "Ely", "firm": 2}
    assert feature("prefill").keys("").why == "an answer is needed"


def test_personal() -> None:
    made = instrument("features/personal.yaml")
    hidden = {
        leaf.id: any(v.personal for v in leaf.question.build_variables(leaf, "en"))
        for leaf in made.items.values()
    }
    assert hidden == {"hello": False, "colour": False, "email": True}
    assert all(made.sample[name].is_personal for name in ("name", "phone"))
    entry = feature("personal", "blue").asked.entry
    assert isinstance(entry, LineEntry)
    assert entry.personal


def test_faq() -> None:
    said = {to_plain_text(q): to_plain_text(a) for q, a in feature("faq").asked.faq}
    assert said["Who is paying for this?"] == "The County Library."
    assert len(said) == 2


def test_nets() -> None:
    question = instrument("features/nets.yaml").items["agree"].question
    assert {str(k): list(map(str, v)) for k, v in question.nets.items()} == {
        "Agree": ["1", "2"],
        "Disagree": ["3", "4"],
    }
    leaf = instrument("features/nets.yaml").items["agree"]
    assert leaf.question.build_variables(leaf, "en")[0].label == "Agreement"


def test_by_interviewer() -> None:
    voice = feature("by_interviewer")
    assert not voice.asked.aloud
    assert voice.declines == {}
    assert voice.keys(".dk").why == "this cannot be declined"
    assert voice.keys("1").asked.aloud


def test_item_declines() -> None:
    now = feature("item_declines")
    assert now.declines == {"dk": -8, "refused": -9, "never_heard": -7}
    assert [d.key for d in now.asked.declines] == ["d", "r", "h"]
    none = now.keys(".never_heard")
    assert none.data["any"].kind == "never_heard"  # type: ignore[union-attr]
    assert none.declines == {}
    one = none.keys("x")
    assert one.declines == {"dk": -8}
    assert one.keys(".refused").why == "not a decline of this item"
    coded = one.keys(".dk")
    assert coded.declines == {"dk": 98, "refused": 99}
    assert [d.text for d in coded.asked.declines] == ["Don't know", "Will not say"]
    assert coded.keys("98").data["coded"] == coded.keys(".dk").data["coded"]
    assert instrument("features/item_declines.yaml").declines["not_reached"].code == -5


def test_decline_sets() -> None:
    now = feature("decline_sets").keys("")
    assert now.declines == {"dk": 7, "refused": 9}
    now = now.keys("1")
    assert now.declines == {"dk": 77, "refused": 99}
    now = now.keys("7")
    assert now.declines == {"dk": 7777, "refused": 9999}
    assert [d.text for d in now.asked.declines] == ["Don't know", "Will not say"]
    now = now.keys(".refused")
    # what has no width has the codes of the file
    assert now.declines == {"dk": -8, "refused": -9}


def test_scale_long() -> None:
    short = feature("scale_long")
    assert short.offered[0] == "Cold"
    assert isinstance(short.keys("7").asked.entry, LineEntry)
    assert short.keys("7", "55").data == {"keyed": 7, "typed": 55}
    assert short.keys("7", "101").place == "typed"


def test_option_conditions() -> None:
    car = feature("option_conditions", "car")
    assert car.offered == {1: "By car", 3: "On foot"}
    assert feature("option_conditions", "none").offered == {3: "On foot"}
    assert feature("option_conditions", ".dk").offered == {3: "On foot"}
    entry = car.asked.entry
    assert isinstance(entry, PickEntry)
    assert entry.options[1].note == "also with a pram"
    gone = car.keys("1", "1", ".reopen", ".jump owns", "bike")
    assert (gone.place, gone.earlier) == ("best", "reopened: 1 By car")
    assert gone.data == {"owns": ("bike",), "far": 1}
    leaf = gone.interview.instrument.items["best"]
    assert leaf.question.build_variables(leaf, "en")[0].labels[3] == "Walking"


def test_options_fill() -> None:
    seen = {feature("options_fill", seed=seed).words for seed in range(40)}
    assert seen == {
        "Should taxes rise, fall or should they stay as they are?",
        "Should taxes fall, stay as they are or should they rise?",
        "Should taxes stay as they are, rise or should they fall?",
    }
    assert feature("options_fill", "1").words == "Are you sure or in doubt?"


def test_unit_decimals() -> None:
    first = feature("unit_decimals")
    entry = first.asked.entry
    assert isinstance(entry, LineEntry)
    assert entry.unit == "kg"
    assert first.keys("72.5", ".back").earlier == "answer: 72.5 kg"
    assert first.keys("72.55").why == "1 decimal place only"
    assert first.keys("0.4").place == "weight"
    assert first.keys("72.5", "1.5").why == "whole numbers only"
    assert first.keys("72.5", "10,500").data["steps"] == 10500


def test_study() -> None:
    study = instrument("features/study.yaml").document.study
    assert str(study.sponsor) != "None"
    assert study.size == 120_000
    assert to_plain_text(feature("study").asked.help) == "Books of any kind."


def test_options_from_answers() -> None:
    now = feature("options_from_answers", "1 3")
    assert (now.place, set(now.offered)) == ("best", {1, 3})
    assert now.keys("2").why, "what was not chosen is not offered"
    now = now.keys("3")
    assert (now.place, now.offered) == ("would_try", {2: "Bruma"}), "none of these is no brand"
    now = now.keys("2", "3", "Ann", "40", "Bo", "7", ".dk", "15")
    assert (now.place, now.offered) == ("cook", {1: "Ann", 3: "person 3"})
    now = now.keys(".jump name#3", "Cy", "15")
    assert (now.place, now.offered) == ("cook", {1: "Ann", 3: "Cy"})
    now = now.keys("3")
    assert now.words == "So Ann lives here, and the cook is Cy."
    now = now.keys(".back")
    assert now.earlier == "answer: 3 Cy"
    assert now.keys(".jump age#3", "14").place == "cook", "Cy is no longer offered"
    nothing_known = feature("options_from_answers", "9")
    assert nothing_known.place == "would_try", "without an option there is nothing to ask"
    assert feature("options_from_answers", ".dk").place == "hh_size"


def test_options_from_people_have_turns_as_codes() -> None:
    labels = {
        v.name: v.labels for v in build_columns(instrument("features/options_from_answers.yaml"))
    }
    assert labels["cook"] == {1: "person 1", 2: "person 2", 3: "person 3", 4: "person 4"}
    assert labels["best"] == {1: "Alba", 2: "Bruma", 3: "Calma"}
    assert list(labels["would_try_2"]) == [0, 1]
    assert "would_try_9" not in labels


def test_battery_total() -> None:
    def arrive(now: Scenario) -> tuple[str, str, str]:
        asked = now.asked
        return now.place, to_plain_text(asked.text), to_plain_text(asked.instruction)

    start = feature("battery_total", "", seed=4)
    first, text, left = arrive(start)
    assert text == f"How much of it do you spend on {text.rpartition(' on ')[2]}"
    assert left == "100 of 100 percent left for 3 answers"
    after = start.keys("60")
    second, text, left = arrive(after)
    assert text.startswith("How about ")
    assert left == "40 of 100 percent left for 2 answers"
    assert after.keys("41").why == "41 is 1 too many: 40 of 100 left for 2 answers"
    assert after.keys("101").why == "101 is more than 100", "its own limit comes first"
    last = after.keys("30")
    third, _, left = arrive(last)
    assert left == "10 of 100 percent left"
    assert last.keys("5").why == "5 is 5 too few: 10 of 100 left"
    assert last.keys("11").why == "11 is 1 too many: 10 of 100 left"
    assert {name: value for name, value in last.keys("10").data.items() if name != "many"} == {
        first: 60, second: 30, third: 10
    }  # fmt: skip
    declined = after.keys(".dk")
    assert declined.keys("5").place != third, "after a decline the answers need not add up"
    assert declined.keys("41").why
    amounts = {"calls": 60, "meetings": 30, "writing": 10}
    asked = start
    while asked.place in amounts:
        asked = asked.key(str(amounts[asked.place]))
    assert asked.place == "many"
    corrected = asked.keys(f".jump {second}", str(amounts[second] - 5))
    assert corrected.place == third, "the last one no longer fits"
    assert corrected.earlier == f"reopened: {amounts[third]} percent"
    assert corrected.keys(str(amounts[third] + 5)).place in ("many", "")


def test_a_total_needs_what_the_answers_can_reach() -> None:
    answer = "answer: {type: number, min: 10, max: 24}, total: 24"
    battery = f"items:\n  - {{id: b, type: battery, {answer}, statements: {{x: X, y: Y}}}}\n"
    low = scenario(battery)
    assert low.keys("15").why == "15 is 1 too many: 24 of 24 left for 2 answers"
    high = scenario(battery.replace("24}, total: 24", "24}, total: 40"))
    assert high.keys("15").why == "15 is 1 too few: 40 of 40 left for 2 answers"
    assert high.keys("16", "24").data == {"x": 16, "y": 24}


def test_the_ranges_of_a_total_leave_what_the_others_can_reach() -> None:
    """Of three answers from 0 to 1 or 4 to 10 that add up to 10, none can be 7 without 3 for the others."""
    answer = "answer: {type: number, range: [0 to 1, 4 to 10]}, total: 10"
    statements = "statements: {x: X, y: Y, z: Z}"
    first = scenario(f"items:\n  - {{id: b, type: battery, {answer}, {statements}}}\n")
    assert isinstance(first.asked.entry, LineEntry)
    assert first.asked.entry.hint == "0 to 1, 4 to 6 or 8 to 10"
    assert first.key("7").why == "7 doesn't fit: 10 of 10 left for 3 answers"
    assert first.key("3").why == "3 is not accepted: 0 to 1 or 4 to 10"
    second = first.keys("5")
    assert second.key("6").why == "6 is 1 too many: 5 of 10 left for 2 answers"
    assert second.keys("4", "1").data == {"x": 5, "y": 4, "z": 1}
    assert second.keys(".dk", "5").data["z"] == 5, "after a decline they need not add up"


def test_a_total_may_be_an_earlier_answer_and_parts_may_have_decimals() -> None:
    hours = scenario(
        "items:\n  - {id: hours, type: number, decimals: 1, text: H?}\n"
        "  - {id: b, type: battery, answer: {type: number, decimals: 1}, total: hours, statements: {x: X, y: Y, z: Z}}\n"
    )
    assert hours.keys("0.6", "0.1", "0.2", "0.3").data == {
        "hours": 0.6,
        "x": 0.1,
        "y": 0.2,
        "z": 0.3,
    }
    assert hours.keys(".dk", "50", "1", "2").data["z"] == 2, "nothing to add up to"
