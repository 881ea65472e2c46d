// A Python editor in its place on a Streamlit page, in the colours of the live theme.
// Streamlit calls the default export for every run of the page and for every change of theme.

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
  const place = element("div", "", "flex: 1; min-width: 0; min-height: 0");
  const hint = element("div", "inits-editor-hint", TOUCH.matches ? HIDDEN : foot("gray"));
  const alarm = element("div", "inits-editor-alarm", foot("red"));
  const said = element("div", "inits-editor-said", HIDDEN); // the marks, for those who cannot see them
  hint.id = `inits-editor-hint-${(count += 1)}`;
  alarm.setAttribute("role", "alert");
  said.setAttribute("role", "status");
  box.append(place, alarm, hint, said);
  parent.append(box);

  const editor = { box, place, hint, alarm, said, view: null, timer: null };
  // Not every browser takes the focus away when a button is pressed: the text is sent before the press.
  editor.elsewhere = (event) => box.contains(event.target) || send(editor);
  document.addEventListener("pointerdown", editor.elsewhere, true);
  return editor;
}

function foot(color) {
  return `padding-top: 4px; font: 0.8125rem/1.4 var(--st-font); color: var(--st-${color}-color)`;
}

function element(name, className, style) {
  const made = document.createElement(name);
  made.className = className;
  made.style.cssText = style;
  return made;
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
  if (words && !view.hasFocus) show(view, message.marks[0][0]);
}

// Scrolls the editor, never the page.
function show(view, number) {
  const box = view.scrollDOM;
  const read = () => view.lineBlockAt(view.state.doc.line(number).from);
  const write = ({ top, bottom }) => {
    const seen = top >= box.scrollTop && bottom <= box.scrollTop + box.clientHeight;
    if (!seen) box.scrollTop = top - box.clientHeight / 3;
  };
  view.requestMeasure({ read, write });
}

function marking({ Decoration, EditorView, GutterMarker, RangeSet, StateEffect, StateField, WidgetType, gutter }) {
  class Message extends WidgetType {
    constructor(text) {
      super();
      this.text = text;
    }
    eq(other) {
      return other.text === this.text;
    }
    toDOM() {
      const line = element("div", "inits-mark", "");
      line.textContent = this.text;
      return line;
    }
  }
  class Sign extends GutterMarker {
    constructor(text) {
      super();
      this.text = text;
    }
    eq(other) {
      return other.text === this.text;
    }
    toDOM() {
      const sign = element("span", "inits-sign", "");
      sign.textContent = "!";
      sign.title = this.text;
      return sign;
    }
  }
  const setMarks = StateEffect.define();
  const place = (marks, doc) => {
    const known = marks.filter(([number]) => number <= doc.lines).map(([number, text]) => [doc.line(number), text]);
    const decorations = known.flatMap(([line, text]) => [
      Decoration.line({ class: "inits-wrong" }).range(line.from),
      Decoration.widget({ widget: new Message(text), block: true, side: 1 }).range(line.to),
    ]);
    const signs = known.map(([line, text]) => new Sign(text).range(line.from));
    return { decorations: Decoration.set(decorations, true), signs: RangeSet.of(signs, true) };
  };
  const field = StateField.define({
    create: () => ({ decorations: Decoration.none, signs: RangeSet.empty }),
    update({ decorations, signs }, { changes, effects, newDoc }) {
      const set = effects.find((effect) => effect.is(setMarks));
      if (set) return place(set.value, newDoc);
      return { decorations: decorations.map(changes), signs: signs.map(changes) };
    },
    provide: (marks) => EditorView.decorations.from(marks, ({ decorations }) => decorations),
  });
  const signs = gutter({ class: "inits-signs", markers: (view) => view.state.field(field).signs });
  return { setMarks, marks: [field, signs] };
}

// ---- Theme -------------------------------------------------------------------------------------------

// Colours are Streamlit's variables, so a switch of theme needs nothing from us. Mixed with ink, they are dark
// or light enough to be read on a marked line as well.
function look({ EditorView, HighlightStyle, syntaxHighlighting, tags }) {
  const color = (name) => `color-mix(in srgb, var(--st-${name}-color) 80%, var(--st-text-color))`;
  const shade = (name, share) => `color-mix(in srgb, var(--st-${name}-color) ${share}%, transparent)`;
  const code = HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: color("link") },
    { tag: [tags.string, tags.special(tags.string)], color: color("green") },
    { tag: [tags.number, tags.bool, tags.null, tags.escape, tags.meta], color: color("orange") },
    { tag: tags.comment, color: color("gray"), fontStyle: "italic" },
    { tag: [tags.definition(tags.function(tags.variableName)), tags.definition(tags.className)], fontWeight: "600" },
  ]);
  const theme = EditorView.theme({
    "&": {
      height: "100%",
      color: "var(--st-text-color)",
      backgroundColor: "var(--st-background-color)",
      border: "1px solid var(--st-border-color)",
      borderRadius: "var(--st-base-radius)",
      overflow: "hidden",
    },
    "&.cm-focused": { outline: "1px solid var(--st-primary-color)", borderColor: "var(--st-primary-color)" },
    ".cm-scroller": { fontFamily: "var(--st-code-font)", fontSize: "var(--st-code-font-size)", lineHeight: "1.6" },
    // iOS zooms into text smaller than this when it gets the focus.
    "@supports (-webkit-touch-callout: none)": { ".cm-scroller": { fontSize: "16px" } },
    ".cm-content": { caretColor: "var(--st-text-color)", padding: "8px 0" },
    // What does not fit into one row goes on in another, four columns in.
    ".cm-line": { padding: "0 8px 0 calc(4px + 4ch)", textIndent: "-4ch" },
    ".cm-line::selection, .cm-line ::selection": { backgroundColor: shade("link", 25) },
    ".cm-gutters": { color: color("gray"), backgroundColor: "var(--st-background-color)", border: "none" },
    ".cm-lineNumbers .cm-gutterElement": { minWidth: "2em", padding: "0 2px 0 4px" },
    ".inits-signs": { width: "1em", textAlign: "center" },
    ".inits-sign": { color: color("red"), fontWeight: "700", cursor: "help" },
    ".inits-wrong": { backgroundColor: shade("red", 10) },
    ".inits-mark": {
      padding: "0 8px 2px 4px",
      color: color("red"),
      backgroundColor: shade("red", 10),
      fontFamily: "var(--st-font)",
      whiteSpace: "pre-wrap",
      overflowWrap: "anywhere",
    },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--st-gray-color)" },
    "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--st-red-color)" },
  });
  return [theme, syntaxHighlighting(code)];
}
