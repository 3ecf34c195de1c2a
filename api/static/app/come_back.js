/** A page that an outage keeps away: looked for until it is there, without moving the focus while it is not. */

const PAUSE_MS = 4000;

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.status < 500) return location.reload();
  } catch {
    // The service is away altogether; it is looked for again.
  }
  setTimeout(look, PAUSE_MS);
}

setTimeout(look, PAUSE_MS);
