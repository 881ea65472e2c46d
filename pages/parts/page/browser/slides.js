// The slides of the page and its live controls: where they are, what is said about them, and how large they are shown.

const SLIDES = '[data-testid="stMain"] :is([class*="st-key-slide-"], [class*="st-key-lead-"], [class*="st-key-lessons-card-"])';
const LIVE = '[data-testid="stMain"] [class*="st-key-live-"]';
const PREVIOUS = '[data-testid="stMain"] [class*="st-key-previous-"]';
const CURRENT = '[class*="st-key-current-"]';
const LINES = "p, tr, li, button, img, label, .inits-chart, .cm-line"; // what must not be cut, unless it is higher than half the slide
const ROW = '[data-testid="stHorizontalBlock"]';
const LEAST = 560; // pixels: a slide is not laid out for a narrower screen, unless the screen is
const [WIDE, LOW] = [820, 250]; // pixels: a chart alone is laid out for this width, or for a larger one of this height
const USUAL = 400; // pixels: a higher chart has rows
const LOWEST = 0.35; // of its usual height
const USUAL_SCREEN = 1280; // pixels: on a wider one the controls are larger
const LARGEST = 4; // scale of a slide
const GAP = 16; // pixels between the parts of the view
const EDGE = 4; // pixels around controls, for the ring of a button that has the focus

export function slides() {
  return [...document.querySelectorAll(SLIDES)].filter(hasContent);
}

// The controls of the page to show with a slide: those of all its slides, and those of this one.
export function live(slide) {
  const ofSlide = (one) => {
    const only = keyOf(one).split("-for-")[1]?.split("-");
    return !only || (slide !== null && only.includes(nameOf(slide)));
  };
  return [...document.querySelectorAll(LIVE)].filter((one) => hasContent(one) && ofSlide(one));
}

export function isSlide(element, kind) {
  return keyOf(element).startsWith(`st-key-${kind}-`);
}

// The name of a slide: its key in Python, with dashes.
export function nameOf(slide) {
  return keyOf(slide).replace(/^st-key-(slide-|lead-)?/, "");
}

function keyOf(element) {
  return [...element.classList].find((name) => name.startsWith("st-key-")) ?? "";
}

// False for a container with nothing but hidden words.
function hasContent(element) {
  return [...element.children].some((part) => part.offsetHeight > 0);
}

// The address that leads to a slide: a lesson has a link of its own.
export function addressOf(slide) {
  return slide?.querySelector('a[href*="?lesson="]')?.href ?? location.href;
}

// ---- Folds -------------------------------------------------------------------------------------------

// Opens the folded parts of the page that have slides, which would be empty. Folds inside a slide, such as the answer of
// a lesson, stay. Streamlit marks what is folded as inert.
export function unfold() {
  for (const fold of document.querySelectorAll('[data-testid="stMain"] details:not([open])')) {
    if (!fold.querySelector(SLIDES)) continue;
    fold.open = true;
    fold.setAttribute("data-unfolded", "");
    for (const part of fold.querySelectorAll(":scope > [inert]")) part.inert = false;
  }
}

// Folds again what `unfold` has opened.
export function refold() {
  for (const fold of document.querySelectorAll("[data-unfolded]")) {
    fold.open = false;
    fold.removeAttribute("data-unfolded");
    for (const part of fold.querySelectorAll(":scope > :not(summary)")) part.inert = true;
  }
}

// ---- Words -------------------------------------------------------------------------------------------

// The title, the sentence and the reading hint of a slide as nodes. They stand above the slide, so its own heading is
// marked, to be hidden.
export function wordsOf(slide) {
  const heading = slide.querySelector("h2, h3") ?? slide.querySelector("p > strong:first-child");
  const said = [...slide.querySelectorAll('[class*="st-key-say-"] p')];
  const sentence = said.find((words) => words !== heading?.parentElement);
  heading?.closest('[data-testid="stElementContainer"]')?.setAttribute("data-above", "");
  const below = heading?.tagName === "STRONG" ? [...heading.parentElement.childNodes] : [];
  return {
    title: heading?.childNodes ?? [],
    sentence: sentence?.childNodes ?? [],
    how: below.filter((node) => node !== heading && node.nodeName !== "BR"),
  };
}

// What the page says about results of other settings, for a slide with such results: those that follow the notice,
// except in a part of the page about the present settings.
export function noticeOf(slide) {
  const notice = document.querySelector(PREVIOUS);
  const follows = notice && notice.compareDocumentPosition(slide) & Node.DOCUMENT_POSITION_FOLLOWING;
  return follows && !slide.closest(CURRENT) ? [...notice.querySelectorAll('[data-testid="stAlert"]')] : [];
}

// ---- Size --------------------------------------------------------------------------------------------

// Puts the controls above the footer of the view and the slide between its header and the controls, as large as it
// fits; with null for the view, gives both back to the page.
export function fit(slide, view) {
  if (!view) {
    slide?.removeAttribute("data-presented");
    return;
  }
  const footer = view.box.querySelector("footer").offsetHeight + GAP / 2;
  document.documentElement.style.setProperty("--inits-footer", `${footer}px`);
  const bottom = footer + placeControls(slide, view) + GAP / 2;
  if (!slide) return;
  slide.setAttribute("data-presented", "");
  const top = view.box.querySelector("header").getBoundingClientRect().bottom + GAP;
  const [width, height] = [0.92 * innerWidth, innerHeight - top - bottom];
  slide.style.setProperty("--inits-top", `${top}px`);
  const put = (scale) => {
    slide.style.setProperty("--inits-width", `${width / scale}px`);
    slide.style.setProperty("--inits-height", `${height / scale}px`);
    slide.style.setProperty("--inits-scale", scale);
  };
  const chart = onlyChart(slide);
  slide.removeAttribute("data-scrolling");
  if (chart && chart.offsetHeight <= USUAL) fill(slide, chart, put, width, height);
  else grow(slide, put, width, height);
  if (chart && chart.offsetHeight > USUAL) shrink(slide, chart, height);
  const scale = Number(slide.style.getPropertyValue("--inits-scale"));
  if (slide.scrollHeight <= height / scale + 1) return;
  slide.setAttribute("data-scrolling", "");
  slide.style.setProperty("--inits-height", `${wholeLines(slide, height, scale) / scale}px`);
}

// Puts the controls of a slide into as few rows as they need above the footer; returns the height of these rows.
function placeControls(slide, view) {
  const zoom = Math.max(1, Math.min(2, innerWidth / USUAL_SCREEN)); // of the controls
  document.documentElement.style.setProperty("--inits-zoom", zoom);
  const [shown, room] = [live(slide), (0.92 * innerWidth) / zoom];
  for (const one of document.querySelectorAll(LIVE)) one.toggleAttribute("data-elsewhere", !shown.includes(one));
  const rows = [];
  for (const one of shown) {
    let row = rows.find(({ used }) => used + one.offsetWidth - 2 * EDGE <= room);
    if (!row) rows.push((row = { used: 0, height: 0, parts: [] }));
    row.parts.push([one, row.used]);
    row.used += one.offsetWidth - 2 * EDGE + GAP;
    row.height = Math.max(row.height, one.offsetHeight);
  }
  let above = 0;
  for (const { height, parts } of rows.reverse()) {
    for (const [one, left] of parts) {
      one.style.setProperty("--inits-left", `${zoom * left}px`);
      one.style.setProperty("--inits-above", `${above}px`);
    }
    if (!view.folded) above += zoom * height;
  }
  return above;
}

// The largest height of a slide that scrolls at which its lower edge cuts no line.
function wholeLines(slide, height, scale) {
  const top = slide.getBoundingClientRect().top - scale * slide.scrollTop;
  let edge = height;
  for (const part of [...slide.querySelectorAll(LINES)].reverse()) {
    const { top: above, bottom: below } = part.getBoundingClientRect();
    if (above - top < edge && below - top > edge) edge = above - top;
  }
  return edge > height / 2 ? edge : height;
}

function largest(width, least) {
  return Math.max(1, Math.min(LARGEST, width / least));
}

// The chart of a slide that shows one chart alone.
function onlyChart(slide) {
  const charts = slide.querySelectorAll(".inits-chart");
  const chart = charts.length === 1 ? charts[0].closest('[data-testid="stElementContainer"]') : null;
  chart?.removeAttribute("data-filling");
  return chart && !slide.contains(chart.closest(ROW)) ? chart : null;
}

// Scales a slide for large text, and gives its chart the height that is left.
function fill(slide, chart, put, width, height) {
  const scale = largest(Math.min(width, (height * WIDE) / LOW), WIDE);
  put(scale);
  const rest = slide.scrollHeight - chart.offsetHeight;
  chart.style.setProperty("--inits-chart", `${Math.max(LOW / 2, Math.floor(height / scale - rest))}px`);
  chart.setAttribute("data-filling", "");
}

// Makes the rows of a chart lower if it fits then.
function shrink(slide, chart, height) {
  const left = Math.floor(height - (slide.scrollHeight - chart.offsetHeight));
  if (slide.scrollHeight <= slide.clientHeight + 1 || left < LOWEST * chart.offsetHeight) return;
  chart.style.setProperty("--inits-chart", `${left}px`);
  chart.setAttribute("data-filling", "");
}

// Scales a slide as much as it fits, at least by 1: what does not fit then can be scrolled.
function grow(slide, put, width, height) {
  const least = Number(getComputedStyle(slide).getPropertyValue("--inits-least")) || LEAST;
  const rows = [...slide.querySelectorAll(ROW)];
  const tables = [...slide.querySelectorAll(".inits-table")];
  const fits = (scale) => {
    put(scale);
    if (slide.scrollHeight > height / scale + 1 || rows.some((row) => row.scrollWidth > row.clientWidth + 1)) return false;
    return tables.every((table) => table.scrollWidth <= table.clientWidth);
  };
  let [low, high] = [1, largest(width, least)];
  if (fits(high)) return;
  while (high - low > 0.02) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  put(low);
}
