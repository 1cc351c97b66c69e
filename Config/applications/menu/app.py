"""The menu's backend: nothing but Python's own library."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9090
BASE = f"http://127.0.0.1:{PORT}"
wrong = {}


def menu(text="Press 1 for our opening hours, or 2 for the office."):
    return [
        {"action": "talk", "text": text, "bargeIn": True},
        {"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1, "timeOut": 5}, "eventUrl": [BASE + "/key"]},
    ]


def key(event):
    call, digit = event["uuid"], event["dtmf"]["digits"]
    if digit == "1":
        return [{"action": "talk", "text": "We are open from nine to five. Good bye."}]
    if digit == "2":
        return [{"action": "talk", "text": "One moment."},
                {"action": "connect", "endpoint": [{"type": "app", "user": "office"}]}]
    wrong[call] = wrong.get(call, 0) + 1
    if wrong[call] == 3:
        del wrong[call]
        return [{"action": "talk", "text": "Good bye."}]
    return menu("There is no such choice. Press 1 for our opening hours, or 2 for the office.")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(menu())

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.reply(key(event) if self.path == "/key" else {})

    def reply(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
