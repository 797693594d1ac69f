"""Whether an invitation, and the password chosen with it, still fits the list of people.

Whoever makes an invitation has its link, and may have used it instead of the invited person. So an
invitation is good only for what its maker might do anyway. The list of people is asked each time:
it changes after the invitation was made, and after its link was used.
"""

from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.permissions import ACCOUNT_ACTIONS, PERMITTED, StaffRole
from survey_cli.store.accounts.account_records import InvitationRow


def is_still_good(invitation: InvitationRow, role: StaffRole, maker: Interviewer | None) -> bool:
    """Return whether an invitation is good for a person who has this role now.

    `maker` is who made it, as the list has them now; None is somebody who isn't on the list.
    """
    return _covers(invitation, role) and _is_from_manager(invitation, role, maker)


def _covers(invitation: InvitationRow, role: StaffRole) -> bool:
    """Return whether whoever may invite the person as she was may also invite her in a role.

    A shift leader invites interviewers. If an interviewer becomes a supervisor, her old link or
    password must not make a supervisor of the shift leader.
    """
    # an earlier version didn't store the role: the link is as good as for the least of them
    invited = StaffRole(invitation.role or StaffRole.INTERVIEWER.value)
    could_invite = PERMITTED[ACCOUNT_ACTIONS[invited]]
    may_invite = PERMITTED[ACCOUNT_ACTIONS[role]]
    return could_invite <= may_invite


def _is_from_manager(invitation: InvitationRow, role: StaffRole, maker: Interviewer | None) -> bool:
    """Return whether the maker may still invite a person of a role, if that matters any more.

    Shift leaders and supervisors come and go. Those whom one of them has invited, and who have
    accepted, stay; a link that was not used yet would let the former supervisor back in.
    """
    # The owner works in a terminal, and needs no place on the list. Neither did a maker whose role
    # an earlier version didn't store.
    is_from_owner = invitation.by_role in (StaffRole.OWNER.value, "")
    if is_from_owner or invitation.used:
        return True
    return maker is not None and maker.may(ACCOUNT_ACTIONS[role])
