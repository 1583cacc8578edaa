import asyncio
import random
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def join(gateway, room, on):
    """Stays in the room until a gateway refuses it. on.open(socket), on.heard(text), on.closed(code)."""
    failures = 0

    def delays():
        """Seconds until the next attempt, while connecting fails: up to 0.2, 0.4, ... 10."""
        nonlocal failures
        while True:
            yield random.random() * min(10, 0.2 * 2 ** min(failures, 6))
            failures += 1

    # The iterator comes back at once after a connection, however short that was.
    async for socket in connect(f"ws://{gateway}/rooms/{room}", reconnect_delays=delays):
        opened = time.monotonic()
        on.open(socket)
        try:
            async for text in socket:
                on.heard(text)
        except ConnectionClosed:
            pass
        on.closed(socket.close_code)
        failures = 0 if time.monotonic() - opened > 5 else failures + 1
        await asyncio.sleep(next(delays()))
