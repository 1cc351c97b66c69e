"""The Voice API drives calls: what a REST client, its webhooks and the phones see and hear."""

import time

import pytest

from support.box import NUMBER
from support.sound import power_at, tone


class Api:
    """`/v1/calls` with an application token."""

    def __init__(self, box):
        self.box, self.token = box, box.token()

    def __call__(self, method, path="", body=None, expect=None):
        status, reply = self.box.http(method, f"/v1/calls{path}", token=self.token, body=body)
        assert expect is None or status == expect, (method, path, status, reply)
        return reply

    def place(self, phone, **fields):
        body = {"to": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{phone.port}"}], "ncco": [wait()], **fields}
        return self("POST", body={k: v for k, v in body.items() if v is not None}, expect=201)


def wait(seconds=60):
    return {"action": "wait", "timeout": seconds}


@pytest.fixture
def api(box):
    return Api(box)


def test_a_call_from_create_to_hangup(api, backend, make_phone):
    bob = make_phone("bob")
    seen = []
    backend.replies["/event"] = lambda r: seen.append((time.monotonic(), r.fields["status"])) or {}
    made = api.place(bob)
    replied = time.monotonic()
    assert made["status"] == "started" and made["direction"] == "outbound"
    uuid, conversation = made["uuid"], made["conversation_uuid"]
    assert api("GET", f"/{uuid}", expect=200)["status"] in ("started", "ringing", "answered")
    backend.wait_status("answered", uuid=uuid)
    assert seen[0][1] == "started" and seen[0][0] > replied - 0.002, "started came before the 201"
    call = api("GET", f"/{uuid.upper().replace('-', '')}", expect=200)
    assert call["status"] == "answered" and call["conversation_uuid"] == conversation
    assert call["to"] == {"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}
    assert call["_links"]["self"]["href"].endswith(f"/v1/calls/{uuid}")
    api("PUT", f"/{uuid}", {"action": "hangup"}, expect=204)
    assert bob.ended.wait(3)
    completed = backend.wait_status("completed").fields
    assert completed["disconnected_by"] == "platform" and completed["sip_code"] == 200
    assert [s for _, s in seen] == ["started", "ringing", "answered", "completed"]
    assert set(completed) >= {"start_time", "end_time", "duration", "rate", "price", "network", "headers", "from", "to"}
    for body in ({"action": "hangup"}, {"action": "mute"}, {"action": "earmuff"},
                 {"action": "transfer", "destination": {"type": "ncco", "ncco": []}}):
        error = api("PUT", f"/{uuid}", body, expect=404)
        assert error["title"] == "Not Found" and uuid in error["detail"] and len(error["instance"]) == 32
    for path, body in (("talk", {"text": "x"}), ("stream", {"stream_url": ["http://h/a"]}), ("dtmf", {"digits": "1"})):
        api("PUT", f"/{uuid}/{path}", body, expect=404)
    ended = api("GET", f"/{uuid}", expect=200)
    assert ended["status"] == "completed" and ended["duration"].isdigit() and ended["end_time"].endswith("Z")


def test_answer_url_is_asked_when_the_callee_answers(api, backend, make_phone):
    bob = make_phone("bob")
    bob.auto_answer = 180
    backend.replies["/mine"] = lambda r: [{"action": "talk", "text": "hello"}]
    made = api.place(
        bob, ncco=None, answer_url=[f"{backend.url}/mine"], answer_method="POST", event_url=[f"{backend.url}/calls"],
        event_method="GET", ringing_timer=1)
    backend.wait(lambda r: r.path == "/calls" and r.query.get("status") == "timeout")
    assert not any(r.path == "/mine" for r in backend.requests)
    assert api("GET", f"/{made['uuid']}")["status"] == "timeout"
    carol = make_phone("carol")
    made = api.place(
        carol, ncco=None, answer_url=[f"{backend.url}/mine"], answer_method="POST", event_url=[f"{backend.url}/calls"],
        event_method="GET")
    asked = backend.wait(lambda r: r.path == "/mine")
    assert asked.method == "POST" and asked.fields["uuid"] == made["uuid"]
    assert asked.fields["conversation_uuid"] == made["conversation_uuid"] and asked.fields["endpoint_type"] == "sip"
    backend.wait(lambda r: r.path == "/calls" and r.query.get("status") == "completed")
    assert backend.events() == [], "the application's own event_url was told too"


def test_length_timer_ends_the_call(api, backend, make_phone):
    bob = make_phone("bob")
    api.place(bob, length_timer=1)
    done = backend.wait_status("completed").fields
    assert done["disconnected_by"] == "platform" and int(done["duration"]) == 1


def test_mute_and_earmuff_are_heard_at_once(api, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}]}]
    alice.call(NUMBER, api.box.sip_port)
    alice.wait_answer()
    uuid = backend.wait_status("answered", direction="inbound").fields["uuid"]
    alice.say(tone(440, 60))
    bob.say(tone(620, 60))
    hears = lambda phone, pitch: power_at(phone.listen(0.6)[1600:], pitch) > -30  # noqa: E731
    assert hears(bob, 440) and hears(alice, 620)
    for action, at_bob, at_alice in (
            ("mute", False, True), ("mute", False, True), ("earmuff", False, False), ("unmute", True, False),
            ("unearmuff", True, True)):
        api("PUT", f"/{uuid}", {"action": action}, expect=204)
        assert (hears(bob, 440), hears(alice, 620)) == (at_bob, at_alice), action
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert [k for k in kinds if k.startswith(("audio:mute", "audio:earmuff"))] == [
        "audio:mute:on", "audio:earmuff:on", "audio:mute:off", "audio:earmuff:off"]
    assert not any(e.get("status") == "completed" for e in backend.events())


def test_talk_and_stream_reach_the_one_leg_and_stop(api, backend, make_phone, tmp_path):
    import scipy.io.wavfile
    wav = tmp_path / "tone.wav"
    scipy.io.wavfile.write(wav, 8000, tone(1000, 2))
    backend.replies["/tone.wav"] = lambda r: (200, wav.read_bytes())
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}]}]
    alice.call(NUMBER, api.box.sip_port)
    alice.wait_answer()
    uuid = backend.wait_status("answered", direction="inbound").fields["uuid"]
    reply = api("PUT", f"/{uuid}/stream", {"stream_url": [f"{backend.url}/tone.wav"], "loop": 0, "level": "0"}, expect=200)
    assert reply == {"message": "Stream started", "uuid": uuid}
    backend.wait(lambda r: r.path == "/tone.wav")
    alice.listen(0.3)
    assert power_at(alice.listen(0.6), 1000) > -30 and power_at(bob.listen(0.4), 1000) < -50
    assert api("DELETE", f"/{uuid}/stream", expect=200) == {"message": "Stream stopped", "uuid": uuid}
    alice.listen(0.2)
    assert power_at(alice.listen(0.5), 1000) < -50
    assert api("DELETE", f"/{uuid}/stream", expect=200)["message"] == "Stream stopped"
    assert api("PUT", f"/{uuid}/talk", {"text": "Attention please. " * 5, "level": "0.5"}, expect=200)["message"] == "Talk started"
    backend.wait(lambda r: r.path == "/rtc" and r.fields["type"] == "audio:say")
    assert api("DELETE", f"/{uuid}/talk", expect=200)["message"] == "Talk stopped"
    backend.wait(lambda r: r.path == "/rtc" and r.fields["type"] == "audio:say:done")
    api("PUT", f"/{uuid}/stream", {"stream_url": [f"{backend.url}/none"]}, expect=200)
    backend.replies["/none"] = lambda r: (404, b"no")
    api("PUT", f"/{uuid}/stream", {"stream_url": [f"{backend.url}/none"]}, expect=200)
    backend.wait(lambda r: r.path == "/event" and "reason" in (r.fields or {}))
    assert not alice.ended.is_set()


def test_keys_go_out_and_come_in_one_by_one(api, backend, make_phone):
    bob = make_phone("bob")
    uuid = api.place(bob)["uuid"]
    backend.wait_status("answered")
    assert api("PUT", f"/{uuid}/dtmf", {"digits": "12#"}, expect=200) == {"message": "DTMF sent", "uuid": uuid}
    deadline = time.monotonic() + 5
    keys = set()
    while len(keys) < 3 and time.monotonic() < deadline:
        bob.listen(0.2, timeout=0.3)
        keys = {p[3][0] for p in list(bob.packets) if p[2] == 101}
    assert keys == {1, 2, 11}
    api("PUT", f"/{uuid}/input/dtmf", {"event_url": [f"{backend.url}/keys"]}, expect=200)
    bob.press("7*")
    backend.wait(lambda r: r.path == "/keys" and r.fields["dtmf"]["digits"] == "*")
    told = backend.events("/keys")
    assert [k["dtmf"] for k in told] == [{"digits": "7", "timed_out": False}, {"digits": "*", "timed_out": False}]
    assert all(k["uuid"] == uuid and k["speech"] == {"results": []} and "status" not in k for k in told)
    api("DELETE", f"/{uuid}/input/dtmf", expect=200)
    bob.press("5")
    backend.wait(lambda r: r.path == "/rtc" and r.fields["body"].get("digit") == "5")
    assert len(backend.events("/keys")) == 2


def test_orders_before_the_answer(api, backend, make_phone):
    bob = make_phone("bob")
    bob.auto_answer = 180
    uuid = api.place(bob)["uuid"]
    backend.wait_status("ringing")
    for path, body in (("/talk", {"text": "x"}), ("/dtmf", {"digits": "1"}),
                       ("", {"action": "transfer", "destination": {"type": "ncco", "ncco": []}})):
        error = api("PUT", f"/{uuid}{path}", body, expect=400)
        assert "not answered" in error["detail"]
    api("PUT", f"/{uuid}", {"action": "hangup"}, expect=204)
    cancelled = backend.wait_status("cancelled").fields
    assert cancelled["uuid"] == uuid and bob.ended.wait(3)


def test_transfer_by_script_and_by_url(api, backend, make_phone):
    alice, bob = make_phone(), make_phone("bob")
    backend.script = [{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{bob.port}"}]}]
    alice.call(NUMBER, api.box.sip_port)
    alice.wait_answer()
    first = backend.wait_status("answered", direction="inbound").fields
    uuid = first["uuid"]
    api("PUT", f"/{uuid}", {
        "action": "transfer", "destination": {"type": "ncco", "ncco": [
            {"action": "talk", "text": "You are now somewhere else. " * 3}, wait()]}}, expect=204)
    moved = backend.wait(lambda r: r.path == "/event" and r.fields.get("type") == "transfer").fields
    assert set(moved) == {"type", "uuid", "conversation_uuid_from", "conversation_uuid_to", "timestamp"}
    assert moved["uuid"] == uuid and moved["conversation_uuid_from"] == first["conversation_uuid"]
    assert bob.ended.wait(3), "the one left alone stays on the line"
    assert api("GET", f"/{uuid}")["conversation_uuid"] == moved["conversation_uuid_to"]
    from support.sound import level
    assert level(alice.listen(1.5)) > -45
    backend.replies["/next"] = lambda r: [{"action": "notify", "payload": {"here": 1}, "eventUrl": [f"{backend.url}/note"]}]
    api("PUT", f"/{uuid}", {"action": "transfer", "destination": {"type": "ncco", "url": [f"{backend.url}/next"]}}, expect=204)
    asked = backend.wait(lambda r: r.path == "/next")
    assert asked.method == "GET" and asked.query["uuid"] == uuid and asked.query["from"] == "441632960001"
    note = backend.wait(lambda r: r.path == "/note").fields
    assert note["payload"] == {"here": 1} and note["conversation_uuid"] == asked.query["conversation_uuid"]
    assert alice.ended.wait(3)
    completed = backend.wait_status("completed", direction="inbound").fields
    assert completed["conversation_uuid"] == asked.query["conversation_uuid"]


def test_the_list_is_filtered_and_paged(api, backend, make_phone):
    phones = [make_phone(f"p{i}") for i in range(3)]
    made = [api.place(p)["uuid"] for p in phones]
    for uuid in made:
        backend.wait_status("answered", uuid=uuid)
    api("PUT", f"/{made[0]}", {"action": "hangup"}, expect=204)
    backend.wait_status("completed")
    page = api("GET", "?status=answered&order=desc&page_size=1", expect=200)
    assert page["count"] == 2 and page["_embedded"]["calls"][0]["uuid"] == made[2]
    following = page["_links"]["next"]["href"]
    assert following.startswith(f"http://127.0.0.1:{api.box.http_port}/v1/calls?")
    last = api("GET", following.split("/v1/calls")[1], expect=200)
    assert last["_embedded"]["calls"][0]["uuid"] == made[1] and "next" not in last["_links"]
    assert api("GET", "?status=human", expect=400)["invalid_parameters"][0]["name"] == "status"
    assert api.box.http("GET", "/v1/calls")[0] == 401


COMMON = {"headers", "from", "to", "uuid", "conversation_uuid", "status", "direction", "timestamp"}


def test_every_field_of_the_events_of_a_call(api, backend, make_phone):
    """voice-webhooks §9.6 and §9.8, field by field."""
    bob = make_phone("bob")
    backend.replies["/mine"] = lambda r: [wait()]
    made = api.place(bob, ncco=None, answer_url=[f"{backend.url}/mine"], **{"from": {"type": "phone", "number": "441632960100"}})
    uuid, first = made["uuid"], made["conversation_uuid"]
    backend.wait(lambda r: r.path == "/mine")
    api("PUT", f"/{uuid}", {"action": "transfer", "destination": {"type": "ncco", "ncco": [wait()]}}, expect=204)
    moved = backend.wait(lambda r: r.path == "/event" and r.fields.get("type") == "transfer").fields
    second = moved["conversation_uuid_to"]
    api("PUT", f"/{uuid}", {"action": "hangup"}, expect=204)
    backend.wait_status("completed")
    events = backend.events()
    assert [e.get("status", e.get("type")) for e in events] == ["started", "ringing", "answered", "transfer", "completed"]
    started, ringing, answered, _, completed = events
    common = {"headers": {}, "from": "441632960100", "to": f"sip:bob@127.0.0.1:{bob.port}", "uuid": uuid,
              "direction": "outbound"}
    for event, status, conversation, extra in (
            (started, "started", first, {}), (ringing, "ringing", first, {}),
            (answered, "answered", first, {"start_time": None, "rate": None, "network": None}),
            (completed, "completed", second, {
                "start_time": answered["timestamp"], "end_time": completed["timestamp"], "duration": completed["duration"],
                "rate": "0.00", "price": "0", "network": None, "sip_code": 200, "disconnected_by": "platform"})):
        assert event == {**common, "status": status, "conversation_uuid": conversation,
                         "timestamp": event["timestamp"], **extra}
        assert event["timestamp"].endswith("Z") and len(event["timestamp"]) == 24
    assert moved == {"type": "transfer", "uuid": uuid, "conversation_uuid_from": first,
                     "conversation_uuid_to": second, "timestamp": moved["timestamp"]}
    assert [e["timestamp"] for e in events] == sorted(e["timestamp"] for e in events)
    asked = backend.wait(lambda r: r.path == "/mine").query
    assert {k: v for k, v in asked.items() if k != "region_url"} == {
        "from": "441632960100", "to": common["to"], "uuid": uuid, "conversation_uuid": first, "endpoint_type": "sip"}
    # Each conversation has a queue of its own.
    for conversation in (first, second):
        backend.wait(lambda r: r.path == "/rtc" and (r.fields["type"], r.fields.get("conversation_id")) == (
            "conversation:deleted", conversation))
    kinds = [(e["type"], e.get("conversation_id")) for e in backend.events("/rtc")]
    move = [k for k in kinds if k[1] == second][:4]
    assert move == [(kind, second) for kind in ("conversation:created", "rtc:transfer", "member:joined", "member:media")]
    assert ("member:left", first) in kinds and ("conversation:deleted", first) in kinds


def test_an_extension_is_called_by_its_name(make_box, backend, make_phone):
    desk = make_phone("desk")
    api = Api(make_box(users={"204": {"contact": f"sip:desk@127.0.0.1:{desk.port}"}}))
    made = api("POST", body={"to": [{"type": "vbc", "extension": "204"}], "ncco": [wait()]}, expect=201)
    backend.wait_status("answered", to="204")
    assert api("GET", f"/{made['uuid']}")["to"] == {"type": "vbc", "extension": "204"}
    api("PUT", f"/{made['uuid']}", {"action": "hangup"}, expect=204)
    assert desk.ended.wait(3)
