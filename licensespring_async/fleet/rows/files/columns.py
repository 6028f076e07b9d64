"""Match the columns of a source with ours."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain, takewhile
from typing import Final

from ....errors import ConfigurationError
from ....redaction import excerpt
from ..row import CHECKS, COLUMNS, check_keep

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

_MEANT: Final[Mapping[str, tuple[str, ...]]] = {"feature": ("features", "feature_code", "feature_name")}
"""Names that probably mean an optional column, if that is missing."""


IDS: Final = ("hardware_id", "license_key", "username")
"""Columns with ids; a source need not have all of them."""


class IgnoredColumn(UserWarning):
    """A column is ignored although it may be one of ours under a wrong name."""


@lru_cache(1000)
def folded(name: str) -> str:
    """Normalize a column's name for comparison: `License Key` and `license-key` become `license_key`.

    What cannot be seen is left out: a second byte order mark, a space without width.
    """
    seen = "".join(each for each in name if each.isprintable() or each.isspace())
    return _GAPS.sub("_", seen.strip().lower())


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse to map an unknown column, or two to the same.

    Raises:
        ConfigurationError: One is mapped so, or it is no mapping of texts.
    """
    if not isinstance(mapping, Mapping) or not all(isinstance(each, str) for each in chain(*mapping.items())):
        raise ConfigurationError("columns: must be a mapping of our names for columns to those of the source, as text")
    unknown = sorted(set(mapping) - set(COLUMNS))
    if unknown:
        raise ConfigurationError(f"no column {', '.join(unknown)} can be mapped; map one of {', '.join(COLUMNS)}")
    taken: dict[str, str] = {}
    for ours, given in mapping.items():
        other = taken.setdefault(folded(given), ours)
        if other != ours:
            raise ConfigurationError(f"columns: {other} and {ours} are both mapped to {given.strip()}; leave one out")


def matched(
    found: Sequence[str], mapping: Mapping[str, str], keep: Sequence[str], *, source: str, advice: str
) -> tuple[list[str], dict[str, int]]:
    """Return our name for each column of a source, "" for one that is ignored; and the positions of those to keep.

    Warns of a column that is ignored although it looks like one of ours.

    Args:
        found: Names of the source's columns.
        mapping: The source's name for a column, by our name.
        keep: Columns to keep, by the source's names or ours. Our name is of the column that is checked, even if
            another column is called so.
        source: Name of the source, for errors.
        advice: Where and how it must name its columns, for errors.

    Raises:
        ConfigurationError: A required, mapped or kept column is missing, or occurs twice.
    """
    check_keep(keep)
    ours = _our_names(found, mapping, source=source, advice=advice)
    places = _kept_columns(found, ours, keep, source=source)
    warn_of_ignored(found, ours, keep, source=source)
    return ours, places


def _our_names(found: Sequence[str], mapping: Mapping[str, str], *, source: str, advice: str) -> list[str]:
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


def _kept_columns(found: Sequence[str], ours: Sequence[str], keep: Sequence[str], *, source: str) -> dict[str, int]:
    given = [folded(each) for each in found]
    places: dict[str, int] = {}
    for name in keep:
        names = ours if folded(name) in ours else given
        if names.count(folded(name)) > 1:
            raise ConfigurationError(f"{source}: names {name} more than once, and `keep` names it too")
        if folded(name) in names:
            places[name] = names.index(folded(name))
        elif name not in IDS:
            raise ConfigurationError(f"{source}: has no column {name}, which `keep` names{_listed(found)}")
    return places


def warn_of_ignored(found: Iterable[str], ours: Iterable[str], keep: Iterable[str], *, source: str) -> None:
    """Warn of columns that are ignored although they look like a column that the source lacks.

    Args:
        found: Names of the source's columns.
        ours: Our names of those that are read.
        keep: Columns to keep; they have another purpose.
        source: Name of the source, for the warning.
    """
    known = {*ours, *map(folded, keep)}
    lacking = [each for each in COLUMNS if each not in known]
    for given in (each.strip() for each in found if folded(each) not in known):
        near = next((each for each in lacking if _is_meant(folded(given), each)), None)
        if near is not None:
            warnings.warn(
                f"{source}: its column {given} is ignored; if that is {near}, columns={ {near: given} } renames it",
                IgnoredColumn,
                stacklevel=1,  # the text names the file
            )


def _is_meant(name: str, ours: str) -> bool:
    return name in _MEANT.get(ours, ()) or (_is_slip(name, ours) and name not in _CALLED.get(ours, ()))


def _is_slip(name: str, ours: str) -> bool:
    """Return whether two names differ in one letter, or by two that are swapped.

    A likeness such as `difflib` finds is too coarse here: `license_end` is as like `license_id` as `featrue` is like
    `feature`.
    """
    alike = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(name, ours, strict=False))))
    given, right = name[alike:], ours[alike:]
    return given[1:] in (right, right[1:]) or given == right[1:] or given[:2][::-1] + given[2:] == right


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
    return f". None of its {len(found):,} columns has such a name" if len(found) > 1 else ". It has one column"


def _listed(found: Sequence[str]) -> str:
    more = f" and {len(found) - _LONGEST_LIST} more" if len(found) > _LONGEST_LIST else ""
    return f". It has: {excerpt(', '.join(found[:_LONGEST_LIST]))}{more}"
