"""Shapes of answers: how bytes become a value."""

from __future__ import annotations

from functools import cache
from typing import Generic, Protocol, TypeVar, cast

import attrs

from ..by_fields import ByFields
from ..errors import ResponseError
from .expiry import TimeFloor, judge
from .json_body import decode

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Answer(Protocol[T_co]):
    """How a successful answer is read."""

    @property
    def is_signed(self) -> bool:
        """Whether the service signs it, in the `LicenseSignature` header."""
        ...

    def read(self, body: bytes, *, is_verified: bool) -> T_co:
        """Return the value of a body.

        Args:
            body: After content decoding.
            is_verified: Whether a trusted key has signed it.

        Raises:
            ResponseError: It cannot be decoded, or has the wrong shape.
        """
        ...

    def judge_by(self, value: object, floor: TimeFloor) -> None:
        """Have the parts of a value that depend on the time judged by a client's floor."""
        ...


class Structure(Protocol):
    """`converter.structure`."""

    def __call__(self, value: object, model: type[T], *, called: str | None = None) -> T: ...


@cache
def converter() -> Structure:
    """Return what makes models of JSON values. The first call imports cattrs."""
    from .converter import structure  # noqa: PLC0415  # cattrs is kept out of the package's import

    return structure


@attrs.frozen(eq=False, repr=False)
class One(ByFields, Generic[T]):
    """One model.

    Attributes:
        is_signed: Whether the service signs it.
    """

    model: type[T]
    is_signed: bool = attrs.field(default=True, kw_only=True)

    def read(self, body: bytes, *, is_verified: bool) -> T:
        """Return the model; ResponseError if the body is something else."""
        return converter()(decode(body, is_signed=is_verified), self.model)

    def judge_by(self, value: object, floor: TimeFloor) -> None:
        """Judge the model by a client's floor."""
        judge(value, floor)


@attrs.frozen(eq=False, repr=False)
class Many(ByFields, Generic[T]):
    """An array of models.

    Attributes:
        is_signed: Whether the service signs it.
    """

    model: type[T]
    is_signed: bool = attrs.field(default=True, kw_only=True)

    def read(self, body: bytes, *, is_verified: bool) -> tuple[T, ...]:
        """Return the models; ResponseError if the body is something else."""
        value = decode(body, is_signed=is_verified)
        return converter()(value, tuple[self.model, ...], called=f"list of {self.model.__name__}")  # type: ignore[name-defined]

    def judge_by(self, value: object, floor: TimeFloor) -> None:
        """Judge each model by a client's floor."""
        for each in cast("tuple[object, ...]", value):
            judge(each, floor)


@attrs.frozen(eq=False, repr=False)
class Word(ByFields):
    """A fixed word that confirms an action; the service documents no signature for it."""

    word: str
    is_signed: bool = attrs.field(default=False, init=False)

    def read(self, body: bytes, *, is_verified: bool) -> None:
        """Return if the body is the word, with or without quotes; ResponseError if it is something else."""
        said = body.decode("utf-8", "replace").strip().strip('"')
        if said != self.word:
            expected = f"the word {self.word!r}" if self.word else "empty"
            raise ResponseError(f"the answer is not {expected}, as documented")

    def judge_by(self, value: object, floor: TimeFloor) -> None:
        """Do nothing: a word does not depend on the time."""


NOTHING = Word("")
"""An empty body."""
