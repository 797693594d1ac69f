"""Explanations of the rules for conditions and for fills in texts."""

from typing import Final

CONDITION_RULES: Final[dict[str, str]] = {
    "condition-syntax": """A condition is not written as one.

    ask_if: q1 = 1 && q2 = 2     → q1 == 1 and q2 == 2

Names, numbers, 'texts', lists, and or not, == != < <= > >=, in, + - * /, `a if condition else b`, and functions.
""",
    "empty-condition": "A condition is wanted and nothing stands here. Write it, or leave the key out.",
    "condition-too-large": "A condition is too long to be understood. Compute parts of it under names of their own.",
    "unknown-name": "A condition names something that is no item, sample column or compute. The nearest is offered.",
    "unknown-code": """A condition names a code that the item's list does not have: it could never hold.

    ask_if: q1 == 5     where q1 has the codes 1 to 4
""",
    "unknown-function": "There is no such function. There are answered dk refused declined count sum mean …",
    "wrong-arguments": "A function is called with too few, too many or other things than it takes. Its form is printed.",
    "no-answer": "An item that is read aloud, or a group of items, has no answer: nothing can depend on it.",
    "bare-code": "A code that is a word stands in quotes in a condition: `q1 == 'yes'`.",
    "unlike-kinds": """Two things of different kinds are compared.

    age > "18"        → age > 18
    sex == 'female'   → sex == 2, if its codes are numbers
""",
    "no-order": "Texts and truths have no order: compare with == or !=, or list the codes.",
    "multiple-compared": """A multiple holds any number of codes and can't be compared with one.

    media == 'tv'     → 'tv' in media
""",
    "not-a-list": "`in` wants a list in square brackets, or a multiple, on its right.",
    "item-in-list": "A list in square brackets holds codes, not items: `q1 in [1, 2]`.",
    "not-a-truth": """Something true or false is wanted here.

    ask_if: q1           → answered(q1), or q1 == 1
    q1 == 1 or 2         → q1 in [1, 2]
""",
    "decline-compared": "Don't know and refused are no values: `dk(q1)`, `q1 in [3, dk]`, `declined(q1)`.",
    "one-value": "A list over the turns of a roster, or a multiple, is wanted here: `count(person.age >= 18)`.",
    "list-as-value": """A roster's item has one value for each turn; outside of the roster that is a list.

    ask_if: age >= 18     → count(person.age >= 18) >= 1, or person[1].age >= 18
""",
    "unlike-lists": "Items of two rosters have different turns. Count or sum each for itself.",
    "roster-as-value": "A roster has no value of its own: name one of its items, as `person[1].age`.",
    "constant-condition": "A condition is always true, or never, whatever is answered. Leave it out, or correct it.",
    "compared-with-itself": "An item is compared with itself. Name the other item, or a code.",
    "unsure-negation": """`!=` or `not` over an item that may be declined: a don't know makes it unknown, not true.

    ask_if: q1 != 1     → q1 in [2, 3, dk, refused] if they count, q1 in [2, 3] if not
""",
    "and-or-without-brackets": "`a and b or c` means `(a and b) or c`. Write the brackets.",
    "circular": "Computes need one another in a circle. The whole loop is printed: break it.",
    "bad-fill": "What stands in braces is no fill. Write `{name}`, or double a brace that is meant as one: `{{`.",
    "unknown-fill": "A text fills in something that is no item, sample column or compute. The nearest is offered.",
    "bad-format": """A fill has a format that is unknown, or does not fit it.

    codes and texts    {x:code} {x:lower} {x:upper} {x:title}
    numbers            {turn:ordinal} {children:words} {income:,.0f} {share:.0%}
    dates and times    {visit:%A %d %B} {start:%H:%M}

`ordinal` is *second* in English and digits elsewhere (2.º, 2e); `words` writes zero to twelve in words.
""",
    "fill-of-many": "A roster's item is filled in outside of the roster: name the turn, as `{person[1].name}`.",
}
"""Rule to explanation."""
