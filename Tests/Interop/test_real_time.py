"""Media threads under load: nothing is allocated and no lock is taken, counted by what is preloaded into the daemon."""

import pytest

from support.box import NUMBER
from support.card import VirtualCard
from support.mediawatch import MediaWatch
from support.sound import power_at, tone

DIRECT, ROOM, WIDE, KIOSK = (NUMBER[:-1] + digit for digit in "1234")


@pytest.fixture
def card():
    card = VirtualCard()
    yield card
    card.close()


def test_media_threads_neither_allocate_nor_lock_under_load(make_box, backend, make_phone, card, tmp_path):
    watch = MediaWatch(tmp_path)
    # Preloaded into the daemon, not into the commands beside it.
    box = make_box(
        start=False, env={**card.env, **watch.env},
        users={"kiosk": {"device": {"playback": ["kiosk"], "capture": ["kiosk"]}, "auto_answer": True}},
        numbers={number: {"application": "test"} for number in (DIRECT, ROOM, WIDE, KIOSK)}, media={"workers": 2})
    box.start()
    box.env = card.env
    far = make_phone("far")
    endpoint = {
        DIRECT: {"type": "sip", "uri": f"sip:far@127.0.0.1:{far.port}"},
        # The box calls itself: Opus and SRTP at both ends, mixed with PCMU at one and with a room at the other.
        WIDE: {"type": "sip", "uri": f"sip:{ROOM}@127.0.0.1:{box.sip_port};media=srtp;codec=opus"},
        KIOSK: {"type": "app", "user": "kiosk"},
    }

    def script(request):
        number = request.query["to"]
        if number == ROOM:
            return [{"action": "conversation", "name": "room", "record": True}]
        return [{"action": "connect", "endpoint": [endpoint[number]]}]

    backend.script = script
    phones = {number: make_phone() for number in (DIRECT, WIDE, ROOM, KIOSK)}
    for number, phone in phones.items():
        phone.call(number, box.sip_port)
        phone.wait_answer()
        phone.say(tone(900 if number == WIDE else 400, 12))
    assert far.answered.wait(5)
    far.say(tone(700, 12))
    for phone in phones.values():
        phone.listen(0.2)
    call = backend.wait(lambda r: r.path == "/answer" and r.query["to"] == ROOM).query["uuid"]
    watch.arm()
    # A prompt and a key meanwhile.
    status, answer = box.http("PUT", f"/v1/calls/{call}/talk", box.token(), {"text": "Ten phones are in this room"})
    assert status == 200, answer
    phones[WIDE].press("5")
    before = {number: len(phone.packets) for number, phone in phones.items()}
    heard = phones[ROOM].listen(2)
    counts = watch.disarm()
    for number, phone in phones.items():
        assert len(phone.packets) - before[number] > 80, number
    assert power_at(heard, 900) > -30, "what goes by Opus and SRTP is not heard in the room"
    assert counts["others"]["own"]["allocated"] > 100 and counts["others"]["own"]["locked"] > 100, counts
    threads = {name: count for name, count in counts.items() if name != "others"}
    assert set(threads) == {"media-0", "media-1", "sound"}, counts
    for name, count in threads.items():
        assert count["turns"] > 100, counts
        assert not any(count["own"].values()), f"{name}: {counts}\n{watch.traces()}"
