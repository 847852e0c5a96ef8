"""report.html in a real browser, with every host name blocked: light, dark, narrow, on paper, by keyboard."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape

import pytest
from made import healthy, made_run, sick, undecided

from ppodoctor.reporting.html import render
from ppodoctor.reporting.report import build_report

pytestmark = pytest.mark.browser

# The page's own policy forbids scripts, so what is measured is measured on a copy without it. The copy stands in a
# frame, which can be as narrow as a telephone; a window cannot.
MEASURE = """
<script>
const every = (root, what) => [...root.querySelectorAll(what)];
const box = (e) => e.getBoundingClientRect();
const size = (e) => parseFloat(getComputedStyle(e).fontSize);
const visible = (e) => e.getClientRects().length;
addEventListener("load", () => {
  for (const one of every(document, "details")) one.open = true;
  const shown = every(document.body, "*").filter(visible);
  const drawings = shown.filter((e) => e.localName === "svg");
  const letters = drawings.flatMap((svg) =>
    every(svg, "text").map((t) => ({t, svg, size: size(t) * box(svg).width / svg.viewBox.baseVal.width})));
  const controls = every(document, "a[href], summary, [tabindex='0']").filter(visible);
  const reached = controls.filter((e) => { e.focus(); return document.activeElement === e; });
  const body = getComputedStyle(document.body);
  parent.postMessage(JSON.stringify({
    width: document.documentElement.clientWidth,
    scrollWidth: document.documentElement.scrollWidth,
    smallest: Math.min(...letters.map((l) => l.size), ...shown.filter((e) => !e.closest("svg")).map(size)),
    drawings: drawings.length,
    outside: letters.filter(({t, svg}) => box(t).right > box(svg).right + 1.5 || box(t).left < box(svg).left - 1.5)
      .map(({t}) => t.textContent),
    background: body.backgroundColor,
    color: body.color,
    controls: controls.length,
    reached: reached.length,
  }), "*");
});
</script>
"""
FRAME = """<!doctype html><pre id="measured"></pre><script>
addEventListener("message", (event) => { document.getElementById("measured").textContent = event.data; });
</script><iframe src="report.html" width="%d" height="900" style="border: 0"></iframe>"""


def page(diagnosis, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render(build_report(made_run(), diagnosis)))
    return path


def browse(chromium, path, *flags):
    command = [*chromium, *flags, "--enable-logging=stderr", "--v=0", f"file://{path}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def measure(chromium, diagnosis, tmp_path, *flags, width=1000):
    path = page(diagnosis, tmp_path)
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text())
    path.write_text(free.replace("</body>", MEASURE + "</body>"))
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME % width)
    answer = browse(chromium, frame, "--dump-dom", "--virtual-time-budget=5000", "--hide-scrollbars", *flags)
    found = re.search(r'<pre id="measured">(.+?)</pre>', answer.stdout, re.DOTALL)
    assert found, answer.stderr[-2000:]
    return json.loads(unescape(found[1]))


@pytest.mark.parametrize("diagnosis", [sick(), healthy(), undecided()], ids=lambda d: d.verdict)
@pytest.mark.parametrize("width", [320, 700, 1280])
def test_text_is_legible_and_nothing_sticks_out(chromium, tmp_path, diagnosis, width):
    seen = measure(chromium, diagnosis, tmp_path, width=width)
    assert seen["width"] == width
    assert seen["scrollWidth"] <= width
    assert seen["smallest"] >= 11
    assert seen["drawings"] >= 7
    assert seen["outside"] == []


def test_every_control_and_figure_can_be_reached_by_keyboard(chromium, tmp_path):
    seen = measure(chromium, sick(), tmp_path)
    assert seen["reached"] == seen["controls"] >= 15


def test_light_and_dark_have_contrast(chromium, tmp_path):
    light = measure(chromium, sick(), tmp_path)
    dark = measure(chromium, sick(), tmp_path, "--blink-settings=preferredColorScheme=0")
    assert brightness(light["background"]) > 0.9 > 0.3 > brightness(light["color"])
    assert brightness(dark["background"]) < 0.2 < 0.7 < brightness(dark["color"])


def brightness(colour):
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_the_policy_is_kept_without_a_complaint_and_stops_a_script(chromium, tmp_path):
    path = page(sick(), tmp_path)
    answer = browse(chromium, path, "--dump-dom")
    assert "Content Security Policy" not in answer.stderr
    assert "The entropy bonus has the wrong sign" in answer.stdout
    path.write_text(path.read_text().replace("</body>", "<script>document.title = 'run'</script></body>"))
    answer = browse(chromium, path, "--dump-dom")
    assert "<title>run</title>" not in answer.stdout
    assert "Content Security Policy" in answer.stderr


def test_it_prints(chromium, tmp_path):
    paper = tmp_path / "report.pdf"
    browse(chromium, page(sick(), tmp_path), f"--print-to-pdf={paper}")
    assert paper.read_bytes().startswith(b"%PDF")
