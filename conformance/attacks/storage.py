"""Attacks by what is stored, and by what a conversion costs."""

from collections import Counter

import httpx

from conformance.attacks.target import PNG, Target

MB = 1_000_000
PATIENCE = 120.0


def flood_storage(target: Target, count: int, _hold: float) -> str:
    """Upload files of 49 MB, one after the other, far beyond the quota."""
    codes: Counter[str] = Counter()
    body = PNG + bytes(49 * MB - len(PNG))
    for number in range(count):
        answer = httpx.post(
            f"{target.url}/v1/jobs",
            files={"file": (f"{number}.png", body)},
            data={"target_format": "jpeg"},
            timeout=PATIENCE,
        )
        codes[answer.json().get("code", str(answer.status_code))] += 1
    left = httpx.get(f"{target.url}/readyz", timeout=PATIENCE)
    return f"{_tell(codes)}; ready afterwards: {left.status_code}"


def ask_for_costly_work(target: Target, count: int, _hold: float) -> str:
    """Send tiny pictures with options that make each of them minutes of work."""
    codes: Counter[str] = Counter()
    for _ in range(count):
        answer = httpx.post(
            f"{target.url}/v1/jobs",
            files={"file": ("a.png", PNG)},
            data={
                "target_format": "avif",
                "width": "7000",
                "height": "7000",
                "fit": "fill",
                "enlarge": "true",
                "effort": "9",
            },
            timeout=PATIENCE,
        )
        codes[answer.json().get("code", str(answer.status_code))] += 1
    return _tell(codes)


def _tell(codes: Counter[str]) -> str:
    return ", ".join(f"{number:,} {code}" for code, number in sorted(codes.items()))
