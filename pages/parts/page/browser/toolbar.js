// The buttons beside the menu of each page: one copies the link, one presents the page slide by slide.

import { button, isPresented, present } from "./presenter.js";

const COPIED = 2000; // milliseconds that "Copied" is shown

let asked = null; // the theme for which the page was last run again

export default function ({ parentElement, data, setTriggerValue }) {
  const theme = getComputedStyle(parentElement).colorScheme;
  if (["light", "dark"].includes(theme) && theme !== data.theme && theme !== asked) setTriggerValue("theme", theme);
  asked = theme;
  if (parentElement.querySelector(".inits-page-tools")) return;
  const tools = document.createElement("div");
  tools.className = "inits-page-tools";
  const copy = button("Copy link", '<path d="M9 15l6-6M8 12l-2 2a4 4 0 006 6l2-2M16 12l2-2a4 4 0 00-6-6l-2 2"/>');
  const start = button("Present", '<path d="M3 4h18M4 4v12h16V4M12 16v3M8 21l4-2 4 2"/>');
  start.classList.add("inits-present");
  copy.addEventListener("click", () => copyLink(copy));
  start.addEventListener("click", () => present(data.host));
  tools.append(copy, start);
  parentElement.append(tools);
  nameMenu();
  if (isPresented()) present(data.host);
}

// On a phone Streamlit's menu is behind a button named "Expand sidebar"; toolbar.css writes "Menu" on it.
function nameMenu() {
  const header = document.querySelector("[data-testid=stHeader]");
  const name = () => header.querySelector("[data-testid=stExpandSidebarButton]")?.setAttribute("aria-label", "Menu");
  if (!header) return;
  new MutationObserver(name).observe(header, { childList: true, subtree: true });
  name();
}

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
