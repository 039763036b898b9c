"""Pages of every kind in a real browser, on a phone and on a desktop."""

import browser
import every_page
import pytest

pytestmark = pytest.mark.skipif(
    browser.CHROMIUM is None, reason="needs Chromium"
)
KINDS = (
    "calibration",
    "training",
    "evaluation",
    "comparison",
    "bench",
    "bench side by side",
    "gallery",
    "pairs",
    "walkthrough",
)

# What lies beyond the window and cannot be scrolled to inside the page.
CUT_OFF = """
[...document.querySelectorAll("main *")].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width && box.right > innerWidth + 0.5
    && !e.parentElement.closest(".scroll") && !e.closest("svg");
}).map((e) => e.outerHTML.slice(0, 80))
"""
# Texts of one plot that lie over each other.
TOUCHING = """
[...document.querySelectorAll("svg")].flatMap((svg) => {
  const texts = [...svg.querySelectorAll("text")].map(
    (t) => [t.firstChild.textContent, t.getBoundingClientRect()]);
  return texts.flatMap(([one, a], i) => texts.slice(i + 1)
    .filter(([other, b]) => a.left < b.right - 1 && b.left < a.right - 1
      && a.top < b.bottom - 5 && b.top < a.bottom - 5)
    .map(([other]) => `${one} | ${other}`));
})
"""
NAMELESS = """
[...document.querySelectorAll("img, svg, .scroll, input, select")].filter((e) =>
  !e.alt && !e.ariaLabel && !e.labels?.length
  && !(e.ariaHidden === "true") && e.checkVisibility()
).map((e) => e.outerHTML.slice(0, 80))
"""
CONTRASTS = """
(() => {
  const light = (color) => color.match(/[\\d.]+/g).slice(0, 3)
    .map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const page = light(getComputedStyle(document.body).backgroundColor);
  const found = { page };
  const texts = "h1, h2, p, li, th, td, dt, dd, figcaption, svg text";
  for (const element of document.querySelectorAll(texts)) {
    const style = getComputedStyle(element);
    const own = light(element.closest("svg") ? style.fill : style.color);
    const name = `${element.tagName} ${element.className.baseVal ?? ""}`;
    const ratio = (Math.max(own, page) + 0.05) / (Math.min(own, page) + 0.05);
    found[name] = Math.min(ratio, found[name] ?? 99);
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return every_page.write(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser.tab(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_every_kind_is_looked_at(pages):
    assert set(pages) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_can_be_read_on_a_phone_and_on_a_desktop(pages, tab, kind):
    for width, dark in ((390, False), (1280, True)):
        tab.show(pages[kind], width, dark=dark)
        assert tab.value("innerWidth") == width
        assert tab.value("document.documentElement.scrollWidth") <= width
        assert tab.value(CUT_OFF) == []
        assert tab.value(TOUCHING) == []
        assert tab.value(NAMELESS) == []
        found = tab.value(CONTRASTS)
        assert (found.pop("page") < 0.05) == dark
        assert min(found.values()) >= 4.5, found


def test_the_keyboard_reaches_everything(pages, tab):
    """Buttons, lists, the slider, and what scrolls by itself."""
    tab.show(pages["comparison"], 390)
    wanted = tab.value(
        "[...document.querySelectorAll("
        "'button, select, input, summary, .scroll')]"
        ".filter((e) => e.checkVisibility()).length"
    )
    reached = set()
    for _ in range(wanted):
        tab.press("Tab")
        reached.add(
            tab.value("[...document.all].indexOf(document.activeElement)")
        )
    assert wanted > 20 and len(reached) == wanted


def test_a_wide_table_scrolls_by_keyboard(pages, tab):
    tab.show(pages["calibration"], 390)
    tab.value("document.querySelector('.scroll').focus()")
    tab.press("ArrowRight")
    assert tab.value(
        "new Promise((done) => setTimeout(() =>"
        " done(document.querySelector('.scroll').scrollLeft), 400))"
    )


def test_members_stand_side_by_side_on_a_desktop(pages, tab):
    tops = "[...document.querySelectorAll('.members > section')].map((e) =>"
    tops += " e.getBoundingClientRect().top)"
    tab.show(pages["training"], 1280)
    assert len(set(tab.value(tops))) == 1
    tab.show(pages["training"], 390)
    assert len(set(tab.value(tops))) == 2
