"""Editions of the language: numbers for what the keys and conditions of a questionnaire mean.

A questionnaire names its edition with `edition:`; without that key it is in edition 1. A stored
questionnaire keeps its edition for good, so a change of meaning gets a new number and never reaches
the interviews of an earlier one.
"""

from typing import Final

FIRST_EDITION: Final = 1
"""The edition of every questionnaire that doesn't name one."""

NEWEST_EDITION: Final = 2
"""The newest edition that this program knows.

Read it as `editions.NEWEST_EDITION`: tests of an edition to come raise it there.
"""

STRICT_CHOICES_EDITION: Final = 2
"""From this edition on, `a if test else b` has no value if the test is unknown."""

AMOUNTS_EDITION: Final = 2
"""From this edition on, an option may have another amount than its code, or none (`missing`)."""

TRANSLATED_LABELS_EDITION: Final = 2
"""From this edition on, labels that the program makes are in the language of the data.

In the first edition they are in English, so that its exports stay as they are.
"""

DECLINE_CODES_EDITION: Final = 2
"""From this edition on, a list of declines (`[refused]`) has the codes of the default around it.

At a question with options, interviewers can key the code of a decline as it is: 7.
"""
