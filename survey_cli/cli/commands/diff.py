"""The command `diff`: what changed between two versions of a questionnaire."""

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import typer

from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.terminal import say, wrap_paragraph
from survey_cli.cli.parameters import DatabaseOption, TextFormat, argument, option
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.revisions.properties import ComparedChange

CONSEQUENCES: Final = {
    "removed": "Nothing is stored under this name any more. Exports keep the column for the interviews that have it.",
    "type": "Stored answers and new ones are of different types. Exports write the stored ones to a separate column.",
    "recoded": "The same value no longer means the same. Don't analyze stored and new answers as one.",
    "narrowed": "Answers that were accepted, stored or exported no longer are. New interviews lack them.",
    "widened": "Answers are accepted, stored or exported that were not before. Older interviews lack them.",
    "route": "Other people are asked than before, so that the bases of the two versions differ.",
    "order": "Stored answers keep their meaning. They were given in another order.",
    "added": "Interviews of the older version have no answer here: they were not asked.",
    "text": "Stored answers stay in the same column. They were given to the earlier wording.",
    "fieldwork": "No answer changes. It applies to calls and interviews from now on.",
}
"""What a change of each kind means for the data."""


def diff(
    old: str = argument("OLD", "The older questionnaire.", show_default=False),
    new: str = argument(
        "NEW",
        "The newer one. If left out: OLD is compared with the newest version that has interviews.",
        "",
        show_default=False,
    ),
    form: TextFormat = option("--format", "Output format: text to read, json for programs.", "text"),
    db: DatabaseOption = None,
) -> None:
    """Show what changed between two versions of a questionnaire, and what that means for the data.

    Every change is of one kind: removed, type, recoded, narrowed, widened, route, order, added, text or fieldwork.
    Conditions that are written differently and hold for the same answers are no change; this is proved with the extra
    [proof]. With --db, each change is shown with the number of interviews that it concerns.

    Exit code 0: stored and new answers can be analyzed together; 1: something is removed, recoded, narrowed or of
    another type.

    Example: survey diff study_v1.yaml study.yaml --db responses/study.db
    """
    from survey_cli.revisions.properties import LOSSES
    from survey_cli.services.questionnaire.version_diff import diff_versions

    result = diff_versions(old, new or None, db)
    changes = list(zip(result.changes, result.counts, strict=True))
    if form == "json":
        value = result._asdict() | {"changes": [_to_json(change, count) for change, count in changes]}
        del value["counts"]
        print(render_json(value))
    else:
        for kind, group in groupby(changes, lambda pair: pair[0].kind):
            print(wrap_paragraph(f"{kind.capitalize()}: {CONSEQUENCES[kind]}"))
            for change, count in group:
                print(wrap_paragraph(_render(change, count, result.interviews), indent=2))
            print()
    numbers = Counter(change.kind for change in result.changes)
    kinds = f": {', '.join(f'{count:,} {kind}' for kind, count in numbers.items())}" if changes else ""
    say(f"{result.old} → {result.new}: {format_quantity(len(changes), 'change') if changes else 'no changes'}{kinds}")
    if not result.proved and not all(change.decided for change in result.changes):
        say("To prove which of the conditions that are not decided are the same: pip install 'survey-cli[proof]'")
    raise typer.Exit(1 if any(kind in LOSSES for kind in numbers) else 0)


def _render(change: "ComparedChange", count: int | None, interviews: int | None) -> str:
    notes = [f"before: {change.places[0]}"] if None not in change.places else []
    if change.affected not in ((), change.items):
        notes.append(f"it is about {join_first(change.affected)}")
    if count is not None and change.answers:
        notes.append(f"concerns {count:,} of {format_quantity(interviews or 0, 'interview')}")
    undecided = "" if change.decided else " (not decided: it may be the same)"
    end = f" ({'; '.join(notes)})" if notes else ""
    return f"{change.where}: {join_first(change.items) or 'study'}: {change.what}{undecided}{end}"


def _to_json(change: "ComparedChange", count: int | None) -> dict[str, Any]:
    old, new = change.places
    return {
        **{key: getattr(change, key) for key in ("kind", "decided", "items", "affected", "what")},
        "old": old,
        "new": new,
        "consequence": CONSEQUENCES[change.kind],
        "interviews": count,
    }
