/** The open comparison is a step of the browser's history: "back" closes it, as people on phones expect. */

const MARK = "compare";
/** A browser that goes back within the page does so at once. */
const PATIENCE_MS = 1000;

/** Resolves once the step of the last comparison is taken back. @type {Promise<void>} */
let leaving = Promise.resolve();

/**
 * Make the step.
 * @param {() => void} close called when the person goes back
 * @returns {Promise<() => void>} takes the step back, unless the person did
 */
export async function enterStep(close) {
  await leaving;
  if (!isInStep()) history.pushState({ [MARK]: true }, "");
  window.addEventListener("popstate", close);
  return () => {
    window.removeEventListener("popstate", close);
    leaveStep();
  };
}

/** Take back the step in which a page was loaded again: nothing is open, and "back" would do nothing. */
export function leaveStep() {
  if (!isInStep()) return;
  leaving = new Promise((done) => {
    window.addEventListener("popstate", () => done(), { once: true });
    window.setTimeout(done, PATIENCE_MS);
  });
  history.back();
}

/** @returns {boolean} */
function isInStep() {
  return Boolean(history.state?.[MARK]);
}
