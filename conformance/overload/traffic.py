"""Submissions at a rate that does not wait for answers, each followed to its end."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

ANSWER_SECONDS = 120.0
CLIENTS = 200
"""Addresses that the submissions come from in turn."""


@dataclass
class Seen:
    """What came of the submissions of one phase, in seconds."""

    submits: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    without_retry_after: int = 0


@dataclass(frozen=True)
class Sender:
    """Sends one picture again and again."""

    http: httpx.AsyncClient
    picture: bytes

    async def convert(self, seen: Seen, number: int) -> None:
        """Submit, and wait until the job is over."""
        headers = {"X-Forwarded-For": f"203.0.113.{number % CLIENTS}"}
        files, began = {"file": ("a.png", self.picture)}, time.monotonic()
        try:
            answer = await self.http.post("/v1/jobs", files=files, data={"target_format": "webp"}, headers=headers)
        except httpx.HTTPError as error:
            seen.codes[type(error).__name__] += 1
            return
        taken = time.monotonic() - began
        if answer.status_code != 202:
            seen.codes[answer.json().get("code", str(answer.status_code))] += 1
            seen.refusals.append(taken)
            seen.without_retry_after += "Retry-After" not in answer.headers
            return
        seen.submits.append(taken)
        await self._follow(seen, answer.json()["id"], headers, began)

    async def _follow(self, seen: Seen, job_id: str, headers: dict[str, str], began: float) -> None:
        while time.monotonic() - began < ANSWER_SECONDS:
            try:
                job = (await self.http.get(f"/v1/jobs/{job_id}?wait=50", headers=headers)).json()
            except httpx.HTTPError:
                continue
            if job.get("status") in {"succeeded", "failed"}:
                seen.codes[job["status"]] += 1
                seen.totals.append(time.monotonic() - began)
                return
            await asyncio.sleep(0.05 if "status" in job else 1)
        seen.codes["never over"] += 1

    async def send_closed(self, seconds: float, senders: int) -> Seen:
        """Let so many senders convert one after the other: as much as the service can."""
        seen, until = Seen(), time.monotonic() + seconds

        async def keep_on(number: int) -> None:
            while time.monotonic() < until:
                await self.convert(seen, number)

        await asyncio.gather(*(keep_on(number) for number in range(senders)))
        return seen

    async def send_open(self, seconds: float, rate: float) -> Seen:
        """Submit `rate` a second, whatever becomes of the ones before."""
        seen, began, tasks = Seen(), time.monotonic(), []
        for number in range(round(seconds * rate)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            tasks.append(asyncio.create_task(self.convert(seen, number)))
        await asyncio.gather(*tasks)
        return seen
