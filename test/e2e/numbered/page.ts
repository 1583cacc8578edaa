/**
 * The clients of a page in a browser, which offers compression, and sends neither Pings nor fragments. All that it uses
 * is within it, since it runs in the page.
 */
export function talkInPage({ urls, everyMs }: { urls: readonly string[]; everyMs: number }): void {
  const ahead = 20;
  const small = [1, 7, 125, 126, 1_000];
  const large: Readonly<Record<number, number>> = { 17: 65_535, 34: 65_536, 49: 262_144 };
  const seen = { open: 0, sent: 0, received: 0, faults: [] as string[] };
  const page = Object.assign(globalThis, { seen, calm: false });
  const textOf = (from: string, number: number) => {
    const size = large[number % 50] ?? (small[number % 5] as number);
    const unit = `${from}${number},`;
    return unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
  };
  const run = (url: string) => {
    const first = Number(new URL(url).searchParams.get('first'));
    let [next, expected] = [first, first];
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const send = () => {
      if (page.calm || next - expected >= ahead) return;
      const text = textOf('c', next);
      socket.send(next++ % 3 === 0 ? new TextEncoder().encode(text) : text);
      seen.sent++;
    };
    socket.onopen = () => {
      seen.open++;
      setInterval(send, everyMs);
    };
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      if (text !== textOf('n', expected) || (typeof data === 'string') === (expected % 3 === 0))
        seen.faults.push(`${url}: message ${expected} is ${text.length} bytes: ${text.slice(0, 60)}`);
      expected++;
      seen.received++;
    };
    socket.onclose = ({ code, reason }) => seen.faults.push(`${url}: closed with ${code} ${reason}`);
  };
  for (const url of urls) run(url);
}
