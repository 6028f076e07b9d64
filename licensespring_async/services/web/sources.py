"""Where a request comes from, by which refusals are counted."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

_SITE = 64  # bits of an IPv6 address that its owner was given; the others are theirs to choose


def by_address(connection: object) -> str | None:
    """Return the address of a request's client, of IPv6 the network; None when the server names none.

    Headers are not read, since any client can send them. Behind a proxy all requests come from the proxy: have the
    server put the client's address in its place (`uvicorn --forwarded-allow-ips PROXY`), or pass `Licensing` a
    `source` of your own that reads what your proxy always sets.
    """
    scope: Any = getattr(connection, "scope", None)
    client = scope.get("client") if scope is not None else None
    host = str(client[0]) if client else ""
    try:
        address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    except ValueError:
        return host or None
    if isinstance(address, IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(IPv6Network((address, _SITE), strict=False) if mapped is None else mapped)
