/** Messages about the whole page, in one place that a screen reader listens to. */

import { make } from "./dom.js";

const LINE = /\{link\}/;

export class Notice {
  /** @param {HTMLElement} element */
  constructor(element) {
    this._element = element;
    /** @type {Map<string, HTMLElement>} */
    this._lines = new Map();
    this._spoken = make("div", "unseen");
    this._spoken.setAttribute("role", "status");
    element.after(this._spoken);
  }

  /**
   * Say to a screen reader what everybody else sees in the list.
   * @param {string} text
   */
  speak(text) {
    this._spoken.textContent = text;
  }

  /**
   * Show a sentence under a topic. It takes the place of what the topic had before.
   * @param {string} topic
   * @param {string} text may hold `{link}`
   * @param {{text: string, url: string}} [link]
   */
  show(topic, text, link) {
    if (this._lines.get(topic)?.dataset.text === text) return;
    const line = make("p", "line");
    line.dataset.text = text;
    const [before, after = ""] = text.split(LINE);
    line.append(before);
    if (link) line.append(makeLink(link), after);
    this.clear(topic);
    this._lines.set(topic, line);
    this._element.append(line);
  }

  /** @param {string} topic */
  clear(topic) {
    this._lines.get(topic)?.remove();
    this._lines.delete(topic);
  }
}

/**
 * @param {{text: string, url: string}} link
 * @returns {HTMLAnchorElement}
 */
export function makeLink({ text, url }) {
  const anchor = make("a", "", text);
  anchor.href = url;
  return anchor;
}
