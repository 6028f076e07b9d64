"""An answer that comes again is read once, and every caller still gets a value of its own."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import LicenseFeature, ResponseError
from licensespring_async.models.expiry import TimeFloor
from licensespring_async.models.memory import Memory
from licensespring_async.models.model import Model
from licensespring_async.models.shapes import Many, One

from . import bodies
from .answers import SCHEMAS, each_answer, some
from .strategies import bodies as bodies_of

FEATURE = bodies.encoded(bodies.feature(metadata={"tags": ["a"]}))


@attrs.define
class Counted:
    """A shape of answers that counts how often it reads."""

    read_as: Callable[[bytes], object] = bytes
    times: int = 0
    is_signed: bool = True

    def read(self, body: bytes, *, is_verified: bool) -> Any:
        self.times += 1
        return self.read_as(body)

    def judge_by(self, value: object, floor: TimeFloor) -> None:
        raise NotImplementedError


def as_text(body: bytes) -> object:
    return body.decode()


def changeable(value: object) -> Iterator[dict[str, object] | list[object]]:
    """Everything in a value that a caller could change."""
    if isinstance(value, Model):
        for each in vars(value).values():
            yield from changeable(each)
    elif isinstance(value, dict):
        yield cast("dict[str, object]", value)
        for each in list(cast("dict[str, object]", value).values()):
            yield from changeable(each)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if isinstance(value, list):
            yield cast("list[object]", value)
        for each in list(cast("Sequence[object]", value)):
            yield from changeable(each)


@each_answer
@some
@given(data=st.data())
def test_every_caller_gets_an_equal_value_of_its_own(model: type[Model], data: st.DataObject) -> None:
    """Gives the same value each time, whatever an earlier caller did to its own."""
    body = bodies.encoded(data.draw(bodies_of(SCHEMAS[model])))
    memory, shape = Memory(), One(model)
    expected = shape.read(body, is_verified=True)

    for _ in range(4):
        value = memory.read(shape, body, is_verified=True)
        assert type(value) is model
        assert value == expected
        assert repr(value) == repr(expected)
        assert value.to_dict() == expected.to_dict()
        for each in changeable(value):
            each.clear()


def test_an_answer_is_read_twice_at_most() -> None:
    """Reads once more when an answer comes again, since few do, and never after that."""
    memory, shape = Memory(), Counted(as_text)

    assert [memory.read(shape, b"same", is_verified=True) for _ in range(5)] == ["same"] * 5
    assert shape.times == 2


def test_the_same_bytes_of_another_shape_are_read() -> None:
    """Returns what was asked for, though another call had an answer of the same bytes."""
    memory, feature = Memory(), One(LicenseFeature)
    body = b"[" + FEATURE + b"]"
    for _ in range(3):
        assert len(memory.read(Many(LicenseFeature), body, is_verified=True)) == 1

    with pytest.raises(ResponseError):
        memory.read(feature, body, is_verified=True)


def test_an_answer_that_cannot_be_read_is_never_remembered() -> None:
    """Refuses misshapen bytes each time."""
    memory = Memory()

    for _ in range(4):
        with pytest.raises(ResponseError):
            memory.read(One(LicenseFeature), b"{}", is_verified=True)


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        pytest.param(Counted(as_text), b"x" * 9000, id="a long answer"),
        pytest.param(Counted(lambda _: object()), b"x", id="a value of a class that nobody knows"),
        pytest.param(Counted(json.loads), b"[" * 100 + b"]" * 100, id="a value that is nested deeply"),
    ],
)
def test_some_answers_are_read_each_time(shape: Counted, body: bytes) -> None:
    """Remembers nothing that is large or deep, or that it cannot copy."""
    memory = Memory()

    for _ in range(4):
        memory.read(shape, body, is_verified=True)

    assert shape.times == 4


def test_what_can_be_read_can_be_copied() -> None:
    """Returns an answer again and again, however deeply it is nested, from deeper in the program too."""
    memory, shape = Memory(), One(LicenseFeature)

    def ask(body: bytes, depth: int) -> object:
        return ask(body, depth - 1) if depth else memory.read(shape, body, is_verified=True)

    for nesting in range(10, 98, 8):
        body = bodies.encoded(bodies.feature(metadata={"a": json.loads("[" * nesting + "]" * nesting)}))
        for depth in (0, 0, 0, 400):
            ask(body, depth)


def test_its_memory_is_bounded() -> None:
    """Forgets an answer after many others, and holds a few megabytes at most."""
    memory, shape = Memory(), Counted(as_text)
    for body in [b"same", b"same", *(b"%d" % number for number in range(300)), b"same"]:
        memory.read(shape, body, is_verified=True)
    assert shape.times == 2 + 300 + 1

    lists = Counted(json.loads)
    costly = [b"[" + b"[]," * 2600 + b"%d]" % number for number in range(60)]
    tracemalloc.start()
    try:
        for body in costly:
            for _ in range(3):
                memory.read(lists, body, is_verified=True)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 8 * 2**20
