"""The request of somebody who downloads a file in a browser, with its reason.

The page sends it as a form, and web hands it to the process that makes the file as JSON. Both read
it with `read_download`: the process doesn't trust web, and web doesn't trust the browser.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from importlib.util import find_spec
from typing import Any, Final, Literal, TypeAlias, get_args

from survey_cli.permissions import Action
from survey_cli.problems import UserError


class DownloadKind(Enum):
    """What is in the file."""

    DATA = "data"
    REPORT = "report"
    CODEBOOK = "codebook"


KIND_ACTIONS: Final[Mapping[DownloadKind, Action]] = {
    DownloadKind.DATA: Action.EXPORT_DATA,
    DownloadKind.REPORT: Action.READ_REPORTS,
    DownloadKind.CODEBOOK: Action.READ_REPORTS,
}
"""The action that somebody takes with each, beside downloading."""


@dataclass(frozen=True, slots=True)
class DataFormat:
    """A format of data that consists of one file."""

    label: str
    ending: str
    media_type: str
    libraries: tuple[str, ...] = ()
    """The modules that write it, which need not be installed."""


DATA_FORMATS: Final[Mapping[str, DataFormat]] = {
    "csv": DataFormat("CSV", ".csv", "text/csv; charset=utf-8"),
    "xlsx": DataFormat(
        "Excel",
        ".xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ("openpyxl",),
    ),
    "sav": DataFormat("SPSS", ".sav", "application/x-spss-sav", ("pyreadstat", "polars")),
    "dta": DataFormat("Stata", ".dta", "application/x-stata-dta", ("pyreadstat", "polars")),
    "parquet": DataFormat(
        "Parquet", ".parquet", "application/vnd.apache.parquet", ("pyarrow", "polars")
    ),
}
"""The formats, by the names that `survey export --format` has for them."""

Rows: TypeAlias = Literal["interviews", "answers", "events", "cases", "calls"]
Origin: TypeAlias = Literal["real", "imported", "practice", "simulated", "all"]
Interviews: TypeAlias = Literal["complete", "partial", "all"]

MOST_REASON_LETTERS: Final = 300
MOST_BY_LETTERS: Final = 500
MOST_STUDIES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRequest:
    """One file that is asked for. The values are those of `survey export` and `survey report`."""

    study: int = 0
    """The number of the study among those that are served, from 0."""
    kind: DownloadKind = DownloadKind.DATA
    reason: str = ""
    """Why, for the study's log of accesses."""
    origin: Origin = "real"

    format: str = "csv"
    """For data: a key of `DATA_FORMATS`."""
    rows: Rows = "interviews"
    labels: bool = False
    partials: bool = True
    public: bool = False
    personal: bool = False
    """Whether names, numbers and personal answers are in the file."""

    by: str = ""
    """For a report: the variables of its columns."""
    interviews: Interviews = "partial"

    def list_actions(self) -> list[Action]:
        """Return the actions that whoever asks must be allowed to take."""
        actions = [Action.DOWNLOAD, KIND_ACTIONS[self.kind]]
        if self.kind is DownloadKind.DATA and self.personal:
            actions.append(Action.EXPORT_PERSONAL)
        return actions


FLAGS: Final = ("labels", "partials", "public", "personal")
"""Fields that are yes or no: checkboxes of the page."""
_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "kind": tuple(kind.value for kind in DownloadKind),
    "origin": get_args(Origin),
    "format": tuple(DATA_FORMATS),
    "rows": get_args(Rows),
    "interviews": get_args(Interviews),
}
_MOST_LETTERS: Final[Mapping[str, int]] = {"reason": MOST_REASON_LETTERS, "by": MOST_BY_LETTERS}


def list_installed_formats() -> dict[str, DataFormat]:
    """Return the formats whose libraries are installed, by name."""
    installed = {}
    for name, data_format in DATA_FORMATS.items():
        missing = [library for library in data_format.libraries if find_spec(library) is None]
        if not missing:
            installed[name] = data_format
    return installed


def read_form(form: Mapping[str, str]) -> DownloadRequest:
    """Read what the page sends. Raises UserError if it isn't what the page offers."""
    values: dict[str, Any] = {
        name: value for name, value in form.items() if name in _CHOICES or name in _MOST_LETTERS
    }
    number = form.get("study", "0")
    if not (number.isascii() and number.isdecimal() and len(number) < len(str(MOST_STUDIES))):
        raise _make_unreadable_error("study")
    values["study"] = int(number)
    for name in FLAGS:
        # a checkbox that isn't checked isn't sent
        values[name] = name in form
    return read_download(values)


def encode_download(request: DownloadRequest) -> str:
    """Return a request as JSON, for the process that makes the file."""
    return json.dumps({**asdict(request), "kind": request.kind.value})


def decode_download(text: str) -> DownloadRequest:
    """Return the request that web sent. Raises UserError if it is none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _make_unreadable_error("request")
    return read_download(content)


def read_download(values: Mapping[str, Any]) -> DownloadRequest:
    """Make a request of its values. Raises UserError if one of them is impossible.

    A request without a reason is none.
    """
    for name, choices in _CHOICES.items():
        if values.get(name, choices[0]) not in choices:
            raise _make_unreadable_error(name)
    for name in FLAGS:
        if not isinstance(values.get(name, False), bool):
            raise _make_unreadable_error(name)
    study = values.get("study", 0)
    if type(study) is not int or not 0 <= study < MOST_STUDIES:
        raise _make_unreadable_error("study")

    fields: dict[str, Any] = {"study": study}
    for name in _MOST_LETTERS:
        fields[name] = _read_text(name, values.get(name, ""))
    if not fields["reason"]:
        what = "a reason is missing"
        remedy = "say in a few words what the file is for; it is stored in the log of accesses"
        raise UserError("reason", what, remedy)

    for name in (*_CHOICES, *FLAGS):
        if name in values:
            fields[name] = values[name]
    if "kind" in fields:
        fields["kind"] = DownloadKind(fields["kind"])
    return DownloadRequest(**fields)


def _read_text(name: str, value: object) -> str:
    """Return a typed text in one line, without what can't be printed."""
    if not isinstance(value, str):
        raise _make_unreadable_error(name)
    words = " ".join(value.split())
    text = "".join(letter for letter in words if letter.isprintable())
    most = _MOST_LETTERS[name]
    if len(text) > most:
        raise UserError(name, f"the {name} is too long", f"use {most} letters at most")
    return text


def _make_unreadable_error(name: str) -> UserError:
    what = f"this download can't be made: its {name} is none that the page offers"
    return UserError(name, what, "open the page again")
