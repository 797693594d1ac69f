"""The command `simulate`: invented respondents, and what their interviews show about the instrument."""

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output.progress import show_day_progress, show_progress
from survey_cli.cli.output.terminal import make_printable, say
from survey_cli.cli.parameters import option
from survey_cli.cli.run_command import INTERRUPTED
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.simulate import SimulationFindings
    from survey_cli.simulate.fieldwork.study_simulation import StudySimulationOptions

MAX_TRIES_PER_COMPLETE = 100
"""With --completes, the most interviews simulated for each complete one."""
MAX_LISTED = 12
"""Items listed under one heading."""


share = partial(option, parser=parameters.parse_share)


SpreadChoice: TypeAlias = Literal["prefer", "wait", "off"]
"""How attempts are spread over the parts of the day."""


def simulate(
    file: parameters.InstrumentArgument,
    number: int = option("-n --number N", "Number of interviews.", 1000, min=1, max=10_000_000),
    seed: int = option("--seed N", "The same seed gives the same interviews.", 1),
    decline: float = share("--decline SHARE", "Share of items that are declined.", 0.04),
    break_off: float = share("--break-off SHARE", "Probability at each item that the respondent hangs up.", 0.0),
    qualify: float = share(
        "--qualify SHARE",
        "Of the respondents who would be screened out, the share that qualifies instead.",
        0.85,
        parser=parameters.parse_share,
    ),
    completes: int = option(
        "--completes N", "Simulate until this number of interviews is complete, instead of --number.", 0, min=0
    ),
    answers: str = option(
        "--answers FILE", "YAML file with shares of answers: {consent: {1: 90%, 2: 8%, refused: 2%}}.", ""
    ),
    keep: bool = option("--keep", "Store the interviews. They are marked as simulated.", False),
    force: bool = option("--force", "With --keep: store them even if the database has real interviews.", False),
    fieldwork: bool = option("--fieldwork", "Simulate fieldwork with simulated interviewers.", False),
    interviewers: int | None = option(
        "--interviewers N",
        "Number of interviewers; by default those in the list of people, or 6.",
        None,
        min=1,
        max=200,
    ),
    days: int = option("--days N", "Number of calendar days.", 10, min=1, max=400),
    start: datetime | None = option(
        "--start DAY",
        "First day, such as 2026-11-30; by default the study's first day, or today.",
        None,
        formats=["%Y-%m-%d"],
    ),
    spread: SpreadChoice | None = option(
        "--spread", "How attempts are spread over the day; by default as the study says.", None
    ),
    sample: str = option(
        "--sample FILE",
        "Call the cases of this file; by default those of the database, as if no call had been made.",
        "",
    ),
    cases: int = option("--cases N", "Call this number of invented cases.", 0, min=0, max=1_000_000),
    zone: parameters.StationZoneOption = "",
    people: parameters.PeopleOption = None,
    contact: float = share(
        "--contact SHARE", "Probability that a person answers a call, on average over the week.", 0.25
    ),
    refuse: float = share("--refuse SHARE", "Probability that a contacted person refuses.", 0.2),
    later: float = share("--later SHARE", "Probability that a person who does not refuse asks for another call.", 0.25),
    keep_appointment: float = share(
        "--kept SHARE", "Probability that a person answers at the time of the appointment.", 0.75
    ),
    eligible: float = share("--eligible SHARE", "Share of eligible persons.", 0.95),
    seconds: float = option("--seconds N", "Seconds per item, on average.", 12.0, min=1, max=600),
    db: parameters.DatabaseOption = None,
) -> None:
    """Simulate interviews, and show which items and options are never reached or chosen.

    Simulated respondents answer through the real engine, with don't know, refusals, confirmed warnings and
    corrected answers. Most of them qualify (--qualify). All other options are chosen equally often, unless
    --answers gives their shares. A SHARE is a number from 0 to 1, or a percentage: 0.05, 5%.

    With --fieldwork, simulated interviewers call them by the study's rules, on a simulated clock. The result lists
    complete interviews by day, calls per complete, attempts, outcomes, rates, appointments, quotas, and how busy
    the interviewers are. Nothing is stored. Ctrl+C shows the days that are done. `survey forecast` starts from a
    study as it is now.

    Example: survey simulate study.yaml -n 500
    """
    if fieldwork:
        if keep or force:
            raise typer.BadParameter("--fieldwork stores nothing: leave --keep and --force out")
        if sample and cases:
            raise typer.BadParameter("give --sample or --cases, not both")
        from survey_cli.simulate import Habits
        from survey_cli.simulate.fieldwork.households import Propensities
        from survey_cli.simulate.fieldwork.study_simulation import StudySimulationOptions

        _simulate_fieldwork(
            StudySimulationOptions(
                path=file,
                starts=start.date() if start is not None else None,
                today=datetime.now().astimezone().date(),
                days=days,
                zone=zone,
                seed=seed,
                propensities=Propensities(
                    contact=contact,
                    refuse=refuse,
                    call_again=later,
                    keep_appointment=keep_appointment,
                    eligible=eligible,
                ),
                habits=Habits(decline=decline, break_off=break_off),
                item_seconds=seconds,
                interviewers=interviewers,
                spread=spread,
                cases=cases,
                sample=sample,
                db=db,
                people=people,
            )
        )
        return
    if sample or cases or zone or people or start is not None or interviewers is not None or spread:
        raise typer.BadParameter(
            "--sample, --cases, --interviewers, --spread, --start, --zone, --people need --fieldwork"
        )
    from survey_cli.instrument.open_instrument import open_instrument
    from survey_cli.services.database.interview_archive import open_simulated_interview_writer
    from survey_cli.simulate import Habits
    from survey_cli.simulate.interviews.answer_shares import read_shares
    from survey_cli.simulate.interviews.findings import run_simulation

    instrument = open_instrument(file)
    shares = read_shares(answers, instrument) if answers else {}
    start = datetime.now(UTC)
    writer = open_simulated_interview_writer(file, instrument, db=db, force=force, start=start) if keep else None
    try:
        total = completes or number
        with show_progress() as progress:
            findings = run_simulation(
                instrument,
                count=completes * MAX_TRIES_PER_COMPLETE if completes else number,
                completes=completes,
                seed=seed,
                start=start,
                habits=Habits(decline=decline, break_off=break_off, qualify=qualify, shares=shares),
                keep=writer.write if writer is not None else None,
                progress=(lambda interviews: progress(interviews, total)) if progress is not None else None,
            )
    finally:
        if writer is not None:
            writer.close()
    for line in _render_findings(findings):
        print(make_printable(line))
    if findings.complete.interviews < completes:
        say(f"only {format_quantity(findings.complete.interviews, 'interview')} are complete: see where the others end")
    if writer is not None:
        say(f"{writer.where}: {format_quantity(findings.interviews, 'simulated interview')} stored")


def _simulate_fieldwork(options: "StudySimulationOptions") -> None:
    """Simulate fieldwork and print the report."""
    from survey_cli.cli.commands.simulation_text import print_simulation
    from survey_cli.simulate.fieldwork.study_simulation import simulate_study

    with show_day_progress() as progress:
        simulation = simulate_study(options, progress)
    print_simulation(simulation)
    if simulation.days < options.days:
        say(f"interrupted after {simulation.days} of {format_quantity(options.days, 'day')}")
        raise typer.Exit(INTERRUPTED)


def _render_findings(findings: "SimulationFindings") -> list[str]:
    """Render the findings as plain lines."""
    total = findings.interviews
    outcomes = ", ".join(f"{times:,} {outcome}" for outcome, times in findings.outcome_counts.most_common())
    lines = [f"{format_quantity(total, 'interview')}: {outcomes}"]
    for who, lengths in (("complete", findings.complete), ("all others", findings.others)):
        if lengths.interviews:
            lines.append(
                f"questions asked, {who} ({lengths.interviews:,}): {lengths.shortest} in the shortest "
                f"(seed {lengths.shortest_seed}), {lengths.longest} in the longest (seed {lengths.longest_seed}), "
                f"{lengths.questions / lengths.interviews:.1f} on average"
            )
    unreached = [item.id for item in findings.list_unreached_items()]
    lines.append(f"never reached: {join_first(unreached, MAX_LISTED) if unreached else 'nothing'}")
    unchosen = [f"{item.id} ({', '.join(map(str, codes))})" for item, codes in findings.list_unchosen_options()]
    lines.append(f"never chosen: {join_first(unchosen, MAX_LISTED) if unchosen else 'nothing'}")
    if findings.stuck_counts:
        stuck = [f"{item} ({times} times)" for item, times in findings.stuck_counts.most_common()]
        lines.append(f"no invented answer passed the checks of: {join_first(stuck, MAX_LISTED)}")
    return lines
