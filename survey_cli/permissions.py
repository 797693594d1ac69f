"""The table of roles: what each of them may do in a study. Everything else asks it.

Commands, the Python API, the pages in a browser, the trials of a server's rights and the documents
are made from it. The list of people gives the roles; on a server, its groups limit them.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class StaffRole(Enum):
    """A person's role in a study, as the list of people writes it."""

    OWNER = "owner"
    """Whoever owns the study's files, or its schema on a server. The list gives nobody this role;
    without a list, everybody has it."""
    SUPERVISOR = "supervisor"
    SHIFT_LEADER = "shift leader"
    """An interviewer who looks after the seats of a shift."""
    INTERVIEWER = "interviewer"
    TRAINEE = "trainee"
    """Somebody who practices, until a supervisor releases them."""
    CODER = "coder"
    ANALYST = "analyst"


class Action(Enum):
    """Something that a person does in a study. Its value completes `An interviewer may`."""

    # at a station
    PRACTICE = "practice"
    CONDUCT_INTERVIEWS = "conduct interviews"
    FIND_CALLER = "find a caller by name or number"
    LOOK_UP_NUMBER = "look up a number on the do-not-call list"

    # what fieldwork looks like
    READ_STATUS = "read the status of fieldwork"
    SEE_CASES = "see cases and their histories"
    SEE_PEOPLE = "see the list of people"
    SEE_CONTACTS = "see names and numbers"
    SEE_BOARD = "see the board"
    SEE_WHO_IS_AT_WORK = "see who is at work"
    SEE_WORKING_TIMES = "see the working times of others"
    SEE_QUALITY = "see the quality of interviewing"
    WATCH = "watch an interview"

    # seats and accounts
    SEE_SEATS = "see who sits where"
    END_SEAT = "end a seat"
    SEND_MESSAGES = "send messages to stations"
    MANAGE_ACCOUNTS = "manage accounts of interviewers, trainees, coders and analysts"
    MANAGE_SHIFT_LEADERS = "manage accounts of shift leaders"
    MANAGE_SUPERVISORS = "manage accounts of supervisors"
    RELEASE_TRAINEE = "release a trainee"
    USE_OTHER_NAME = "work under another name"
    USE_OTHER_LIST = "use another list of people"

    # decisions about cases
    CORRECT_OUTCOMES = "correct an outcome"
    ANSWER_REFERRALS = "answer a referred case"
    REOPEN_CASES = "put a case back into the queue"
    FREE_CASES = "free a case from a station"
    REASSIGN_APPOINTMENTS = "give an appointment to another"
    REVIEW = "review interviews"
    MIGRATE_INTERVIEWS = "take an interview to another version"
    CORRECT_WORKING_TIMES = "correct working times"

    # decisions about the study
    IMPORT_SAMPLE = "import a sample"
    RELEASE_REPLICATES = "release a replicate"
    IMPORT_ANSWERS = "import answers"
    STORE_SIMULATED = "store simulated interviews"
    PAUSE_STUDY = "pause a study"
    ACCEPT_CHANGES = "accept changes of meaning"
    PUBLISH = "publish a questionnaire"
    CHANGE_DO_NOT_CALL = "change the do-not-call list"

    # data
    READ_REPORTS = "read reports"
    EXPORT_DATA = "export data"
    EXPORT_WORKING_TIMES = "export working times"
    EXPORT_PERSONAL = "export names, numbers and personal answers"
    DOWNLOAD = "download with a reason"
    CODE_ANSWERS = "code answers"
    SETTLE_CODINGS = "settle disagreements of coders"
    CODE_PERSONAL = "code personal answers"

    # personal data and the database
    SEE_STORED_DATA = "see all data stored about a person"
    ERASE = "erase a person's data"
    ANONYMIZE = "anonymize a study"
    READ_ACCESS_LOG = "read the log of accesses"
    VERIFY = "verify the database"
    DERIVE_QUEUE = "derive the queue again"
    BACK_UP = "make a backup"
    RESTORE = "restore a backup"
    SHARE = "share the study"
    UPGRADE = "upgrade the database"
    GRANT_ROLES = "give roles on a server"


_EVERYBODY: Final = frozenset(StaffRole)
_OWNER: Final = frozenset({StaffRole.OWNER})
_SUPERVISORS: Final = _OWNER | {StaffRole.SUPERVISOR}
_LEADERS: Final = _SUPERVISORS | {StaffRole.SHIFT_LEADER}
_INTERVIEWERS: Final = _LEADERS | {StaffRole.INTERVIEWER}
_TRAINEES: Final = _INTERVIEWERS | {StaffRole.TRAINEE}
_CODERS: Final = _INTERVIEWERS | {StaffRole.CODER}
_ANALYSTS: Final = _SUPERVISORS | {StaffRole.ANALYST}
_FIELD: Final = _EVERYBODY - {StaffRole.TRAINEE}

PERMITTED: Final[Mapping[Action, frozenset[StaffRole]]] = {
    Action.PRACTICE: _TRAINEES,
    Action.CONDUCT_INTERVIEWS: _INTERVIEWERS,
    Action.FIND_CALLER: _INTERVIEWERS,
    Action.LOOK_UP_NUMBER: _INTERVIEWERS,
    Action.READ_STATUS: _FIELD,
    Action.SEE_CASES: _FIELD,
    Action.SEE_PEOPLE: _FIELD,
    Action.SEE_CONTACTS: _SUPERVISORS,
    Action.SEE_BOARD: _LEADERS,
    Action.SEE_WHO_IS_AT_WORK: _LEADERS,
    Action.SEE_WORKING_TIMES: _LEADERS,
    Action.SEE_QUALITY: _SUPERVISORS,
    Action.WATCH: _SUPERVISORS,
    Action.SEE_SEATS: _LEADERS,
    Action.END_SEAT: _LEADERS,
    Action.SEND_MESSAGES: _LEADERS,
    Action.MANAGE_ACCOUNTS: _LEADERS,
    Action.MANAGE_SHIFT_LEADERS: _SUPERVISORS,
    Action.MANAGE_SUPERVISORS: _OWNER,
    Action.RELEASE_TRAINEE: _SUPERVISORS,
    Action.USE_OTHER_NAME: _SUPERVISORS,
    Action.USE_OTHER_LIST: _SUPERVISORS,
    Action.CORRECT_OUTCOMES: _SUPERVISORS,
    Action.ANSWER_REFERRALS: _SUPERVISORS,
    Action.REOPEN_CASES: _SUPERVISORS,
    Action.FREE_CASES: _SUPERVISORS,
    Action.REASSIGN_APPOINTMENTS: _SUPERVISORS,
    Action.REVIEW: _SUPERVISORS,
    Action.MIGRATE_INTERVIEWS: _SUPERVISORS,
    Action.CORRECT_WORKING_TIMES: _SUPERVISORS,
    Action.IMPORT_SAMPLE: _SUPERVISORS,
    Action.RELEASE_REPLICATES: _SUPERVISORS,
    Action.IMPORT_ANSWERS: _SUPERVISORS,
    Action.STORE_SIMULATED: _SUPERVISORS,
    Action.PAUSE_STUDY: _SUPERVISORS,
    Action.ACCEPT_CHANGES: _SUPERVISORS,
    Action.PUBLISH: _SUPERVISORS,
    Action.CHANGE_DO_NOT_CALL: _SUPERVISORS,
    Action.READ_REPORTS: _ANALYSTS,
    Action.EXPORT_DATA: _ANALYSTS,
    # interviewers receive only their own
    Action.EXPORT_WORKING_TIMES: _INTERVIEWERS,
    Action.EXPORT_PERSONAL: _SUPERVISORS,
    Action.DOWNLOAD: _ANALYSTS,
    Action.CODE_ANSWERS: _CODERS,
    Action.SETTLE_CODINGS: _SUPERVISORS,
    Action.CODE_PERSONAL: _SUPERVISORS,
    Action.SEE_STORED_DATA: _SUPERVISORS,
    Action.ERASE: _SUPERVISORS,
    Action.ANONYMIZE: _SUPERVISORS,
    Action.READ_ACCESS_LOG: _SUPERVISORS,
    Action.VERIFY: _EVERYBODY,
    Action.DERIVE_QUEUE: _SUPERVISORS,
    Action.BACK_UP: _SUPERVISORS,
    Action.RESTORE: _SUPERVISORS,
    Action.SHARE: _SUPERVISORS,
    Action.UPGRADE: _EVERYBODY,
    Action.GRANT_ROLES: _OWNER,
}
"""The roles that may take each action."""

OWNERS_ON_SERVER: Final = frozenset({Action.PUBLISH, Action.RESTORE, Action.UPGRADE})
"""What only the owner of the schema may do on a server, whatever holds for a file."""

ACCOUNT_ACTIONS: Final[Mapping[StaffRole, Action]] = {
    StaffRole.OWNER: Action.MANAGE_SUPERVISORS,
    StaffRole.SUPERVISOR: Action.MANAGE_SUPERVISORS,
    StaffRole.SHIFT_LEADER: Action.MANAGE_SHIFT_LEADERS,
    StaffRole.INTERVIEWER: Action.MANAGE_ACCOUNTS,
    StaffRole.TRAINEE: Action.MANAGE_ACCOUNTS,
    StaffRole.CODER: Action.MANAGE_ACCOUNTS,
    StaffRole.ANALYST: Action.MANAGE_ACCOUNTS,
}
"""The action of inviting, resetting, disabling or signing out a person of each role."""


def may(role: StaffRole, action: Action, *, on_server: bool = False) -> bool:
    """Return whether a role may take an action, in a study in a file or on a database server."""
    if on_server and action in OWNERS_ON_SERVER:
        return role is StaffRole.OWNER
    return role in PERMITTED[action]


def format_permitted(action: Action) -> str:
    """Return the roles that may take an action, as in a sentence: `a supervisor or analyst`."""
    permitted = [role.value for role in StaffRole if role in PERMITTED[action]]
    # an owner is somebody to name only if no other role may do it
    others = [name for name in permitted if name != StaffRole.OWNER.value]
    if not others:
        return "the owner of the study"
    *first, last = others
    names = f"{', '.join(first)} or {last}" if first else last
    return with_article(names)


def with_article(names: str) -> str:
    """Return the name of a role with its article: `an interviewer`."""
    if names[0] in "aeio":
        return f"an {names}"
    return f"a {names}"
