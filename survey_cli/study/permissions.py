"""The error of a person who may not do something, by the table of roles."""

from typing import Final

from survey_cli.fieldwork.plan.plan import Interviewer, People
from survey_cli.permissions import (
    PERMITTED,
    Action,
    StaffRole,
    format_permitted,
    with_article,
)
from survey_cli.problems import UserError

OWNER_ONLY: Final = frozenset({StaffRole.OWNER})


class NotPermittedError(UserError):
    """The person at work may not do this, or isn't on the study's list of people."""


def check_may(person: Interviewer, action: Action, people: People) -> None:
    """Check that a person may take an action. Raises NotPermittedError, which names whom to ask."""
    if person.may(action):
        return

    if PERMITTED[action] == OWNER_ONLY:
        what = f"is not the owner of the study, who alone may {action.value}"
        remedy = "ask whoever owns the study's files, or its schema on a server"
        raise NotPermittedError(person.login, what, remedy)
    if person.role is StaffRole.TRAINEE and action is Action.CONDUCT_INTERVIEWS:
        what = "is a trainee, who practices until a supervisor releases them"
        release = f"ask {people.format_supervisors()} for your release"
        raise NotPermittedError(person.login, what, f"add --practice, or {release}")

    what = f"is {_describe_role(person, action)}"
    rule = f"only {format_permitted(action)} may {action.value}"
    remedy = f"ask {people.format_supervisors()}"
    raise NotPermittedError(person.login, f"{what}, and {rule}", remedy)


def _describe_role(person: Interviewer, action: Action) -> str:
    """Describe the role that keeps a person from an action: her own, or that of her account."""
    would_be_allowed = person.role in PERMITTED[action]
    account_roles = [role.value for role in StaffRole if role in person.account_roles]
    if would_be_allowed and account_roles:
        return f"{with_article(' and '.join(account_roles))} on the server"
    if would_be_allowed:
        return "without a role on the server"
    return with_article(person.role.value)
