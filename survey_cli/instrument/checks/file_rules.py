"""Explanations of the rules for reading a file and validating its structure."""

from typing import Final

FILE_RULES: Final[dict[str, str]] = {
    # the file
    "no-file": "There is no such file, or it may not be read. Check the path and the name.",
    "not-utf8": "The file is not saved as UTF-8, which every text must be. Re-save it as UTF-8.",
    "too-large": "The file is larger than any instrument. Is it the right one?",
    "too-deep": "Brackets or indentations stand too deep in one another; perhaps one was never closed.",
    "too-many-values": "The file, or its modules together, hold more values than an instrument can. Include less.",
    "too-many": "There are more problems than are printed. Begin with the first ones.",
    "empty-file": "The file holds nothing. `survey new NAME` writes one to begin with.",
    "no-mapping": "The file does not begin with keys, as `instrument: my_survey`.",
    "control-character": "The file holds a character that nobody sees and no text may hold. Delete it.",
    "two-documents": "A line `---` or `...` begins a second document. One file holds one instrument: take the line away.",
    "syntax": "The file can't be made out here, or a little before. Compare the lines with those around them.",
    # lines
    "tab": "A line is indented with a tab. YAML takes spaces only: two for each step.",
    "indentation": "A line is indented more or less than those it belongs with. Keys of one item line up.",
    "colon": """A `: ` in a text reads as the end of a key.

    text: Now: how old?     → text: "Now: how old?"
""",
    "colon-space": """A key's colon wants a space behind it.

    text:Hello     → text: Hello
""",
    "dash": "A list's dash wants a space behind it, and a line of its own: `- id: q1`.",
    "comma": """A comma within braces ends the entry.

    {1: Yes, often}     → {1: "Yes, often"}
""",
    "hash": """A ` #` begins a comment, and the rest of the text is lost.

    text: Do you like #1 shop?     → text: "Do you like #1 shop?"

A comment needs two spaces before its #, and one after.
""",
    "comment-in-text": """A note stands within a text over several lines, where # begins no comment: it is read aloud.

    text: |
      How satisfied are you?
      # read slowly             → instruction: read slowly

Write it above the key, or as `instruction:` if it is for the interviewer. A # that belongs to the text stands within a
line (`Press # to go on.`, `#1 is …`), or in a text that is quoted on one line.
""",
    "apostrophe": """An apostrophe ends a text in single quotes.

    text: 'it's'     → text: "it's"
""",
    "after-quote": "Something follows the quote that ends a text. Quote the whole text; double the quotes within.",
    "backslash": "A backslash in double quotes begins a code, as \\n. Write it twice, or use single quotes.",
    "unclosed": "A bracket, brace or quote is opened here and never closed.",
    "unopened": "A bracket or brace is closed that was never opened. Take it away, or put the text in quotes.",
    "bracket-at-start": """A text that begins with a bracket reads as a list.

    text: [IF NECESSARY] Thank you     → text: "[IF NECESSARY] Thank you"
""",
    "brackets-in-braces": """A list or fill stands unquoted within braces.

    {id: why, ask_if: q2 in [3, 4]}     → {id: why, ask_if: "q2 in [3, 4]"}
""",
    "fill-at-start": """A text that begins with a fill reads as a mapping.

    text: {name} is here     → text: "{name} is here"
""",
    "reserved-start": "A text can't begin with % @ ` , ] or }. Put it in double quotes.",
    "block-text": "Text follows `|` or `>` on its line. Begin the text on the next line, indented.",
    "no-key": "A value stands where a key and its colon belong.",
    "no-value": "A key stands here without anything behind it. Write its value, or take it out.",
    "complex-key": "A list or mapping stands where a key belongs. Text that begins with a bracket or brace needs quotes.",
    "duplicate-key": "A key stands twice in one mapping; only one of them can hold. Both lines are named.",
    "anchor": "`&name` is an anchor of YAML, which is not used here. A text that begins with & needs quotes.",
    "alias": "`*name` is an alias of YAML, which is not used here. A text that begins with * needs quotes.",
    "merge-key": "`<<` merges mappings in YAML, and is not used here. Write the entries out.",
    "tag": "`!name` is a tag of YAML, which is not used here. A text that begins with ! needs quotes.",
    # modules
    "include": "An include is `- include: modules/name.yaml`, with nothing besides but `prefix: b_`.",
    "include-path": "A module lies below the folder of the instrument; its path is written from the including file.",
    "include-loop": "A file includes itself, directly or through others. The whole loop is printed: break it.",
    "include-twice": "A module is included twice. Give each its own prefix: `prefix: b_`.",
    "module-key": "A module holds `scales`, `compute` and `items`; everything else belongs to the top file.",
    "clash": "Two files bring a list or compute of the same name. Rename one, or include the module with a prefix.",
    # shape
    "unknown-key": "There is no such key here. The nearest one is offered; `survey explain TYPE` lists those of a type.",
    "unknown-type": "There is no such type of item. The nearest one is offered.",
    "unknown-word": "A key takes one of a few words, and this is none of them. The nearest one is offered.",
    "missing-key": "Something that is always needed is missing, as a question's `text:`.",
    "wrong-kind": """A text, a list or a mapping stands where another kind is wanted.

    options: [Yes, No]     → options: {1: "Yes", 2: "No"}
""",
    "empty-text": "A text is wanted and nothing stands here. Write it, or leave the key out.",
    "empty-code": "An option has no code. Give it a number or a short word.",
    "bad-code": """A code is a whole number or a short word without blanks.

    1.0: Yes     → 1: Yes     (spreadsheets add the .0)
    a b: Both    → a_b: Both
""",
    "not-a-number": "A number in digits is wanted: `1000` (no comma), `0.5` (a point). In a condition: a number's item.",
    "not-a-flag": "The key takes `true` or `false`, and no other word: not yes, no, on or off.",
    # lists and rosters
    "unknown-list": "There is no list of this name under `scales:`. The nearest one is offered.",
    "unknown-decline": "There is no decline of this name: define it under `declines:`, or use dk and refused.",
    "bad-label": "A label names a point that the scale from `from:` to `to:` does not have.",
    "long-scale": "A scale has more points than anybody can choose from. Use `type: number` with min and max.",
    "bad-each": "`each:` names no multiple that was asked before: its chosen options are the roster's turns.",
    "bad-draw": "A draw names a roster asked before (`from:`) and, by youngest or birthday, one of its items (`using:`).",
}
"""Rule to explanation. The checks of this package explain themselves in their docstrings."""
