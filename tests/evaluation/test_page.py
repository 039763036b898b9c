"""The page and the table of an evaluation."""

import html.parser
import json
import re

import evaluations
import numpy as np
import pytest

from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import page as page_lib
from fanet_tf.evaluation import text as text_lib


@pytest.fixture(scope="module")
def evaluation():
    return evaluations.small()


@pytest.fixture(scope="module")
def page(evaluation, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "sub" / "report.html"
    page_lib.write(path, evaluation, title="A & B", sections=[("More", "<p>x")])
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return path.read_text()


def test_the_page_needs_nothing_from_outside(page):
    links = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page)
    assert links == []  # Pictures are set by the script from its data.
    assert "url(" not in page and "@import" not in page
    assert not re.search(r"https?://", page)


def test_the_page_is_well_formed(page):
    class Parser(html.parser.HTMLParser):
        void = {"meta", "img", "input", "br"}
        optional = {"p"}
        stack: list[str] = []

        def handle_starttag(self, tag, attrs):
            if tag not in self.void | self.optional:
                self.stack.append(tag)

        def handle_endtag(self, tag):
            if tag not in self.void | self.optional:
                assert self.stack.pop() == tag

        def handle_startendtag(self, tag, attrs):
            pass

    parser = Parser()
    parser.feed(page)
    parser.close()
    assert parser.stack == []


def test_names_are_escaped(page):
    assert "<b>one</b>" not in page
    assert "Half <light>" not in page
    assert "Half &lt;light&gt;" in page
    assert "<title>A &amp; B</title>" in page


def test_the_viewer_has_each_picture_at_each_gain(page, evaluation):
    match = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(match[1])
    picked = [crop for crop in data["crops"] if crop["kind"] == "picked"]
    assert [crop["gain"] for crop in picked] == [1, 8, 64]
    assert list(picked[0]["pictures"]) == ["noisy", "half", "clean"]
    assert {c["kind"] for c in data["crops"]} == {"picked", "worst", "best"}
    numbers = {n for c in data["crops"] for n in c["pictures"].values()}
    assert numbers == set(range(len(data["uris"])))
    assert all(u.startswith("data:image/jpeg;base64,") for u in data["uris"])
    assert data["labels"]["half"] == "Half <light>"


def test_the_plots_show_gain_and_cost(page):
    assert page.count('<svg class="plot"') == 4
    assert "GMACs/MP" in page


def test_the_table_has_the_papers_columns(evaluation):
    text = text_lib.table(evaluation)
    heading = text.splitlines()[0]
    for column in ("RAW PSNR", "RAW SSIM", "RGB PSNR", "RGB SSIM"):
        assert column in heading
    assert text.splitlines()[2].startswith("Input")
    assert "2.5000" in text.splitlines()[3]
    assert text.endswith("Note: LPIPS is missing.")


def test_json_and_page_agree(evaluation, tmp_path, page):
    text_lib.write_json(tmp_path / "metrics.json", evaluation)
    record = json.loads((tmp_path / "metrics.json").read_text())
    assert f"{record['means'][1]['raw_psnr']:.3f}" in page


def test_a_failed_write_leaves_the_old_page(tmp_path, monkeypatch, evaluation):
    path = tmp_path / "report.html"
    page_lib.write(path, evaluation, title="old")
    old = path.read_text()
    monkeypatch.setattr("os.replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page_lib.write(path, evaluation, title="new")
    assert path.read_text() == old
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_the_picked_crop_is_where_detail_is(rng):
    clean = np.full((96, 128, 4), 0.2)
    clean[50:70, 80:100] = rng.random((20, 20, 4))
    y, x, height, width = gallery.detailed_box(clean, 32)
    assert (height, width) == (32, 32)
    assert y <= 60 < y + 32 and x <= 90 < x + 32
