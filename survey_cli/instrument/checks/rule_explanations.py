"""Explanations of rules that no check defines: those for reading a file, its structure, conditions and fills.

The rules of the checks are explained in the docstrings of the checks.
"""

from typing import Final

_FILE: Final = {
    "no-file": "The file does not exist, or you may not read it. Check the path and the name.",
    "not-utf8": "The file is not encoded as UTF-8. Save it as UTF-8.",
    "too-large": "The file is larger than any questionnaire can be. Check that it is the right file.",
    "too-deep": "Brackets or indentations are nested too deeply; perhaps one was never closed.",
    "too-many-values": "The file and its modules contain more values than a questionnaire may. Include fewer modules.",
    "too-many": "There are more problems than the list shows. Start with the first ones.",
    "empty-file": "The file is empty. `survey new NAME` writes one to start from.",
    "no-mapping": "The file does not start with a key, such as `instrument: my_survey`.",
    "control-character": "The file contains an invisible control character, which no text may contain. Delete it.",
    "two-documents": "A line `---` or `...` starts a second document; a file has one questionnaire. Remove the line.",
    "syntax": "The file can't be parsed here, or shortly before. Compare the lines with those around them.",
}
_LINES: Final = {
    "tab": "A line is indented with a tab. YAML accepts only spaces: two per level.",
    "indentation": "A line is indented more or less than those it belongs to. The keys of an item line up.",
    "colon": """A `: ` in a text is read as the end of a key.

    text: Now: how old?     → text: "Now: how old?"
""",
    "colon-space": """A key's colon must be followed by a space.

    text:Hello     → text: Hello
""",
    "dash": "A list's dash needs a space after it, and a line of its own: `- id: q1`.",
    "comma": """A comma inside braces ends the entry.

    {1: Yes, often}     → {1: "Yes, often"}
""",
    "hash": """A ` #` starts a comment, and the rest of the text is lost.

    text: Do you like #1 shop?     → text: "Do you like #1 shop?"

A comment needs two spaces before its #, and one after it.
""",
    "comment-in-text": """A note is inside a text of several lines, where # starts no comment: it would be read aloud.

    text: |
      How satisfied are you?
      # read slowly             → instruction: read slowly

Write it above the key, or as `instruction:` if it is for the interviewer. A # that belongs to the text must be within a
line (`Press # to go on.`, `#1 is …`), or in a text that is quoted on one line.
""",
    "apostrophe": """An apostrophe ends a text in single quotes.

    text: 'it's'     → text: "it's"
""",
    "after-quote": "Something follows the quote that ends a text. Quote the whole text, and double the quotes in it.",
    "backslash": "A backslash in double quotes starts an escape, such as \\n. Write it twice, or use single quotes.",
    "unclosed": "A bracket, brace or quote that is opened here is never closed.",
    "unopened": "A closing bracket or brace was never opened. Remove it, or put the text in quotes.",
    "bracket-at-start": """A text that starts with a bracket is read as a list.

    text: [IF NECESSARY] Thank you     → text: "[IF NECESSARY] Thank you"
""",
    "brackets-in-braces": """A list or fill inside braces has no quotes.

    {id: why, ask_if: q2 in [3, 4]}     → {id: why, ask_if: "q2 in [3, 4]"}
""",
    "fill-at-start": """A text that starts with a fill is read as a mapping.

    text: {name} is here     → text: "{name} is here"
""",
    "reserved-start": "A text can't start with % @ ` , ] or }. Put it in double quotes.",
    "block-text": "Text follows `|` or `>` on the same line. Start the text on the next line, indented.",
    "no-key": "There is a value where a key and a colon are expected. Write the key before the value: `text: Hello`.",
    "no-value": "A key has no value. Write a value, or remove the key.",
    "complex-key": "There is a list or mapping where a key is expected. Quote a text that starts with a bracket.",
    "duplicate-key": "A key occurs twice in one mapping; only one of them can apply. Both lines are named.",
    "anchor": "`&name` is a YAML anchor, which a questionnaire can't contain. Put a text that starts with & in quotes.",
    "alias": "`*name` is a YAML alias, which a questionnaire can't contain. Put a text that starts with * in quotes.",
    "merge-key": "`<<` merges mappings in YAML, which a questionnaire can't do. Write the entries out.",
    "tag": "`!name` is a YAML tag, which a questionnaire can't contain. Put a text that starts with ! in quotes.",
}
_MODULES: Final = {
    "include": "An include is written as `- include: modules/name.yaml`. Its other keys are `prefix: b_` and "
    "`with: {who: your partner}`, which gives the module its texts.",
    "include-path": "A module or list must be in the questionnaire's folder or below it. Its path is relative to the "
    "file that includes it.",
    "include-loop": "A file includes itself, directly or through others. The message names them; remove one include.",
    "include-twice": "A module is included twice. Give each include its own prefix: `prefix: b_`.",
    "module-key": "A module contains `scales`, `compute` and `items`; everything else belongs in the top file.",
    "unused-text": "A text under `texts:` is inserted nowhere. Write its name in braces in a text, or remove it.",
    "clash": "Two files define a list or compute of the same name. Rename one, or include the module with a prefix.",
}
_KEYS: Final = {
    "unknown-key": "There is no such key here. The message suggests one; `survey explain TYPE` lists a type's keys.",
    "unknown-type": "There is no such type of item. The message suggests the closest one.",
    "unknown-word": "A key accepts only certain words, and this is not one. The message suggests the closest one.",
    "missing-key": "A required key is missing, such as the `text:` of a question.",
    "wrong-kind": """There is a text, a list or a mapping where another kind of value is expected.

    options: [Yes, No]     → options: {1: "Yes", 2: "No"}
""",
    "empty-text": "A text is expected here. Write it, or leave the key out.",
    "empty-code": "An option has no code. Give it a number or a short word.",
    "bad-code": """A code is a whole number or a short word without blanks.

    1.0: Yes     → 1: Yes     (spreadsheets add the .0)
    a b: Both    → a_b: Both
""",
    "not-a-number": "A number in digits is expected: `1000` (no comma), `0.5` (a point). In a condition, a "
    "numeric item.",
    "not-a-flag": "The key accepts only `true` or `false`, not yes, no, on or off.",
}
_LISTS_AND_ROSTERS: Final = {
    "unknown-list": "There is no list of this name under `scales:`. The message suggests the closest one.",
    "unknown-decline": "There is no decline of this name. Define it under `declines:`, or use dk and refused.",
    "bad-label": "A label names a point that the scale from `from:` to `to:` does not have.",
    "long-scale": "A scale has too many points. Use `type: number` with `min:` and `max:`.",
    "bad-each": "`each:` must name an earlier `multiple`, whose chosen options are the turns, or an earlier roster.",
    "bad-source": """Options come from an earlier `multiple` or roster.

    options: {from: aware}                                      those chosen in the multiple aware
    options: {from: aware, chosen: false}                       those that were not
    options: {from: person, label: name, where: age >= 15}      the turns of the roster person

`label:` is an item of the roster. Inside a roster, the multiple is asked in the same turn or before the roster.
""",
    "bad-draw": "A draw names an earlier roster (`from:`), and for `youngest` or `next_birthday` its item (`using:`).",
}
_CONDITIONS: Final = {
    "condition-syntax": """A condition has a syntax error.

    ask_if: q1 = 1 && q2 = 2     → q1 == 1 and q2 == 2

Names, numbers, 'texts', lists, and or not, == != < <= > >=, in, + - * /, `a if condition else b`, and functions.
""",
    "empty-condition": "A condition is expected here. Write it, or leave the key out.",
    "condition-too-large": "A condition is too long. Compute parts of it under names of their own.",
    "unknown-name": "A condition names no item, sample column or compute. The message suggests the closest name.",
    "unknown-code": """A condition names a code that the item's list does not have, so that it is never true.

    ask_if: q1 == 5     where q1 has the codes 1 to 4
""",
    "unknown-function": "There is no such function. `survey explain` lists the functions.",
    "wrong-arguments": "A function has too few, too many or unsuitable arguments. The message shows how it is written.",
    "no-answer": "A condition names an item without an answer: a text read aloud, or a group. Name another item.",
    "bare-code": "A code that is a word needs quotes in a condition: `q1 == 'yes'`.",
    "unlike-kinds": """Two values of different kinds are compared.

    age > "18"        → age > 18
    sex == 'female'   → sex == 2, if its codes are numbers
""",
    "no-order": "Texts and truth values have no order. Compare them with == or !=, or list the codes.",
    "multiple-compared": """A multiple contains any number of codes and can't be compared with one.

    media == 'tv'     → 'tv' in media
""",
    "not-a-list": "`in` must be followed by a list in square brackets, or by a `multiple`.",
    "item-in-list": "A list in square brackets contains codes, not items: `q1 in [1, 2]`.",
    "not-a-truth": """Something that is true or false is expected here.

    ask_if: q1           → answered(q1), or q1 == 1
    q1 == 1 or 2         → q1 in [1, 2]
""",
    "decline-compared": "Don't know and refused are not values. Write `dk(q1)`, `q1 in [3, dk]` or `declined(q1)`.",
    "one-value": "One value is given where a roster's turns, or a `multiple`, are needed: `count(person.age >= 18)`.",
    "list-as-value": """A roster item has one value per turn; outside of the roster it is a list.

    ask_if: age >= 18     → count(person.age >= 18) >= 1, or person[1].age >= 18
""",
    "unlike-lists": "An expression mixes items of two rosters, which have different turns. Count or sum each "
    "of them separately.",
    "roster-as-value": "A roster has no value of its own. Name one of its items: `person[1].age`.",
    "constant-condition": "A condition is always true or always false, whatever is answered. Remove it, or correct it.",
    "compared-with-itself": "An item is compared with itself. Compare it with another item, or with a code.",
    "unsure-negation": """`!=` or `not` is used with an item that can be declined: after a don't know it is unknown.

    ask_if: q1 != 1     → q1 in [2, 3, dk, refused] if they count, q1 in [2, 3] if not
""",
    "and-or-without-brackets": "`a and b or c` means `(a and b) or c`. Write the brackets explicitly.",
    "circular": "Computes depend on one another in a cycle. The message names all of them; change one.",
}
_LENGTH: Final = {
    "over-budget": """Half of the complete interviews probably take longer than the budget in `study:`.

    study: {minutes: 15}

The minutes are estimated from simulated interviews: words read aloud at 2.5 per second, and seconds per answer by type.
From 50 complete interviews on, the study's own times are used. `survey check --length` lists them by route and section.
"""
}
_FILLS: Final = {
    "bad-fill": "The text in braces is not a fill. Write `{name}`, or double a literal brace: `{{`.",
    "unknown-fill": "A fill names no item, sample column or compute. The message suggests the closest name.",
    "bad-format": """The format of a fill is unknown, or does not suit its value.

    codes and texts    {x:code} {x:lower} {x:upper} {x:title}
    numbers            {turn:ordinal} {children:words} {income:,.0f} {share:.0%} {price:EUR}
    dates and times    {visit:%A %d %B} {start:%H:%M}

`ordinal` is *second* in English and digits in other languages (2.º, 2e); `words` writes zero to twelve in words.
""",
    "bad-translations": "A file of translations, such as `study.es.po`, can't be read. Export it again with "
    "`survey translations export`, or correct it in a translation program.",
    "fill-of-many": "A text outside of a roster fills in an item of the roster. Name the turn: `{person[1].name}`.",
}

_SCENARIOS: Final = {
    "broken-questionnaire": "The questionnaire beside a scenario file has errors, or there is none. Fix it first.",
    "bad-place": """An answer belongs to an item of the questionnaire, and in a roster to one of its turns.

    age: 34     → age#1: 34
""",
    "bad-answer": "An item, decline or sample column can't have this value. The message says which ones it can have.",
    "bad-step": "A step of a scenario either goes back (`back: 1`) or corrects answers (`correct: {age: 40}`).",
    "unknown-column": "The questionnaire has no sample column of this name. The message suggests the closest one.",
}
RULE_EXPLANATIONS: Final[dict[str, dict[str, str]]] = {
    "The file": _FILE,
    "Lines of YAML": _LINES,
    "Modules": _MODULES,
    "Keys and values": _KEYS,
    "Lists and rosters": _LISTS_AND_ROSTERS,
    "Conditions": _CONDITIONS,
    "Texts and languages": _FILLS,
    "Scenarios": _SCENARIOS,
    "Length": _LENGTH,
}
"""The rules by subject. A check whose module has the same subject belongs to the same group."""
