// Compares each file with its PNG result as this browser shows them, and sends one verdict for each to the server.
"use strict";

const GROUNDS = ["#fff", "#000"]; // On both, since a clear pixel's colour is not seen, and soft ones differ by what lies below.
const LEAST = 10; // Milliseconds: a frame of this time or less is played for PLAYED.
const PLAYED = 100;

async function loadStill(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return { picture: image, width: image.naturalWidth, height: image.naturalHeight };
}

function paint({ picture, width, height }, ground) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

// The largest difference of a sample, and where it is.
function findDifference(one, other) {
  let most = { difference: 0 };
  for (const ground of GROUNDS) {
    const [seen, made] = [paint(one, ground), paint(other, ground)];
    for (let at = 0; at < seen.length; at++) {
      const difference = Math.abs(seen[at] - made[at]);
      if (difference > most.difference) {
        const pixel = at >> 2;
        most = {
          difference, ground, x: pixel % one.width, y: Math.floor(pixel / one.width),
          seen: [...seen.slice(pixel * 4, pixel * 4 + 3)], made: [...made.slice(pixel * 4, pixel * 4 + 3)],
        };
      }
    }
  }
  return most;
}

function compare(one, other) {
  if (one.width !== other.width || one.height !== other.height) {
    return { wrong: `the browser shows ${one.width} x ${one.height} pixels, the result has ${other.width} x ${other.height}` };
  }
  return findDifference(one, other);
}

async function openFilm(url, type) {
  if (!(await ImageDecoder.isTypeSupported(type))) return null;
  const data = await (await fetch(url)).arrayBuffer();
  const decoder = new ImageDecoder({ data, type });
  await decoder.tracks.ready;
  await decoder.completed;
  return { decoder, count: decoder.tracks.selectedTrack.frameCount };
}

async function decodeFrame(film, index) {
  const { image } = await film.decoder.decode({ frameIndex: index });
  return { picture: image, width: image.displayWidth, height: image.displayHeight, time: (image.duration ?? 0) / 1000 };
}

// Frames one after another, so that only one is in memory; `each` is given the frame and its start.
async function playFilm(film, each) {
  let start = 0;
  for (let index = 0; index < film.count; index++) {
    const frame = await decodeFrame(film, index);
    const time = frame.time <= LEAST ? PLAYED : frame.time;
    await each(frame, start, time);
    frame.picture.close();
    start += time;
  }
  return start;
}

async function listStarts(film) {
  const starts = [];
  const whole = await playFilm(film, (_, start) => starts.push(start));
  return { starts, whole };
}

// Each frame of the file beside what the result shows in the middle of its time.
async function compareFilms(one, other) {
  const { starts, whole } = await listStarts(other);
  let most = { difference: 0 };
  const played = await playFilm(one, async (frame, start, time) => {
    const index = starts.findLastIndex((begin) => begin <= start + time / 2);
    const shown = await decodeFrame(other, index);
    const found = compare(frame, shown);
    shown.picture.close();
    if (found.wrong || (!most.wrong && found.difference > most.difference)) most = { ...found, start };
  });
  const apart = Math.abs(played - whole);
  return apart > 1 + one.count ? { wrong: `the browser plays ${played} ms, the result ${whole} ms` } : most;
}

async function judgeResult(file, type, result, resultType = "image/png") {
  const film = await openFilm(file, type);
  if (film && film.count > 1) return { frames: film.count, ...(await compareFilms(film, await openFilm(result, resultType))) };
  return { frames: 1, ...compare(await loadStill(file), await loadStill(result)) };
}

async function judgeOrTell(...asked) {
  try {
    return await judgeResult(...asked);
  } catch (error) {
    return { wrong: `the comparison failed: ${error}` };
  }
}

function isApart(verdict, most) {
  return verdict.wrong !== undefined || verdict.difference > most;
}

// What the browser shows with a flaw is no judge: then the sound file is.
async function judgePair(pair, index) {
  const [file, result, sound] = [`/files/${index}`, `/results/${index}`, `/sound/${index}`];
  try {
    await loadStill(file);
  } catch (error) {
    return { shown: false };
  }
  if (!pair.result) return { shown: true };
  const verdict = await judgeOrTell(file, pair.type, result);
  if (!pair.sound || !isApart(verdict, pair.most)) return { shown: true, ...verdict };
  const difference = await judgeOrTell(sound, pair.type, file, pair.type);
  if (!isApart(difference, pair.most)) return { shown: true, ...verdict };
  return { shown: true, flawed: true, ...(await judgeOrTell(sound, pair.type, result)) };
}

(async () => {
  const pairs = await (await fetch("/pairs")).json();
  for (const [index, pair] of pairs.entries()) {
    const verdict = await judgePair(pair, index);
    await fetch(`/verdicts/${index}`, { method: "POST", body: JSON.stringify(verdict) });
  }
})();
