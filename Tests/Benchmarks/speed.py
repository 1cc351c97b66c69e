"""Rows on how fast orders take effect: scripts read, mutes, calls by REST, keys that interrupt a prompt.

Instants of received packets are the kernel's; a turn of mute or barge-in begins at a random place in the packet time.
"""

import http.client
import json
import random
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import numpy as np

from rig import CORES, AtLeast, box_in, percentile
from support.backend import Backend
from support.box import BINARY, NUMBER
from support.files import wav
from support.phone import Phone
from support.sound import decode_mu_law, tone

LOUD = 1000


def ncco(folder, options):
    """Scripts of 1 kB, read and validated over and over in one process on one core."""
    documents = []
    for index, action in enumerate(SCRIPTS):
        script = []
        while len(json.dumps(script + [action])) <= 940:
            script.append(action)
        script.append({"action": "talk", "text": ""})
        script[-1]["text"] = "x" * (1000 - len(json.dumps(script)))
        path = Path(folder) / f"{index}.json"
        path.write_text(json.dumps(script))
        documents.append(path)
    rounds = max(1, options.seconds * 100_000 // 45 // len(documents))
    rates = []
    for _ in range(5):
        done = subprocess.run(
            ["taskset", "-c", str(CORES[-1]), BINARY, "ncco", "check", "--rounds", str(rounds), *documents],
            capture_output=True, text=True, check=True)
        measured = json.loads(done.stdout)
        rates.append(measured["documents"] / measured["seconds"])
    return {
        "NCCO of 1 kB read and validated, median of 5": (sorted(rates)[2], AtLeast(100_000), "/s"),
        "NCCO: microseconds a document": (1e6 / sorted(rates)[2], None, "us")}


# One action a document, repeated until 1 kB is full: what applications send most.
SCRIPTS = [
    {"action": "talk", "text": "For opening hours press one, to leave a message press two.", "language": "en-GB", "style": 2},
    {"action": "stream", "streamUrl": ["https://example.com/audio/welcome.mp3"], "level": 0.5, "loop": 2},
    {"action": "input", "type": ["dtmf", "speech"], "dtmf": {"maxDigits": 4, "submitOnHash": True, "timeOut": 5},
     "speech": {"language": "en-GB", "context": ["sales", "support"], "endOnSilence": 1.5, "maxDuration": 20},
     "eventUrl": ["https://example.com/input"]},
    {"action": "record", "eventUrl": ["https://example.com/recording"], "format": "wav", "endOnSilence": 3, "endOnKey": "#",
     "beepStart": True, "split": "conversation", "channels": 2},
    {"action": "connect", "from": "441632960000", "timeout": 30, "eventUrl": ["https://example.com/event"],
     "endpoint": [{"type": "sip", "uri": "sip:desk@example.com", "headers": {"X-Account": "12345"}}]},
    {"action": "notify", "payload": {"order": {"id": 4711, "items": ["a", "b"], "paid": True}},
     "eventUrl": ["https://example.com/notify"], "eventMethod": "POST"}]


class Listener(Phone):
    """A phone whose packets carry the instant at which the kernel received them, and that remembers when keys left."""

    def _hear(self):
        self.rtp.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        while self._running:
            try:
                data, ancillary, _, _ = self.rtp.recvmsg(2048, 64)
            except socket.timeout:
                continue
            except OSError:
                return
            if len(data) < 12 or data[0] >> 6 != 2:
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
            _, kind, sequence, timestamp, _ = struct.unpack("!BBHII", data[:12])
            with self._changed:
                self.packets.append((sequence, timestamp, kind & 0x7F, data[12:], seconds + nanoseconds / 1e9))
                self._changed.notify_all()

    def wait_for(self, condition, timeout=5):
        """Until a condition holds for its packets."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.packets), timeout):
                raise RuntimeError(f"{self.name}: what was waited for did not come in {timeout} s")

    def hears_sound(self):
        """Waits until its newest packets are loud."""
        self.wait_for(lambda packets: len(packets) > 5 and all(is_loud(p) for p in packets[-3:]))

    def last_loud(self, since, quiet=8, timeout=3):
        """When the last packet with sound in it came after that instant: then so many come without, or none for long."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self._changed:
                packets = [p for p in self.packets if p[4] > since - 0.1]
            loud = [p for p in packets if is_loud(p)]
            last = loud[-1][4] if loud else since
            if sum(p[4] > last for p in packets) >= quiet or time.time() - max(last, since) > 0.3:
                return last
            time.sleep(0.01)
        raise RuntimeError(f"{self.name}: the sound goes on")


class KeyWatch:
    """Stands before a phone's socket and notes when its last key's first packet left."""

    def __init__(self, inner):
        self.inner, self.at = inner, None

    def sendto(self, data, target):
        if data[1] == 0x80 | 101:
            self.at = time.time()
        return self.inner.sendto(data, target)

    def __getattr__(self, name):
        return getattr(self.inner, name)


def is_loud(packet):
    """Sound in the second half: a packet in which it dies away in the first milliseconds has taken the order."""
    _, _, kind, payload, _ = packet
    samples = decode_mu_law(payload).astype(int) if kind == 0 else np.zeros(1, dtype=int)
    return np.abs(samples[len(samples) // 2:]).max(initial=0) > LOUD


class Orders:
    """REST orders over one kept connection, as SDKs send them."""

    def __init__(self, box):
        self.connection = http.client.HTTPConnection("127.0.0.1", box.http_port, timeout=10)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = {"Authorization": f"Bearer {box.token()}", "Content-Type": "application/json"}

    def send(self, method, path, body):
        """When it left, its status, its reply."""
        data = json.dumps(body)
        at = time.time()
        self.connection.request(method, path, data, self.head)
        reply = self.connection.getresponse()
        content = reply.read()
        return at, reply.status, json.loads(content) if content else None


def mute(folder, options):
    """A caller who speaks without end is muted, in a relayed call of two and in a room of three."""
    delays = {}
    for name, members in (("call of two", 2), ("room of three", 3)):
        backend = Backend([{"action": "conversation", "name": "room"}])
        box = box_in(folder, f"mute{members}", backend).start()
        phones = [Listener(f"44163296000{index}") for index in range(members)]
        speaker, listener = phones[0], phones[1]
        for phone in phones:
            phone.call(NUMBER, box.sip_port)
            phone.wait_answer()
        speaker.say(tone(500, 900))
        uuid = next(r for r in backend.requests if r.path == "/answer" and r.fields["from"] == speaker.name).fields["uuid"]
        orders, delays[name] = Orders(box), []
        for _ in range(options.turns):
            listener.hears_sound()
            time.sleep(0.1 + random.random() * 0.02)
            at, status, reply = orders.send("PUT", f"/v1/calls/{uuid}", {"action": "mute"})
            assert status == 204, reply
            delays[name].append((listener.last_loud(at) - at) * 1000)
            orders.send("PUT", f"/v1/calls/{uuid}", {"action": "unmute"})
        for phone in phones:
            phone.close()
        box.stop()
        backend.close()
    rows = {}
    for name, values in delays.items():
        rows[f"mute in a {name}: to the last sound, p50"] = (percentile(values, 0.5), None, "ms")
        rows[f"mute in a {name}: to the last sound, p99"] = (percentile(values, 0.99), 25, "ms")
    return rows


def barge_in(folder, options):
    """A key over an endless tone: its first packet sent to the last packet of the tone received."""
    backend = Backend()
    backend.replies["/tone.wav"] = lambda request: (200, wav(tone(600, 60)))
    backend.script = [
        {"action": "stream", "streamUrl": [f"{backend.url}/tone.wav"], "loop": 0, "bargeIn": True},
        {"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1}, "eventUrl": [f"{backend.url}/input"]},
        {"action": "wait", "timeout": 5}]
    box = box_in(folder, "barge", backend).start()
    delays = []
    for _ in range(options.turns):
        # The phone's clock and the mix's keep step for the length of a call: many calls see every distance of the two.
        phone = Listener()
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        watch = phone.rtp = KeyWatch(phone.rtp)
        phone.hears_sound()
        time.sleep(0.2 + random.random() * 0.02)
        watch.at = None
        phone.press("5")
        while watch.at is None:
            time.sleep(0.002)
        delays.append((phone.last_loud(watch.at) - watch.at) * 1000)
        phone.close()
    box.stop()
    backend.close()
    return {
        "key to the prompt's last packet, p50": (percentile(delays, 0.5), None, "ms"),
        "key to the prompt's last packet, p99": (percentile(delays, 0.99), 60, "ms")}


def created_calls(folder, options):
    """100 calls a second ordered by REST, answered by sipp, for 45 s on all cores."""
    seconds, rate, workers = options.seconds, 100, 4
    box = box_in(folder, "created", media={"rtp_ports": "30000-60000"}, sip={"max_calls": 20_000}).start()
    statistics_file = Path(folder) / "uas.csv"
    callee = 6070
    uas = subprocess.Popen(
        ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(callee), "-nostdin", "-trace_stat", "-stf", statistics_file,
         "-fd", "1", "-m", str(rate * seconds)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    body = {
        "to": [{"type": "sip", "uri": f"sip:b@127.0.0.1:{callee}"}], "from": {"type": "phone", "number": "441632960000"},
        "event_url": ["http://127.0.0.1:9/none"], "ncco": [{"action": "talk", "text": "Good morning"}]}
    began, refused, delays = time.monotonic() + 0.5, [], []

    def order(first):
        orders = Orders(box)
        for index in range(first, rate * seconds, workers):
            time.sleep(max(0.0, began + index / rate - time.monotonic()))
            at, status, reply = orders.send("POST", "/v1/calls", body)
            delays.append((time.time() - at) * 1000)
            if status != 201:
                refused.append((status, reply))

    threads = [threading.Thread(target=order, args=(first,)) for first in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    try:
        uas.wait(30)
    except subprocess.TimeoutExpired:
        uas.send_signal(signal.SIGUSR1)
        uas.wait(30)
    orders = Orders(box)
    counts = {
        status: orders.send("GET", f"/v1/calls?status={status}&page_size=1", None)[2]["count"]
        for status in ("completed", "failed", "timeout", "busy", "rejected", "cancelled", "unanswered", "answered")}
    box.stop()
    lines = statistics_file.read_text().splitlines()
    last = dict(zip(lines[0].split(";"), lines[-1].split(";")))
    answered, failed = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
    return {
        "calls ordered by REST, a second": (rate * seconds / took, AtLeast(0.99 * rate), "/s"),
        f"{rate} calls/s by REST for {seconds} s: orders refused": (len(refused), 0, ""),
        f"{rate} calls/s by REST: failed, by sipp": (failed, 0, ""),
        f"{rate} calls/s by REST: not to their end, by sipp": (rate * seconds - answered, 0, ""),
        f"{rate} calls/s by REST: not completed, by the log": (rate * seconds - counts["completed"], 0, ""),
        "order to its reply, p50": (percentile(delays, 0.5), None, "ms"),
        "order to its reply, p99": (percentile(delays, 0.99), None, "ms")}


BENCHES = {"ncco": ncco, "mute": mute, "barge-in": barge_in, "created": created_calls}
