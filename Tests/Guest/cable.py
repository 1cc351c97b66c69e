"""A cable of snd-aloop seen from the room: what is said into the box's microphone, what comes out of its loudspeaker.

Each end runs in a thread of its own and knows when its samples were moved: the driver counts in steps of its timer, so
the moments when it had got furthest for the time passed tell where it really was.
"""

import ctypes
import ctypes.util
import threading
import time
from collections import deque

import numpy as np

RATE = 48000
PERIOD = 480
_PLAYBACK, _CAPTURE, _S16, _INTERLEAVED = 0, 1, 2, 3
_alsa = ctypes.CDLL(ctypes.util.find_library("asound") or "libasound.so.2")
for _name in ("snd_pcm_readi", "snd_pcm_writei", "snd_pcm_avail"):
    getattr(_alsa, _name).restype = ctypes.c_long
_QUIET = ctypes.CFUNCTYPE(None)(lambda: None)
_alsa.snd_lib_error_set_handler(_QUIET)


class _End:
    """One PCM, mono at 48 kHz, opened again whenever it went away."""

    def __init__(self, name, direction, latency):
        self.name, self._direction, self._latency = name, direction, latency
        self.faults = []            # what the driver said, with the time
        self._places = deque(maxlen=100)   # time, frames moved until then
        self._lock = threading.Lock()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _open(self):
        pcm = ctypes.c_void_p()
        status = _alsa.snd_pcm_open(ctypes.byref(pcm), self.name.encode(), self._direction, 0)
        if status >= 0:
            status = _alsa.snd_pcm_set_params(pcm, _S16, _INTERLEAVED, 1, RATE, 0, self._latency)
            if status >= 0:
                return pcm
            _alsa.snd_pcm_close(pcm)
        self.faults.append((time.monotonic(), status))
        return None

    def _run(self):
        while not self._is_over:
            pcm = self._open()
            if pcm is None:
                time.sleep(0.05)
                continue
            self._begin(pcm)
            while not self._is_over:
                status = self._move(pcm)
                if status >= 0:
                    continue
                self.faults.append((time.monotonic(), status))
                if _alsa.snd_pcm_recover(pcm, status, 1) < 0:
                    break
                self._begin(pcm)
            _alsa.snd_pcm_close(pcm)

    def _instant(self, frame):
        """When the frame was moved; the lock is held."""
        return min(at - frames / RATE for at, frames in self._places) + frame / RATE

    def close(self):
        self._is_over = True
        self._thread.join(3)


class Room(_End):
    """Says what it is given into `name`, silence else."""

    def __init__(self, name):
        super().__init__(name, _PLAYBACK, 120_000)
        self._written = 0
        self._sound, self._first = np.zeros(0, dtype=np.int16), None
        self._said = threading.Event()
        self._thread.start()

    def _begin(self, pcm):
        with self._lock:
            self._places.clear()
            self._written = 0

    def _move(self, pcm):
        with self._lock:
            part, self._sound = self._sound[:PERIOD], self._sound[PERIOD:]
            if len(part) and self._first is None:
                self._first = self._written
        part = np.pad(part, (0, PERIOD - len(part)))
        moved = _alsa.snd_pcm_writei(pcm, part.ctypes.data_as(ctypes.c_void_p), ctypes.c_ulong(PERIOD))
        if moved < 0:
            return moved
        self._written += moved
        delay = ctypes.c_long()
        if _alsa.snd_pcm_delay(pcm, ctypes.byref(delay)) == 0 and self._written > 12 * PERIOD:
            with self._lock:
                self._places.append((time.monotonic(), self._written - delay.value))
        return moved

    def say(self, samples):
        """Says it next, in the place of what it was about to say."""
        with self._lock:
            self._sound, self._first = np.asarray(samples, dtype=np.int16), None

    def began_at(self):
        """When the first sample of what was said last went into the cable."""
        for _ in range(200):
            with self._lock:
                if self._first is not None and self._places and self._places[-1][1] > self._first:
                    return self._instant(self._first)
            time.sleep(0.01)
        raise AssertionError(f"{self.name} does not play: {self.faults[-5:]}")


class Speaker(_End):
    """Keeps what comes out of `name`."""

    def __init__(self, name):
        super().__init__(name, _CAPTURE, 1_000_000)
        self._parts, self._count = [], 0
        self._thread.start()

    def _begin(self, pcm):
        with self._lock:
            self._places.clear()
        _alsa.snd_pcm_start(pcm)  # it would wait for a whole buffer to be asked for

    def _move(self, pcm):
        part = np.empty(PERIOD, dtype=np.int16)
        moved = _alsa.snd_pcm_readi(pcm, part.ctypes.data_as(ctypes.c_void_p), ctypes.c_ulong(PERIOD))
        if moved <= 0:
            return moved
        waiting = max(0, _alsa.snd_pcm_avail(pcm))
        with self._lock:
            self._parts.append(part[:moved])
            self._count += moved
            self._places.append((time.monotonic(), self._count + waiting))
        return moved

    @property
    def count(self):
        return self._count

    def since(self, frame):
        """All from a frame on."""
        with self._lock:
            parts, count = list(self._parts), self._count
        needed, start = [], count
        for part in reversed(parts):
            if start <= frame:
                break
            needed.append(part)
            start -= len(part)
        sound = np.concatenate(needed[::-1]) if needed else np.zeros(0, dtype=np.int16)
        return sound[max(0, frame - start):]

    def instant(self, frame):
        with self._lock:
            return self._instant(frame)

    def listen(self, seconds):
        """The next seconds."""
        first, frames = self._count, int(seconds * RATE)
        ends = time.monotonic() + seconds + 5
        while self._count < first + frames:
            assert time.monotonic() < ends, f"{self.name} gives nothing: {self.faults[-5:]}"
            time.sleep(0.02)
        return self.since(first)[:frames]


class Kiosk:
    """The cables of one box: it plays to one and hears the other; `device` is its configuration."""

    def __init__(self, number, card=0):
        down, up = 2 * number, 2 * number + 1
        self.device = {"playback": [f"hw:{card},0,{down}"], "capture": [f"hw:{card},1,{up}"]}
        self.speaker = Speaker(f"hw:{card},1,{down}")
        self.room = Room(f"hw:{card},0,{up}")
        self.down, self.up = down, up

    def close(self):
        self.speaker.close()
        self.room.close()
