"""Files that the package writes."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from licensespring_async.file_writing import Replacement, claim_private, create, read_private, remove, remove_leftovers

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_takes_the_place_of_another_when_it_is_whole(tmp_path: Path) -> None:
    """Until then the other is there as it was, and in the end nothing else is."""
    path = tmp_path / "summary.json"
    path.write_text("before")
    with Replacement(path) as new:
        new.file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_whole_is_thrown_away(tmp_path: Path) -> None:
    """An error, or an interruption, leaves what was there."""
    path = tmp_path / "summary.json"
    path.write_text("before")

    def interrupted() -> None:
        with Replacement(path) as new:
            new.file.write(b"after")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (path.read_text(), list(tmp_path.iterdir())) == ("before", [path])


@posix
def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link of the file's name, or of any name that could be foretold, is not written through."""
    root_only = tmp_path / "root-only"
    root_only.write_text("precious")
    path = tmp_path / "summary.json"
    for name in ("summary.json", ".summary.json.partial"):
        (tmp_path / name).symlink_to(root_only)
    with Replacement(path) as new:
        new.file.write(b"ours")
    assert (root_only.read_text(), path.read_text(), path.is_symlink()) == ("precious", "ours", False)


@posix
@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_nothing_is_made_where_something_is(tmp_path: Path, target: str) -> None:
    """A file, a link, or a link that leads nowhere keeps a new one from being made."""
    (tmp_path / "there").write_text("precious")
    path = tmp_path / "results.jsonl"
    path.symlink_to(tmp_path / target)
    for taken in (path, tmp_path / "there"):
        with pytest.raises(FileExistsError):
            create(taken)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["results.jsonl", "there"]


@posix
def test_names_may_be_as_long_as_they_can_be(tmp_path: Path) -> None:
    """The name that a file has for a while is no longer than the system allows."""
    path = tmp_path / ("x" * 255)
    with Replacement(path) as new:
        new.file.write(b"1")
    assert path.read_bytes() == b"1"


@posix
def test_the_mode_of_a_file_is_kept(tmp_path: Path) -> None:
    """A new one has what the user's mask allows, a replaced one what it had, and a private one is its owner's."""
    path = tmp_path / "summary.json"
    before = os.umask(0o027)
    try:
        with Replacement(path):
            pass
        assert mode(path) == 0o640
        path.chmod(0o604)
        with Replacement(path):
            pass
        assert mode(path) == 0o604
        with Replacement(path, private=True):
            pass
        assert mode(path) == 0o600
    finally:
        os.umask(before)


@posix
def test_a_device_is_written_as_it_is(tmp_path: Path) -> None:
    """/dev/null stays what it is, also behind a link."""
    link = tmp_path / "results"
    link.symlink_to("/dev/null")
    for path in (Path("/dev/null"), link):
        with Replacement(path) as new:
            new.file.write(b"1")
    assert Path("/dev/null").is_char_device()
    assert link.is_symlink()


@posix
def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """One that is made is private, and one of ours that was open to others no longer is."""
    made, found = tmp_path / "made", tmp_path / "found"
    found.write_text("kept")
    found.chmod(0o666)
    for path in (made, found):
        claim_private(path)
        assert mode(path) == 0o600
    assert found.read_text() == "kept"


@posix
def test_what_is_not_ours_is_not_taken_for_private(tmp_path: Path) -> None:
    """A link, a directory or a pipe is refused with what it is."""
    (tmp_path / "file").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(OSError, match="is a link"):
        claim_private(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        claim_private(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError):
        claim_private(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    """Its owner could read and change what is written into it."""
    path = tmp_path / "journal"
    path.write_text("")
    os.chown(path, 1234, 1234)
    with pytest.raises(PermissionError, match="belongs to another user"):
        claim_private(path)


@posix
def test_a_private_file_is_read(tmp_path: Path) -> None:
    """What it holds is given up to a size, and other users cannot read it afterwards."""
    path = tmp_path / "license"
    path.write_bytes(b"12345")
    path.chmod(0o644)

    assert read_private(path, most=5) == b"12345"
    assert mode(path) == 0o600
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_private(path, most=4)
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "nothing", most=5)


@posix
def test_what_is_not_a_file_is_not_read(tmp_path: Path) -> None:
    """A link, a pipe or a directory is refused at once."""
    (tmp_path / "file").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    for name, problem in (("link", "is a link"), ("pipe", "not a regular file"), ("", "not a regular file")):
        with pytest.raises(OSError, match=problem):
            read_private(tmp_path / name, most=5)


def test_leftovers_of_a_file_are_removed(tmp_path: Path) -> None:
    """What killed writers left goes, of this file alone; a shortened name may be that of another file."""
    long = "x" * 60
    names = [
        "a",
        ".a.0123456789abcdef.partial",
        ".b.0123456789abcdef.partial",
        f".{long[:50]}.0123456789abcdef.partial",
    ]
    for name in names:
        (tmp_path / name).touch()

    for name in ("a", long):
        remove_leftovers(tmp_path / name)

    assert {each.name for each in tmp_path.iterdir()} == {*names} - {names[1]}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has such a folder everywhere")
def test_a_folder_that_cannot_be_written_to_the_disk() -> None:
    """Goes on where the file system cannot write a folder's names to the disk: not all of them can."""
    remove(Path("/proc/no-such-file"))
