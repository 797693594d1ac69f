"""Any bytes are an instrument or problems that stand inside of the file: the examples mutated, tangles, noise."""

from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

from fuzz.seeds import EXAMPLES, FILES, SMALL, fetch
from fuzz.words import CONDITION, HOSTILE, KEYS, YAML
from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors
from survey_cli.services.questionnaire.word_lookup import list_vocabulary

RULES = frozenset(list_vocabulary()["problem"])
NAME = "fuzz.yaml"
PIECES = tuple(readable for readable in (*HOSTILE, *YAML, *KEYS, *CONDITION) if len(readable) < 60)


def _pieces(line: str) -> list[str]:
    """A line parted where YAML parts it: blanks, words, signs."""
    found: list[str] = []
    for letter in line:
        before = found[-1][-1] if found else "-"
        if (before.isalnum() and letter.isalnum()) or (before.isspace() and letter.isspace()):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _replace_piece(lines: list[str], dice: Random) -> None:
    at = dice.randrange(len(lines))
    pieces = _pieces(lines[at]) or [""]
    pieces[dice.randrange(len(pieces))] = dice.choice(PIECES)
    lines[at] = "".join(pieces)


def _insert_piece(lines: list[str], dice: Random) -> None:
    at = dice.randrange(len(lines))
    pieces = _pieces(lines[at])
    pieces.insert(dice.randint(0, len(pieces)), dice.choice(PIECES))
    lines[at] = "".join(pieces)


def _drop_piece(lines: list[str], dice: Random) -> None:
    at = dice.randrange(len(lines))
    pieces = _pieces(lines[at]) or [""]
    del pieces[dice.randrange(len(pieces))]
    lines[at] = "".join(pieces)


def _exchange_pieces(lines: list[str], dice: Random) -> None:
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    first, second = _pieces(lines[one]) or [""], _pieces(lines[other]) or [""]
    first[dice.randrange(len(first))] = dice.choice(second)
    lines[one] = "".join(first)


def _drop_line(lines: list[str], dice: Random) -> None:
    if len(lines) > 1:
        del lines[dice.randrange(len(lines))]


def _repeat_lines(lines: list[str], dice: Random) -> None:
    at = dice.randrange(len(lines))
    some = lines[at : at + dice.randint(1, 6)]
    to = dice.randint(0, len(lines))
    lines[to:to] = some


def _indent(lines: list[str], dice: Random) -> None:
    at = dice.randrange(len(lines))
    by = dice.choice((-4, -2, -1, 1, 2, 4))
    for n in range(at, min(at + dice.randint(1, 5), len(lines))):
        lines[n] = (
            " " * by + lines[n]
            if by > 0
            else lines[n][min(-by, len(lines[n]) - len(lines[n].lstrip())) :]
        )


def _cut(lines: list[str], dice: Random) -> None:
    at = dice.randrange(len(lines))
    lines[at] = lines[at][: dice.randint(0, len(lines[at]))]
    if dice.random() < 0.3:
        del lines[at + 1 :]


def _other_file(lines: list[str], dice: Random) -> None:
    other = FILES[dice.choice(EXAMPLES)].decode().split("\n")
    at = dice.randrange(len(other))
    to = dice.randint(0, len(lines))
    lines[to:to] = other[at : at + dice.randint(1, 8)]


MUTATIONS: tuple[Callable[[list[str], Random], None], ...] = (
    _replace_piece, _replace_piece, _insert_piece, _drop_piece, _exchange_pieces, _drop_line, _repeat_lines, _indent,
    _cut, _other_file,
)  # fmt: skip


def mutated(name: str, changes: list[int]) -> bytes:
    """An example after some changes, each named by a number: fewer numbers, fewer changes."""
    lines = FILES[name].decode().split("\n")
    for number in changes:
        dice = Random(number)
        dice.choice(MUTATIONS)(lines, dice)
        del lines[2_000:]
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    if changes and changes[-1] % 16 == 0:  # now and then a byte that is no text
        at = changes[-1] // 16 % (len(data) + 1)
        data = data[:at] + bytes([changes[-1] // 4096 % 256]) + data[at + 1 :]
    return data


cases = st.one_of(
    st.builds(
        mutated, st.sampled_from(SMALL), st.lists(st.integers(0, 2**32), min_size=1, max_size=4)
    ),
    st.builds(
        mutated, st.sampled_from(EXAMPLES), st.lists(st.integers(0, 2**32), min_size=1, max_size=3)
    ),
    st.lists(st.sampled_from(PIECES), max_size=60).map(
        lambda p: "".join(p).encode("utf-8", "surrogatepass")
    ),
    st.lists(st.sampled_from((*YAML, *KEYS)), max_size=60).map(
        lambda p: ("instrument: x\ntitle: X\nitems:\n  - " + "".join(p)).encode()
    ),
    st.binary(max_size=200),
)


def check(data: bytes) -> CheckResult:
    """Read and check; what comes of it must be sound."""
    source = load_source_text(data, NAME, fetch=fetch)
    found = check_instrument(source)
    assert found.instrument is not None or select_errors(found.problems), (
        "neither an instrument nor errors"
    )
    for problem in found.problems:
        where = problem.where
        assert problem.what.strip(), f"{problem.rule}: no what"
        assert problem.rule in RULES, f"{problem.rule} is explained nowhere"
        assert problem.length >= 0
        assert where.file == NAME or where.file in source.texts, (
            f"{problem.rule}: {where.file} was not read"
        )
        if where.line and where.file in source.texts:
            lines = source.texts[where.file].split("\n")
            assert 0 < where.line <= len(lines), f"{problem.rule}: {where} is not in the file"
            assert 0 <= where.column <= len(lines[where.line - 1]) + 1, (
                f"{problem.rule}: {where} is past the line"
            )
    return found
