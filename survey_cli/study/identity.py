"""Identity of the person at work: the account of the operating system or server, or a claimed name.

A claimed name is only a name. Where a study lists its people, only a supervisor's account may claim another name.
"""

from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.problems import UserError
from survey_cli.study.location import PEOPLE_FILE


def identify(claimed: str, account: str, people: People, own_people: People) -> Interviewer:
    """Return the person who works under the account's name, or under another claimed name.

    `own_people` is the study's own list, which decides whether a claim is allowed; `people` is the list in use. Raises
    UserError.
    """
    name = claimed.strip() or account
    check_people_list(account, people, own_people)
    if name != account and not _is_supervisor(account, own_people):
        raise UserError(
            name,
            f"is not the account {account}, and only a supervisor may work under another name",
            f"log in as {name}, or ask {own_people.format_supervisors()}",
        )
    who = people.find(name)
    if who is None:
        remedy = f"ask {own_people.format_supervisors()} to add this name to {PEOPLE_FILE}"
        raise UserError(name, "is not on the study's list of people", remedy)
    return who


def check_people_list(account: str, people: People, own_people: People) -> None:
    """Check that the list of people is the study's own, or that the account may use another one. Raises UserError."""
    if people == own_people or _is_supervisor(account, own_people):
        return
    what = f"{account} is not a supervisor on the study's own list, so no other list can be used"
    raise UserError("--people", what, f"leave the option out, or ask {own_people.format_supervisors()}")


def _is_supervisor(account: str, people: People) -> bool:
    who = people.find(account)
    return who is not None and who.supervises


def format_author(name: str, account: str) -> str:
    """Return the name under which something was written, with the account where that differs."""
    return f"{name} (account {account})" if account not in ("", name) else name
