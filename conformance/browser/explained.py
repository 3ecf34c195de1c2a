"""Why a file may differ from what Chromium shows: patterns of its name, and the reason."""

from fnmatch import fnmatchcase

WEBP = "Chromium does not turn a WebP by its EXIF; the engine turns every format."
AVIF = (
    "This Chromium stretches the samples of an AVIF with transparency or frames. "
    "The result is the picture that was stored, as avifdec and the matrix see it."
)
RESTART = "Chromium loses the picture where a restart marker has another number than its turn; libjpeg finds it again."
PALETTE = "The colours are missing: what Chromium shows of it is made up."

REASONS = {
    "matrix: orientation [2-8].webp": WEBP,
    "matrix: alpha.avif": AVIF,
    "matrix: animation*.avif": AVIF,
    "jpg_cam_wrong_rst.jpg": RESTART,
    "pngerr_plte_missing.png": PALETTE,
}


def explain(name: str) -> str:
    """Return why this file may differ, "" if nothing says so."""
    return next((reason for pattern, reason in REASONS.items() if fnmatchcase(name, pattern)), "")
