"""Pages of the documentation as the tests read them: fences of code with what a hidden comment says of them, and links.

A comment right before a fence may say:

- `<!-- given: … -->`: a part of the questionnaire that the fence is added to,
- `<!-- problem: RULE -->`: the fence is wrong, and this rule says so,
- `<!-- exit: N -->`: the exit code of the command,
- `<!-- add: FILE -->`: the fence is added to the end of this file, in place of everything from its first line on,
- `<!-- skip: WHY -->`: the commands are not run.

After the command of an interactive program, a comment between paragraphs says what a reader does at the terminal:

- `<!-- press: 2 Enter `a bus passed` -->`: keys, and texts in backticks; the section prints each of them,
- `<!-- choose: … -->`: the same, for keys that the page leaves to the reader; right before a fence, they go to the
  program of this fence,
- `<!-- see: TEXT -->`: the screen shows this, `…` for anything; a quotation (`> …`) is what the
  program in the window of the commands shows,
- `<!-- repeat: … -->`: lines such as `Call me …, please.`: what the screen shows in place of `…` is typed,
- `<!-- respond: … -->`: lines `TEXT → KEYS`: the keys of the first text that is on the screen are pressed, again and
  again, until that is a text without keys.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from textwrap import dedent

from survey_cli.instrument.editions import NEWEST_EDITION

ROOT = Path(__file__).parents[2]
TOP_LEVEL = (
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "benchmarks/README.md",
)

FENCE = re.compile(
    r"((?:^ *<!--(?:(?!-->).)*-->\n+)*)^( *)```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL
)
REMARK = re.compile(r"<!-- *(given|problem|exit|add|choose|skip): ?(.*?) *-->", re.DOTALL)
DIRECTIVE = re.compile(
    r"^<!-- *(press|choose|see|repeat|respond): *(.*?) *-->$|^((?:>[^\n]*\n)+)",
    re.MULTILINE | re.DOTALL,
)
HEADING_LINE = re.compile(r"^#{1,6} .*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: *\{#([\w-]+)\})?$", re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    """A block of code on a page."""

    page: Path
    line: int
    language: str
    title: str
    """Name of the file that it is saved as, or `Output`; empty where none is given."""
    text: str
    remarks: dict[str, str]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Directive:
    """What a reader does or sees at the terminal, at this position of a page."""

    line: int
    kind: str
    """`press`, `choose`, `see`, `repeat`, `respond` or `quotation`."""
    text: str
    section: str
    """What the section says before it."""


def list_pages() -> list[Path]:
    """List every page: those of the site, and those at the top of the repository."""
    return [
        *(ROOT / name for name in TOP_LEVEL if (ROOT / name).exists()),
        *sorted((ROOT / "docs").rglob("*.md")),
    ]


def iterate_fences(page: Path, language: str = "") -> Iterator[Fence]:
    """Yield the fences of a page in order; only those of a language, where one is named."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        comments, indent, info, body = match.groups()
        kind, _, attributes = info.strip().partition(" ")
        title = re.search(r'title="([^"]*)"', attributes)
        if not language or kind == language:
            yield Fence(
                page,
                text.count("\n", 0, match.start(3)) + 1,
                kind,
                title[1] if title else "",
                re.sub(f"^{indent}", "", body, flags=re.MULTILINE),
                {
                    key: value.removeprefix("\n").removesuffix("\n")
                    for key, value in REMARK.findall(comments)
                },
            )


def iterate_steps(page: Path) -> Iterator[Fence | Directive]:
    """Yield the fences and the directives of a page, in order."""
    steps: list[Fence | Directive] = [*iterate_fences(page), *iterate_directives(page)]
    yield from sorted(steps, key=lambda step: step.line)


def iterate_directives(page: Path) -> Iterator[Directive]:
    """Yield what a reader does or sees at the terminal."""
    text = page.read_text(encoding="utf-8")
    fenced = [match.span() for match in FENCE.finditer(text)]
    for match in DIRECTIVE.finditer(text):
        if any(start <= match.start() < end for start, end in fenced):
            continue
        kind, value, quotation = match.groups()
        if quotation:
            kind = "quotation"
            value = re.sub("^> ", "", quotation, flags=re.MULTILINE)
        before = text[: match.start()]
        section = HEADING_LINE.split(before)[-1]
        yield Directive(before.count("\n") + 1, kind, value, section)


def iterate_commands(fence: Fence) -> Iterator[list[str]]:
    """Yield the arguments of each `survey …` line of a fence."""
    for line in fence.text.replace("\\\n", " ").splitlines():
        words = list(
            takewhile(lambda word: word not in ("|", ">"), shlex.split(line, comments=True))
        )
        while words and "=" in words[0]:  # an environment variable
            words = words[1:]
        if words and words[0].endswith("survey"):
            yield words[1:]


def complete_questionnaire(fence: Fence) -> str:
    """Return the fence as a whole questionnaire: with what is given, and with the parts that every questionnaire has.

    It is in the newest edition unless it names one, since `survey new` begins a file in it.
    """
    given = fence.remarks.get("given", "")
    given += "\n" if given else ""
    body = dedent(fence.text) if fence.text.lstrip().startswith("- ") else fence.text
    if body.lstrip().startswith("- "):
        items = "" if re.search(r"^items:", given, re.MULTILINE) else "items:\n"
        body = items + re.sub(r"^(?=.)", "  ", body, flags=re.MULTILINE)
    text = given + body
    present = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    head = "".join(f"{key}: page\n" for key in ("instrument", "title") if key not in present)
    if "edition" not in present:
        head += f"edition: {NEWEST_EDITION}\n"
    tail = "" if "items" in present else "items:\n  - {id: hello, type: read, text: Hello.}\n"
    return head + text + tail


def list_anchors(page: Path) -> set[str]:
    """List the anchors of a page's headings, as the site makes them."""
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    anchors = {own or slugify(title) for title, own in HEADING.findall(text)}
    return anchors | set(re.findall(r'id="([\w-]+)"', text))


def slugify(title: str) -> str:
    """Return a heading's anchor."""
    words = re.sub(r"[^\w\s-]", "", re.sub(r"[`*]|\]\([^)]*\)", "", title)).strip().lower()
    return re.sub(r"[-\s]+", "-", words)
