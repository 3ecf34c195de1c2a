"""Refusals to send a webhook again. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError


class NoWebhook(ImagemillError, status=409, code="no_webhook", title="No webhook to send"):
    """The job was sent without a webhook."""

    template = "The job has no webhook. Give the field webhook_url when you send the image."


class WebhookNotDue(NoWebhook):
    """The job is not over."""

    template = "The job is {state}; its webhook is sent when it is over."
    state: str


class WebhooksOff(NoWebhook):
    """No webhook is sent by this installation."""

    template = "Webhooks are switched off here. Whoever runs this service can set IMAGEMILL_WEBHOOKS=on."
