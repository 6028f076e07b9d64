"""Match the columns of a source with ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from typing import Final

from ....errors import ConfigurationError
from ....redaction import excerpt
from ..row import CHECKS, COLUMNS

_LONGEST_LIST = 8
_GAPS: Final = re.compile(r"[\s_.-]+")
_CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "product": ("product_code", "product_short_code", "short_code", "sku", "app", "application"),
    "hardware_id": (
        "serial",
        "serial_number",
        "device",
        "device_id",
        "hwid",
        "machine",
        "machine_id",
        "host",
        "hostname",
    ),
    "license_key": ("key", "license", "licence_key", "licence", "serial_key"),
    "username": ("user", "email", "e_mail", "login", "user_name", "license_user"),
}
"""Names that files often give to the required columns."""


IDS: Final = ("hardware_id", "license_key", "username")
"""Columns with ids; a source need not have all of them."""


@lru_cache(1000)
def folded(name: str) -> str:
    """Normalize a column's name for comparison: `License Key` and `license-key` become `license_key`."""
    return _GAPS.sub("_", name.strip().lower())


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse to map an unknown column.

    Raises:
        ConfigurationError: One is mapped.
    """
    unknown = sorted(set(mapping) - set(COLUMNS))
    if unknown:
        raise ConfigurationError(f"no column {', '.join(unknown)} can be mapped; map one of {', '.join(COLUMNS)}")


def our_names(found: Sequence[str], mapping: Mapping[str, str], *, source: str, advice: str) -> list[str]:
    """Return our name for each column of a source; "" for a column that is ignored.

    Args:
        found: Names of the source's columns.
        mapping: The source's name for a column, by our name.
        source: Name of the source, for errors.
        advice: Where and how it must name its columns, for errors.

    Raises:
        ConfigurationError: A required or mapped column is missing, or occurs twice.
    """
    check_mapping(mapping)
    names = {folded(given): ours for ours, given in mapping.items()}
    given = [folded(each) for each in found]
    missing = sorted(mapping[names[each]].strip() for each in names.keys() - set(given))
    if missing:
        shown = _shown(found, mapping)
        raise ConfigurationError(f"{source}: has no column {', '.join(missing)}, which is mapped{shown}")
    # If another column is mapped to one of ours, a column with our own name is ignored.
    columns = [names.get(each, "" if each in mapping or each not in COLUMNS else each) for each in given]
    twice = sorted(each for each, count in Counter(columns).items() if each and count > 1)
    if twice:
        raise ConfigurationError(f"{source}: names {' and '.join(twice)} more than once")
    missing = [each for each in ("product", "hardware_id") if each not in columns]
    if "license_key" not in columns and "username" not in columns:
        missing.append("license_key or username")
    if missing:
        others = [each for each, ours in zip(found, columns, strict=True) if not ours]
        renaming = _renaming(missing, others if _is_header(found, mapping) else ())
        shown = _shown(found, mapping)
        raise ConfigurationError(
            f"{source}: no column {', '.join(missing)}. {advice}: {', '.join(COLUMNS)}; {renaming}{shown}"
        )
    return columns


def kept_columns(found: Sequence[str], ours: Sequence[str], keep: Sequence[str], *, source: str) -> dict[str, int]:
    """Return the positions of the columns to keep, by the names in `keep`.

    Args:
        found: Names of the source's columns.
        ours: Our name for each of them.
        keep: Columns to keep, by the source's names; our name works too.
        source: Name of the source, for errors.

    Raises:
        ConfigurationError: The source has no such column.
    """
    given = [folded(each) for each in found]
    places: dict[str, int] = {}
    for name in keep:
        names = given if folded(name) in given else ours
        if folded(name) in names:
            places[name] = names.index(folded(name))
        elif name not in IDS:
            raise ConfigurationError(f"{source}: has no column {name}, which `keep` names{_listed(found)}")
    return places


def _renaming(missing: Iterable[str], others: Sequence[str]) -> str:
    """Suggest a mapping of columns that look like the missing ones."""
    free = {folded(each): each.strip() for each in others}
    columns: dict[str, str] = {}
    for ours in (name for each in missing for name in each.split(" or ")):
        near = next((name for name in _CALLED[ours] if name in free), None)
        near = near or next(iter(get_close_matches(ours, free, n=1)), None)
        if near is not None:
            columns[ours] = excerpt(free.pop(near))
    return f"pass columns={columns}" if columns else "columns={'hardware_id': 'serial'} renames one"


def _is_header(found: Sequence[str], mapping: Mapping[str, str]) -> bool:
    """Return whether a source names columns; a row in their place holds a key, which no error may show."""
    called = chain.from_iterable(_CALLED[each] for each in IDS)
    names = {*COLUMNS, *called, *map(folded, mapping.values())} - CHECKS.keys()
    return not names.isdisjoint(map(folded, found))


def _shown(found: Sequence[str], mapping: Mapping[str, str]) -> str:
    if _is_header(found, mapping):
        return _listed(found)
    return f". None of its {len(found):,} columns has such a name"


def _listed(found: Sequence[str]) -> str:
    more = f" and {len(found) - _LONGEST_LIST} more" if len(found) > _LONGEST_LIST else ""
    return f". It has: {excerpt(', '.join(found[:_LONGEST_LIST]))}{more}"
