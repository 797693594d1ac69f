"""The printed questionnaire: it says what the instrument says, each thing once, and nothing as markup."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.command_line import folder, written  # noqa: F401
from support.example_files import NAMES
from support.scenario import instrument
from survey_cli.cli.run_command import run_command
from survey_cli.documents.questionnaire.booklet_model import BookletItem, MultilingualText
from survey_cli.documents.questionnaire.questionnaire import (
    build_booklet,
    render_html,
    render_markdown,
)
from survey_cli.documents.questionnaire.rule_sentences import RuleWriter
from survey_cli.documents.templating import escape_markdown
from survey_cli.documents.text_runs import render_plain
from survey_cli.entries import to_plain_text
from survey_cli.instrument.schema.items.unasked_items import PickItem
from survey_cli.wording import escape_controls

FILES = NAMES
VOID = {"meta", "br", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    children: "list[Element | str]" = field(default_factory=list)

    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)

    def all(self, tag: str = "", **wanted: str) -> "list[Element]":
        """Every element below with this tag and these attributes; a class is one word of several."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if tag in ("", child.tag) and all(
                    v in (child.attributes.get(k.strip("_")) or "").split()
                    for k, v in wanted.items()
                ):
                    found.append(child)
                found += child.all(tag, **wanted)
        return found


class Page(HTMLParser):
    """A strict reader: every element must be closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert [e.tag for e in self.open] == [""], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute twice on {tag}"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes {self.open[-1].tag}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def page(source: str, *languages: str, comments: bool = False) -> Element:
    made = instrument(source)
    return Page(
        render_html(build_booklet(made, languages or (made.language,), comments=comments))
    ).root


def item(root: Element, id: str) -> Element:
    (found,) = [e for e in root.all(id=f"i-{id}") if e.tag in ("article", "tr")]
    return found


def squeezed(text: str) -> str:
    return " ".join(text.split())


def lines_of(source: str, *languages: str) -> list[str]:
    made = instrument(source)
    return render_markdown(build_booklet(made, languages or (made.language,))).splitlines()


# what a reviewer reads


def test_an_item_says_its_words_codes_and_who_is_asked() -> None:
    root = page("asu_2000.yaml")
    asked = item(root, "q24")
    assert [e.text() for e in asked.all(class_="number")] == ["16"]
    assert [squeezed(e.text()) for e in asked.all(class_="asked")] == [
        "▷ Asked if q23 is To a small extent or Not at all."
    ]
    assert (
        squeezed(asked.all(class_="aloud")[0].text())
        == "Which resources are lacking? ‹the answers›?"
    )
    assert [e.text() for e in asked.all(class_="code")] == ["1", "2", "3", "4", "5", "7"]
    assert asked.all("ul", class_="several"), "several answers are told from one by shape"
    other = asked.all("li")[-1]
    assert (squeezed(other.all(class_="option")[0].text()), len(other.all(class_="blank"))) == (
        "something else",
        1,
    )


def test_a_battery_is_a_grid_with_the_scale_as_columns() -> None:
    battery = item(page("asu_2000.yaml"), "m")
    head = [squeezed(th.text()) for th in battery.all("thead")[0].all("th")]
    assert head == [
        "1 Strongly agree",
        "2 Agree",
        "3 Disagree",
        "4 Strongly disagree",
        "5 No opinion (not read)",
    ]
    rows = battery.all("tbody")[0].all("tr")
    assert [r.attributes["id"] for r in rows] == [f"i-q{n}" for n in range(1, 7)]
    assert all([td.text() for td in r.all("td")] == ["1", "2", "3", "4", "5"] for r in rows)
    assert "you and your ‹sector chief / district director› over" in rows[5].text()


def test_a_frame_is_said_once_and_each_statement_alone() -> None:
    battery = item(page("asu_2000.yaml"), "k")
    assert battery.text().count("how would you rate the level of coordination") == 1
    assert "your ASU and ‹statement›?" in battery.text()
    assert [
        squeezed(r.all(class_="statement")[0].text()) for r in battery.all("tbody")[0].all("tr")
    ][:2] == [
        "other anti-smuggling units",
        "INS headquarters",
    ]


@pytest.mark.parametrize(
    ("file", "id", "said"),
    [
        ("household.yaml", "no_consent", "Ends here unless consent is Yes; also ends here if that is not known."),
        ("household.yaml", "no_consent", "“Household refuses (soft)”. The interview is suspended"),
        ("asu_2000.yaml", "no_consent", "“Respondent refuses (hard)”. Nothing is asked after this."),
        ("household.yaml", "hh_size", "1 to 12 people"),
        ("household.yaml", "hh_size", "Declines: accepted here: Refused (−9)."),
        ("household.yaml", "income", "accepted here: Don't know (99998) and Refused (99999)."),
        ("household.yaml", "income", "Confirm: if income is more than 20000, the interviewer asks back: "
                                     "“Did you say ‹income› dollars in one month?”"),
        ("household.yaml", "visit", "Check: accepted only if visit is at most the day of the interview"),
        ("household.yaml", "born", "month and year, or only the year, are enough"),
        ("household.yaml", "media", "in random order; “something else” and “none of these” stay last."),
        ("household.yaml", "media", "several answers: one or more, in order of mention"),
        ("household.yaml", "wording", "Drawn by chance: spend (1) and invest (1)"),
        ("household.yaml", "adult", "one turn of person where age is at least 18: the next birthday by born."),
        ("household.yaml", "school", "The answers are not read"),
        ("household.yaml", "sex", "Is ‹name, else “this person”› female or male?"),
        ("customer.yaml", "price", "‹the answers, the last after “or would you say”›"),
        ("customer.yaml", "price", "half of the interviews reverse the order"),
        ("customer.yaml", "plan_held", "the value of plan"),
        ("customer.yaml", "contact_name", "Filled in beforehand: name, if known"),
        ("features/text_pattern.yaml", "zip", "as 99999: 9 is a digit"),
        ("features/option_conditions.yaml", "best", "By car (offered if owns includes a car)"),
        ("features/option_conditions.yaml", "best", "[also with a pram]"),
        ("features/statement_conditions.yaml", "importance", "easy parking (asked if drives is Yes)"),
        ("features/lookup_quota.yaml", "cell", "whether the quota sexes is open, full"),
        ("features/by_interviewer.yaml", "voice", "Not asked: the interviewer enters the answer."),
        ("features/number_codes.yaml", "age", "97 97 or older"),
        ("features/unit_decimals.yaml", "weight", "0.5 to 300 kg, up to 1 decimal place"),
    ],
)  # fmt: skip
def test_a_rule_in_words(file: str, id: str, said: str) -> None:
    root = page(file)
    assert said in squeezed(item(root, id).text())


def test_a_number_with_a_label_keeps_its_digits_in_a_condition() -> None:
    made = instrument("""
items:
  - {id: age, type: number, max: 96, options: {97: 97 or older}, text: How old are you?}
  - {id: alone, type: text, ask_if: age >= 97, text: Who helps you?}
""")
    ask_if = made.items["alone"].ask_if
    assert ask_if is not None
    assert RuleWriter(made, "en").render_clause(ask_if).endswith("is at least 97 (97 or older)")


@pytest.mark.usefixtures("edition_2")
def test_an_option_says_the_amount_that_it_counts_as() -> None:
    made = instrument("""
edition: 2
items:
  - id: days
    type: number
    range: 1 to 30
    options: {88: {text: None, value: 0}, 777: {text: It varies, missing: true}}
    text: Days
  - {id: why, type: text, ask_if: keyed(days) == 777, text: Why?}
""")
    booklet = render_markdown(build_booklet(made, ("en",)))
    assert "- `88` None (counts as 0)" in booklet
    assert "- `777` It varies (no amount)" in booklet
    assert "Asked if what was keyed at `days` is 777 (It varies)." in booklet


def test_sections_and_rosters_say_their_rules() -> None:
    text = squeezed(page("household.yaml").text())
    assert "Repeated as many times as hh_size says, at most 12 times." in text
    assert "Repeated once for each answer to media, at most 6 times." in text
    assert "Its items come in random order; s_open stays first; s_last stays last." in text
    assert "Filled in after the respondent has hung up." in squeezed(page("asu_2000.yaml").text())
    [items] = page("features/roster_until.yaml").all("main")
    until = squeezed(items.text())
    assert "Repeated as long as trip_more is answered with yes, at most 3 times." in until
    assert until.count("Was there another trip?") == 1


TABLE_OF_TEXTS = """\
instrument: t
title: T
edition: 2
compute:
  job: {when: [[hours > 35, "'a big'"]], else: "'a small'", unknown: "'an unknown'"}
items:
  - {id: hours, type: number, text: How many hours?, max: 100}
  - {id: said, type: read, text: "So you have {job|some} job."}
"""


def test_what_is_not_asked_in_order_stands_in_appendices() -> None:
    root = page("asu_2000.yaml")
    held = {e.attributes["id"]: squeezed(e.text()) for e in root.all("section", class_="appendix")}
    assert list(held) == [
        "appendix-faq",
        "appendix-scripts",
        "appendix-sample",
        "appendix-computed",
    ]
    assert "How long will it take? About fifteen minutes." in held["appendix-faq"]
    assert (
        "chief sector chief if kind is Sector, else district director." in held["appendix-computed"]
    )
    assert "phone telephone number; personal" in held["appendix-sample"]
    study = {
        e.all("dt")[0].text(): e.all("dd")[0].text()
        for e in root.all("dl", class_="study")[0].all("div")
    }
    assert study["Callback number"] == "202 555 0100"
    assert study["Not stated"] == "contact"


def test_a_calculation_by_rows_is_shown_as_it_is_written() -> None:
    [computed] = page("features/compute_table.yaml").all("section", id="appendix-computed")
    text = squeezed(computed.text())
    assert (
        "1 if bmi is less than 18.5; else 2 if bmi is less than 25; else 3 if bmi is less than 30;"
        " else 4; 9 if that is unknown."
    ) in text
    written = "{when: [[bmi < 18.5, 1], [bmi < 25, 2], [bmi < 30, 3]], else: 4, unknown: 9}"
    assert written in text
    assert "default(" not in text


def test_a_fill_by_rows_shows_its_texts_also_that_of_unknown() -> None:
    booklet = render_markdown(build_booklet(instrument(TABLE_OF_TEXTS), ("en",)))
    assert "So you have ‹a big / a small / an unknown, else “some”› job." in booklet


def test_all_languages_stand_side_by_side_and_say_which_they_are() -> None:
    asked = item(page("household.yaml", "en", "es"), "money_a")
    spoken = [
        (p.attributes.get("lang"), squeezed(p.text()))
        for p in asked.all("p")
        if "lang" in p.attributes
    ]
    assert spoken == [
        ("en", "English Should the county spend more on its library?"),
        ("es", "Spanish ¿Debería el condado gastar más en su biblioteca?"),
    ]
    assert [s.text() for s in asked.all("strong")] == ["spend", "gastar"]
    assert [squeezed(e.text()) for e in asked.all(class_="option")] == ["Yes / Sí", "No"]
    alone = item(page("household.yaml", "es"), "money_a").text()
    assert "Sí" in alone
    assert "Yes" not in alone


def test_a_script_from_right_to_left_says_so() -> None:
    source = """\
instrument: t
title: {en: T, he: ס}
languages: [he, en]
items:
  - {id: a, type: single, text: {he: "ABC מכיר?", en: Known?}, options: {1: {he: כן, en: "Yes"}, 2: {he: לא, en: "No"}}}
"""
    both = item(page(source, "he", "en"), "a")
    directions = {
        p.attributes["lang"]: p.attributes["dir"] for p in both.all("p") if "lang" in p.attributes
    }
    assert directions == {"he": "rtl", "en": "auto"}
    assert ["dir" in choices.attributes for choices in both.all("ul", class_="choices")] == [False]
    alone = item(page(source, "he"), "a")
    assert [choices.attributes["dir"] for choices in alone.all("ul", class_="choices")] == ["rtl"]


def test_comments_leave_lines_under_every_item() -> None:
    with_lines, without = page("customer.yaml", comments=True), page("customer.yaml")
    articles = with_lines.all("article")
    assert len(articles) > 10
    assert all(len(a.all(class_="comment")) == 1 for a in articles)
    assert not without.all(class_="comment")


# every example, both formats, every language


@pytest.mark.parametrize("file", FILES)
def test_every_example_prints_whole(file: str) -> None:
    made = instrument(file)
    for languages in {(made.language,), (made.languages[-1],), made.languages}:
        laid = build_booklet(made, languages)
        text = render_html(laid)
        root = Page(text).root
        articles = root.all("article")
        rows = [r for a in articles for body in a.all("tbody") for r in body.all("tr")]
        shown = [str(e.attributes["id"]).removeprefix("i-") for e in (*articles, *rows)]
        batteries = {i.id for p in laid.parts for i in p.iterate_items() if i.rows}
        written = {
            made.find_written_name(name)
            for name, item in made.items.items()
            if not isinstance(item.question, PickItem)
        }
        assert sorted(set(shown) - batteries) == sorted(written), "every item, once"
        assert len(shown) == len(set(shown))
        everything = [e for e in root.all() if e.attributes.get("id")]
        assert len({e.attributes["id"] for e in everything}) == len(everything), (
            "an id is there once"
        )
        targets = {f"#{e.attributes['id']}" for e in everything}
        assert {a.attributes["href"] for a in root.all("a")} <= targets, (
            "every link leads somewhere"
        )
        assert not root.all("script")
        assert not re.search(r"https?:|src=|url\(|@import", text), "nothing from elsewhere"
        for number, one in enumerate((i for p in laid.parts for i in p.iterate_items()), 1):
            assert one.number == str(number)
            _says_everything(one, articles[number - 1])
        assert render_html(build_booklet(made, languages)) == text, "the same every time"
        printed = render_markdown(laid)
        assert all(
            f" {i.number}. `{i.id}`" in printed for p in laid.parts for i in p.iterate_items()
        )


@pytest.mark.parametrize("file", ["asu_2000.yaml", "household.yaml"])
def test_word_has_every_text_code_and_rule(file: str, tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    from survey_cli.documents.word import write_booklet_docx

    made = instrument(file)
    laid = build_booklet(made, made.languages, comments=True)
    write_booklet_docx(laid, tmp_path / "q.docx")
    document = docx.Document(str(tmp_path / "q.docx"))
    texts = [p.text for p in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    everything = squeezed(" ".join(texts))
    items = [item for part in laid.parts for item in part.iterate_items()]
    assert [p.text for p in document.paragraphs if re.match(r"\d+\. \w+ – ", p.text)] == [
        f"{item.number}. {item.id} – {item.kind}" for item in items
    ]
    for item in items:
        choices = (text for choice in item.choices for text in (choice.wording, choice.note))
        for said in (item.intro, item.wording, *(r.wording for r in item.rows), *choices):
            for words in _words(said):
                assert words in everything
        for note in item.notes:
            assert squeezed(render_plain(note.prose)) in everything
    assert everything.count("Comment: ____") == len(items)


def _says_everything(one: BookletItem, shown: Element) -> None:
    """The words and codes of an item stand in it, as often as they should."""
    text = squeezed(shown.text())
    for said in (
        one.intro,
        one.wording,
        *(r.wording for r in one.rows),
        *(n.wording for n in one.notes),
    ):
        for words in _words(said):
            assert words in text
    lists = [e for kind in ("choices", "points") for e in shown.all(class_=kind)] or shown.all(
        "thead"
    )
    codes = [c.text() for e in lists for c in e.all(class_="code")]
    assert codes == [c.code for c in one.choices if c.code]


def _words(said: MultilingualText) -> list[str]:
    return [squeezed(render_plain(line)) for spoken in said for line in spoken.lines]


def test_the_words_are_those_the_interviewer_reads() -> None:
    """Where nothing is filled in, the booklet has the very words of the screen."""
    made = instrument("household.yaml")
    for language in made.languages:
        shown = {
            i.id: _words(i.wording)
            for p in build_booklet(made, (language,)).parts
            for i in p.iterate_items()
        }
        still = [
            leaf
            for leaf in made.items.values()
            if language in leaf.text.static_words and leaf.id in shown
        ]
        assert len(still) > 10
        for leaf in still:
            assert [squeezed(to_plain_text(leaf.text.static_words[language]))] == shown[
                leaf.id
            ] or not shown[leaf.id]


# nothing is markup

HOSTILE = """\
instrument: hostile
title: "</style><script>alert(1)</script> & *T* «running»"
version: '"; } body { display: none } "EDITION'
items:
  - {id: hello, type: read, text: "<script>x</script> `a|b` **loud** 1 < 2 &amp; [x](http://y) _u_ ‹fake›"}
  - id: pick
    type: single
    text: "# not a heading\\n- not a list\\n1. nor this[31m\\u202e"
    options: {"<b>": "a | b", "`": "</li>", 3: {text: "*", note: "[n](m)", specify: true}}
  - {id: two, type: battery, options: {"a|b": "x|y", "2": "<td>"}, statements: {s_1: "a | <b>", s_2: "`|`"}}
  - {id: why, type: text, text: Why?, instruction: "<img src=x>", ask_if: pick == '<b>'}
"""


def test_html_shows_markup_as_it_is_typed() -> None:
    root = page(HOSTILE)
    assert not root.all("script")
    assert {b.text() for b in root.all("b")} == {"Interviewer"}
    assert not root.all("img")
    assert root.all("h1")[0].text() == "</style><script>alert(1)</script> & *T* «running»"
    hello = item(root, "hello")
    assert squeezed(hello.all(class_="aloud")[0].text()) == (
        "<script>x</script> `a|b` loud 1 < 2 &amp; [x](http://y) _u_ ‹fake›"
    )
    assert [e.text() for e in hello.all("strong")] == ["loud"]
    pick = item(root, "pick")
    assert [e.text() for e in pick.all(class_="code")] == ["<b>", "`", "3"]
    assert "[31m<U+202E>" in pick.text()
    style = root.all("style")[0].text()
    assert "body { display: none" not in style, "the version ends no rule"
    assert "«" not in style
    assert "Asked if pick is a | b." in item(root, "why").text()


def test_markdown_shows_markup_as_it_is_typed() -> None:
    lines = lines_of(HOSTILE)
    assert lines[0] == "# \\</style>\\<script>alert(1)\\</script> & \\*T\\* «running»"
    assert (
        "> \\<script>x\\</script> \\`a\\|b\\` **loud** 1 \\< 2 \\&amp; \\[x\\](http://y) \\_u\\_ ‹fake›"
        in lines
    )
    assert "> \\# not a heading\\" in lines
    assert "> \\- not a list\\" in lines
    assert any(line.startswith("> 1\\. nor this\\[31m\\<U+202E>") for line in lines)
    assert "- `` ` `` \\</li>" in lines
    grid = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in grid} == {4}, "no cell is torn"
    assert not any("\u202e" in line for line in lines)
    assert escape_controls("a\x1b[31m\tb\n") == "a<U+001B>[31m b\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hh_size", "hh_size"), ("_a_", "\\_a\\_"), ("+ 1", "\\+ 1"), ("2) b", "2\\) b"), ("AT&T", "AT&T"),
        ("x > 1", "x > 1"), ("> x", "\\> x"), ("===", "\\==="), ("C:\\d", "C:\\\\d"), ("$1", "\\$1"),
    ],
)  # fmt: skip
def test_only_what_could_be_markup_is_escaped(text: str, shown: str) -> None:
    assert escape_markdown(text) == shown


GOLDEN = """\
# Tea

Questionnaire, version 2, in English; fingerprint of the text FINGERPRINT.

- Sponsor: County Library
- Not stated: conducted by, callback number, population, sampling frame, selection, field period, contact

## How to read this

- Quoted lines (`>`) are read aloud; **bold** words are stressed.
- ‹Words in angle quotes› are filled in by the computer; several ways to say it are separated by a slash.
- `Names like this` are the items’ names; the number before an answer is its code.
- Lines marked ▷ are for the interviewer and not read.
- Accepted from respondents everywhere, and never read, unless an item says otherwise: Don't know (`−8`, key d); \
Refused (`−9`, key r).

## Contents

- Item 1
- Cups `cups` (items 2–3)

## Item 1

### 1. `tea` – one answer

> This is ‹interviewer’s name\u203a. Do you **drink** tea?

- `1` Yes
- `2` No
- `3` Something else (not read) ______

## Cups `cups`

- ▷ Asked if `tea` is Yes.

### 2. `cup` – a number

> How many cups?

____________ (0 to 30 cups)

- ▷ Interviewer: A day.
- ▷ Warning: questioned unless `cup` is at most 20; the interviewer confirms or changes it: That is a lot.

### 3. `likes` – one answer for each statement

> How far do you like these?

| | `1` A lot | `2` Not at all |
|---|---|---|
| `milk` with milk |   |   |
| `lemon` with lemon |   |   |
"""


def test_a_small_booklet_in_markdown() -> None:
    tea = """\
instrument: tea
title: Tea
version: "2"
study: {sponsor: County Library}
items:
  - id: tea
    type: single
    text: This is {interviewer}. Do you **drink** tea?
    options: {1: "Yes", 2: "No", 3: {text: Something else, read: false, specify: true}}
  - id: cups
    type: section
    title: Cups
    ask_if: tea == 1
    items:
      - id: cup
        type: number
        text: How many cups?
        max: 30
        unit: cups
        instruction: A day.
        checks: [{expect: cup <= 20, soft: true, say: That is a lot.}]
      - id: likes
        type: battery
        intro: How far do you like these?
        options: {1: A lot, 2: Not at all}
        statements: {milk: with milk, lemon: with lemon}
"""
    printed = "\n".join(lines_of(tea)) + "\n"
    assert printed == GOLDEN.replace("FINGERPRINT", instrument(tea).hash[:12])


def test_codes_by_width_are_stated_as_such_and_at_each_item() -> None:
    lines = lines_of("""
defaults: {declines: by_width}
items:
  - {id: cup, type: number, text: How many cups?, range: 0 to 30}
  - {id: town, type: text, text: Which town?}
""")
    [head] = [line for line in lines if line.startswith("- Accepted from")]
    assert head.endswith(
        "Don't know (`7, 77 or 777 …`, by the width of the answers, key d); "
        "Refused (`9, 99 or 999 …`, by the width of the answers, key r)."
    )
    assert [line for line in lines if "accepted here" in line] == [
        "- ▷ Declines: accepted here: Don't know (77) and Refused (99).",
        "- ▷ Declines: accepted here: Don't know (−8) and Refused (−9).",
    ]


# the command

TEA = 'instrument: tea\ntitle: Tea\nitems:\n  - {id: hello, type: read, text: "This is {interviewer} calling."}\n'


def test_print_writes_the_format_of_the_ending(capsys: pytest.CaptureFixture[str]) -> None:
    written("tea.yaml", TEA)
    assert run_command(["print", "tea.yaml", "-o", "tea.html"]) == 0
    assert run_command(["print", "tea.yaml", "-o", "tea.md"]) == 0
    assert run_command(["print", "tea.yaml"]) == 0
    out, said = capsys.readouterr()
    assert Path("tea.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert Path("tea.md").read_text(encoding="utf-8") == out
    assert out.startswith("# Tea\n")
    assert said.splitlines() == [
        "tea.html: 1 item, English",
        "tea.md: 1 item, English",
        "stdout: 1 item, English",
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "there.md"], "there.md: the file exists — use another name, or --force to overwrite it"),
        (["-o", "tea.pdf"], "tea.pdf: .pdf is not a format that can be printed — end the name in .html, .docx or .md"),
        (["-o", "tea"], "tea: the file's name has no ending"),
        (["-o", "there.md/x.md"], "there.md/x.md: there.md is not a folder"),
        (["-o", "x" * 300 + ".md"], "it cannot be written (File name too long)"),
        (["-o", "folder.md"], "folder.md: this is a folder"),
        (["--language", "fr"], "--language: the questionnaire has no language 'fr' — its languages are en"),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_is_said(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written("tea.yaml", TEA)
    written("there.md", "mine\n")
    Path("folder.md").mkdir()
    before = sorted(Path().iterdir())
    assert run_command(["print", "tea.yaml", *arguments]) == 1
    assert says in capsys.readouterr().err
    assert sorted(Path().iterdir()) == before, "nothing is left behind"
    assert Path("there.md").read_text() == "mine\n"


def test_force_overwrites_and_a_broken_instrument_is_not_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("tea.yaml", TEA)
    written("there.md", "mine\n")
    assert run_command(["print", "tea.yaml", "-o", "there.md", "--force"]) == 0
    assert Path("there.md").read_text().startswith("# Tea\n")
    written("broken.yaml", "instrument: broken\ntitle: B\nitems: [{id: a, type: red}]\n")
    capsys.readouterr()
    assert run_command(["print", "broken.yaml", "-o", "broken.html"]) == 1
    assert "broken.yaml:3" in capsys.readouterr().err
    assert not Path("broken.html").exists()
