"""A study on a database server, over HTTP, in real browsers: each seat has its person's rights.

`survey serve` connects with the login for seats, which has none of its own. The accounts of people
are beside their list.
"""

import tempfile
from pathlib import Path

from seats.browsers import PersonsBrowser, serve_to_browsers
from seats.row import Effort, Figure
from support import postgres_server
from support.forked_survey import run_forked_survey
from support.served_study import DATABASE, Served, as_role, schema_of, serve

LOGIN = f"{DATABASE}_seats"
TYPED = (
    "'; RESET ROLE; --",
    "$$); SET ROLE {sue}; --",
    "\\'; SELECT set_config('role', 'none', false); --",
    'sql("RESET ROLE")',
    "{{sql('RESET ROLE')}}",
)
"""What somebody types who wants to be somebody else."""


def measure_database_server(_: Effort) -> list[Figure]:
    """Work as an interviewer and as a supervisor."""
    with tempfile.TemporaryDirectory(prefix="survey-served-") as made:
        folder = Path(made)
        shift = serve(folder)
        done = run_forked_survey("db", "seats", shift.db, folder=folder)
        assert done.returncode == 0, done.stderr
        write_people(folder, shift)
        found: list[str] = []
        with serve_to_browsers(
            folder, (shift.ann, shift.sue), db=as_role(shift, LOGIN)
        ) as browsers:
            ann = browsers[shift.ann]
            sue = browsers[shift.sue]
            interview_on_text_page(ann, shift)
            interview_on_screen(ann)
            look_as_supervisor(sue, shift, found)
            refuse_interviewer(ann, found)
            end_shift(ann)
        found += find_foreign_names(shift)
        verified = run_forked_survey("db", "verify", "field.yaml", "--db", shift.db, folder=folder)
        if verified.returncode != 0:
            found.append(verified.stderr)
        Served.close_all()

    return [
        Figure(
            goal="PostgreSQL over HTTP: both faces, seats, board, downloads; each as its person",
            measured=f"{len(TYPED)} texts typed at each field, {len(found)} findings",
            is_met=not found,
            findings=found,
        )
    ]


def write_people(folder: Path, shift: Served) -> None:
    rows = (f"{shift.ann},interviewer", f"{shift.sue},supervisor")
    (folder / "responses").mkdir(exist_ok=True)
    for place in (folder, folder / "responses"):
        (place / "interviewers.csv").write_text("\n".join(("login,role", *rows, "")))


def list_typed(shift: Served) -> list[str]:
    return [text.replace("{sue}", shift.sue) for text in TYPED]


def interview_on_text_page(ann: PersonsBrowser, shift: Served) -> None:
    """Type at every field of the text page, and conduct an interview."""
    page = ann.sit_at_text()
    for text in list_typed(shift):
        for command in (".note", ".find", ".add"):
            page.type(f"{command} {text}")
    for line in (".dial", ".interview", "", "1", "1", "1"):
        page.type(line)
    page.tab.wait_for_selector("#label:has-text('Every question is answered')")
    page.type("")
    page.tab.close()


def interview_on_screen(ann: PersonsBrowser) -> None:
    """Conduct an interview on the full screen."""
    screen = ann.sit()
    screen.shows("i interview")
    for key, shown in (("d", "dialed"), ("i", "this is"), ("Enter", "First?"), ("1", "Second?")):
        screen.press(key)
        screen.shows(shown)
    screen.tab.close()


def look_as_supervisor(sue: PersonsBrowser, shift: Served, found: list[str]) -> None:
    """Look at the seats and the board, and download what was answered."""
    page, _ = sue.open("/seats")
    page.wait_for_selector(f"tr:has-text('{shift.ann}')")
    if "in an interview" not in page.inner_text("#seats"):
        found.append(f"the page of seats says {page.inner_text('#seats')}")
    page.close()

    board = sue.sit("/board")
    board.shows("Needs attention")
    board.tab.close()

    page, _ = sue.open("/downloads")
    page.get_by_label("Reason").fill("'; RESET ROLE; --")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download").click()
    text = Path(coming.value.path()).read_text()
    if len(text.splitlines()) < 2:
        found.append(f"the download has {text!r}")
    page.close()


def refuse_interviewer(ann: PersonsBrowser, found: list[str]) -> None:
    """Ask for the pages that are a supervisor's."""
    for path in ("/seats", "/board", "/downloads", "/accounts", "/accounts/log"):
        page, status = ann.open(path)
        if status != 403:
            found.append(f"an interviewer gets {status} for {path}")
        page.close()


def end_shift(ann: PersonsBrowser) -> None:
    """Come back to the interview, leave it, and end the shift."""
    page, _ = ann.open("/")
    page.get_by_role("button", name="Sign out").first.click()
    page.close()


def find_foreign_names(shift: Served) -> list[str]:
    """Return the names that stand at events and aren't those of whoever was at work."""
    schema = schema_of(shift)
    found = []
    for table in ("journal", "case_events"):
        statement = (
            f"SELECT DISTINCT by, account FROM {schema}.{table} WHERE kind NOT IN ('imported')"
        )
        for by, account in postgres_server.run_query(shift.db, statement):
            is_own = by == account == shift.ann
            if not is_own and by not in ("sue", "postgres"):
                found.append(f"{table}: an event by {by!r} under the account {account!r}")
        names = {by for by, _ in postgres_server.run_query(shift.db, statement)}
        if shift.ann not in names:
            found.append(f"{table}: no event by the interviewer, only by {sorted(names)}")
    downloads = f"SELECT DISTINCT what, account FROM {schema}.access_log"
    names = postgres_server.run_query(shift.db, downloads)
    if names != [("export", shift.sue)]:
        found.append(f"the log of accesses names {names}")
    [(own,)] = postgres_server.run_query(as_role(shift, LOGIN), "SELECT current_user::text")
    if own != LOGIN:
        found.append(f"the login for seats is {own}")
    return found
