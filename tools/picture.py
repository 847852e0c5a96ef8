"""Draw the terminal diagnosis of a real run as docs/diagnosis.svg, the picture in README.md.

Usage: python tools/picture.py [SCRIPT [ARGUMENT ...]]    the script to diagnose; the broken example if none is named
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "diagnosis.svg"
WIDTH = 80
NAMED_A_CAUSE = 1


def diagnosis_of(script: list[str]) -> tuple[int, str]:
    """Exit status and coloured terminal text of diagnosing `script`, a path and its arguments."""
    command = [sys.executable, *script]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / Path(script[0]).stem
        call = [sys.executable, "-m", "ppodoctor", "diagnose"]
        # Watch first and diagnose the recorded run again, so that the script's own output is not in the picture.
        watched = subprocess.run([*call, "--out", str(run), "--", *command], cwd=ROOT, stdout=subprocess.DEVNULL)
        colours = {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
        again = subprocess.run(
            [*call, str(run)], cwd=ROOT, env={**os.environ, **colours}, stdout=subprocess.PIPE, text=True
        )
        return watched.returncode, again.stdout.replace(f"{folder}/", "runs/")


def main() -> int:
    """Diagnose, draw, and fail when no cause was named."""
    script = sys.argv[1:] or ["examples/broken_cartpole.py"]
    status, text = diagnosis_of(script)
    if status != NAMED_A_CAUSE:
        print(f"no picture: diagnosing {script[0]} ended with status {status}, a named cause is 1", file=sys.stderr)
        return 1
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(text.rstrip()))
    PICTURE.parent.mkdir(exist_ok=True)
    # rich names a web font; the picture has to be whole without a network
    svg = console.export_svg(title=f"ppodoctor diagnose -- python {' '.join(script)}")
    PICTURE.write_text(without_web_fonts(svg), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")
    return 0


def without_web_fonts(svg: str) -> str:
    """The SVG without its @font-face rules, which name addresses on the network."""
    kept, rest = [], svg
    while "@font-face" in rest:
        before, _, after = rest.partition("@font-face")
        kept.append(before)
        rest = after.partition("}")[2]
    return "".join([*kept, rest])


if __name__ == "__main__":
    sys.exit(main())
