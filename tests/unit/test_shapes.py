"""From the bytes of an answer to its value: one model, many, a fixed word, nothing."""

from __future__ import annotations

import pytest

from licensespring_async import LicenseFeature, ResponseError
from licensespring_async.models.expiry import TimeFloor
from licensespring_async.models.shapes import NOTHING, Many, One, Word

from . import bodies

DONE = Word("license_deactivated")


@pytest.mark.parametrize("body", [b"license_deactivated", b'"license_deactivated"', b' "license_deactivated"\r\n'])
def test_a_word_is_read_with_and_without_quotes(body: bytes) -> None:
    """Takes the word as text and as JSON: the documentation has both."""
    DONE.read(body, is_verified=False)


@pytest.mark.parametrize("body", [b"", b'""', b"license_active", b"{}", b"LICENSE_DEACTIVATED", b"<html>", b"\xff"])
def test_another_word_is_a_response_error(body: bytes) -> None:
    """Believes no other success to be the one that is documented."""
    with pytest.raises(ResponseError, match="'license_deactivated'"):
        DONE.read(body, is_verified=False)


@pytest.mark.parametrize("body", [b"", b'""', b"\n"])
def test_nothing_is_an_empty_body(body: bytes) -> None:
    """Reads nothing from an empty body, or an empty text."""
    NOTHING.read(body, is_verified=False)


def test_something_is_not_nothing() -> None:
    """Refuses a body where none is documented."""
    with pytest.raises(ResponseError):
        NOTHING.read(b"<html>Sign in to the Wi-Fi</html>", is_verified=False)


def test_words_are_not_signed_and_models_are() -> None:
    """Says what the service signs."""
    assert [DONE.is_signed, NOTHING.is_signed] == [False, False]
    assert [One(LicenseFeature).is_signed, Many(LicenseFeature).is_signed] == [True, True]


def test_many_are_a_tuple_of_models() -> None:
    """Reads an array as a tuple, in its order."""
    body = bodies.encoded([bodies.feature(code="one"), bodies.feature(code="two")])

    assert [each.code for each in Many(LicenseFeature).read(body, is_verified=True)] == ["one", "two"]


def test_one_of_many_that_is_misshapen_is_named_by_its_place() -> None:
    """Says which item of an array is wrong."""
    body = bodies.encoded([bodies.feature(), bodies.feature(code=5)])

    with pytest.raises(ResponseError, match=r"expected a string, got an integer @ \$\[1\]\.code"):
        Many(LicenseFeature).read(body, is_verified=True)


def test_each_of_many_is_judged_by_the_clients_floor() -> None:
    """Lets what the service has proved of the time count for every item."""
    features = Many(LicenseFeature).read(bodies.encoded([bodies.feature(), bodies.feature()]), is_verified=True)

    Many(LicenseFeature).judge_by(features, TimeFloor.of(9_999_999_999.0))

    assert [each.is_expired() for each in features] == [True, True]
