"""Reading rows from CSV."""

from __future__ import annotations

import csv
import gzip
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from licensespring_async import ConfigurationError
from licensespring_async.checks import BundleCheck, FeatureCheck, LicenseCheck
from licensespring_async.fleet import InvalidRow, Row, read_rows, row_from, rows_from

HEADER = "product,hardware_id,license_key,username,feature\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fleet.csv"


def read(path: Path, text: str | bytes) -> list[Row | InvalidRow]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_rows(path))


def reason(path: Path, line: str) -> str:
    """Why the only row of a file is invalid."""
    (row,) = read(path, HEADER + line)
    assert isinstance(row, InvalidRow)
    return row.reason


def test_reads_a_row_by_its_columns(path: Path) -> None:
    """A row has the values of its columns, its number, and the line it is on."""
    assert read(path, HEADER + "APP,d1,K1,,render\n") == [
        Row(row=1, line=2, check=FeatureCheck(product="APP", hardware_id="d1", license_key="K1", feature="render"))
    ]


def test_no_feature_is_a_bundle_check(path: Path) -> None:
    """A row whose feature is empty has none."""
    assert read(path, HEADER + "SUITE,d1,,ana,\n") == [
        Row(row=1, line=2, check=BundleCheck(product="SUITE", hardware_id="d1", username="ana"))
    ]


def test_the_feature_column_may_be_missing(path: Path) -> None:
    """A file without the column holds bundle checks."""
    assert read(path, "product,hardware_id,username\nSUITE,d1,ana\n") == [
        Row(row=1, line=2, check=BundleCheck(product="SUITE", hardware_id="d1", username="ana"))
    ]


def test_the_check_column_says_what_to_ask(path: Path) -> None:
    """A license is asked for by name; a feature and a bundle may be named too, in any case."""
    device: dict[str, Any] = {"product": "APP", "hardware_id": "d1", "license_key": "K1"}
    text = (
        "product,hardware_id,license_key,feature,bundle_code,check\n"
        "APP,d1,K1,,SUITE,license\nAPP,d1,K1,render,,Feature\nAPP,d1,K1,,,bundle\n"
    )
    assert [each.check for each in read(path, text) if isinstance(each, Row)] == [
        LicenseCheck(**device, bundle_code="SUITE"),
        FeatureCheck(**device, feature="render"),
        BundleCheck(**device),
    ]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (",,licence", "check: must be feature, license, bundle or empty"),
        ("render,,license", "feature is for feature checks, and check is license"),
        ("render,,bundle", "feature is for feature checks, and check is bundle"),
        (",,feature", "check is feature, and feature is missing"),
        (
            ",SUITE,bundle",
            "bundle_code is for feature and license checks; this is a bundle check, which names the bundle as its "
            "product",
        ),
    ],
)
def test_a_check_column_that_does_not_fit_is_an_invalid_row(path: Path, cells: str, why: str) -> None:
    """What contradicts the kind of check is refused before anything is sent."""
    (row,) = read(path, f"product,hardware_id,license_key,feature,bundle_code,check\nAPP,d1,K1,{cells}\n")
    assert isinstance(row, InvalidRow)
    assert row.reason == why


def test_columns_come_in_any_order_and_case_beside_others(path: Path) -> None:
    """Columns are found by name; those with other names are ignored."""
    text = "site, Username ,HARDWARE_ID,product\nGraz,ana,d1,SUITE\n"
    assert read(path, text) == [
        Row(row=1, line=2, check=BundleCheck(product="SUITE", hardware_id="d1", username="ana"))
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(path: Path) -> None:
    """Files as spreadsheets save them are read."""
    assert len(read(path, b"\xef\xbb\xbf" + HEADER.encode() + b"APP,d1,K1,,render\r\n")) == 1


def test_files_that_were_joined_are_read(path: Path) -> None:
    """A header among the rows is no device, and no byte order mark spoils a row or a column."""
    file = "\ufeff" + HEADER + "product,d1,K1,,render\n"
    rows = read(path, "\ufeff" + file + file)
    assert [type(row) for row in rows] == [Row, InvalidRow, Row]
    assert rows[1] == InvalidRow(
        row=2, line=3, reason="names the columns again, as where files were joined; remove the line"
    )
    assert [type(row) for row in read(path, HEADER * 2)] == [InvalidRow]

    lines = path.with_suffix(".jsonl")
    lines.write_text('\ufeff{"product":"APP","hardware_id":"d1","license_key":"K1"}\n' * 2, encoding="utf-8")
    assert [type(row) for row in read_rows(lines)] == [Row, Row]


def test_spaces_around_a_value_are_removed(path: Path) -> None:
    """A key that was pasted with a space is the key."""
    assert read(path, HEADER + "APP , d1,K1 ,,render\n") == read(path, HEADER + "APP,d1,K1,,render\n")


def test_blank_lines_are_no_rows(path: Path) -> None:
    """Rows are counted without blank lines; lines with them."""
    assert [(row.row, row.line) for row in read(path, HEADER + "\nAPP,d1,K1,,r\n\n\nAPP,d2,K1,,r\n\n")] == [
        (1, 3),
        (2, 6),
    ]


def test_empty_rows_of_a_spreadsheet_are_no_rows(path: Path) -> None:
    """A line of empty cells is a blank line, above the header too; a row with any value is a row."""
    rows = read(path, f',,,,\n{HEADER},,,,\nAPP,d1,K1,,r\n , ,\t,,\n"","",,,\nAPP,d2,K1,,r\n,,,,,,\n,,,,r\n')
    assert [(row.row, row.line, type(row)) for row in rows] == [(1, 4, Row), (2, 7, Row), (3, 9, InvalidRow)]


def test_a_row_starts_on_its_first_line(path: Path) -> None:
    """A line break in quotes does not shift the lines of the rows after it."""
    rows = read(path, 'note,product,hardware_id,license_key\n"a\nb",APP,d1,K1\nc,APP,d2,K1\n')
    assert [(row.row, row.line) for row in rows] == [(1, 2), (2, 4)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (",d1,K1,,render", "product is missing"),
        ("APP,,K1,,render", "hardware_id is missing"),
        (",,K1,,", "product and hardware_id are missing"),
        ("APP,d1,,,render", "license_key and username are both missing; give one of them"),
        ("APP,d1,K1,ana,render", "license_key and username are both given; give one of them"),
        ("APP,d1,K1", "has 3 values where the first line names 5 columns"),
        ("APP,d1,K1,,render,more", "has 6 values where the first line names 5 columns; quote commas in values"),
        ('APP,"d\n1",K1,,render', "hardware_id: contains a line feed, which cannot be sent; remove it"),
        ("APP,d1,K\0001,,render", "license_key: contains a NUL character, which cannot be sent; remove it"),
        ('APP,"d"1,K1,,render', "cannot be read as CSV: ',' expected after '\"'"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(path: Path, line: str, expected: str) -> None:
    """The reason names what is wrong."""
    assert reason(path, line) == expected


def test_empty_values_beyond_the_columns_are_harmless(path: Path) -> None:
    """Trailing commas, which spreadsheets leave behind, do not spoil a row."""
    assert isinstance(read(path, HEADER + "APP,d1,K1,,render,,\n")[0], Row)


def test_the_rows_after_an_invalid_one_are_read(path: Path) -> None:
    """A bad row costs itself only."""
    rows = read(path, HEADER + 'APP,"d"1,K1,,r\nAPP,d2,K1,,r\n')
    assert [type(row) for row in rows] == [InvalidRow, Row]


@pytest.mark.parametrize(
    ("content", "invalid"),
    [
        pytest.param('APP,"d1,K1,,r\nAPP,d2,K1,,r\nAPP,d3,K1,,r\n', [2], id="to the end"),
        pytest.param('APP,d1,K1,,r\nAPP,"d2,K1,,r\nAPP,"d3",K1,,r\n', [3], id="to the next quote"),
        pytest.param('APP,"d1,K1,,r\nAPP,"d2,K1,,r\n', [2, 3], id="twice"),
        pytest.param('APP,d1,K1,,"r\n\nAPP,d2,K1,,r\n', [2], id="before a blank line"),
        pytest.param('APP,"d1,K1,,r\nAPP,d2,K1,,r"\nAPP,d3,K1,,r\n', [2], id="closed by a stray"),
        pytest.param('APP,"d1,K1,,r\nAPP,d2,K1,",,",r\nAPP,d3,K1,,r\n', [2, 3], id="looks like one row"),
        pytest.param('APP,"d1,K1,,r\n' + "APP,d2,K1,,r\n" * 20_000, [2], id="over what a value may hold"),
        pytest.param('APP,d1,K1,"a","b\n' * 5000, list(range(2, 5002)), id="over what a record may hold"),
    ],
)
def test_an_open_quote_costs_its_line_only(path: Path, content: str, invalid: list[int]) -> None:
    """Rows behind a quote that is not closed are read as if it were not there, each once and on its own line."""
    rows = read(path, HEADER + content)
    assert [row.line for row in rows if isinstance(row, InvalidRow)] == invalid
    assert [row.row for row in rows] == list(range(1, len(rows) + 1))
    assert [row.line for row in rows] == [number for number, line in enumerate(content.splitlines(), 2) if line]


def test_an_open_quote_is_named(path: Path) -> None:
    """The reason says what to look for."""
    first, _ = read(path, HEADER + 'APP,"d1,K1,,r\nAPP,d2,K1,,r\n')
    assert first == InvalidRow(
        row=1, line=2, reason="cannot be read as CSV: unexpected end of data; look for a quote that is not closed"
    )


def test_a_quoted_value_may_have_many_lines(path: Path) -> None:
    """Line feeds inside proper quotes belong to their value, and the rows behind it are on their true lines."""
    first, second = read(path, 'product,hardware_id,username,note\nAPP,d1,ana,"a\n\n""b"",\nc"\nAPP,d2,ana,\n')
    assert (type(first), first.line, type(second), second.line) == (Row, 2, Row, 6)


HOSTILE = {
    "each line opens and closes": 'a","',
    "with a value behind": 'a","b',
    "long lines": 'a","' + "b" * 500,
    "ends now and then": 'a","\n' * 50 + '"',
    "columns": "product," * 10,
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_file_takes_time_by_its_length(path: Path, line: str) -> None:
    """Quotes that are opened, and columns that are named, over and over cost about what any file of the size does."""

    def seconds(content: str) -> float:
        path.write_text(content)
        began = time.perf_counter()
        with suppress(ConfigurationError):
            list(read_rows(path))
        return time.perf_counter() - began

    hostile = HEADER + f"{line}\n" * (50_000 // len(line)) if line != HOSTILE["columns"] else line * 600
    plain = HEADER + "APP,d1,K1,,r\n" * (len(hostile) // 13)
    # When every line read the next thousand again, it was more than a hundred times.
    assert min(seconds(hostile) for _ in range(3)) < 20 * min(seconds(plain) for _ in range(3))


NOTES = st.text(st.sampled_from('ab\n ",'), max_size=5)


@given(st.lists(NOTES, min_size=1, max_size=6), st.integers(0, 6))
def test_a_line_with_an_open_quote_never_takes_a_row_with_it(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str], place: int
) -> None:
    """Wherever a line with an open quote stands, every device before it, and every one behind it, is read."""
    path = tmp_path_factory.getbasetemp() / "open.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("product,hardware_id,username,note\n")
        for number, note in enumerate(notes):
            if number == place:
                file.write('APP,"open,ana,\n')
            csv.writer(file).writerow(["APP", f"d{number}", "ana", note if number < place else note.replace("\n", "")])
    devices = [row.check.hardware_id for row in read_rows(path) if isinstance(row, Row)]
    assert devices == [f"d{number}" for number in range(len(notes))]


def test_bytes_that_are_no_utf_8_spoil_their_row_only(path: Path) -> None:
    """One user name in another encoding does not end the run."""
    first, second = read(path, HEADER.encode() + b"APP,d1,,J\xfcrgen,r\nAPP,d2,,ana,r\n")
    assert first == InvalidRow(row=1, line=2, reason="username: not UTF-8 text")
    assert isinstance(second, Row)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fleet.csv", b"product,hardware_id,username,owner\nAPP,d1,ana,J\xfcrgen\n"),
        ("fleet.jsonl", b'{"product": "APP", "hardware_id": "d1", "username": "ana", "owner": "J\\ud800rgen"}\n'),
    ],
)
def test_a_kept_value_is_text_that_every_program_can_read(tmp_path: Path, name: str, content: bytes) -> None:
    """What is no text in a column that is only copied becomes a replacement character; the row is checked."""
    path = tmp_path / name
    path.write_bytes(content)
    [row] = read_rows(path, keep=["owner"])
    assert (type(row), row.kept) == (Row, {"owner": "J\ufffdrgen"})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty; the first line must name the columns"),
        (b"\n\n", "is empty; the first line must name the columns"),
        (b"hardware_id,license_key\n", "no column product."),
        (b"a,b\n", "no column product, hardware_id, license_key or username."),
        (b"product;hardware_id;license_key\n", "pass delimiter=';'"),
        (b"sep=;\r\nproduct;hardware_id;license_key\r\n", "sep=;, is for Excel; remove it, and pass delimiter=';'"),
        (b"SEP=,\nproduct,hardware_id,license_key\n", "its first line, SEP=,, is for Excel; remove it"),
        (b"devices\n", "renames one. It has one column"),
        (b"product,product,hardware_id,username\n", "names product more than once"),
        (HEADER.encode("utf-16"), "is not UTF-8 text; save it as UTF-8"),
        (HEADER.encode("utf-16-le"), "is not UTF-8 text; save it as UTF-8"),
        (b'"product"x\n', "the first line cannot be read as CSV"),
        (b'{"product": "APP", "hardware_id": "d1"}\n', "is JSON and not CSV; pass format=Format.JSONL"),
        (b'[{"product": "APP", "hardware_id": "d1"}]\n', "is JSON and not CSV; pass format=Format.JSONL"),
        (b'{"product":"APP","hardware_id":"d1"}\n', "is JSON and not CSV; pass format=Format.JSONL"),
        (b'\n[\n  {"product": "APP"}\n]\n', "is JSON and not CSV; pass format=Format.JSONL"),
        ('"product","hardware_id"\n'.encode("utf-16-le"), "is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_file_that_names_no_columns_is_refused(path: Path, content: bytes, expected: str) -> None:
    """A file that is no such CSV is the caller's to mend; the error says how."""
    with pytest.raises(ConfigurationError, match=r"fleet\.csv") as caught:
        read(path, content)
    assert expected in str(caught.value)


def test_blank_lines_above_the_header_are_skipped(path: Path) -> None:
    """As they are below it; the rows keep the numbers of their lines."""
    (found,) = read(path, f"\n\r\n{HEADER}APP,d1,KEY,,\n")
    assert (found.row, found.line) == (1, 4)


def test_the_header_that_was_found_is_shown_in_part(path: Path) -> None:
    """A wrong first line with many columns does not fill the screen."""
    with pytest.raises(ConfigurationError, match=r"It has: product, c1, c2, c3, c4, c5, c6, c7 and 92 more$"):
        read(path, "product," + ",".join(f"c{number}" for number in range(1, 100)))


@pytest.mark.parametrize("columns", [{}, {"license_key": "key"}])
def test_a_row_in_place_of_the_header_is_not_shown(path: Path, columns: dict[str, str]) -> None:
    """No key or device gets into the error of a file without a header."""
    path.write_text("APP,SERIAL-1,KEY-1,,,,,license\n")
    with pytest.raises(ConfigurationError, match=r"None of its 8 columns has such a name$") as caught:
        list(read_rows(path, columns=columns))
    assert "KEY-1" not in str(caught.value)
    assert "SERIAL-1" not in str(caught.value)


def test_a_missing_file_is_refused(path: Path) -> None:
    """The error says which file it was and what the system said."""
    with pytest.raises(ConfigurationError, match=r"fleet\.csv: .*No such file"):
        list(read_rows(path))


def test_a_row_hides_its_identities() -> None:
    """Printing a row shows fingerprints of the device, the key and the user."""
    row = row_from({"product": "APP", "hardware_id": "d1", "license_key": "K1"}, row=1)
    assert repr(row).startswith("Row(row=1, check=BundleCheck(product='APP', hardware_id=#")
    assert "K1" not in repr(row)


def test_mappings_are_numbered_from_one() -> None:
    """Rows from somewhere else than a file have numbers and no lines."""
    first, second = rows_from([{"product": "APP", "hardware_id": "d1", "username": "ana"}, {}])
    assert (first.row, first.line, second.row) == (1, None, 2)


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES, VALUES), max_size=8))
@example([("", "", "", "", ",\n")])
def test_every_record_becomes_one_row(tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, ...]]) -> None:
    """Whatever is written as CSV comes back as one row for each record with a value, numbered without a gap."""
    path = tmp_path_factory.getbasetemp() / "records.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([HEADER.strip().split(","), *records])
    written = [each for each in records if any(map(str.strip, each))]
    assert [row.row for row in read_rows(path)] == list(range(1, len(written) + 1))


def test_a_file_may_call_its_columns_otherwise(path: Path) -> None:
    """A mapped column stands for ours, also when the file has one of that name."""
    path.write_text("product,Serial,hardware_id,username\nSUITE,d1,other,ana\n")
    assert list(read_rows(path, columns={"hardware_id": "serial"})) == [
        Row(row=1, line=2, check=BundleCheck(product="SUITE", hardware_id="d1", username="ana"))
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"serial": "x"}, "no column serial can be mapped"),
        ({"product": "x"}, "has no column x"),
        ({"product": "x", "username": " X"}, "columns: product and username are both mapped to X; leave one out"),
    ],
)
def test_a_mapping_that_cannot_hold_is_refused(path: Path, columns: dict[str, str], message: str) -> None:
    """A slip in a name is told before the first row."""
    path.write_text(HEADER)
    with pytest.raises(ConfigurationError, match=message):
        list(read_rows(path, columns=columns))


def test_tabs_and_gzip_are_told_by_the_name(tmp_path: Path) -> None:
    """Files as other systems export them are read as they are."""
    path = tmp_path / "fleet.tsv.gz"
    path.write_bytes(gzip.compress(b"product\thardware_id\tusername\nSUITE\td1\tana\n"))
    assert list(read_rows(path)) == [
        Row(row=1, line=2, check=BundleCheck(product="SUITE", hardware_id="d1", username="ana"))
    ]
