"""Reading rows from files of every format, and from a database."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
import tracemalloc
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from licensespring_async import ConfigurationError
from licensespring_async.checks import BundleCheck, FeatureCheck
from licensespring_async.fleet import (
    Format,
    IgnoredColumn,
    InvalidRow,
    Row,
    read_query,
    read_rows,
    row_from,
    rows_from,
)

HEADER = "product,hardware_id,license_key,username,feature\n"
SECRET = "pass-word"
RECORDS: list[dict[str, object]] = [
    {"product": "APP", "hardware_id": "d1", "license_key": "K1", "feature": "render", "license_id": 7},
    {"product": "SUITE", "hardware_id": 17, "username": "ana"},
    {"product": "APP", "hardware_id": "d3", "license_key": "K1", "feature": "render", "bundle_code": "SUITE"},
]
ROWS = [
    Row(row=1, check=FeatureCheck(product="APP", hardware_id="d1", license_key="K1", feature="render", license_id=7)),
    Row(row=2, check=BundleCheck(product="SUITE", hardware_id="17", username="ana")),
    Row(
        row=3,
        check=FeatureCheck(product="APP", hardware_id="d3", license_key="K1", feature="render", bundle_code="SUITE"),
    ),
]


def as_csv(records: Sequence[dict[str, object]], separator: str = ",") -> bytes:
    names = list(dict.fromkeys(name for each in records for name in each))
    lines = [names, *([str(each.get(name, "")) for name in names] for each in records)]
    return "\n".join(separator.join(line) for line in lines).encode()


def as_tsv(records: Sequence[dict[str, object]]) -> bytes:
    return as_csv(records, "\t")


def as_jsonl(records: Sequence[dict[str, object]]) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in records)


def as_parquet(records: Sequence[dict[str, object]]) -> bytes:
    names = list(dict.fromkeys(name for each in records for name in each))
    texts = [name for name in names if name != "license_id"]
    columns: dict[str, list[Any]] = {name: [str(each.get(name, "")) for each in records] for name in texts}
    columns["license_id"] = [each.get("license_id") for each in records]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, row_group_size=2)
    return bytes(sink.getvalue())


Pack = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("suffix", "pack", "written"),
    [
        (suffix, pack, written)
        for suffix, written in ((".csv", as_csv), (".tsv", as_tsv), (".jsonl", as_jsonl), (".ndjson", as_jsonl))
        for pack in (bytes, gzip.compress, zstd.compress)
    ]
    + [(".parquet", bytes, as_parquet)],
)
def test_every_format_gives_the_same_rows(
    tmp_path: Path, suffix: str, pack: Pack, written: Callable[[Sequence[dict[str, object]]], bytes]
) -> None:
    """The same rows come out of each format, packed or not."""
    path = tmp_path / f"fleet{suffix}{'' if pack is bytes else '.gz'}"
    path.write_bytes(pack(written(RECORDS)))
    rows = list(read_rows(path))
    assert [attrs.evolve(each, line=None) for each in rows] == ROWS
    is_text = suffix != ".parquet"
    assert [each.line is not None for each in rows] == [is_text] * 3


def test_a_format_may_be_named(tmp_path: Path) -> None:
    """What the name does not tell, the caller does."""
    path = tmp_path / "export"
    path.write_bytes(as_jsonl(RECORDS))
    assert len(list(read_rows(path, format=Format.JSONL))) == 3


def test_a_format_may_be_named_by_its_text(tmp_path: Path) -> None:
    """`"jsonl"`, which equals `Format.JSONL`, is not taken for CSV; a format that there is not is refused."""
    path = tmp_path / "export"
    path.write_bytes(as_jsonl(RECORDS))
    named: Any = "jsonl"
    assert len(list(read_rows(path, format=named))) == 3
    unknown: Any = "xlsx"
    with pytest.raises(ConfigurationError, match="format: must be csv, tsv, jsonl, parquet or None, not 'xlsx'"):
        list(read_rows(path, format=unknown))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("columns", [{"hardware_id": 5}, {"hardware_id": None}, {5: "serial"}, ["serial"], "serial", 5]),
        ("keep", [None, 5, "site", b"site", ["site", 5]]),
        ("delimiter", [5, b";", True]),
        ("path", [None, 5, True, ["x"], "\0"]),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, suffix: str, name: str, values: list[object]) -> None:
    """Whatever its type and the format; a number is not taken for an open file, nor a text for its letters."""
    path = tmp_path / f"fleet{suffix}"
    path.write_bytes({".csv": as_csv, ".jsonl": as_jsonl, ".parquet": as_parquet}[suffix](RECORDS))
    for value in values:
        arguments: dict[str, Any] = {"path": path, name: value}
        with pytest.raises(ConfigurationError, match=f"^{name}: must be "):
            list(read_rows(**arguments))


def test_a_query_and_its_columns_are_text() -> None:
    """SQLAlchemy's own `text(...)` is no text, and a mapping is checked as for a file."""
    query: Any = object()
    with pytest.raises(ConfigurationError, match=r"^query: must be a string, not object"):
        list(read_query(query, "sqlite://"))
    columns: Any = {"hardware_id": 5}
    with pytest.raises(ConfigurationError, match=r"^columns: must be "):
        list(read_query("SELECT 1 AS one", "sqlite://", columns=columns))


def test_fields_are_a_mapping() -> None:
    """A row of another kind is refused by its argument's name."""
    wrong: Any = ["product", "APP"]
    with pytest.raises(ConfigurationError, match=r"^fields: must be a mapping of columns to values, not list"):
        row_from(wrong, row=1)
    with pytest.raises(ConfigurationError, match=r"^fields: must be a mapping"):
        list(rows_from([wrong]))
    keep: Any = "site"
    with pytest.raises(ConfigurationError, match=r"^keep: must be a list"):
        list(rows_from([{}], keep=keep))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"product": "APP", "hardware_id":', "is not JSON: Expecting value at character 34"),
        (b"[1]", "is not a JSON object"),
        (b"17", "is not a JSON object"),
        (b'{"product": "APP"}', "hardware_id is missing"),
        (b'{"product": "APP", "hardware_id": 1.5}', "hardware_id: must be text or a whole number, not float"),
        (b'{"product": "APP", "hardware_id": true}', "hardware_id: must be text or a whole number, not bool"),
        (b'{"product": "APP", "hardware_id": ["K"]}', "hardware_id: must be text or a whole number, not list"),
        (
            b'{"product": "APP", "hardware_id": {"a": 1, "a": 2}}',
            "hardware_id: must be text or a whole number, not Object",
        ),
        (b'{"product":"APP","hardware_id":"d","username":"a","username":"b"}', "names username more than once"),
        (b'{"product":"APP","Product":"APP","hardware_id":"d","username":"a"}', "names product more than once"),
        (
            b'{"product":"APP","hardware_id":"d"," HARDWARE_ID":"e","license_key":"a","license_key":null}',
            "names hardware_id and license_key more than once",
        ),
        (b'{"product": "APP", "hardware_id": "d", "username": "J\xfc"}', "username: not UTF-8 text"),
        (b'{"product": "APP", "hardware_id": "d", "username": "\\ud800"}', "username: not UTF-8 text"),
        (
            b'{"product":"APP","hardware_id":"d","username":"a","license_id":"x"}',
            "license_id: must be a whole number",
        ),
        (b'{"a":' * 100_000, "cannot be read as JSON: a number is too long, or it is nested too deeply"),
        (b'{"product": ' + b"9" * 5000 + b"}", "cannot be read as JSON: a number is too long, or it is nested"),
        (b'{"note": "' + b"x" * (1 << 21) + b'"}', "is longer than 1,048,576 characters"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else "",
)
def test_a_bad_line_of_json_is_an_invalid_row(tmp_path: Path, line: bytes, reason: str) -> None:
    """It has its number and line and says why; the rows around it are read."""
    good = json.dumps(RECORDS[0]).encode()
    path = tmp_path / "fleet.jsonl"
    path.write_bytes(good + b"\n\n" + line + b"\n" + good)
    first, bad, last = read_rows(path)
    assert isinstance(first, Row)
    assert isinstance(bad, InvalidRow)
    assert (bad.row, bad.line) == (2, 3)
    assert bad.reason.startswith(reason)
    assert (last.row, last.line) == (3, 4)


def test_what_is_no_column_of_ours_may_be_named_twice(tmp_path: Path) -> None:
    """Reads a line that names a column twice which no check needs, there or in an object inside it."""
    path = tmp_path / "fleet.jsonl"
    path.write_text('{"product":"APP","hardware_id":"d","username":"a","note":{"x":1,"x":2},"note":3}\n')
    (row,) = read_rows(path)
    assert isinstance(row, Row)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (json.dumps(RECORDS), r"is a JSON array; .*jq -c '.\[\]' does that"),
        (json.dumps(RECORDS[0], indent=2), "has objects over several lines; .*jq -c . does that"),
    ],
)
def test_other_json_is_refused_with_the_way_out(tmp_path: Path, content: str, told: str) -> None:
    """A file that is JSON, but not one object a line, says how to make lines of it."""
    path = tmp_path / "fleet.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=told):
        list(read_rows(path))


def test_a_file_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    """The rows before the break are read, the break is a row that says so, and no half row is checked."""
    path = tmp_path / "fleet.csv.gz"
    lines = "".join(f"APP,{n:08x}{n * 2654435761 % 2**32:08x},K1,,render\n" for n in range(20_000))
    path.write_bytes(gzip.compress((HEADER + lines).encode())[:-40_000])
    *rows, last = read_rows(path)
    assert len(rows) > 100
    assert {len(row.check.hardware_id) for row in rows if isinstance(row, Row)} == {16}
    assert last == InvalidRow(
        row=len(rows) + 1, reason=f"the gzip data is cut off after row {len(rows):,}; the rest is missing"
    )


@pytest.mark.parametrize(("pack", "kind"), [(gzip.compress, "gzip"), (zstd.compress, "zstd")])
@pytest.mark.parametrize("change", ["cut", "damaged"])
def test_damage_is_an_error_with_a_name(tmp_path: Path, pack: Pack, kind: str, change: str) -> None:
    """Rows from damaged data may be wrong: none is believed."""
    path = tmp_path / "fleet.csv"
    packed = bytearray(pack((HEADER + "APP,d1,K1,,render\n" * 9).encode()))
    if change == "cut":
        del packed[20:]
    else:
        packed[4:30] = bytes(26)
    path.write_bytes(packed)
    with pytest.raises(ConfigurationError, match=rf"fleet\.csv: .*{kind}"):
        list(read_rows(path))


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"plain text", gzip.compress(b"PAR1", mtime=0)])
def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    """The message names the file and the format."""
    path = tmp_path / "fleet.parquet"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"fleet\.parquet: "):
        list(read_rows(path))


def test_a_bad_value_in_parquet_is_an_invalid_row(tmp_path: Path) -> None:
    """Bytes that are no text and numbers that are no serials cost their own row."""
    path = tmp_path / "fleet.parquet"
    ids = pa.array([b"d1", b"\xff", b"d3"]).cast(pa.string(), safe=False)
    pq.write_table(pa.table({"product": ["APP"] * 3, "Serial": ids, "username": ["a"] * 3, "n": [1, 2, 3]}), path)
    first, bad, last = read_rows(path, columns={"hardware_id": "serial"})
    assert isinstance(first, Row)
    assert bad == InvalidRow(row=2, reason="hardware_id: must be text or a whole number, not UnreadableValue")
    assert isinstance(last, Row)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([1], pa.timestamp("ns")), "1970-01-01 00:00:00.000000001"),
        (pa.array([253402300800 * 10**6], pa.timestamp("us", "UTC")), "10000-01-01 00:00:00.000000Z"),
        (pa.array([2**62], pa.timestamp("us", "Nowhere")), ""),
        (pa.array([b"\xffa"]).cast(pa.string(), safe=False), r"\xffa"),
    ],
)
def test_a_value_that_python_cannot_hold_is_kept_as_text(tmp_path: Path, column: Any, text: str) -> None:
    """A nanosecond, a date after the year 9999 or text that is not UTF-8 ends no run."""
    path = tmp_path / "fleet.parquet"
    pq.write_table(pa.table({"product": ["APP"], "hardware_id": ["d"], "username": ["a"], "since": column}), path)
    [made] = read_rows(path, keep=["since"])
    assert isinstance(made, Row)
    assert made.kept == {"since": text}


def test_parquet_needs_its_columns(tmp_path: Path) -> None:
    """The error says what is missing and what is there."""
    path = tmp_path / "fleet.parquet"
    pq.write_table(pa.table({"serial": ["d1"]}), path)
    with pytest.raises(ConfigurationError, match=r"no column product, hardware_id.*It has: serial$"):
        list(read_rows(path))


@contextmanager
def within(most: int) -> Generator[None]:
    """Fail when more bytes than these are taken at a time, by Python and Arrow together."""
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] + pool.max_memory() < most
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)


def bomb(path: Path, **columns: Any) -> Path:
    """A file of devices whose `hardware_id` is something else."""
    rows = len(columns["hardware_id"])
    given = {"product": ["APP"] * rows, "username": ["ana"] * rows, **columns}
    pq.write_table(pa.table(given), path, compression="zstd")
    return path


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()], ids=str)
def test_a_long_value_that_many_rows_have_is_held_once(tmp_path: Path, kind: Any) -> None:
    """A kilobyte that stands for gigabytes takes some megabytes, and each row says what is wrong with it."""
    path = bomb(tmp_path / "fleet.parquet", hardware_id=pa.array(["x" * 300_000] * 1_000, kind))
    assert path.stat().st_size < 4_000
    with within(64 << 20):
        rows = list(read_rows(path))
    problem = "must be text or a whole number, not bytes" if kind == pa.binary() else "has 300,000 characters"
    assert len(rows) == 1_000
    assert all(isinstance(row, InvalidRow) and problem in row.reason for row in rows)


def bytes_of(width: int, rows: int) -> Any:
    return pa.array([b"x" * width] * rows, pa.binary(width))


def one_value(rows: int) -> Any:
    return pa.array(["d"]).take(pa.array([0] * rows, pa.int8()))


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (lambda: ["x" * 60_000_000] * 2, "unpacks to"),
        (lambda: ["x" * 60_000 + str(number) for number in range(1_000)], "unpacks to"),
        (lambda: [[None] * 2_000_000], "hardware_id: must be text or whole numbers, not lists"),
        (partial(bytes_of, 9_000, 9), "hardware_id: must be text or whole numbers, not lists"),
        (lambda: [{"a": "b"}], "hardware_id: must be text or whole numbers, not lists"),
        (partial(one_value, 2_000_000), "2,000,000 rows in"),
    ],
    ids=["long values", "many long values", "a long list", "wide bytes", "a structure", "rows without end"],
)
def test_a_parquet_file_that_is_more_than_it_seems_is_refused(
    tmp_path: Path, column: Callable[[], Any], problem: str
) -> None:
    """A small file that unpacks to what no fleet has is refused before it is unpacked."""
    path = bomb(tmp_path / "fleet.parquet", hardware_id=column())
    with within(16 << 20), pytest.raises(ConfigurationError, match=problem):
        list(read_rows(path))


def test_a_uuid_is_text() -> None:
    """A database that knows UUIDs gives them as they are written."""
    row = row_from({"product": "APP", "hardware_id": UUID(int=1), "username": "ana"}, row=1)
    assert isinstance(row, Row)
    assert row.check.hardware_id == "00000000-0000-0000-0000-000000000001"


def test_a_bundle_code_needs_a_feature() -> None:
    """A column that could not be sent is told, and not dropped."""
    row = row_from({"product": "SUITE", "hardware_id": "d", "username": "a", "bundle_code": "S"}, row=1)
    assert isinstance(row, InvalidRow)
    assert "bundle_code is for feature and license checks" in row.reason


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "devices.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE device (product, serial, username, note)")
    db.executemany("INSERT INTO device VALUES ('SUITE', ?, 'ana', 1.5)", [(number,) for number in range(2_500)])
    db.commit()
    db.close()
    return f"sqlite:///{path}"


def test_a_long_value_costs_its_row() -> None:
    """What is longer than can be sent is an invalid row, whatever is in it."""
    for value in ("d" * 4_097, "\udcff" * 4_097, "é" * 1_000_000):
        row = row_from({"product": "APP", "hardware_id": value, "username": "ana"}, row=1)
        assert isinstance(row, InvalidRow)
        assert row.reason.startswith("hardware_id: has ")


def test_a_query_gives_rows(database: str) -> None:
    """Columns are found by name, or mapped, and nothing in the query is taken for a parameter."""
    query = "SELECT product, serial, username FROM device WHERE ':30' LIKE '%30' ORDER BY serial DESC"
    rows = list(read_query(query, database, columns={"hardware_id": "serial"}))
    assert rows[0] == Row(row=1, check=BundleCheck(product="SUITE", hardware_id="2499", username="ana"))
    assert len(rows) == 2_500


def test_a_value_that_is_no_text_costs_its_row(database: str) -> None:
    """A wrong type in a query is a result."""
    [row] = read_query("SELECT product, note AS hardware_id, username FROM device LIMIT 1", database)
    assert row == InvalidRow(row=1, reason="hardware_id: must be text or a whole number, not float")


@pytest.mark.parametrize(
    ("query", "url", "message"),
    [
        ("SELECT product FROM device", None, "query: no column hardware_id, license_key or username"),
        ("DELETE FROM device", None, "query: returns no rows; write a SELECT"),
        ("SELECT nonsense", None, "no such column: nonsense"),
        ("SELECT 1", "sqlite:///none.db", "sqlite:///none.db: no such file"),
        ("SELECT 1", f"nodb://ana:{SECRET}@host/name", "nodb://host/name: SQLAlchemy knows no nodb"),
        ("SELECT 1", f"sqlite://?check_same_thread={SECRET}", "options are not for sqlite"),
        ("SELECT 1", f"mysql://ana:{SECRET}@host/name", "needs the driver MySQLdb: .* mysqlclient$"),
        ("SELECT 1", f"mysql+mysqlconnector://ana:{SECRET}@host/name", "driver mysql: .* mysql-connector-python$"),
        ("SELECT 1", f"{SECRET}", "database: not an SQLAlchemy URL"),
        ("SELECT 1", f"sqlite+aiosqlite://ana:{SECRET}@host/name?password={SECRET}", "needs the driver|is async|file"),
    ],
)
def test_a_query_that_cannot_be_used_says_why(database: str, query: str, url: str | None, message: str) -> None:
    """The error names what to mend; a password is in none."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        list(read_query(query, url or database))
    assert SECRET not in repr(caught.value)


def test_a_query_changes_nothing(database: str) -> None:
    """What a statement does beside giving rows is not committed."""
    with pytest.raises(ConfigurationError):
        list(read_query("DELETE FROM device", database))
    [row] = read_query("SELECT count(*) AS hardware_id, 'A' AS product, 'a' AS username FROM device", database)
    assert isinstance(row, Row)
    assert row.check.hardware_id == "2500"


def asked(given: Row | InvalidRow) -> tuple[str, str | None]:
    """The device and key of a row that can be checked."""
    assert isinstance(given, Row), given
    return given.check.hardware_id, given.check.license_key


@pytest.mark.parametrize("header", ["Product,Hardware ID,License Key", "product,hardware-id,LICENSE_KEY"])
def test_headers_are_matched_as_people_write_them(tmp_path: Path, header: str) -> None:
    """Spaces, hyphens and capitals make no other column."""
    path = tmp_path / "fleet.csv"
    path.write_text(f"{header}\nAPP,d1,K1\n")
    assert [asked(each) for each in read_rows(path)] == [("d1", "K1")]
    path = tmp_path / "fleet.jsonl"
    path.write_text(json.dumps(dict(zip(header.split(","), ["APP", "d1", "K1"], strict=True))))
    assert [asked(each) for each in read_rows(path)] == [("d1", "K1")]


@pytest.mark.parametrize(
    ("delimiter", "told"), [(";", "pass delimiter=';'"), ("|", "pass delimiter='|'"), ("\t", r"delimiter='\t'")]
)
def test_another_delimiter_is_named_and_read(tmp_path: Path, delimiter: str, told: str) -> None:
    """The error has the very argument, and with it the file is read."""
    path = tmp_path / "fleet.csv"
    path.write_text(f"product{delimiter}Hardware ID{delimiter}license_key\nAPP{delimiter}d,1{delimiter}K1\n")
    with pytest.raises(ConfigurationError, match=r"separated by \w+ and not by commas") as caught:
        list(read_rows(path))
    assert told in str(caught.value)
    assert [asked(each) for each in read_rows(path, delimiter=delimiter)] == [("d,1", "K1")]
    with pytest.raises(ConfigurationError, match="delimiter: must be one character"):
        list(read_rows(path, delimiter=";;"))


@pytest.mark.parametrize(
    ("header", "argument"),
    [
        ("product,serial,license_key", "pass columns={'hardware_id': 'serial'}."),
        ("SKU,Device ID,key", "pass columns={'product': 'SKU', 'hardware_id': 'Device ID', 'license_key': 'key'}."),
        ("product,hardware_idd,email", "pass columns={'hardware_id': 'hardware_idd', 'username': 'email'}."),
        ("a,b,c", "columns={'hardware_id': 'serial'} renames one."),
    ],
)
def test_a_column_of_another_name_is_told_with_its_argument(tmp_path: Path, header: str, argument: str) -> None:
    """What looks like a missing column is suggested, ready to be typed."""
    path = tmp_path / "fleet.csv"
    path.write_text(f"{header}\n1,2,3\n")
    with pytest.raises(ConfigurationError) as caught:
        list(read_rows(path))
    assert argument in str(caught.value)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ("featrue", "feature"),
        ("Feature Code", "feature"),
        ("licence_id", "license_id"),
        ("bundlecode", "bundle_code"),
        ("chek", "check"),
        ("usernme", "username"),
    ],
)
def test_a_column_that_looks_like_one_of_ours_is_not_ignored_in_silence(
    tmp_path: Path, suffix: str, given: str, ours: str
) -> None:
    """A warning names it, and the argument that reads it; with that, or kept for the results, there is none."""
    path = table(tmp_path / f"fleet.{suffix}", {"product": "A", "hardware_id": "d1", "license_key": "K", given: "1"})
    with pytest.warns(IgnoredColumn, match=f"column {given} is ignored.*columns={{'{ours}': '{given}'}} renames it"):
        assert len(list(read_rows(path))) == 1
    assert len(list(read_rows(path, columns={ours: given}))) == 1
    assert len(list(read_rows(path, keep=[given]))) == 1


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_an_ordinary_column_is_ignored_in_silence(tmp_path: Path, suffix: str) -> None:
    """Not each name that begins as ours does is a mistake, and none is where the file has the column itself."""
    ordinary = "checked future license license_end license_kind license_type licence_key bundle user_name surname owner"
    required = {"product": "A", "hardware_id": "d1", "license_key": "K"}
    path = table(tmp_path / f"fleet.{suffix}", required | dict.fromkeys(ordinary.split(), "1"))
    assert len(list(read_rows(path))) == 1
    path = table(tmp_path / f"fleet.{suffix}", required | {"feature": "r", "feature_name": "Render", "features": "2"})
    assert len(list(read_rows(path))) == 1


def table(path: Path, fields: dict[str, str]) -> Path:
    """Write one row in the format of the name."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([fields]), path)
    else:
        lines = [json.dumps(fields)] if path.suffix == ".jsonl" else [",".join(fields), ",".join(fields.values())]
        path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_json_lines_in_another_encoding_are_told_as_csv_is(tmp_path: Path, encoding: str) -> None:
    """One sentence that names the encoding, and no row for each line."""
    path = tmp_path / "fleet.jsonl"
    path.write_bytes('{"product": "APP", "hardware_id": "größe", "license_key": "k"}\n'.encode(encoding))
    with pytest.raises(ConfigurationError, match="is not UTF-8 text; save it as UTF-8"):
        list(read_rows(path))


class NAType:
    """As pandas has it: neither true nor equal to anything."""

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0, "5"), (Decimal("7.0"), "7"), (float("nan"), None), (NAType(), None), (2.0**53 - 1, str(2**53 - 1))],
)
def test_what_pandas_makes_of_a_column_with_gaps_is_read(value: object, text: str | None) -> None:
    """A whole number came as a float, and a gap as NaN or NA."""
    [made] = rows_from([{"product": "APP", "hardware_id": "d", "license_key": "k", "feature": value}])
    assert isinstance(made, Row)
    assert getattr(made.check, "feature", None) == text
    [numbered] = rows_from([{"product": "APP", "hardware_id": "d", "license_key": "k", "license_id": "12.0"}])
    assert isinstance(numbered, Row)
    assert numbered.check.license_id == 12


@pytest.mark.parametrize("number", [2**53 + 1, 12345678901234567890, 10**38 - 1, 10**9])
def test_a_decimal_names_its_own_device(number: int) -> None:
    """A whole number in a column of decimals is read exactly, however large: a float would name another device."""
    for value in (Decimal(number), Decimal(f"{number}.00"), Decimal(f"{number}0E-1")):
        [made] = rows_from([{"product": "APP", "hardware_id": value, "license_key": "k"}])
        assert isinstance(made, Row)
        assert made.check.hardware_id == str(number)


@pytest.mark.parametrize(
    "value",
    [10**5000, Decimal(10**5000), Decimal("1E+999999999"), Decimal("sNaN")],
    ids=["int", "Decimal", "huge", "sNaN"],
)
def test_no_number_ends_a_run(value: object) -> None:
    """A number that is too long to be an id, or none at all, spoils its own row."""
    [made] = rows_from([{"product": "APP", "hardware_id": value, "license_key": "k"}])
    assert isinstance(made, InvalidRow)


@pytest.mark.parametrize(
    "value", [5.5, float("inf"), 2.0**53, 2.0**60, Decimal("0.1"), Decimal("1.00000000000000000001"), True]
)
def test_what_is_no_whole_number_is_no_id(value: object) -> None:
    """Half a number names no device, and from 2**53 a float may have been another number."""
    [made] = rows_from([{"product": "APP", "hardware_id": value, "license_key": "k"}])
    assert isinstance(made, InvalidRow)
    assert made.reason.startswith("hardware_id: must be text or a whole number")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_kept_id_is_the_one_that_is_checked(tmp_path: Path, suffix: str) -> None:
    """Where another column has its name, the result has the id that was sent."""
    fields = {"product": "APP", "hardware_id": "inventory 7", "serial": "d1", "license_key": "k"}
    path = table(tmp_path / f"fleet.{suffix}", fields)
    [row] = read_rows(path, columns={"hardware_id": "serial"}, keep=["hardware_id"])
    assert (asked(row)[0], dict(row.kept)) == ("d1", {"hardware_id": "d1"})


def test_a_kept_column_must_be_one(tmp_path: Path) -> None:
    """Of two columns with the name, neither is chosen in silence, whatever the format."""
    names = ["product", "hardware_id", "license_key", "note", "note"]
    pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * 5, names), tmp_path / "fleet.parquet")
    (tmp_path / "fleet.csv").write_text(f"{','.join(names)}\nx,x,x,x,x\n")
    for path in tmp_path.iterdir():
        with pytest.raises(ConfigurationError, match="names note more than once, and `keep` names it too"):
            list(read_rows(path, keep=["note"]))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_columns_of_the_input_are_kept(tmp_path: Path, suffix: str) -> None:
    """By the names that they are asked for with, as text, also of rows that cannot be checked."""
    table = {"product": ["APP", "APP"], "hardware_id": ["d1", ""], "license_key": ["k", "k"], "Site": ["Köln", ""]}
    path = tmp_path / f"fleet.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table(table), path)
    elif suffix == "csv":
        path.write_text("\n".join(",".join(each) for each in [table, *zip(*table.values(), strict=True)]))
    else:
        rows = [dict(zip(table, each, strict=True)) for each in zip(*table.values(), strict=True)]
        path.write_text("\n".join(map(json.dumps, rows)))
    first, second = read_rows(path, keep=["site", "license_key"])
    assert isinstance(second, InvalidRow)
    assert [dict(each.kept) for each in (first, second)] == [
        {"site": "Köln", "license_key": "k"},
        {"site": "", "license_key": "k"},
    ]
    if suffix != "jsonl":
        with pytest.raises(ConfigurationError, match="has no column owner, which `keep` names"):
            list(read_rows(path, keep=["owner"]))


def test_a_kept_value_of_json_lines_stays_json(tmp_path: Path) -> None:
    """An object or list is its JSON, what is missing is empty, and numbers are as they were."""
    path = tmp_path / "fleet.jsonl"
    line = {"product": "APP", "hardware_id": "d", "license_key": "k", "Tags": [{"A b": 1}, 2.5], "size": 2.5}
    path.write_text(json.dumps(line))
    [made] = read_rows(path, keep=["tags", "size", "owner"])
    assert dict(made.kept) == {"tags": '[{"A b": 1}, 2.5]', "size": "2.5", "owner": ""}
