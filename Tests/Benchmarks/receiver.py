#!/usr/bin/env python3
"""A lean webhook receiver: prints its port, then on SIGTERM the count and delay of what it got, as JSON."""

import asyncio
import json
import re
import signal
import time
from datetime import datetime

delays = []
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


class Receiver(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = re.search(rb"content-length: *(\d+)", self.buffer[:end], re.I)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < size:
                return
            body, self.buffer = self.buffer[end + 4:size], self.buffer[size:]
            now = time.time()
            stamp = re.search(rb'"timestamp":"([^"]+)"', body)
            if stamp:
                # The event's own instant has milliseconds only: half of one is its mean error.
                delays.append((now - datetime.fromisoformat(stamp[1].decode().replace("Z", "+00:00")).timestamp()) * 1000 - 0.5)
            self.transport.write(REPLY)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    stop = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, stop.set_result, None)
    await stop
    ordered = sorted(delays)
    pick = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None  # noqa: E731
    print(json.dumps({"count": len(ordered), "p50": pick(0.5), "p99": pick(0.99), "max": pick(1)}), flush=True)


asyncio.run(main())
