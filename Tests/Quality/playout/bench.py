#!/usr/bin/env python3
"""Calls that last a day with every crystal off, and plots of delay and level on emulated networks.

usage: bench.py FOLDER [--json FILE] [--plots FOLDER]

FOLDER: what the tests in virtual time keep when SWITCHHOOK_QUALITY names it (Tests/MediaEngineTests). Exits 1 when a
figure is beyond its limit.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

PROFILES = ("clean", "wifi", "lte", "congested")


def days(folder, result):
    for path in sorted(folder.glob("day-*.json")):
        day = json.loads(path.read_text())
        name = f"{day['hours']:g} h, {day['sound']}, sender {day['sender_ppm']:+g} ppm, mix {day['mix_ppm']:+g}"
        limit(result, f"{name}: delay in the first minute, ms", day["first_minute_ms"])
        limit(result, f"{name}: farthest from it, ms", day["creep_ms"], most=5)
        limit(result, f"{name}: packets late in a thousand", 1000 * day["late"] / day["packets"], most=1)
        limit(result, f"{name}: left out at once, ms", day["left_out_ms"], most=0)


def limit(result, name, value, most=None):
    value = round(float(value), 2)
    result["figures"][name] = {"value": value, "most": most}
    over = most is not None and value > most
    print(f"{name:<70} {value:>8.2f}  {'' if most is None else f'at most {most}'}{'  <- over' if over else ''}")
    if over:
        result["faults"].append(f"{name}: {value}, at most {most}")


def columns(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


class Panel:
    """Part of an SVG: milliseconds over seconds."""

    WIDTH, LEFT, RIGHT = 1000, 52, 12

    def __init__(self, top, height, seconds, most, title):
        self.top, self.height, self.seconds, self.most = top, height, seconds, most
        self.parts = [f'<text x="{self.LEFT}" y="{top - 7}" class="title">{title}</text>']
        step = next(step for step in (5, 10, 20, 50, 100, 200) if most / step <= 6)
        for value in np.arange(0, most + 1e-9, step):
            y = self.y(value)
            self.parts.append(
                f'<line x1="{self.LEFT}" x2="{self.WIDTH - self.RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
                f'<text x="{self.LEFT - 6}" y="{y + 4:.1f}" class="left">{value:g}</text>')
        for second in range(0, int(seconds) + 1, 10):
            x = self.x(second)
            self.parts.append(f'<text x="{x:.1f}" y="{top + height + 15}" class="below">{second}</text>')

    def x(self, second):
        return self.LEFT + (self.WIDTH - self.LEFT - self.RIGHT) * second / self.seconds

    def y(self, value):
        return self.top + self.height * (1 - np.clip(value, 0, self.most) / self.most)

    def line(self, seconds, values, kind):
        """Where a value is missing the line has a gap."""
        path, pen = [], None
        for x, y in zip((f"{self.x(s):.1f}" for s in seconds), (f"{self.y(v):.1f}" for v in values)):
            if y == "nan":
                if pen:
                    path.append(f"H{pen[0]}")
                pen = None
                continue
            if pen is None:
                path.append(f"M{x} {y}")
            elif y != pen[1]:
                path.append(f"H{x}V{y}")
            pen = (x, y)
        if pen:
            path.append(f"H{pen[0]}")
        self.parts.append(f'<path d="{"".join(path)}" class="{kind}"/>')

    def dots(self, seconds, values, kind):
        path = "".join(f"M{self.x(s):.1f} {self.y(v):.1f}h1.5" for s, v in zip(seconds, values))
        self.parts.append(f'<path d="{path}" class="{kind}"/>')

    def marks(self, seconds, kind):
        """From top to bottom."""
        path = "".join(f"M{self.x(s):.1f} {self.top}v{self.height}" for s in seconds)
        self.parts.append(f'<path d="{path}" class="{kind}"/>')


STYLE = """svg{background:#fff;font:12px sans-serif}.title{font-weight:bold}.left{text-anchor:end;fill:#555}
.below{text-anchor:middle;fill:#555}.grid{stroke:#ddd}.network{stroke:#999;stroke-width:1.5}path{fill:none}
.ear{stroke:#06c;stroke-width:1.3}.wanted{stroke:#e70;stroke-width:1.3}.made{stroke:#d00;stroke-opacity:.25}
.key{font-weight:normal}"""


def fastest_of(packets, instants):
    """As the buffer has it: of this window of a second and the one before."""
    result, next_packet, start, low, before = [], 0, None, np.inf, np.inf
    for instant in instants:
        while next_packet < len(packets["ms"]) and packets["ms"][next_packet] <= instant:
            at, delay = packets["ms"][next_packet], packets["network"][next_packet]
            if start is None:
                start = at
            if at - start >= 1000:
                start, before, low = at, low, np.inf
            low = min(low, delay)
            next_packet += 1
        result.append(min(low, before))
    return np.array(result)


def plot(folder, profile):
    """Above: how long sound is under way, packets one by one. Below: what waits in the buffer, and what it wants."""
    course, packets = columns(folder / f"course-{profile}.csv"), columns(folder / f"arrivals-{profile}.csv")
    seconds, arrived = course["ms"] / 1000, packets["ms"] / 1000
    # While sound is made up nobody knows yet whether it is instead of a packet or before a late one.
    is_made = np.diff(course["concealed"], append=course["concealed"][-1]) > 0
    is_made |= np.roll(is_made, 1)
    delay = np.where(is_made, np.nan, course["delay"])
    holes = [np.arange(seconds[at], seconds[at + 1], 0.01) for at in np.flatnonzero(np.diff(seconds) > 0.015)]
    made, end = np.unique(np.concatenate([seconds[is_made], *holes])), seconds[-1]
    ear = fastest_of(packets, np.concatenate([[0], course["ms"][:-1]])) + delay
    top = Panel(24, 250, end, max(np.nanmax(ear[np.isfinite(ear) | np.isnan(ear)]), packets["network"].max()) * 1.05,
                f'{profile}: milliseconds from mouth to ear <tspan class="key">(blue), of each packet on the network'
                ' (grey)</tspan>')
    top.dots(arrived, packets["network"], "network")
    top.line(seconds, np.where(np.isfinite(ear), ear, np.nan), "ear")
    low = Panel(324, 170, end, max(np.nanmax(delay), course["wanted"].max()) * 1.05,
                'what waits behind the fastest packet, ms <tspan class="key">(blue), wanted (orange), sound made up'
                ' (red)</tspan>')
    low.marks(made, "made")
    low.line(seconds, delay, "ear")
    low.line(seconds, course["wanted"], "wanted")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Panel.WIDTH} 520"><style>{STYLE}</style>'
            + "".join(top.parts + low.parts) + "</svg>\n")


def main():
    words = sys.argv[1:]
    if not words or words[0].startswith("-"):
        sys.exit(__doc__)
    folder, result = Path(words[0]), {"figures": {}, "faults": []}
    days(folder, result)
    if "--plots" in words:
        target = Path(words[words.index("--plots") + 1])
        target.mkdir(parents=True, exist_ok=True)
        for profile in PROFILES:
            (target / f"playout-{profile}.svg").write_text(plot(folder, profile))
    if "--json" in words:
        Path(words[words.index("--json") + 1]).write_text(json.dumps(result, indent=1) + "\n")
    for fault in result["faults"]:
        print("beyond its limit:", fault)
    sys.exit(1 if result["faults"] else 0)


if __name__ == "__main__":
    main()
