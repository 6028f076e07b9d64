"""Which column of a source is which of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ....errors import ConfigurationError
from ....redaction import excerpt
from ..row import COLUMNS

_LONGEST_LIST = 8


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse to map a column that there is not.

    Raises:
        ConfigurationError: There is one.
    """
    unknown = sorted(set(mapping) - set(COLUMNS))
    if unknown:
        raise ConfigurationError(f"no column {', '.join(unknown)} can be mapped; the columns are {', '.join(COLUMNS)}")


def our_names(found: Sequence[str], mapping: Mapping[str, str], *, source: str, advice: str) -> list[str]:
    """Return our name for each column of a source; "" for one that means nothing here.

    Args:
        found: Names of the source's columns.
        mapping: What the source calls a column, by our name for it.
        source: What to call the source.
        advice: Where and how it has to name its columns.

    Raises:
        ConfigurationError: A column that is needed or mapped is missing, or there twice.
    """
    check_mapping(mapping)
    names = {given.strip().lower(): ours for ours, given in mapping.items()}
    folded = [each.strip().lower() for each in found]
    missing = sorted(names.keys() - set(folded))
    if missing:
        raise ConfigurationError(f"{source}: has no column {', '.join(missing)}, which is mapped{_shown(found)}")
    # A column of ours that another one stands for is no longer meant.
    columns = [names.get(each, "" if each in mapping or each not in COLUMNS else each) for each in folded]
    twice = sorted(each for each, count in Counter(columns).items() if each and count > 1)
    if twice:
        raise ConfigurationError(f"{source}: names {' and '.join(twice)} more than once")
    missing = [each for each in ("product", "hardware_id") if each not in columns]
    if "license_key" not in columns and "username" not in columns:
        missing.append("license_key or username")
    if missing:
        raise ConfigurationError(
            f"{source}: no column {', '.join(missing)}. {advice}: {', '.join(COLUMNS)}; "
            f"--map hardware_id=serial renames one{_shown(found)}"
        )
    return columns


def _shown(found: Sequence[str]) -> str:
    more = f" and {len(found) - _LONGEST_LIST} more" if len(found) > _LONGEST_LIST else ""
    return f". It has: {excerpt(', '.join(found[:_LONGEST_LIST]))}{more}"
