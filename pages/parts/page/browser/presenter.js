// The presenter view: the slides of the page (pages/parts/page/slides.py), one at a time and enlarged, above the controls
// of the page. All of them are the elements of the page itself, so they stay live; the rest of the page is hidden.

import { addressOf, fit, isSlide, live, nameOf, noticeOf, refold, slides, unfold, wordsOf } from "./slides.js";
import { qrDialog } from "./qr.js";

const HASH = "#present"; // of the address; "#present=name" once a slide is chosen
const SETTLE = 150; // milliseconds after a change of the page
const EMPTY = "There is nothing to show yet. Press Run, or wait until the page is ready.";
const NARROW = 700; // pixels: on a narrower screen the controls are folded at first
const OVERLAYS = '[data-testid="stPopoverBody"], [data-testid="stDialog"], [role="listbox"], [role="menu"]';
const INPUTS =
  'input, textarea, select, [contenteditable="true"], [role="slider"], [role="combobox"], [role="radio"], [role="tab"]';

let view = null;

export function isPresented() {
  return location.hash === HASH || location.hash.startsWith(`${HASH}=`);
}

export function button(label, path = "") {
  const made = document.createElement("button");
  made.type = "button";
  const icon = path && `<svg viewBox="0 0 24 24" aria-hidden="true">${path}</svg>`;
  made.innerHTML = `${icon}<span aria-live="polite">${label}</span>`;
  if (path) made.title = label;
  return made;
}

// ---- Open and close ----------------------------------------------------------------------------------

// `host` is the address of the server for others in its network, or "".
export function present(host) {
  if (view) return;
  const box = document.createElement("div");
  box.className = "inits-presenter";
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", "Presenter view");
  box.innerHTML = '<header><div></div><p></p><h2 aria-live="polite"></h2><p></p></header><footer></footer>';
  const place = document.createElement("span");
  const name = decodeURIComponent(location.hash.slice(HASH.length + 1));
  view = { box, place, name, chosen: name !== "", at: 0, page: location.pathname, shown: null, timer: null, host };
  view.buttons = {
    back: toolButton("Previous", "←", () => step(-1)),
    next: toolButton("Next", "→", () => step(1)),
    main: toolButton("", "", () => primaryButton()?.click()),
    guess: toolButton("Guess first", "H", () => guessSwitch()?.click()),
    fold: toolButton("Controls", "C", () => fold(!view.folded)),
    code: toolButton("QR code", "Q", showCode),
    close: toolButton("Close", "Escape", close),
  };
  const { back, next, ...others } = view.buttons;
  box.querySelector("footer").append(back, next, place, ...Object.values(others));
  document.body.append(box);
  const later = () => (view.timer ??= setTimeout(refresh, SETTLE));
  const changed = () => {
    if (view.shown?.isConnected) say(view.shown); // at once, as the picture below changes at once
    later();
  };
  view.sizes = new ResizeObserver(later); // of the parts of a slide, such as an answer that unfolds
  view.observer = new MutationObserver(changed);
  view.observer.observe(document.querySelector('[data-testid="stApp"]') ?? document.body, {
    childList: true,
    subtree: true,
    characterData: true,
  });
  document.documentElement.classList.add("inits-presenting");
  addEventListener("keydown", keys, true);
  addEventListener("resize", refresh);
  next.focus();
  fold(innerWidth < NARROW);
}

function toolButton(label, key, press) {
  const made = button(label);
  if (key) made.title = `Key: ${key}`;
  made.addEventListener("click", press);
  return made;
}

function close() {
  view.observer.disconnect();
  view.sizes.disconnect();
  clearTimeout(view.timer);
  removeEventListener("keydown", keys, true);
  removeEventListener("resize", refresh);
  document.documentElement.classList.remove("inits-presenting", "inits-folded");
  fit(view.shown, null);
  refold();
  view.box.remove();
  view = null;
  setHash("");
  document.querySelector(".inits-present")?.focus();
}

function fold(folded) {
  view.folded = folded;
  view.buttons.fold.setAttribute("aria-pressed", String(!folded));
  document.documentElement.classList.toggle("inits-folded", folded);
  refresh();
}

function showCode() {
  qrDialog(view.host, addressOf(view.shown));
}

// ---- Keys --------------------------------------------------------------------------------------------

// Keys of a presentation remote, too. What is typed or moved in a control of the page belongs to that control.
const KEYS = {
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  PageUp: () => step(-1),
  PageDown: () => step(1),
  a: () => view.shown?.querySelector("summary")?.click(),
  c: () => fold(!view.folded),
  h: () => guessSwitch()?.click(),
  q: showCode,
};

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector(`${OVERLAYS}, dialog[open]`)) return;
  const typing = event.target.closest?.(INPUTS);
  const leave = typing ? () => view.buttons.next.focus() : close;
  const action = event.key === "Escape" ? leave : typing ? null : KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

// ---- The present slide -------------------------------------------------------------------------------

function step(by) {
  const all = slides();
  const at = Math.max(0, Math.min(all.length - 1, all.indexOf(view.shown) + by));
  view.chosen = true;
  view.name = all.length ? nameOf(all[at]) : "";
  refresh();
}

// Shows the leading slide until another one is chosen. The chosen slide stays while the page changes around it; if it
// disappears, the next one takes its place. Another page begins anew.
function refresh() {
  if (!view) return;
  view.timer = null;
  if (view.page !== location.pathname) Object.assign(view, { page: location.pathname, chosen: false, at: 0 });
  unfold();
  const all = slides();
  const chosen = view.chosen && all.findIndex((one) => nameOf(one) === view.name);
  if (view.chosen && chosen >= 0) view.at = chosen;
  const lead = Math.max(0, all.findIndex((one) => isSlide(one, "lead")));
  const at = view.chosen ? Math.min(view.at, all.length - 1) : lead;
  show(all[at] ?? null);
  const { back, next, main, guess } = view.buttons;
  setText(view.place, all.length ? `${at + 1} of ${all.length}` : "");
  setText(main.firstElementChild, primaryButton()?.querySelector("p")?.textContent ?? "");
  main.hidden = !view.folded || !primaryButton();
  view.buttons.fold.hidden = !live(view.shown).length;
  guess.hidden = !guessSwitch();
  guess.setAttribute("aria-pressed", String(Boolean(guessSwitch()?.checked)));
  back.setAttribute("aria-disabled", String(at <= 0));
  next.setAttribute("aria-disabled", String(at >= all.length - 1));
  fit(view.shown, view);
  setHash(view.chosen ? `${HASH}=${encodeURIComponent(view.name)}` : HASH);
}

function show(slide) {
  if (slide !== view.shown) {
    fit(view.shown, null);
    view.sizes.disconnect();
    for (const part of slide?.children ?? []) view.sizes.observe(part);
  }
  view.shown = slide;
  say(slide);
}

// Writes what is said about a slide above it.
function say(slide) {
  const { title, sentence, how } = slide ? wordsOf(slide) : { title: [EMPTY], sentence: [], how: [] };
  const [notice, above, large, below] = view.box.querySelector("header").children;
  setNodes(notice, slide ? noticeOf(slide) : []);
  setNodes(above, sentence.length ? title : []);
  setNodes(large, sentence.length ? sentence : title);
  setNodes(below, how);
}

// The primary button of the page, such as Run, for when the controls are folded.
function primaryButton() {
  return document.querySelector('[data-testid="stMain"] [data-testid="stBaseButton-primary"]:not(:disabled)');
}

// The switch of the page that hides what the app predicts.
function guessSwitch() {
  return document.querySelector('[data-testid="stMain"] [class*="st-key-guess-"] input');
}

function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

// Copies of nodes that the page shows, so that formulas stay formulas.
function setNodes(element, nodes) {
  const holder = document.createElement("div");
  holder.append(...[...nodes].map((node) => node.cloneNode?.(true) ?? node));
  if (element.innerHTML !== holder.innerHTML) element.replaceChildren(...holder.childNodes);
}

// Set the hash again: the page removes it when it changes its address.
function setHash(hash) {
  if (location.hash !== hash) history.replaceState(history.state, "", location.pathname + location.search + hash);
}
