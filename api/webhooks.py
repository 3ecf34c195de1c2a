"""Webhooks as a caller meets them: a URL refused when it is given, and a message sent again."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from api.batches import find_batch_for
from api.callers import Caller
from api.errors import BadOptions, BatchNotFound, JobNotFound, NoWebhook, WebhookNotDue, WebhooksOff
from api.redis_gate import Turn
from api.services import Services
from api.status import recorded_job
from core.batches import Batch, find_batch
from core.jobs import Job
from core.option_rules import WrongOption
from core.record import find_job
from core.webhook_settings import WebhookSettings
from core.webhook_states import mark_job, renew_batch_message, renew_message
from core.webhook_urls import WrongWebhook, read_webhook_url

FIELD = "webhook_url"


def check_webhook_url(text: str, settings: WebhookSettings) -> str | None:
    """Return a webhook's URL, None when none was given. Raises BadOptions.

    The name is not looked up: it may change until the message is sent, and is checked then.
    """
    if not text:
        return None
    if settings.webhooks == "off":
        raise _refuse(f"{FIELD} is not taken: {WebhooksOff().detail[0].lower()}{WebhooksOff().detail[1:]}")
    try:
        read_webhook_url(text, settings.webhook_allowance)
    except WrongWebhook as wrong:
        raise _refuse(f"{FIELD} {wrong}") from None
    return text


async def resend_webhook(services: Services, turn: Turn, job_id: UUID) -> Job:
    """Make a job's message due again and return the job. Raises JobNotFound, NoWebhook."""
    await recorded_job(services, job_id)
    _need_webhooks(services)
    job = await services.database.run(_renew, job_id)
    await turn.publish(job)
    return job


async def resend_batch_webhook(services: Services, caller: Caller, batch_id: UUID) -> Batch:
    """Make the last message of a batch due again and return the batch. Raises BatchNotFound, NoWebhook."""
    # First of all, so that no other refusal tells that somebody else has this batch.
    await find_batch_for(services, caller, batch_id)
    _need_webhooks(services)
    return await services.database.run(_renew_batch, batch_id)


def _need_webhooks(services: Services) -> None:
    if services.settings.webhooks == "off":
        raise WebhooksOff


def _renew_batch(connection: Connection, batch_id: UUID) -> Batch:
    batch = find_batch(connection, batch_id)
    if batch is None:
        raise BatchNotFound
    if batch.webhook_url is None:
        raise NoWebhook
    if not batch.is_over:
        raise WebhookNotDue(state="open")
    # Without a message the batch is just over, and its first one is on its way.
    renew_batch_message(connection, batch_id)
    return replace(batch, webhook_state="pending", webhook_error=None)


def _renew(connection: Connection, job_id: UUID) -> Job:
    job = find_job(connection, job_id)
    if job is None:
        raise JobNotFound
    if job.webhook_url is None:
        raise NoWebhook
    if not job.is_over:
        raise WebhookNotDue(state=job.status)
    if not renew_message(connection, job_id):
        raise JobNotFound
    return mark_job(connection, job_id, "pending", None) or job


def _refuse(sentence: str) -> BadOptions:
    return BadOptions(errors=(WrongOption(FIELD, sentence),))
