"""Hostile and broken input: each gets its answer, and every other call keeps running."""

import contextlib
import ctypes
import fcntl
import os
import random
import re
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from support.box import NUMBER
from support.sound import strength, tone

MALFORMED = [
    b"", b"\r\n\r\n", b"\x00" * 100, b"INVITE", b"INVITE sip:x SIP/2.0\r\n\r\n",
    b"INVITE sip:\xff\xfe@127.0.0.1 SIP/2.0\r\nVia: \r\nFrom: \r\nTo: \r\nCall-ID: \r\nCSeq: x INVITE\r\n\r\n",
    b"SIP/2.0 200 OK\r\n\r\n", b"SIP/2.0 99999 X\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\r\n",
    b"INVITE sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
    b"Call-ID: x\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 99999\r\n\r\nv=0",
    b"BYE sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKb\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n"
    b"Call-ID: y\r\nCSeq: 1 BYE\r\n\r\n",
    b"A" * 60000,
]


def test_the_running_call_survives_every_kind_of_garbage(box, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}]}]
    alice.call(NUMBER, box.sip_port)
    alice.wait_answer()
    alice.say(tone(440, 20))
    rng = random.Random(7)
    raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for message in MALFORMED:
        raw.sendto(message, ("127.0.0.1", box.sip_port))
        if message:
            with socket.create_connection(("127.0.0.1", box.sip_port), timeout=5) as stream:
                stream.sendall(message)
    for _ in range(300):
        size = rng.choice([0, 1, 11, 12, 13, 172, 1400])
        raw.sendto(rng.randbytes(size), alice.remote_rtp)
        raw.sendto(struct.pack("!BBHII", 0x80, 0, rng.randrange(65536), rng.randrange(2 ** 32), 99) + rng.randbytes(160),
                   alice.remote_rtp)
        raw.sendto(rng.randbytes(size), (alice.remote_rtp[0], alice.remote_rtp[1] + 1))
    raw.close()
    for request in (b"GARBAGE\r\n\r\n", b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{}}}}",
                    b"GET /v1/events HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", box.http_port), timeout=5) as stream:
            stream.sendall(request)
            stream.settimeout(2)
            try:
                stream.recv(4096)
            except TimeoutError:
                pass
    bob.listen(0.5)
    assert strength(bob.listen(1), 440) > 0.8
    assert box.process.poll() is None


def test_malformed_descriptions_get_their_status(box, make_phone):
    for body, status in ((b"v=0\r\nthis is not SDP", {400, 488}), (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n".encode(), {488})):
        phone = make_phone()
        phone._description = lambda direction="sendrecv", body=body: body.decode()
        phone.call(NUMBER, box.sip_port)
        assert phone.wait_status(lambda s: s >= 200) in status


def test_prompts_that_cannot_be_played_are_error_events(box, backend, make_phone):
    backend.replies["/page"] = lambda r: (200, b"<html>not sound</html>")
    backend.replies["/gone"] = lambda r: (404, b"")
    backend.script = [
        {"action": "stream", "streamUrl": [f"{backend.url}/page"]}, {"action": "stream", "streamUrl": [f"{backend.url}/gone"]},
        {"action": "talk", "text": "<speak>broken <b</speak>"}, {"action": "wait", "timeout": 1}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    assert phone.ended.wait(15)
    backend.wait_status("completed")
    errors = [e["reason"] for e in backend.events() if "reason" in e]
    assert len(errors) == 3 and "/page" in errors[0] and "404" in errors[1]


@contextlib.contextmanager
def sound_server(send):
    """Answers each request on a socket of its own with whatever `send` sends; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.recv(4096)
                send(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.mark.parametrize("head", [b"Content-Length: 2147483648\r\n", b"Transfer-Encoding: chunked\r\n"], ids=["told", "endless"])
def test_a_prompt_of_two_gigabytes_is_left_off_and_the_script_goes_on(box, backend, make_phone, head):
    sent = []

    def send(peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n" + head + b"\r\n")
        data = bytes(1 << 20)
        chunk = b"100000\r\n" + data + b"\r\n" if b"chunked" in head else data
        for _ in range(2048):
            peer.sendall(chunk)
            sent.append(len(data))

    with sound_server(send) as port:
        backend.script = [{"action": "stream", "streamUrl": [f"http://127.0.0.1:{port}/a.wav"]}, {"action": "talk", "text": "sorry"}]
        phone = make_phone()
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        error = backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {})).fields
        assert "is over 16777216 bytes" in error["reason"]
        assert phone.ended.wait(10)
    assert sum(sent) < 64 << 20, "it was taken though it is too large"
    backend.wait_status("completed")
    memory = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{box.process.pid}/status").read_text())[1])
    assert memory < 1 << 20, f"{memory} kB at its height"


def test_a_prompt_that_drips_a_byte_a_second_is_left_off_and_the_script_goes_on(make_box, backend, make_phone):
    box = make_box(limits={"prompt_file_time": "1500ms"})

    def send(peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 100000\r\n\r\n")
        for byte in b"RIFF":
            peer.sendall(bytes([byte]))
            time.sleep(1)

    with sound_server(send) as port:
        backend.script = [{"action": "stream", "streamUrl": [f"http://127.0.0.1:{port}/a.wav"]}, {"action": "talk", "text": "sorry"}]
        phone = make_phone()
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        asked = time.monotonic()
        error = backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {})).fields
        assert 1 < time.monotonic() - asked < 3
        assert f"127.0.0.1:{port}/a.wav" in error["reason"]
        assert phone.ended.wait(10)
    backend.wait_status("completed")


def test_a_dead_and_a_slow_event_url_hold_nothing_up(make_box, backend, make_phone):
    def slow(_):
        time.sleep(3)
        return {}

    backend.replies["/event"] = slow
    box = make_box()
    backend.script = [
        {"action": "input", "type": ["dtmf"], "dtmf": {"maxDigits": 1}, "eventUrl": [f"{backend.url}/input"]},
        {"action": "talk", "text": "done"}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    started = time.monotonic()
    phone.wait_answer()
    phone.listen(0.2)
    phone.press("1")
    backend.wait(lambda r: r.path == "/input", timeout=5)
    assert time.monotonic() - started < 5


def enter_lonely_namespace():
    """In the child, before exec: a network with nothing but a loopback."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000):  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
def test_a_box_without_a_network_goes_on_and_ends_though_its_trunk_has_a_name(make_box):
    trunk = {"uri": "sip:registrar.example", "register": True, "username": "box", "password": "secret"}
    box = make_box(start=False, trunks={"far": trunk})
    box.start(wait=False, preexec_fn=enter_lonely_namespace)
    deadline = time.monotonic() + 20
    while box.log().count("trunk registration failed") < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert box.log().count("no name server can be reached") >= 2
    assert box.stop() == 0


def test_calls_go_on_though_nobody_reads_the_log(make_box, backend, make_phone):
    backend.script = [{"action": "wait", "timeout": 5}]
    unread, log = os.pipe()
    fcntl.fcntl(log, fcntl.F_SETPIPE_SZ, 4096)
    box = make_box(start=False)
    box.start(stderr=log)
    os.close(log)
    # Each is a line of some 200 bytes: the pipe is full many times over.
    for _ in range(40):
        phone = make_phone()
        phone.call("440000000000", box.sip_port)
        phone.wait_status(lambda status: status == 404)
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.hang_up()
    assert box.stop() == 0
    os.close(unread)
