"""Test that the report is one file that fetches nothing and escapes every text."""

import gzip
import json
import re
from base64 import b64decode
from html.parser import HTMLParser

import pytest

from inits.export.report import ReportFigure, Table, inlined, report
from pages.parts.widgets.chart import BROWSER, BUNDLE

DRAWING = (BROWSER / "chart.js").read_text(encoding="utf-8")
SAVING = (BROWSER / "picture.js").read_text(encoding="utf-8")
NASTY = "</script><script>alert('%s')</script><img src=x onerror=alert(1)>&amp; \"quoted\""


class Reader(HTMLParser):
    """Collect the elements of a page and the text in each kind."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.inside.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        self.inside.pop()

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside[-1]][-1] += data


@pytest.fixture(scope="module")
def page() -> str:
    figure = json.dumps({"data": [], "layout": {}, "alt": NASTY})
    one = ReportFigure(NASTY, NASTY, figure, 300)
    return report(
        title=NASTY, answer=NASTY, date=NASTY, curves=[one, one], inside=[one], settings={NASTY: NASTY}, script=NASTY,
        table=Table([{"start": NASTY, "outcome": NASTY}], [5]), versions=NASTY, drawing=DRAWING, saving=SAVING,
        themes={"light": {"start-6": "#123456"}, "dark": {"start-6": "#654321"}}, bundle=BUNDLE.read_bytes(),
    )  # fmt: skip


def test_every_text_is_escaped(page):
    found = Reader(page)
    kinds = [tag for tag, _ in found.tags]
    assert kinds.count("script") == 4
    assert "img" not in kinds
    assert found.inside == []
    for tag in ("title", "h1", "h3", "th", "td", "code"):
        assert NASTY in found.texts[tag]
    figures = json.loads(found.texts["script"][0])
    assert [json.loads(text)["alt"] for text in figures.values()] == [NASTY] * 3
    places = [about.get("id") for tag, about in found.tags if tag == "div" and "id" in about]
    assert places == list(figures)


def test_report_contains_plotly_once_and_fetches_nothing(page):
    found = Reader(page)
    assert json.loads(found.texts["script"][1]) == SAVING
    assert gzip.decompress(b64decode(found.texts["script"][2])) == BUNDLE.read_bytes()
    assert len(page) < 1_000_000
    assert not [about for _, about in found.tags if {"src", "href"} & about.keys()]
    (policy,) = (about["content"] for tag, about in found.tags if "http-equiv" in about)
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy
    assert not re.findall(r"url\(|@import", found.texts["style"][0])


@pytest.mark.parametrize(
    "changed", ["", DRAWING * 2, DRAWING.replace("./picture.js", "./other.js"), DRAWING + "</SCRIPT"]
)
def test_another_drawing_script_is_refused(changed):
    with pytest.raises(ValueError, match="drawing script"):
        inlined(changed)
