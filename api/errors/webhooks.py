"""Refusals to send a webhook again. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError


class NoWebhook(ImagemillError, status=409, code="no_webhook", title="No webhook to send"):
    """The job or batch was sent without a webhook."""

    template = "There is no webhook. Give the field webhook_url when you send the image or the batch."


class WebhookNotDue(NoWebhook):
    """The job or batch is not over."""

    template = "Not over yet, but {state}: the webhook is sent at the end."
    state: str


class WebhooksOff(NoWebhook):
    """No webhook is sent by this installation."""

    template = "Webhooks are switched off here. Whoever runs this service can set IMAGEMILL_WEBHOOKS=on."
