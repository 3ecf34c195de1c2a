"""`make audit`: look every package of the locks up in PyPI's database of known holes, by pip-audit.

Exit status 1 when a hole is known. Where the database cannot be asked, as behind a mirror that has none, this is said and
is no failure: nothing is known of the packages then, and no change of ours can mend that.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ("api", "worker-heic", "standalone", "loadtest", "dev", "cluster", "supply")
"""Together they hold every package that is installed anywhere."""
SECONDS = "15"

Found = Mapping[str, Any]
"""What pip-audit says of one package."""


def judge_packages(packages: Sequence[Found]) -> tuple[int, list[str]]:
    """Return the exit status and the sentences about what was found."""
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no release'}."
        for package in packages
        for hole in package.get("vulns", ())
    ]
    unknown = sorted({package["name"] for package in packages if "skip_reason" in package})
    if len(unknown) == len({package["name"] for package in packages}):
        return 0, ["Nothing was audited: the index that is used here has no database of known holes (pypi.org has)."]
    said = [f"Not in the database: {', '.join(unknown)}."] if unknown else []
    return (1 if holes else 0), [*sorted(set(holes)), *said] or ["No hole is known in any locked package."]


def audit_lock(program: str, lock: Path) -> list[Found]:
    """Return what pip-audit says of each package of a lock. Raises OSError when it says nothing."""
    command = [
        program, "--requirement", str(lock), "--require-hashes", "--disable-pip", "--format", "json",
        "--progress-spinner", "off", "--timeout", SECONDS,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages: list[Found] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        raise OSError(done.stderr.strip().rpartition("\n")[2]) from None
    return packages


def main(program: str) -> int:
    """Audit all locks; return the exit status."""
    packages: list[Found] = []
    for name in LOCKS:
        try:
            packages += audit_lock(program, ROOT / "requirements" / f"{name}.lock")
        except OSError as error:
            sys.stdout.write(f"Nothing was audited: pip-audit got no answer ({error}).\n")
            return 0
    status, sentences = judge_packages(packages)
    sys.stdout.write("".join(f"{sentence}\n" for sentence in sentences))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
