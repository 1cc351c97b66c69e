"""A voice bot: the websocket server of an application, keeping what it hears and saying what it is told."""

import json
import socket
import threading
import time

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve


class Talk:
    """One connection of the box."""

    def __init__(self, connection):
        self.connection = connection
        self.path = connection.request.path
        self.headers = connection.request.headers
        self.texts = []            # (message, arrival)
        self.audio = []            # (bytes, arrival)
        self.order = []            # kinds of messages as they came
        self.closed = threading.Event()
        self.code = None
        self._changed = threading.Condition()

    def run(self):
        try:
            for message in self.connection:
                now = time.monotonic()
                with self._changed:
                    if isinstance(message, str):
                        self.order.append("text")
                        self.texts.append((json.loads(message), now))
                    else:
                        self.order.append("audio")
                        self.audio.append((message, now))
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        self.code = self.connection.close_code
        self.closed.set()
        with self._changed:
            self._changed.notify_all()

    def wait_text(self, predicate, timeout=10):
        """The first text message that fits: (message, arrival)."""
        found = []

        def look():
            found[:] = [t for t in self.texts if predicate(t[0])]
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(look, timeout), f"no such message; came: {self.texts[-10:]}"
        return found[0]

    def wait_event(self, name, timeout=10):
        return self.wait_text(lambda m: m.get("event") == f"websocket:{name}", timeout)

    def count(self, name):
        with self._changed:
            return sum(1 for message, _ in self.texts if message.get("event") == f"websocket:{name}")

    def listen(self, seconds, timeout=None):
        """Waits until that much more sound has come in, and returns it."""
        with self._changed:
            start = len(self.audio)
            want = int(seconds * 50)
            self._changed.wait_for(lambda: len(self.audio) - start >= want or self.closed.is_set(), timeout or seconds + 5)
            frames = self.audio[start: start + want]
        return np.frombuffer(b"".join(f[0] for f in frames), dtype="<i2")

    def arrivals(self):
        with self._changed:
            return np.array([arrival for _, arrival in self.audio])

    def send(self, message):
        self.connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    def say(self, samples, rate, pace=True):
        """Speaks: a message of 20 ms each 20 ms, or all at once."""
        data, size = np.asarray(samples, dtype="<i2").tobytes(), rate // 50 * 2
        due = time.monotonic()
        for start in range(0, len(data), size):
            self.connection.send(data[start: start + size])
            if pace:
                due += 0.02
                time.sleep(max(0.0, due - time.monotonic()))

    def close(self, code=1000):
        self.connection.close(code)

    def drop(self):
        """Ends the connection without a word."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)


class Bot:
    def __init__(self, status=None, ssl=None, host="127.0.0.1"):
        self.talks = []
        self._changed = threading.Condition()
        bot = self

        def refuse(connection, request):
            if status is not None:
                return connection.respond(status, "no\n")
            return None

        def handle(connection):
            talk = Talk(connection)
            with bot._changed:
                bot.talks.append(talk)
                bot._changed.notify_all()
            talk.run()

        self._server = serve(
            handle, host, 0, process_request=refuse, ssl=ssl, compression=None, max_size=None, ping_interval=None)
        self.port = self._server.socket.getsockname()[1]
        self.uri = f"{'wss' if ssl else 'ws'}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def wait(self, timeout=10):
        """The next connection that has not been waited for."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.talks, timeout), "the box did not connect"
            return self.talks.pop(0)

    def close(self):
        self._server.shutdown()
        self._thread.join(5)
