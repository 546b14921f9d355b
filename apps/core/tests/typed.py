from typing import Any, Protocol, TypeVar, cast

Row = TypeVar("Row")


class Maker(Protocol[Row]):
    """What a factory of factory-boy does when it is called; its own types don't tell."""

    def __call__(self, **values: Any) -> Row: ...

    def build(self, **values: Any) -> Row: ...

    def create_batch(self, size: int, **values: Any) -> list[Row]: ...


def typed(factory: Any, row: type[Row]) -> Maker[Row]:
    """`factory` itself, known to make `row`s."""
    return cast(Maker[Row], factory)
