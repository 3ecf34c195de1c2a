/** Figures as the person's language writes them. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/**
 * Write bytes as people say them: 482 kB, 1.3 MB.
 * @param {number} count
 * @param {string} language
 * @returns {string}
 */
export function formatBytes(count, language) {
  return formatUnit(count, language, "");
}

/**
 * Write a speed: 1.3 MB/s.
 * @param {number} count bytes a second
 * @param {string} language
 * @returns {string}
 */
export function formatSpeed(count, language) {
  return formatUnit(count, language, "-per-second");
}

/**
 * Write a part of a whole: 45 %. It never rounds up to all of it.
 * @param {number} part from 0 to 1
 * @param {string} language
 * @returns {string}
 */
export function formatPercent(part, language) {
  const shown = Math.floor(part * 100) / 100;
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(shown);
}

/**
 * Return by how many percent a result is smaller or larger than its source, as the pages of the service do
 * (api/figures.py). Nothing is all of it smaller.
 * @param {number} before
 * @param {number} after
 * @returns {number}
 */
export function changePercent(before, after) {
  if (!before) return 0;
  const percent = Math.round((100 * Math.abs(before - after)) / before);
  return after < before ? Math.min(percent, 99) : percent;
}

/**
 * Write a change: 70%.
 * @param {number} percent
 * @param {string} language
 * @returns {string}
 */
export function formatChange(percent, language) {
  /** @type {Intl.NumberFormatOptions} */
  const style = { style: "percent", maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language, style).format(percent / 100);
}

/**
 * @param {number} count
 * @param {string} language
 * @param {string} suffix
 * @returns {string}
 */
function formatUnit(count, language, suffix) {
  let power = 0;
  let left = count;
  while (left >= 999.5 && power < UNITS.length - 1) {
    left /= 1000;
    power += 1;
  }
  const unit = `${UNITS[power]}${suffix}`;
  // The short name of a byte has no plural.
  const unitDisplay = power === 0 ? "long" : "short";
  /** @type {Intl.NumberFormatOptions} */
  const style = { style: "unit", unit, unitDisplay, maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(language, style).format(left);
}
