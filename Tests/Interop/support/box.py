"""A Switchhook daemon of its own, with its own ports and state folder."""

import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("SWITCHHOOK", ROOT / ".build/release/switchhook"))
APPLICATION = "6513270e-269e-4d37-b2a7-4de452e6b438"
NUMBER = "441632960100"


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_next_sip = 12000 + os.getpid() % 2000


def free_sip_port():
    """Free for UDP and TCP, below the range from which the kernel picks ports for others."""
    global _next_sip
    while True:
        _next_sip = 12000 if _next_sip >= 19000 else _next_sip + 1
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", _next_sip))
            return _next_sip
        except OSError:
            continue


_next_rtp = 20000


def rtp_range(size=2000):
    global _next_rtp
    first = _next_rtp
    _next_rtp = 20000 if _next_rtp + 2 * size > 58000 else _next_rtp + size
    return first, first + size - 1


@cache
def key_pair():
    """One for all boxes (private, public as PEM): a debug build takes a third of a second to make its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


class Box:
    """Configured by a mapping that is written as YAML (JSON is YAML)."""

    def __init__(self, folder, backend=None, env=None, authority=None, **sections):
        # With an authority (a PEM file) the box is asked over TLS.
        self.tls = ssl.create_default_context(cafile=authority) if authority else None
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = env or {}
        self.sip_port = free_sip_port()
        self.http_port = free_port()
        self.state = self.folder / "var"
        # Position in its log from which on a test is interested.
        self.checked = 0
        first, last = rtp_range()
        application = {"name": "test"}
        if backend is not None:
            event = {"address": f"{backend.url}/event", "http_method": "POST"}
            application["capabilities"] = {
                "voice": {"webhooks": {
                    "answer_url": {"address": f"{backend.url}/answer", "http_method": "GET"}, "event_url": event}},
                "rtc": {"webhooks": {"event_url": {"address": f"{backend.url}/rtc", "http_method": "POST"}}},
            }
        self.config = {
            "sip": {"listen": f"127.0.0.1:{self.sip_port}"},
            "http": {"listen": f"127.0.0.1:{self.http_port}"},
            "media": {"rtp_ports": f"{first}-{last}"},
            "store": {"path": str(self.state)},
            "applications": {APPLICATION: application},
            "numbers": {NUMBER: {"application": "test"}},
        }
        for name, section in sections.items():
            if isinstance(section, dict) and name in self.config:
                merge(self.config[name], section)
            else:
                self.config[name] = section
        self.process = None
        self.log_path = self.folder / "log.txt"
        self._give_keys()

    def _give_keys(self):
        keys = self.state / "keys"
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part, text in zip(("private", "public"), key_pair()):
            path = keys / f"{APPLICATION}.{part}.pem"
            path.write_bytes(text)
            path.chmod(0o600)

    @property
    def config_path(self):
        path = self.folder / "switchhook.yaml"
        path.write_text(json.dumps(self.config, indent=1))
        return path

    def start(self, wait=True, preexec_fn=None, stderr=None):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.config_path], stdout=log, stderr=stderr or log, cwd=self.folder,
            env={**os.environ, **self.env}, preexec_fn=preexec_fn)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=20):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1, context=self.tls) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready after {timeout} s:\n{self.log()[-3000:]}")

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.http_port}"

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self, timeout=20):
        """SIGTERM; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise AssertionError("did not end after SIGTERM:\n" + self.log()[-3000:]) from None

    def run(self, *arguments, timeout=60, check=True):
        """A subcommand of the same binary, in the box's folder."""
        done = subprocess.run(
            [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, cwd=self.folder,
            env={**os.environ, **self.env})
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def events(self, conversation=None):
        arguments = ["events", "--config", self.config_path, "--json"]
        if conversation:
            arguments += ["--conversation", conversation]
        return [json.loads(line) for line in self.run(*arguments).stdout.splitlines() if line.strip()]

    def token(self, *arguments):
        return self.run("token", "--config", self.config_path, "--application", APPLICATION, *arguments).stdout.strip()

    def http(self, method, path, token=None, body=None):
        request = urllib.request.Request(
            f"{self.url}{path}", method=method,
            data=None if body is None else json.dumps(body).encode())
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.tls) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


def merge(base, extra):
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
