/** The stage: both pictures in one box, the divider between them, the zoom, and what is seen of it. */

import { ZOOMS } from "./compare_parts.js";
import { say } from "./words.js";

/** @typedef {import("./compare_parts.js").Parts} Parts */
/** @typedef {{x: number, y: number}} Point in pixels of the window */

/** From here on, pixels are squares. */
const SQUARES_FROM = 2;

export class Stage {
  /** @param {Parts} parts */
  constructor(parts) {
    this._parts = parts;
    this._zoom = 0;
    this._box = { width: 1, height: 1 };
    this._place = this._place.bind(this);
    parts.slider.addEventListener("input", this._place);
    parts.stage.addEventListener("scroll", this._place, { passive: true });
    parts.zooms.forEach((button, index) => button.addEventListener("click", () => this.zoomTo(ZOOMS[index] ?? 0)));
    this._watcher = new ResizeObserver(() => this._layOut());
    this._watcher.observe(parts.stage);
  }

  /** Whether a part of the picture is out of sight. */
  get isOverflowing() {
    const { stage } = this._parts;
    if (this._zoom === 0) return false;
    return stage.scrollWidth > stage.clientWidth || stage.scrollHeight > stage.clientHeight;
  }

  /** How far the picture is moved. */
  get position() {
    return { x: this._parts.stage.scrollLeft, y: this._parts.stage.scrollTop };
  }

  set position({ x, y }) {
    this._parts.stage.scrollTo(x, y);
  }

  /**
   * Set the size of the picture at 100 %.
   * @param {{width: number, height: number}} box
   */
  setBox(box) {
    this._box = box;
    this._parts.view.style.setProperty("--compare-shape", `${box.width} / ${box.height}`);
    this._layOut();
  }

  /** Stop watching the window. */
  end() {
    this._watcher.disconnect();
  }

  /**
   * Zoom one step.
   * @param {number} direction 1 in, -1 out
   * @param {Point} [at] what stays in its place; the middle without it
   */
  step(direction, at) {
    const scale = this._scaleOf(this._zoom);
    const isFurther = (/** @type {number} */ zoom) => (this._scaleOf(zoom) - scale) * direction > 0.001;
    const further = ZOOMS.filter(isFurther).sort((one, other) => (this._scaleOf(one) - this._scaleOf(other)) * direction);
    if (further[0] !== undefined) this.zoomTo(further[0], at);
  }

  /**
   * Zoom in on a point, or back to the whole picture.
   * @param {Point} at
   */
  toggle(at) {
    if (this._zoom === 0) this.step(1, at);
    else this.zoomTo(0);
  }

  /**
   * @param {number} zoom one of ZOOMS
   * @param {Point} [at] what stays in its place; the middle without it
   */
  zoomTo(zoom, at) {
    const { stage, picture } = this._parts;
    const seen = stage.getBoundingClientRect();
    const { x, y } = at ?? { x: seen.left + seen.width / 2, y: seen.top + seen.height / 2 };
    const before = picture.getBoundingClientRect();
    const share = { x: (x - before.left) / before.width, y: (y - before.top) / before.height };
    this._zoom = zoom;
    this._layOut();
    const after = picture.getBoundingClientRect();
    stage.scrollLeft += after.left + share.x * after.width - x;
    stage.scrollTop += after.top + share.y * after.height - y;
    this._place();
  }

  /**
   * Put the divider at a place of the window.
   * @param {number} x
   */
  divideAt(x) {
    const { left, width } = this._seenPart();
    this._parts.slider.value = String(((x - left) / Math.max(1, width)) * 100);
    this._place();
  }

  /**
   * Return how many device pixels a pixel takes.
   * @param {number} zoom
   */
  _scaleOf(zoom) {
    if (zoom > 0) return zoom;
    const { clientWidth, clientHeight } = this._parts.stage;
    const fitting = Math.min(1, clientWidth / this._box.width, clientHeight / this._box.height);
    return fitting * window.devicePixelRatio;
  }

  /** Give the picture its size. */
  _layOut() {
    const { picture, zooms, stage } = this._parts;
    // Before anything is measured: a fraction of a pixel too much would bring scrollbars, and they take their place.
    stage.classList.toggle("compare-scrolls", this._zoom > 0);
    const scale = this._scaleOf(this._zoom);
    picture.style.width = `${(this._box.width * scale) / window.devicePixelRatio}px`;
    picture.style.height = `${(this._box.height * scale) / window.devicePixelRatio}px`;
    picture.classList.toggle("compare-squares", scale >= SQUARES_FROM);
    zooms.forEach((button, index) => button.setAttribute("aria-pressed", String(ZOOMS[index] === this._zoom)));
    stage.classList.toggle("compare-pans", this.isOverflowing);
    this._place();
  }

  /** Clip the pictures at the divider, which stays in its place of the stage while the picture is moved under it. */
  _place() {
    const { slider, picture, source, result, view, handle } = this._parts;
    const share = Number(slider.value) / 100;
    const seen = this._seenPart();
    const whole = picture.getBoundingClientRect();
    const x = seen.left + share * seen.width;
    const isSingle = source.hidden || result.hidden;
    source.style.clipPath = isSingle ? "none" : `inset(0 ${whole.right - x}px 0 0)`;
    result.style.clipPath = isSingle ? "none" : `inset(0 0 0 ${x - whole.left}px)`;
    handle.style.left = `${x - view.getBoundingClientRect().left}px`;
    slider.setAttribute("aria-valuetext", say("compare.share", { share: Math.round(share * 100) }));
  }

  /** Return the part of the picture that is in sight, from left to right. */
  _seenPart() {
    const { stage, picture } = this._parts;
    const whole = picture.getBoundingClientRect();
    const start = stage.getBoundingClientRect().left + stage.clientLeft;
    const left = Math.max(whole.left, start);
    return { left, width: Math.min(whole.right, start + stage.clientWidth) - left };
  }
}
