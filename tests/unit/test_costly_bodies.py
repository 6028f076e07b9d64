"""What anybody may have written takes little memory to read, however much it would like."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from itertools import product

import anyio
import pytest

from licensespring_async import LicenseSpringError
from licensespring_async.transport import HttpResponse
from licensespring_async.transport.engines.bodies import MAX_BODY

from . import bodies
from .test_hostile_bodies import outcome

PROMISED = 8 * 2**20
SMALL, MEDIUM, LARGE = 60_000, 250_000, MAX_BODY - 20


def of(unit: bytes) -> Callable[[int], bytes]:
    """Makes arrays that consist of one text again and again."""
    return lambda size: b"[%b]" % (unit * (size // len(unit))).removesuffix(b",")


def keyed(size: int) -> bytes:
    """Makes an object of many keys."""
    return b"{%b}" % b",".join(b'"%x":0' % number for number in range(size // 9))


def features(size: int) -> bytes:
    """Makes a bundle of one license with more features than anybody has."""
    empty = json.dumps([bodies.license(product_features=[])])
    one = json.dumps(bodies.product_feature(metadata={}))
    return empty.replace('"product_features": []', f'"product_features": [{",".join([one] * (size // 400))}]').encode()


COSTLY: dict[str, Callable[[int], bytes]] = {
    "ones": of(b"1,"),
    "fractions": of(b"1.5,"),
    "texts": of(b'"ab",'),
    "arrays": of(b"[],"),
    "objects": of(b"{},"),
    "objects of a field": of(b'{"":0},'),
    "objects of an object": of(b'{"a":{"b":[]}},'),
    "arrays in arrays": of(b"[" * 100 + b"]" * 100 + b","),
    "half licenses": of(b'{"id":1,"product_features":[{}]},'),
    "keys": keyed,
    "features": features,
    "a text": lambda size: b'["%b"]' % (b"a" * size),
    "a text with one wide character": lambda size: b'["%b\xf0\x9f\x98\x80"]' % (b"a" * size),
    "escapes": of(b'"\\ud83d\\ude00",'),
    "metadata": lambda size: b'{"metadata":%b}' % of(b"{},")(size),
}


@pytest.mark.parametrize("size", [SMALL, MEDIUM, LARGE])
@pytest.mark.parametrize("make", COSTLY.values(), ids=COSTLY)
def test_an_unverified_body_takes_little_memory(make: Callable[[int], bytes], size: int) -> None:
    """Makes an error of it, under any status and though nobody verifies, within 8 MiB that include the body."""
    body = make(size)
    for status, endpoint in product((200, 400, 500), ("feature", "bundle")):
        tracemalloc.start()
        try:
            result = anyio.run(outcome, HttpResponse(status, {}, bytes(bytearray(body))), None, endpoint)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert isinstance(result, LicenseSpringError) or (make is features and size < LARGE)
        assert peak < PROMISED
