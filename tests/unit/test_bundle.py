"""A bundle is a sequence of licenses that can be looked up by product."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from licensespring_async import Bundle, ResponseError
from licensespring_async.models.converter import structure
from licensespring_async.models.model import to_json

from . import bodies

CODES = ("SUITE", "APP", "TOOLS")


@pytest.fixture
def bundle() -> Bundle:
    return structure(bodies.bundle(*CODES), Bundle)


@pytest.fixture
def empty() -> Bundle:
    return structure([], Bundle)


def test_it_is_a_sequence(bundle: Bundle) -> None:
    """Is a Sequence, so that everything that takes one takes it."""
    assert isinstance(bundle, Sequence)


def test_it_keeps_the_order_of_the_answer(bundle: Bundle) -> None:
    """Iterates in the order of the answer."""
    assert [license.id for license in bundle] == [1, 2, 3]


def test_it_can_be_reversed(bundle: Bundle) -> None:
    """Iterates backwards as well."""
    assert [license.id for license in reversed(bundle)] == [3, 2, 1]


def test_it_has_a_length(bundle: Bundle, empty: Bundle) -> None:
    """Counts its licenses."""
    assert (len(bundle), len(empty)) == (3, 0)


def test_an_empty_bundle_is_false(bundle: Bundle, empty: Bundle) -> None:
    """Is true when it has licenses."""
    assert bundle
    assert not empty


@pytest.mark.parametrize(("index", "id"), [(0, 1), (2, 3), (-1, 3)])
def test_an_index_gives_a_license(bundle: Bundle, index: int, id: int) -> None:
    """Gives the license at an index, from either end."""
    assert bundle[index].id == id


def test_an_index_outside_is_an_index_error(bundle: Bundle) -> None:
    """Refuses an index outside, as any sequence does."""
    with pytest.raises(IndexError):
        bundle[3]


def test_a_slice_gives_licenses(bundle: Bundle) -> None:
    """Gives a tuple of licenses for a slice."""
    assert bundle[1:] == (bundle[1], bundle[2])


@pytest.mark.parametrize(("code", "id"), list(zip(CODES, (1, 2, 3), strict=True)))
def test_a_short_code_gives_a_license(bundle: Bundle, code: str, id: int) -> None:
    """Gives the license of a product by its short code."""
    assert bundle[code].id == id


def test_an_unknown_code_is_a_key_error_that_helps(bundle: Bundle) -> None:
    """Names the codes there are when one is not there."""
    with pytest.raises(KeyError, match=r"'app'.* SUITE, APP, TOOLS"):
        bundle["app"]


def test_a_code_in_an_empty_bundle_is_a_key_error(empty: Bundle) -> None:
    """Says that there are none when the bundle is empty."""
    with pytest.raises(KeyError, match="the bundle has none"):
        empty["APP"]


def test_get_gives_a_license_or_none(bundle: Bundle) -> None:
    """Gives None where square brackets would raise."""
    assert bundle.get("TOOLS") is bundle[2]
    assert bundle.get("NONE") is None


def test_the_first_of_two_licenses_of_a_product_is_found() -> None:
    """Finds the first license when a product occurs twice."""
    bundle = structure(bodies.bundle("APP", "APP"), Bundle)

    assert bundle["APP"].id == 1


def test_products_lists_the_codes(bundle: Bundle) -> None:
    """Lists the short codes in order."""
    assert bundle.products == CODES


@pytest.mark.parametrize(("item", "there"), [("APP", True), ("app", False), ("", False), (1, False), (None, False)])
def test_contains_looks_for_a_code(bundle: Bundle, item: object, there: bool) -> None:
    """Contains the short codes of its products."""
    assert (item in bundle) is there


def test_contains_looks_for_a_license(bundle: Bundle) -> None:
    """Contains its licenses, and equal ones."""
    other = structure(bodies.bundle("OTHER"), Bundle)

    assert structure(bodies.bundle(*CODES), Bundle)[1] in bundle
    assert other[0] not in bundle


def test_index_and_count_work_on_licenses(bundle: Bundle) -> None:
    """Answers what any sequence answers."""
    assert bundle.index(bundle[1]) == 1
    assert bundle.count(bundle[1]) == 1


def test_a_single_object_is_a_bundle_of_one() -> None:
    """Reads the single object of the documentation's schema block as a bundle of one license."""
    bundle = structure(bodies.license(id=7), Bundle)

    assert [license.id for license in bundle] == [7]


def test_a_broken_single_object_names_its_path() -> None:
    """Names a path in a single object as if it were the first of an array."""
    with pytest.raises(ResponseError) as caught:
        structure(bodies.license(id="7"), Bundle)

    assert caught.value.problems == ("expected an integer, got a string @ $[0].id",)


@pytest.mark.parametrize(
    ("body", "got"), [("[]", "a string"), (5, "an integer"), (True, "a boolean"), (None, "null"), (1.5, "a number")]
)
def test_anything_else_is_refused(body: object, got: str) -> None:
    """Refuses what is neither an array nor an object."""
    with pytest.raises(ResponseError, match=f"expected an array, got {got}") as caught:
        structure(body, Bundle)

    assert caught.value.problems[0].endswith(" @ $")


@pytest.mark.parametrize("item", [5, "x", None, [], True])
def test_an_item_that_is_no_object_is_refused(item: object) -> None:
    """Refuses an item that is no object, and says which."""
    with pytest.raises(ResponseError) as caught:
        structure([*bodies.bundle("APP"), item], Bundle)

    assert [problem.rpartition(" @ ")[2] for problem in caught.value.problems] == ["$[1]"]


def test_it_goes_back_to_an_array(bundle: Bundle) -> None:
    """Becomes an array again, also when it came as a single object."""
    assert to_json(bundle) == to_json(list(bundle))
    assert to_json(structure(bodies.license(), Bundle)) == to_json(structure([bodies.license()], Bundle))
