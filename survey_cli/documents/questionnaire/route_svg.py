"""The picture of the route as an SVG file, from top to bottom.

A line leads from step to step. Beside it is a lane for each branch, which the line passes: whoever
does not meet its condition goes straight on. Every text is measured before its box is drawn. No box
is cut where a page of A4 ends.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, tostring

from survey_cli.documents.charts.svg import (
    FONT_FAMILY,
    estimate_width,
    format_number,
    render_svg_file,
    wrap_text,
)
from survey_cli.documents.questionnaire.route_diagram import (
    EndKind,
    RouteBlock,
    RouteBranch,
    RouteDiagram,
    RouteEnd,
    RouteGroup,
    RouteNode,
    RouteStep,
    list_blocks,
)
from survey_cli.documents.questionnaire.route_outline import render_outline
from survey_cli.documents.text_runs import render_plain
from survey_cli.exports.xml_elements import add_element

PAGE_WIDTH: Final = 718.0
"""Width of A4 less margins of 10 mm, in CSS pixels; deeply nested routes are wider."""
PAGE_HEIGHT: Final = 1046.0
"""Height of A4 less the same margins."""
PAGE_EDGE: Final = 2.0
"""Left free at the end of a page, for the strokes of boxes."""
MARGIN: Final = 12.0
"""Space around the picture."""
MIN_ROOM: Final = 250.0
"""The least width of a box."""

SIZE: Final = 12.0
SMALL: Final = 10.5
TITLE_SIZE: Final = 18.0
LINE: Final = 16.0
"""Height of a line of text."""
WIDTH_FACTOR: Final = 1.14
"""Estimated widths are those of a narrow typeface. Where it is missing, another is used."""
BOLD_FACTOR: Final = 1.14
"""Width of bold text relative to that of normal text."""

GAP: Final = 16.0
"""Between two steps; the line with its arrowhead is seen there."""
SPINE: Final = 17.0
"""From the left edge of a lane to its line."""
PAD: Final = 10.0
"""Between an edge and a text, or an inner box."""
LANE_INDENT: Final = 40.0
"""From the left edge of a lane to the lane of a branch. The outer line passes between them."""
LOOP_ROOM: Final = 20.0
"""For the arrow that leads back to the beginning of a loop."""
NUMBER_WIDTH: Final = 34.0
MAX_ID_WIDTH: Final = 130.0
"""A longer id has a line of its own."""
MAX_LABEL_LINES: Final = 2
MAX_CONDITION_LINES: Final = 6
"""A longer condition ends with an ellipsis. The picture's description has all of it."""

_LIGHT: Final = {
    "page": {"fill": "#ffffff"},
    "ink": {"fill": "#16191d"},
    "soft": {"fill": "#4c535b"},
    "line": {"stroke": "#5b6570", "fill": "none"},
    "arrow": {"fill": "#5b6570"},
    "card": {"fill": "#ffffff", "stroke": "#8b949e"},
    "rule": {"stroke": "#d9dde2"},
    "frame": {"fill": "#f4f6f8", "stroke": "#5b6570"},
    "lane": {"fill": "#e4eefb", "stroke": "#2c68b0"},
    "fork": {"fill": "#2c68b0"},
    "when": {"fill": "#174a86"},
    "stop": {"fill": "#fdecea", "stroke": "#a3261c"},
    "stop-ink": {"fill": "#8c1d14"},
    "pause": {"fill": "#fdf3d8", "stroke": "#7d5a00"},
    "pause-ink": {"fill": "#664a00"},
    "done": {"fill": "#e3f4e7", "stroke": "#1d6b34"},
    "done-ink": {"fill": "#17572a"},
}
"""Colors by role. They are attributes, since not every program reads a style sheet."""
_DARK: Final = {
    "page": {"fill": "#14171a"},
    "ink": {"fill": "#eceff2"},
    "soft": {"fill": "#b3bbc4"},
    "line": {"stroke": "#98a3ae"},
    "arrow": {"fill": "#98a3ae"},
    "card": {"fill": "#1d2226", "stroke": "#77818b"},
    "rule": {"stroke": "#363d44"},
    "frame": {"fill": "#191d21", "stroke": "#98a3ae"},
    "lane": {"fill": "#14263c", "stroke": "#6ea8ea"},
    "fork": {"fill": "#6ea8ea"},
    "when": {"fill": "#a5cbf7"},
    "stop": {"fill": "#3a1714", "stroke": "#f0897f"},
    "stop-ink": {"fill": "#ffb4ac"},
    "pause": {"fill": "#33280b", "stroke": "#d9b04c"},
    "pause-ink": {"fill": "#f0cf7f"},
    "done": {"fill": "#11301a", "stroke": "#6cc788"},
    "done-ink": {"fill": "#a3e3b7"},
}
_END_ROLES: Final = {
    EndKind.FINAL: "stop",
    EndKind.SUSPENDED: "pause",
    EndKind.COMPLETED: "done",
}


def render_route_svg(diagram: RouteDiagram) -> str:
    """Return the picture as an SVG file, ending in a line end."""
    depth = _measure_depth(diagram.steps)
    width = max(PAGE_WIDTH, depth + MIN_ROOM + 2 * MARGIN)
    drawing = RouteDrawing(width, _measure_ids(diagram.steps))
    drawing.draw(diagram)
    height = drawing.y + MARGIN

    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {format_number(width)} {format_number(height)}",
            "width": format_number(width),
            "height": format_number(height),
            "role": "img",
            "aria-labelledby": "route-title route-words",
            "lang": "en",
            "font-family": FONT_FAMILY,
            "font-size": format_number(SIZE),
        },
    )
    add_element(root, "title", f"Route: {diagram.title}", id="route-title")
    add_element(root, "desc", render_outline(diagram), id="route-words")
    add_element(root, "style", _render_style())
    page = {"width": format_number(width), "height": format_number(height)}
    add_element(root, "rect", "", **{"class": "page", **_LIGHT["page"], **page})
    root.append(drawing.picture)
    return render_svg_file(tostring(root, encoding="unicode"))


def _render_style() -> str:
    """Return the colors for dark screens, and the size of printed pages."""
    rules = []
    for role, colors in _DARK.items():
        declarations = ";".join(f"{name}:{color}" for name, color in colors.items())
        rules.append(f".{role}{{{declarations}}}")
    dark = "".join(rules)
    return f"@page{{size:A4;margin:10mm}}@media screen and (prefers-color-scheme:dark){{{dark}}}"


def _measure_depth(steps: Sequence[RouteStep]) -> float:
    """Return how far the innermost box is indented, both sides together."""
    deepest = 0.0
    for step in steps:
        match step:
            case RouteBranch():
                indent = LANE_INDENT + 2 * PAD
                deepest = max(deepest, indent + _measure_depth(step.steps))
            case RouteGroup(is_folded=False):
                indent = 2 * PAD
                if step.is_loop:
                    indent += LOOP_ROOM
                deepest = max(deepest, indent + _measure_depth(step.steps))
            case _:
                pass
    return deepest


def _measure_ids(steps: Sequence[RouteStep]) -> float:
    """Return the width of the column of ids: as wide as the ids that are not too long."""
    widest = 0.0
    for step in steps:
        if isinstance(step, RouteBranch | RouteGroup):
            widest = max(widest, _measure_ids(step.steps))
        elif isinstance(step, RouteNode):
            width = measure(step.id, SIZE, bold=True) + PAD
            if width <= MAX_ID_WIDTH:
                widest = max(widest, width)
    return widest


def measure(text: str, size: float, *, bold: bool = False) -> float:
    """Return the room that a text takes at most."""
    width = estimate_width(text, size) * WIDTH_FACTOR
    if bold:
        width *= BOLD_FACTOR
    return width


def wrap(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """Return the lines of a text in a room."""
    room /= WIDTH_FACTOR
    if bold:
        room /= BOLD_FACTOR
    return wrap_text(text, room, size)


class _Text(NamedTuple):
    """A line of text in a box, by its distance from the upper left corner of its row."""

    text: str
    x: float
    y: float
    role: str = "ink"
    size: float = SIZE
    bold: bool = False
    room: float = 0
    """The width it may take."""


class _Row(NamedTuple):
    """An item in a card."""

    id: str
    texts: tuple[_Text, ...]
    height: float


class RouteDrawing:
    """A drawing of a route that grows downwards. `y` is the lower edge of what is drawn."""

    def __init__(self, width: float, id_width: float) -> None:
        self.width = width
        self.picture = Element("g")
        self.y = MARGIN
        self._id_width = id_width
        self._group = self.picture
        """Where elements are added: the open group, or the picture."""

    def draw(self, diagram: RouteDiagram) -> None:
        """Draw the heading, the legend and all steps."""
        left = MARGIN
        right = self.width - MARGIN
        self._draw_heading(diagram, left, right)
        self._draw_steps(diagram.steps, left, right)

    # heading

    def _draw_heading(self, diagram: RouteDiagram, left: float, right: float) -> None:
        for line in wrap(diagram.title, right - left, TITLE_SIZE, bold=True):
            self.y += TITLE_SIZE + 4
            self._add_text(_Text(line, left, self.y, size=TITLE_SIZE, bold=True))
        facts = (f"Route · {diagram.version} · {diagram.summary}", *diagram.notes)
        for fact in facts:
            self._draw_plain(fact, left, right)
        self.y += 6
        self._draw_legend(left)
        self.y += GAP

    def _draw_plain(self, text: str, left: float, right: float) -> None:
        for line in wrap(text, right - left, SIZE):
            self.y += LINE
            self._add_text(_Text(line, left, self.y, role="soft"))

    def _draw_legend(self, left: float) -> None:
        """Draw the signs and what they mean, on one line."""
        self.y += LINE
        middle = self.y - 4
        x = left
        for sign, words in (
            ("fork", "asked only under a condition"),
            ("stop", "the interview ends"),
            ("pause", "it is suspended"),
            ("done", "it is complete"),
        ):
            if sign == "fork":
                self._add_diamond(x + 6, middle)
            else:
                self._add_box(sign, x, middle - 6, 14, 12, radius=6)
                self._add_sign(sign, x + 7, middle)
            x += 20
            self._add_text(_Text(words, x, self.y, role="soft", size=SMALL))
            x += measure(words, SMALL) + 14

    # steps

    def _draw_steps(self, steps: Sequence[RouteStep], left: float, right: float) -> None:
        """Draw steps in a lane, with a line from each to the next."""
        blocks = list_blocks(steps)
        for at, block in enumerate(blocks):
            previous = blocks[at - 1] if at else None
            if isinstance(previous, RouteEnd) and not previous.is_end_of_route:
                # nobody comes from there
                self.y += GAP
            elif previous is not None:
                self._draw_link(left)
            is_last = at == len(blocks) - 1
            self._draw_block(block, left, right, is_last=is_last)

    def _draw_block(self, block: RouteBlock, left: float, right: float, *, is_last: bool) -> None:
        match block:
            case RouteEnd():
                self._draw_end(block, left, right)
            case RouteBranch():
                self._draw_branch(block, left, right, is_last=is_last)
            case RouteGroup(is_folded=True):
                self._draw_folded(block, left, right)
            case RouteGroup():
                self._draw_group(block, left, right)
            case _:
                self._draw_card(block, left, right)

    def _draw_link(self, left: float) -> None:
        """Draw the line from one step to the next."""
        x = left + SPINE
        self._add_path(f"M{_xy(x, self.y)}V{format_number(self.y + GAP - 5)}")
        self._add_arrow_down(x, self.y + GAP)
        self.y += GAP

    def _keep_together(self, height: float, left: float | None = None) -> None:
        """Go to the next page if so much does not fit on this one.

        With `left`, the line of the lane is drawn over the space that is left.
        """
        page_end = self._find_page_end()
        is_cut = self.y + height > page_end
        if not is_cut or height > PAGE_HEIGHT - GAP:
            return
        top = self.y
        self.y = page_end + PAGE_EDGE + MARGIN
        if left is not None:
            x = left + SPINE
            self._add_path(f"M{_xy(x, top)}V{format_number(self.y - 5)}")
            # The head of the line is at the end of the page before: this page needs one as well.
            self._add_arrow_down(x, self.y)

    def _find_page_end(self) -> float:
        """Return how far down the page that `y` is on can be drawn on."""
        page = self.y // PAGE_HEIGHT
        return (page + 1) * PAGE_HEIGHT - PAGE_EDGE

    # items

    def _draw_card(self, nodes: Sequence[RouteNode], left: float, right: float) -> None:
        """Draw items that follow each other as rows of a box; a new box on each page."""
        rows = [self._build_row(node, right - left) for node in nodes]
        self._keep_together(rows[0].height, left)
        while rows:
            fitting = self._count_fitting(rows)
            self._draw_rows(rows[:fitting], left, right)
            rows = rows[fitting:]
            if rows:
                self._keep_together(rows[0].height, left)

    def _count_fitting(self, rows: Sequence[_Row]) -> int:
        """Return how many rows fit on the page, at least one."""
        page_end = self._find_page_end()
        bottom = self.y + rows[0].height
        fitting = 1
        for row in rows[1:]:
            bottom += row.height
            if bottom > page_end:
                break
            fitting += 1
        return fitting

    def _draw_rows(self, rows: Sequence[_Row], left: float, right: float) -> None:
        height = sum(row.height for row in rows)
        self._add_box("card", left, self.y, right - left, height, radius=4)
        for at, row in enumerate(rows):
            if at:
                self._add_rule(left + 1, right - 1, self.y)
            self._open_group("item", row.id)
            for text in row.texts:
                self._add_text(text._replace(x=left + text.x, y=self.y + text.y))
            self._close_group()
            self.y += row.height

    def _build_row(self, node: RouteNode, width: float) -> _Row:
        """Lay out an item: its number, its id, its label beside it, and remarks below."""
        y = LINE + 1
        texts = [_Text(node.number, PAD, y, role="soft", size=SMALL)]
        id_x = NUMBER_WIDTH
        for line in wrap(node.id, width - id_x - PAD, SIZE, bold=True):
            texts.append(_Text(line, id_x, y, bold=True))
            y += LINE
        y -= LINE

        label_x = id_x + self._id_width
        is_long = measure(node.id, SIZE, bold=True) + PAD > self._id_width
        label = node.label
        kind = node.kind.words
        room = width - label_x - PAD
        # an id that does not fit into its column has a line of its own
        if is_long and (label or kind):
            y += LINE
        lines = []
        if label:
            lines = _limit(wrap(label, room, SIZE), MAX_LABEL_LINES)
        for line in lines:
            texts.append(_Text(line, label_x, y))
            y += LINE

        small = [words for words in (kind, *map(render_plain, node.remarks)) if words]
        small += [statements.words for statements in node.statements]
        for words in small:
            for line in wrap(words, room, SMALL):
                texts.append(_Text(line, label_x, y, role="soft", size=SMALL))
                y += LINE - 1
        last = max(text.y for text in texts)
        return _Row(node.id, tuple(texts), last + 8)

    # branches

    def _draw_branch(
        self, branch: RouteBranch, left: float, right: float, *, is_last: bool
    ) -> None:
        """Draw a lane with its condition, beside the line that passes it."""
        lane = left + LANE_INDENT
        inner_left = lane + PAD
        inner_right = right - PAD
        room = right - lane - 2 * PAD
        headings: list[str] = []
        for condition in branch.conditions:
            words = render_plain(condition.words)
            if headings:
                words = f"and {words}"
            headings += _limit(wrap(words, room, SIZE, bold=True), MAX_CONDITION_LINES)
        self._keep_together(len(headings) * LINE + 60, left)

        top = self.y
        spine = left + SPINE
        middle = top + LINE / 2 + 5
        box = self._begin_box("lane")
        self._open_group("branch")
        self.y += 3
        for heading in headings:
            self.y += LINE
            self._add_text(_Text(heading, inner_left, self.y, role="when", bold=True))
        self._close_group()
        self.y += PAD
        self._draw_steps(branch.steps, inner_left, inner_right)
        self.y += PAD
        self._end_box(box, lane, top, right - lane, radius=6)

        back = self.y - 8
        line_end = self.y
        if is_last and branch.rejoins:
            # the line ends where the lane comes back to it
            line_end = back
        self._add_path(f"M{_xy(spine, top)}V{format_number(line_end)}")
        self._add_path(f"M{_xy(spine, middle)}H{format_number(lane - 5)}")
        self._add_arrow_right(lane, middle)
        self._add_diamond(spine, middle)
        if branch.rejoins:
            self._add_path(f"M{_xy(lane, back)}H{format_number(spine + 6)}")
            self._add_arrow_left(spine + 1, back)

    # sections and loops

    def _draw_group(self, group: RouteGroup, left: float, right: float) -> None:
        inner_right = right - PAD
        if group.is_loop:
            inner_right -= LOOP_ROOM
        height = self._measure_group_heading(group, left, right)
        self._keep_together(height + 40, left)

        top = self.y
        box = self._begin_box("frame")
        self._draw_group_heading(group, left, right)
        steps_top = self.y
        self.y += PAD
        self._draw_steps(group.steps, left + PAD, inner_right)
        self.y += PAD
        self._end_box(box, left, top, right - left, radius=8)
        if group.is_loop:
            self._draw_loop_arrow(right - PAD - LOOP_ROOM / 2, steps_top, self.y - PAD, inner_right)

    def _draw_loop_arrow(self, x: float, top: float, bottom: float, edge: float) -> None:
        """Draw the arrow from the end of a loop back to its beginning."""
        above = top + 4
        path = f"M{_xy(edge + 2, bottom - 8)}H{format_number(x)}V{format_number(above + 9)}"
        self._add_path(path, width="2")
        arrow = f"M{_xy(x, above)}l-5 9h10z"
        self._add("path", {"class": "arrow", **_LIGHT["arrow"], "d": arrow})

    def _measure_group_heading(self, group: RouteGroup, left: float, right: float) -> float:
        return sum(text.y for text in self._build_group_heading(group, left, right)[-1:])

    def _build_group_heading(self, group: RouteGroup, left: float, right: float) -> list[_Text]:
        """Lay out the title of a section, its name and items, how it is repeated, its order."""
        room = right - left - 2 * PAD
        y = 4.0
        texts = []
        for line in wrap(group.name, room, SIZE + 1, bold=True):
            y += LINE
            texts.append(_Text(line, PAD, y, size=SIZE + 1, bold=True))
        facts = []
        if group.is_loop:
            facts.append(f"↻ {render_plain(group.repeats)}")
        facts.append(f"{group.id} · {group.span}")
        facts += map(render_plain, group.notes)
        if group.is_folded:
            facts.append(f"Folded: {group.contents}.")
            facts += [f"Ends in it: {_word_end(end)}" for end in group.ends]
        for fact in facts:
            for line in wrap(fact, room, SMALL):
                y += LINE - 1
                texts.append(_Text(line, PAD, y, role="soft", size=SMALL))
        return texts

    def _draw_group_heading(self, group: RouteGroup, left: float, right: float) -> None:
        texts = self._build_group_heading(group, left, right)
        self._open_group("section", group.id)
        for text in texts:
            self._add_text(text._replace(x=left + text.x, y=self.y + text.y))
        self._close_group()
        self.y += texts[-1].y

    def _draw_folded(self, group: RouteGroup, left: float, right: float) -> None:
        """Draw a folded section as one box, with an edge of sheets behind it."""
        height = self._measure_group_heading(group, left, right) + 8
        self._keep_together(height + 6, left)
        self._add_box("frame", left + 6, self.y + 6, right - left - 6, height, radius=8)
        self._add_box("frame", left, self.y, right - left - 6, height, radius=8)
        top = self.y
        self._draw_group_heading(group, left, right - 6)
        self.y = top + height + 6

    # ends

    def _draw_end(self, end: RouteEnd, left: float, right: float) -> None:
        role = _END_ROLES[end.kind]
        x = 34.0
        room = right - left - x - PAD - 6
        y = 4.0
        texts = []
        for line in wrap(end.outcome, room, SIZE, bold=True):
            y += LINE
            texts.append(_Text(line, x, y, role=f"{role}-ink", bold=True))
        facts = [end.effect]
        if end.id:
            facts = [f"{end.number} · {end.id} · {end.effect}"]
        facts += [f"also after {decline}" for decline in end.declines]
        for fact in facts:
            for line in wrap(fact, room, SMALL):
                y += LINE - 1
                texts.append(_Text(line, x, y, role=f"{role}-ink", size=SMALL))

        height = y + 8
        # Another end may be the only way out of its lane, so that no line goes on below it.
        line_left = left if end.is_end_of_route else None
        self._keep_together(height, line_left)
        self._add_box(role, left, self.y, right - left, height, radius=14)
        self._open_group("end", end.id)
        self._add_sign(role, left + 18, self.y + height / 2)
        for text in texts:
            self._add_text(text._replace(x=left + text.x, y=self.y + text.y))
        self._close_group()
        self.y += height

    # elements

    def _add(self, tag: str, attributes: dict[str, str], text: str = "") -> Element:
        """Add an element to the open group, or to the picture."""
        return add_element(self._group, tag, text, **attributes)

    def _open_group(self, kind: str, id: str = "") -> None:
        """Begin a group of texts that belong together: an item, an end, a heading."""
        self._group = add_element(self.picture, "g", **{"class": kind, "data-id": id})

    def _close_group(self) -> None:
        self._group = self.picture

    def _begin_box(self, role: str) -> Element:
        """Add a box behind what follows; its size is known later."""
        return self._add("rect", {"class": role, **_LIGHT[role]})

    def _end_box(self, box: Element, x: float, top: float, width: float, *, radius: float) -> None:
        sizes = {"x": x, "y": top, "width": width, "height": self.y - top, "rx": radius}
        for name, value in sizes.items():
            box.set(name, format_number(value))

    def _add_box(
        self, role: str, x: float, y: float, width: float, height: float, *, radius: float
    ) -> None:
        sizes = {"x": x, "y": y, "width": width, "height": height, "rx": radius}
        written = {name: format_number(value) for name, value in sizes.items()}
        self._add("rect", {"class": role, **_LIGHT[role], **written})

    def _add_text(self, text: _Text) -> None:
        attributes = {"class": text.role, **_LIGHT[text.role]}
        attributes["x"] = format_number(text.x)
        attributes["y"] = format_number(text.y)
        if text.size != SIZE:
            attributes["font-size"] = format_number(text.size)
        if text.bold:
            attributes["font-weight"] = "600"
        self._add("text", attributes, text.text)

    def _add_path(self, path: str, *, width: str = "1.5") -> None:
        self._add("path", {"class": "line", **_LIGHT["line"], "stroke-width": width, "d": path})

    def _add_rule(self, left: float, right: float, y: float) -> None:
        path = f"M{_xy(left, y)}H{format_number(right)}"
        self._add("path", {"class": "rule", **_LIGHT["rule"], "d": path})

    def _add_arrow_down(self, x: float, y: float) -> None:
        self._add("path", {"class": "arrow", **_LIGHT["arrow"], "d": f"M{_xy(x, y)}l-4 -7h8z"})

    def _add_arrow_right(self, x: float, y: float) -> None:
        self._add("path", {"class": "arrow", **_LIGHT["arrow"], "d": f"M{_xy(x, y)}l-7 -4v8z"})

    def _add_arrow_left(self, x: float, y: float) -> None:
        self._add("path", {"class": "arrow", **_LIGHT["arrow"], "d": f"M{_xy(x, y)}l7 -4v8z"})

    def _add_diamond(self, x: float, y: float) -> None:
        path = f"M{_xy(x, y - 7)}l7 7l-7 7l-7 -7z"
        self._add("path", {"class": "fork", **_LIGHT["fork"], "d": path})

    def _add_sign(self, role: str, x: float, y: float) -> None:
        """Draw the sign of an end, which does not depend on its color: ■, two bars, or a tick."""
        ink = f"{role}-ink"
        match role:
            case "stop":
                path = f"M{_xy(x - 3.5, y - 3.5)}h7v7h-7z"
            case "pause":
                path = f"M{_xy(x - 3.5, y - 4)}h2.5v8h-2.5zM{_xy(x + 1, y - 4)}h2.5v8h-2.5z"
            case _:
                path = f"M{_xy(x - 5, y)}l1.5 -1.5l2.5 2.5l4.5 -5l1.5 1.5l-6 6.5z"
        self._add("path", {"class": ink, **_LIGHT[ink], "d": path})


def _word_end(end: RouteEnd) -> str:
    """Return an end in a folded section: `8 too_young: Not eligible`."""
    if not end.id:
        return end.outcome
    return f"{end.number} {end.id}: {end.outcome}"


def _limit(lines: list[str], most: int) -> list[str]:
    """Return at most so many lines; an ellipsis stands for the rest, in place of a word."""
    if len(lines) <= most:
        return lines
    without_last_word = lines[most - 1].rpartition(" ")[0]
    return [*lines[: most - 1], f"{without_last_word} …"]


def _xy(x: float, y: float) -> str:
    return f"{format_number(x)} {format_number(y)}"
