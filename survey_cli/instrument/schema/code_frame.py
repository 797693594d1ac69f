"""Code frames as written, `NAME.ITEM.codes.yaml`: the codes of the open answers of an item."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field

from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.nodes import YamlMapping

CODES_SUFFIX: Final = ".codes.yaml"


def _parse_code(node: object) -> int:
    code = scalars.parse_code(node)
    if not isinstance(code, int) or code < 0:
        what = f"{scalars.describe_node(node)} is not a code"
        scalars.reject("bad-code", what, "number the codes: 1, 2, 3")
    return code


FrameCode: TypeAlias = Annotated[int, scalars.ParseWith(_parse_code, {"type": "integer"}), "a code"]


class FrameCodeSpec(SpecModel):
    """One code: its label, as in `3: Working hours`, or a mapping with these keys."""

    label: scalars.Text
    """The label in data files and reports."""
    examples: scalars.Label | None = None
    """Words of answers that have this code. They help to find it, and it is suggested for similar
    answers. If left out: none."""
    group: scalars.Label | None = None
    """The heading of the code on the coder's screen. Codes of one group follow each
    other. If left out: none."""

    @classmethod
    def expand_short_form(cls, data: Any) -> Any:
        has_keys = isinstance(data, YamlMapping) and not data.keys().isdisjoint(cls.model_fields)
        return data if has_keys else {"label": data}


class CodeFrame(SpecModel):
    """A file with the codes of an item's open answers.

    It is `NAME.ITEM.codes.yaml`, beside the questionnaire `NAME.yaml`.
    """

    multiple: scalars.Flag = False
    """`true`: an answer may have several codes."""
    label: scalars.Text | None = None
    """The label of the coded variable. If left out: that of the item."""
    codes: dict[FrameCode, FrameCodeSpec] = Field(default_factory=dict)
    """The codes, each with its label. `survey code` adds new ones at the end."""

    @classmethod
    def expand_short_form(cls, data: Any) -> Any:
        """Accept `codes:` without a code, as in a frame that was just begun."""
        if not isinstance(data, YamlMapping) or data.get("codes") != "":
            return data

        other_keys = {key: node for key, node in data.items() if key != "codes"}
        return YamlMapping(data.where, other_keys)
