"""Clients: submissions at a steady rate, each with an Idempotency-Key, sent again when its answer is lost."""

import asyncio
import random
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from conformance.faults.answers import NO_ANSWER, Answer
from conformance.faults.pictures import TARGETS, make_upload, noisy_picture
from conformance.faults.receiver import Receiver
from conformance.faults.threads import LoopThread

GIVE_UP_SECONDS = 45.0
TIMEOUT_SECONDS = 8.0
WAIT_SECONDS = 5
PAUSE_SECONDS = 1.0
LONGEST_HOLD = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How clients behave: shares of those that cancel, send twice at once, leave before the answer, or wait.

    Conversions take `least_hold` to `hold` seconds, and there are at most `most`.
    """

    rate: float = 10.0
    cancel: float = 0.0
    twice: float = 0.0
    leave: float = 0.0
    wait: float = 0.3
    look: float = 0.3
    least_hold: float = 0.0
    hold: float = LONGEST_HOLD
    most: int = 100_000
    megabytes: float = 0.0


@dataclass(eq=False, slots=True)
class Order:
    """One submission, whatever became of it. `ids` are the jobs that clients were told of."""

    number: int
    key: str
    target: str
    hold: float
    began: float
    ids: set[str] = field(default_factory=set)
    refused: str = ""
    is_canceled: bool = False
    news_after: float | None = None


class Traffic(LoopThread):
    """The clients, in a thread of their own. `orders` and `answers` are since the last `begin`."""

    def __init__(self, doors: Sequence[int], seed: int = 0) -> None:
        super().__init__("traffic")
        self.doors = doors
        self.receiver = Receiver()
        self.orders: list[Order] = []
        self.answers: list[Answer] = []
        self._random = random.Random(seed)  # noqa: S311 - chance, no secret
        self._number = 0
        self._flow: asyncio.Task[None] | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._client = self.run(_make_client())
        self.run(self.receiver.open())

    def begin(self, manner: Manner) -> None:
        """Forget the past, and let submissions come from now on."""
        self.orders, self.answers = [], []
        self.run(self._begin(manner))

    def end(self) -> None:
        """Let no more come, and wait until each has its answer or has given up."""
        self.run(self._end(), GIVE_UP_SECONDS + 30)

    def close(self) -> None:
        self.run(self.receiver.close())
        self.run(self._client.aclose())
        super().close()

    async def _begin(self, manner: Manner) -> None:
        self._flow = asyncio.create_task(self._flow_in(manner))

    async def _end(self) -> None:
        if self._flow is not None:
            self._flow.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _flow_in(self, manner: Manner) -> None:
        due = time.monotonic()
        while len(self.orders) < manner.most:
            self._number += 1
            hold = round(self._random.uniform(manner.least_hold, manner.hold), 2)
            order = Order(self._number, uuid4().hex, self._random.choice(TARGETS), hold, time.monotonic())
            self.orders.append(order)
            self._spawn(self._live(order, manner))
            due += 1 / manner.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _live(self, order: Order, manner: Manner) -> None:
        """One client: submit, then perhaps cancel, wait or look."""
        luck = self._random.random
        form = self._make_form(order, manner)
        if luck() < manner.leave:
            await self._leave(order, form)
        if luck() < manner.twice:
            await asyncio.gather(self._submit(order, form, 0), self._submit(order, form, 1))
        else:
            await self._submit(order, form, order.number)
        if not order.ids:
            return
        if luck() < manner.cancel:
            await asyncio.sleep(self._random.uniform(0, 1.0))
            await self._cancel(order)
        elif luck() < manner.wait:
            await self._await_end(order)
        elif luck() < manner.look:
            await self.ask("status", "GET", order.number, f"/v1/jobs/{min(order.ids)}")
            await asyncio.sleep(self._random.uniform(0, 3.0))
            await self.ask("result", "GET", order.number, f"/v1/jobs/{min(order.ids)}/result")

    def _make_form(self, order: Order, manner: Manner) -> dict[str, Any]:
        data = (
            noisy_picture(order.number, manner.megabytes) if manner.megabytes else make_upload(order.number, order.hold)
        )
        fields = {
            "target_format": order.target,
            "webhook_url": f"http://127.0.0.1:{self.receiver.port}/{order.key}",
            **({"lossless": "true"} if order.target == "webp" else {}),
        }
        return {
            "files": {"file": (f"{order.number}.png", data)},
            "data": fields,
            "headers": {"Idempotency-Key": order.key},
        }

    async def _submit(self, order: Order, form: Mapping[str, Any], door: int) -> None:
        """Send until it is taken. A client that gets no answer cannot know, and sends the same again."""
        until = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < until:
            answer, body = await self.ask("submit", "POST", door, "/v1/jobs", **form)
            if answer.status == 202:
                order.ids.add(body["id"])
                return
            if answer.status not in {NO_ANSWER, 409, 429, 500, 502, 503, 507}:
                order.refused = str(answer)
                return
            door += 1
            await asyncio.sleep(PAUSE_SECONDS * self._random.uniform(0.5, 1.0))
        order.refused = "gave up"

    async def _leave(self, order: Order, form: Mapping[str, Any]) -> None:
        """Send all, and be gone before the answer comes."""
        request = self._client.build_request("POST", self._url(order.number, "/v1/jobs"), **form)
        body = await request.aread()
        lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.doors[order.number % 2])
            writer.write(f"POST /v1/jobs HTTP/1.1\r\n{lines}\r\n".encode() + body)
            await writer.drain()
            await asyncio.sleep(self._random.uniform(0, 0.03))
            writer.close()
        except OSError:
            return

    async def _cancel(self, order: Order) -> None:
        until = time.monotonic() + GIVE_UP_SECONDS
        door = order.number
        while time.monotonic() < until:
            answer, _ = await self.ask("cancel", "DELETE", door, f"/v1/jobs/{min(order.ids)}")
            if answer.status == 204:
                order.is_canceled = True
                return
            door += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _await_end(self, order: Order) -> None:
        until = time.monotonic() + GIVE_UP_SECONDS
        door = order.number
        while time.monotonic() < until:
            answer, body = await self.ask("wait", "GET", door, f"/v1/jobs/{min(order.ids)}?wait={WAIT_SECONDS}")
            if answer.status == 200 and body["status"] not in {"queued", "processing"}:
                order.news_after = time.time()
                return
            if answer.status != 200:
                door += 1
                await asyncio.sleep(PAUSE_SECONDS)

    def _url(self, door: int, path: str) -> str:
        return f"http://127.0.0.1:{self.doors[door % len(self.doors)]}{path}"

    async def ask(self, call: str, method: str, door: int, path: str, **form: Any) -> tuple[Answer, Any]:  # noqa: ANN401 - httpx's, and JSON
        """Ask one API, and note its answer."""
        asked, status, code, body = time.monotonic(), NO_ANSWER, "", None
        try:
            got = await self._client.request(method, self._url(door, path), **form)
            status, body = got.status_code, got.content
            if "json" in got.headers.get("content-type", ""):
                body = got.json()
                code = str(body.get("code", "")) if status >= 400 else ""
        except (httpx.HTTPError, OSError) as error:
            code = type(error).__name__
        answer = Answer(call, asked, time.monotonic() - asked, status, code)
        self.answers.append(answer)
        return answer, body


async def _make_client() -> httpx.AsyncClient:
    # A connection for each request, as of many clients; or a fault would meet one in many.
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=0)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(TIMEOUT_SECONDS + WAIT_SECONDS, connect=TIMEOUT_SECONDS), limits=limits
    )
