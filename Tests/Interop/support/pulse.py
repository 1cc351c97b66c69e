"""PulseAudio with two null sinks: what the kiosk plays can be recorded, what it hears can be played."""

import os
import shutil
import subprocess
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

RATE = 48000


class PulseLoop:
    """`speaker` is heard at `speaker.monitor`; what is played into `room` is the kiosk's microphone."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pulse"))
        server = f"unix:{self.folder}/native"
        self.env = {
            "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PULSE_SERVER": server,
            "ALSA_CONFIG_PATH": str(self.folder / "asound.conf")}
        (self.folder / "start.pa").write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={self.folder}/native\n"
            + "".join(
                f"load-module module-null-sink sink_name={name} rate={RATE} channels=1 format=s16le norewinds=1\n"
                for name in ("speaker", "room")))
        (self.folder / "asound.conf").write_text(
            "</usr/share/alsa/alsa.conf>\n"
            f'pcm.kiosk_out {{ type pulse server "{server}" device "speaker" }}\n'
            f'pcm.kiosk_in {{ type pulse server "{server}" device "room.monitor" }}\n')
        self.process = subprocess.Popen(
            ["pulseaudio", "-n", "-F", self.folder / "start.pa", "--daemonize=no", "--exit-idle-time=-1",
             "--use-pid-file=no", "--realtime=no", "--high-priority=no"],
            env={**os.environ, **self.env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while subprocess.run(["pactl", "info"], env={**os.environ, **self.env}, capture_output=True).returncode:
            assert time.monotonic() < deadline and self.process.poll() is None, "pulseaudio did not start"
            time.sleep(0.05)

    def play(self, samples, rate=RATE):
        """Plays into the kiosk's microphone; returns at once."""
        path = self.folder / f"play{time.monotonic_ns()}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(np.asarray(samples, dtype=np.int16).tobytes())
        return subprocess.Popen(["paplay", "--device=room", path], env={**os.environ, **self.env})

    def record(self):
        """Records what the kiosk's speaker plays until `stop` of the result is called."""
        return Recording(self)

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Recording:
    def __init__(self, pulse):
        self.file = open(pulse.folder / f"record{time.monotonic_ns()}.raw", "w+b")
        self.process = subprocess.Popen(
            ["parec", "--device=speaker.monitor", f"--rate={RATE}", "--channels=1", "--format=s16le", "--latency-msec=20"],
            env={**os.environ, **pulse.env}, stdout=self.file)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.file.seek(0)
        return np.frombuffer(self.file.read(), dtype=np.int16)
