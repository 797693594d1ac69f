"""The models of options, scales and declines: codes, labels and flags."""

import json
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    Tag,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.nodes import (
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    is_options_source,
)
from survey_cli.problems import Position
from survey_cli.values import Code
from survey_cli.wording import shorten


class SpecModel(BaseModel):
    """Base class of everything that a designer writes as a mapping.

    It knows the position of each key and value. A part has annotated fields, and may have a short
    form:

        class RestSpec(SpecModel):
            minutes: scalars.Whole

            @classmethod
            def expand_short_form(cls, data: Any) -> Any:
                return {"minutes": data} if isinstance(data, YamlScalar) else data

    Both `{minutes: 5}` and `5` are then accepted. The docstrings of its class and fields are what
    `make docs` writes to the reference.
    """

    model_config = ConfigDict(
        defer_build=True, extra="forbid", arbitrary_types_allowed=True, validate_by_name=True
    )
    _node: ClassVar[YamlMapping | None] = None
    """The node that was validated; None for a part that isn't written in a file.

    It is stored in the instance's dictionary. As a private attribute of pydantic it would add a
    third to the validation time."""

    @model_validator(mode="wrap")
    @classmethod
    def _remember_node(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        part = handler(cls.expand_short_form(data))
        # the node as written, not the short form's, so that problems are at the right position
        if type(data) is YamlMapping:
            part.__dict__["_node"] = data
        return part

    @classmethod
    def expand_short_form(cls, data: Any) -> Any:
        """Return the mapping that a short form stands for, or the data as they are."""
        return data

    def copy_position(self, other: "SpecModel") -> None:
        """Copy the position of another part, from which this one is derived."""
        self.__dict__["_node"] = other._node

    def find_position(self, key: str = "") -> Position:
        """Return the position of a key's value, or of the part if that key isn't written."""
        node = self._node
        if node is None:
            return Position("")
        value = node.get(key)
        return value.where if value is not None else node.where


class CodedAnswer(SpecModel):
    """The keys of every answer that has a code: what it is called, and what its amount is."""

    text: scalars.Text
    """The text that is read aloud or shown."""
    label: scalars.Text | None = None
    """The label of the value in data files and reports. If left out: the text."""
    missing: scalars.Flag = False
    """`true`: an answer that counts in percentages and their bases, but not in means; user-missing
    in SPSS. From edition 2 on it has no amount: with `<` and `>`, in calculations and as a limit it
    is unknown. `==`, `in` and `answered()` know it."""
    value: scalars.Number | None = None
    """The number that the code counts as: `0` for `88: None`. In conditions, calculations and means
    the answer is this number. `keyed(ID)` is the code, and the data have a column `ID_keyed` of the
    codes. It needs edition 2. If left out: the code itself."""
    at_least: scalars.Number | None = None
    """The lowest number that the answer can stand for: `97` for "97 or older". A comparison with it
    is known if it is the same for all these numbers; a calculation has no result. It needs edition
    2. If left out: the code itself, or no lowest number if there is `at_most`."""
    at_most: scalars.Number | None = None
    """The highest number that the answer can stand for, as for `at_least`: `1` for "1 or less". If
    left out: the code itself, or no highest number if there is `at_least`."""

    @classmethod
    def expand_short_form(cls, data: Any) -> Any:
        if data is None or isinstance(data, str | YamlList) or _is_by_language(data):
            return {"text": data}
        return data

    @property
    def value_label(self) -> scalars.Text:
        """The label of the value in data files and reports: the text if no label is written."""
        return self.label or self.text

    def list_amount_keys(self) -> list[str]:
        """List the keys that give it an amount other than its code."""
        return [key for key in ("value", "at_least", "at_most") if getattr(self, key) is not None]


class OptionSpec(CodedAnswer):
    """One option: its text, as in `3: Disagree`, or a mapping with these keys."""

    read: scalars.Flag = True
    """`false`: the option is shown to the interviewer and not read aloud. It is used if the
    respondent volunteers it."""
    specify: scalars.Flag = False
    """`true`: "other, specify". The interviewer types the words, which are stored in a column
    `ID_CODE_text`."""
    exclusive: scalars.Flag = False
    """`true`: the option can't be combined with others, as for "None of these"."""
    anchor: scalars.Flag = False
    """`true`: the option keeps its written position when the options are shuffled."""
    ask_if: scalars.Expression | None = None
    """The option is offered only if this condition is true. A question with no option to offer is
    not asked. If left out: always offered."""
    note: scalars.Text | None = None
    """A note to the interviewer in brackets beside the option; never read aloud. If left out:
    none."""


class NumberOption(CodedAnswer):
    """A number with a meaning of its own: its text, as in `97: 97 or older`, or a mapping."""


_PLAIN_TEXT: Final = re.compile(r"\w[\w '’./-]*", re.ASCII)
"""A text that needs no quotes within braces."""


def suggest_option_braces(options: YamlNode, key: str) -> str:
    """Return how an option is written whose braces were forgotten; empty if that isn't the mistake.

    Of `{88: None, value: 0}`, with the key `value`, it is `88: {text: None, value: 0}`.
    """
    if key not in OptionSpec.model_fields or not isinstance(options, YamlMapping):
        return ""
    code = ""
    written: dict[str, YamlScalar] = {}
    for own_key, node in options.items():
        is_code = own_key not in OptionSpec.model_fields
        if is_code and key in written:
            break  # the next option
        if not isinstance(node, YamlScalar):
            code = ""
        elif is_code:
            code = str(own_key)
            written = {"text": node}
        else:
            written[str(own_key)] = node
    if not code:
        return ""

    parts = []
    for name, node in written.items():
        needs_quotes = not node.plain or not _PLAIN_TEXT.fullmatch(node)
        value = json.dumps(str(node), ensure_ascii=False) if needs_quotes else str(node)
        parts.append(f"{name}: {value}")
    return f"write {code}: {{{', '.join(parts)}}}"


def _is_by_language(node: object) -> bool:
    """Return whether a mapping is a text in several languages, not an option with its keys.

    Codes of languages have two or three letters, and no key of an option has so few.
    """
    return isinstance(node, YamlMapping) and bool(node) and all(1 < len(key) < 4 for key in node)


def list_value_labels(options: Mapping[Any, CodedAnswer], language: str) -> dict[Code, str]:
    """List the labels of codes in a language, as data files and reports show them."""
    return {code: str(option.value_label.get(language)) for code, option in options.items()}


Options: TypeAlias = dict[scalars.CodeKey, OptionSpec]


class ScaleSpec(SpecModel):
    """A list of options that several items use by its name: `{1: Strongly agree, 2: Agree}`.

    With an order, write `{order: flip, options: {1: …}}`.
    """

    options: Options
    """Each code and its text, in the order in which they are read."""
    order: scalars.Order = "written"
    """How the options are shuffled: not at all, `random`, `rotate` or `flip`. The order is drawn
    once per interview for all items that use the list."""

    @classmethod
    def expand_short_form(cls, data: Any) -> Any:
        if isinstance(data, YamlMapping) and isinstance(data.get("options"), YamlMapping):
            return data
        if not isinstance(data, YamlMapping):
            what = f"expected options with codes, found {scalars.describe_node(data)}"
            scalars.reject("wrong-kind", what, "write 1: first label, 2: …")
        return {"options": data}


_NUMBERED_LINE: Final = re.compile(r"\(?(-?[0-9]+)[.)] ")
"""A code as lists in word processors have it."""


def _parse_options_or_name(node: object, handler: ValidatorFunctionWrapHandler) -> object:
    _reject_other_lists(node)
    if isinstance(node, YamlMapping):
        return _build_short_options(node) or handler(node)
    if isinstance(node, dict):
        return handler(node)
    return scalars.parse_words(node)


def _reject_other_lists(node: object) -> None:
    """Reject what designers write instead of codes with texts, and show how to write these."""
    first = node[0] if isinstance(node, YamlList) and node else node
    numbered = _NUMBERED_LINE.match(first) if isinstance(first, YamlScalar) else None
    if isinstance(first, YamlScalar) and numbered is not None:
        # lines that follow without a colon were joined to the first by YAML
        text = _NUMBERED_LINE.split(first[numbered.end() :])[0].strip()
        what = f"'{shorten(first)}' is a numbered line, not a code with its text"
        remedy = f"write {numbered[1]}: {text}, and so on, each option on a line of its own"
        scalars.reject("wrong-kind", what, remedy)

    if isinstance(node, YamlList):
        what = "expected options with codes, found a list"
        scalars.reject("wrong-kind", what, "write 1: first label, 2: second label")

    if isinstance(node, YamlMapping) and isinstance(node.get("options"), YamlMapping):
        what = "expected codes, found another options:"
        remedy = "write the codes directly under options:, and order: beside it"
        scalars.reject("wrong-kind", what, remedy)


def _build_short_options(node: YamlMapping) -> Options | None:
    """Build options of which each is just a number and its text, as nearly all are.

    Validation by the model would take three times as long. Returns None if any option needs it.
    """
    options: Options = {}
    for key, value in node.items():
        if key.__class__ is not YamlScalar or value.__class__ is not YamlScalar:
            return None
        is_number = key.plain and scalars.WHOLE.match(key)
        is_null = value.plain and value in scalars.YAML_NULLS
        if not is_number or is_null or not value.strip():
            return None
        options[int(key)] = _build_option(value)
    return options


def _build_option(text: YamlScalar) -> OptionSpec:
    """Build what `OptionSpec.model_validate(text)` returns, without validation.

    pydantic's `model_construct` takes longer than the validation.
    """
    option = OptionSpec.__new__(OptionSpec)
    fields = _list_defaults().copy()
    fields["text"] = scalars.Text(text, _NO_LANGUAGES)
    # these four are what model_construct sets
    _set_attribute(option, "__dict__", fields)
    _set_attribute(option, "__pydantic_fields_set__", _ONLY_TEXT_SET)
    _set_attribute(option, "__pydantic_extra__", None)
    _set_attribute(option, "__pydantic_private__", None)
    return option


_set_attribute: Final = object.__setattr__
_ONLY_TEXT_SET: Final = {"text"}
_NO_LANGUAGES: Final[Mapping[str, YamlScalar]] = MappingProxyType({})


@cache
def _list_defaults() -> dict[str, Any]:
    return {name: field.default for name, field in OptionSpec.model_fields.items()}


# `handler` validates options. The validator itself also returns a name, which mypy has to know.
if TYPE_CHECKING:
    OptionsOrName: TypeAlias = Options | YamlScalar
else:
    OptionsOrName = Annotated[
        Options,
        WrapValidator(_parse_options_or_name, json_schema_input_type=Options | str),
        "options, or the name of a list",
    ]
"""Options written here, or the name of a list under `scales`."""


class OptionSourceSpec(SpecModel):
    """Options taken from an earlier answer, or from the turns of a roster.

    `{from: aware}` offers what was chosen in the multiple `aware`, with its codes and texts;
    `{from: person, label: name}` the people of a roster, with the numbers of their turns as codes.
    Exclusive options ("None of these") are not offered. An item with nothing to offer is not asked.
    """

    from_: Annotated[scalars.Name, "an item"] = Field(alias="from")
    """An earlier `multiple` or roster."""
    chosen: scalars.Flag = True
    """`false`: the options that were offered in the multiple and not chosen."""
    label: Annotated[scalars.Name, "an item"] | None = None
    """The item of the roster that names a turn. If left out: its first text item."""
    where: scalars.Expression | None = None
    """The turns that are offered: `age >= 15`. If left out: all turns."""


def _parse_options_or_source(node: object, handler: ValidatorFunctionWrapHandler) -> object:
    if isinstance(node, YamlMapping) and is_options_source(node):
        return OptionSourceSpec.model_validate(node)
    return _parse_options_or_name(node, handler)


if TYPE_CHECKING:
    OptionsOrSource: TypeAlias = Options | YamlScalar | OptionSourceSpec
else:
    OptionsOrSource = Annotated[
        Options,
        WrapValidator(
            _parse_options_or_source, json_schema_input_type=Options | str | OptionSourceSpec
        ),
        "options, the name of a list, or from: ITEM",
    ]
"""Options written here, the name of a list under `scales`, or a source of options."""


class DeclineSpec(SpecModel):
    """A non-answer that can be stored instead of an answer: don't know, refused, or another one."""

    code: scalars.Whole
    """Its code in the data: a negative number, so that no answer can have it."""
    text: scalars.Text
    """The text that the interviewer sees."""
    key: scalars.Text | None = None
    """The letter that enters it, the same in every language or one for each: `d`, `{en: d, ar: ي}`.
    If left out: it is entered by its name with a point before it: `.dk`."""


class ShortSpec(SpecModel):
    """Base class of a mapping that can be written as the whole number under its first key.

    With this class, `5` is accepted for `{minutes: 5}`:

        class RestSpec(ShortSpec):
            minutes: scalars.Whole
            paid: scalars.Flag = False
    """

    @classmethod
    def expand_short_form(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        first_key = next(iter(cls.model_fields))
        return {first_key: data}


class DeclineOverride(ShortSpec):
    """A decline at one item: its code, as in `dk: 98`, or a mapping with these keys."""

    code: scalars.Whole
    """Its code in the data, which may be a positive number that no answer can have: `98`."""
    text: scalars.Text | None = None
    """The text that the interviewer sees. If left out: that of the file's decline."""


def make_discriminator(kind: type, tag: str, otherwise: str) -> Discriminator:
    """Make a discriminator of two forms: `tag` for nodes of this class, `otherwise` for others."""
    return Discriminator(lambda node: tag if isinstance(node, kind) else otherwise)


def _find_declines_form(node: object) -> str:
    if isinstance(node, dict):
        return "mapping"
    if isinstance(node, str):
        return "name"
    return "list"


DeclineSet: TypeAlias = dict[scalars.Name, DeclineOverride]
"""Declines with codes of their own: `{dk: 77, refused: 99}`."""
DeclineOverrides: TypeAlias = Annotated[
    Annotated[list[scalars.Name], Tag("list")]
    | Annotated[DeclineSet, Tag("mapping")]
    | Annotated[scalars.Name, Tag("name")],
    Discriminator(_find_declines_form),
]
"""`[]` for none, `[dk]` for some, `{dk: 98}` for other codes, the name of a set, or `by_width`."""
