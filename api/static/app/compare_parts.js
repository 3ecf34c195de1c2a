/** The elements of the comparison. */

import { say } from "./words.js";

/** The scales that can be chosen: 0 fits the picture into the stage, 1 is a pixel a device pixel. */
export const ZOOMS = [0, 1, 2, 4];

/**
 * @typedef {object} Parts
 * @property {HTMLDialogElement} dialog
 * @property {HTMLElement} frame everything in the dialog; what lies outside is its backdrop
 * @property {HTMLButtonElement} close
 * @property {HTMLElement} status
 * @property {HTMLProgressElement} progress
 * @property {HTMLElement} view the stage and what lies over it
 * @property {HTMLElement} stage scrolls
 * @property {HTMLElement} picture the box of both images
 * @property {HTMLImageElement} source
 * @property {HTMLImageElement} result
 * @property {HTMLElement} handle
 * @property {{source: HTMLElement, result: HTMLElement}} marks what is which, in the corners of the stage
 * @property {HTMLElement} tools
 * @property {HTMLInputElement} slider
 * @property {HTMLElement[]} dragging what is of no use to a single picture
 * @property {HTMLButtonElement[]} zooms in the order of ZOOMS
 * @property {HTMLElement} facts
 * @property {HTMLAnchorElement} paper downloads what cannot be shown
 */

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{[name: string]: string}} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Build the dialog of a picture, still without pictures and facts.
 * @param {string} name
 * @param {{url: string, filename: string}} result
 * @returns {Parts}
 */
export function buildParts(name, result) {
  const dialog = make("dialog", { class: "compare", "aria-labelledby": "compare-title" });
  const close = make("button", { type: "button", class: "quiet compare-close" }, say("compare.close"));
  const status = make("p", { class: "compare-status", role: "status" });
  const progress = make("progress", { max: "1", "aria-label": say("compare.progress") });
  const title = make("h2", { id: "compare-title" }, say("compare.title", { name }));
  const facts = make("div", { class: "compare-facts" });
  const target = { href: result.url, download: result.filename };
  const download = make("a", { class: "button", ...target }, say("compare.download"));
  const paper = make("a", target, say("compare.look_at_it"));
  const stage = buildStage(name, result.filename);
  const tools = buildTools();
  const frame = make(
    "div",
    { class: "compare-frame" },
    make("div", { class: "compare-head" }, title, close),
    make("div", { class: "compare-main" }, status, progress, stage.view, tools.tools),
    make("div", { class: "compare-side" }, facts, make("p", {}, download)),
  );
  dialog.append(frame);
  const { slide, dragHint, ...usable } = tools;
  const dragging = [slide, dragHint, stage.handle];
  return { dialog, frame, close, status, progress, facts, paper, dragging, ...stage, ...usable };
}

/**
 * @param {string} name
 * @param {string} filename
 */
function buildStage(name, filename) {
  const source = buildImage("compare-source", say("compare.alt_source", { name }));
  const result = buildImage("compare-result", say("compare.alt_result", { name: filename }));
  const picture = make("div", { class: "compare-picture" }, source, result);
  const stage = make("div", { class: "compare-stage", tabindex: "0", role: "group", "aria-label": say("compare.stage") });
  stage.append(picture);
  const handle = make("div", { class: "compare-handle", "aria-hidden": "true" });
  const marks = { source: buildMark("source"), result: buildMark("result") };
  const view = make("div", { class: "compare-view", hidden: "" }, stage, marks.source, marks.result, handle);
  return { view, stage, picture, source, result, handle, marks };
}

/** @param {"source" | "result"} side */
function buildMark(side) {
  return make("span", { class: `compare-mark compare-mark-${side}`, "aria-hidden": "true" }, say(`compare.${side}`));
}

/**
 * @param {string} kind
 * @param {string} alt
 */
function buildImage(kind, alt) {
  return make("img", { class: kind, alt, draggable: "false", hidden: "" });
}

function buildTools() {
  const slider = make("input", { type: "range", min: "0", max: "100", step: "any", value: "50", id: "compare-slider" });
  const slide = make("div", {}, make("label", { for: "compare-slider" }, say("compare.slider")), slider);
  const zooms = ZOOMS.map((zoom) => make("button", { type: "button", class: "quiet" }, nameZoom(zoom)));
  const group = make("div", { class: "compare-zooms", role: "group", "aria-label": say("compare.zoom") }, ...zooms);
  const dragHint = make("span", {}, say("compare.drag_hint"), " ");
  const hint = make("p", { class: "note compare-hint" }, dragHint, say("compare.zoom_hint"));
  const tools = make("div", { class: "compare-tools", hidden: "" }, slide, group, hint);
  return { slider, slide, zooms, dragHint, tools };
}

/** @param {number} zoom */
function nameZoom(zoom) {
  return zoom === 0 ? say("compare.fit") : say("compare.percent", { percent: zoom * 100 });
}
