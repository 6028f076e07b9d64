"""How many checks per second does a client make, compared with the alternatives?

    python benchmarks/throughput.py [--rounds 5] [--peers ...] [--settings ...] [--uvloop]
        [--plot benchmarks/throughput.png]

Needs the extras `all` and `bench`. Ours is the full call: typed arguments, signing, deadline, limiter, retries,
JSON, model. The peers send the same signed request and decode the JSON. Each round measures every peer once in
every setting, in shuffled order. Figures are medians over the rounds. Compare the ratios within one run. Settings:

- cold: a burst of `c` workers on a new client, including connecting
- warm: the same after one call
- delayed: answers take 30 ms, as over a real network
- tls: warm, over TLS
- different: warm, with all answers different (otherwise they are all alike); for peers that verify signatures

The default engine is also measured with all connections open already, because opening one costs as much as a
request.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
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
SETTINGS = ("cold", "warm", "delayed", "tls", "different")
PLOTTED = SETTINGS[:4]
OPEN = "open"  # every worker already has a connection
TARGETS = [
    ("ours, httpx engine", "httpx", "cold", (1.2, 12, 30)),
    ("ours, httpx engine", "httpx", "warm", (1.3, 3, 2.5)),
    ("ours, httpx engine", "httpx", "delayed", (0.98, 10, 20)),
    ("ours, fast engine", "aiohttp", "warm", (1.2, 1.4, 2.5)),
    ("ours, fast engine", "aiohttp", "tls", (1.15, 1.35, 4)),
    ("ours, fast engine", "aiohttp", "delayed", (0.98, 1.0, 2)),
    ("ours, fast engine", "pyreqwest", "warm", (1.05, 1.15, 1.1)),
    ("ours, fast engine, verified", "aiohttp, verified", "warm", None),
    ("ours, fast engine, verified", "aiohttp, verified", "different", None),
]
ON_UVLOOP = [("ours, fast engine", "aiohttp", "warm", (1.2, 1.8, 2))]
Results = dict[tuple[str, str, int], float]


@attrs.frozen
class Setting:
    """One measurement."""

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


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name != "uvloop":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


def measure(rounds: int, settings: list[Setting], loop: str, console: Console) -> Results:
    seen: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        prompt, delayed = stack.enter_context(running()), stack.enter_context(running(delayed=True))
        servers = defaultdict(lambda: prompt, delayed=delayed)
        if any(setting.name == "different" for setting in settings):
            servers["different"] = stack.enter_context(running(different=True))
        console.print(f"server: {prompt.name}; {rounds} rounds on {loop}, {len(settings)} measurements each")
        for number in range(rounds):
            for setting in random.sample(settings, len(settings)):
                with asyncio.Runner(loop_factory=lambda: new_loop(loop)) as runner:
                    measured = runner.run(rate(servers[setting.name], setting))
                seen[(setting.peer, setting.name, setting.concurrency)].append(measured)
            console.print(f"round {number + 1} of {rounds} done")
    return {key: statistics.median(values) for key, values in seen.items()}


def show(results: Results, loop: str, console: Console) -> None:
    for name in SETTINGS:
        if not any(setting == name for _, setting, _ in results):
            continue
        table = Table("requests/s, " + name, *(f"c={each}" for each in CONCURRENCIES))
        for peer in PEERS:
            row = [results.get((peer, name, each)) for each in CONCURRENCIES]
            if not any(row):
                continue
            table.add_row(peer, *("-" if value is None else f"{value:,.0f}" for value in row))
        console.print(table)
    table = Table("ratio", "setting", *(f"c={each}" for each in CONCURRENCIES))
    for ours, theirs, name, targets in ON_UVLOOP if loop == "uvloop" else TARGETS:
        pairs = [(results.get((ours, name, c)), results.get((theirs, name, c))) for c in CONCURRENCIES]
        if not all(all(pair) for pair in pairs):
            continue
        cells = [f"{(mine or 0) / (other or 1):.2f}" for mine, other in pairs]
        if targets is not None:
            cells = [
                f"{'' if float(cell) >= target else '[red]'}{cell} (>= {target})"
                for cell, target in zip(cells, targets, strict=True)
            ]
        table.add_row(f"{ours} / {theirs}", name, *cells)
    for name in ("warm", OPEN):
        many, some = (results.get(("ours, httpx engine", name, c)) for c in (1000, 64))
        if many and some:
            table.add_row("ours, httpx engine: c=1000 / c=64", name, "", "", f"{many / some:.2f} (>= 0.7)")
    console.print(table)


def plot(results: Results, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2, figsize=(12, 8.5), sharex=True, layout="constrained")
    for axis, name in zip(axes.flat, PLOTTED, strict=True):
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
    figure.suptitle("Checks per second by concurrency (medians; solid lines are the full typed call)")
    figure.savefig(path, dpi=110)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER")
    arguments.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS, metavar="SETTING")
    arguments.add_argument("--uvloop", dest="loop", action="store_const", const="uvloop", default="asyncio")
    arguments.add_argument("--plot", type=Path)
    given = arguments.parse_args()
    console = Console()
    settings = [
        Setting(peer, name, concurrency)
        for peer in given.peers
        for name in given.settings
        for concurrency in CONCURRENCIES
        if name != "different" or peer.endswith("verified")
    ]
    if "ours, httpx engine" in given.peers:
        settings += [Setting("ours, httpx engine", OPEN, c) for c in CONCURRENCIES[1:]]
    results = measure(given.rounds, settings, given.loop, console)
    show(results, given.loop, console)
    if given.plot:
        plot(results, given.plot)
        console.print(f"plot: {given.plot}")


if __name__ == "__main__":
    main()
