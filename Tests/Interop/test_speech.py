"""Speech inputs with real sound: what a caller says is in the event."""

from support.box import NUMBER
from support.files import decode, fetch
from support.voice import speech

MENU = ["yes please", "open the door", "support", "billing"]


def said(backend, timeout=20):
    """The `input` event: told by its speech, since it has no status."""
    return backend.wait(lambda r: "speech" in (r.fields or {}), timeout).fields


def test_a_phrase_of_the_context_is_recognised_saved_and_told(box, backend, make_phone):
    backend.script = [
        {"action": "input", "type": ["speech"], "speech": {"context": MENU, "endOnSilence": 0.6, "saveAudio": True}},
        {"action": "talk", "text": "Thank you."}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.say(speech("open the door"))
    event = said(backend)
    assert set(event) == {"dtmf", "speech", "from", "to", "uuid", "conversation_uuid", "timestamp"}
    assert event["dtmf"] == {"digits": None, "timed_out": False}
    assert event["speech"]["timeout_reason"] == "end_on_silence_timeout" and "error" not in event["speech"]
    [result] = event["speech"]["results"]
    assert result["text"] == "open the door" and isinstance(result["confidence"], str) and float(result["confidence"]) > 0.5
    status, headers, body = fetch(event["speech"]["recording_url"], box.token())
    assert status == 200 and headers["Content-Type"] == "audio/wav"
    rate, [samples] = decode(body, "wav")
    assert rate == 16000 and 0.8 < len(samples) / rate < 4 and abs(samples).max() > 1000
    assert phone.ended.wait(15), "the script went on"
    kinds = [e["type"] for e in backend.events("/rtc")]
    assert kinds.index("audio:asr:done") < kinds.index("audio:asr:record:done") < kinds.index("audio:say")


def test_nobody_speaks_and_the_input_ends_at_its_start_timeout(box, backend, make_phone):
    backend.script = [{"action": "input", "type": ["speech"], "speech": {"startTimeout": 1, "context": MENU}}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    assert said(backend)["speech"] == {"results": [], "timeout_reason": "start_timeout"}


def test_of_keys_and_speech_the_first_wins(box, backend, make_phone):
    backend.script = [
        {"action": "talk", "text": "Say or press something, I shall go on and on until you do.", "bargeIn": True, "loop": 0},
        {"action": "input", "type": ["dtmf", "speech"], "dtmf": {"maxDigits": 2}, "speech": {"context": MENU}}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.listen(1)
    phone.press("42")
    event = said(backend)
    assert event["dtmf"] == {"digits": "42", "timed_out": False} and event["speech"] == {"results": []}


def test_speech_interrupts_a_prompt(box, backend, make_phone):
    backend.script = [
        {"action": "talk", "text": "Say something, I shall go on and on until you do.", "bargeIn": True, "loop": 0},
        {"action": "input", "type": ["speech"], "speech": {"context": MENU, "endOnSilence": 0.6}}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.listen(1)
    phone.say(speech("yes please"))
    event = said(backend)
    assert event["speech"]["results"][0]["text"] == "yes please"


def test_an_external_recogniser_and_one_that_fails(make_box, backend, make_phone, tmp_path):
    command = tmp_path / "recogniser"
    command.write_text(
        '#!/bin/sh\nbytes=$(wc -c)\n[ "$SWITCHHOOK_LANGUAGE" = pt-BR ] || { echo \'{"error":"unknown language"}\'; exit; }\n'
        '[ "$bytes" -gt 16000 ] && echo \'{"results":[{"text":"abra a porta","confidence":0.75}]}\'\n')
    command.chmod(0o755)
    box = make_box(speech={"recognizer": str(command)})
    for language, expected in [
            ("pt-BR", {"results": [{"text": "abra a porta", "confidence": "0.7500"}], "timeout_reason": "end_on_silence_timeout"}),
            ("fr-FR", {"results": [], "timeout_reason": "end_on_silence_timeout",
                       "error": "ERR1: Failed to analyze audio: speech.recognizer: unknown language"})]:
        backend.requests.clear()
        backend.script = [{"action": "input", "type": ["speech"], "speech": {"language": language, "endOnSilence": 0.5}}]
        phone = make_phone()
        phone.call(NUMBER, box.sip_port)
        phone.wait_answer()
        phone.say(speech("abra a porta", "pt-br"))
        assert said(backend)["speech"] == expected
        assert phone.ended.wait(10)
