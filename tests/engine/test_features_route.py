"""Small instruments on the route (instruments/features/) show what their first line says: conditions, checks,
rosters, draws, splits, ends and computes.
"""

from collections import Counter
from datetime import date, timedelta

from support.random_respondents import portrait, replayed
from support.scenario import STAMP, Scenario, feature, instrument, scenario
from survey_cli.engine.codec import decode_record, encode_record
from survey_cli.engine.interview import Interview
from survey_cli.entries import ReadEntry, Rejection, to_plain_text
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import DK, NOT_ASKED, REFUSED


def test_unless_fails_closed() -> None:
    assert feature("unless_fails_closed", "1").place == "votes"
    for doubtful in ("2", ".dk", ".refused"):
        stopped = feature("unless_fails_closed", doubtful)
        assert stopped.asked.ending == "not_eligible"
        assert stopped.keys("").outcome == "not_eligible"


def test_ask_if() -> None:
    assert feature("ask_if", "2", "a Fiat", "a bus", "1").data == {
        "cars": 2, "makes": "a Fiat", "second": "a bus", "bus": 1,
    }  # fmt: skip
    assert feature("ask_if", "1", "a Fiat").place == "bus"
    assert feature("ask_if", "0").place == "bus"
    assert feature("ask_if", ".dk").place == "bus"
    corrected = feature("ask_if", "1", "a Fiat", ".jump cars", "0", "1")
    assert corrected.data == {"cars": 0, "bus": 1}
    assert corrected.status == "ended"


def at_minute(now: Scenario, minute: int, *keys: str) -> Scenario:
    """Key lines at a minute of the interview."""
    stamp = STAMP._replace(at=STAMP.at + timedelta(minutes=minute))
    for key in keys:
        event = now._event(key)
        assert not isinstance(event, Rejection)
        now = now.step(event._replace(stamp=stamp)).settled()
    assert portrait(replayed(now)) == portrait(now), "the times of the events say what was read"
    return now


def test_elapsed_is_fixed_where_it_was_first_read() -> None:
    quick = at_minute(feature("elapsed"), 9, "A nurse")
    assert quick.place == "hours"
    assert at_minute(feature("elapsed"), 10, "A nurse").place == "late"
    assert quick.unreached >= {"hours", "tasks", "late"}, "nobody knows yet when it gets there"
    late = at_minute(quick, 12, "38", "Care")
    assert late.place == "late"
    corrected = at_minute(late, 30, ".back", ".back", ".back", "A baker", "", "", "")
    assert corrected.data == {"work": "A baker", "hours": 38, "tasks": "Care"}
    assert corrected.status == "ended"


def test_the_time_between_two_sessions_is_not_elapsed() -> None:
    later = at_minute(at_minute(feature("elapsed"), 3, ".suspend"), 300, ".resume")
    assert at_minute(later, 304, "A nurse").place == "hours"
    assert at_minute(later, 310, "A nurse").place == "late"


def test_an_attribute_of_the_interviewer_is_that_of_whoever_began() -> None:
    began = feature("elapsed").interview.start._replace(attributes={"sex": "f"})
    assert decode_record(encode_record(began)) == began
    now = Scenario(Interview.begin(feature("elapsed").interview.instrument, began))
    asked = at_minute(now, 11, "", "A nurse")
    assert asked.place == "health"
    assert asked.keys(".suspend", ".resume Sam").place == "health"


def test_soft_check() -> None:
    doubted = feature("soft_check", "100")
    assert (doubted.place, doubted.query) == ("hours", "100 hours is unusual.")
    assert doubted.asked.query is not None
    assert not doubted.asked.query.aloud
    assert doubted.keys(".ok two jobs").place == "paid"
    assert doubted.keys("40").data == {"hours": 40}
    assert feature("soft_check", "80").place == "paid"
    assert feature("soft_check", ".dk").place == "paid"
    assert "two jobs" in str(doubted.keys(".ok two jobs").interview.events[-1])
    confirmed = doubted.keys(".ok two jobs", ".back")
    assert confirmed.keys("").place == "paid", "what was confirmed is not asked about again"


def test_hard_check() -> None:
    three = feature("hard_check", "3")
    assert three.keys("4").why == "There are only 3 rooms."
    assert three.keys("4").place == "bedrooms"
    kept = three.keys("3", "1", ".reopen", ".jump rooms", "2")
    assert (kept.place, kept.earlier) == ("bedrooms", "reopened: 3")
    assert kept.data == {"rooms": 2, "garden": 1}
    assert kept.keys("").why == "the earlier answer no longer fits: There are only 2 rooms."
    assert kept.keys("1").data == {"rooms": 2, "bedrooms": 1, "garden": 1}


def test_confirm_aloud() -> None:
    asked = feature("confirm_aloud", "1200")
    assert asked.query == "Did you say 1,200 dollars?"
    assert asked.asked.query is not None
    assert asked.asked.query.aloud
    assert asked.keys(".ok").data == {"price": 1200}
    assert feature("confirm_aloud", "500").status == "ended"


PEOPLE = ("2", "Ann", "40", "1", "Bo", "7")


def test_roster_count() -> None:
    now = feature("roster_count", *PEOPLE)
    assert now.data == {
        "hh_size": 2,
        "name#1": "Ann",
        "age#1": 40,
        "works#1": 1,
        "name#2": "Bo",
        "age#2": 7,
    }
    assert now.words == "So there are 1 adults, the eldest being 40."
    assert (now.computed("adults"), now.computed("eldest")) == (1, 40)
    assert now.keys("").status == "ended"
    assert feature("roster_count", "1", "Kim", "9", "").words == "You began with a child, Kim."
    fewer = now.keys(".jump hh_size", "1")
    assert "name#2" not in fewer.data
    assert fewer.computed("eldest") == 40
    assert feature("roster_count", ".dk").place == "sum_up"
    many = feature("roster_count", "9", ".ok")
    assert many.asked.total == 2 + 4 * 3 + 2, "max bounds the turns"


def test_roster_each() -> None:
    now = feature("roster_each", "web tv")
    assert now.words == "How many minutes a day do you spend with television?"
    assert to_plain_text(now.asked.turn) == "television"
    done = now.keys("60", "4", "90", "2")
    assert done.data == {
        "media": ("tv", "web"),
        "minutes#1": 60,
        "trust#1": 4,
        "minutes#3": 90,
        "trust#3": 2,
    }
    without = done.keys(".reopen", ".jump media", "web")
    assert without.data == {"media": ("web",), "minutes#3": 90, "trust#3": 2}
    assert without.why == "", "turns never renumber: the internet keeps its answers"


def test_roster_until() -> None:
    now = feature("roster_until", "Rome", "1", "Oslo", "2")
    assert now.data == {"place#1": "Rome", "trip_more#1": 1, "place#2": "Oslo", "trip_more#2": 2}
    assert now.words == "That makes 2 trips."
    assert feature("roster_until", "Rome", ".dk").place == "sum_up"
    full = feature("roster_until", "Rome", "1", "Oslo", "1", "Bern")
    assert full.words == "That makes 3 trips."


def test_draw_random() -> None:
    keys = ("4", "Ann", "40", "Bo", "7", "Cy", "30", "Di", "20")
    drawn: list[object] = []
    for seed in range(300):
        now = feature("draw_random", *keys, seed=seed)
        assert now.row["adult_of"] == 3
        drawn.append(now.data["adult"])
    assert set(drawn) == {1, 3, 4}
    assert all(70 <= drawn.count(turn) <= 130 for turn in (1, 3, 4)), (
        "each of three with equal chance"
    )
    names = {1: "Ann", 3: "Cy", 4: "Di"}
    now = feature("draw_random", *keys, seed=5)
    assert now.words == f"The lot has fallen on {names[now.data['adult']]}."  # type: ignore[index]
    nobody = feature("draw_random", "1", "Kid", "7")
    assert (nobody.data["adult"], nobody.keys("").outcome) == (NOT_ASKED, "not_eligible")


def test_draw_youngest() -> None:
    keys = ("3", "Ann", "40", "3/3/1986", "Bo", "7", "1/12/2018", "Cy", "30", "24/11/1996")
    now = feature("draw_youngest", *keys, today=date(2026, 11, 24))
    assert now.words == "The youngest is Bo, the next birthday is Bo's."
    assert (now.row["youngest"], now.row["birthday"]) == (2, 2)
    later = feature("draw_youngest", *keys, today=date(2026, 12, 2))
    assert later.data["birthday"] == 1, "today's birthday and those just over are a year away"


def test_draw_is_made_anew_when_who_can_be_drawn_has_changed() -> None:
    now = feature("draw_random", "2", "Ann", "40", "Bo", "7")
    assert (now.row["adult"], now.row["adult_of"]) == (1, 1)
    older = now.keys(".jump age#2", "70")
    assert older.row["adult_of"] == 2


def test_draw_numbers() -> None:
    drawn = []
    for seed in range(300):
        now = feature("draw_numbers", "4", "2", seed=seed)
        assert now.row["who_of"] == 4
        drawn.append(now.data["who"])
    assert all(50 <= drawn.count(number) <= 100 for number in (1, 2, 3, 4)), "equal chances"

    for seed in range(30):
        four = feature("draw_numbers", "4", "2", seed=seed)
        five = four.keys(".jump adults", "5")
        assert five.row["who_of"] == 5
        assert five.data["who"] in (four.data["who"], 5), "a correction doesn't draw all again"
        assert five.keys(".jump adults", "4").data["who"] == four.data["who"]

    nobody = feature("draw_numbers", "0")
    assert (nobody.data["who"], nobody.keys("").outcome) == (NOT_ASKED, "not_eligible")
    refused = feature("draw_numbers", ".refused")
    assert refused.data["who"] == REFUSED


def test_handover() -> None:
    now = feature("handover", "Bo", "2")
    assert now.words == "May I speak with Bo?"
    assert to_plain_text(now.asked.instruction).startswith("Ask for Bo")
    assert isinstance(now.asked.entry, ReadEntry)
    assert now.keys("").place == "age"
    assert feature("handover", "Bo", "1").place == "age"
    assert feature("handover", ".refused", "2").words == "May I speak with the youngest adult?"


def test_split() -> None:
    arms = [feature("split", seed=seed).data["wording"] for seed in range(400)]
    assert 260 <= arms.count("forbid") <= 340, "three to one"
    assert arms.count("forbid") + arms.count("not_allow") == 400
    for seed in range(10):
        now = feature("split", seed=seed)
        assert now.place == ("q_forbid" if now.data["wording"] == "forbid" else "q_allow")
        assert now.data == feature("split", seed=seed).data, "the same seed draws the same arm"


def test_split_in_sample() -> None:
    sent = {"number": "n1", "letter": "sent", "kind": 2}
    now = feature("split_in_sample", "", "1", sample=sent)
    assert now.data == {"got_it": 1, "line": 2}
    assert now.place == "only"
    silent = feature("split_in_sample", sample={"number": "n2", "letter": "not_sent", "kind": 1})
    assert (silent.data, silent.outcome) == ({"line": 1}, "complete")
    assert instrument("features/split_in_sample.yaml").sample["email"].is_personal


def test_lookup_quota() -> None:
    assert feature("lookup_quota", "1").data == {"sex": 1, "cell": "open"}
    assert feature("lookup_quota", "1").place == "reads"
    full = feature("lookup_quota", "1", quotas={"sexes": "full"})
    assert full.asked.ending == "quota_full"
    assert feature("lookup_quota", "1", quotas={"sexes": "outside"}).place == "reads"


def test_end_temporary() -> None:
    later = feature("end_temporary", "2", "")
    assert (later.status, later.outcome) == ("suspended", "callback")
    again = later.keys(".resume")
    assert (again.place, again.earlier) == ("now", "answer: 2 No, call me later")
    assert again.keys("1", "1").outcome == "complete"
    assert again.keys("1", "1").data == {"now": 1, "tea": 1}


def test_end_final() -> None:
    for code, outcome in (("2", "not_eligible"), ("3", "moved")):
        stopped = feature("end_final", code, "")
        assert (stopped.status, stopped.outcome) == ("ended", outcome)
        assert stopped.unreached == set(), "after an end the rest is not asked"
    corrected = feature("end_final", "2", ".jump owns", "1")
    assert corrected.place == "rides"
    assert (
        str(instrument("features/end_final.yaml").document.outcomes["moved"].like) == "not_eligible"
    )  # type: ignore[index]


def test_missing_three_valued() -> None:
    reads = {"known", "either", "in_list", "refusing", "no_view"}

    def read(*keys: str) -> set[str]:
        now = feature("missing_three_valued", *keys)
        while now.status == "open":
            now = now.keys(
                ""
                if isinstance(now.asked.entry, ReadEntry)
                else "5"
                if now.place == "view"
                else "1"
            )
        return set(now.route) & reads

    assert read("3", "4") == {"known", "no_view"}
    assert read("6", ".refused") == {"either", "refusing", "no_view"}, "true or unknown is true"
    assert read("3", ".refused") == {"refusing", "no_view"}, "false or unknown is unknown"
    assert read(".dk", "3") == {"in_list", "no_view"}
    assert read("1", "3") == {"known", "in_list", "no_view"}
    now = feature("missing_three_valued", ".dk", ".refused")
    assert now.computed("both") == REFUSED, (
        "of several missing kinds, refused comes before don't know"
    )
    assert now.computed("small") == "not small", "an unknown condition takes else"
    assert feature("missing_three_valued", "3", ".dk").computed("some") == 3
    assert feature("missing_three_valued", "3", ".dk").computed("both") == DK


def test_compute() -> None:
    now = feature("compute", "4000", "1500", "3/3/1985")
    assert {c: now.computed(c) for c in ("year_pay", "group", "age", "share", "largest")} == {
        "year_pay": 48000, "group": "low", "age": 41, "share": 37.5, "largest": 4000,
    }  # fmt: skip
    assert (now.place, now.words) == ("hard", "Is 37.5 per cent hard to pay?")
    assert feature("compute", "9000", "1500", "3/3/1985").words == (
        "You are 41, in the high group, and the larger sum is 9000."
    )
    unknown = feature("compute", ".dk", "1500", "3/3/1985")
    assert unknown.computed("year_pay") == DK
    assert unknown.words == "You are 41, in the low group, and the larger sum is …."
    assert feature("compute", "0", "1500", "3/3/1985").computed("share") == NOT_ASKED, (
        "nothing is divided by nought"
    )


def test_include_prefix() -> None:
    now = feature("include_prefix", "", "40")
    assert now.words == "With 40 hours, in which sector is it?"
    second = now.keys("1", "", "20")
    assert (second.place, second.words) == ("longer", "Yours is the longer one.")
    assert second.data == {"hours": 40, "sector": 1, "b_hours": 20}
    assert (second.computed("full_time"), second.computed("b_full_time")) == (True, False)
    assert now.keys("1", "", "50").words == "With 50 hours, in which sector is it?"
    leaf = instrument("features/include_prefix.yaml").items["b_sector"]
    assert leaf.question.build_variables(leaf, "en")[0].labels == {
        1: "Private sector",
        2: "Public sector",
    }


def test_after_hangup() -> None:
    now = feature("after_hangup", "1")
    assert not now.asked.after_hangup
    noise = now.keys("")
    assert noise.asked.after_hangup
    assert noise.asked.section == "For the interviewer"
    assert noise.keys("1").outcome == "complete"


def test_statement_conditions() -> None:
    drives = feature("statement_conditions", "1")
    assert (drives.place, drives.words) == (
        "parking",
        "How important is easy parking, from 1 to 5?",
    )
    assert to_plain_text(drives.asked.intro) == "Now about what matters to you."
    assert drives.asked.section == "What matters"
    walks = feature("statement_conditions", "2")
    assert walks.place == "buses"
    assert to_plain_text(walks.asked.intro) == "Now about what matters to you.", (
        "before whichever comes first"
    )
    assert walks.keys("5").status == "ended"
    assert walks.keys("4").place == "end_read"
    leaf = instrument("features/statement_conditions.yaml").items["parking"]
    assert leaf.question.build_variables(leaf, "en")[0].label == "Parking"


def test_fieldwork() -> None:
    written = instrument("features/fieldwork.yaml").document.fieldwork
    assert written is not None
    assert (written.attempts.total, written.attempts.per_day, written.attempts.per_daypart) == (
        6,
        2,
        1,
    )
    assert list(map(str, written.closed)) == ["2026-11-26"]
    assert str(written.recording) == "notice"
    assert feature("fieldwork", "").keys("2", "").outcome == "not_eligible"


def test_roster_over_roster() -> None:
    people = ("3", "Ann", "40", "Bo", "7", "Cy", "70")
    now = feature("roster_over_roster", *people)
    assert (now.place, now.words) == ("works#1", "Does Ann work for pay?")
    assert to_plain_text(now.asked.turn) == "work 1: Ann"
    now = now.keys("1")
    assert now.words == "How many hours does Ann work?"
    now = now.keys("38")
    assert (now.place, now.offered) == ("cares#1", {2: "Bo"})
    now = now.keys("2")
    assert (now.place, now.words) == ("works#3", "Does Cy work for pay?"), "Bo is too young"
    now = now.keys("1", "2")
    assert now.place == "earners"
    row = dict(
        zip(
            [v.name for v in build_columns(now.interview.instrument)],
            build_row(now.interview),
            strict=True,
        )
    )
    assert (row["work_turns"], row["hours_1"], row["hours_2"], row["hours_3"]) == (
        2,
        38,
        NOT_ASKED,
        NOT_ASKED,
    )
    assert "works_4" in row
    older = now.keys(".jump age#2", "15")
    assert (older.place, older.words) == ("works#2", "Does Bo work for pay?"), (
        "nobody is under 15 to be looked after"
    )
    assert older.keys("2", "").data["works#3"] == 1, "what was said of Cy stays with Cy"
    unknown = feature("roster_over_roster", ".dk")
    assert unknown.status == "ended"


def test_turns_that_may_be_visited_are_not_reached() -> None:
    assert feature("roster_over_roster", "2", "Ann").unreached >= {"works#1", "works#2", "hours#2"}
    now = feature("roster_over_roster", "1", "Ann", "9")
    assert now.status == "ended"
    row = dict(
        zip(
            [v.name for v in build_columns(now.interview.instrument)],
            build_row(now.interview),
            strict=True,
        )
    )
    assert row["work_turns"] == 0


def test_confirm_list() -> None:
    asked = feature("confirm_list", "", "300")
    assert asked.keys("10").status == "ended", "neither is read"
    first = asked.keys("60")
    assert first.query == "Did you say 60 pairs?"
    assert first.asked.query is not None
    assert to_plain_text(first.asked.query.otherwise) == "How many pairs is it, then?"
    second = first.keys(".ok")
    assert second.query == "And did each of the 60 cost about 300 dollars?"
    assert second.keys(".ok").data == {"paid": 300, "pairs": 60}
    assert second.keys("55").query == "Did you say 55 pairs?", (
        "another answer is read back from the first on"
    )
    assert second.keys("6").data == {"paid": 300, "pairs": 6}


def pick(*keys: str, seed: int = 1) -> dict[str, object]:
    """The row of an interview that answers 1 to everything after these keys."""
    now = feature("pick", *keys, seed=seed)
    while now.status == "open":
        now = now.keys("1")
        assert not now.why
    return dict(
        zip(
            [v.name for v in build_columns(now.interview.instrument)],
            build_row(now.interview),
            strict=True,
        )
    )


def test_pick() -> None:
    rows = [pick("1 2 3", seed=seed) for seed in range(300)]
    assert {(row["rate_pick_of"], row["topics_pick_of"], row["trust_pick_of"]) for row in rows} == {
        (3, 2, 3)
    }
    for name, each in (("rate_pick", 100), ("trust_pick", 100), ("topics_pick", 150)):
        counts = Counter(row[name] for row in rows)
        assert all(abs(count - each) < 35 for count in counts.values()), counts
    for row in rows:
        asked = [str(turn) for turn in (1, 2, 3) if row[f"likes_{turn}"] == 1]
        assert row["rate_pick"] == " ".join(asked), "the turns keep their numbers"
        assert row["trust_pick"] == " ".join(
            name for name in ("press", "courts", "banks") if row[name] == 1
        )
    fewer = pick("2")
    assert (fewer["rate_pick"], fewer["rate_pick_of"], fewer["trust_pick_of"]) == ("2", 1, 2), (
        "who knows only one"
    )
    none = pick("9")
    assert (none["rate_pick"], none["rate_pick_of"], none["rate_turns"]) == (
        NOT_ASKED,
        NOT_ASKED,
        NOT_ASKED,
    )
    unknown = pick(".dk")
    assert (unknown["rate_pick"], unknown["rate_pick_of"], unknown["rate_turns"]) == (DK, DK, DK)
    assert unknown["trust_pick_of"] == 2


def test_what_is_picked_follows_a_correction() -> None:
    now = feature("pick", "1 2 3", "1", "1").keys(".jump aware", "1 2")
    for _ in range(4):
        now = now.keys("1") if now.status == "open" else now
    row = dict(
        zip(
            [v.name for v in build_columns(now.interview.instrument)],
            build_row(now.interview),
            strict=True,
        )
    )
    assert (row["rate_pick"], row["rate_pick_of"]) == ("1 2", 2)
    assert portrait(replayed(now)) == portrait(now)


def test_an_introduction_is_read_before_what_is_picked() -> None:
    now = feature("pick", "9", "1")
    assert to_plain_text(now.asked.intro) == "How far do you trust these?"


def test_amounts_of_the_statements_that_are_picked_add_up() -> None:
    now = scenario(
        """items:
  - {id: hello, type: read, text: Hello.}
  - {id: b, type: battery, pick: 2, total: 10, answer: {type: number, max: 10}, statements: {a: A, c: C, d: D}}
"""
    ).keys("", "4")
    assert now.keys("5").why, "the last of the two that are picked must make up the rest"
    assert now.keys("6").status == "ended"
