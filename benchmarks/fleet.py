"""Does `fleet check` keep its promises: memory, rate, rate windows, and no row lost to kill -9?

python benchmarks/fleet.py                 all questions, about an hour
python benchmarks/fleet.py rate --short    one question, with fewer rows
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import attrs
from arrivals import listening
from peers import KEY
from rich.console import Console
from rich.table import Table
from server import Server, running

from licensespring_async import LicenseSpring
from licensespring_async.fleet import Journal, Result, Row, Summary, Writer, check_many, read_rows
from licensespring_async.transport import Engine, HttpRequest, HttptoolsEngine

CONCURRENCY = 64
CREDENTIALS = {"LICENSESPRING_API_KEY": KEY.api_key, "LICENSESPRING_SHARED_KEY": KEY.shared_key}
FAST_FLEET = ("fleet", "fast")
FLEET = [sys.executable, "-m", "licensespring_async", "fleet", "check"]


@attrs.frozen
class Answer:
    """A question, the measured value, and the promised one."""

    question: str
    measured: str
    promised: str
    is_kept: bool


def fleet_file(folder: Path, rows: int) -> Path:
    path = folder / f"{rows}.csv"
    with path.open("w") as file:
        file.write("product,hardware_id,license_key,username,feature\n")
        file.writelines(f"TP,device-{number:07},9F2C-77AA-0B1E-{number % 977:04},,render\n" for number in range(rows))
    return path


def start(file: Path, output: Path, url: str, *more: str) -> subprocess.Popen[str]:
    words = [*FLEET, str(file), "--output", str(output), "--base-url", url, "--yes", *more]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | CREDENTIALS
    )


def trusting(folder: Path, server: Server) -> Sequence[str]:
    (folder / "key.pem").write_text(server.public_key)
    return ("--public-key", str(folder / "key.pem"), "--unlimited", "--concurrency", str(CONCURRENCY))


def peak_memory(folder: Path, server: Server, rows: int) -> float:
    """Return the peak memory of a run, in MiB."""
    output = folder / "results.jsonl"
    process = start(fleet_file(folder, rows), output, server.plain, "--force", *trusting(folder, server))
    most = 0
    while process.poll() is None:
        # getrusage would also count the parent's memory from before the exec.
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
        most = int(found[1]) if found else most
        time.sleep(0.05)
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return most / 1024


def memory(folder: Path, short: bool) -> list[Answer]:
    few, many = (10_000, 100_000) if short else (100_000, 1_000_000)
    with running() as server:
        growth = peak_memory(folder, server, many) - peak_memory(folder, server, few)
    return [Answer(f"memory, {few:,} to {many:,} rows", f"{growth:+.1f} MiB", "<= 20 MiB", growth <= 20)]


async def each_of(rows: Sequence[Row], ask: Callable[[Row], object]) -> float:
    """Return the rows per second of workers that only call `ask`."""
    turns = iter(rows)

    async def work() -> None:
        for row in turns:
            await ask(row)  # type: ignore[misc]

    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(CONCURRENCY):
            group.start_soon(work)
    return len(rows) / (time.perf_counter() - started)


async def bare(kind: str, url: str, public_key: str, rows: Sequence[Row], engine: Engine | None) -> float:
    """Return the rate of a loop of the client's calls, of `check_many` with a journal, or of bare requests."""
    async with LicenseSpring(
        auth=KEY, base_url=url, public_key=public_key, timeout=60, max_concurrency=CONCURRENCY, engine=engine
    ) as client:

        async def call(row: Row) -> object:
            return await client.perform(row.check.call())

        if kind == "calls":
            return await each_of(rows, call)
        if kind == "check_many":
            return await checked(client, rows)
        date_header = {"Date": "now", "Authorization": "signed once", "Accept": "application/json"}
        request = HttpRequest("GET", f"{url}/api/v4/check_license_feature?product=TP", date_header)
        sending = client._pipeline.engine

        async def send(_: Row) -> object:
            return await sending.send(request, 60)

        return await each_of(rows, send)


async def checked(client: LicenseSpring, rows: Sequence[Row]) -> float:
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal", {}) as journal:
        writer, summary = Writer(journal), Summary()

        class Kept:
            async def settle(self, result: Result, *, is_final: bool) -> Sequence[Result]:
                await writer.write([result])
                return [result]

        started = time.perf_counter()
        async with check_many(client, rows, concurrency=CONCURRENCY, ledger=Kept()) as results:
            async for result in results:
                summary.add(result)
        return len(rows) / (time.perf_counter() - started)


def used_by_children() -> float:
    """Return the processor seconds of all finished child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rate(folder: Path, short: bool) -> list[Answer]:
    rows, rounds = (10_000, 3) if short else (100_000, 5)
    file, output = fleet_file(folder, rows), folder / "results.jsonl"
    others = [("calls", "default"), ("calls", "fast"), ("check_many", "default"), ("requests", "fast")]
    rates: dict[tuple[str, str], list[float]] = {kind: [] for kind in [FAST_FLEET, *others]}
    costs: dict[tuple[str, str], list[float]] = {kind: [] for kind in rates}
    with running() as server:
        options = trusting(folder, server)
        for _ in range(rounds):
            for kind in random.sample(list(rates), k=len(rates)):
                before = used_by_children()
                if kind == FAST_FLEET:
                    printed, _ = start(file, output, server.plain, "--force", *options).communicate()
                    rates[kind].append(float(re.findall(r"\(([\d,]+)/s\)", printed)[0].replace(",", "")))
                else:
                    words = [sys.executable, __file__, "bare", *kind, server.plain, str(folder / "key.pem"), str(file)]
                    rates[kind].append(float(subprocess.check_output(words, text=True)))
                costs[kind].append((used_by_children() - before) / rows * 1e6)
    medians = {kind: statistics.median(each) for kind, each in rates.items()}
    # Other load on the machine affects these less than rates.
    cost = {kind: statistics.median(each) for kind, each in costs.items()}

    def compared(question: str, ours: tuple[str, str], theirs: tuple[str, str], goal: float | None = None) -> Answer:
        ratio = medians[ours] / medians[theirs]
        measured = f"{medians[ours]:,.0f}/s, {ratio:.2f} of {medians[theirs]:,.0f}/s"
        return Answer(question, measured, "-" if goal is None else f">= {goal:.2f}", goal is None or ratio >= goal)

    default, fast, many, requests = others
    return [
        compared(f"{rows:,} rows with a journal, compared with a loop of a client's calls", FAST_FLEET, default, 0.9),
        compared("the same from Python, with the client's default engine for both", many, default, 0.9),
        compared("the command, compared with a loop of calls with its fast engine", FAST_FLEET, fast),
        compared("the same, compared with bare requests: unsigned, unverified, unread", FAST_FLEET, requests),
        Answer(
            "processor time per row, including the start and the first pass over the rows",
            f"{cost[FAST_FLEET]:,.0f} us, {cost[fast] / cost[FAST_FLEET]:.2f} of it the call's {cost[fast]:,.0f} us",
            "-",
            True,
        ),
    ]


def windows(folder: Path, short: bool, *more: str) -> list[Answer]:
    limits, rows = ([(50, 1), (200, 10)], 700) if short else ([(50, 1), (200, 10), (1_100, 60)], 3_300)
    with listening() as arrivals:
        options = [word for limit, seconds in limits for word in ("--rate", f"{limit}/{seconds}")]
        options += ["--no-verify-signatures", "--force", *more]
        start(fleet_file(folder, rows), folder / "paced.jsonl", arrivals.url, *options).communicate()
    times = [at for at, _ in arrivals.log]
    answers: list[Answer] = []
    for limit, seconds in limits:
        most = most_within(times, seconds)
        answers.append(Answer(f"most requests in any {seconds} s", f"{most:,}", f"<= {limit:,}", most <= limit))
    limit, seconds = min(limits, key=lambda each: each[0] / each[1])
    whole = int((times[-1] - times[0]) // seconds)
    used = sum(each < times[0] + whole * seconds for each in times) / (whole * limit)
    return [*answers, Answer(f"use of {limit} in {seconds} s", f"{used:.1%}", ">= 95 %", used >= 0.95)]


def shared(folder: Path, short: bool) -> list[Answer]:
    """Measure the windows with a Dask cluster on this machine, whose workers share them."""
    answers = windows(folder, short, "--dask", "local")
    return [attrs.evolve(each, question=f"Dask workers: {each.question}") for each in answers]


def most_within(times: Sequence[float], seconds: float) -> int:
    most, first = 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def kills(folder: Path, short: bool) -> list[Answer]:
    rows, wanted = (4_000, 8) if short else (20_000, 50)
    file, output, dice = fleet_file(folder, rows), folder / "killed.jsonl", random.Random()
    done = 0
    with listening() as arrivals:
        options = ["--no-verify-signatures", "--unlimited", "--concurrency", str(CONCURRENCY)]
        while done < wanted:
            process = start(file, output, arrivals.url, *options)
            goal = len(arrivals.log) + dice.randrange(1, max(2, rows // wanted))
            while len(arrivals.log) < goal and process.poll() is None:
                time.sleep(dice.random() / 200)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done += 1
        start(file, output, arrivals.url, *options).communicate()
    lines = [json.loads(line)["row"] for line in output.read_text().splitlines()]
    again = len(arrivals.log) - len({device for _, device in arrivals.log})
    counts = Counter(lines)
    is_whole = sorted(counts) == list(range(1, rows + 1)) and max(counts.values()) == 1
    return [
        Answer(
            f"results after {done} kills (-9) in {rows:,} rows",
            "one per row" if is_whole else "NOT one per row",
            "one per row",
            is_whole,
        ),
        Answer(
            "repeated requests per kill",
            f"{again / max(1, done):.1f}",
            f"<= {CONCURRENCY}",
            again <= done * CONCURRENCY,
        ),
    ]


def main() -> None:
    if sys.argv[1:2] == ["bare"]:
        kind, engine, url, key, file = sys.argv[2:]
        rows = [each for each in read_rows(file) if isinstance(each, Row)]
        fast = HttptoolsEngine() if engine == "fast" else None
        print(asyncio.run(bare(kind, url, Path(key).read_text(), rows, fast)))
        return
    questions = {"memory": memory, "rate": rate, "windows": windows, "shared": shared, "kills": kills}
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "questions", nargs="*", choices=[*questions, []], default=[], metavar="QUESTION", help=", ".join(questions)
    )
    arguments.add_argument("--short", action="store_true", help="use fewer rows")
    given = arguments.parse_args()
    table = Table("question", "measured", "promised", "kept")
    for name in given.questions or questions:
        with tempfile.TemporaryDirectory() as folder:
            for each in questions[name](Path(folder), given.short):
                table.add_row(each.question, each.measured, each.promised, "yes" if each.is_kept else "NO")
                Console().print(f"{each.question}: {each.measured} ({each.promised})")
    Console().print(table)


if __name__ == "__main__":
    main()
