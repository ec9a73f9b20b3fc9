"""A plain client of the Debug Adapter Protocol: what an editor's debugger does when it attaches."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

LONG = 60.0
"""Seconds after which a test gives up. Nothing waits for as long when all is well."""


@dataclass
class Debugger:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 0

    async def attach(self, **breakpoints: int) -> None:
        """Attach with a breakpoint at a line of each file, and let the program go on."""
        await self.request("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
        attaching = self.send("attach", request="attach", justMyCode=True, subProcess=False)
        await self.until(lambda message: message.get("event") == "initialized")
        for path, line in breakpoints.items():
            await self.request("setBreakpoints", source={"path": path}, breakpoints=[{"line": line}])
        await self.request("setExceptionBreakpoints", filters=["uncaught"])  # as VS Code does by itself
        await self.request("configurationDone")
        await self.answer(attaching)

    async def stopped(self) -> dict[str, Any]:
        """Wait until the program stands still, and return its innermost frame."""
        event = await self.until(lambda message: message.get("event") == "stopped")
        found = await self.request("stackTrace", threadId=event["body"]["threadId"])
        return {"thread": event["body"]["threadId"], **found["stackFrames"][0]}

    async def evaluate(self, frame: dict[str, Any], expression: str) -> str:
        return (await self.request("evaluate", expression=expression, frameId=frame["id"], context="watch"))["result"]

    async def request(self, command: str, **arguments: Any) -> Any:
        return await self.answer(self.send(command, **arguments))

    def send(self, command: str, **arguments: Any) -> int:
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self._number

    async def answer(self, number: int) -> Any:
        message = await self.until(lambda message: message.get("request_seq") == number)
        assert message["success"], message
        return message.get("body")

    async def until(self, is_it: Any) -> dict[str, Any]:
        """Return the first message that has not been waited for yet and is the right one."""
        async with asyncio.timeout(LONG):
            while True:
                for message in self.heard:
                    if is_it(message):
                        self.heard.remove(message)
                        return message
                head = await self.reader.readuntil(b"\r\n\r\n")
                [length] = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                self.heard.append(json.loads(await self.reader.readexactly(int(length.partition(b":")[2]))))


@contextlib.asynccontextmanager
async def debugger(host: str, port: int):
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield Debugger(reader, writer)
    finally:
        writer.close()
