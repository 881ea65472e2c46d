"""An experiment as one HTML file: it opens without a server, asks nobody for anything, and its pictures are alive.

The pictures are drawn by the app's own script with the app's own bundle of plotly, packed once into the file.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""What a browser may do with a report: never talk to anybody."""

STYLE = """
:root { color-scheme: light dark; %(light)s }
@media (prefers-color-scheme: dark) { :root { %(dark)s } }
body { margin: 0 auto; max-width: 1180px; padding: 1.5rem; background: var(--st-background-color);
  color: var(--st-text-color); font: 16px/1.5 "Source Sans 3", "Source Sans", system-ui, sans-serif; }
h1, h2 { font-family: "Source Serif 4", "Source Serif", Georgia, serif; font-weight: 600; line-height: 1.25; }
h1 { font-size: 1.75rem; margin: 0 0 .25rem } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem }
h3 { font-size: 1rem; margin: 0 } p { margin: 0 0 .5rem } .quiet { color: var(--st-gray-color); font-size: .875rem }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%%), 1fr)); gap: 1.5rem }
figure { margin: 0; min-width: 0 } .wide { grid-column: 1 / -1; overflow-x: auto } .wide > div { min-width: 44rem }
table { border-collapse: collapse; font-size: .875rem; width: 100%% } .scroll { overflow-x: auto }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--st-border-color) }
th { font-weight: 400; color: var(--st-gray-color) } thead th { white-space: nowrap }
pre { background: var(--st-secondary-background-color); border-radius: .5rem; padding: 1rem; overflow-x: auto;
  font: .8125rem/1.5 ui-monospace, Consolas, monospace }
summary { cursor: pointer } details pre { margin-top: .75rem }
.key { display: inline-block; width: 2rem; height: 4px; vertical-align: middle; margin-right: .5rem }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="%(policy)s">
<title>%(title)s</title>
<style>%(style)s</style>
</head>
<body>
<h1>%(title)s</h1>
<p>%(answer)s</p>
<p class="quiet">%(date)s</p>
<noscript><p>The pictures need JavaScript; settings, table and script are below.</p></noscript>
<div class="pictures">%(curves)s</div>
<h2>Result</h2>
%(table)s
<h2>Inside the networks at the end</h2>
<div class="pictures">%(inside)s</div>
<h2>Settings</h2>
%(settings)s
<h2>The same in plain Keras</h2>
<details><summary>A script that draws the same kernels and sees the same batches, without this app.</summary>
<pre><code>%(script)s</code></pre></details>
<h2>Versions</h2>
<p>%(versions)s</p>
<script type="application/json" id="figures">%(figures)s</script>
<script type="application/json" id="saving">%(saving)s</script>
<script type="text/plain" id="plotly">%(plotly)s</script>
<script type="module">
const text = (id) => document.getElementById(id).textContent;
// The script below asks for plotly by its address: it gets the copy in this file.
const packed = Uint8Array.from(atob(text("plotly")), (sign) => sign.charCodeAt(0));
window.fetch = async () => new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
const saving = URL.createObjectURL(new Blob([JSON.parse(text("saving"))], { type: "text/javascript" }));
%(drawing)s
const figures = JSON.parse(text("figures"));
const show = () => {
  for (const [id, figure] of Object.entries(figures)) {
    const data = new TextEncoder().encode(figure);
    drawChart({ data, parentElement: document.getElementById(id), setTriggerValue() {} });
  }
};
show();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Shown:
    """A picture: its title, how to read it, its figure as `chart` sends it, and its height in pixels."""

    title: str
    how: str
    figure: str
    height: int
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of texts under the same names; `colours` number each row's start, from 0."""

    rows: Sequence[Mapping[str, str]]
    colours: Sequence[int] = ()

    @property
    def html(self) -> str:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.rows[0])
        body = ""
        for place, row in enumerate(self.rows):
            cells = [escape(cell) for cell in row.values()]
            if self.colours:
                cells[0] = _key(self.colours[place]) + cells[0]
            body += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
        return (
            f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'
        )


def report(
    *,
    title: str,
    answer: str,
    date: str,
    curves: Sequence[Shown],
    inside: Sequence[Shown],
    table: Table,
    settings: Mapping[str, str],
    script: str,
    versions: str,
    themes: Mapping[str, Mapping[str, str]],
    drawing: str,
    saving: str,
    bundle: bytes,
) -> str:
    """The file. All texts are shown as they are.

    Args:
        themes: for "light" and "dark" the CSS variables that the drawing script reads, without their `--`.
        drawing: the app's drawing script, a JavaScript module.
        saving: the module that it imports when a picture is saved.
        bundle: plotly as that script loads it.
    """
    known = {
        kind: "; ".join(f"--{name}: {value}" for name, value in theme.items())
        for kind, theme in themes.items()
    }
    pictures = {f"picture-{number}": one for number, one in enumerate([*curves, *inside])}
    drawn = [_figure(name, one) for name, one in pictures.items()]
    rows = "".join(
        f'<tr><th scope="row">{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in settings.items()
    )
    return PAGE % {
        "policy": POLICY,
        "title": escape(title),
        "style": STYLE % known,
        "answer": escape(answer),
        "date": escape(date),
        "curves": "".join(drawn[: len(curves)]),
        "inside": "".join(drawn[len(curves) :]),
        "table": table.html,
        "settings": f"<table><tbody>{rows}</tbody></table>",
        "script": escape(script),
        "versions": escape(versions),
        "figures": _json({name: one.figure for name, one in pictures.items()}),
        "saving": _json(saving),
        "plotly": base64.b64encode(gzip.compress(bundle, 9, mtime=0)).decode(),
        "drawing": inlined(drawing),
    }


def inlined(drawing: str) -> str:
    """The drawing module as part of another: its export is a function called `drawChart`, its import an address.

    Raises ValueError when the module is written otherwise than this expects.
    """
    found = drawing
    for old, new in (
        ("export default function (", "function drawChart("),
        ('import("./picture.js")', "import(saving)"),
    ):
        if found.count(old) != 1:
            raise ValueError(f"The drawing script must hold {old} once.")
        found = found.replace(old, new)
    if "</script" in found.lower():
        raise ValueError("The drawing script must not hold the end of an HTML script.")
    return found


def _json(value: object) -> str:
    """JSON inside HTML: a name such as </script> must not end the element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _figure(name: str, one: Shown) -> str:
    words = f'<h3>{escape(one.title)}</h3><p class="quiet">{escape(one.how)}</p>'
    kind = ' class="wide"' if one.wide else ""
    return f'<figure{kind}>{words}<div id="{name}" style="height:{one.height}px"></div></figure>\n'


def _key(slot: int) -> str:
    """The line that stands for a start, as in the pictures."""
    colour = f"var(--start-{slot + 1})"
    dash = f"repeating-linear-gradient(90deg,{colour} 0 8px,transparent 8px 12px)" if slot >= 4 else colour
    return f'<span class="key" style="background:{dash}"></span>'
