/** The chosen format and options stay in this tab: a reload or another language brings the form back as it was. */

/** @typedef {import("./options.js").OptionsPanel} OptionsPanel */

/**
 * Bring back what was chosen before, and keep what is chosen from now on.
 * @param {OptionsPanel} panel
 * @param {string} root what keeps the choices of two services of one origin apart
 * @param {boolean} isTold whether the service sent the form back: then its values stand in it
 * @returns {void}
 */
export function keepChoices(panel, root, isTold) {
  const name = `imagemill${root} choices`;
  const kept = isTold || isLink() ? null : read(name);
  if (kept) panel.load(kept.target, kept.fields);
  const keep = () => write(name, { target: panel.target, fields: panel.given });
  panel.onChange(keep);
  keep();
}

/**
 * Say whether the address names a preset. A reload of it brings back what was changed since.
 * @returns {boolean}
 */
function isLink() {
  const [visit] = performance.getEntriesByType("navigation");
  const isFollowed = !(visit instanceof PerformanceNavigationTiming) || visit.type === "navigate";
  return isFollowed && new URLSearchParams(location.search).has("preset");
}

/**
 * @param {string} name
 * @returns {{target: string, fields: import("./types.js").Fields} | null}
 */
function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function write(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing shows the form as it comes.
  }
}
