// Shows a Python editor on a Streamlit page, in the colours of the present theme.
// Streamlit calls the default export for each run of the page and each change of theme.

import { element, look, marking } from "./editor-look.js";

const BUNDLE = new URL("./codemirror-6.43.15.min.js", import.meta.url);
const FAILED = "The editor could not be loaded. Reload the page to try again.";
const PAUSE = 400; // ms without typing before the text is sent
const TOUCH = window.matchMedia("(pointer: coarse)");
const RUN = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ Enter" : "Ctrl+Enter";
const HINT = `${RUN} runs. Tab indents; Esc, then Tab leaves.`;
const HIDDEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)";
const editors = new WeakMap(); // element from Streamlit -> the editor in it

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!editors.has(parentElement)) editors.set(parentElement, create(parentElement));
  const editor = editors.get(parentElement);
  // The setters are those of the latest run of the page.
  Object.assign(editor, { message: data, setState: setStateValue, trigger: setTriggerValue });
  update(editor);
  // Streamlit also calls this for a call that a newer one has replaced: then the editor stays.
  return () => editor.box.isConnected || remove(editor);
}

// ---- CodeMirror: one copy per page ---------------------------------------------------------------------

let bundle = null;

function codemirror() {
  bundle ??= load().catch((error) => {
    bundle = null; // so that the next run of the page tries again
    throw error;
  });
  return bundle;
}

async function load() {
  // The URL contains the version, so a copy in the browser's cache is valid at any age.
  let response = await fetch(BUNDLE, { cache: "force-cache" });
  if (!response.ok) response = await fetch(BUNDLE, { cache: "reload" });
  if (!response.ok) throw new Error(`${BUNDLE.pathname}: ${response.status}`);
  const url = URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" }));
  try {
    const cm = await import(url);
    return { ...cm, ...marking(cm), look: look(cm) };
  } finally {
    URL.revokeObjectURL(url);
  }
}

codemirror().catch(() => {}); // start now; each editor reports a failure itself

// ---- Create and remove an editor ---------------------------------------------------------------------------

let count = 0;

function create(parent) {
  const box = element("div", "inits-editor", "display: flex; flex-direction: column; width: 100%; height: 100%");
  const place = element("div", "inits-editor-place", "flex: 1; min-width: 0; min-height: 0");
  const hint = element("div", "inits-editor-hint", TOUCH.matches ? HIDDEN : noteStyle("gray"));
  const alarm = element("div", "inits-editor-alarm", noteStyle("red"));
  const announcement = element("div", "inits-editor-said", HIDDEN); // the marks, for screen readers
  hint.id = `inits-editor-hint-${(count += 1)}`;
  alarm.setAttribute("role", "alert");
  announcement.setAttribute("role", "status");
  box.append(place, alarm, hint, announcement);
  parent.append(box);

  const editor = { box, place, hint, alarm, announcement, view: null, timer: null };
  // Not every browser moves the focus when a button is pressed, so the press itself sends the text. The click would
  // be too late: text that is sent after a click on a link to another page would open this page again.
  editor.onPointerDown = (event) => box.contains(event.target) || send(editor);
  document.addEventListener("pointerdown", editor.onPointerDown, true);
  return editor;
}

function noteStyle(color) {
  return `padding-top: 4px; font: 0.8125rem/1.4 var(--st-font); color: var(--st-${color}-color)`;
}

function remove(editor) {
  editor.removed = true;
  clearTimeout(editor.timer);
  document.removeEventListener("pointerdown", editor.onPointerDown, true);
  editor.view?.destroy();
}

async function update(editor) {
  try {
    editor.cm ??= await codemirror();
    if (editor.removed) return;
    if (editor.view) receive(editor);
    else open(editor);
    configure(editor);
    mark(editor);
  } catch (error) {
    console.error(error);
    if (!editor.view) editor.alarm.textContent = FAILED;
  }
}

function open(editor) {
  const { cm, message } = editor;
  editor.settings = new cm.Compartment();
  const extensions = [
    cm.lineNumbers(),
    cm.marks,
    cm.history(),
    cm.EditorState.tabSize.of(4),
    cm.indentUnit.of("    "),
    cm.indentOnInput(),
    cm.bracketMatching(),
    cm.pythonLanguage,
    cm.EditorView.lineWrapping,
    cm.look,
    cm.keymap.of([...keys(editor), ...cm.defaultKeymap, ...cm.historyKeymap, cm.indentWithTab]),
    cm.EditorState.transactionFilter.of((change) => (withinLimit(editor, change) ? change : [])),
    cm.EditorView.updateListener.of((change) => change.docChanged && onType(editor)),
    cm.EditorView.domEventHandlers({ blur: () => onBlur(editor) }),
    editor.settings.of([]),
  ];
  editor.view = new cm.EditorView({ doc: message.text, extensions, parent: editor.place });
  acceptText(editor, message.text);
  editor.count = message.received; // of texts that were sent
  editor.alarm.textContent = "";
}

// Take over a new text from the page; `sent` is the text that Python knows.
function acceptText(editor, sent) {
  const { revision, number } = editor.message;
  Object.assign(editor, { revision, number, sent });
}

// Keep the text of the browser, unless the page has put a new one into the editor and knew the last one of the user.
function receive(editor) {
  const { revision, number, received } = editor.message;
  const next = revision !== editor.revision || number > editor.number;
  if (!next && number === editor.number) return;
  if (next && received === editor.count && currentText(editor) === editor.sent) return replace(editor);
  acceptText(editor, null); // the user has typed since, or in a session that was lost
  send(editor);
}

// Replace the text as one separate step of the undo history.
function replace(editor) {
  const { cm, view, message } = editor;
  acceptText(editor, message.text);
  if (currentText(editor) === message.text) return;
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: message.text },
    selection: { anchor: 0 },
    annotations: cm.isolateHistory.of("full"),
    filter: false,
  });
  view.scrollDOM.scrollTop = 0;
}

function configure(editor) {
  const { EditorState, EditorView } = editor.cm;
  const { label, readonly } = editor.message;
  if (label === editor.label && readonly === editor.readonly) return;
  Object.assign(editor, { label, readonly });
  editor.hint.textContent = readonly ? "Read only." : HINT;
  const words = { "aria-label": label, "aria-describedby": editor.hint.id, tabindex: "0" };
  const rules = [EditorState.readOnly.of(readonly), EditorView.editable.of(!readonly)];
  const settings = [EditorView.contentAttributes.of(words), rules];
  editor.view.dispatch({ effects: editor.settings.reconfigure(settings) });
}

// ---- Typing ------------------------------------------------------------------------------------------

function currentText({ view }) {
  return view.state.doc.toString();
}

function keys(editor) {
  const escape = () => {
    editor.view.setTabFocusMode(true); // Tab leaves the editor until the user types again
    return false;
  };
  return [
    { key: "Escape", run: escape },
    { key: "Mod-Enter", run: () => run(editor) },
  ];
}

// A change beyond the limit is refused as a whole, and reported.
function withinLimit({ message, alarm }, { docChanged, newDoc, startState }) {
  if (!docChanged || newDoc.length <= Math.max(message.limit, startState.doc.length)) return true;
  const [limit, length] = [message.limit, newDoc.length].map((number) => number.toLocaleString("en"));
  alarm.textContent = `The editor takes at most ${limit} characters, but the text would have ${length}. The change was not made.`;
  return false;
}

function onType(editor) {
  editor.alarm.textContent = "";
  editor.view.setTabFocusMode(false);
  clearTimeout(editor.timer);
  editor.timer = setTimeout(() => send(editor), PAUSE);
}

function onBlur(editor) {
  editor.view.setTabFocusMode(false);
  send(editor);
}

function send(editor) {
  clearTimeout(editor.timer);
  if (!editor.view) return;
  const text = currentText(editor);
  if (text === editor.sent) return mark(editor); // typed and undone
  editor.sent = text;
  editor.count += 1;
  editor.setState("typed", { text, number: editor.number, count: editor.count });
}

// Text and trigger arrive in Python together.
function run(editor) {
  if (editor.readonly) return true;
  send(editor);
  editor.trigger("run", editor.number);
  return true;
}

// ---- Marks -------------------------------------------------------------------------------------------

function mark(editor) {
  const { cm, view, announcement, message } = editor;
  // Marks belong to the text that Python knows. For another text the next run of the page brings new ones.
  if (currentText(editor) !== message.text) return;
  view.dispatch({ effects: cm.setMarks.of(message.marks) });
  const words = message.marks.map(([line, text]) => `Line ${line}: ${text}`).join(" ");
  if (words === announcement.textContent) return;
  announcement.textContent = words;
  if (words && !view.hasFocus) show(editor, message.marks[0][0]);
}

// Scroll the editor, not the page.
function show({ view }, number) {
  const { top, bottom } = view.lineBlockAt(view.state.doc.line(number).from);
  const { scrollTop, clientHeight } = view.scrollDOM;
  if (top < scrollTop || bottom > scrollTop + clientHeight) view.scrollDOM.scrollTop = top - clientHeight / 3;
}
