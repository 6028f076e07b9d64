"""Rows from a database, through SQLAlchemy (extra: `sql`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from ....errors import ConfigurationError
from ....extras import installing_beside
from ....redaction import excerpt
from ..row import InvalidRow, Row, keeping, row_from
from .columns import matched

_BATCH = 1000
_PACKAGES: Final[Mapping[str, str]] = {"MySQLdb": "mysqlclient", "mysql": "mysql-connector-python"}
"""Packages of drivers whose module has another name."""


def rows_of(
    query: str, database: str, mapping: Mapping[str, str], *, keep: Sequence[str] = ()
) -> Iterator[Row | InvalidRow]:
    """Yield the rows of a query, in batches from a server-side cursor; nothing is committed.

    Raises:
        ConfigurationError: The database cannot be used, or the query returns no such rows. The text has no password.
    """
    url = _url(database)
    name = _shown(url)
    engine = _engine(url, name)
    # Errors of the driver may repeat these.
    given = [query, *(str(value) for value in (url.password, *url.query.values()) if value)]
    row = 0
    try:
        with _connect(engine, name) as connection:
            # exec_driver_sql and no_parameters: the query is sent unchanged, with `%` and `:`.
            options = connection.execution_options(stream_results=True, yield_per=_BATCH, no_parameters=True)
            result = options.exec_driver_sql(query)
            if not result.returns_rows:
                raise ConfigurationError("query: returns no rows; write a SELECT")
            advice = "The query must name its columns (SELECT serial AS hardware_id ...)"
            names = list(result.keys())
            ours, places = matched(names, mapping, keep, source="query", advice=advice)
            for values in result:
                row += 1
                found = row_from(dict(zip(ours, values, strict=True)), row=row)
                yield keeping(found, {name: values[place] for name, place in places.items()})
    except DBAPIError as e:
        raise ConfigurationError(f"{name}: {excerpt(str(e.orig), given)}") from None
    except SQLAlchemyError as e:
        raise ConfigurationError(f"{name}: {excerpt(str(e), given)}") from None
    finally:
        engine.dispose()


def _url(database: str) -> URL:
    try:
        return make_url(database)
    except (ArgumentError, ValueError):
        # The text may hold the password anywhere: show neither it nor the error.
        raise ConfigurationError(
            "database: not an SQLAlchemy URL, such as postgresql+psycopg://user:password@host/name or "
            "sqlite:///devices.db"
        ) from None


def _engine(url: URL, name: str) -> Engine:
    is_file = url.get_backend_name() == "sqlite" and url.database and not url.database.startswith(("file:", ":"))
    try:
        is_missing = is_file and not Path(str(url.database)).is_file()
    except OSError as e:
        raise ConfigurationError(f"{name}: cannot be read: {e.strerror or e}") from e
    if is_missing:  # SQLite would make an empty one
        raise ConfigurationError(f"{name}: no such file")
    try:
        engine = create_engine(url, poolclass=NullPool)
    except ModuleNotFoundError as e:
        package = _PACKAGES.get(str(e.name), str(e.name))
        raise ConfigurationError(f"{name}: needs the driver {e.name}: {installing_beside(package)}") from e
    except NoSuchModuleError:
        raise ConfigurationError(f"{name}: SQLAlchemy knows no {url.drivername}; is the dialect installed?") from None
    except (ArgumentError, ValueError, TypeError):  # the error shows values of the URL
        raise ConfigurationError(f"{name}: the URL's parts or options are not for {url.drivername}") from None
    if engine.dialect.is_async:
        raise ConfigurationError(f"{name}: the driver {engine.driver} is async; name another, such as psycopg")
    return engine


def _connect(engine: Engine, name: str) -> Connection:
    try:
        return engine.connect()
    except (ValueError, TypeError):  # an option of the URL that the driver does not take
        raise ConfigurationError(f"{name}: the URL's options are not for {engine.driver}") from None


def _shown(url: URL) -> str:
    """Return a database's address without user, password and options, which may hold one."""
    return f"{url.drivername}://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"
