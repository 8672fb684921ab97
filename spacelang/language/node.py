"""What the nodes of the intermediate representation have in common.

They are frozen and made with keywords, like dataclasses, but no code is generated for each class: `spacelang check`
creates all of them whenever it starts. Where pydantic reads nodes from JSON, they become dataclasses first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, NoReturn, TypeVar, dataclass_transform

MISSING: Any = object()
"""Marks a field without a default."""
T = TypeVar("T", bound="Node")


class Field:
    """A field with metadata besides its default."""

    def __init__(self, default: Any, about: Mapping[str, Any]) -> None:
        self.default = default
        self.about = about

    @property
    def unwritten(self) -> bool:
        """Whether plain data omits the field while it is None, so that older data without the field stays equal."""
        return "unwritten" in self.about


def field(default: Any = MISSING, **about: Any) -> Any:
    return Field(default, about)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Node:
    """`replace` changes fields; `items` and `to_data` read all of them."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}
    fields: ClassVar[Mapping[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        found = dict(cls.fields)
        for name in _annotated(cls):
            default = cls.__dict__.get(name, MISSING)
            found[name] = default if isinstance(default, Field) else Field(default, {})
            if found[name].default is not MISSING:
                setattr(cls, name, found[name].default)
            elif name in cls.__dict__:
                delattr(cls, name)
        cls.fields = found

    def __init__(self, **values: Any) -> None:
        found = self.__dict__
        for name, each in self.fields.items():
            found[name] = values.pop(name, each.default)
            if found[name] is MISSING:
                raise TypeError(f"{type(self).__name__} lacks {name}")
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Brings values into their normal form."""

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen; `replace` makes another one")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and list(items(self)) == list(items(other))

    def __hash__(self) -> int:
        return hash((type(self), *(value for _, value in items(self))))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in items(self))})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        if "__dataclass_fields__" not in cls.__dict__:
            _as_dataclass(cls)
        return handler(source)


def _as_dataclass(cls: type[Node]) -> None:
    import dataclasses

    dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)


def _annotated(cls: type[Node]) -> list[str]:
    """The fields that the class itself declares."""
    return list(vars(cls).get("__annotations__", ()))


class Tagged:
    """Tells pydantic that the field `kind` distinguishes the members of a union."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator="kind")])


def items(part: Node) -> Iterator[tuple[str, Any]]:
    """The fields of a node with their values, in order."""
    values = part.__dict__
    return ((name, values[name]) for name in part.fields)


def replace(part: T, **changes: Any) -> T:
    """The node with other values in some fields."""
    return type(part)(**{**dict(items(part)), **changes})


def to_data(value: Any) -> Any:
    """A node, or what one holds, as plain data for JSON."""
    if isinstance(value, Node):
        written = ((name, each) for name, each in items(value) if each is not None or not value.fields[name].unwritten)
        return {name: to_data(each) for name, each in written}
    if isinstance(value, tuple):
        return [to_data(each) for each in value]
    if isinstance(value, dict):
        return {name: to_data(each) for name, each in value.items()}
    return value
