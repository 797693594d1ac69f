"""The table of roles: which role may take which action, and whom a refused person asks."""

import pytest

from survey_cli.fieldwork.plan.plan import Interviewer, People
from survey_cli.permissions import (
    ACCOUNT_ACTIONS,
    OWNERS_ON_SERVER,
    PERMITTED,
    Action,
    StaffRole,
    format_permitted,
    may,
)
from survey_cli.problems import UserError
from survey_cli.study.permissions import check_may

PEOPLE = People(
    interviewers={
        role.value: Interviewer(login=role.value, role=role)
        for role in StaffRole
        if role is not StaffRole.OWNER
    }
)


def test_every_action_has_its_roles_and_the_owner_is_one_of_them() -> None:
    assert set(PERMITTED) == set(Action)
    for action in Action:
        assert may(StaffRole.OWNER, action), action
        assert may(StaffRole.OWNER, action, on_server=True), action
    assert set(ACCOUNT_ACTIONS) == set(StaffRole)


def test_a_trainee_practices_and_does_nothing_else() -> None:
    allowed = {action for action in Action if may(StaffRole.TRAINEE, action)}
    # what every account may do with a file, and none of it shows anybody's data
    assert allowed == {Action.PRACTICE, Action.VERIFY, Action.UPGRADE}


def test_a_shift_leader_looks_after_seats_and_takes_no_data() -> None:
    beyond = {
        action
        for action in Action
        if may(StaffRole.SHIFT_LEADER, action) and not may(StaffRole.INTERVIEWER, action)
    }
    assert beyond == {
        Action.SEE_BOARD,
        Action.SEE_WHO_IS_AT_WORK,
        Action.SEE_WORKING_TIMES,
        Action.SEE_SEATS,
        Action.END_SEAT,
        Action.SEND_MESSAGES,
        Action.MANAGE_ACCOUNTS,
    }
    for action in (Action.DOWNLOAD, Action.EXPORT_DATA, Action.READ_REPORTS, Action.ERASE):
        assert not may(StaffRole.SHIFT_LEADER, action)


def test_the_schema_of_a_server_belongs_to_its_owner() -> None:
    for action in OWNERS_ON_SERVER:
        assert may(StaffRole.SUPERVISOR, action)
        assert not may(StaffRole.SUPERVISOR, action, on_server=True)


def test_accounts_are_managed_by_the_role_above() -> None:
    def list_managers(role: StaffRole) -> set[StaffRole]:
        return {manager for manager in StaffRole if may(manager, ACCOUNT_ACTIONS[role])}

    assert list_managers(StaffRole.SUPERVISOR) == {StaffRole.OWNER}
    assert list_managers(StaffRole.SHIFT_LEADER) == {StaffRole.OWNER, StaffRole.SUPERVISOR}
    assert StaffRole.SHIFT_LEADER in list_managers(StaffRole.TRAINEE)
    assert StaffRole.INTERVIEWER not in list_managers(StaffRole.TRAINEE)


def test_the_account_limits_what_the_list_allows_and_the_list_what_the_account_allows() -> None:
    listed = Interviewer(
        login="sue",
        role=StaffRole.SUPERVISOR,
        account_roles=frozenset({StaffRole.INTERVIEWER, StaffRole.ANALYST}),
    )
    assert listed.may(Action.CONDUCT_INTERVIEWS)
    assert listed.may(Action.EXPORT_DATA)
    assert not listed.may(Action.ERASE)

    owner_of_files = frozenset({StaffRole.OWNER})
    supervisor = Interviewer(login="sue", role=StaffRole.SUPERVISOR, account_roles=owner_of_files)
    assert supervisor.may(Action.MANAGE_SUPERVISORS)
    trainee = Interviewer(login="tim", role=StaffRole.TRAINEE, account_roles=owner_of_files)
    assert not trainee.may(Action.CONDUCT_INTERVIEWS)


@pytest.mark.parametrize(
    ("role", "action", "message"),
    [
        (
            StaffRole.INTERVIEWER,
            Action.CORRECT_OUTCOMES,
            "interviewer: is an interviewer, and only a supervisor may correct an outcome"
            " — ask supervisor",
        ),
        (
            StaffRole.CODER,
            Action.SEE_WHO_IS_AT_WORK,
            "coder: is a coder, and only a supervisor or shift leader may see who is at work"
            " — ask supervisor",
        ),
        (
            StaffRole.TRAINEE,
            Action.CONDUCT_INTERVIEWS,
            "trainee: is a trainee, who practices until a supervisor releases them"
            " — add --practice, or ask supervisor for your release",
        ),
        (
            StaffRole.SUPERVISOR,
            Action.MANAGE_SUPERVISORS,
            "supervisor: is not the owner of the study, who alone may manage accounts of"
            " supervisors — ask whoever owns the study's files, or its schema on a server",
        ),
    ],
)
def test_a_refusal_says_who_may_and_whom_to_ask(
    role: StaffRole, action: Action, message: str
) -> None:
    with pytest.raises(UserError) as refused:
        check_may(PEOPLE.require(role.value), action, PEOPLE)
    assert str(refused.value) == message


def test_a_refusal_by_the_account_names_its_role() -> None:
    analyst = frozenset({StaffRole.ANALYST})
    sue = Interviewer(login="sue", role=StaffRole.SUPERVISOR, account_roles=analyst)
    with pytest.raises(UserError, match="sue: is an analyst on the server, and only a supervisor"):
        check_may(sue, Action.ERASE, PEOPLE)


def test_without_a_list_everybody_may_do_everything() -> None:
    somebody = People().require("zoe")
    for action in Action:
        if format_permitted(action) != "the owner of the study":
            assert somebody.may(action), action
