"""Classes that compare by their fields do so as attrs would make them."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from licensespring_async.by_fields import ByFields


def _starred(value: object) -> str:
    return f"*{value}*"


@attrs.frozen
class Usual:
    name: str
    data: object = attrs.field(default=None, hash=False)
    shown: str = attrs.field(default="s", repr=_starred)
    secret: str = attrs.field(default="x", repr=False)
    floor: object = attrs.field(default=None, eq=False)


@attrs.frozen(eq=False, repr=False)
class Shared(ByFields):
    name: str
    data: object = attrs.field(default=None, hash=False)
    shown: str = attrs.field(default="s", repr=_starred)
    secret: str = attrs.field(default="x", repr=False)
    floor: object = attrs.field(default=None, eq=False)


@attrs.frozen(eq=False, repr=False)
class Derived(Shared):
    more: int = 0


both = pytest.mark.parametrize("kind", [Usual, Shared])


@both
@pytest.mark.parametrize("change", [{"name": "b"}, {"data": {"n": 1}}, {"shown": "t"}, {"secret": "y"}])
def test_another_value_of_a_field_makes_another_value(kind: type[Usual] | type[Shared], change: dict[str, Any]) -> None:
    """Differs if a field differs, and is the same otherwise."""
    one = kind("a", {})

    assert one == kind("a", {})
    assert one != attrs.evolve(one, **change)


@both
def test_hashes_agree_with_equality(kind: type[Usual] | type[Shared]) -> None:
    """Gives equal values one hash, without the fields that are left out of it or of equality."""
    assert hash(kind("a", {}, floor=1)) == hash(kind("a", {}, floor=2))
    assert {kind("a", {}, floor=1)} == {kind("a", {}, floor=2)}
    with pytest.raises(TypeError, match="unhashable"):
        hash(kind("a", shown=[]))  # type: ignore[arg-type]


@both
def test_a_repr_has_the_fields_that_may_be_shown(kind: type[Usual] | type[Shared]) -> None:
    """Shows what attrs would show, in its way."""
    assert repr(kind("a")) == f"{kind.__name__}(name='a', data=None, shown=*s*, floor=None)"


def test_values_of_two_classes_differ() -> None:
    """Never equals a value of a derived class, as with attrs."""
    assert Shared("a") != Derived("a")
    assert Derived("a", more=1) != Derived("a")
    assert Shared("a") != "a"
