"""Clients of Python's websockets library: connect URL..., say each hello and each close as a JSON line, reconnect."""

import asyncio
import json
import sys

import websockets


def say(**line):
    print(json.dumps(line), flush=True)


async def client(url):
    while True:
        try:
            async with websockets.connect(url) as socket:
                say(url=url, hello=json.loads(await socket.recv()))
                count = 0
                while True:
                    await socket.send(f"{count}")
                    if await socket.recv() != f"{count}":
                        say(url=url, fault=f"echo {count}")
                    count += 1
                    await asyncio.sleep(0.1)
        except websockets.ConnectionClosed as closed:
            say(url=url, code=closed.rcvd.code if closed.rcvd else 1006, clean=closed.sent is not None)


async def main():
    await asyncio.gather(*(client(url) for url in sys.argv[1:]))


asyncio.run(main())
