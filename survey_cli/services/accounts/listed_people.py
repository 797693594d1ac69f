"""The study's list of people as the accounts use it: who a login is now, and in which role.

The file is read again as soon as it changes, so that whoever is removed from it is out at once.
"""

from pathlib import Path

from survey_cli.fieldwork.plan.plan import Interviewer, People
from survey_cli.login_names import fold_name
from survey_cli.problems import UserError, find_nearest
from survey_cli.samples.lists.people_file import read_people
from survey_cli.store.database_location import format_path


class ListedPeople:
    """The people of one list. Without a list nobody has an account."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._people: dict[str, Interviewer] | None = None
        """By folded login; None until the list was read once without errors."""
        self._state: tuple[int, int, int] | None = None

    @property
    def where(self) -> str:
        """The file as it is printed."""
        return format_path(self.file)

    def read(self) -> People:
        """Return all people on the list. Raises UserError if it can't be read."""
        return People(interviewers={person.login: person for person in self._read().values()})

    def check(self) -> None:
        """Check that there is a list that can be read. Raises UserError."""
        self._read()

    def find(self, login: str) -> Interviewer | None:
        """Return the person with this login, however its letters are written; None if unlisted.

        Raises UserError if there is no list, or if the list was never without errors.
        """
        return self._read().get(fold_name(login))

    def require(self, login: str) -> Interviewer:
        """Return the person with this login. Raises UserError, with the nearest login."""
        people = self._read()
        person = people.get(fold_name(login))
        if person is not None:
            return person

        add = f"add {login} to it first, with a role"
        near = find_nearest(login, [other.login for other in people.values()])
        if near is not None:
            add = f"did you mean {near!r}? Otherwise {add}"
        raise UserError(login, f"is not on the study's list of people, {self.where}", add)

    def _read(self) -> dict[str, Interviewer]:
        state = self._read_state()
        if self._people is not None and state == self._state:
            return self._people

        people_file = read_people(self.file)
        if not isinstance(people_file, list):
            listed = people_file.people.interviewers.values()
            self._people = {fold_name(person.login): person for person in listed}
        elif self._people is None:
            remedy = "correct it: it decides who may do what"
            raise UserError(
                self.where, "the list of people cannot be read", remedy, tuple(people_file)
            )
        # A list with an error, such as one that is half saved, changes nothing: as at a station,
        # the people of the last good one stay.
        self._state = state
        return self._people

    def _read_state(self) -> tuple[int, int, int]:
        try:
            status = self.file.stat()
        except OSError:
            # A study without a list gives everybody all rights, which no browser may have.
            self._people = None
            what = "the study has no list of people, which says who may work in the browser"
            remedy = (
                "write it, with the columns login and role, and a row for each person, such as"
                " ann,interviewer"
            )
            raise UserError(self.where, what, remedy) from None
        return status.st_mtime_ns, status.st_size, status.st_ino
