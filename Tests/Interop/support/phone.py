"""A small SIP phone over UDP with PCMU and telephone-event: speaks what it is given and keeps what it hears."""

import random
import re
import socket
import struct
import threading
import time
import uuid

import numpy as np

from .sound import decode_mu_law, encode_mu_law

FRAME = 160


class Phone:
    def __init__(self, name="441632960001"):
        self.name = name
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind(("127.0.0.1", 0))
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("127.0.0.1", 0))
        self.rtp.settimeout(0.1)
        self.port = self.sip.getsockname()[1]
        self.rtp_port = self.rtp.getsockname()[1]
        self.remote_rtp = None
        self.packets = []          # (sequence, timestamp, payload type, payload, arrival)
        self.statuses = []
        self.ended = threading.Event()
        self.answered = threading.Event()
        self._changed = threading.Condition()
        self._speech = np.zeros(0, dtype=np.int16)
        self._keys = []
        self._running = True
        self.incoming = None
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._hear, self._speak, self._signal)]
        self.call_id = self.from_tag = self.to_tag = self.target = None
        self.cseq = 1
        self.auto_answer = 200
        self.on_invite = None
        for thread in self._threads:
            thread.start()

    # Signalling

    def _description(self, direction="sendrecv"):
        return (
            f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.rtp_port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
            f"a=fmtp:101 0-15\r\na=ptime:20\r\na={direction}\r\n")

    def _request(self, method, body="", cseq=None, branch=None, extra=""):
        to_tag = f";tag={self.to_tag}" if self.to_tag else ""
        uri = f"sip:{self.number}@{self.target[0]}:{self.target[1]}"
        return (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch or self._branch()};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.name}@127.0.0.1>;tag={self.from_tag}\r\nTo: <{uri}>{to_tag}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {cseq or self.cseq} {method}\r\nContact: <sip:{self.name}@127.0.0.1:{self.port}>\r\n"
            f"{extra}" + (f"Content-Type: application/sdp\r\n" if body else "") + f"Content-Length: {len(body)}\r\n\r\n{body}")

    @staticmethod
    def _branch():
        return "z9hG4bK" + uuid.uuid4().hex

    def call(self, number, port, extra=""):
        """Sends the INVITE; `wait_answer` waits for what becomes of it."""
        self.number, self.target = number, ("127.0.0.1", port)
        self.call_id, self.from_tag = uuid.uuid4().hex, uuid.uuid4().hex[:8]
        self._invite_branch = self._branch()
        self._invite = self._request("INVITE", self._description(), branch=self._invite_branch, extra=extra)
        self.sip.sendto(self._invite.encode(), self.target)

    def wait_status(self, wanted, timeout=10):
        with self._changed:
            assert self._changed.wait_for(lambda: any(wanted(s) for s in self.statuses), timeout), self.statuses
            return next(s for s in self.statuses if wanted(s))

    def wait_answer(self, timeout=15):
        status = self.wait_status(lambda s: s >= 200, timeout)
        assert status == 200, f"answered {status}"

    def cancel(self):
        self.sip.sendto(self._request("CANCEL", branch=self._invite_branch).encode(), self.target)

    def reoffer(self, direction):
        self.cseq += 1
        self.statuses = []
        self.sip.sendto(self._request("INVITE", self._description(direction)).encode(), self.target)

    def hang_up(self):
        if not self.ended.is_set():
            self.cseq += 1
            self.sip.sendto(self._request("BYE").encode(), self.target)

    def _signal(self):
        self.sip.settimeout(0.1)
        while self._running:
            try:
                data, source = self.sip.recvfrom(65535)
            except socket.timeout:
                continue
            except OSError:
                return
            text = data.decode(errors="replace")
            first = text.split("\r\n", 1)[0]
            if first.startswith("SIP/2.0"):
                self._response(text, int(first.split()[1]))
            else:
                self._incoming_request(text, first.split()[0], source)

    def _response(self, text, status):
        cseq = re.search(r"^CSeq: *(\d+) (\w+)", text, re.M | re.I)
        if not cseq:
            return
        if cseq[2] == "INVITE":
            tag = re.search(r"^To:.*;tag=([^;\s>]+)", text, re.M | re.I)
            if tag:
                self.to_tag = tag[1]
            self._take_description(text)
            if status >= 300:
                self.sip.sendto(self._request("ACK", cseq=cseq[1], branch=self._invite_branch).encode(), self.target)
                self.ended.set()
            elif status >= 200:
                self.sip.sendto(self._request("ACK", cseq=cseq[1]).encode(), self.target)
                self.answered.set()
        elif cseq[2] == "BYE":
            self.ended.set()
        with self._changed:
            if cseq[2] == "INVITE":
                self.statuses.append(status)
            self._changed.notify_all()

    def _take_description(self, text):
        media = re.search(r"^m=audio (\d+)", text, re.M)
        address = re.search(r"^c=IN IP4 (\S+)", text, re.M)
        if media and address and int(media[1]):
            self.remote_rtp = (address[1], int(media[1]))

    def _incoming_request(self, text, method, source):
        def reply(status, reason, body="", extra="", request=text):
            kept = "".join(
                line + "\r\n" for line in request.split("\r\n")
                if re.match(r"(Via|From|Call-ID|CSeq|Record-Route):", line, re.I))
            to = re.search(r"^To: *(.*?)\r?$", request, re.M | re.I)[1]
            if "tag=" not in to:
                self.to_tag_own = getattr(self, "to_tag_own", uuid.uuid4().hex[:8])
                to += f";tag={self.to_tag_own}"
            message = (
                f"SIP/2.0 {status} {reason}\r\n{kept}To: {to}\r\nContact: <sip:{self.name}@127.0.0.1:{self.port}>\r\n{extra}"
                + ("Content-Type: application/sdp\r\n" if body else "") + f"Content-Length: {len(body)}\r\n\r\n{body}")
            self.sip.sendto(message.encode(), source)

        if method == "INVITE":
            self._take_description(text)
            self.incoming = text
            self._become_callee(text)
            if self.on_invite:
                self.on_invite(text)
            if self.auto_answer == 200:
                reply(180, "Ringing")
                reply(200, "OK", self._description())
                self.answered.set()
            elif self.auto_answer == 180:
                reply(180, "Ringing")
            else:
                reply(self.auto_answer, "No")
            with self._changed:
                self._changed.notify_all()
        elif method == "BYE":
            reply(200, "OK")
            self.ended.set()
        elif method == "CANCEL":
            reply(200, "OK")
            if not self.answered.is_set():
                reply(487, "Request Terminated", request=self.incoming)
            self.ended.set()
        elif method == "OPTIONS":
            reply(200, "OK")

    def _become_callee(self, text):
        """Turns the dialog round, so that our own requests go to the caller."""
        header = lambda name: re.search(rf"^{name}: *(.*?)\r?$", text, re.M | re.I)[1]  # noqa: E731
        caller = re.search(r"sip:(?:([^@>;]*)@)?([^>;:]+)(?::(\d+))?", header("Contact"))
        self.number, self.target = caller[1] or "box", (caller[2], int(caller[3] or 5060))
        self.call_id = header("Call-ID")
        self.to_tag_own = uuid.uuid4().hex[:8]
        self.from_tag, self.to_tag = self.to_tag_own, re.search(r"tag=([^;\s>]+)", header("From"))[1]

    # Sound

    def say(self, samples):
        """Speaks these samples next (8 kHz); silence follows."""
        self._speech = np.asarray(samples, dtype=np.int16)

    def press(self, keys):
        self._keys.extend(keys)

    def _speak(self):
        sequence, timestamp, ssrc = random.randrange(65536), random.randrange(2 ** 32), random.randrange(2 ** 32)
        due = time.monotonic()
        key_left, key_start, key = 0, 0, None
        while self._running:
            due += 0.02
            if self.remote_rtp and self.answered.is_set() and not self.ended.is_set():
                if key is None and self._keys:
                    key, key_left, key_start = self._keys.pop(0), 8, timestamp
                if key is not None:
                    code = "0123456789*#ABCD".index(key)
                    end = key_left <= 3
                    duration = min((timestamp - key_start + FRAME) & 0xFFFFFFFF, 5 * FRAME)
                    payload = struct.pack("!BBH", code, 10 | (0x80 if end else 0), duration)
                    header = struct.pack(
                        "!BBHII", 0x80, 101 | (0x80 if key_left == 8 else 0), sequence, key_start, ssrc)
                    key_left -= 1
                    if key_left == 0:
                        key = None
                else:
                    frame, self._speech = self._speech[:FRAME], self._speech[FRAME:]
                    frame = np.pad(frame, (0, FRAME - len(frame)))
                    payload = encode_mu_law(frame)
                    header = struct.pack("!BBHII", 0x80, 0, sequence, timestamp, ssrc)
                try:
                    self.rtp.sendto(header + payload, self.remote_rtp)
                except OSError:
                    return
                sequence = (sequence + 1) & 0xFFFF
                timestamp = (timestamp + FRAME) & 0xFFFFFFFF
            time.sleep(max(0.0, due - time.monotonic()))

    def _hear(self):
        while self._running:
            try:
                data, _ = self.rtp.recvfrom(2048)
            except socket.timeout:
                continue
            except OSError:
                return
            if len(data) < 12 or data[0] >> 6 != 2:
                continue
            _, kind, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
            with self._changed:
                self.packets.append((sequence, timestamp, kind & 0x7F, data[12:], time.monotonic()))
                self._changed.notify_all()

    @property
    def heard(self):
        """What it heard so far: the PCMU payloads laid out by RTP timestamp."""
        with self._changed:
            packets = [p for p in self.packets if p[2] == 0]
        if not packets:
            return np.zeros(0, dtype=np.int16)
        first = packets[0][1]
        offsets = [((p[1] - first + 2 ** 31) % 2 ** 32) - 2 ** 31 for p in packets]
        length = max(offsets) + FRAME
        out = np.zeros(max(length, 0), dtype=np.int16)
        for offset, packet in zip(offsets, packets):
            if offset >= 0:
                samples = decode_mu_law(packet[3])
                out[offset: offset + len(samples)] = samples[: len(out) - offset]
        return out

    def listen(self, seconds, timeout=None):
        """Waits until that much more sound has come in, and returns it."""
        with self._changed:
            start = sum(1 for p in self.packets if p[2] == 0)
            want = int(seconds * 50)
            self._changed.wait_for(
                lambda: sum(1 for p in self.packets if p[2] == 0) - start >= want, timeout or seconds + 5)
            payloads = [p[3] for p in self.packets if p[2] == 0][start: start + want]
        return np.concatenate([decode_mu_law(p) for p in payloads]) if payloads else np.zeros(0, dtype=np.int16)

    def close(self):
        self.hang_up() if self.target and self.answered.is_set() and not self.ended.is_set() else None
        self._running = False
        for thread in self._threads:
            thread.join(2)
        self.sip.close()
        self.rtp.close()
