/**
 * The page of a job follows it: when its state changes, the page's own parts are taken from the server again. So there
 * is one place that says what a job looks like, and nothing moves the focus while nothing happens.
 */

/**
 * @typedef {object} Follow what the page says of its job, its sentences in the person's language
 * @property {string} events address of the job's events
 * @property {string} page address of this page
 * @property {string} job id
 * @property {string} away
 * @property {string} back
 * @property {string} next
 * @property {string} place
 */

/** After so long without an answer the person is told. A stream that is only renewed takes less. */
const PATIENCE_MS = 2500;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;
const OVER = new Set(["succeeded", "failed", "canceled", "expired"]);

class JobPage {
  /** @param {Follow} follow */
  constructor(follow) {
    this.follow = follow;
    this.pause = FIRST_PAUSE_MS;
    /** @type {EventSource | null} */
    this.source = null;
    /** @type {number | undefined} */
    this.patience = undefined;
    this.isAway = false;
  }

  /** Listen to the job. The first event tells its state, so nothing is missed. */
  listen() {
    const source = new EventSource(this.follow.events);
    this.source = source;
    source.addEventListener("open", () => this.showBack());
    source.addEventListener("status", (event) => this.takeState(JSON.parse(event.data).status));
    source.addEventListener("place", (event) => this.showPlace(JSON.parse(event.data).places[this.follow.job]));
    source.addEventListener("error", () => this.takeError(source));
  }

  /**
   * A browser comes back by itself after a cut, but not after an answer that is an error.
   * @param {EventSource} source
   */
  takeError(source) {
    this.patience ??= setTimeout(() => this.showAway(), PATIENCE_MS);
    if (source.readyState !== EventSource.CLOSED) return;
    this.later(() => this.listen());
  }

  /** @param {() => void} work */
  later(work) {
    this.source?.close();
    setTimeout(work, this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  /** @param {string} status */
  takeState(status) {
    if (OVER.has(status)) this.source?.close();
    if (status !== shownState()) void this.refresh();
  }

  /** Take the page's parts from the server. */
  async refresh() {
    try {
      const answer = await fetch(this.follow.page, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(`${this.follow.page} answers ${answer.status}.`);
      replaceParts(new DOMParser().parseFromString(await answer.text(), "text/html"));
      this.showBack();
    } catch {
      this.patience ??= setTimeout(() => this.showAway(), PATIENCE_MS);
      this.later(() => this.listen());
    }
  }

  showAway() {
    this.isAway = true;
    notice(this.follow.away);
  }

  showBack() {
    clearTimeout(this.patience);
    this.patience = undefined;
    this.pause = FIRST_PAUSE_MS;
    if (this.isAway) notice(this.follow.back);
    this.isAway = false;
  }

  /** @param {number | null | undefined} place how many start before it; null beyond what is counted */
  showPlace(place) {
    const element = document.getElementById("place");
    if (!element) return;
    element.hidden = place === null || place === undefined;
    element.textContent = place === 0 ? this.follow.next : this.follow.place.replace("{place}", String(place));
  }
}

/** @returns {string | undefined} */
function shownState() {
  return document.getElementById("job")?.dataset.status;
}

/** @param {string} sentence */
function notice(sentence) {
  const element = document.getElementById("notice");
  if (element) element.textContent = sentence;
}

/**
 * Show the new parts, and leave the focus where it was if that is still there. The live region stays the same element,
 * so that a screen reader says what it changes to.
 * @param {Document} fresh
 */
function replaceParts(fresh) {
  const [job, newer] = [document.getElementById("job"), fresh.getElementById("job")];
  const state = document.getElementById("state");
  if (!job || !newer || !state) return location.reload();
  const focused = job.contains(document.activeElement) ? document.activeElement?.id : undefined;
  const newState = newer.querySelector("#state");
  state.className = newState?.className ?? "";
  state.textContent = newState?.textContent ?? "";
  newState?.remove();
  while (state.nextSibling) state.nextSibling.remove();
  state.after(...newer.childNodes);
  job.className = newer.className;
  job.dataset.status = newer.dataset.status;
  document.title = fresh.title;
  if (focused !== undefined) (document.getElementById(focused) ?? job.querySelector("h1"))?.focus();
}

/** @returns {Follow | null} */
function readFollow() {
  return JSON.parse(document.getElementById("follow")?.textContent ?? "null");
}

const follow = readFollow();
if (follow) new JobPage(follow).listen();
