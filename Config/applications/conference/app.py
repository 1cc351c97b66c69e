"""The conference's backend: nothing but Python's own library."""

import io
import json
import math
import struct
import sys
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9090
BASE = f"http://127.0.0.1:{PORT}"
MODERATOR, PIN = "447700900007", "2468"


def music():
    """A quiet 500 Hz: put a song of yours in its place."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", int(4000 * math.sin(math.pi * i / 8))) for i in range(16000)))
    return file.getvalue()


def answer(called):
    if called == MODERATOR:
        return [
            {"action": "talk", "text": "Your PIN, please.", "bargeIn": True},
            {"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 4, "timeOut": 5}, "eventUrl": [BASE + "/pin"]},
        ]
    return [{"action": "conversation", "name": "conference", "startOnEnter": False,
             "musicOnHoldUrl": [BASE + "/music.wav"]}]


def pin(event):
    if event["dtmf"]["digits"] != PIN:
        return [{"action": "talk", "text": "That is not the PIN. Good bye."}]
    return [{"action": "conversation", "name": "conference", "startOnEnter": True, "endOnExit": True}]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/music.wav":
            return self.reply(music(), "audio/wav")
        self.reply(json.dumps(answer(parse_qs(url.query)["to"][0])).encode())

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.reply(json.dumps(pin(event) if self.path == "/pin" else {}).encode())

    def reply(self, data, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
