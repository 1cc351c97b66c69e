"""A virtual sound card (Hardware/virtual/virtual-card): what the box plays and hears, at exactly known instants."""

import mmap
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from .box import ROOT

RATE = 48000
_FRAMES, _CHANNELS, _PAGE = 1 << 20, 8, 4096
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Medium:
    """The air between loudspeakers and microphones: a file as Hardware/virtual/card/medium.h lays it out."""

    def __init__(self, path):
        size = _PAGE + _FRAMES * _CHANNELS * 2
        with open(path, "a+b") as file:
            file.truncate(max(size, file.tell()))
            self.map = mmap.mmap(file.fileno(), size)
        self.frames = np.frombuffer(self.map, dtype="<i2", offset=_PAGE).reshape(_FRAMES, _CHANNELS)

    def header(self):
        """instant, rate, anchor, begin, end, channels"""
        for _ in range(1000):
            before, *fields = struct.unpack_from("<QddQQQQ", self.map, 0)
            if before % 2 == 0 and before == struct.unpack_from("<Q", self.map, 0)[0]:
                break
        return fields

    def play(self, samples, at=None):
        """Puts sound into the air; returns the instant of its first sample. Only where no card plays."""
        samples = np.asarray(samples, dtype=np.int16)
        at = time.monotonic() + 0.2 if at is None else at
        sequence, *_, end, _ = struct.unpack_from("<QddQQQQ", self.map, 0)
        places = (end + np.arange(len(samples))) % _FRAMES
        self.frames[places] = 0
        self.frames[places, 0] = samples
        struct.pack_into("<QddQQQQ", self.map, 0, sequence + 2, at, float(RATE), end, end, end + len(samples), 1)
        return at

    def heard(self, begin, end, channel=0):
        """What is in the air between two instants, at 48 kHz; silence where nothing was played."""
        instant, rate, anchor, first, last, _ = self.header()
        sound = np.zeros(int((end - begin) * RATE))
        if rate == 0:
            return sound
        low = max(first, int(anchor + (begin - instant) * rate), last - _FRAMES // 2)
        high = min(last, int(anchor + (end - instant) * rate))
        if high <= low:
            return sound
        indices = np.arange(low, high)
        at = instant + (indices - anchor) / rate
        wanted = begin + np.arange(len(sound)) / RATE
        return np.interp(wanted, at, self.frames[indices % _FRAMES, channel].astype(float), left=0, right=0)


class VirtualCard:
    """PCM `kiosk`, and `spare` beside it: `speaker` is what the box plays, `room` what it hears."""

    def __init__(self, **fields):
        self.folder = Path(tempfile.mkdtemp(prefix="card", dir=_MEMORY))
        arguments = [str(word) for pair in fields.items() for word in pair]
        subprocess.run(
            [ROOT / "Hardware/virtual/virtual-card", self.folder, *arguments], check=True, stdout=subprocess.DEVNULL)
        self.env = {"ALSA_CONFIG_PATH": str(self.folder / "asound.conf")}
        self.speaker, self.room = Medium(self.folder / "speaker"), Medium(self.folder / "room")

    def command(self, control="control", **words):
        new = self.folder / "new"
        new.write_text("".join(f"{word} {value}\n" for word, value in words.items()))
        new.rename(self.folder / control)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
