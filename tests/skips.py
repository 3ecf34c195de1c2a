"""Why a skipped test is all right: told at the end of every run, and a skip that nobody explained fails the run."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import pytest


class Reason(NamedTuple):
    """A kind of skip: how its reason begins, and what is still shown without the test."""

    pattern: str
    why: str


OTHERS_PROGRAMS = (
    "A second opinion is missing: programs that share no code with the engine are not installed here. "
    "`.ci/run` installs libvips-tools, imagemagick, ffmpeg, libavif-bin, poppler-utils, libimage-exiftool-perl, "
    "libheif-examples, libjxl-tools and libtiff-tools, and runs these tests."
)

REASONS = (
    Reason(r"\S+ is not on this machine: (what only it|no .+ is read)", OTHERS_PROGRAMS),
    Reason(
        r"only the engine's own word|tiffcp is not installed|an encoder for HEIC is not|could not import 'pillow_heif'",
        OTHERS_PROGRAMS,
    ),
    Reason(r"libvips, ImageMagick and ExifTool", OTHERS_PROGRAMS),
    Reason(
        r"(promtool|prometheus) is not installed",
        "Dashboards and alerts are not asked of a real Prometheus here. `.ci/run` installs it, and runs these tests.",
    ),
    Reason(
        r"chromium is not installed",
        "No page is opened in a browser here: not the form and its list, not /docs, not the judge of `make browser`. What the "
        "server sends is tested in tests/api. `.ci/run` installs chromium, and runs these tests.",
    ),
    Reason(
        r"nginx is not installed",
        "The configurations of docs/behind-a-proxy.md are not run here; the headers they send are, in tests/api. "
        "`.ci/run` installs nginx-light, and runs them.",
    ),
    Reason(
        r"(unzip|7z) is not installed",
        "Archives of batches are opened with Python alone here. `.ci/run` installs unzip and p7zip-full, and opens them with both.",
    ),
    Reason(r"the README's commands are curl's", "`.ci/run` installs curl, and runs the README's examples."),
    Reason(
        r"Node is not installed|Node is older than|the packages of Node could not be fetched",
        "No client in JavaScript or TypeScript is tried here, and Redocly does not read the OpenAPI document. "
        "`.ci/run` installs nodejs and npm, and runs these tests.",
    ),
    Reason(
        r"only root ",
        "These show what changes for root. The same programs run as an ordinary user in all other tests.",
    ),
    Reason(
        r"setfacl is not installed",
        "The README's commands that undo what root's start granted are only read here. `.ci/run` installs acl, and runs them.",
    ),
    Reason(r"the release before imagemill's own user", "There is no data of such a release on this machine."),
    Reason(
        r"the kernel's headers are not installed",
        "The numbers of the system calls are not compared with the kernel's. linux-libc-dev has them; the filter itself runs in all tests.",
    ),
    Reason(r"this kernel does not list the children", "These need CONFIG_PROC_CHILDREN, which usual kernels have."),
    Reason(
        r"there is no make on this machine|set IMAGEMILL_E2E_CLUSTER",
        "The suite was not started by `make`, or not for a cluster; `make test` and `make e2e-cluster` are.",
    ),
    Reason(
        r"the cluster has no |IMAGEMILL_NEXT_API_IMAGE",
        "The cluster lacks what the case looks at; docs/operations.md says what to install.",
    ),
)


def explain(reason: str) -> str | None:
    """Return what is still shown without a test that was skipped for this reason; None if nobody said."""
    reason = reason.removeprefix("Skipped: ")
    return next((known.why for known in REASONS if re.match(known.pattern, reason)), None)


def summarize(reasons: Iterable[str]) -> list[str]:
    """Return the lines of the summary: how many tests each explanation covers, most first."""
    counts = Counter(explain(reason) or f"NOT EXPLAINED in tests/skips.py: {reason}" for reason in reasons)
    return [f"{count:>5}  {why}" for why, count in counts.most_common()]


def skipped_reasons(reporter: pytest.TerminalReporter) -> list[str]:
    """Return the reason of each skipped test of the run."""
    reports = reporter.stats.get("skipped", [])
    return [report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr) for report in reports]
