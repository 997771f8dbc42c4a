"""Requests per second and CPU per request of `OpenAIApi`, beside a bare aiohttp loop on the same server.

    python tests/bench/api.py --requests 2000 --in-flight 50 --rounds 3 --latency 0

The two take turns, so that a busy machine disturbs both alike. The server runs in a process of its own
and shares the machine; CPU is the client's only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import aiohttp

from harness.backends.openai_api import OpenAIApi
from harness.records import Finish, GenerateAsk

STUB = Path(__file__).parents[1] / "harness" / "backends" / "stub_server.py"

Round = Callable[[str, int, int], Awaitable[None]]


async def drive(count: int, width: int, one: Callable[[int], Awaitable[None]]) -> None:
    """Call ``one`` for 0..count-1 from ``width`` workers."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(worker() for _ in range(width)))


async def through_backend(url: str, count: int, width: int) -> None:
    """Ask ``count`` asks through the backend."""
    backend = OpenAIApi(base_url=url, model="stub", in_flight=width)

    async def one(number: int) -> None:
        reply = await backend.answer_one(GenerateAsk(prompt=f"question {number}", seed=number))
        assert reply.finish is Finish.STOP, reply

    await drive(count, width, one)
    await backend.aclose()


async def through_aiohttp(url: str, count: int, width: int) -> None:
    """Send ``count`` equal requests with nothing around them."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=width)) as session:

        async def one(number: int) -> None:
            body = {"model": "stub", "messages": [{"role": "user", "content": f"question {number}"}], "seed": number}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                json.loads(await response.read())["choices"][0]["message"]["content"]

        await drive(count, width, one)


def measured(run: Round, url: str, count: int, width: int) -> tuple[float, float]:
    """Requests per second, and CPU milliseconds per request of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(run(url, count, width))
    return count / (time.perf_counter() - wall), 1000 * (time.process_time() - cpu) / count


def main() -> None:
    """Measure and print one line per client: median, and the range over rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds the server waits before every answer")
    given = parser.parse_args()
    command = [sys.executable, str(STUB), "--latency", str(given.latency)]
    rows: dict[str, list[tuple[float, float]]] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        for run in (through_backend, through_aiohttp):
            measured(run, url, 100, given.in_flight)
        for _ in range(given.rounds):
            for name, run in (("OpenAIApi", through_backend), ("bare aiohttp", through_aiohttp)):
                rows.setdefault(name, []).append(measured(run, url, given.requests, given.in_flight))
        assert server.stdin is not None
        server.stdin.close()
    for name, values in rows.items():
        rates, costs = zip(*values, strict=True)
        print(
            f"{name:13} {median(rates):7.0f} requests/s [{min(rates):.0f}-{max(rates):.0f}]"
            f"   {median(costs):.2f} CPU ms/request [{min(costs):.2f}-{max(costs):.2f}]   n={len(values)}"
        )


if __name__ == "__main__":
    main()
