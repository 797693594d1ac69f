"""The picture of the route: every item once, under its conditions, and every place where people leave."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from support.command_line import folder, written  # noqa: F401
from support.example_files import NAMES
from support.html_pages import (  # noqa: F401
    SVG,
    browser,
    complaints_of_axe,
    in_browser,
    read,
    text_of,
)
from support.scenario import instrument
from survey_cli.cli.run_command import run_command
from survey_cli.documents.questionnaire import route_diagram as model
from survey_cli.documents.questionnaire.questionnaire import build_booklet, render_html
from survey_cli.documents.questionnaire.route_building import build_route
from survey_cli.documents.questionnaire.route_folding import LARGE_ROUTE, fold_sections
from survey_cli.documents.questionnaire.route_mermaid import render_mermaid, render_route_markdown
from survey_cli.documents.questionnaire.route_outline import render_outline
from survey_cli.documents.questionnaire.route_page import render_route_html
from survey_cli.documents.questionnaire.route_svg import PAGE_HEIGHT, render_route_svg
from survey_cli.documents.questionnaire.rule_sentences import RuleWriter, make_line
from survey_cli.documents.text_runs import render_plain
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.items.groups import BracketSection
from survey_cli.instrument.schema.items.unasked_items import PickItem


def route(source: str) -> model.RouteDiagram:
    made = instrument(source)
    return build_route(made, made.language, made.hash[:12])


def outline(source: str) -> list[str]:
    """The lines of the picture in words, without its first line of numbers."""
    return render_outline(route(source)).splitlines()[1:]


# what the instrument says of who is asked, read off its tree without the diagram


def conditions_of_instrument(made: Instrument) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rules = RuleWriter(made, made.language)

    def visit(node: CompiledNode, around: list[str]) -> None:
        own = list(around)
        for key, condition in (("if", node.ask_if), ("unless", node.unless)):
            if condition is not None:
                own.append(f"{key} {render_plain(make_line(rules.render_clause(condition)))}")
        if isinstance(node, ItemGroup) and isinstance(node.spec, BracketSection):
            # all of its steps are one question in the picture
            found[str(node.spec.bracket.id)] = own
            return
        if not isinstance(node, ItemGroup):
            found[node.id] = own
            return
        for child in node.children:
            visit(child, own)
        if isinstance(node, Roster) and node.until is not None:
            found[node.until.id] = own

    for node in made.root.children:
        visit(node, [])
    return found


def conditions_of_diagram(
    steps: tuple[model.RouteStep, ...], around: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[str]]]:
    for step in steps:
        match step:
            case model.RouteBranch():
                own = words_of(step.conditions)
                yield from conditions_of_diagram(step.steps, (*around, *own))
            case model.RouteGroup():
                yield from conditions_of_diagram(step.steps, around)
            case model.RouteNode(statements=statements) if statements:
                for run in statements:
                    for id in run.ids:
                        yield id, [*around, *words_of(run.conditions)]
            case model.RouteNode() | model.RouteEnd() if step.id:
                yield step.id, list(around)


def words_of(conditions: tuple[model.RouteCondition, ...]) -> list[str]:
    return [f"{'unless' if c.excludes else 'if'} {render_plain(c.clause)}" for c in conditions]


def test_every_item_of_every_instrument_is_in_each_picture_once_under_its_conditions() -> None:
    for file in NAMES:
        made = instrument(file)
        diagram = route(file)
        shown = list(conditions_of_diagram(diagram.steps))
        expected = conditions_of_instrument(made)
        assert dict(shown) == expected, file
        assert len(shown) == len(expected), f"{file}: an item twice"
        assert {
            item.bracket or id
            for id, item in made.items.items()
            if not isinstance(item.question, PickItem)
        } == set(expected)

        statements = {
            id for step in batteries(diagram) for run in step.statements for id in run.ids
        }
        boxes = sorted(set(expected) - statements | {step.id for step in batteries(diagram)})
        picture = fromstring(render_route_svg(diagram))
        drawn = [
            g.get("data-id") for g in picture.iter(f"{SVG}g") if g.get("class") in ("item", "end")
        ]
        assert sorted(filter(None, drawn)) == boxes, file

        page = read(render_route_html(diagram))
        listed = [
            li.get("data-id")
            for li in page.iter("li")
            if {"r-item", "r-end"} & set((li.get("class") or "").split())
        ]
        assert sorted(filter(None, listed)) == boxes, file

        chart = Flowchart(render_mermaid(diagram))
        named = [word for text in chart.nodes.values() for word in chart.names(text)]
        assert sorted(named) == boxes, file
        assert chart.unreached() == set(), file


def batteries(diagram: model.RouteDiagram) -> list[model.RouteNode]:
    return [
        step
        for step in model.iterate_steps(diagram.steps)
        if isinstance(step, model.RouteNode) and step.statements
    ]


# branches


def test_items_with_the_same_condition_share_a_lane() -> None:
    assert outline(
        """items:
  - {id: cars, type: number, max: 9, text: "Cars?"}
  - {id: brand, type: text, ask_if: cars > 0, text: "Brand?"}
  - {id: color, type: text, ask_if: cars > 0, text: "Color?"}
  - {id: bus, type: text, unless: cars > 0, text: "Bus line?"}
"""
    ) == [
        "1 cars: Cars?",
        "If cars is more than 0:",
        "  2 brand: Brand?",
        "  3 color: Color?",
        "Unless cars is more than 0; also if that is not known:",
        "  4 bus: Bus line?",
        "End: Complete, the end of the questionnaire.",
    ]


def test_a_long_text_is_cut_between_words() -> None:
    words = "On how many of the last thirty days did you or somebody else in your household "
    text = f"{words}use the car for something other than the way to work?"
    lines = outline(f'items:\n  - {{id: days, type: number, text: "{text}"}}\n')
    assert lines[0] == f"1 days: {words}use the car for something other than …"


def test_the_same_words_about_the_time_are_not_the_same_condition() -> None:
    steps = route("features/elapsed.yaml").steps
    timed = [
        step
        for step in model.iterate_steps(steps)
        if isinstance(step, model.RouteBranch)
        and "minutes so far" in model.render_conditions(step.conditions)
    ]
    assert timed
    assert all(len(step.steps) == 1 for step in timed)


def test_a_condition_of_a_section_is_around_it_and_those_inside_are_nested() -> None:
    lines = outline("household.yaml")
    at = lines.index("  If media was answered and media does not include none of these:")
    assert lines[at + 1 : at + 4] == [
        "    Loop source (source, item 13). Repeated once for each answer to media, at most 6 times.",
        "      13 minutes: About how many minutes did you spend with ‹each› yesterday?",
        "    14 first_news: At what time did you first hear, see or read any news yesterday?",
    ]


# ends


def test_ends_say_what_they_mean_and_which_declines_lead_there() -> None:
    diagram = route(
        """items:
  - {id: ok, type: single, declines: [], text: "May I?", options: {1: "Yes", 2: "No"}}
  - {id: no, type: end, unless: ok == 1, outcome: refusal_hard, text: "Bye."}
  - {id: age, type: number, max: 120, text: "Age?"}
  - {id: young, type: end, unless: age >= 18, outcome: not_eligible, text: "Bye."}
  - {id: now, type: single, declines: [refused], text: "Now?", options: {1: "Yes", 2: "No"}}
  - {id: later, type: end, ask_if: now == 2 or refused(now), outcome: callback, text: "Bye."}
  - {id: done, type: end, ask_if: age > 100, outcome: complete, text: "Bye."}
  - {id: last, type: text, text: "Name?"}
"""
    )
    ends = [step for step in model.iterate_steps(diagram.steps) if isinstance(step, model.RouteEnd)]
    assert [(end.id, end.kind, end.declines) for end in ends] == [
        ("no", model.EndKind.FINAL, ()),
        ("young", model.EndKind.FINAL, ("age: Don't know, Refused",)),
        ("later", model.EndKind.SUSPENDED, ("now: Refused",)),
        ("done", model.EndKind.COMPLETED, ()),
        ("", model.EndKind.COMPLETED, ()),
    ]
    assert "also after age: Don't know, Refused" in render_route_svg(diagram)
    assert "also after age: Don&#39;t know, Refused" in render_route_html(diagram)


def test_the_interview_is_complete_before_what_follows_the_call() -> None:
    lines = outline("asu_2000.yaml")
    at = lines.index("End: Complete, the end of the questionnaire.")
    assert lines[at - 1].startswith("20 thanks")
    assert lines[at + 1].startswith(
        "Section After the call (hung_up, items 21–23). Filled in after"
    )
    same_condition = """items:
  - {id: ok, type: single, text: "Ok?", options: {1: "Yes", 2: "No"}}
  - {id: why, type: text, ask_if: ok == 1, text: "Why?"}
  - id: later
    type: section
    after: hangup
    ask_if: ok == 1
    items: [{id: note, type: text, by: interviewer, text: "Note?"}]
"""
    shown = [line.strip().split()[0] for line in outline(same_condition)]
    assert shown == ["1", "If", "2", "End:", "If", "Section", "3"]
    chart = Flowchart(render_mermaid(route("asu_2000.yaml")))
    assert "after the call" in {answer for _, answer, _ in chart.links}


def test_a_full_quota_ends_the_interview_where_the_last_answer_decides_it() -> None:
    source = """items:
  - {id: sex, type: single, text: "Sex?", declines: [], options: {1: A, 2: B}}
  - {id: age, type: number, max: 120, text: "Age?"}
  - {id: last, type: text, text: "Name?"}
quotas:
  - {id: groups, by: [sex], where: age >= 18, targets: {"1": 5, "2": 5}}
  - {id: watched, by: [sex], soft: true, targets: {"1": 5, "2": 5}}
"""
    assert outline(source)[:4] == [
        "1 sex: Sex?",
        "2 age: Age?",
        "If the respondent's cell of the quota groups is full:",
        "  End: Quota full, the interview ends.",
    ]
    looked_up = "\n".join(outline("features/lookup_quota.yaml"))
    assert "cell of the quota" not in looked_up, "its end is in the questionnaire"


def test_from_where_on_a_broken_off_interview_counts() -> None:
    lines = outline("asu_2000.yaml")
    [partial] = [line for line in lines if "counts as partial" in line]
    assert partial.strip().startswith("10 k: Level of coordination [From q14 on, a break-off")
    [counted] = [line for line in lines if "counts as complete" in line]
    assert counted.strip().startswith("18 q26: Perform non-investigative tasks [From q26 on,")
    assert outline("customer.yaml")[0] == (
        "A break-off counts as complete once 80% of the questions are answered."
    )


# folding


def large_source(sections: int = 15, items: int = 10) -> str:
    """150 items: sections with a filter, a condition and an end each, and a section in a section."""
    lines = ["items:"]
    for s in range(sections):
        lines += [
            f"  - id: part{s}",
            "    type: section",
            f"    title: Part {s}",
            "    items:",
        ]
        for n in range(items - 1):
            condition = f", ask_if: p{s}_0 == 1" if n % 3 == 1 else ""
            lines.append(
                f"      - {{id: p{s}_{n}, type: single, text: 'Question {n} of part {s}, and what do you"
                f" think of it?', options: {{1: 'Yes', 2: 'No'}}{condition}}}"
            )
        lines.append(
            f"      - {{id: stop{s}, type: end, unless: p{s}_0 == 1, outcome: not_eligible, text: Bye.}}"
        )
    return "\n".join(lines) + "\n"


def nested_source(depth: int, items: int) -> str:
    """Sections in sections, each after some items and under a condition on the first of them."""
    lines = ["items:"]
    for level in range(depth):
        pad = "    " * level
        lines += [f"{pad}  - id: s{level}", f"{pad}    type: section"]
        if level:
            lines.append(f"{pad}    ask_if: answered(i{level - 1}_0)")
        lines.append(f"{pad}    items:")
        for n in range(items):
            lines.append(
                f"{pad}      - {{id: i{level}_{n}, type: text, text: What do you say to it?}}"
            )
    return "\n".join(lines) + "\n"


def folded(diagram: model.RouteDiagram) -> list[str]:
    return [
        step.id
        for step in model.iterate_steps(diagram.steps)
        if isinstance(step, model.RouteGroup) and step.is_folded
    ]


def test_a_large_route_is_folded_and_shows_where_people_leave() -> None:
    diagram = route(large_source())
    assert model.count_steps(diagram.steps).items > LARGE_ROUTE
    small = fold_sections(diagram)
    assert folded(small) == [f"part{n}" for n in range(15)]
    picture = fromstring(render_route_svg(small))
    assert float(picture.get("height", "0")) < 2 * PAGE_HEIGHT
    texts = [text_of(element) for element in picture.iter(f"{SVG}text")]
    assert [t for t in texts if t.startswith("Ends in it")] == [
        f"Ends in it: {10 * n + 10} stop{n}: No eligible respondent" for n in range(15)
    ]
    one = fold_sections(diagram, ["part3"])
    assert folded(one) == [f"part{n}" for n in range(15) if n != 3]
    assert not folded(fold_sections(diagram, ["all"]))
    # the page of a folded route has everything, to be unfolded
    details = list(read(render_route_html(one)).iter("details"))
    assert [d.get("open") is not None for d in details] == [n == 3 for n in range(15)]
    assert not folded(fold_sections(route("asu_2000.yaml")))


def test_what_is_around_an_unfolded_section_is_open_and_a_section_with_most_items_too() -> None:
    diagram = route(nested_source(4, items=25))
    assert folded(fold_sections(diagram)) == ["s2"], "s0 and s1 have more than half of the items"
    assert folded(fold_sections(diagram, ["s3"])) == []


def test_many_sections_are_folded_to_one_box_and_a_few_each_to_its_own() -> None:
    """As with a loop that is written out, and with blocks of which one is drawn."""
    lines = ["items:"]
    for name, sections in (("loop", 20), ("drawn", 2)):
        lines += [f"  - id: {name}", "    type: section", "    items:"]
        for s in range(sections):
            lines += [f"      - id: {name}{s}", "        type: section", "        items:"]
            for n in range(5):
                lines.append(f"          - {{id: {name}{s}_{n}, type: text, text: What?}}")
    assert folded(fold_sections(route("\n".join(lines) + "\n"))) == ["loop", "drawn0", "drawn1"]


# the formats


class Flowchart:
    """A reader of the part of Mermaid's grammar that flowcharts use here. It rejects any other line."""

    NODE = re.compile(
        r'^ +(n\d+)(?:\["([^"]*)"\]|\(\["([^"]*)"\]\)|\{"([^"]*)"\}|\[\["([^"]*)"\]\])(?::::(\w+))?$'
    )
    LINK = re.compile(r"^  (n\d+) (?:-->(?:\|([^|\"<>]+)\|)?|(-\. next turn \.->)) (n\d+)$")

    def __init__(self, text: str) -> None:
        first, *lines = text.split("\n")
        assert first == "flowchart TD"
        self.nodes: dict[str, str] = {}
        self.links: list[tuple[str, str, str]] = []
        open_groups = 0
        for line in lines:
            node = self.NODE.match(line)
            link = self.LINK.match(line)
            if node:
                assert not self.links, "nodes are declared before links, in their subgraphs"
                assert node[1] not in self.nodes
                self.nodes[node[1]] = self.literal(next(filter(None, node.groups()[1:5]), ""))
            elif link:
                self.links.append((link[1], link[2] or "", link[4]))
            elif re.match(r'^ +subgraph g\d+\["([^"]*)"\]$', line):
                self.literal(line)
                open_groups += 1
            elif line.strip() == "end":
                open_groups -= 1
                assert open_groups >= 0
            else:
                assert re.match(r"^  classDef \w+ [\w:#,]+$", line), f"not Mermaid: {line}"
        assert open_groups == 0
        assert {n for a, _, b in self.links for n in (a, b)} <= self.nodes.keys()

    @staticmethod
    def literal(text: str) -> str:
        """A label without entities; what is left may be no markup."""
        bare = re.sub(r"#\d+;", "", text.replace("<br/>", "\n"))
        bare = re.sub(r'^ +subgraph g\d+\["|"\]$', "", bare)
        assert not re.search(r"[<>&#`]|\*\*", bare), text
        return re.sub(r"#(\d+);", lambda m: chr(int(m[1])), text.replace("<br/>", "\n"))

    @staticmethod
    def names(text: str) -> list[str]:
        """The ids of the items of a node, after their numbers."""
        return [
            m[1] for line in text.split("\n") if (m := re.match(r"^\d+ (\w+)(?::|$| \[)", line))
        ]

    def unreached(self) -> set[str]:
        reached = {"n1"}
        for start, _, end in self.links:  # links are in written order
            if start in reached:
                reached.add(end)
        return self.nodes.keys() - reached


HOSTILE = """instrument: hostile
title: '1. <script>alert(1)</script> "quoted" & #35; `code` **x**'
items:
  - id: a
    type: single
    text: 'Is "a" < b & c > d? ]] %% ; end {{x}} #35; <br/> `y` _z_ | --> \\u200f'
    options: {1: '"]) end', 2: '<b>No</b>'}
  - id: s
    type: section
    title: '- "1. list" <i>'
    ask_if: a == 1
    items:
      - {id: q, type: text, text: '+ plus, and a wide one: WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW'}
      - {id: an_id_that_is_longer_than_its_column_and_goes_on, type: text, text: '漢字かな交じり文がとても長く続く'}
  - {id: z, type: end, ask_if: a == 2, outcome: not_eligible, text: Bye.}
"""


def test_texts_are_never_markup() -> None:
    diagram = route(HOSTILE)
    chart = Flowchart(render_mermaid(diagram))
    assert 'Is "a" < b & c > d? ]] %% ; end {x} #35; <br/> `y` _z_ | -->' in chart.nodes["n1"]
    assert chart.unreached() == set()
    fences = [line for line in render_route_markdown(diagram).splitlines() if "```" in line]
    assert fences == ["```mermaid", "```"]

    page = read(render_route_html(diagram))
    assert not [e for e in page.iter() if e.tag in ("script", "i", "br")]
    picture = fromstring(render_route_svg(diagram))
    assert {e.tag.removeprefix(SVG) for e in picture.iter()} <= {
        *("svg", "title", "desc", "style", "g", "rect", "path", "text")
    }
    title = picture.find(f"{SVG}title")
    assert title is not None
    assert title.text == 'Route: 1. <script>alert(1)</script> "quoted" & #35; `code` x'


def test_the_picture_has_a_text_alternative_with_everything() -> None:
    diagram = route("household.yaml")
    picture: Element = fromstring(render_route_svg(diagram))
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "route-title route-words"
    description = picture.find(f"{SVG}desc")
    assert description is not None
    assert description.text == render_outline(diagram)
    words = " ".join((description.text or "").split())
    for text in picture.iter(f"{SVG}text"):
        if "…" not in text_of(text) and text.get("class") == "when":
            assert text_of(text).lower() in words.lower()


def test_the_booklet_has_the_route_with_links_to_its_items() -> None:
    made = instrument("household.yaml")
    page = read(render_html(build_booklet(made, ("en",))))
    (section,) = [e for e in page.iter("section") if e.get("id") == "route"]
    names = [li.find(".//a") for li in section.iter("li") if li.get("class") == "r-item"]
    assert [a.get("href") for a in names if a is not None][:3] == [
        "#i-hello",
        "#i-consent",
        "#i-hh_size",
    ]
    assert all(a is not None for a in names)
    assert "#route" in {a.get("href") for a in page.iter("a")}


# in a browser

MEASURE = """([height]) => {
  const boxes = [...document.querySelectorAll('rect:not(.page)')].map(r => r.getBBox());
  const size = document.documentElement.viewBox.baseVal;
  const wrong = [];
  for (const text of document.querySelectorAll('text')) {
    const b = text.getBBox();
    const middle = b.y + b.height / 2;
    const beside = boxes.filter(r => r.y < middle && middle < r.y + r.height && r.width > 20);
    const around = beside.filter(r => r.x < b.x && b.x < r.x + r.width);
    const right = Math.min(size.width, ...around.map(r => r.x + r.width));
    if (b.x + b.width > right - 1) wrong.push(`wide: ${text.textContent}`);
  }
  for (const group of document.querySelectorAll('g.item, g.end, g.branch, g.section')) {
    const b = group.getBBox();
    if (Math.floor(b.y / height) !== Math.floor((b.y + b.height) / height)) wrong.push(`cut: ${group.textContent}`);
  }
  return wrong;
}"""


def test_the_line_goes_on_to_the_end_on_the_next_page() -> None:
    """It stopped at the foot of the page if only the end was on the next one."""
    ends_on_next_page = 0
    for number in range(20, 60):
        items = "".join(f"  - {{id: q{i}, type: text, text: Q?}}\n" for i in range(number))
        picture = fromstring(render_route_svg(route(f"instrument: i\ntitle: I\nitems:\n{items}")))
        *_, end = [rect for rect in picture.iter(f"{SVG}rect") if rect.get("class") == "done"]
        tips = {
            path.get("d", "").partition("l")[0].split(" ")[-1]
            for path in picture.iter(f"{SVG}path")
            if path.get("class") == "arrow"
        }
        assert end.get("y") in tips, number
        ends_on_next_page += PAGE_HEIGHT < float(end.get("y", "0")) < PAGE_HEIGHT + 30
    assert ends_on_next_page


@in_browser
def test_every_text_is_within_its_box_and_no_page_cuts_one(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    tab = browser.new_page()
    sources = (
        *("asu_2000.yaml", "household.yaml", "customer.yaml"),
        HOSTILE,
        large_source(),
        nested_source(9, 2),
    )
    for number, source in enumerate(sources):
        file = tmp_path / f"{number}.svg"
        picture = render_route_svg(route(source))
        file.write_text(picture, encoding="utf-8")
        tab.goto(file.as_uri())
        assert tab.evaluate("document.querySelectorAll('text').length") > 5
        assert tab.evaluate(MEASURE, [PAGE_HEIGHT]) == [], source[:40]
        height = float(fromstring(picture).get("height", "0"))
        printed = tab.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == -(-height // (PAGE_HEIGHT + 0.9))
    tab.close()


@in_browser
def test_sections_of_the_page_unfold_by_click_by_key_and_all_at_once(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "route.html"
    file.write_text(render_route_html(fold_sections(route(large_source()))), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 400, "height": 800})
    tab.goto(file.as_uri())
    assert complaints_of_axe(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") == 400
    item = tab.locator("[data-id=p0_3]")
    assert not item.is_visible()
    assert tab.get_by_text("No eligible respondent").first.is_visible(), "its end is on the box"

    tab.locator("summary").first.click()
    assert item.is_visible()
    tab.locator("summary").first.press("Enter")
    assert not item.is_visible()

    tab.get_by_label("Unfold all sections").check()
    assert item.is_visible()
    assert tab.locator("[data-id=p14_3]").is_visible()
    tab.get_by_label("Unfold all sections").uncheck()
    tab.emulate_media(media="print")
    assert item.is_visible(), "paper shows everything"
    tab.close()


# the command


def test_print_route_writes_the_format_of_the_ending(capsys: pytest.CaptureFixture[str]) -> None:
    written("large.yaml", "instrument: large\ntitle: Large\n" + large_source())
    for out in ("r.svg", "r.html", "r.md"):
        assert run_command(["print", "large.yaml", "--route", "-o", out]) == 0
    assert run_command(["print", "large.yaml", "--route"]) == 0
    out, said = capsys.readouterr()
    assert out == Path("r.md").read_text(encoding="utf-8")
    assert out.startswith("# Large\n")
    assert (
        said.splitlines()[0] == "r.svg: the route of 135 items, 15 sections, 60 branches, 16 ends"
    )
    assert "Folded: 9 items" in Path("r.svg").read_text(encoding="utf-8")

    arguments = ["print", "large.yaml", "--route", "-o", "one.svg", "--unfold", "part3"]
    assert run_command(arguments) == 0
    one = Path("one.svg").read_text(encoding="utf-8")
    assert 'data-id="p3_0"' in one
    assert 'data-id="p4_0"' not in one


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--route", "-o", "r.pdf"], "in which the route can be printed — end the name in .svg, .html or .md"),
        (["--route", "--unfold", "parts"], "the questionnaire has no section or roster 'parts' — did you mean 'part'?"),
        (["--route", "--unfold", "xyz"], "'xyz' — it has part"),
        (["--route", "--language", "all"], "a picture of the route has one language — name one of its languages: en"),
        (["--route", "--comments"], "--comments is not for --route — leave it out"),
        (["--unfold", "part"], "--unfold is only for --route — leave it out"),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_of_the_route_is_said(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written(
        "tea.yaml",
        "instrument: tea\ntitle: Tea\nitems:\n  - {id: part, type: section, items: ["
        "{id: hello, type: read, text: Hello.}]}\n",
    )
    assert run_command(["print", "tea.yaml", *arguments]) != 0
    assert says in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in Path().iterdir()] == ["tea.yaml"]
