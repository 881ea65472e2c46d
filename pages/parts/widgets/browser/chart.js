// Draws one Plotly figure on a Streamlit page, in the colours of the present theme. One file, as Streamlit loads it.
// Streamlit calls the default export for each new figure and each change of theme.

const BUNDLE = new URL("./plotly-cartesian-4.1.1.min.js", import.meta.url);
const WAITING = "Loading the chart.";
const FAILED = "The chart could not be loaded. Reload the page to try again.";
const NARROW = 480; // pixels
const [AXIS, LETTER, LINE] = [56, 6.5, 17]; // pixels of the vertical axis, of a letter and of a line of a key
const TOUCH = window.matchMedia("(pointer: coarse)");
const charts = new WeakMap(); // element from Streamlit -> the chart in it

export default function ({ data, parentElement, setTriggerValue }) {
  if (!charts.has(parentElement)) charts.set(parentElement, create(parentElement));
  const chart = charts.get(parentElement);
  chart.message = data;
  chart.trigger = setTriggerValue; // from the latest run of the page
  update(chart);
  // Streamlit also calls this for a call that a newer one has replaced: then the chart stays.
  return () => chart.box.isConnected || remove(chart);
}

// ---- Plotly: one private copy for the page -----------------------------------------------------------

let bundle = null;

function plotly() {
  bundle ??= load().catch((error) => {
    bundle = null; // so that the next figure tries again
    throw error;
  });
  return bundle;
}

async function load() {
  // The URL contains the version, so a copy in the browser's cache is valid at any age.
  let response = await fetch(BUNDLE, { cache: "force-cache" });
  if (!response.ok) response = await fetch(BUNDLE, { cache: "reload" });
  if (!response.ok) throw new Error(`${BUNDLE.pathname}: ${response.status}`);
  // The bundle is a CommonJS script that also sets window.Plotly; the value before it is restored.
  const parts = [
    "const module = { exports: {} }, before = Object.getOwnPropertyDescriptor(window, 'Plotly');\n",
    await response.text(),
    "\nif (before) Object.defineProperty(window, 'Plotly', before); else delete window.Plotly;",
    "\nexport default module.exports;",
  ];
  const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
  try {
    const Plotly = (await import(url)).default;
    Plotly.setPlotConfig({ logging: 0 }); // it warns of each bar whose colour is a number, but draws it well
    return Plotly;
  } finally {
    URL.revokeObjectURL(url);
  }
}

plotly().catch(() => {}); // start now; each chart reports a failure itself

// ---- Create and remove a chart -----------------------------------------------------------------------------

function create(parent) {
  const [frame, box, note, plot] = ["div", "div", "p", "div"].map((name) => document.createElement(name));
  frame.className = "inits-picture";
  box.className = "inits-chart";
  box.style.cssText = "position: relative; width: 100%; height: 100%; overflow: hidden";
  note.style.cssText = "position: absolute; margin: 0.5rem 0; font-size: 0.875rem; color: var(--st-gray-color)";
  plot.style.cssText = "width: 100%; height: 100%";
  box.append(note, plot);
  parent.append(frame);

  const chart = { box, note, plot, drawn: null, theme: null, config: null };
  chart.tools = tools(chart);
  frame.append(box, chart.tools.group); // beside the picture: elements with the role "img" have no buttons
  chart.observer = new ResizeObserver(() => resize(chart));
  chart.observer.observe(box);
  setTimeout(() => chart.drawn || note.textContent || (note.textContent = WAITING), 1500);
  return chart;
}

function remove(chart) {
  chart.removed = true;
  chart.observer.disconnect();
  if (chart.drawn) plotly().then((Plotly) => Plotly.purge(chart.plot));
}

async function resize(chart) {
  if (!chart.drawn) return update(chart); // hidden until now
  const { clientWidth: width, clientHeight: height } = chart.box;
  if (!width || !height || (width === chart.width && height === chart.height)) return;
  if (width < NARROW !== chart.width < NARROW) return update(chart, true); // its labels move
  Object.assign(chart, { width, height });
  (await plotly()).relayout(chart.plot, { width, height });
}

// ---- Save the picture, and undo a zoom ---------------------------------------------------------------

const STYLE = `
  .inits-picture { position: relative; width: 100%; height: 100% }
  .inits-tools { position: absolute; bottom: 0; right: 0; z-index: 1; display: flex; gap: 4px; opacity: 0; pointer-events: none }
  .inits-tools[hidden], .inits-tools [hidden] { display: none }
  .inits-picture:hover > .inits-tools, .inits-tools:focus-within { opacity: 1; pointer-events: auto }
  .inits-tools button {
    min-width: 24px; min-height: 24px; padding: 0 8px; cursor: pointer; font: 400 0.75rem/1 var(--st-font);
    color: var(--st-text-color); background: var(--st-background-color);
    border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
  }
  .inits-tools button:hover { border-color: var(--st-text-color) }
  .inits-tools button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px }
`;
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
document.adoptedStyleSheets.push(sheet);

// Shown under the pointer, after a tap, and with keyboard focus; below the labels at line ends.
function tools(chart) {
  const group = document.createElement("div");
  const button = (words, name, press) => {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", textContent: words, onclick: press });
    made.setAttribute("aria-label", name);
    group.append(made);
    return made;
  };
  const save = (format) => async () => {
    const [Plotly, { savePicture }] = await Promise.all([plotly(), import("./picture.js")]);
    await savePicture(Plotly, chart, format);
  };
  group.className = "inits-tools";
  group.hidden = true; // until there is a picture
  group.setAttribute("role", "group");
  const reset = button("Reset zoom", "Reset zoom", () => resetZoom(chart));
  reset.hidden = true;
  for (const format of ["PNG", "SVG"]) button(format, `Save picture as ${format}`, save(format.toLowerCase()));
  return { group, reset };
}

async function resetZoom(chart) {
  await (await plotly()).relayout(chart.plot, chart.ranges);
  chart.tools.reset.hidden = true;
}

// The initial ranges of a figure; Plotly writes later ranges into the same layout.
function initialRanges(layout) {
  const range = ([name, { range }]) => (range ? [`${name}.range`, [...range]] : [`${name}.autorange`, true]);
  return Object.fromEntries(Object.entries(axes(layout)).map(range));
}

// Plotly reports each change of an axis: by a drag, a double click, or this module.
function zoomed(chart, change) {
  const names = Object.keys(change);
  if (names.some((name) => /axis\d*\.range\[/.test(name))) chart.tools.reset.hidden = false;
  if (names.some((name) => /axis\d*\.autorange$/.test(name))) chart.tools.reset.hidden = true;
}

// ---- Drawing -----------------------------------------------------------------------------------------

// Draws the latest message, one drawing at a time.
async function update(chart, anew = false) {
  chart.due = true;
  if (anew) chart.theme = null;
  if (chart.busy) return;
  chart.busy = true;
  try {
    const Plotly = await plotly();
    await fonts();
    while (chart.due && !chart.removed) {
      chart.due = false;
      await inSequence(() => draw(chart, Plotly));
    }
  } catch (error) {
    console.error(error);
    if (!chart.drawn) chart.note.textContent = FAILED;
  } finally {
    chart.busy = false;
  }
}

// One chart per frame: the first picture of a page appears before the last one is drawn.
let previous = Promise.resolve();

function inSequence(task) {
  const drawing = previous.then(task);
  previous = drawing.then(frame, frame);
  return drawing;
}

function frame() {
  return new Promise((resolve) => {
    requestAnimationFrame(resolve);
    setTimeout(resolve, 100); // a hidden tab has no frames
  });
}

async function draw(chart, Plotly) {
  const { box, plot, message } = chart;
  if (!box.clientWidth || !box.clientHeight) return;
  const theme = readTheme(box);
  if (same(message, chart.drawn) && theme.key === chart.theme?.key) return;
  const figure = JSON.parse(withColours(new TextDecoder().decode(message), theme));
  const { key, alt, clicks } = figure;
  const { data, layout } = withTheme(figure, chart, theme);
  chart.ranges = initialRanges(layout);
  // Always the same config object: with a new one react() would lose zoom, hover and a drag in progress.
  chart.config ??= { displayModeBar: false, showTips: false };
  await Plotly.react(plot, data, layout, chart.config);
  if (chart.removed) return Plotly.purge(plot);
  if (!chart.drawn) {
    plot.on("plotly_click", (event) => click(chart, event));
    clickAtOnce(Plotly, plot);
    plot.on("plotly_relayout", (change) => zoomed(chart, change));
  }
  Object.assign(chart, { drawn: message, theme, key, alt, clicks });
  chart.tools.group.hidden = false;
  chart.tools.group.setAttribute("aria-label", `Save picture: ${alt}`);
  chart.note.textContent = "";
  fade(plot);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", alt);
  box.dataset.meta = typeof layout.meta === "string" ? layout.meta : JSON.stringify(layout.meta ?? null);
}

// ---- One start among others --------------------------------------------------------------------------

// While the card of a start has the pointer or the focus, traces and labels of other starts fade. A trace has its start
// in `meta`, a label in `name` ("end 3"). Not by Plotly, which would draw the whole figure again.
const FAINT = 0.12;
let start = null; // the number of its colour

function choose(event) {
  const line = event.target.closest?.('[class*="-card-"]')?.querySelector("[data-start]");
  const chosen = line ? Number(line.dataset.start) : null;
  if (chosen === start) return;
  start = chosen;
  document.querySelectorAll(".inits-chart .js-plotly-plot").forEach(fade);
}

function fade(plot) {
  const others = (of) => start !== null && of !== undefined && Number(of) !== start;
  for (const group of plot.querySelectorAll(".trace")) {
    const trace = group.__data__?.[0]?.trace;
    if (trace) group.style.opacity = others(trace.meta) ? FAINT : trace.opacity;
  }
  for (const label of plot.querySelectorAll(".annotation")) {
    const [, of] = plot.layout.annotations?.[label.dataset.index]?.name?.split(" ") ?? [];
    label.style.opacity = others(of) ? FAINT : 1;
  }
}

document.addEventListener("pointerover", choose);
document.addEventListener("focusin", choose);

// Labels are measured when they are drawn, so the font of the theme must be loaded first.
function fonts() {
  const family = getComputedStyle(document.body).fontFamily;
  const slow = new Promise((resolve) => setTimeout(resolve, 500));
  return Promise.race([document.fonts.load(`13px ${family}`), slow]).catch(() => {});
}

function same(a, b) {
  return a === b || (a?.length === b?.length && a.every((byte, i) => byte === b[i]));
}

// Plotly takes the clicked point from its latest search, and searches at most every 50 ms and never while a button is
// down: of quick clicks just after a movement most would be lost. `unhover` makes it search at once when it is released.
function clickAtOnce(Plotly, plot) {
  plot.addEventListener("pointerdown", () => {
    document.addEventListener("pointerup", () => plot.data && Plotly.Fx.unhover(plot), { capture: true, once: true });
  });
}

function click(chart, { points: [point] }) {
  if (!chart.clicks || !point) return;
  const plain = (value) => (ArrayBuffer.isView(value) ? Array.from(value) : (value ?? null));
  chart.trigger("click", {
    curve: point.curveNumber,
    name: point.data.name ?? "",
    index: point.pointNumber ?? null,
    x: plain(point.x),
    y: plain(point.y),
    z: plain(point.z),
    customdata: plain(point.customdata),
  });
}

// ---- Theme -------------------------------------------------------------------------------------------

function readTheme(box) {
  const style = getComputedStyle(box);
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const list = (name) => read(name).split(/,(?![^(]*\))/);
  const theme = {
    font: read("font"),
    ink: read("text-color"),
    muted: read("gray-color"),
    line: read("border-color"),
    background: read("background-color"),
    categorical: list("chart-categorical-colors"),
    sequential: list("chart-sequential-colors"),
    diverging: list("chart-diverging-colors"),
  };
  return { ...theme, key: JSON.stringify(theme) };
}

// Tokens: #000001..10 categorical, #000011..20 sequential, #000021..30 diverging, #000038 background;
// two more hex digits are the alpha value.
function withColours(text, { categorical, sequential, diverging, background }) {
  const slots = [...categorical, ...sequential, ...diverging];
  return text.replace(/#0000([0-3]\d)([0-9a-f]{2})?(?![0-9a-fA-F])/g, (token, digits, alpha = "") => {
    const color = digits === "38" ? background : slots[Number(digits) - 1];
    return color ? (/^#[0-9a-fA-F]{6}$/.test(color) ? color + alpha : color) : token;
  });
}

// Text with this token is black or white, as it contrasts with the colours of its markers.
const ON_MARKERS = "#000039";

function withInk(trace) {
  if (trace.textfont?.color !== ON_MARKERS) return trace;
  const { color, colorscale } = trace.marker;
  return { ...trace, textfont: { ...trace.textfont, color: color.map((place) => inkOn(colorAt(place, colorscale))) } };
}

// Red, green and blue, 0 to 255, at a place from 0 to 1 of a scale of hex colours, as Plotly mixes them.
function colorAt(place, scale) {
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const next = Math.max(1, scale.findIndex(([at]) => at >= place));
  const [[low, from], [high, to]] = [scale[next - 1], scale[next]];
  const share = Math.min(1, Math.max(0, (place - low) / (high - low)));
  return rgb(from).map((value, i) => value + share * (rgb(to)[i] - value));
}

// One of both always has a contrast of 4.5 (WCAG).
function inkOn(rgb) {
  const linear = (value) => (value <= 10 ? value / 3295 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = rgb.map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function withTheme({ data: given, layout, key }, chart, theme) {
  const data = given.map(withInk);
  chart.width = chart.box.clientWidth;
  chart.height = chart.box.clientHeight;
  const size = { width: chart.width, height: chart.height };
  const themed = withKey({ uirevision: key, ...layout, ...size, template: template(theme) });
  return { data, layout: TOUCH.matches ? withoutDrag(themed) : themed };
}

// Labels right of the lines would take a third of a narrow picture: they become a key above it.
function withKey(layout) {
  const all = layout.annotations ?? [];
  const ends = all.filter(isEnd).map(({ text }) => text);
  if (!ends.length || layout.width >= NARROW) return layout;
  const room = (layout.width - AXIS) / LETTER;
  const lines = [];
  let used = Infinity;
  for (const end of ends) {
    const length = end.replace(/<[^>]*>/g, "").length + 3;
    if (used + length > room) used = lines.push([]) * 0;
    lines.at(-1).push(end);
    used += length;
  }
  const text = lines.map((line) => line.join("&nbsp; ")).join("<br>");
  const place = { x: 0, y: 1, xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", yshift: 4 };
  const key = { ...place, text, align: "left", showarrow: false, font: { size: 12 }, name: "key" };
  const margin = { ...layout.margin, r: 8, t: (layout.margin?.t ?? 8) + LINE * lines.length };
  return { ...layout, margin, annotations: [...all.filter((note) => !isEnd(note)), key] };
}

function isEnd({ name = "" }) {
  return name.startsWith("end");
}

// On a touch screen a drag scrolls the page.
function withoutDrag(layout) {
  const fixed = Object.entries(axes(layout)).map(([name, axis]) => [name, { ...axis, fixedrange: true }]);
  return { ...layout, dragmode: false, ...Object.fromEntries(fixed) };
}

function axes(layout) {
  const named = Object.entries(layout).filter(([name]) => /^[xy]axis\d*$/.test(name));
  return { xaxis: {}, yaxis: {}, ...Object.fromEntries(named) };
}

function template({ font, ink, muted, line, background, categorical, sequential, diverging }) {
  const scale = (colors) => colors.map((color, i) => [i / (colors.length - 1), color]);
  const quiet = { color: muted, size: 12 };
  const axis = {
    automargin: true,
    gridcolor: line,
    linecolor: line,
    tickcolor: line,
    zerolinecolor: line,
    tickfont: quiet,
    title: { font: quiet, standoff: 8 },
  };
  const colorbar = { tickfont: quiet, outlinewidth: 0, title: { font: quiet } };
  const scaled = ["contour", "heatmap", "histogram2d", "histogram2dcontour"].map((type) => [type, [{ colorbar }]]);
  return {
    data: Object.fromEntries(scaled),
    layout: {
      font: { family: font, size: 13, color: ink },
      paper_bgcolor: background,
      plot_bgcolor: background,
      colorway: categorical.slice(0, 8),
      colorscale: { sequential: scale(sequential), sequentialminus: scale(sequential), diverging: scale(diverging) },
      coloraxis: { colorbar },
      hoverlabel: { bgcolor: background, bordercolor: line, font: { color: ink, size: 13 } },
      annotationdefaults: { arrowcolor: muted, font: { color: ink } },
      shapedefaults: { line: { color: muted } },
      xaxis: axis,
      yaxis: axis,
    },
  };
}
