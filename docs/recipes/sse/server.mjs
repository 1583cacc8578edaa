// A chat: what is posted to a room is heard by all who listen to it.
import express from 'express';

const rooms = new Map(); // room -> its listeners

express()
  .get('/rooms/:room', (req, res) => {
    const { room } = req.params;
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    res.write('retry: 200\n\n'); // ms until the browser comes back; 3,000 by default
    const listeners = rooms.get(room) ?? new Set();
    rooms.set(room, listeners.add(res));
    res.on('close', () => listeners.delete(res));
  })
  .post('/rooms/:room', express.text(), (req, res) => {
    for (const listener of rooms.get(req.params.room) ?? []) listener.write(`data: ${req.body}\n\n`);
    res.sendStatus(204);
  })
  .listen(Number(process.env.PORT));
