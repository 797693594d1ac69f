"""Explanations of the rules for conditions and for fills in texts."""

from typing import Final

CONDITION_RULES: Final[dict[str, str]] = {
    "condition-syntax": """A condition has a syntax error.

    ask_if: q1 = 1 && q2 = 2     → q1 == 1 and q2 == 2

Names, numbers, 'texts', lists, and or not, == != < <= > >=, in, + - * /, `a if condition else b`, and functions.
""",
    "empty-condition": "A condition is expected here. Write it, or leave the key out.",
    "condition-too-large": "A condition is too long. Compute parts of it under names of their own.",
    "unknown-name": "A condition names something that is no item, sample column or compute. The closest is suggested.",
    "unknown-code": """A condition names a code that the item's list does not have, so that it could never hold.

    ask_if: q1 == 5     where q1 has the codes 1 to 4
""",
    "unknown-function": "There is no such function. The functions are answered dk refused declined count sum mean …",
    "wrong-arguments": "A function is called with too few, too many or unsuitable arguments. Its signature is printed.",
    "no-answer": "An item that is read aloud, or a group of items, has no answer, so nothing can depend on it.",
    "bare-code": "A code that is a word needs quotes in a condition: `q1 == 'yes'`.",
    "unlike-kinds": """Two values of different kinds are compared.

    age > "18"        → age > 18
    sex == 'female'   → sex == 2, if its codes are numbers
""",
    "no-order": "Texts and truth values have no order: compare with == or !=, or list the codes.",
    "multiple-compared": """A multiple contains any number of codes and can't be compared with one.

    media == 'tv'     → 'tv' in media
""",
    "not-a-list": "`in` requires a list in square brackets, or a multiple, on its right.",
    "item-in-list": "A list in square brackets contains codes, not items: `q1 in [1, 2]`.",
    "not-a-truth": """Something that is true or false is expected here.

    ask_if: q1           → answered(q1), or q1 == 1
    q1 == 1 or 2         → q1 in [1, 2]
""",
    "decline-compared": "Don't know and refused are not values: write `dk(q1)`, `q1 in [3, dk]` or `declined(q1)`.",
    "one-value": "A list over the turns of a roster, or a multiple, is expected here: `count(person.age >= 18)`.",
    "list-as-value": """A roster item has one value per turn; outside of the roster it is a list.

    ask_if: age >= 18     → count(person.age >= 18) >= 1, or person[1].age >= 18
""",
    "unlike-lists": "Items of two rosters have different turns. Count or sum each of them separately.",
    "roster-as-value": "A roster has no value of its own: name one of its items, as `person[1].age`.",
    "constant-condition": "A condition is always true, or never, whatever the answers are. Remove it, or correct it.",
    "compared-with-itself": "An item is compared with itself. Compare it with another item, or with a code.",
    "unsure-negation": """`!=` or `not` is used with an item that may be declined: don't know makes it unknown, not true.

    ask_if: q1 != 1     → q1 in [2, 3, dk, refused] if they count, q1 in [2, 3] if not
""",
    "and-or-without-brackets": "`a and b or c` means `(a and b) or c`. Write the brackets explicitly.",
    "circular": "Computes depend on one another in a cycle. The whole cycle is printed; break it.",
    "bad-fill": "The text in braces is not a fill. Write `{name}`, or double a literal brace: `{{`.",
    "unknown-fill": "A text fills in something that is not an item, sample column or compute. The closest is suggested.",
    "bad-format": """The format of a fill is unknown, or does not suit its value.

    codes and texts    {x:code} {x:lower} {x:upper} {x:title}
    numbers            {turn:ordinal} {children:words} {income:,.0f} {share:.0%}
    dates and times    {visit:%A %d %B} {start:%H:%M}

`ordinal` is *second* in English and digits in other languages (2.º, 2e); `words` writes zero to twelve in words.
""",
    "fill-of-many": "A roster item is filled in outside of the roster. Name the turn, as `{person[1].name}`.",
}
"""Maps each rule to its explanation."""
