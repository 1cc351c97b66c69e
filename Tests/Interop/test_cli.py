"""The command line as its users meet it."""

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from support.box import BINARY, NUMBER, Box, free_port

FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures" / "ncco"


def run(*arguments, cwd=None, timeout=60):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, cwd=cwd)


def test_every_fixture_is_decided_as_it_should():
    valid = sorted(FIXTURES.glob("valid/*.json"))
    invalid = sorted(FIXTURES.glob("invalid/*.json"))
    assert len(valid) == 61 and len(invalid) == 122
    done = run("ncco", "check", "--json", *valid, *invalid)
    assert done.returncode == 1
    verdicts = {Path(v["file"]).resolve(): v for v in map(json.loads, done.stdout.splitlines())} \
        if not done.stdout.lstrip().startswith("[") else {Path(v["file"]).resolve(): v for v in json.loads(done.stdout)}
    for file in valid:
        assert verdicts[file]["valid"], verdicts[file]
    for file in invalid:
        verdict = verdicts[file]
        wanted = file.with_suffix("").with_suffix(".reason.txt").read_text().split(":", 1)[0]
        assert not verdict["valid"] and verdict["faults"][0]["path"] == wanted, verdict
    assert run("ncco", "check", *valid).returncode == 0


def test_check_names_file_line_path_and_reason(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("sip:\n  listen: 127.0.0.1:5060\n  max_cals: 3\nmedia:\n  ptime: long\n")
    done = run("check", "--config", bad)
    text = done.stdout + done.stderr
    assert done.returncode == 1
    assert "bad.yaml:3" in text and "max_cals" in text
    assert "bad.yaml:5" in text and "media.ptime" in text


def test_the_default_configuration_is_valid():
    root = Path(__file__).resolve().parents[2]
    for name in ("switchhook.yaml", "bench.yaml"):
        done = run("check", "--config", root / "Config" / name)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", ["serve", "check", "ncco check", "call", "backend", "devices", "status", "events", "token", "doctor",
                "latency", "latency loop", "latency call"])
def test_every_command_has_help_with_an_example(command):
    done = run(*command.split(), "--help")
    assert done.returncode == 0 and "xample" in done.stdout


def test_status_events_devices_and_doctor(box, backend, make_phone):
    backend.script = [{"action": "wait", "timeout": 20}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    status = json.loads(box.run("status", "--config", box.config_path, "--json").stdout)
    assert status["calls"] == 1
    events = box.events()
    assert {"position", "stream", "conversation_id", "id", "type", "timestamp", "body"} <= set(events[-1])
    assert all("name" in json.loads(line) for line in box.run("devices", "--json").stdout.splitlines())
    report = box.run("doctor", "--config", box.config_path, check=False).stdout
    assert "disk" in report.lower()


def test_the_test_phone_calls_and_prints_its_ladder(box, backend, tmp_path):
    backend.script = [{"action": "talk", "text": "Hello from the box"}]
    done = box.run("call", f"sip:{NUMBER}@127.0.0.1:{box.sip_port}", "--from", "441632960001", "--record", tmp_path / "heard.wav")
    for word in ("INVITE", "180", "200", "BYE"):
        assert word in done.stdout
    assert (tmp_path / "heard.wav").stat().st_size > 8000
    refused = box.run("call", f"sip:999@127.0.0.1:{box.sip_port}", check=False)
    assert refused.returncode != 0 and "404" in refused.stdout + refused.stderr


def test_sigterm_drains_and_exits_0(make_box, backend, make_phone):
    box = make_box(drain_timeout="1s")
    backend.script = [{"action": "wait", "timeout": 60}]
    phone = make_phone()
    phone.call(NUMBER, box.sip_port)
    phone.wait_answer()
    assert box.stop() == 0
    assert phone.ended.wait(2)
    backend.wait_status("completed")


def test_reload_takes_numbers_and_refuses_a_bad_file_whole(box, backend, make_phone):
    backend.script = [{"action": "wait", "timeout": 1}]
    box.config["numbers"]["12345678"] = {"application": "test"}
    box.config["numbers"]["87654321"] = {"application": "nobody"}
    box.config_path
    box.process.send_signal(signal.SIGHUP)
    first = make_phone()
    first.call("12345678", box.sip_port)
    assert first.wait_status(lambda s: s >= 200) == 404
    del box.config["numbers"]["87654321"]
    box.config_path
    box.process.send_signal(signal.SIGHUP)
    for _ in range(50):
        phone = make_phone()
        phone.call("12345678", box.sip_port)
        if phone.wait_status(lambda s: s >= 200) == 200:
            return
    raise AssertionError("the number was not taken over")


def refuses_to_start(box):
    box.start(wait=False)
    assert box.process.wait(15) != 0
    lines = [line for line in box.log().splitlines() if line.strip()]
    return lines[-1]


def test_what_hinders_the_start_is_one_line_that_says_what_to_do(tmp_path, backend):
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    line = refuses_to_start(Box(tmp_path / "sip", backend, sip={"listen": f"127.0.0.1:{port}"}))
    assert str(port) in line and "in use" in line
    taken.close()

    web = socket.socket()
    web.bind(("127.0.0.1", 0))
    web.listen()
    port = web.getsockname()[1]
    line = refuses_to_start(Box(tmp_path / "http", backend, http={"listen": f"127.0.0.1:{port}"}))
    assert str(port) in line and "in use" in line
    web.close()

    (tmp_path / "file").write_text("")
    line = refuses_to_start(Box(tmp_path / "state", backend, store={"path": str(tmp_path / "file" / "var")}))
    assert "state folder" in line

    line = refuses_to_start(Box(tmp_path / "tls", backend, http={
        "tls_certificate": str(tmp_path / "no.pem"), "tls_private_key": str(tmp_path / "no.pem")}))
    assert "no.pem" in line or "no.key" in line

    first = Box(tmp_path / "first", backend).start()
    second = Box(tmp_path / "second", backend, store={"path": str(first.state)})
    line = refuses_to_start(second)
    assert "another" in line or "in use" in line or str(first.process.pid) in line
    assert first.stop() == 0
