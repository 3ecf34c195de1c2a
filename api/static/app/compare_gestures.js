/** What hands do on the stage: drag the divider, move the picture, zoom. Keyboards have the slider and the buttons. */

/** @typedef {import("./compare_parts.js").Parts} Parts */
/** @typedef {import("./compare_stage.js").Stage} Stage */

/** How far a wheel turns for a step of the zoom. Trackpads send many small turns for a pinch. */
const WHEEL_STEP = 60;

/**
 * Listen to pointer, wheel and keys.
 * @param {Parts} parts
 * @param {Stage} stage
 */
export function followHands(parts, stage) {
  for (const place of [parts.stage, parts.handle]) place.addEventListener("pointerdown", (event) => drag(event, parts, stage));
  // Not of the stage: after the first click, the divider lies under the pointer.
  parts.view.addEventListener("dblclick", (event) => stage.toggle(pointOf(event)));
  followWheel(parts.view, stage);
  parts.dialog.addEventListener("keydown", (event) => pressKey(event, stage));
}

/**
 * Drag the divider, or the picture where it is larger than the stage and was not caught at the divider.
 * @param {PointerEvent} event
 * @param {Parts} parts
 * @param {Stage} stage
 */
function drag(event, parts, stage) {
  const place = /** @type {HTMLElement} */ (event.currentTarget);
  if (!event.isPrimary || event.button !== 0 || isOnScrollbar(event, place)) return;
  const isPanning = stage.isOverflowing && place !== parts.handle;
  // Fingers scroll the stage by the browser itself, with its momentum.
  if (isPanning && event.pointerType === "touch") return;
  const move = isPanning ? makePan(event, stage) : (/** @type {PointerEvent} */ moved) => stage.divideAt(moved.clientX);
  if (!isPanning) stage.divideAt(event.clientX);
  place.setPointerCapture(event.pointerId);
  place.addEventListener("pointermove", move);
  const end = () => place.removeEventListener("pointermove", move);
  place.addEventListener("lostpointercapture", end, { once: true });
}

/**
 * @param {PointerEvent} start
 * @param {Stage} stage
 */
function makePan(start, stage) {
  const { x, y } = stage.position;
  return (/** @type {PointerEvent} */ { clientX, clientY }) => {
    stage.position = { x: x + start.clientX - clientX, y: y + start.clientY - clientY };
  };
}

/**
 * Zoom by the wheel with Ctrl, which is a pinch on a trackpad too.
 * @param {HTMLElement} view
 * @param {Stage} stage
 */
function followWheel(view, stage) {
  let turned = 0;
  const turn = (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    turned += event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : Math.sign(event.deltaY) * WHEEL_STEP;
    if (Math.abs(turned) < WHEEL_STEP) return;
    stage.step(-Math.sign(turned), pointOf(event));
    turned = 0;
  };
  view.addEventListener("wheel", turn, { passive: false });
}

/**
 * @param {KeyboardEvent} event
 * @param {Stage} stage
 */
function pressKey(event, stage) {
  // With Ctrl they zoom the page, which stays the browser's.
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const direction = { "+": 1, "=": 1, "-": -1 }[event.key];
  if (direction) stage.step(direction);
  else if (event.key === "0") stage.zoomTo(0);
  else return;
  event.preventDefault();
}

/** @param {MouseEvent} event */
function pointOf(event) {
  return { x: event.clientX, y: event.clientY };
}

/**
 * @param {MouseEvent} event
 * @param {HTMLElement} place
 */
function isOnScrollbar(event, place) {
  const { left, top } = place.getBoundingClientRect();
  return event.clientX - left > place.clientLeft + place.clientWidth || event.clientY - top > place.clientTop + place.clientHeight;
}
