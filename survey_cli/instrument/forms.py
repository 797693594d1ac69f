"""Does a node have the form of a part? A part is a class whose annotated fields say what may be written; its annotations
become a reader when it is first met, so that an instrument pays only for what it uses. It knows no part by name.
"""

from collections.abc import Callable, Mapping
from inspect import get_annotations
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
    Self,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from survey_cli.instrument.written import Mapped
from survey_cli.problems import Position

Reader: TypeAlias = Callable[[Any], Any]
"""From a node to what it means. Raises Misfit."""
FaultKind: TypeAlias = Literal[
    "unfit", "unknown-key", "missing", "unknown-type", "no-type", "unknown-word", "no-list", "no-mapping"
]
REQUIRED: Final = object()
KEY: Final = "[key]"
"""The last step to what is wrong with a key itself."""


class Fault(NamedTuple):
    """One thing that does not fit."""

    kind: FaultKind
    way: tuple[int | str, ...] = ()
    """Keys and indexes that lead to it."""
    rule: str = ""
    what: str = ""
    remedy: str = ""
    words: tuple[str, ...] = ()
    """Of an unknown word: those that are known."""


class Misfit(Exception):
    """A node that does not fit, with everything that is wrong with it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults)
        self.faults = faults

    def below(self, *steps: int | str) -> list[Fault]:
        """The faults as they are seen from further up."""
        return [fault._replace(way=steps + fault.way) for fault in self.faults]


def wrong(rule: str, what: str, remedy: str = "") -> Misfit:
    """To be raised by a reader: `what` was found and expected, and the `remedy`."""
    return Misfit(Fault("unfit", (), rule, what, remedy))


class Reads:
    """In an annotation: this function reads the node."""

    def __init__(self, func: Reader, schema: Mapping[str, Any]) -> None:
        self.func = func
        self.schema = schema
        """What an editor may know of it: JSON Schema."""


class Around(NamedTuple):
    """In an annotation: this function is handed the node and the reader of what is annotated."""

    func: Callable[[Any, Reader], Any]
    more: Any = None
    """An annotation of what may be written besides."""


class ByType(NamedTuple):
    """In an annotation of a union: the key `type` says which of its parts it is."""


class Field(NamedTuple):
    """One key of a part."""

    annotation: Any
    metadata: tuple[Any, ...] = ()
    alias: str | None = None
    """The key, where it is no name in Python."""
    default: Any = REQUIRED
    default_factory: Callable[[], Any] | None = None

    def is_required(self) -> bool:
        return self.default is REQUIRED and self.default_factory is None


class _Given(NamedTuple):
    default: Any
    default_factory: Callable[[], Any] | None
    alias: str | None


def given(
    default: Any = REQUIRED, *, default_factory: Callable[[], Any] | None = None, alias: str | None = None
) -> Any:
    """What a field has where nothing is written (a value, or made anew for each), and the key it is written under."""
    return _Given(default, default_factory, alias)


class Part:
    """Anything a designer writes as a mapping: it remembers where each key and value stood. A default stands in the
    class and is found there, so that a part holds no more than what was written."""

    model_fields: ClassVar[dict[str, Field]] = {}
    shorter: ClassVar[Any] = None
    """An annotation of what may stand in the place of the mapping; `short_form` makes the mapping of it."""
    _node: Mapped | None = None
    """What was written."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        fields = dict(cls.model_fields)
        for name, annotation in get_annotations(cls).items():
            origin: Any = get_origin(annotation)
            if origin is ClassVar or name[0] == "_":
                continue
            stands = cls.__dict__.get(name, REQUIRED)
            said = stands if isinstance(stands, _Given) else _Given(stands, None, None)
            if said is stands:
                delattr(cls, name)
                if said.default is not REQUIRED:
                    setattr(cls, name, said.default)
            metadata: tuple[Any, ...] = ()
            if origin is Annotated:
                annotation, *rest = get_args(annotation)
                metadata = tuple(rest)
            fields[name] = Field(annotation, metadata, said.alias, said.default, said.default_factory)
        cls.model_fields = fields

    @classmethod
    def short_form(cls, node: Any) -> Any:
        """The mapping that a shorter way of writing stands for."""
        return node

    @classmethod
    def model_validate(cls, node: object) -> Self:
        """The part that is written there. Raises Misfit."""
        part: Self = reader_of(cls)(node)
        return part

    @classmethod
    def model_construct(cls, **values: Any) -> Self:
        """A part that nobody wrote, from the values of its fields."""
        part = cls.__new__(cls)
        for name, field in cls.model_fields.items():
            if field.default_factory is not None:
                part.__dict__[name] = field.default_factory()
        part.__dict__.update(values)
        return part

    @property
    def model_fields_set(self) -> frozenset[str]:
        """The fields that hold something of their own."""
        return frozenset(
            name
            for name, field in self.model_fields.items()
            if name in self.__dict__ and (field.default_factory is None or self.__dict__[name])
        )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name) for name in self.model_fields
        )

    def __repr__(self) -> str:
        held = (f"{name}={value!r}" for name, value in self.__dict__.items() if name in self.model_fields)
        return f"{type(self).__name__}({', '.join(held)})"

    def written_as(self, other: "Part") -> None:
        """Made from another part: it stands where that stands."""
        self._node = other._node

    def at(self, key: str = "") -> Position:
        """Where the value of a key was written; without one, or where it was not written, where the part begins."""
        node = self._node
        if node is None:
            return Position("")
        value = node.get(key)
        return value.where if value is not None else node.where


def reader_of(part: type[Part]) -> Reader:
    """The reader of a part; what its fields want is looked up when the first one is read."""
    found = _READERS.get(part)
    if found is None:
        found = _READERS[part] = _part_reader(part)
    return found


_READERS: Final[dict[type[Part], Reader]] = {}


def _part_reader(part: type[Part]) -> Reader:
    known: dict[str, tuple[str, Reader]] = {}
    required: list[str] = []
    made: list[tuple[str, Callable[[], Any]]] = []
    shortened = None if part.shorter is None else part.short_form

    def meet() -> None:
        fields = part.model_fields
        ahead = any(isinstance(field.annotation, str) for field in fields.values())
        hints = get_type_hints(part, include_extras=True) if ahead else {}
        for name, field in fields.items():
            annotation, key = hints.get(name, field.annotation), field.alias or name
            known[key] = name, _annotated(annotation, () if ahead else field.metadata)
            if field.is_required():
                required.append(key)
            if field.default_factory is not None:
                made.append((name, field.default_factory))

    def read(node: Any) -> Part:
        if not known:
            meet()
        whole = node if shortened is None else shortened(node)
        if not isinstance(whole, dict):
            raise Misfit(Fault("no-mapping"))
        new = part.__new__(part)
        values = new.__dict__
        faults: list[Fault] = []
        for key, value in whole.items():
            found = known.get(key)
            if found is None:
                faults.append(Fault("unknown-key", (key,)))
                continue
            name, reader = found
            try:
                values[name] = reader(value)
            except Misfit as inner:
                faults += inner.below(key)
        for key in required:
            if key not in whole:
                faults.append(Fault("missing", (key,)))
        if faults:
            raise Misfit(*faults)
        for name, make in made:
            if name not in values:
                values[name] = make()
        if node.__class__ is Mapped:
            values["_node"] = node
        return new

    return read


def _reader(annotation: Any) -> Reader:
    """The reader of anything that can stand in an annotation."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin is Literal:
        return _word(arguments)
    if origin is list:
        return _list(_reader(arguments[0]))
    if origin is dict:
        return _mapping(_reader(arguments[0]), _reader(arguments[1]))
    if origin in (Union, UnionType):
        return _union([a for a in arguments if a is not NoneType])
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return reader_of(annotation)
    reader: Reader = annotation.read  # a class of scalars
    return reader


def _annotated(annotation: Any, metadata: tuple[Any, ...]) -> Reader:
    match metadata:
        case (Reads(func=func), *_):
            return func
        case (Around(func=func), *_):
            inner = _reader(annotation)
            return lambda node: func(node, inner)
        case (ByType(), *_):
            return _by_type(annotation)
        case _:
            return _reader(annotation)


def _word(words: tuple[str, ...]) -> Reader:
    known = {word: word for word in words}

    def read(node: object) -> str:
        found = known.get(node) if isinstance(node, str) else None
        if found is None:
            raise Misfit(Fault("unknown-word", words=words))
        return found

    return read


def _list(reader: Reader) -> Reader:
    def read(node: object) -> list[Any]:
        if not isinstance(node, list):
            raise Misfit(Fault("no-list"))
        found: list[Any] = []
        faults: list[Fault] = []
        for at, value in enumerate(node):
            try:
                found.append(reader(value))
            except Misfit as inner:
                faults += inner.below(at)
        if faults:
            raise Misfit(*faults)
        return found

    return read


def _mapping(key_reader: Reader, reader: Reader) -> Reader:
    def read(node: object) -> dict[Any, Any]:
        if not isinstance(node, dict):
            raise Misfit(Fault("no-mapping"))
        found: dict[Any, Any] = {}
        faults: list[Fault] = []
        name: Any = None
        for key, value in node.items():
            try:
                name = key_reader(key)
            except Misfit as inner:
                faults += inner.below(key, KEY)
            try:
                found[name] = reader(value)
            except Misfit as inner:
                faults += inner.below(key)
        if faults:
            raise Misfit(*faults)
        return found

    return read


def _union(members: list[Any]) -> Reader:
    """A node is read as the member that has its form, else as the first."""
    first, *others = ((_form(member), _reader(member)) for member in members)

    def read(node: object) -> Any:
        form = list if isinstance(node, list) else dict if isinstance(node, dict) else str
        return next((reader for kind, reader in others if kind is form), first[1])(node)

    return read if others else first[1]


def _form(annotation: Any) -> type[Any]:
    """Whether a list, a mapping or a scalar is wanted."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _form(get_args(annotation)[0])
    if origin in (list, dict):
        return list if origin is list else dict
    return dict if isinstance(annotation, type) and issubclass(annotation, Part) else str


def parts_by_type(union: Any) -> dict[str, type[Part]]:
    """The parts of a union by what their key `type` says."""
    return {get_args(part.model_fields["type"].annotation)[0]: part for part in get_args(union)}


def _by_type(union: Any) -> Reader:
    readers = {kind: reader_of(part) for kind, part in parts_by_type(union).items()}

    def read(node: object) -> Any:
        kind = node.get("type") if isinstance(node, dict) else None
        if kind is None:
            raise Misfit(Fault("no-type"))
        reader = readers.get(kind) if isinstance(kind, str) else None
        if reader is None:
            raise Misfit(Fault("unknown-type"))
        return reader(node)

    return read
