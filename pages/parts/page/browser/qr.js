// The QR code of the page, for a class.

import { encode } from "./uqr-0.1.3.js";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const QUIET = 4; // modules around the code, as the standard wants
const MOST = 1800; // bytes: more modules than a phone can read from a seat
const HERE =
  "This address works on this computer only. For other devices, start the app with --server.address 0.0.0.0 (see the README).";

// Shows the code of an address of the app without the presenter view. `host` is the address of the server for others.
export function qrDialog(host, address) {
  const url = new URL(address);
  url.hash = "";
  const only = LOOPBACK.test(url.hostname);
  if (only && host) url.hostname = host;
  const dialog = document.createElement("dialog");
  dialog.className = "inits-qr";
  dialog.setAttribute("aria-label", "QR code of this page");
  dialog.append(code(url.href), line("code", url.href));
  if (only && !host) dialog.append(line("p", HERE));
  dialog.append(closeButton(dialog));
  dialog.addEventListener("keydown", (event) => event.key.toLowerCase() === "q" && dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function line(kind, words) {
  const made = document.createElement(kind);
  made.textContent = words;
  return made;
}

function closeButton(dialog) {
  const made = line("button", "Close");
  made.type = "button";
  made.addEventListener("click", () => dialog.close());
  return made;
}

// The code as a picture, or a sentence if the address is too long for one.
function code(address) {
  const length = new TextEncoder().encode(address).length;
  if (length > MOST) {
    return line("p", `This link has ${length.toLocaleString("en")} characters, but a QR code that can be read from a seat holds ${MOST.toLocaleString("en")}. Close this and use “Copy link”.`);
  }
  // Level L has the largest squares; `encode` raises it where that costs none.
  const { size, data } = encode(address, { ecc: "L", boostEcc: true, border: QUIET });
  const rows = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
  const holder = document.createElement("div");
  holder.innerHTML =
    `<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="QR code" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${rows.join("")}"/></svg>`;
  return holder.firstElementChild;
}
