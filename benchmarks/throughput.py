"""How many checks a second does a client make, against what a user would pick instead?

    python benchmarks/throughput.py [--rounds 5] [--peers ...] [--settings ...] [--plot benchmarks/throughput.png]

Needs the extras `all` and `bench`. Ours is the full call: typed arguments, signing, deadline, limiter, retry machinery,
JSON, model. The peers send the same signed request and decode the JSON. Each round measures every contestant once in
every setting, in shuffled order; the figure is the median over the rounds, and what counts is the ratios within one
run. Settings:

- cold: a burst of `c` workers on a new client, connecting included
- warm: the same after one call
- delayed: answers take 30 ms, as over a real network
- tls: warm, over TLS

Beside them the default engine is measured with every connection open before: opening one costs as much as a request.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import statistics
import time
from collections import defaultdict
from pathlib import Path

import attrs
from peers import PEERS
from rich.console import Console
from rich.table import Table
from server import Server, running

CONCURRENCIES = (1, 64, 1000)
SETTINGS = ("cold", "warm", "delayed", "tls")
OPEN = "open"  # every worker has its connection
TARGETS = [
    ("ours, httpx engine", "httpx", "cold", (1.15, 6, 18)),
    ("ours, httpx engine", "httpx", "warm", (1.15, 2, 2)),
    ("ours, httpx engine", "httpx", "delayed", (0.95, 8, 20)),
    ("ours, fast engine", "aiohttp", "warm", (0.6, 1.0, 1.3)),
    ("ours, fast engine", "aiohttp", "tls", (0.8, 1.2, 1.3)),
    ("ours, fast engine", "pyreqwest", "warm", (0.7, 0.6, 0.6)),
]
Results = dict[tuple[str, str, int], float]


@attrs.frozen
class Setting:
    """One thing to measure."""

    peer: str
    name: str
    concurrency: int

    @property
    def requests(self) -> int:
        if self.concurrency == 1:
            return 30 if self.name == "delayed" else 300
        return {64: 640, 1000: 1000}[self.concurrency]


async def rate(server: Server, setting: Setting) -> float:
    """Return requests per second."""
    base = server.tls if setting.name == "tls" else server.plain
    each = max(1, setting.requests // setting.concurrency)
    async with PEERS[setting.peer](server, base, setting.concurrency) as ask:
        if setting.name == OPEN:
            await asyncio.gather(*(ask() for _ in range(setting.concurrency)))
        elif setting.name != "cold":
            await ask()

        async def work() -> None:
            for _ in range(each):
                await ask()

        gc.collect()
        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(setting.concurrency)))
        return each * setting.concurrency / (time.perf_counter() - started)


def measure(rounds: int, settings: list[Setting], console: Console) -> Results:
    seen: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    with running() as prompt, running(delayed=True) as delayed:
        console.print(f"server: {prompt.name}; {rounds} rounds, {len(settings)} measurements each")
        for number in range(rounds):
            for setting in random.sample(settings, len(settings)):
                server = delayed if setting.name == "delayed" else prompt
                seen[(setting.peer, setting.name, setting.concurrency)].append(asyncio.run(rate(server, setting)))
            console.print(f"round {number + 1} of {rounds} done")
    return {key: statistics.median(values) for key, values in seen.items()}


def show(results: Results, console: Console) -> None:
    for name in SETTINGS:
        if not any(setting == name for _, setting, _ in results):
            continue
        table = Table("requests/s, " + name, *(f"c={each}" for each in CONCURRENCIES))
        for peer in PEERS:
            row = [results.get((peer, name, each)) for each in CONCURRENCIES]
            table.add_row(peer, *("-" if value is None else f"{value:,.0f}" for value in row))
        console.print(table)
    table = Table("ratio", "setting", *(f"c={each}" for each in CONCURRENCIES))
    for ours, theirs, name, targets in TARGETS:
        cells: list[str] = []
        for concurrency, target in zip(CONCURRENCIES, targets, strict=True):
            pair = results.get((ours, name, concurrency)), results.get((theirs, name, concurrency))
            ratio = pair[0] / pair[1] if pair[0] and pair[1] else None
            cells.append("-" if ratio is None else f"{'' if ratio >= target else '[red]'}{ratio:.2f} (>= {target})")
        table.add_row(f"{ours} / {theirs}", name, *cells)
    for name in ("warm", OPEN):
        many, some = (results.get(("ours, httpx engine", name, c)) for c in (1000, 64))
        if many and some:
            table.add_row("ours, httpx engine: c=1000 / c=64", name, "", "", f"{many / some:.2f} (>= 0.65)")
    console.print(table)


def plot(results: Results, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2, figsize=(12, 8.5), sharex=True, layout="constrained")
    for axis, name in zip(axes.flat, SETTINGS, strict=True):
        for peer in PEERS:
            points = [(c, results[(peer, name, c)]) for c in CONCURRENCIES if (peer, name, c) in results]
            if points:
                is_ours = peer.startswith("ours")
                axis.plot(
                    *zip(*points, strict=True),
                    marker="o",
                    label=peer,
                    linewidth=2.5 if is_ours else 1.2,
                    linestyle="-" if is_ours else "--",
                )
        axis.set(xscale="log", yscale="log", title=name, ylabel="requests/s")
        axis.set_xticks(CONCURRENCIES, [str(each) for each in CONCURRENCIES])
        axis.grid(alpha=0.3, which="major")
    for axis in axes[1]:
        axis.set_xlabel("concurrent calls")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle("Checks a second, by concurrency (medians; solid lines are the full typed call)")
    figure.savefig(path, dpi=110)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER")
    arguments.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS, metavar="SETTING")
    arguments.add_argument("--plot", type=Path)
    given = arguments.parse_args()
    console = Console()
    settings = [
        Setting(peer, name, concurrency)
        for peer in given.peers
        for name in given.settings
        for concurrency in CONCURRENCIES
    ]
    if "ours, httpx engine" in given.peers:
        settings += [Setting("ours, httpx engine", OPEN, c) for c in CONCURRENCIES[1:]]
    results = measure(given.rounds, settings, console)
    show(results, console)
    if given.plot:
        plot(results, given.plot)
        console.print(f"plot: {given.plot}")


if __name__ == "__main__":
    main()
