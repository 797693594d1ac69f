"""The log of web: what is in it, and what never is."""

import io
import logging
from collections.abc import Iterator

import pytest

from survey_cli.web.server.server_log import begin_log


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers = list(root.handlers)
    level = root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("survey_cli.web").setLevel(logging.NOTSET)


def test_an_exception_is_described_without_what_somebody_typed() -> None:
    stream = io.StringIO()
    begin_log(logging.INFO, stream)
    try:
        int("Jane Doe")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Unhandled exception")
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("survey: Unhandled exception: ValueError in test_server_log.")
    assert "Jane" not in line
    assert "Traceback" not in line


def test_nothing_that_is_logged_begins_a_line_of_its_own() -> None:
    stream = io.StringIO()
    begin_log(logging.INFO, stream)
    logging.getLogger("survey_cli.web").info("GET %s", "/x\nsurvey: all is well\x1b[2J\u202e")
    (line,) = stream.getvalue().splitlines()
    assert line == "survey: GET /x?survey: all is well?[2J?"


def test_on_ones_own_computer_only_what_matters_is_shown() -> None:
    stream = io.StringIO()
    begin_log(logging.WARNING, stream)
    log = logging.getLogger("survey_cli.web")
    log.info("GET /: 404")
    logging.getLogger("aiohttp").info("started")
    log.error("incident 3f9a2c")
    assert stream.getvalue() == "survey: incident 3f9a2c\n"
