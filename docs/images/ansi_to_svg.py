#!/usr/bin/env python3
"""Terminal output with ANSI colours on stdin, a picture of it as SVG on stdout.

    brownout run | python3 ansi_to_svg.py --title "brownout run"

Standard library only, no network fonts. Every run of text is pinned to the columns it fills, so a viewer's own
monospace font cannot break the alignment, and block characters are drawn as rectangles.
"""

import argparse
import re
import sys
from html import escape

CELL, LINE, PAD, BAR, SIZE = 7.8, 17, 18, 34, 13
BACKGROUND, FOREGROUND, DIM, BOLD = "#12161c", "#c9d1d9", "#7d8590", "#f0f3f6"
COLORS = {31: "#ff7b72", 32: "#56d364", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea"}
BLOCKS = {c: (8 - i) / 8 for i, c in enumerate("█▉▊▋▌▍▎▏")}
HEIGHTS = {c: (i + 1) / 8 for i, c in enumerate("▁▂▃▄▅▆▇")}
SHADES = {"░": 0.25, "▒": 0.5}
RULES = {"─": 1, "━": 4}
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


class Pen:
    """Colour and weight, as the escapes so far have set them."""

    def __init__(self):
        self.bold, self.dim, self.color = False, False, None

    def take(self, codes):
        for code in (int(c or 0) for c in codes.split(";")):
            if code == 0:
                self.__init__()
            elif code == 1:
                self.bold = True
            elif code == 2:
                self.dim = True
            elif code in COLORS:
                self.color = COLORS[code]
            elif code == 39:
                self.color = None
            elif code == 22:
                self.bold = self.dim = False

    def style(self):
        return self.color or (DIM if self.dim else BOLD if self.bold else FOREGROUND), self.bold


def cells(text):
    """The text as lines of (character, style)."""
    pen, lines = Pen(), [[]]
    for index, piece in enumerate(ESCAPE.split(text)):
        if index % 2:
            pen.take(piece)
            continue
        for character in piece:
            if character == "\n":
                lines.append([])
            else:
                lines[-1].append((character, pen.style()))
    while lines and not lines[-1]:
        lines.pop()
    return lines


def kind(character):
    if character in BLOCKS:
        return "block"
    # Neighbours are drawn as one only where they look the same.
    if character in HEIGHTS or character in SHADES or character in RULES:
        return character
    return "gap" if character == " " else "text"


def runs(line):
    """Neighbours of one kind and style: (column, text, style, kind). Two blanks or more end a run of text."""
    column = 0
    while column < len(line):
        character, style = line[column]
        what, end = kind(character), column + 1
        while end < len(line) and line[end][1] == style:
            after = kind(line[end][0])
            follows = end + 1 < len(line) and line[end + 1][1] == style and kind(line[end + 1][0]) == "text"
            if after != what and not (what == "text" and after == "gap" and follows):
                break
            end += 1
        yield column, "".join(c for c, _ in line[column:end]), style, what
        column = end


def draw(line, top):
    for column, text, (color, bold), what in runs(line):
        x = PAD + column * CELL
        if what == "gap":
            continue
        if what == "block":
            width = sum(BLOCKS[c] for c in text) * CELL
            yield f'<rect x="{x:.1f}" y="{top + 3:.1f}" width="{width:.1f}" height="{LINE - 5}" fill="{color}"/>'
        elif what in HEIGHTS:
            height = (LINE - 5) * HEIGHTS[what]
            yield (
                f'<rect x="{x:.1f}" y="{top + LINE - 2 - height:.1f}" width="{len(text) * CELL:.1f}" '
                f'height="{height:.1f}" fill="{color}"/>'
            )
        elif what in SHADES:
            yield (
                f'<rect x="{x:.1f}" y="{top + 3:.1f}" width="{len(text) * CELL:.1f}" height="{LINE - 5}" '
                f'fill="{color}" fill-opacity="{SHADES[what]}"/>'
            )
        elif what in RULES:
            thick = RULES[what]
            yield (
                f'<rect x="{x:.1f}" y="{top + (LINE - thick) / 2:.1f}" width="{len(text) * CELL:.1f}" '
                f'height="{thick}" fill="{color}"/>'
            )
        else:
            weight = ' font-weight="600"' if bold else ""
            yield (
                f'<text x="{x:.1f}" y="{top + LINE - 4.5:.1f}" textLength="{len(text) * CELL:.1f}" '
                f'lengthAdjust="spacingAndGlyphs" fill="{color}"{weight}>{escape(text)}</text>'
            )


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--title", default="", help="in the window's bar, and for screen readers")
    title = escape(options.parse_args().title)
    lines = cells(sys.stdin.buffer.read().decode("utf-8").replace("\r\n", "\n"))
    width = 2 * PAD + max((len(line) for line in lines), default=0) * CELL
    height = BAR + len(lines) * LINE + PAD
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="{title}" font-family="{FONT}" font-size="{SIZE}" '
        f'xml:space="preserve">'
    )
    print(f'<rect width="100%" height="100%" rx="9" fill="{BACKGROUND}"/>')
    print("".join(f'<circle cx="{20 + 17 * i}" cy="18" r="5" fill="#30363d"/>' for i in range(3)))
    print(f'<text x="{PAD + 58}" y="22.5" fill="{DIM}">{title}</text>')
    for row, line in enumerate(lines):
        for element in draw(line, BAR + row * LINE):
            print(element)
    print("</svg>")


if __name__ == "__main__":
    main()
