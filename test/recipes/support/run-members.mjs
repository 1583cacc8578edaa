// Runs the client of a recipe: node run-members.mjs CLIENT MEMBERS [patient], with [{ gateway, room }] as JSON. Each
// member says something all the time. If patient, random numbers are 0.5 and more. Writes what happens to stdout, a
// JSON object a line; see members.ts.
import { pathToFileURL } from 'node:url';

const [client, members, patient] = process.argv.slice(2);
const { random } = Math;
if (patient !== undefined) Math.random = () => 0.5 + random() / 2;
const { join } = await import(pathToFileURL(client).href);
const SAY_MS = 400;

const write = (line) => process.stdout.write(`${JSON.stringify({ at: performance.now(), ...line })}\n`);

function run({ gateway, room }, member) {
  let open = false;
  let count = 0;
  const talk = join(gateway, room, {
    open: () => {
      if (open) return;
      open = true;
      write({ member, kind: 'open' });
    },
    heard: (text) => write({ member, kind: 'heard', text }),
    closed: (how) => {
      // Clients tell of failed attempts in the same way.
      if (open) write({ member, kind: 'closed', how: String(how) });
      open = false;
    },
  });
  return () => {
    if (!open) return;
    const text = `${member}:${++count}`;
    write({ member, kind: 'said', text });
    talk.say(text);
  };
}

const says = JSON.parse(members).map(run);
let turn = 0;
setInterval(() => says[turn++ % says.length](), SAY_MS / says.length);
// It ends with who has started it.
process.stdin.on('close', () => process.exit()).resume();
