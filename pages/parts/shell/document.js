// What the browser does on every page: addresses, the scroll position, the focus, and links. Part of the HTML document,
// where it runs before the scripts of Streamlit.
"use strict";
(() => {
  const HOME = "%HOME%"; // the name of the home page
  const SETTLING = 5000; // ms in which a page finds its scroll position
  const LOST = 30000; // ms in which the focus finds a successor
  const TYPING = 2000; // ms after a key in which a link waits for the page to receive the text
  const SENDING = 500; // ms until a text has been sent
  const STARTING = 1000; // ms in which the run that a text starts is seen
  const EDITABLE = "input, textarea, [contenteditable=true]";
  const PARTNER = { run: "stop", stop: "run" }; // the button that takes the place of another, by the end of its key

  const main = () => document.querySelector('[data-testid="stMain"]');
  const atRest = () => !!document.querySelector('[data-test-script-state="notRunning"]');

  // ---- Addresses -------------------------------------------------------------------------------------

  // The home page has one address, "/", and opens by its name too. Streamlit would look for the server below the
  // address of the page first, with two errors in the console.
  const { pathname, search, hash } = location;
  if (pathname.endsWith(`/${HOME}`)) history.replaceState(history.state, "", `./${search}${hash}`);
  window.__streamlit = { ...window.__streamlit, BACKEND_BASE_URL: new URL("./", location.href).href };

  // ---- The theme ---------------------------------------------------------------------------------------

  // Streamlit keeps the theme that the user chooses for the path of the document alone. Here all pages have one theme,
  // that of the home page. It is kept when a document is left, and while another tab is opened.
  const theme = (path) => `stActiveTheme-${path}-v2`;
  const [ofPage, ofAll] = [location.href, window.__streamlit.BACKEND_BASE_URL].map((url) => theme(new URL(url).pathname));
  try {
    const began = localStorage.getItem(ofAll);
    if (began) localStorage.setItem(ofPage, began);
    addEventListener("visibilitychange", () => {
      const now = localStorage.getItem(ofPage);
      if (now && now !== began) localStorage.setItem(ofAll, now);
    }, true);
  } catch {
    // no storage: the system decides
  }

  // The addresses that a page asks for, each once. A new entry of the history requests its page as Back does; an address
  // takes the place only of another one of the same page, which may have been left meanwhile.
  const shown = new Set();
  window.showAddresses = () => {
    for (const { dataset } of document.querySelectorAll("[data-once]")) {
      if (shown.has(dataset.once)) continue;
      shown.add(dataset.once);
      const url = new URL(dataset.push ?? dataset.replace, window.__streamlit.BACKEND_BASE_URL);
      if (dataset.push) {
        history.pushState({}, "", url);
        dispatchEvent(new PopStateEvent("popstate"));
      } else if (url.pathname === location.pathname) {
        history.replaceState(history.state, "", url.pathname + url.search + location.hash);
      }
    }
  };

  // ---- The scroll position: a new page starts at its top, Back leads to where the page was left --------------------

  const left = new Map(); // scroll position by address
  let path = location.pathname;
  let settling = null;

  const push = history.pushState.bind(history);
  history.pushState = (...args) => {
    push(...args);
    arrive(0);
  };
  addEventListener("popstate", () => arrive(left.get(location.href) ?? 0), true);
  addEventListener("scroll", ({ target }) => target === main() && left.set(location.href, target.scrollTop), true);
  for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    addEventListener(kind, () => clearInterval(settling), { capture: true, passive: true });
  }

  function arrive(top) {
    if (location.pathname === path) return;
    path = location.pathname;
    clearInterval(settling);
    const began = performance.now();
    const scroll = () => {
      main()?.scrollTo({ top, behavior: "instant" });
      const time = performance.now() - began;
      if (time > SETTLING || (time > 1000 && atRest())) clearInterval(settling);
    };
    scroll();
    settling = setInterval(scroll, 50);
  }

  // ---- The focus: if the element that has it disappears, its successor gets it ------------------------------------

  let focused = null; // the element that had the focus last
  let origin = null; // the last one of the page itself, not of a dialog: {element, key, around, path, lost}

  addEventListener("focusin", ({ target }) => {
    focused = target;
    if (!main()?.contains(target)) return;
    const around = focusable();
    origin = { element: target, key: keyOf(target), around, at: around.indexOf(target), path };
  });
  new MutationObserver(follow).observe(document, { childList: true, subtree: true, attributeFilter: ["disabled", "data-test-script-state"] });

  function focusable() {
    return [...main().querySelectorAll("button, input, textarea, select, a[href], [tabindex='0']")];
  }

  function keyOf(element) {
    const holder = element.closest('[class*="st-key-"]');
    return [...(holder?.classList ?? [])].find((name) => name.startsWith("st-key-")) ?? "";
  }

  const usable = (element) => element?.isConnected && !element.disabled && element.getClientRects().length > 0;

  function follow() {
    if (!origin || document.activeElement !== document.body || usable(focused)) return;
    if (focused.isConnected && focused !== origin.element) return; // hidden for a moment
    origin.lost ??= performance.now();
    const next = successor();
    if (next || performance.now() - origin.lost > LOST) origin = null;
    next?.focus({ preventScroll: true }); // which is the next origin
  }

  // The button that has taken its place; else, once the page is at rest, what is next to it, or the title of a new page.
  function successor() {
    const { element, key, around, at } = origin;
    const [, stem, end] = key.match(/^(.*-)(\w+)$/) ?? [];
    const named = PARTNER[end] ? [`${stem}${PARTNER[end]}`, key] : [key];
    const inside = (name) => name && main()?.querySelector(`.${CSS.escape(name)} :is(button, input, textarea)`);
    const found = [element, ...(path === origin.path ? named.map(inside) : [])].find(usable);
    if (found || !atRest() || element.isConnected) return found;
    if (path !== origin.path) return title();
    return [...around.slice(at + 1), ...around.slice(0, at).reverse()].find(usable) ?? title();
  }

  // What a page begins with: the task of its lesson, or its title.
  function title() {
    const task = [...(main()?.querySelectorAll('[class*="-lesson"][class*="st-key-live-"] p') ?? [])].pop();
    const first = task ?? main()?.querySelector("h1");
    first?.setAttribute("tabindex", "-1");
    return first;
  }

  // ---- Links, and buttons above the title: a text that was typed just now arrives first -------------------------------

  // Otherwise the text would call its page back, or write it into the address of the new one. The buttons of the bar
  // above the title lead to other pages before the page has read the text.
  const LEADS = 'a[href], [class*="st-key-bar-"] button';
  let typed = -TYPING;
  let passing = null;

  for (const kind of ["keydown", "input", "paste"]) {
    addEventListener(kind, ({ target }) => target.closest?.(EDITABLE) && (typed = performance.now()), true);
  }
  addEventListener("click", hold, true);

  function hold(event) {
    const link = event.target.closest?.(LEADS);
    const { button, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (!link || link === passing || button || ctrlKey || metaKey || shiftKey || altKey) return;
    const began = performance.now();
    if (began - typed > TYPING || (link.href && !leads(link))) return;
    const [holder, href] = [keyOf(link), link.getAttribute("href")];
    const again = href ? `a[href="${CSS.escape(href)}"]` : `.${CSS.escape(holder)} button`;
    event.preventDefault();
    event.stopImmediatePropagation();
    let ran = false;
    const waiting = setInterval(() => {
      const time = performance.now() - began;
      if (!atRest()) ran = true;
      if (time < TYPING && (time < SENDING || !atRest() || (!ran && time < STARTING))) return;
      clearInterval(waiting);
      passing = link.isConnected ? link : document.querySelector(again);
      passing?.click();
      passing = null;
    }, 25);
  }

  function leads({ target, origin, pathname }) {
    return target !== "_blank" && origin === location.origin && pathname !== location.pathname;
  }
})();
