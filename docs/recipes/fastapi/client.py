import asyncio
import random

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def join(gateway, room, on):
    """Stays in the room, whatever happens. on.open(socket), on.heard(text), on.closed(code)."""
    # The iterator comes back with a back-off when connecting fails. What happens after a Close is up to us.
    async for socket in connect(f"ws://{gateway}/rooms/{room}"):
        on.open(socket)
        try:
            async for text in socket:
                on.heard(text)
        except ConnectionClosed:
            pass
        on.closed(socket.close_code)
        await asyncio.sleep(0.2 * random.random())
