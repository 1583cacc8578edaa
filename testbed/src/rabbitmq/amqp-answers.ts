import { once } from 'node:events';
import { connect } from 'node:net';

/** The header by which a client asks for AMQP 0-9-1. The broker answers with Connection.Start: a method frame. */
const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1');
const METHOD_FRAME = 1;

/** Whether a broker speaks AMQP 0-9-1 at a port of 127.0.0.1. */
export async function amqpAnswers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1', () => socket.write(PROTOCOL_HEADER));
  socket.setTimeout(2000, () => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  try {
    const [first] = (await Promise.race([once(socket, 'data'), closed.then(() => [])])) as [Buffer?];
    return first?.[0] === METHOD_FRAME;
  } catch {
    return false; // refused
  } finally {
    socket.destroy();
    await closed;
  }
}
