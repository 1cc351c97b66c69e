"""What the daemon's media threads do while they carry sound: allocations, locks (see mediawatch.c)."""

import mmap
import struct
import subprocess
from pathlib import Path

_SLOTS, _KINDS, _PLACES = 32, ("allocated", "freed", "locked", "waited"), ("own", "srtp", "alsa")
_HEADER, _SLOT = struct.Struct("<IIII"), struct.Struct("<16s12QQ")


class MediaWatch:
    """Preloaded by `env`; counts between `arm` and `disarm`."""

    def __init__(self, folder):
        library, self.path = Path(folder) / "mediawatch.so", Path(folder) / "mediawatch"
        subprocess.run(
            ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-builtin-declaration-mismatch", "-shared", "-fPIC",
             "-ftls-model=initial-exec", "-o", library, Path(__file__).with_suffix(".c"), "-ldl"], check=True)
        self.env = {"LD_PRELOAD": str(library), "MEDIA_WATCH": str(self.path)}

    def _map(self):
        file = open(self.path, "r+b")
        return mmap.mmap(file.fileno(), 0)

    def arm(self):
        struct.pack_into("<I", self._map(), 0, 1)

    def disarm(self):
        """Counts by thread: {name: {"turns": n, "own": {"allocated": n, …}, "srtp": …, "alsa": …}}."""
        memory = self._map()
        struct.pack_into("<I", memory, 0, 0)
        result = {}
        for number in range(_HEADER.unpack_from(memory)[1]):
            name, *counts, turns = _SLOT.unpack_from(memory, _HEADER.size + number * _SLOT.size)
            name = name.split(b"\0")[0].decode()
            result[name] = {"turns": turns, **{
                place: dict(zip(_KINDS, counts[4 * index:])) for index, place in enumerate(_PLACES)}}
        return result

    def traces(self):
        return Path(f"{self.path}.txt").read_text(errors="replace")
