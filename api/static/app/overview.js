/** What is about all rows: how many are done, the ZIP, the link to the batch, erasing, the title of the tab. */

import { addressOf } from "./api.js";
import { AskedButton } from "./asked_button.js";
import { copyText } from "./clipboard.js";
import { make, makeButton, setText } from "./dom.js";
import { askFirst } from "./downloads.js";
import { PENDING, RUNNING } from "./store.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./notice.js").Notice} Notice */
/**
 * @typedef {object} Told
 * @property {Notice} notice
 * @property {() => void} eraseAll
 * @property {(batch: string) => Promise<boolean>} hasResults asked before a download
 * @property {string} [title] of the tab, where it is not the page's
 */

export class Overview {
  /**
   * @param {HTMLElement} list the `<ul>`, under which this stands
   * @param {Told} told
   */
  constructor(list, told) {
    this._told = told;
    this._title = told.title ?? document.title;
    this._wasBusy = false;
    this.element = make("div", "overview");
    this.element.hidden = true;
    list.before(this.element);
    this._summary = make("p", "summary");
    this._zips = make("span", "zips");
    /** @type {HTMLAnchorElement[]} */
    this._links = [];
    this._page = make("a", "", say("app.batch_page"));
    this._page.id = "batch-link";
    this._copy = makeButton("quiet", () => this._copyLink());
    this._copy.id = "copy-link";
    this._copy.textContent = say("app.copy_link");
    this._count = 0;
    this._erase = this._makeErase();
    const buttons = make("div", "buttons");
    buttons.append(this._zips, this._page, this._copy, this._erase.element);
    this.element.append(this._summary, buttons);
  }

  /**
   * Scroll to it, once what was just added is shown. The focus stays where it is.
   * @param {"start" | "nearest"} block
   * @param {number} [pause] in milliseconds
   */
  reveal(block, pause = 0) {
    const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const behavior = isCalm ? "instant" : "smooth";
    window.setTimeout(() => this.element.scrollIntoView({ block, behavior }), pause);
  }

  /** @returns {AskedButton} */
  _makeErase() {
    const erase = new AskedButton({
      label: say("app.erase_all"),
      question: () => say("app.erase_sure", { count: this._count }),
      act: () => this._told.eraseAll(),
      speak: (text) => this._told.notice.speak(text),
    });
    erase.button.id = "erase-all";
    return erase;
  }

  /** @param {Row[]} rows */
  show(rows) {
    this.element.hidden = rows.length === 0;
    this._count = rows.length;
    this._erase.show();
    const counts = countStates(rows);
    setText(this._summary, this._summarize(rows.length, counts));
    this._showBatches(rows);
    this._showTitle(rows.length, counts);
    this._tellEnd(counts);
  }

  /**
   * @param {number} all
   * @param {Counts} counts
   * @returns {string}
   */
  _summarize(all, counts) {
    const parts = [say("app.files", { count: all })];
    if (counts.busy) parts.push(say("app.busy", { count: counts.busy }));
    if (counts.done) parts.push(say("app.done", { count: counts.done }));
    if (counts.failed) parts.push(say("app.failed", { count: counts.failed }));
    return parts.join(", ");
  }

  /** @param {Row[]} rows */
  _showBatches(rows) {
    const batches = [...new Set(rows.filter((row) => row.job).flatMap((row) => row.batch ?? []))];
    const newest = batches[batches.length - 1];
    this._page.hidden = this._copy.hidden = !newest || location.pathname === addressOf(`/batches/${newest}`);
    if (newest) this._page.href = addressOf(`/batches/${newest}`);
    const withResults = batches.filter((id) => rows.some((row) => row.batch === id && row.state === "succeeded"));
    this._showZips(withResults, rows);
  }

  /**
   * @param {string[]} batches
   * @param {Row[]} rows
   */
  _showZips(batches, rows) {
    while (this._links.length > batches.length) this._dropLink();
    while (this._links.length < batches.length) this._addLink();
    batches.forEach((id, index) => {
      const link = this._links[index];
      link.dataset.batch = id;
      const isPartial = rows.some((row) => row.batch === id && (RUNNING.has(row.state) || PENDING.has(row.state)));
      link.setAttribute("href", addressOf(`/v1/batches/${id}/result${isPartial ? "?partial=true" : ""}`));
      const name = batches.length === 1 ? say("app.zip") : say("app.zip_of", { number: index + 1, all: batches.length });
      setText(link, isPartial ? say("app.zip_partial") : name);
    });
  }

  _addLink() {
    const link = make("a", "button quiet zip");
    if (this._links.length === 0) link.id = "zip";
    askFirst(link, () => this._told.hasResults(link.dataset.batch ?? ""));
    this._links.push(link);
    this._zips.append(link);
  }

  /** Who pressed it goes on beside it. */
  _dropLink() {
    const link = this._links.pop();
    const hadFocus = link === document.activeElement;
    link?.remove();
    if (hadFocus) (this._links[0] ?? this._erase.button).focus();
  }

  /**
   * @param {number} all
   * @param {Counts} counts
   */
  _showTitle(all, counts) {
    document.title = counts.busy ? `(${all - counts.busy}/${all}) ${this._title}` : this._title;
  }

  /**
   * Say once that everything is over.
   * @param {Counts} counts
   */
  _tellEnd(counts) {
    if (!counts.busy && this._wasBusy && counts.done + counts.failed > 0) {
      const parts = [say("app.end_done", { count: counts.done })];
      if (counts.failed) parts.push(say("app.end_failed", { count: counts.failed }));
      this._told.notice.speak(parts.join(" "));
    }
    this._wasBusy = counts.busy > 0;
  }

  async _copyLink() {
    const isCopied = await copyText(this._page.href);
    this._told.notice.show("action", say(isCopied ? "app.copied" : "app.not_copied"));
  }
}

/** @typedef {{busy: number, done: number, failed: number}} Counts */

/**
 * @param {Row[]} rows
 * @returns {Counts}
 */
function countStates(rows) {
  const count = (/** @type {(row: Row) => boolean} */ is) => rows.filter(is).length;
  return {
    busy: count(({ state }) => PENDING.has(state) || RUNNING.has(state)),
    done: count(({ state }) => state === "succeeded"),
    failed: count(({ state }) => state === "failed" || state === "refused"),
  };
}
