// The look of the editor: its colours, and the marks on lines with errors.

export function element(name, className, style = "") {
  const made = document.createElement(name);
  made.className = className;
  made.style.cssText = style;
  return made;
}

// The marks on lines with errors: a background, a sign in the gutter, and the message below the line, which is not
// part of the text.
export function marking({ Decoration, EditorView, GutterMarker, RangeSet, StateEffect, StateField, WidgetType, gutter }) {
  const worded = (Base, draw) =>
    class extends Base {
      constructor(text) {
        super();
        this.text = text;
      }
      eq(other) {
        return other.text === this.text;
      }
      toDOM() {
        return draw(this.text);
      }
    };
  const Message = worded(WidgetType, (text) => {
    const line = element("div", "inits-mark");
    line.textContent = text;
    return line;
  });
  const Sign = worded(GutterMarker, (text) => {
    const sign = element("span", "inits-sign");
    Object.assign(sign, { textContent: "!", title: text });
    return sign;
  });
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

// Colours are the variables of Streamlit, so they follow a switch of theme. Mixed with the text color, they have enough
// contrast on a marked line as well.
export function look({ EditorView, HighlightStyle, syntaxHighlighting, tags }) {
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
    // A long line wraps, indented by four columns.
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
