"""Options, scales and declines as they are written: codes, labels and what is special about each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

from survey_cli.instrument.forms import Around, Part, Reader, wrong
from survey_cli.instrument.scalars import (
    NO_TEXT,
    WHOLE,
    CodeKey,
    Expression,
    Flag,
    Label,
    Name,
    Order,
    Text,
    Whole,
    kind_of,
    words,
)
from survey_cli.instrument.written import Listed, Mapped, Written


class OptionWritten(Part):
    """One option of a list: `3: Disagree`, or the long form with a mapping."""

    text: Text
    """What is read (or shown) for the option."""
    label: Text | None = None
    """A shorter text for the data's value label; the text itself where it is left out."""
    read: Flag = True
    """`false`: volunteered, shown to the interviewer and not read aloud."""
    specify: Flag = False
    """`true`: other, what? The interviewer types the words; they are kept in a column of their own."""
    exclusive: Flag = False
    """`true` on "None of these": chosen alone."""
    missing: Flag = False
    """`true`: an answer that counts in bases and per cents but is left out of means; user-missing in SPSS."""
    anchor: Flag = False
    """`true`: keeps its written place when the options are shuffled."""
    ask_if: Expression | None = None
    """Offered only where this holds."""
    note: Text | None = None
    """Bracketed beside the option for the interviewer; never read."""

    shorter: ClassVar[Any] = Text

    @classmethod
    def short_form(cls, node: Any) -> Any:
        """The text alone, in one language or in several."""
        return {"text": node} if isinstance(node, str | Listed) or _languages(node) else node


def _languages(node: object) -> bool:
    return isinstance(node, Mapped) and bool(node) and all(1 < len(key) < 4 for key in node)


Options: TypeAlias = dict[CodeKey, OptionWritten]


class ScaleWritten(Part):
    """A named list of options that any item can use: `1: Strongly agree`, `2: Agree`, … or, with an order,
    `{order: flip, options: {1: …}}`."""

    options: Options
    """Code to option, in the order they are read."""
    order: Order = "written"
    """Drawn once an interview for all the items that use the list: `random`, `rotate` or `flip`."""

    shorter: ClassVar[Any] = Options

    @classmethod
    def short_form(cls, node: Any) -> Any:
        """The options alone."""
        if isinstance(node, Mapped) and isinstance(node.get("options"), Mapped):
            return node
        if not isinstance(node, Mapped):
            what = f"here stands {kind_of(node)}, but a list of options is wanted"
            raise wrong("wrong-kind", what, "write 1: first label, 2: …")
        return {"options": node}


def _name_or_options(node: object, read: Reader) -> object:
    if isinstance(node, Listed):
        raise wrong(
            "wrong-kind",
            "here stands a list, but options have codes",
            "write 1: first label, 2: second label",
        )
    if isinstance(node, Mapped) and isinstance(node.get("options"), Mapped):
        raise wrong(
            "wrong-kind",
            "here stands another options:, but codes are wanted",
            "write the codes directly under options:, and order: beside it",
        )
    if isinstance(node, Mapped):
        return _all_short(node) or read(node)
    return read(node) if isinstance(node, dict) else words(node)


def _all_short(node: Mapped) -> Options | None:
    """The options where each is a number and its text and nothing more, as nearly always: made without asking
    its reader, which would take three times as long. None where any wants a closer look."""
    made: Options = {}
    for key, value in node.items():
        if not (key.__class__ is value.__class__ is Written and key.plain and WHOLE.match(key)):
            return None
        if not value.strip() or (value.plain and value in NO_TEXT):
            return None
        made[int(key)] = option = OptionWritten()
        option.text = Text(value, _NO_LANGUAGES)
    return made


_NO_LANGUAGES: Final[Mapping[str, Written]] = MappingProxyType({})


if TYPE_CHECKING:
    OptionsOrName: TypeAlias = Options | Written
else:
    OptionsOrName = Annotated[Options, Around(_name_or_options, str)]
"""Options written here, or the name of a list under `scales`."""


class DeclineWritten(Part):
    """A typed non-answer: don't know, refused, or one of the study's own."""

    code: Whole
    """The code it has in the data; negative, so that no answer can have it."""
    text: Text
    """What the interviewer sees."""
    key: Label | None = None
    """The letter that gives it."""


class DeclineHere(Part):
    """A decline as it is coded at one item: `dk: 98`, or `{code: 98, text: …}`."""

    code: Whole
    text: Text | None = None

    shorter: ClassVar[Any] = Whole

    @classmethod
    def short_form(cls, node: Any) -> Any:
        """The code alone."""
        return {"code": node} if isinstance(node, str) else node


DeclinesHere: TypeAlias = list[Name] | dict[Name, DeclineHere]
"""`[]` for none, `[dk]` for some, `{dk: 98}` for other codes."""
