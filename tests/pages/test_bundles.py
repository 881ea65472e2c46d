"""The bundles of JavaScript by others: documented origin, versions and licences, and no text shown as HTML."""

import hashlib
import re
from importlib.metadata import distribution

import pytest

from pages.parts.page import toolbar
from pages.parts.widgets import chart, editor

BROWSER = editor.BROWSER
QR = toolbar.BROWSER / "uqr-0.1.3.js"
FILES = {file.name: file for folder in (BROWSER, toolbar.BROWSER) for file in folder.iterdir()}
DOC = BROWSER.parents[3] / "docs" / "BUNDLES.md"
CODE = {bundle: bundle.read_text(encoding="utf-8") for bundle in (chart.BUNDLE, editor.BUNDLE)}
BANNER = CODE[editor.BUNDLE].partition("\n")[0]
PACKAGES = dict(re.findall(r"([@\w/-]+) (\d+\.\d+\.\d+)", BANNER))


@pytest.mark.parametrize(
    ("bundle", "script", "licence", "names"),
    [
        (chart.BUNDLE, "chart.js", "plotly-cartesian-LICENSE", ["Plotly"]),
        (editor.BUNDLE, "editor.js", "codemirror-LICENSE", PACKAGES),
        (QR, "qr.js", "uqr-LICENSE", ["Nayuki"]),
    ],
)
def test_the_browser_loads_this_bundle_and_its_licence_is_there(bundle, script, licence, names) -> None:
    assert f'"./{bundle.name}"' in FILES[script].read_text(encoding="utf-8")
    words = FILES[licence].read_text(encoding="utf-8")
    assert words.startswith("MIT License")
    assert [name for name in names if name not in words] == []


def test_every_bundle_has_the_documented_origin_size_and_digest() -> None:
    row = r"^\| `(\S+\.js)` \| .* \| MIT, `(\S+)` \| ([\d,]+) \| `([0-9a-f]{64})` \|$"
    rows = re.findall(row, DOC.read_text(encoding="utf-8"), re.M)
    digests = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for name, file in FILES.items()
        if re.search(r"-\d+\.\d+\.\d+\S*\.js$", name)
    }
    assert {name: digest for name, _, _, digest in rows} == digests
    for name, licence, size, _ in rows:
        assert int(size.replace(",", "")) == FILES[name].stat().st_size
        assert licence in FILES
    assert f"plotly.js-cartesian-dist-min@{chart.PLOTLY_VERSION} " in DOC.read_text(encoding="utf-8")


def test_plotly_is_the_installed_version_and_draws_exactly_the_trace_types_we_allow() -> None:
    assert f"plotly.js (cartesian - minified) v{chart.PLOTLY_VERSION}\n" in CODE[chart.BUNDLE][:200]
    installed = distribution("plotly").locate_file("plotly/package_data/plotly.min.js")
    with open(installed, encoding="utf-8") as file:
        assert re.search(r"plotly\.js v([\d.]+)", file.read(300))[1] == chart.PLOTLY_VERSION
    assert set(re.findall(r'moduleType:"trace",name:"(\w+)"', CODE[chart.BUNDLE])) == chart.TRACE_TYPES


def test_codemirror_is_documented_small_and_loads_nothing() -> None:
    assert PACKAGES["@codemirror/view"] == editor.CODEMIRROR_VERSION
    assert len(PACKAGES) == 12
    doc = DOC.read_text(encoding="utf-8")
    for words in (BANNER.strip(), *(f"{package}@{version}" for package, version in PACKAGES.items())):
        assert words in doc
    code = CODE[editor.BUNDLE]
    assert len(code) < 400_000
    assert not re.search(r"\bimport\s*[\"'({]|\bfetch\(|\bXMLHttpRequest\b|\bfrom\s*\"", code)


def test_the_editor_shows_no_text_as_html() -> None:
    for script in ("editor.js", "editor-look.js"):
        code = (BROWSER / script).read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|document\.write", code)
