// Saves a chart as a file as it is on the screen: with its zoom, the colours of the theme and an opaque background.

const PIXEL_RATIO = 2; // pixels of a PNG for each pixel on the screen

export async function savePicture(Plotly, { plot, key, alt }, format) {
  const svg = await drawing(Plotly, plot, alt);
  const file = format === "svg" ? new Blob([text(svg)], { type: "image/svg+xml" }) : await pixels(svg, plot);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${key.replace(/[^\p{L}\p{N}]+/gu, "-")}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}

async function drawing(Plotly, plot, alt) {
  const address = await Plotly.toImage(plot, { format: "svg" });
  const svg = new DOMParser().parseFromString(decodeURIComponent(address.split(/,(.*)/s)[1]), "image/svg+xml");
  add(svg, "title", alt);
  return svg;
}

// An image is drawn without the fonts of the page, so the font of the labels is embedded.
async function pixels(svg, plot) {
  add(svg, "style", await fontFace(plot.layout.template.layout.font.family).catch(() => ""));
  const canvas = document.createElement("canvas");
  canvas.width = PIXEL_RATIO * plot.clientWidth;
  canvas.height = PIXEL_RATIO * plot.clientHeight;
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(text(svg))}`;
  await image.decode();
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function add(svg, name, words) {
  const element = svg.createElementNS("http://www.w3.org/2000/svg", name);
  element.textContent = words;
  svg.documentElement.prepend(element);
}

function text(svg) {
  return new XMLSerializer().serializeToString(svg);
}

// The upright face of the first of `families` in the style sheets of the page, with its file embedded.
async function fontFace(families) {
  const plain = (words) => words.replace(/["']/g, "").trim();
  const family = plain(families.split(",")[0]);
  const own = [...document.styleSheets].filter((sheet) => sheet.href?.startsWith(location.origin));
  const { style, parentStyleSheet } = own
    .flatMap((sheet) => [...sheet.cssRules])
    .find(({ constructor, style }) =>
      constructor === CSSFontFaceRule && plain(style.fontFamily) === family && style.fontStyle === "normal");
  const source = /url\("?([^")]+)"?\)/.exec(style.getPropertyValue("src"))[1];
  const file = await (await fetch(new URL(source, parentStyleSheet.href))).blob();
  const inside = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(file);
  });
  return `@font-face { font-family: "${family}"; font-weight: 100 900; src: url("${inside}") }`;
}
