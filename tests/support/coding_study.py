"""A study with open answers, and a coder at work on them."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from support.command_line import run_survey, written
from survey_cli.services.data.coding import CodingSession, open_coding
from survey_cli.services.run_on_study import Request
from survey_cli.store import Store

TEXT = """\
instrument: lib
title: City Library
items:
  - {id: visits, type: number, max: 90, text: How often did you visit?}
  - {id: why, type: verbatim, text: "Why not more often, {interviewer}?"}
  - {id: src, type: single, text: Where from?, options: {1: Shop, 9: {text: Other, specify: true}}}
  - {id: name, type: text, text: Your name?, personal: true}
"""
FRAME = "# found by hand\ncodes:\n  1: Time  # most\n  2: {label: Hours, examples: closed in the evening}\n"
ANSWERS = [
    "No time",
    "no  time.",
    "closed when I come home",
    "too far away",
    "I have no time at all",
    "mumble",
]


def study(*, db: str | None = None, frame: str = FRAME) -> None:
    written("lib.yaml", TEXT)
    written("lib.why.codes.yaml", frame)
    with Path("a.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["interview_case", "visits", "why", "src", "src_9_text", "name"])
        rows.writerows(
            [k, 3, why, 9 if k % 2 else 1, "gifts" if k % 2 else "", f"N{k}"]
            for k, why in enumerate(ANSWERS)
        )
    run_survey(Path(), "import-answers", "lib.yaml", "a.csv", *(["--db", db] if db else []))


@contextmanager
def coding(
    item: str = "why", by: str = "ann", db: str | None = None, **more: object
) -> Iterator[CodingSession]:
    request = Request(path="lib.yaml", at=datetime.now(UTC), db=db, by=by)
    with open_coding(request, item, **more) as session:  # type: ignore[arg-type]
        yield session


def code_text(session: CodingSession, text: str, *codes: int, note: str = "") -> str:
    show(session, text)
    return session.code(codes, note)


def show(session: CodingSession, text: str) -> None:
    texts = [" ".join(group[0].text.split()).casefold() for group in session.groups]
    session.position = next(
        at for at, shown in enumerate(texts) if shown.startswith(text.casefold())
    )


def events(db: str | None = None) -> list[tuple[str, str, object]]:
    with Store.open(db or "responses/lib.db", create=False) as store:
        codings = store.interviews.list_codings("why")
    return [(coding.stamp.by, coding.role, coding.codes) for _, coding in codings]
