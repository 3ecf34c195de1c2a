/** Before and after: the source and its result on one stage, and what is known of both beside it. */

import { Problem } from "./api.js";
import { buildFacts, isSameShape } from "./compare_facts.js";
import { followHands } from "./compare_gestures.js";
import { enterStep } from "./compare_history.js";
import { buildParts } from "./compare_parts.js";
import { Stage } from "./compare_stage.js";
import { makeShowable } from "./preview.js";
import { fetchBytes } from "./preview_request.js";
import { Sentences } from "./sentences.js";
import { hasWords, say } from "./words.js";

/** @typedef {import("./compare_parts.js").Parts} Parts */
/** @typedef {import("./compare_facts.js").ResultFacts} ResultFacts */
/** @typedef {import("./types.js").Source} SourceFacts */
/** @typedef {import("./types.js").Coded} Coded */
/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {import("./preview.js").Showable} Showable */
/** @typedef {"source" | "result"} Side */
/**
 * @typedef {object} Asked
 * @property {string} name of the source's file
 * @property {Blob | null} source null when this browser has it no more: then the result is shown alone
 * @property {ResultFacts} result as the job shows it
 * @property {SourceFacts} sourceFacts as the job shows it
 * @property {Coded[]} [warnings] as the job shows them
 */

/** What the service writes, but nobody can show as a picture. */
const NOT_SHOWABLE = new Set(["application/pdf"]);

/**
 * Open the comparison. The focus goes back to where it was when it is closed.
 * @param {Asked} asked
 * @returns {Promise<HTMLDialogElement>} the open dialog; it is gone once it is closed
 */
export async function openCompare(asked) {
  await loadStyle();
  const open = document.querySelector("dialog.compare");
  if (open instanceof HTMLDialogElement) return open;
  const comparison = new Comparison(asked);
  const dialog = comparison.open();
  const leaveStep = await enterStep(() => dialog.close());
  if (dialog.open) dialog.addEventListener("close", leaveStep);
  else leaveStep();
  return dialog;
}

class Comparison {
  /** @param {Asked} asked */
  constructor(asked) {
    this._asked = asked;
    this._data = readPageData();
    this._sentences = new Sentences(this._data);
    this._parts = buildParts(asked.name, asked.result);
    this._stage = new Stage(this._parts);
    this._closing = new AbortController();
    this._isPaper = NOT_SHOWABLE.has(asked.result.media_type);
    /** What is done at the moment, and what went wrong, a sentence a side. @type {{[side in Side]: string}} */
    this._told = { source: "", result: "" };
    /** @type {{[side in Side]: Showable | null}} */
    this._shown = { source: null, result: null };
  }

  open() {
    const { dialog, slider, stage } = this._parts;
    document.body.append(dialog);
    this._listen();
    followHands(this._parts, this._stage);
    this._tellFacts(null);
    dialog.showModal();
    this._load().then(() => {
      // The slider is what people came for; whoever has begun to walk through the dialog is left alone.
      if (document.activeElement === this._parts.close) (slider.getClientRects().length ? slider : stage).focus();
    });
    return dialog;
  }

  _listen() {
    const { dialog, frame, close } = this._parts;
    close.addEventListener("click", () => dialog.close());
    // A drag that ends outside of the frame is a click on the dialog too, and no wish to close it.
    let isOutside = false;
    dialog.addEventListener("pointerdown", ({ target }) => (isOutside = !frame.contains(/** @type {Node} */ (target))));
    dialog.addEventListener("click", ({ target }) => target === dialog && isOutside && dialog.close());
    dialog.addEventListener("close", () => this._end());
  }

  /** Let go of everything. */
  _end() {
    this._closing.abort();
    this._stage.end();
    this._parts.dialog.remove();
    for (const shown of Object.values(this._shown)) shown?.release();
  }

  async _load() {
    const { source, name, sourceFacts, result } = this._asked;
    if (!source && !this._isPaper) this._tell("source", say("compare.no_source"));
    const [before, after] = await Promise.all([
      source && this._try("source", () => this._show("source", source, name, sourceFacts)),
      this._try("result", () => this._showResult(result)),
    ]);
    this._shown = { source: before ?? null, result: after ?? null };
    if (this._closing.signal.aborted) this._end();
    else this._present();
  }

  /**
   * @param {ResultFacts} result
   * @returns {Promise<Showable | null>}
   */
  async _showResult(result) {
    if (this._isPaper) {
      this._tell("result", say("compare.not_showable"));
      return null;
    }
    this._tell("result", say("compare.loading"));
    return this._show("result", await fetchBytes(result.url, this._closing.signal), result.filename, result);
  }

  /**
   * @param {Side} side
   * @param {Blob} blob
   * @param {string} name
   * @param {{width: number | null, height: number | null}} size
   * @returns {Promise<Showable>}
   */
  async _show(side, blob, name, { width, height }) {
    const shown = await makeShowable(blob, {
      name,
      side: width && height ? Math.max(width, height) : undefined,
      onRequest: () => this._tell(side, say(`compare.making_${side}`)),
      onProgress: (share) => this._progress(share),
      signal: this._closing.signal,
    });
    this._tell(side, "");
    return shown;
  }

  /**
   * @param {Side} side
   * @param {() => Promise<Showable | null>} show
   * @returns {Promise<Showable | null>} null with a sentence where it does not work
   */
  async _try(side, show) {
    try {
      return await show();
    } catch (problem) {
      this._tell(side, say(`compare.failed_${side}`, { reason: explain(problem, this._sentences) }));
      return null;
    }
  }

  /** Put the pictures on the stage. Both at once, so that animations begin together. */
  _present() {
    const { view, tools, dragging, progress } = this._parts;
    const { source, result } = this._shown;
    progress.hidden = true;
    this._tellFacts(this._shown);
    if (!source && !result) return;
    for (const side of /** @type {Side[]} */ (["source", "result"])) this._hang(side);
    const isSingle = !source || !result;
    for (const part of dragging) part.hidden = isSingle;
    view.classList.toggle("compare-single", isSingle);
    view.hidden = tools.hidden = false;
    this._stage.setBox(this._findBox());
  }

  /** @param {Side} side */
  _hang(side) {
    const shown = this._shown[side];
    const image = this._parts[side];
    image.hidden = this._parts.marks[side].hidden = !shown;
    if (!shown) return;
    image.src = shown.url;
    const isStretched = isSameShape(this._findBox(), side === "source" ? shown : this._asked.result);
    image.classList.toggle("compare-contained", side === "result" && !isStretched);
  }

  /** Return the size of the stage's picture: the source's, as displayed. */
  _findBox() {
    const { sourceFacts, result } = this._asked;
    const { source } = this._shown;
    if (!source) return result;
    const { width, height } = sourceFacts;
    return width && height ? { width, height } : source;
  }

  /** @param {number} share of the upload */
  _progress(share) {
    const { progress } = this._parts;
    if (share < 1) progress.value = share;
    else progress.removeAttribute("value");
  }

  /**
   * @param {Side} side
   * @param {string} sentence
   */
  _tell(side, sentence) {
    this._told[side] = sentence;
    const { source, result } = this._told;
    const { status, paper } = this._parts;
    status.textContent = [source, result].filter(Boolean).join(" ");
    if (this._isPaper) status.append(" ", paper);
  }

  /** @param {import("./compare_facts.js").Shown | null} shown */
  _tellFacts(shown) {
    const { sourceFacts, result, warnings = [] } = this._asked;
    const { targets, language } = this._data;
    const lost = warnings.map((warning) => this._sentences.warning(warning));
    const compared = { source: sourceFacts, result, lost, targets, language };
    this._parts.facts.replaceChildren(...buildFacts(compared, shown));
  }
}

/** @returns {PageData} */
function readPageData() {
  return JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");
}

/**
 * Return why it did not work.
 * @param {unknown} problem
 * @param {Sentences} sentences
 * @returns {string}
 */
function explain(problem, sentences) {
  if (!(problem instanceof Problem)) return "";
  const isFailure = hasWords(`failure.${problem.code}`);
  const { text, detail } = isFailure ? sentences.failure(problem) : sentences.problem(problem);
  return detail ? `${text} ${detail}` : text;
}

/** @returns {Promise<void>} when the stylesheet is there, or will not come */
function loadStyle() {
  const href = new URL("compare.css", import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((there) => {
    link.onload = link.onerror = () => there();
    document.head.append(link);
  });
}
