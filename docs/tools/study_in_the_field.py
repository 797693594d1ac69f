"""A simulated study in the field, for the picture of the board.

Invented people are called by simulated interviewers at real stations, for a week, on a clock that jumps.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from support.station_simulation import StationSimulation
from survey_cli.permissions import StaffRole
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.import_sample import ImportOptions, import_sample
from survey_cli.simulate.fieldwork.behavior import FieldworkSettings, Propensities
from survey_cli.study.open_study import open_study

ZONE: Final = ZoneInfo("America/Chicago")
STARTS: Final = date(2026, 11, 19)
NOW: Final = datetime(2026, 11, 25, 0, 42, tzinfo=UTC)
"""A Tuesday evening in Springfield: 18:42."""
SEED: Final = 4
CASES: Final = 3200
ITEM_SECONDS: Final = 30.0

FIRST_NAMES: Final = (
    "Alice", "Brian", "Carla", "David", "Elena", "Frank", "Grace", "Henry", "Irene", "Jacob", "Karen", "Luis",
    "Maria", "Nolan", "Olive", "Peter", "Rosa", "Samuel", "Tina", "Victor",
)  # fmt: skip
LAST_NAMES: Final = (
    "Adams", "Baker", "Cruz", "Diaz", "Evans", "Fisher", "Green", "Hall", "Irwin", "Jones", "Kelly", "Lopez",
    "Moore", "Nash", "Ortiz", "Price", "Quinn", "Reed", "Silva", "Turner", "Vega", "Wright", "Young",
)  # fmt: skip
BRANCHES: Final = ("Main Street", "Riverside")
PEOPLE: Final = """login,name,role,languages,skills
ann,Ann,interviewer,en,
bob,Bob,interviewer,en,
eve,Eve,interviewer,en,
ivy,Ivy,interviewer,en,
max,Max,interviewer,en,
tom,Tom,interviewer,en,
sue,Sue,supervisor,en,
"""
FIELDWORK: Final = """\
fieldwork:
  frame: list
  country: US
  zone: America/Chicago
  starts: 2026-11-19
  ends: 2026-12-12
  hours: {mon-fri: "10:00-21:00", sat: "10:00-18:00"}
  attempts: {total: 8, per_day: 2}
  delays: {busy: 20m, no_answer: 3h}
  complete_from: zip

study: {target: 1000}

quotas:
  - id: branches
    by: [branch]
    targets: {1: 500, 2: 500}
"""


def write_study(folder: Path, tutorial: str) -> Path:
    """Write the questionnaire of the tutorial, with a plan for some weeks, a sample, and the people who call it."""
    file = folder / "library.yaml"
    items, _, _ = tutorial.partition("fieldwork:\n")
    file.write_text(items + FIELDWORK, encoding="utf-8")

    rng = Random(SEED)
    rows = ["card,name,phone,branch"]
    for number in range(CASES):
        name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
        phone = f"217 {200 + number // 100} {1000 + rng.randrange(9000)}"
        rows.append(f"{1001 + number},{name},{phone},{rng.choice(BRANCHES)}")
    (folder / "cards.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    responses = folder / "responses"
    responses.mkdir()
    (responses / "interviewers.csv").write_text(PEOPLE, encoding="utf-8")
    return file


def call_until_now(file: Path) -> None:
    """Call the cases until now; the interviewers are left in the middle of their work."""
    before = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
    request = Request(path=str(file), at=before)
    import_sample(request, ImportOptions(file=str(file.parent / "cards.csv"), rng=Random(SEED)))

    with open_study(str(file)) as study:
        interviewers = [
            person
            for person in study.people.interviewers.values()
            if person.role is StaffRole.INTERVIEWER
        ]
        settings = FieldworkSettings(
            starts=STARTS,
            days=10,
            seed=SEED,
            zone=ZONE,
            item_seconds=ITEM_SECONDS,
            propensities=Propensities(contact=0.28, refuse=0.1),
        )
        simulation = StationSimulation(study, interviewers, settings)
        while simulation.agenda and simulation.agenda[0].at < NOW:
            simulation.step()
