// The buttons beside the menu of each page: one copies the link, one presents the pictures.
// The presenter view shows the elements of the page itself, one at a time and enlarged, so they stay live.

const PRESENT = "#present";
const COPIED = 2000; // milliseconds that "Copied" is shown
const SETTLE = 150; // milliseconds after a change of the page
const DESIGNED = 340; // pixels: the height of a picture at which its text has the same size as on the page

export default function ({ parentElement }) {
  if (parentElement.querySelector(".inits-page-tools")) return;
  const tools = document.createElement("div");
  tools.className = "inits-page-tools";
  const copy = button("Copy link", '<path d="M9 15l6-6M8 12l-2 2a4 4 0 006 6l2-2M16 12l2-2a4 4 0 00-6-6l-2 2"/>');
  const present = button("Present", '<path d="M3 4h18M4 4v12h16V4M12 16v3M8 21l4-2 4 2"/>');
  copy.addEventListener("click", () => copyLink(copy));
  present.addEventListener("click", open);
  tools.append(copy, present);
  parentElement.append(tools);
  if (location.hash === PRESENT) open();
}

function button(label, path = "") {
  const made = document.createElement("button");
  made.type = "button";
  const icon = path && `<svg viewBox="0 0 24 24" aria-hidden="true">${path}</svg>`;
  made.innerHTML = `${icon}<span aria-live="polite">${label}</span>`;
  if (path) made.title = label;
  return made;
}

// ---- The link ----------------------------------------------------------------------------------------

async function copyLink(pressed) {
  const words = pressed.querySelector("span");
  const done = await write(location.href);
  words.textContent = done ? "Copied" : "Copy it from the address bar";
  setTimeout(() => (words.textContent = "Copy link"), COPIED);
}

// Browsers offer the clipboard only to secure pages, but a class may open the app over plain HTTP.
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.cssText = "position: fixed; opacity: 0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

// ---- The presenter view ------------------------------------------------------------------------------

let view = null;

function open() {
  if (view) return;
  const box = document.createElement("div");
  box.className = "inits-presenter";
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", "Presenter view");
  box.innerHTML = `<h2></h2><p></p><footer></footer>`;
  const [back, next, main, close] = ["Previous", "Next", "", "Close"].map((label) => button(label));
  const place = document.createElement("span");
  back.addEventListener("click", () => step(-1));
  next.addEventListener("click", () => step(1));
  main.addEventListener("click", () => primaryButton()?.click());
  close.addEventListener("click", closeView);
  box.querySelector("footer").append(back, next, place, main, close);
  document.body.append(box);
  view = { box, place, back, next, main, at: 0, chosen: false, shown: null, timer: null, before: document.activeElement };
  view.observer = new MutationObserver(() => (view.timer ??= setTimeout(refresh, SETTLE)));
  view.observer.observe(document.querySelector('[data-testid="stApp"]') ?? document.body, {
    childList: true,
    subtree: true,
    characterData: true,
  });
  document.documentElement.classList.add("inits-presenting");
  addEventListener("keydown", keys, true);
  addEventListener("resize", refresh);
  close.focus();
  refresh();
}

function closeView() {
  view.observer.disconnect();
  clearTimeout(view.timer);
  removeEventListener("keydown", keys, true);
  removeEventListener("resize", refresh);
  document.documentElement.classList.remove("inits-presenting");
  view.shown?.classList.remove("inits-shown");
  view.box.remove();
  view.before?.focus?.();
  view = null;
  setHash("");
}

function keys(event) {
  const action = { Escape: closeView, ArrowLeft: () => step(-1), ArrowRight: () => step(1) }[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

function step(by) {
  const all = pictures();
  const at = all.indexOf(view.shown) + by;
  view.chosen = true;
  show(all[Math.max(0, Math.min(all.length - 1, at))] ?? null);
  refresh();
}

// Shows the first picture until another one is chosen. The chosen picture stays while the page changes around it; if
// it disappears, the next one takes its place.
function refresh() {
  if (!view) return;
  view.timer = null;
  const all = pictures();
  if (!view.chosen || !all.includes(view.shown)) show(all[Math.min(view.at, all.length - 1)] ?? null);
  const at = Math.max(0, all.indexOf(view.shown));
  if (view.chosen) view.at = at;
  setText(view.box.querySelector("h2"), answer());
  setText(view.box.querySelector("p"), view.shown ? title(view.shown) : "There is no picture on this page yet.");
  setText(view.place, all.length ? `${at + 1} of ${all.length}` : "");
  setText(view.main.firstElementChild, primaryButton()?.querySelector("p")?.textContent ?? "");
  view.main.hidden = !primaryButton();
  view.back.disabled = at === 0;
  view.next.disabled = at >= all.length - 1;
  measure();
  setHash(PRESENT);
}

function show(picture) {
  if (picture === view.shown) return;
  view.shown?.classList.remove("inits-shown");
  picture?.classList.add("inits-shown");
  view.shown = picture;
}

function pictures() {
  return [...document.querySelectorAll('[data-testid="stMain"] .inits-chart')];
}

// The primary button of the page, such as Run.
function primaryButton() {
  return document.querySelector('[data-testid="stMain"] [data-testid="stBaseButton-primary"]:not(:disabled)');
}

// The sentence under the page's title, else the title.
function answer() {
  const heading = document.querySelector('[data-testid="stMain"] h1');
  const below = container(heading)?.nextElementSibling;
  return (below?.querySelector('[data-testid="stMarkdown"]') ?? heading)?.textContent ?? "";
}

// The last bold words before a picture: its heading.
function title(picture) {
  const bold = [...document.querySelectorAll('[data-testid="stMain"] p > strong:first-child')];
  const above = bold.filter((one) => one.compareDocumentPosition(picture) & Node.DOCUMENT_POSITION_FOLLOWING);
  return above.at(-1)?.textContent ?? picture.getAttribute("aria-label") ?? "";
}

function container(element) {
  return element?.closest('[data-testid="stElementContainer"]');
}

function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function measure() {
  const top = view.box.querySelector("p").getBoundingClientRect().bottom + 16;
  const room = Math.min((innerHeight - top - 72) / DESIGNED, (0.92 * innerWidth) / 560);
  view.box.parentElement.style.setProperty("--inits-top", `${top}px`);
  view.box.parentElement.style.setProperty("--inits-scale", Math.max(1, room).toFixed(3));
}

// Set the hash again: the page removes it when it changes its address.
function setHash(hash) {
  if (location.hash !== hash) history.replaceState(history.state, "", location.pathname + location.search + hash);
}
