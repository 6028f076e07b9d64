"""One command for two endpoints: one acts on a license, the other with `--feature` on a feature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from ...errors import InvalidParameter
from ...transport.values import Call

T = TypeVar("T")


def either(of_license: Callable[..., Call[T]], of_feature: Callable[..., Call[T]]) -> Callable[..., Call[T]]:
    """Return an endpoint function that acts on a license, or on a feature if one is named.

    It has the parameters and the docstring of the license's endpoint, and the parameter `feature`.

    Args:
        of_license: Acts on a license.
        of_feature: Acts on a feature, and takes `feature`; `of_license` has all its other parameters.
    """
    takes = inspect.signature(of_license, eval_str=True)
    of_both = inspect.signature(of_feature).parameters
    feature = inspect.Parameter("feature", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=str | None)

    def call(*, feature: str | None = None, **arguments: object) -> Call[T]:
        if feature is None:
            return of_license(**arguments)
        for name, value in arguments.items():
            if name not in of_both and value is not None:
                raise InvalidParameter(name, "applies to the whole license; leave it or --feature out")
        return of_feature(feature=feature, **{name: arguments[name] for name in arguments.keys() & of_both.keys()})

    first, *others = takes.parameters.values()
    call.__signature__ = takes.replace(parameters=[first, feature, *others])  # type: ignore[attr-defined]
    call.__doc__ = of_license.__doc__
    call.__name__ = of_license.__name__
    return call
