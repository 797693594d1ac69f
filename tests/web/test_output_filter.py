"""What of a terminal's output may reach a browser."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from survey_cli.web.terminals.output_filter import OutputFilter

PASSING = [
    "plain text, é, 漢字, 🎈",
    "a\r\nb\tc\bd\a",
    "\x1b[H\x1b[2J\x1b[10;20H",
    "\x1b[1;38;2;255;128;0;48;5;17mcolor\x1b[0m",
    "\x1b[4:3mcurly\x1b[m",
    "\x1b[?1049h\x1b[?25l\x1b[?7h",
    "\x1b7\x1b8\x1bM",
    "\x1b[2 q",
    "\x1b[K\x1b[3X\x1b[5;20r",
]
REMOVED = {
    "title": "\x1b]0;a title\x07",
    "title ended by ST": "\x1b]2;a title\x1b\\",
    "title in C1": "\x9d0;a title\x9c",
    "link": "\x1b]8;;http://x.example\x1b\\",
    "clipboard": "\x1b]52;c;aGVsbG8=\x07",
    "question to the clipboard": "\x1b]52;c;?\x07",
    "colors asked": "\x1b]10;?\x07",
    "DCS": "\x1bP$qm\x1b\\",
    "DCS in C1": "\x90$qm\x9c",
    "APC": "\x1b_G payload\x1b\\",
    "PM": "\x1b^payload\x1b\\",
    "SOS": "\x1bXpayload\x1b\\",
    "title of screen": "\x1bktitle\x1b\\",
    "device attributes": "\x1b[c\x1b[>c\x1b[=c\x1bZ",
    "reports": "\x1b[5n\x1b[6n\x1b[?6n\x1b[?2026$p\x1b[14t\x1b[21t\x1b[>q\x1b[?u\x1b[x",
    "window": "\x1b[8;100;300t\x1b[22;0t",
    "keyboard protocol": "\x1b[>1u\x1b[<u",
    "modes of others": "\x1b[?1004h\x1b[?2048h\x1b[4h\x1b[20h\x1b[?1015h",
    "reset": "\x1bc\x1b[!p",
    "character sets": "\x1b(0\x1b)B\x1b%G\x0e\x0f\x1b#8",
    "answerback": "\x05",
    "C1": "\x84\x85\x8d\x9b6n",
    "endless numbers": "\x1b[99999999S\x1b[" + "1;" * 500 + "m",
    "repetition": "\x1b[9999b",
}


def filtered(text: str) -> str:
    return OutputFilter().filter(text.encode()).decode()


@pytest.mark.parametrize("text", PASSING)
def test_what_a_screen_needs_passes(text: str) -> None:
    assert filtered(text) == text


@pytest.mark.parametrize("text", REMOVED.values(), ids=REMOVED.keys())
def test_what_a_terminal_would_obey_is_removed(text: str) -> None:
    assert filtered(f"before{text}after") == "beforeafter"


def test_a_string_that_never_ends_is_removed_whatever_its_size() -> None:
    seen = OutputFilter()
    assert seen.filter(b"before\x1b]52;c;") == b"before"
    for _ in range(100):
        assert seen.filter(b"A" * 65_536) == b""
    # the next screen begins with an escape, and is seen
    assert seen.filter(b"\x1b[Hnext") == b"\x1b[Hnext"


def test_of_several_modes_only_the_allowed_ones_pass() -> None:
    assert filtered("\x1b[?1004;25;2048h") == "\x1b[?25h"


def test_bytes_that_are_no_text_bring_nothing_in() -> None:
    assert "\x9d" not in OutputFilter().filter(b"\x9d0;title\x07\xff\xfe\x9b6n").decode()


def test_a_new_terminal_gets_the_modes_that_were_set() -> None:
    seen = OutputFilter()
    seen.filter(b"\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?1000l\x1b[?1004h")
    assert seen.restore_modes() == b"\x1b[?1049h\x1b[?25l\x1b[?1000l"


PIECES = [*PASSING, *REMOVED.values(), "\x1b", "\x1b[", "\x1b]", "\x18", "é", "\x9b", ";", "1", "m"]
OUTPUTS = st.lists(
    st.one_of(st.sampled_from([piece.encode() for piece in PIECES]), st.binary(max_size=8)),
    max_size=12,
).map(b"".join)


@given(OUTPUTS, st.lists(st.integers(min_value=0, max_value=400), max_size=8))
@example(b"\xe2\x82\xac\x1b[?1;25h", [1, 2, 4, 6, 7])
def test_any_split_gives_the_same_output(output: bytes, cuts: list[int]) -> None:
    whole = OutputFilter()
    expected = whole.filter(output)

    split = OutputFilter()
    passed = b""
    begin = 0
    for cut in sorted(cuts):
        passed += split.filter(output[begin : max(begin, cut)])
        begin = max(begin, cut)
    passed += split.filter(output[begin:])

    assert passed == expected
    assert split.restore_modes() == whole.restore_modes()

    # Bytes that come one by one are never part of a run that passes at one go.
    bytewise = OutputFilter()
    passed = b"".join(bytewise.filter(bytes([byte])) for byte in output)
    assert passed == expected
    assert bytewise.restore_modes() == whole.restore_modes()


@given(OUTPUTS)
def test_what_passed_once_passes_again(output: bytes) -> None:
    passed = OutputFilter().filter(output)
    assert OutputFilter().filter(passed) == passed


@given(OUTPUTS)
def test_nothing_that_begins_a_string_or_asks_is_left(output: bytes) -> None:
    passed = OutputFilter().filter(output).decode()
    for beginning in ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bk", "\x1bc"):
        assert beginning not in passed
    assert not any("\x80" <= character <= "\x9f" for character in passed)
