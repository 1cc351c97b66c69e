"""The official Python SDK, unmodified, over TLS: every voice, application and user method."""

import signal
import time

import pytest

from support.box import APPLICATION
from support.sound import power_at, tone
from support.tls import make_authority

vonage = pytest.importorskip("vonage")
from vonage import Auth, HttpClientOptions, Vonage  # noqa: E402
from vonage_application import (  # noqa: E402
    ApplicationConfig, ApplicationUrl, Capabilities, Keys, ListApplicationsFilter, Rtc, RtcWebhooks, Voice, VoiceUrl,
    VoiceWebhooks)
from vonage_http_client.errors import AuthenticationError, HttpRequestError, NotFoundError  # noqa: E402
from vonage_users import Channels, ListUsersFilter, PstnChannel, Properties, SipChannel, User  # noqa: E402
from vonage_voice import CreateCallRequest, ListCallsFilter, Sip, Talk, TtsStreamOptions, AudioStreamOptions  # noqa: E402

KEY, SECRET, SIGNATURE = "abcd1234", "Secret1234abcd", "a signature secret of more than 32 bytes"


@pytest.fixture
def tls_box(make_box, tmp_path, monkeypatch):
    ca, certificate, key = make_authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
    return make_box(
        authority=str(ca), http={"tls_certificate": str(certificate), "tls_private_key": str(key)},
        account={"api_key": KEY, "api_secret": SECRET, "signature_secret": SIGNATURE})


def client(box, application=APPLICATION, private_key=None, secret=SECRET):
    pem = private_key or (box.state / "keys" / f"{application}.private.pem").read_text()
    return Vonage(
        Auth(api_key=KEY, api_secret=secret, application_id=application, private_key=pem, signature_secret=SIGNATURE),
        HttpClientOptions(api_host=f"127.0.0.1:{box.http_port}", timeout=10, max_retries=0))


def test_voice(tls_box, backend, make_phone, tmp_path):
    import scipy.io.wavfile
    wav = tmp_path / "tone.wav"
    scipy.io.wavfile.write(wav, 8000, tone(1000, 2))
    backend.replies["/tone.wav"] = lambda r: (200, wav.read_bytes())
    voice = client(tls_box).voice
    bob = make_phone("bob")
    made = voice.create_call(CreateCallRequest(
        ncco=[Talk(text="Hello from the box. " * 40)], to=[Sip(uri=f"sip:bob@127.0.0.1:{bob.port}")],
        random_from_number=True, length_timer=60, ringing_timer=10, machine_detection="continue"))
    assert made.status == "started" and made.direction == "outbound"
    uuid = made.uuid
    answered = backend.wait_status("answered", uuid=uuid)

    # The SDK's own check of our signature.
    token = answered.headers["Authorization"].split()[1]
    assert voice.verify_signature(token, SIGNATURE) is True
    assert voice.verify_signature(token, "another secret, as long as the other one") is False

    call = voice.get_call(uuid)
    assert (call.uuid, call.status, call.conversation_uuid) == (uuid, "answered", made.conversation_uuid)
    assert call.to.uri == f"sip:bob@127.0.0.1:{bob.port}" and call.link.startswith("https://127.0.0.1:")
    calls, following = voice.list_calls(ListCallsFilter(status="answered", order="asc"))
    assert [c.uuid for c in calls] == [uuid] and following is None

    for order in (voice.mute, voice.unmute, voice.earmuff, voice.unearmuff):
        order(uuid)
    assert voice.play_audio_into_call(
        uuid, AudioStreamOptions(stream_url=[f"{backend.url}/tone.wav"], loop=0, level=0.5)).message == "Stream started"
    backend.wait(lambda r: r.path == "/tone.wav")
    bob.listen(0.3)
    assert power_at(bob.listen(0.5), 1000) > -30
    assert voice.stop_audio_stream(uuid).message == "Stream stopped"
    assert voice.play_tts_into_call(
        uuid, TtsStreamOptions(text="Hello", language="en-GB", style=1, premium=False, loop=2, level=0.1)
    ).message == "Talk started"
    assert voice.stop_tts(uuid).message == "Talk stopped"
    assert voice.play_dtmf_into_call(uuid, "1*p#").message == "DTMF sent"

    voice.transfer_call_ncco(uuid, [Talk(text="You were transferred. " * 20)])
    backend.wait(lambda r: r.path == "/event" and r.fields.get("type") == "transfer")
    backend.replies["/next"] = lambda r: [{"action": "wait", "timeout": 60}]
    voice.transfer_call_answer_url(uuid, f"{backend.url}/next")
    backend.wait(lambda r: r.path == "/next")
    voice.hangup(uuid)
    assert bob.ended.wait(3)
    backend.wait_status("completed", uuid=uuid)
    with pytest.raises(NotFoundError):
        voice.hangup(uuid)
    with pytest.raises(NotFoundError):
        voice.mute(uuid)
    ended = voice.get_call(uuid)
    assert ended.status == "completed" and ended.rate == "0.00" and ended.duration.isdigit()


def test_a_list_with_every_kind_of_leg_is_parsed(tls_box, backend, make_phone):
    voice = client(tls_box).voice
    alice = make_phone("441632960001")
    backend.script = [{"action": "connect", "endpoint": [{"type": "app", "user": "nobody"}]}]
    alice.call("441632960100", tls_box.sip_port)
    alice.wait_status(lambda s: s >= 400)
    calls, _ = voice.list_calls()
    assert {c.direction for c in calls} == {"inbound", "outbound"}


def test_applications(tls_box, backend, make_phone):
    box = tls_box
    applications = client(box).application
    found, following = applications.list_applications(ListApplicationsFilter(page_size=10, page=1))
    assert [a.id for a in found] == [APPLICATION] and following is None
    config = ApplicationConfig(
        name="Made by API",
        capabilities=Capabilities(
            voice=Voice(webhooks=VoiceWebhooks(
                answer_url=VoiceUrl(address=f"{backend.url}/answer", http_method="GET", connect_timeout=500),
                event_url=VoiceUrl(address=f"{backend.url}/made", http_method="POST", socket_timeout=3000)),
                signed_callbacks=True, conversations_ttl=1, leg_persistence_time=2),
            rtc=Rtc(webhooks=RtcWebhooks(event_url=ApplicationUrl(address=f"{backend.url}/rtc", http_method="POST")))))
    made = applications.create_application(config)
    private_key = made.keys.private_key
    assert made.name == "Made by API" and private_key.startswith("-----BEGIN PRIVATE KEY-----")
    assert made.capabilities.voice.webhooks.answer_url.connect_timeout == 500
    read = applications.get_application(made.id)
    assert read.keys.public_key == made.keys.public_key and read.capabilities == made.capabilities
    assert not hasattr(read.keys, "private_key")

    # It works as an application: its key signs tokens, its webhooks are told, and a restart keeps it.
    box.stop()
    box.start()
    bob = make_phone("bob")
    own = client(box, made.id, private_key)
    call = own.voice.create_call(CreateCallRequest(
        ncco=[Talk(text="hello " * 50)], to=[Sip(uri=f"sip:bob@127.0.0.1:{bob.port}")], random_from_number=True))
    backend.wait(lambda r: r.path == "/made" and r.fields.get("status") == "answered")
    with pytest.raises(NotFoundError):
        client(box).voice.get_call(call.uuid)
    own.voice.hangup(call.uuid)

    config.name, config.keys = "Renamed", Keys(public_key=(box.state / f"keys/{APPLICATION}.public.pem").read_text())
    config.capabilities.rtc = None
    changed = applications.update_application(made.id, config)
    assert changed.name == "Renamed" and changed.capabilities.rtc is None
    with pytest.raises(AuthenticationError):
        own.voice.list_calls()
    found, following = applications.list_applications(ListApplicationsFilter(page_size=1))
    assert len(found) == 1 and following == 2
    applications.delete_application(made.id)
    with pytest.raises(NotFoundError):
        applications.get_application(made.id)
    with pytest.raises(HttpRequestError) as refused:
        applications.delete_application(APPLICATION)
    assert refused.value.response.status_code == 409 and "switchhook.yaml" in refused.value.response.json()["detail"]
    assert not (box.state / f"keys/{made.id}.private.pem").exists()
    keys = len(list((box.state / "keys").glob("*.pem")))
    with pytest.raises(HttpRequestError) as taken:
        applications.create_application(ApplicationConfig(name="test"))
    assert taken.value.response.status_code == 409
    assert len(list((box.state / "keys").glob("*.pem"))) == keys
    with pytest.raises(AuthenticationError):
        client(box, secret="wrong").application.list_applications()


def test_users(tls_box):
    box = tls_box
    users = client(box).users
    made = users.create_user(User(
        name="ann", display_name="Ann", image_url="https://example.com/a.png",
        channels=Channels(pstn=[PstnChannel(number=447700900001)], sip=[SipChannel(uri="sip:ann@example.com")]),
        properties=Properties(custom_data={"Key": "value"})))
    assert made.id.startswith("USR-") and made.link.endswith(f"/v1/users/{made.id}")
    for name in ("bob", "carol"):
        users.create_user(User(name=name))
    assert users.create_user().name.startswith("NAM-")
    box.stop()
    box.start()
    read = users.get_user(made.id)
    assert read.channels.sip[0].uri == "sip:ann@example.com" and read.properties.custom_data == {"Key": "value"}
    seen, cursor = [], None
    for _ in range(5):
        page, cursor = users.list_users(ListUsersFilter(page_size=2, order="asc", cursor=cursor))
        seen += [user.name for user in page]
        if cursor is None:
            break
    assert seen[1:] == ["ann", "bob", "carol"]
    changed = users.update_user(made.id, User(name="anna", display_name="A."))
    assert changed.name == "anna" and changed.image_url == "https://example.com/a.png"
    with pytest.raises(HttpRequestError) as clash:
        users.update_user(made.id, User(name="bob"))
    assert clash.value.response.status_code == 409
    users.delete_user(made.id)
    with pytest.raises(NotFoundError):
        users.get_user(made.id)

    # The file may not take a name that the API has given away: nothing changes, and the log says why.
    box.config["users"] = {"carol": {"display_name": "Carol of the file"}}
    box.config_path
    box.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 5
    while "was made by API already" not in box.log() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "switchhook.yaml:" in box.log().split("was made by API already")[0].splitlines()[-1]
    carol = next(u for u in users.list_users(ListUsersFilter(name="carol"))[0])
    assert carol.display_name is None
