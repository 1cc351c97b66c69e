"""Websocket legs: a voice bot of an application and a G.711 phone hear each other (contract websocket-endpoint)."""

import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time

import jwt
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.bot import Bot
from support.box import NUMBER
from support.sound import level, power_at, tone

RATES = [8000, 16000, 24000, 48000]


@pytest.fixture
def make_bot():
    bots = []

    def make(**options):
        bots.append(Bot(**options))
        return bots[-1]

    yield make
    for bot in bots:
        bot.close()


@pytest.fixture
def bot(make_bot):
    return make_bot()


def connect_to(uri, rate=16000, headers=None, authorization=None, **options):
    endpoint = {"type": "websocket", "uri": uri, "content-type": f"audio/l16;rate={rate}"}
    if headers is not None:
        endpoint["headers"] = headers
    if authorization is not None:
        endpoint["authorization"] = authorization
    return {"action": "connect", "endpoint": [endpoint], **options}


def talk_to(bot, box, backend, make_phone, rate=16000, **options):
    """A phone that calls and is connected to the bot: the phone and the bot's end."""
    backend.script = [connect_to(bot.uri + "/talk?id=7", rate, **options)]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    return phone, bot.wait()


def outbound(backend, status):
    return backend.wait_status(status, direction="outbound").fields


def leg_statuses(backend, uuid):
    return [e["status"] for e in backend.events() if e.get("uuid") == uuid]


@pytest.mark.parametrize("rate", RATES)
def test_sound_both_ways_at_every_rate(box, backend, make_phone, bot, rate):
    phone, talk = talk_to(bot, box, backend, make_phone, rate)
    first, _ = talk.wait_event("connected")
    assert first == {"event": "websocket:connected", "content-type": f"audio/l16;rate={rate}"}
    speaker = threading.Thread(target=talk.say, args=(tone(620, 2.5, rate), rate))
    phone.say(tone(440, 6))
    speaker.start()
    phone.listen(0.3)
    at_phone, at_bot = phone.listen(1.5), talk.listen(2)
    speaker.join()
    assert abs(power_at(at_phone[4000:], 620) - power_at(tone(620, 1), 620)) < 1.5
    assert power_at(at_phone[4000:], 440) < -50, "the phone hears itself"
    tail = at_bot[len(at_bot) // 3:]
    assert abs(power_at(tail, 440, rate) - power_at(tone(440, 1), 440)) < 1.5
    assert power_at(tail, 620, rate) < -50, "the bot hears itself"
    # Nothing but the tone: no hum, no holes.
    spectrum = np.abs(np.fft.rfft(tail * np.hanning(len(tail)))) ** 2
    peak = int(440 * len(tail) / rate)
    assert spectrum[max(0, peak - 12): peak + 12].sum() / spectrum.sum() > 0.97
    assert {len(data) for data, _ in talk.audio} == {rate // 25}
    assert talk.order[0] == "text"


def test_frames_go_out_every_20_ms_with_silence_too(box, backend, make_phone, bot):
    _, talk = talk_to(bot, box, backend, make_phone)
    talk.listen(0.5)
    before = len(talk.arrivals())
    talk.listen(5)
    arrivals = talk.arrivals()[before:]
    gaps = np.diff(arrivals) * 1000
    assert abs(np.mean(gaps) - 20) < 0.3, gaps.mean()
    assert abs(np.median(gaps) - 20) < 2 and np.percentile(np.abs(gaps - 20), 90) < 10, np.percentile(gaps, [1, 10, 50, 90, 99])
    assert level(talk.listen(0.2)) < -70


def test_headers_and_events_of_the_leg(box, backend, make_phone, bot):
    headers = {"order": 7, "nested": {"a": [1, True, None]}, "event": "mine"}
    phone, talk = talk_to(bot, box, backend, make_phone, 24000, headers=headers)
    assert talk.path == "/talk?id=7"
    assert "authorization" not in talk.headers
    first, _ = talk.wait_event("connected")
    assert first == {
        "event": "websocket:connected", "content-type": "audio/l16;rate=24000", "order": 7,
        "nested": {"a": [1, True, None]}}
    answered = outbound(backend, "answered")
    assert answered["to"] == bot.uri + "/talk?id=7" and answered["headers"] == headers
    phone.hang_up()
    completed = outbound(backend, "completed")
    assert completed["headers"] == headers
    assert leg_statuses(backend, answered["uuid"]) == ["started", "answered", "completed"]
    assert talk.closed.wait(5) and talk.code == 1000


def test_keys_of_the_caller_reach_the_bot(box, backend, make_phone, bot):
    phone, talk = talk_to(bot, box, backend, make_phone)
    talk.wait_event("connected")
    phone.press("5#A0")
    talk.wait_text(lambda m: m.get("digit") == "0")
    keys = [m for m, _ in talk.texts if m["event"] == "websocket:dtmf"]
    assert [k["digit"] for k in keys] == ["5", "#", "0"]
    assert all(60 <= k["duration"] <= 160 and set(k) == {"event", "digit", "duration"} for k in keys)


def test_notify_comes_when_the_sound_before_it_was_played(box, backend, make_phone, bot):
    _, talk = talk_to(bot, box, backend, make_phone, 8000)
    talk.wait_event("connected")
    talk.send({"action": "notify", "payload": {"n": 0}})
    _, at_once = talk.wait_text(lambda m: m.get("payload") == {"n": 0}, 2)
    started = time.monotonic()
    talk.say(tone(500, 2, 8000), 8000, pace=False)
    talk.send({"action": "notify", "payload": {"n": 1}})
    talk.say(tone(500, 0.5, 8000), 8000, pace=False)
    talk.send({"action": "notify", "payload": {"n": 2, "deep": [1, {"a": None}]}})
    _, first = talk.wait_text(lambda m: m.get("payload") == {"n": 1})
    _, second = talk.wait_text(lambda m: m.get("payload") == {"n": 2, "deep": [1, {"a": None}]})
    assert 1.9 < first - started < 2.4, first - started
    assert 0.4 < second - first < 0.7, second - first


def test_clear_drops_what_is_queued(box, backend, make_phone, bot):
    phone, talk = talk_to(bot, box, backend, make_phone)
    talk.wait_event("connected")
    talk.say(tone(500, 30, 16000), 16000, pace=False)
    talk.send({"action": "notify", "payload": {}})
    phone.listen(1)
    assert power_at(phone.listen(0.4), 500) > -20
    talk.send({"action": "clear"})
    talk.wait_event("cleared", 2)
    phone.listen(0.3)  # what the phone's network holds
    assert level(phone.listen(0.5)) < -60
    # The empty queue is cleared as well, and new sound is heard.
    talk.send({"action": "clear"})
    talk.wait_text(lambda m: talk.count("cleared") == 2, 2)
    talk.say(tone(700, 1, 16000), 16000, pace=False)
    phone.listen(0.2)
    assert power_at(phone.listen(0.5), 700) > -20
    assert talk.count("notify") == 0


@pytest.mark.parametrize("drops", [False, True], ids=["close", "drop"])
def test_a_bot_that_goes_is_told_with_disconnected_and_may_be_replaced(box, backend, make_phone, bot, drops):
    backend.replies["/event"] = lambda r: (
        [{"action": "talk", "text": "The assistant has gone, here is the desk."}, {"action": "wait", "timeout": 1}]
        if r.fields.get("status") == "disconnected" else {})
    phone, talk = talk_to(bot, box, backend, make_phone, headers={"who": "bot"})
    talk.wait_event("connected")
    phone.listen(0.2)
    talk.drop() if drops else talk.close()
    gone = outbound(backend, "disconnected")
    assert gone["headers"] == {"who": "bot"} and gone["to"] == bot.uri + "/talk?id=7" and gone["conversation_uuid"]
    assert level(phone.listen(1.5)) > -45, "the caller hears the replacement"
    assert phone.ended.wait(15)
    backend.wait_status("completed", direction="inbound")
    assert leg_statuses(backend, gone["uuid"]) == ["started", "answered", "disconnected", "completed"]


def test_without_another_script_the_call_ends_with_the_bot(box, backend, make_phone, bot):
    phone, talk = talk_to(bot, box, backend, make_phone)
    talk.wait_event("connected")
    talk.close(1001)
    assert phone.ended.wait(5)
    gone = outbound(backend, "disconnected")
    backend.wait_status("completed", direction="inbound")
    assert leg_statuses(backend, gone["uuid"]) == ["started", "answered", "disconnected", "completed"]


def test_a_hang_up_by_rest_is_no_disconnect(box, backend, make_phone, bot):
    phone, talk = talk_to(bot, box, backend, make_phone)
    talk.wait_event("connected")
    uuid = outbound(backend, "answered")["uuid"]
    assert box.http("PUT", f"/v1/calls/{uuid}", box.token(), {"action": "hangup"})[0] == 204
    assert talk.closed.wait(5) and talk.code == 1000
    assert phone.ended.wait(5)
    backend.wait_status("completed", direction="inbound")
    assert leg_statuses(backend, uuid) == ["started", "answered", "completed"]


def test_a_bot_is_called_by_rest(box, backend, bot):
    body = {
        "to": [{"type": "websocket", "uri": bot.uri + "/rest", "content-type": "audio/l16;rate=8000"}],
        "ncco": [{"action": "talk", "text": "Hello, machine. This is a call from the box."}]}
    status, call = box.http("POST", "/v1/calls", box.token(), body)
    assert status == 201, call
    talk = bot.wait()
    talk.wait_event("connected")
    assert level(talk.listen(2)) > -45
    assert talk.closed.wait(15) and talk.code == 1000
    assert outbound(backend, "completed")["uuid"] == call["uuid"]


@pytest.mark.parametrize("cause", ["nobody", "status", "silent", "no http", "unresolvable"])
def test_a_bot_that_cannot_be_reached(box, backend, make_phone, make_bot, cause):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    uri = f"ws://127.0.0.1:{port}/"
    if cause == "nobody":
        listener.close()
    elif cause == "status":
        uri = make_bot(status=403).uri
    elif cause == "no http":
        def answer():
            peer, _ = listener.accept()
            peer.recv(4096)
            peer.sendall(b"220 mail.example ESMTP\r\n")
            peer.close()
        threading.Thread(target=answer, daemon=True).start()
    elif cause == "unresolvable":
        uri = "ws://no-such-host.invalid/"
    # The event's answer is the next script.
    backend.replies["/event"] = lambda r: (
        [{"action": "talk", "text": "The assistant cannot be reached."}]
        if r.fields.get("status") in ("failed", "unanswered") else {})
    backend.script = [connect_to(uri, eventType="synchronous", timeout=1 if cause == "silent" else 10)]
    phone = make_phone()
    started = time.monotonic()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    fields = outbound(backend, "unanswered" if cause == "silent" else "failed")  # within 10 s
    assert fields["detail"] == ("carrier_timeout" if cause == "silent" else "cannot_route")
    assert cause == "unresolvable" or time.monotonic() - started < 5
    assert level(phone.listen(1.5)) > -45
    listener.close()


@pytest.mark.parametrize("kind", ["vonage", "custom"])
def test_authorization(make_box, backend, make_phone, bot, kind):
    box = make_box(account={"api_key": "abcd1234", "signature_secret": "a secret of the account that is long enough"})
    authorization = {"type": kind}
    if kind == "custom":
        authorization["value"] = "Basic dXNlcjpwYXNz ~!"
    phone, talk = talk_to(bot, box, backend, make_phone, authorization=authorization)
    header = talk.headers["authorization"]
    if kind == "custom":
        assert header == "Basic dXNlcjpwYXNz ~!"
    else:
        claims = jwt.decode(
            header.removeprefix("Bearer "), "a secret of the account that is long enough", algorithms=["HS256"])
        assert claims["api_key"] == "abcd1234" and claims["application_id"]
        assert claims["payload_hash"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def authority(folder, name):
    """A certificate of its own authority for 127.0.0.1: the PEM file of both, and a server context."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256()))
    path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_path)
    return path, context


@pytest.mark.parametrize("trusted", [True, False])
def test_wss_with_a_local_authority(make_box, backend, make_phone, make_bot, tmp_path, trusted):
    path, context = authority(tmp_path, "ours")
    other, _ = authority(tmp_path, "other")
    bot = make_bot(ssl=context)
    box = make_box(webhooks={"trust": str(path if trusted else other)})
    backend.script = [connect_to(bot.uri, 8000), {"action": "wait", "timeout": 5}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    if not trusted:
        assert outbound(backend, "failed")["detail"] == "cannot_route"
        return
    talk = bot.wait()
    talk.wait_event("connected")
    phone.say(tone(440, 3))
    phone.listen(0.5)
    assert power_at(talk.listen(1), 440, 8000) > -20


def test_the_outbound_policy_holds_for_websockets(make_box, backend, make_phone, bot):
    # The backend is on another address of loopback.
    box = make_box(security={"outbound": {"deny": ["127.0.0.3/32"]}})
    backend.script = [connect_to(f"ws://127.0.0.3:{bot.port}/"), {"action": "wait", "timeout": 1}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    assert outbound(backend, "failed")["detail"] == "cannot_route"
    assert "security.outbound denies" in box.log() and not bot.talks


def test_a_flood_is_bounded_and_half_frames_are_put_together(box, backend, make_phone, bot):
    phone, talk = talk_to(bot, box, backend, make_phone, 8000)
    talk.wait_event("connected")
    # Half samples, messages of any size, texts that mean nothing: the stream goes on.
    for message in ["hello", "[]", json.dumps({"action": "dance"}), "x" * 70000, "{\"action\":\"clear\""]:
        talk.send(message)
    data, sizes = tone(600, 2, 8000).tobytes(), [1, 3, 7, 319, 321, 2000, 1]
    while data:
        size = sizes[len(data) % len(sizes)]
        talk.send(data[:size])
        data = data[size:]
    phone.listen(0.5)
    assert power_at(phone.listen(0.8), 600) > -20
    # 90 s at once: 60 s are kept, the rest is dropped, and clear still comes through.
    flooder = threading.Thread(target=talk.say, args=(tone(800, 90, 8000), 8000, False))
    flooder.start()
    flooder.join(20)
    assert not flooder.is_alive()
    talk.send({"action": "notify", "payload": {"late": True}})
    talk.send({"action": "clear"})
    talk.wait_event("cleared", 10)
    assert talk.count("notify") == 0
    phone.listen(0.4)
    assert level(phone.listen(0.4)) < -60
    assert "the newest is dropped" in box.log() and "text message of a websocket ignored" in box.log()
    talk.send({"action": "notify", "payload": 1})
    talk.wait_text(lambda m: m.get("payload") == 1, 2)


def test_a_bot_that_stops_reading_does_no_harm(box, backend, make_phone):
    """A peer that shakes hands and then neither reads nor answers; the caller's call and its sound go on."""
    import base64
    import hashlib

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    backend.script = [connect_to(f"ws://127.0.0.1:{listener.getsockname()[1]}/", 48000)]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    listener.settimeout(10)
    peer, _ = listener.accept()
    request = b""
    while b"\r\n\r\n" not in request:
        request += peer.recv(4096)
    key = next(line.split(b":")[1].strip() for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    # Its first sound is in the packet of its answer.
    sound = tone(600, 1, 48000).tobytes()
    frames = b"".join(b"\x82\x7e" + (1920).to_bytes(2, "big") + sound[i: i + 1920] for i in range(0, len(sound), 1920))
    peer.sendall((
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode() + frames)
    phone.wait_answer()
    phone.listen(0.2)
    assert power_at(phone.listen(0.5), 600) > -20
    # Requests whose answers nobody reads are taken no faster than answers go.
    peer.setblocking(False)
    text = b'{"action":"clear"}'
    message = bytes([0x81, len(text)]) + text
    sent, until = 0, time.monotonic() + 6
    while time.monotonic() < until:
        try:
            sent += peer.send(message * 100)
        except BlockingIOError:
            time.sleep(0.01)
    assert "its sound is dropped" in box.log()
    assert sent < 30_000_000, "nothing holds the peer back"
    assert box.http("GET", "/health")[0] == 200
    phone.hang_up()
    assert phone.ended.wait(5)
    outbound(backend, "completed")
    peer.close()
    listener.close()
