/** The clock of the service, by which results expire: that of this machine may be wrong. */

let ahead = 0;
let isKnown = false;

/**
 * Take the time from an answer of the service.
 * @param {string | null} date its header Date
 * @returns {void}
 */
export function hearDate(date) {
  const time = Date.parse(date ?? "");
  if (Number.isNaN(time)) return;
  ahead = time - Date.now();
  isKnown = true;
}

/**
 * Say whether the service has told its time.
 * @returns {boolean}
 */
export function isClockKnown() {
  return isKnown;
}

/**
 * @returns {number} the service's time in milliseconds since 1970, else this machine's
 */
export function serverNow() {
  return Date.now() + ahead;
}
