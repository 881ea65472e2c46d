// A Python editor in its place on a Streamlit page, in the colours of the live theme.
// Streamlit calls the default export for every run of the page and for every change of theme.

import { element, look, marking } from "./editor-look.js";

const BUNDLE = new URL("./codemirror-6.43.15.min.js", import.meta.url);
const FAILED = "The editor could not be loaded. Reload the page to try again.";
const PAUSE = 400; // ms without typing before the text is sent
const TOUCH = window.matchMedia("(pointer: coarse)");
const RUN = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ Enter" : "Ctrl+Enter";
const HINT = `${RUN} runs. Tab indents; Esc, then Tab leaves.`;
const HIDDEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)";
const editors = new WeakMap(); // the element Streamlit gives us -> the editor in it

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!editors.has(parentElement)) editors.set(parentElement, create(parentElement));
  const editor = editors.get(parentElement);
  // The setters belong to the latest run of the page.
  Object.assign(editor, { message: data, setState: setStateValue, trigger: setTriggerValue });
  update(editor);
  // Streamlit also runs this at once for a call that a newer one has overtaken: then the editor stays.
  return () => editor.box.isConnected || remove(editor);
}

// ---- CodeMirror: one copy a page ---------------------------------------------------------------------

let bundle = null;

function codemirror() {
  bundle ??= load().catch((error) => {
    bundle = null; // the next run of the page tries again
    throw error;
  });
  return bundle;
}

async function load() {
  // The address names the version, so a copy in the browser's cache is right however old it is.
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

codemirror().catch(() => {}); // start now; a failure is told in the place of each editor

// ---- The life of an editor ---------------------------------------------------------------------------

let count = 0;

function create(parent) {
  const box = element("div", "inits-editor", "display: flex; flex-direction: column; width: 100%; height: 100%");
  const place = element("div", "inits-editor-place", "flex: 1; min-width: 0; min-height: 0");
  const hint = element("div", "inits-editor-hint", TOUCH.matches ? HIDDEN : foot("gray"));
  const alarm = element("div", "inits-editor-alarm", foot("red"));
  const said = element("div", "inits-editor-said", HIDDEN); // the marks, for those who cannot see them
  hint.id = `inits-editor-hint-${(count += 1)}`;
  alarm.setAttribute("role", "alert");
  said.setAttribute("role", "status");
  box.append(place, alarm, hint, said);
  parent.append(box);

  const editor = { box, place, hint, alarm, said, view: null, timer: null };
  // Not every browser takes the focus away when a button is pressed, so the press itself sends the text. The click
  // would be too late: what is sent after the click on a link to another page calls this page back.
  editor.elsewhere = (event) => box.contains(event.target) || send(editor);
  document.addEventListener("pointerdown", editor.elsewhere, true);
  return editor;
}

function foot(color) {
  return `padding-top: 4px; font: 0.8125rem/1.4 var(--st-font); color: var(--st-${color}-color)`;
}

function remove(editor) {
  editor.removed = true;
  clearTimeout(editor.timer);
  document.removeEventListener("pointerdown", editor.elsewhere, true);
  editor.view?.destroy();
}

async function update(editor) {
  try {
    editor.cm ??= await codemirror();
    if (editor.removed) return;
    if (editor.view) follow(editor);
    else open(editor);
    settle(editor);
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
    cm.EditorState.transactionFilter.of((change) => (fits(editor, change) ? change : [])),
    cm.EditorView.updateListener.of((change) => change.docChanged && typed(editor)),
    cm.EditorView.domEventHandlers({ blur: () => left(editor) }),
    editor.settings.of([]),
  ];
  editor.view = new cm.EditorView({ doc: message.text, extensions, parent: editor.place });
  adopt(editor, message.text);
  editor.alarm.textContent = "";
}

// From now on the text is another of the page's texts, and Python knows it as `sent`.
function adopt(editor, sent) {
  const { revision, number } = editor.message;
  Object.assign(editor, { revision, number, sent });
}

// The text is the browser's, unless the page has put a new one into the editor.
function follow(editor) {
  const { revision, number } = editor.message;
  if (revision !== editor.revision || number > editor.number) return replace(editor);
  if (number === editor.number) return;
  adopt(editor, null); // the page begins to count again: its session was lost, but not what is written here
  send(editor);
}

// One step of its own in the undo history.
function replace(editor) {
  const { cm, view, message } = editor;
  adopt(editor, message.text);
  if (written(editor) === message.text) return;
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: message.text },
    selection: { anchor: 0 },
    annotations: cm.isolateHistory.of("full"),
    filter: false,
  });
  view.scrollDOM.scrollTop = 0;
}

function settle(editor) {
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

function written({ view }) {
  return view.state.doc.toString();
}

function keys(editor) {
  const escape = () => {
    editor.view.setTabFocusMode(true); // Tab leaves, until typing goes on
    return false;
  };
  return [
    { key: "Escape", run: escape },
    { key: "Mod-Enter", run: () => run(editor) },
  ];
}

// A text beyond the limit is not cut: it is not taken at all, and the person is told.
function fits({ message, alarm }, { docChanged, newDoc, startState }) {
  if (!docChanged || newDoc.length <= Math.max(message.limit, startState.doc.length)) return true;
  const [limit, length] = [message.limit, newDoc.length].map((number) => number.toLocaleString("en"));
  alarm.textContent = `The editor takes at most ${limit} characters. This would be ${length}, so it is left out.`;
  return false;
}

function typed(editor) {
  editor.alarm.textContent = "";
  editor.view.setTabFocusMode(false);
  clearTimeout(editor.timer);
  editor.timer = setTimeout(() => send(editor), PAUSE);
}

function left(editor) {
  editor.view.setTabFocusMode(false);
  send(editor);
}

function send(editor) {
  clearTimeout(editor.timer);
  if (!editor.view) return;
  const text = written(editor);
  if (text === editor.sent) return mark(editor); // typed and taken back
  editor.sent = text;
  editor.setState("typed", { text, number: editor.number });
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
  const { cm, view, said, message } = editor;
  // Marks are about the text that Python knows. If it is not this one, the next run of the page brings others.
  if (written(editor) !== message.text) return;
  view.dispatch({ effects: cm.setMarks.of(message.marks) });
  const words = message.marks.map(([line, text]) => `Line ${line}: ${text}`).join(" ");
  if (words === said.textContent) return;
  said.textContent = words;
  if (words && !view.hasFocus) show(editor, message.marks[0][0]);
}

// Scrolls the editor, never the page.
function show({ view }, number) {
  const { top, bottom } = view.lineBlockAt(view.state.doc.line(number).from);
  const { scrollTop, clientHeight } = view.scrollDOM;
  if (top < scrollTop || bottom > scrollTop + clientHeight) view.scrollDOM.scrollTop = top - clientHeight / 3;
}
