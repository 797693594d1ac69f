"""Groups of options: a command receives its options as one object.

A parameter of a command whose type is a dataclass stands for the options that the dataclass's
fields declare, in their order. The command receives the object, filled from the command line:

    @option_group
    class DrawParameters:
        share: Annotated[float, option("--draw SHARE", "Draw a share of the interviews.")] = 0.1
        seed: Annotated[int, option("--seed N", "Seed of the draw.")] = 1

    def quality(file: InstrumentArgument, draw: DrawParameters) -> None:
        print(draw.share, draw.seed)

A field is the only place where an option is declared: its names, its help, its type and its
default. An option of several commands has an alias in `parameters`, which is the type of a field
in each of their groups.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import Any, TypeAlias, TypeVar, dataclass_transform

import typer

Command: TypeAlias = Callable[..., None]
Group = TypeVar("Group")


@dataclass_transform(kw_only_default=True, eq_default=False, frozen_default=True)
def option_group(group: type[Group]) -> type[Group]:
    """Make a class a group of options.

    The type checker sees a frozen dataclass. At runtime no method is generated, which would take
    half a millisecond of every start: all groups share one `__init__`.
    """
    setattr(group, "__init__", _set_fields)  # noqa: B010 - mypy rejects an assignment
    return dataclass(init=False, eq=False, repr=False)(group)


def _set_fields(self: object, **values: Any) -> None:
    """Set the fields that are given. The others have the class's attributes: their defaults."""
    vars(self).update(values)


def expand_groups(command: Command) -> Command:
    """Return a function that has a parameter for each option of the command's groups.

    Typer reads this function's signature. Called by Typer, it fills the groups and calls the
    command.
    """
    own_parameters = signature(command).parameters.values()
    groups: dict[str, type[Any]] = {}
    expanded: list[Parameter] = []
    for parameter in own_parameters:
        kind: Any = parameter.annotation
        if isinstance(kind, type) and is_dataclass(kind):
            groups[parameter.name] = kind
            expanded += _list_parameters(kind)
        else:
            expanded.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))

    def run(**values: Any) -> None:
        arguments = dict(values)
        filled = {}
        for name, group in groups.items():
            filled[name] = group(**_take_fields(group, arguments))
        command(**arguments, **filled)

    # Not functools.wraps: its __wrapped__ would lead Typer to the command's own annotations.
    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    run.__signature__ = Signature(expanded)  # type: ignore[attr-defined]  # inspect reads it
    return run


def _list_parameters(group: type[Any]) -> list[Parameter]:
    """Return a parameter for each field of a group."""
    listed = []
    for field in fields(group):
        default = Parameter.empty if field.default is MISSING else field.default
        listed.append(
            Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=field.type)
        )
    return listed


def _take_fields(group: type[Any], values: dict[str, Any]) -> Mapping[str, Any]:
    """Take the values of a group's fields out of `values`."""
    return {field.name: values.pop(field.name) for field in fields(group)}


def list_option_names(group: type[Any]) -> tuple[str, ...]:
    """Return the names of a group's options, for `refuse_options`."""
    return tuple(field.name for field in fields(group))


def refuse_options(context: typer.Context, names: Sequence[str], why: str) -> None:
    """Refuse options that were given: `--speed is only for --replay — leave it out`.

    The message names the first of them.
    """
    for parameter in context.command.params:
        if parameter.name not in names:
            continue

        source = context.get_parameter_source(parameter.name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"{parameter.opts[0]} {why} — leave it out")
