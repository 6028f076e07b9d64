"""Names, keys and hardware ids for the demo: invented, realistic, and the same on every run."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from itertools import cycle, product
from typing import Final
from uuid import UUID

import attrs

_FIRST_NAMES: Final = (
    *("Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ivan", "Jonas"),
    *("Kaya", "Lena", "Marco", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tomoko"),
)
_LAST_NAMES: Final = (
    *("Abel", "Bianchi", "Castro", "Dubois", "Eriksen", "Fischer", "Grant", "Horvat", "Ito", "Jansen"),
    *("Kowalski", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Reyes", "Silva", "Tanaka", "Weber"),
)
# The top-level domain .example is reserved (RFC 2606), so no mail can be delivered.
_COMPANIES: Final = (
    ("Harbor Light Pictures", "harborlight.example", "Rotterdam", "Netherlands"),
    ("Kestrel Surveying", "kestrel.example", "Bergen", "Norway"),
    ("Ostrava Machine Works", "ostrava-mw.example", "Ostrava", "Czechia"),
    ("Blue Fjord Audio", "bluefjord.example", "Aarhus", "Denmark"),
    ("Sierra Verde Labs", "sierraverde.example", "Granada", "Spain"),
    ("Pilot & Vale", "pilotvale.example", "Leeds", "United Kingdom"),
    ("Tessellate", "tessellate.example", "Lyon", "France"),
)


@attrs.frozen(kw_only=True)
class Person:
    """A person at one of the demo's companies."""

    first_name: str
    last_name: str
    company: str
    email: str
    city: str
    country: str


def people() -> Iterator[Person]:
    """Yield 400 different people."""
    companies = cycle(_COMPANIES)
    for last_name, first_name in product(_LAST_NAMES, _FIRST_NAMES):
        company, domain, city, country = next(companies)
        yield Person(
            first_name=first_name,
            last_name=last_name,
            company=company,
            email=f"{first_name}.{last_name}@{domain}".lower(),
            city=city,
            country=country,
        )


def license_key(label: str) -> str:
    """Return the license key for a label."""
    text = b32encode(_digest("license key", label)).decode()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def hardware_id(label: str) -> str:
    """Return the hardware id for a label."""
    return str(UUID(bytes=_digest("hardware id", label)[:16], version=5))


def _digest(purpose: str, label: str) -> bytes:
    return sha256(f"{purpose} of {label}".encode()).digest()
