"""The source of a request, by which refusals are counted."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

_SITE = 64  # bits of an IPv6 address that are assigned; its owner chooses the rest


def by_address(connection: object) -> str | None:
    """Return the address of a request's client, or its network for IPv6; None if the server does not name it.

    Headers are not read, because any client can send them. Behind a proxy all requests come from the proxy. Have the
    server put the client's address in its place (`uvicorn --forwarded-allow-ips PROXY`), or pass `Licensing` your own
    `source`, which reads what your proxy always sets.
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
