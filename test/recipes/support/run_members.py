"""As run-members.mjs, for a client in Python: python run_members.py CLIENT MEMBERS [patient]."""

import asyncio
import importlib.util
import json
import random
import sys
import time

SAY_SECONDS = 0.4


def write(member, kind, **fields):
    print(json.dumps({"at": time.monotonic() * 1000, "member": member, "kind": kind, **fields}), flush=True)


class Member:
    def __init__(self, number):
        self.number = number
        self.socket = None
        self.count = 0

    def open(self, socket):
        self.socket = socket
        write(self.number, "open")

    def heard(self, text):
        write(self.number, "heard", text=text)

    def closed(self, how):
        self.socket = None
        write(self.number, "closed", how=str(how))

    async def say(self):
        if self.socket is None:
            return
        self.count += 1
        text = f"{self.number}:{self.count}"
        write(self.number, "said", text=text)
        await asyncio.gather(self.socket.send(text), return_exceptions=True)


async def talk(members):
    while True:
        for member in members:
            await member.say()
            await asyncio.sleep(SAY_SECONDS / len(members))


async def main():
    if len(sys.argv) > 3:
        chance = random.random
        random.random = lambda: 0.5 + chance() / 2
    spec = importlib.util.spec_from_file_location("client", sys.argv[1])
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    wanted = json.loads(sys.argv[2])
    members = [Member(number) for number in range(len(wanted))]
    for member, of in zip(members, wanted):
        asyncio.ensure_future(client.join(of["gateway"], of["room"], member))
    await talk(members)


asyncio.run(main())
