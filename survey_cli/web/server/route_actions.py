"""The actions that each module of routes takes, by the table of roles.

A module of routes that isn't here fails a test. Pages about the visitor's own seat and account take
no action. A seat asks the table again, for the person who sits there.
"""

from collections.abc import Mapping
from typing import Final

from survey_cli.permissions import Action

ROUTE_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "account_routes": (),
    "accounts_routes": (
        Action.MANAGE_ACCOUNTS,
        Action.MANAGE_SHIFT_LEADERS,
        Action.MANAGE_SUPERVISORS,
        Action.READ_ACCESS_LOG,
    ),
    "download_routes": (
        Action.DOWNLOAD,
        Action.EXPORT_DATA,
        Action.READ_REPORTS,
        Action.EXPORT_PERSONAL,
    ),
    "home_routes": (),
    "local_visitor": (),
    "seats_routes": (Action.SEE_SEATS, Action.END_SEAT, Action.SEE_BOARD),
    "screen_routes": (Action.CONDUCT_INTERVIEWS, Action.PRACTICE),
    "sign_in_routes": (),
    "static_files": (),
    "text_routes": (Action.CONDUCT_INTERVIEWS, Action.PRACTICE),
}
