"""The sample Applications of Config/applications, each called by its own script, and the scripted caller itself."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest

from support.box import BINARY, ROOT, Box, free_port, rtp_range
from support.files import decode, fetch
from support.sound import power_at

SAMPLES = ROOT / "Config/applications"


class Sample(Box):
    """A box that runs a sample's own configuration, on ports of the test's own."""

    def __init__(self, folder, source):
        super().__init__(folder)
        self.home = folder / "sample"
        shutil.copytree(SAMPLES.parent, self.home)
        self.file = self.home / "applications" / source
        self.backend_port = free_port()
        first, last = rtp_range()
        for path in [*self.file.parent.glob("*.yaml"), *self.file.parent.glob("*.json")]:
            path.write_text(path.read_text().replace("127.0.0.1:9090", f"127.0.0.1:{self.backend_port}"))
        self.env = {
            "SWITCHHOOK_SIP_LISTEN": f"127.0.0.1:{self.sip_port}", "SWITCHHOOK_HTTP_LISTEN": f"127.0.0.1:{self.http_port}",
            "SWITCHHOOK_MEDIA_RTP_PORTS": f"{first}-{last}", "SWITCHHOOK_STORE_PATH": str(self.state)}
        self.app = None

    @property
    def config_path(self):
        return self.file

    def start(self, wait=True):
        app = self.file.parent / "app.py"
        if app.exists() and self.file.parent != self.home / "applications":
            self.app = subprocess.Popen([sys.executable, app, str(self.backend_port)])
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", self.backend_port)) == 0:
                        break
        return super().start(wait)

    def stop(self, timeout=20):
        if self.app:
            self.app.kill()
            self.app.wait(5)
            self.app = None
        return super().stop(timeout)

    def caller(self, number, script, *options):
        return subprocess.Popen(
            [BINARY, "call", number, "--config", self.config_path, "--script", script, "--json", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **self.env})

    def finish(self, caller):
        out, err = caller.communicate(timeout=90)
        report = json.loads(out) if out.strip() else {}
        return caller.returncode, report, err

    def passes(self, caller):
        code, report, err = self.finish(caller)
        assert code == 0, (report.get("script"), report.get("ending"), err, self.log()[-2000:])
        return report


@pytest.fixture
def sample(tmp_path):
    boxes = []

    def make(source):
        boxes.append(Sample(tmp_path / f"box{len(boxes)}", source))
        return boxes[-1].start()

    yield make
    for box in boxes:
        box.stop()
        assert "Fatal error" not in box.log()


def test_echo(sample):
    box = sample("echo/switchhook.yaml")
    report = box.passes(box.caller("447700900004", box.file.parent / "test.json"))
    assert [step["passed"] for step in report["script"]] == [True] * 8


def test_menu(sample):
    box = sample("menu/switchhook.yaml")
    box.passes(box.caller("447700900005", box.file.parent / "test.json"))


def test_conference(sample):
    box = sample("conference/switchhook.yaml")
    guest = box.caller("447700900006", box.file.parent / "guest.json")
    time.sleep(2)  # the guest waits with music for a while before the moderator calls
    moderator = box.caller("447700900007", box.file.parent / "moderator.json")
    box.passes(moderator)
    box.passes(guest)


def test_door_phone(sample):
    box = sample("doorphone.yaml")
    caller = box.caller("447700900002", box.file.parent / "doorphone-test.json")
    deadline = time.monotonic() + 10
    status = 0
    while status != 204 and time.monotonic() < deadline:
        time.sleep(0.2)
        status = control(box, "POST", "/control/device/kiosk/answer")
    assert status == 204
    box.passes(caller)


def test_voicemail(sample):
    box = sample("voicemail/switchhook.yaml")
    box.passes(box.caller("447700900008", box.file.parent / "test.json"))
    event = next(e for e in box.events() if e["type"] == "record")
    token = box.run("token", "--config", box.config_path, "--application", "voicemail").stdout.strip()
    status, _, body = fetch(event["body"]["recording_url"], token)
    assert status == 200
    rate, channels = decode(body, "wav")
    message = channels[0]
    loudest = max(range(0, len(message) - rate, rate // 4), key=lambda i: power_at(message[i: i + rate], 440, rate))
    assert power_at(message[loudest: loudest + rate], 440, rate) > -25


def control(box, method, path):
    connection = http.client.HTTPConnection("box")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(box.state / "control.sock"))
    connection.request(method, path)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    "steps, failed, reason",
    [([{"expect": "answer"}, {"expect": "tone", "hertz": 1000, "within": 1}], 1, "no such tone"),
     ([{"expect": "answer"}, {"expect": "hang_up", "within": 0.5}], 1, "still up"),
     ([{"expect": "answer"}, {"tone": 700, "for": 0.5}, {"expect": "tone", "hertz": 900, "within": 1}], 2, "no such tone"),
     ([{"expect": "answer"}, {"expect": "keys", "keys": "12", "within": 0.5}], 1, "none"),
     ([{"expect": "answer"}, {"say": "Good bye."}, {"expect": "words", "words": "please leave a message", "within": 2.5}], 2,
      "of 4 words in time; not heard: "),
     ([{"press": "1"}], 0, "not answered")])
def test_an_expectation_that_fails_is_told_and_fails_the_command(sample, tmp_path, steps, failed, reason):
    box = sample("echo/switchhook.yaml")
    script = tmp_path / "script.json"
    script.write_text(json.dumps(steps))
    code, report, _ = box.finish(box.caller("447700900004", script))
    assert code == 1
    assert report["success"] is False and len(report["script"]) == failed + 1
    assert reason in report["script"][failed]["failure"]


@pytest.mark.parametrize(
    "text, fault",
    [("{", "/: not valid JSON"), ("[]", "/: must be an array"), ('[{"dance":1}]', "/0: must have exactly one of"),
     ('[{"expect":"rain"}]', "/0/expect"), ('[{"wait":1},{"press":"x"}]', "/1/press"), ('[{"tone":9}]', "/0/tone"),
     ('[{"expect":"answer","hertz":1}]', "/0/hertz"), ('[{"expect":"words","words":"a b","at_least":3}]', "/0/at_least"), ('[{"wait":"long"}]', "/0/wait")])
def test_a_script_with_a_fault_is_refused_with_its_place(tmp_path, text, fault):
    script = tmp_path / "script.json"
    script.write_text(text)
    done = subprocess.run([BINARY, "call", "1", "--script", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and f"script.json: {fault}" in done.stderr
