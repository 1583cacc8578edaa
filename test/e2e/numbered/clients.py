"""Clients of Python's websockets library: clients.py EVERY_MS URL...; see programs.ts."""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlparse

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

AHEAD = 20
SMALL = [1, 7, 125, 126, 1_000]
LARGE = {17: 65_535, 34: 65_536, 49: 262_144}

every = int(sys.argv[1]) / 1000
counts = {"open": 0, "sent": 0, "received": 0}
faults = []
calm = asyncio.Event()


def message(sender, number):
    size = LARGE.get(number % 50, SMALL[number % 5])
    unit = f"{sender}{number},"
    body = (unit * (size // len(unit) + 1))[:size]
    return body.encode() if number % 3 == 0 else body


class Client:
    def __init__(self, url, index):
        self.url = url
        self.compression = "deflate" if index % 2 == 0 else None
        self.next = self.expected = int(parse_qs(urlparse(url).query)["first"][0])

    async def run(self):
        try:
            async with connect(self.url, compression=self.compression, max_size=None, open_timeout=60) as socket:
                counts["open"] += 1
                talk = asyncio.create_task(self.talk(socket))
                async for data in socket:
                    self.take(data)
                talk.cancel()
            faults.append(f"{self.url}: closed with {socket.close_code} {socket.close_reason}")
        except (ConnectionClosed, OSError) as error:
            faults.append(f"{self.url}: {error}")

    async def talk(self, socket):
        while not calm.is_set():
            await asyncio.sleep(every)
            if calm.is_set() or self.next - self.expected >= AHEAD:
                continue
            number, self.next = self.next, self.next + 1
            counts["sent"] += 1
            if number % 10 == 0:
                await socket.ping()
            body = message("c", number)
            third = len(body) // 3
            await socket.send([body[:third], body[third:]] if number % 4 == 0 else body)

    def take(self, data):
        if data != message("n", self.expected):
            faults.append(f"{self.url}: message {self.expected} is {len(data)} bytes: {data[:60]}")
        self.expected += 1
        counts["received"] += 1


async def report():
    while True:
        await asyncio.sleep(0.2)
        print(json.dumps({**counts, "faults": faults}), flush=True)
        faults.clear()


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tasks = [asyncio.create_task(Client(url, index).run()) for index, url in enumerate(sys.argv[2:])]
    tasks.append(asyncio.create_task(report()))
    await lines.readline()
    calm.set()
    await lines.read()
    for task in tasks:
        task.cancel()


asyncio.run(main())
