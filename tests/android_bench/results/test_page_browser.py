"""How wide the page is in a real browser: headless Chromium, where there is."""

import html
import json
import re
import shutil
import subprocess

import pytest
import records

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None
)
# A window has a scroll bar of 15 pixels.
WIDTHS = (1265, 390)
SCRIPT = """
<script>
window.onload = () => {
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {
    const inner = frame.contentDocument;
    const table = inner.querySelector(".rows .scroll");
    return {
      page: inner.documentElement.scrollWidth - frame.clientWidth,
      table: table.scrollWidth - table.clientWidth,
      columns: table.querySelectorAll("thead th").length,
    };
  });
  document.body.dataset.result = JSON.stringify(seen);
};
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_every_column_is_in_sight_or_scrolls_inside_the_table(tmp_path):
    frames = "".join(
        f'<iframe style="border: 0" width="{width}" height="900" '
        f'srcdoc="{html.escape(records.widest_page())}"></iframe>'
        for width in WIDTHS
    )
    path = tmp_path / "frames.html"
    path.write_text(f"<!doctype html><body>{frames}{SCRIPT}</body>")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=3000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r'data-result="([^"]*)"', done.stdout)
    wide, narrow = json.loads(html.unescape(found[1]))
    assert wide["columns"] == narrow["columns"] >= 20
    assert wide["page"] <= 0 and wide["table"] <= 0
    assert narrow["page"] <= 0 < narrow["table"]
