/** When to try again what failed for the moment: as the service says, and after ever longer pauses. */

const FIRST_PAUSE_S = 2;
const LONGEST_PAUSE_S = 30;

export class Waiting {
  constructor() {
    this._failures = 0;
    this._until = 0;
  }

  /** Whether it is too early to try again. */
  get isOn() {
    return Date.now() < this._until;
  }

  /** The time in milliseconds until the next attempt. */
  get left() {
    return Math.max(0, this._until - Date.now());
  }

  /**
   * Wait because something failed, and return when to try again.
   * @param {number | null} retryAfter in seconds, where the service says so
   * @returns {number} the time in milliseconds since 1970
   */
  begin(retryAfter) {
    // Files that failed together are one failure.
    const isSame = this.isOn;
    if (isSame && retryAfter === null) return this._until;
    const seconds = Math.max(isSame ? 0 : this._nextPause(retryAfter), retryAfter ?? 0, 1);
    // A little later than all the others who were told the same.
    this._until = Math.max(this._until, Date.now() + seconds * 1000 + Math.random() * 500);
    return this._until;
  }

  /**
   * Count a failure. The first is waited for as the service says; after more of them its word is too short.
   * @param {number | null} retryAfter
   * @returns {number} in seconds
   */
  _nextPause(retryAfter) {
    const isTold = retryAfter !== null && this._failures === 0;
    const pause = isTold ? retryAfter : Math.min(FIRST_PAUSE_S * 2 ** this._failures, LONGEST_PAUSE_S);
    this._failures += 1;
    return pause;
  }

  /** Something worked. */
  end() {
    this._failures = 0;
    this._until = 0;
  }

  /** Try again now; if that fails too, the pauses go on growing. */
  skip() {
    this._until = 0;
  }
}
