"""The page in a real browser: headless Chromium, where it is installed."""

import html
import json
import re
import shutil
import subprocess

import evaluations
import pytest

from fanet_tf.evaluation import page as page_lib

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None
)

# Uses the page as a person does and keeps what it shows on the way.
SCRIPT = """
<script>
window.onerror = (message) => { document.body.dataset.error = message; };
(async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const byId = (id) => document.getElementById(id);
  const clip = () => byId("left").style.clipPath;
  const key = (name) => document.dispatchEvent(
    new KeyboardEvent("keydown", { key: name }));
  const seen = { hidden: byId("viewer").hidden, clip: clip() };
  seen.strip = [...byId("strip").querySelectorAll("span:first-of-type")]
    .map((s) => s.textContent);
  seen.loaded = [...document.images].every((i) => i.naturalWidth > 0);
  seen.gains = [...byId("gains").children].map((b) => b.textContent);
  seen.cards = document.querySelectorAll(".card").length;
  byId("slider").value = 250;
  byId("slider").dispatchEvent(new Event("input"));
  seen.slid = clip();
  const before = byId("left").src;
  byId("gains").children[0].click();
  seen.changed = byId("left").src !== before;
  seen.where = byId("where").textContent;
  key("ArrowRight");
  seen.next = byId("where").textContent;
  key("1");
  seen.tag = byId("right-tag").textContent;
  key("f");
  const flickers = new Set();
  for (let i = 0; i < 30; i++) { await wait(100); flickers.add(clip()); }
  seen.flickers = [...flickers].sort();
  document.body.dataset.result = JSON.stringify(seen);
})();
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_viewer_slides_and_flickers(tmp_path):
    path = tmp_path / "report.html"
    page_lib.write(path, evaluations.small())
    page = path.read_text().replace("</body>", SCRIPT + "</body>")
    path.write_text(page)
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=8000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "data-error" not in done.stdout
    match = re.search(r'data-result="([^"]*)"', done.stdout)
    assert match, done.stderr[-2000:]
    seen = json.loads(html.unescape(match[1]))
    assert not seen["hidden"] and seen["loaded"]
    assert seen["strip"] == ["Noisy", "Half <light>", "Clean"]
    assert seen["gains"] == ["gain 1", "gain 8", "gain 64"]
    assert seen["cards"] >= 2
    assert seen["clip"] == "inset(0px 50% 0px 0px)"
    assert seen["slid"] == "inset(0px 75% 0px 0px)"
    assert seen["changed"] and seen["where"].endswith("gain 1")
    assert seen["next"].endswith("gain 8")
    assert seen["tag"].startswith("Noisy")
    assert seen["flickers"] == [
        "inset(0px 0% 0px 0px)",
        "inset(0px 100% 0px 0px)",
    ]
