/** How far an upload is, and how fast: noted some times a second, so that a list of many files stays quick. */

/** @typedef {import("./store.js").Store} Store */

const QUIET_MS = 250;
/** The speed is that of the last seconds, so that a line that became slow shows at once. */
const WINDOW_MS = 4000;

export class Progress {
  /**
   * @param {Store} store
   * @param {string} id
   */
  constructor(store, id) {
    this._store = store;
    this._id = id;
    /** @type {{at: number, sent: number}[]} */
    this._samples = [];
    this._noted = 0;
    /** @param {number} sent @param {number} total */
    this.note = (sent, total) => this._note(sent, total, performance.now());
  }

  /**
   * @param {number} sent
   * @param {number} total
   * @param {number} now
   */
  _note(sent, total, now) {
    if (now - this._noted < QUIET_MS && sent < total) return;
    this._noted = now;
    this._samples.push({ at: now, sent });
    while (this._samples.length > 2 && now - this._samples[0].at > WINDOW_MS) this._samples.shift();
    this._store.note(this._id, { sent, total, speed: this._speed() });
  }

  /** @returns {number} in bytes a second; 0 while it is unknown */
  _speed() {
    const first = this._samples[0];
    const last = this._samples[this._samples.length - 1];
    const seconds = (last.at - first.at) / 1000;
    return seconds > 0.2 ? (last.sent - first.sent) / seconds : 0;
  }
}
