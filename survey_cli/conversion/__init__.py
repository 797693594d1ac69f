"""Conversion of forms of other systems to questionnaires.

    file ──recognize──▶ reader of its system ──▶ ForeignForm ──▶ writer ──▶ questionnaire, report

Everything that a form contains is in the questionnaire, or in the report of what was not carried
over.

To add a system, make a folder beside `xlsform` with three functions, and nothing else:

1. `is_NAME(file)` tells by the content of an `InputFile` whether it is such a form. It must be
   quick, and not raise an error: look at `file.beginning`.
2. `read_NAME(file)` returns a `ForeignForm`. Open the file with `read_csv`, `read_json`, `read_xml`
   or `text` of `input_files`, which refuse damaged files and bombs. Make items of `model.forms`:
   its docstring has an example. Keep the names of the original; the writer chooses ids.
3. A function that parses a condition of the system and returns a tree of `model.expressions`. That
   module explains how a tree says what a blank means, which is where systems differ. Never raise
   an error for what can't be expressed: return `Unsupported(why)` in its place, so that the rest
   of an `and` is kept.

Then add a row to `READERS` in `readers`. `SystemWords` has the words of the system for the report.

The writer does the rest for all systems: ids, numbers for codes that are words, declines, scales,
batteries, `ask_if` and `unless`, limits, checks, fills, and whatever the checks of a questionnaire
reject. If it lacks something, add it to the writer and to the neutral shape, not to a reader. What
a reader knows to be lost or different is a remark: `item.lose(column, why)`, `item.note(column,
what)`, or `form.remarks`.

Test a reader with real files, and its conditions with `tests/support/blank_answers.py`, which
compares them with a table of truths that was worked by hand.
"""
