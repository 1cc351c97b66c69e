"""sipp as caller and callee, baresip as a phone with Opus and SRTP, G.722 and L16."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.box import NUMBER, free_port
import socket

SCENARIOS = Path(__file__).parent / "sipp"


def sipp(*arguments, timeout=60):
    done = subprocess.run(
        ["sipp", "-nostdin", "-timeout", "30", "-timeout_error", *map(str, arguments)], capture_output=True, text=True,
        timeout=timeout)
    assert done.returncode == 0, f"sipp ended with {done.returncode}\n{done.stdout[-2500:]}\n{done.stderr[-1500:]}"


@pytest.fixture
def callee():
    """A sipp that answers every call; its port."""
    port = free_port(socket.SOCK_DGRAM)
    process = subprocess.Popen(
        ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-nostdin"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    yield port
    process.send_signal(signal.SIGKILL)
    process.wait(5)


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_sipp_calls_through_to_sipp(box, backend, callee, transport):
    backend.script = [{"action": "connect", "endpoint": [{"type": "sip", "uri": f"sip:bob@127.0.0.1:{callee}"}]}]
    sipp("-sn", "uac", "-s", NUMBER, "-i", "127.0.0.1", "-m", 20, "-r", 20, "-d", 200, "-t", transport,
         f"127.0.0.1:{box.sip_port}")
    for _ in range(100):
        if sum(e.get("status") == "completed" for e in backend.events()) == 40:
            break
        time.sleep(0.1)
    completed = [e for e in backend.events() if e.get("status") == "completed"]
    assert len(completed) == 40


BARESIP = """
sip_listen 127.0.0.1:{port}
audio_player aufile,{folder}/heard.wav
audio_source ausine,{tone}
audio_alert aufile,{folder}/alert.wav
ausrc_srate 48000
ausrc_channels 2
auplay_srate 48000
audio_level no
jitter_buffer_delay 0-10
rtp_ports {rtp}-{rtp_end}
module_path /usr/lib/baresip/modules
module stdio.so
module opus.so
module g711.so
module g722.so
module l16.so
module sndfile.so
snd_path {folder}
module srtp.so
module aufile.so
module ausine.so
module uuid.so
module_app account.so
module_app menu.so
"""


@pytest.fixture
def baresip(tmp_path, request):
    account = getattr(request, "param", "audio_codecs=opus/48000/2;mediaenc=srtp-mand")
    folder = tmp_path / "baresip"
    folder.mkdir()
    port = free_port(socket.SOCK_DGRAM)
    rtp = 18000 + port % 1000 * 2
    (folder / "config").write_text(BARESIP.format(port=port, folder=folder, tone=440, rtp=rtp, rtp_end=rtp + 40))
    (folder / "accounts").write_text(
        f"<sip:kiosk@127.0.0.1>;regint=0;{account};answermode=auto\n")
    process = subprocess.Popen(
        ["baresip", "-f", folder], stdin=subprocess.PIPE, stdout=open(folder / "log.txt", "wb"),
        stderr=subprocess.STDOUT)
    for _ in range(100):
        if b"baresip is ready" in (folder / "log.txt").read_bytes():
            break
        time.sleep(0.1)
    yield port, folder, process
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()


def test_baresip_answers_with_opus_and_srtp(box, backend, make_phone, baresip):
    port, folder, process = baresip
    backend.script = [{"action": "connect", "endpoint": [
        {"type": "sip", "uri": f"sip:kiosk@127.0.0.1:{port};media=srtp"}]}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.listen(1)
    from support.sound import strength
    heard = phone.listen(2)
    assert strength(heard, 440) > 0.8, "the tone that baresip plays is not heard"
    log = (folder / "log.txt").read_text(errors="replace")
    assert re.search(r"opus", log, re.I)
    phone.hang_up()
    backend.wait_status("completed", direction="outbound")


@pytest.mark.parametrize("baresip,codec,ptime", [
    ("audio_codecs=G722/16000/1", "g722", 20), ("audio_codecs=L16/16000/1;ptime=10", "l16/16000", 10),
    ("audio_codecs=PCMU/8000/1;ptime=40", "pcmu", 40),
], indirect=["baresip"])
def test_baresip_speaks_other_codecs(box, backend, make_phone, baresip, codec, ptime):
    """Wide codecs and packet times of baresip's choice, both ways."""
    from support.sound import level, power_at, tone
    port, folder, process = baresip
    backend.script = [{"action": "connect", "endpoint": [
        {"type": "sip", "uri": f"sip:kiosk@127.0.0.1:{port};codec={codec}"}]}]
    phone = make_phone()
    phone.say(tone(1000, 6))
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    phone.listen(1)
    heard = phone.listen(2)
    assert power_at(heard, 440) > level(heard) - 2, "the tone that baresip plays is not heard"
    time.sleep(0.5)
    phone.hang_up()
    backend.wait_status("completed", direction="outbound")
    import wave
    import numpy as np
    time.sleep(0.3)
    process.terminate()
    process.wait(5)
    (dump,) = folder.glob("dump-*-dec.wav")
    with wave.open(str(dump)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)[::file.getnchannels()]
    middle = sound[len(sound) // 3:len(sound) * 2 // 3].astype(float)
    assert power_at(middle, 1000, rate) > level(middle) - 2, "baresip does not hear the phone's tone"
