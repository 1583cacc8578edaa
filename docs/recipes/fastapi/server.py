"""A chat: what is said in a room is heard by all others in it."""

import asyncio
from collections import defaultdict

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
rooms: defaultdict[str, set[WebSocket]] = defaultdict(set)


@app.websocket("/rooms/{room}")
async def chat(socket: WebSocket, room: str):
    await socket.accept()
    rooms[room].add(socket)
    try:
        while True:
            text = await socket.receive_text()
            others = rooms[room] - {socket}
            # One of them may be gone by now.
            await asyncio.gather(*(other.send_text(text) for other in others), return_exceptions=True)
    except WebSocketDisconnect:
        pass
    finally:
        rooms[room].discard(socket)
