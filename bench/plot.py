# SPDX-License-Identifier: MIT
"""Plots in SVG, with nothing but the standard library."""
import html
import math
import os

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 50
COLORS = ("#1b6ca8", "#c8553d", "#2a9134", "#7b4fa3", "#b8860b", "#444444")


class Plot:
    """One picture: lines over a logarithmic x axis."""

    def __init__(self, title, x_name, y_name, log_y):
        self.title, self.x_name, self.y_name = title, x_name, y_name
        self.log_y = log_y
        self.lines = []

    def add(self, name, points):
        points = [(x, y) for x, y in points if x > 0]
        if self.log_y:
            points = [(x, y) for x, y in points if y > 0]
        if points:
            self.lines.append((name, points))

    @staticmethod
    def _decades(values):
        low = math.floor(math.log10(min(values)))
        high = math.ceil(math.log10(max(values)))
        return low, max(high, low + 1)

    def _scales(self):
        x_low, x_high = self._decades([x for _, p in self.lines for x, _ in p])
        ys = [y for _, p in self.lines for _, y in p]
        width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

        def scale_x(x):
            return LEFT + width * (math.log10(x) - x_low) / (x_high - x_low)

        if self.log_y:
            y_low, y_high = self._decades(ys)
            ticks = [10.0 ** e for e in range(y_low, y_high + 1)]

            def scale_y(y):
                return (TOP + height
                        - height * (math.log10(y) - y_low) / (y_high - y_low))
        else:
            top = max(ys) or 1
            ticks = [top * i / 5 for i in range(6)]

            def scale_y(y):
                return TOP + height - height * y / top
        x_ticks = [10.0 ** e for e in range(x_low, x_high + 1)]
        return scale_x, scale_y, x_ticks, ticks

    def write(self, path):
        if not self.lines:
            return
        x, y, x_ticks, y_ticks = self._scales()
        bottom = HEIGHT - BOTTOM
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
               f'height="{HEIGHT}" font-family="sans-serif" font-size="12">',
               f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
               f'<text x="{LEFT}" y="24" font-size="15">'
               f'{html.escape(self.title)}</text>']
        for tick in x_ticks:
            out.append(f'<path d="M{x(tick):.1f} {TOP}V{bottom}" '
                       'stroke="#ddd"/>')
            out.append(f'<text x="{x(tick):.1f}" y="{bottom + 16}" '
                       f'text-anchor="middle">{tick:g}</text>')
        for tick in y_ticks:
            out.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" '
                       'stroke="#ddd"/>')
            out.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" '
                       f'text-anchor="end">{tick:g}</text>')
        out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" '
                   f'y="{HEIGHT - 12}" text-anchor="middle">'
                   f'{html.escape(self.x_name)}</text>')
        out.append(f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" '
                   f'text-anchor="middle">{html.escape(self.y_name)}</text>')
        for i, (name, points) in enumerate(self.lines):
            color = COLORS[i % len(COLORS)]
            drawn = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in points)
            out.append(f'<path d="M{drawn}" fill="none" stroke="{color}" '
                       'stroke-width="2"/>')
            at = TOP + 12 + 18 * i
            out.append(f'<rect x="{WIDTH - RIGHT + 12}" y="{at - 9}" '
                       f'width="12" height="4" fill="{color}"/>')
            out.append(f'<text x="{WIDTH - RIGHT + 30}" y="{at}">'
                       f'{html.escape(name)}</text>')
        out.append("</svg>")
        with open(path, "w") as file:
            file.write("\n".join(out) + "\n")


def draw(results, quantiles, folder):
    """latency-WORK.svg for each work, and busy.svg."""
    works = {}
    for name, values in quantiles.items():
        work, where = name.split("/")
        works.setdefault(work, []).append((where, values))
    for work, series in works.items():
        if work in ("pingpong", "write", "memory", "pss"):
            continue
        unit = "ms" if work == "start" else "us"
        plot = Plot(f"{work}: share of exchanges that took at most so long",
                    unit, "share", False)
        for where, values in series:
            last = len(values) - 1
            plot.add(where, [(v, i / last) for i, v in enumerate(values)])
        plot.write(os.path.join(folder, f"latency-{work}.svg"))
    by = {}
    for r in results:
        work, where = r["name"].split("/")
        if where.isdigit():
            by.setdefault(work, []).append((int(where), r["p50"], r["p99"]))
    plot = Plot("All guests busy: cost against number of vTPMs", "vTPMs",
                "us, KiB, commands/s", True)
    for work, words in (("throughput", "commands/s"),
                        ("memory", "KiB per vTPM"), ("busy", "p50, us")):
        plot.add(words, [(n, a) for n, a, _ in sorted(by.get(work, []))])
    plot.add("p99, us", [(n, b) for n, _, b in sorted(by.get("busy", []))])
    plot.write(os.path.join(folder, "busy.svg"))
