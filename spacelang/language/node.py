"""What the nodes of the intermediate representation have in common.

Frozen dataclasses. pydantic reads them from JSON (`translate.json`) and is imported nowhere else for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar, TypeVar, dataclass_transform

UNWRITTEN = "unwritten"
"""In the metadata of a field that plain data leaves out while it is None, as data did before the field was there."""

__all__ = ["UNWRITTEN", "Node", "Tagged", "items", "node", "replace", "to_data"]


class Tagged:
    """Says to pydantic that the field `kind` tells the members of a union apart."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator="kind")])


class Node:
    """Frozen, made with keywords; `replace` changes fields, `items` and `to_data` read all of them."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}


T = TypeVar("T", bound=Node)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def node(cls: type[T]) -> type[T]:
    return dataclass(frozen=True, kw_only=True)(cls)


def items(part: Node) -> Iterator[tuple[str, Any]]:
    """The fields of a node with their values, in order."""
    return ((each.name, getattr(part, each.name)) for each in fields(part))  # type: ignore[arg-type]


def to_data(value: Any) -> Any:
    """A node, or what one holds, as plain data that JSON can say."""
    if isinstance(value, Node):
        unwritten = {each.name for each in fields(value) if UNWRITTEN in each.metadata}  # type: ignore[arg-type]
        return {name: to_data(each) for name, each in items(value) if each is not None or name not in unwritten}
    if isinstance(value, tuple):
        return [to_data(each) for each in value]
    if isinstance(value, dict):
        return {name: to_data(each) for name, each in value.items()}
    return value
