"""`fleet report`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Run

LINE = '{"row":1,"outcome":"licensed","code":""}\n'


def test_a_run_becomes_a_page(offline: Run, tmp_path: Path) -> None:
    """The results of the demo fleet become a page with its counts and the command."""
    results, page = str(tmp_path / "r.jsonl"), tmp_path / "r.html"
    assert offline("fleet", "check", "--sandbox", "--output", results).exit_code == 0
    done = offline("fleet", "report", results, "-o", str(page))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "floating_not_available" in page.read_text()
    assert f"fleet check --sandbox --output {results}</code>" in page.read_text()


def test_a_page_may_go_to_stdout(offline: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--output -` stdout holds the page only; what is said about it goes to stderr, and no file is made."""
    (tmp_path / "r.jsonl").write_text(LINE)
    monkeypatch.chdir(tmp_path)
    done = offline("fleet", "report", "r.jsonl", "-o", "-")
    assert (done.exit_code, done.stderr) == (0, "1 row reported.\n")
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert done.stdout.rstrip().endswith("</html>")
    assert [each.name for each in tmp_path.iterdir()] == ["r.jsonl"]


def test_a_page_is_not_replaced_unasked(offline: Run, tmp_path: Path) -> None:
    """A file that holds something is kept, until --force."""
    results, page = tmp_path / "r.jsonl", tmp_path / "r.html"
    results.write_text(LINE)
    page.write_text("mine")
    refused = offline("fleet", "report", str(results), "-o", str(page))
    assert (refused.exit_code, page.read_text()) == (2, "mine")
    assert "--force" in refused.stderr
    assert offline("fleet", "report", str(results), "-o", str(page), "--force").exit_code == 0


@pytest.mark.parametrize("suffix", ["", ".journal", ".journal-wal", ".journal-shm", ".summary.json"])
@pytest.mark.parametrize("named", ["r.jsonl", "r.jsonl.journal", "link.jsonl"])
def test_a_page_never_replaces_a_file_of_the_results(
    offline: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, suffix: str
) -> None:
    """Under no name, --force or not; nor is it written where the run will write such a file."""
    monkeypatch.chdir(tmp_path)
    Path("r.jsonl").write_text(LINE)
    Path("link.jsonl").symlink_to("r.jsonl")
    target, link = Path(f"r.jsonl{suffix}"), Path("page.html")
    link.symlink_to(target)
    for name in (str(tmp_path / target), f"./{target}", "page.html"):
        refused = offline("fleet", "report", named, "-o", name, "--force")
        assert refused.exit_code == 2
        assert f"--output {name}: is " in refused.stderr
        assert refused.stderr.endswith("; name another file\n")
    assert Path("r.jsonl").read_text() == LINE
    assert link.is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
def test_results_from_a_stream_are_refused(offline: Run, tmp_path: Path) -> None:
    """A shell's <(...) is one: what was read to tell the format could not be read again."""
    stream = tmp_path / "stream"
    os.mkfifo(stream)
    done = offline("fleet", "report", str(stream), "-o", str(tmp_path / "r.html"))
    assert done.exit_code == 2
    assert f"{stream}: is a stream, and results are read twice; save them to a file" in done.stderr


def test_bad_input_is_wrong_usage(offline: Run, tmp_path: Path) -> None:
    """A missing file exits with 2 and its name, and leaves no page."""
    page = tmp_path / "r.html"
    done = offline("fleet", "report", str(tmp_path / "none.jsonl"), "-o", str(page))
    assert (done.exit_code, page.exists()) == (2, False)
    assert "none.jsonl" in done.stderr
