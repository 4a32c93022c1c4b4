"""Values as a person would write them, for messages and reference tables."""

from functools import singledispatch

from generator.directives import Duration, Expression, Size, Word

_UNITS = (("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10))


@singledispatch
def described(value: object) -> str:
    """Return a value as a user would write it."""
    return str(value) if value or value == 0 else "none"


@described.register
def _(value: bool) -> str:  # noqa: FBT001 - the dispatched type
    return str(value).lower()


@described.register
def _(value: tuple) -> str:  # type: ignore[type-arg]
    joint = "," if all(isinstance(each, str) for each in value) else " "
    return joint.join(described(each) for each in value) or "none"


@described.register
def _(value: Size) -> str:
    for unit, size in _UNITS:
        if value.bytes and value.bytes % size == 0:
            return f"{value.bytes // size}{unit}"
    return str(value.bytes)


@described.register
def _(value: Duration) -> str:
    return str(value.milliseconds // 1000)


@described.register
def _(value: Word) -> str:
    return value.text


@described.register
def _(value: Expression) -> str:
    return value.text
