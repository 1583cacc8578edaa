// A chat: what is said in a room is heard by all who have subscribed to it.
import { EventEmitter, on } from 'node:events';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const schema = buildSchema(`
  type Query { rooms: Int }
  type Mutation { say(room: String!, text: String!): Boolean }
  type Subscription { heard(room: String!): String }
`);

const rooms = new EventEmitter().setMaxListeners(0);

const roots = {
  query: { rooms: () => rooms.eventNames().length },
  mutation: { say: ({ room, text }) => rooms.emit(room, text) },
  subscription: {
    async *heard({ room }) {
      for await (const [text] of on(rooms, room)) yield { heard: text };
    },
  },
};

useServer({ schema, roots }, new WebSocketServer({ port: Number(process.env.PORT), path: '/graphql' }));
