"""Settings of webhooks that API and janitor share: one refuses a URL when it is given, the other when it is used."""

from typing import Literal

from pydantic import Field, field_validator

from core.setting_errors import show_value
from core.settings import Settings
from core.webhook_urls import Allowance, read_allowance


class WebhookSettings(Settings):
    """Whether there are webhooks, and where they may go."""

    webhooks: Literal["off", "on"] = Field(
        "off", description="Whether jobs and batches take a `webhook_url`; `on` needs IMAGEMILL_WEBHOOK_SECRET."
    )
    webhook_allow: str = Field(
        "",
        description="Hosts outside of the public internet that webhooks may go to: networks, addresses and names with "
        "commas between, like `10.1.0.0/16, receiver.internal`.",
    )
    webhook_http: bool = Field(
        False, description="Let webhooks go over plain http too; whoever listens on the way can then read them."
    )

    @property
    def webhook_allowance(self) -> Allowance:
        """Return where webhooks may go beside the public internet over https."""
        return read_allowance(self.webhook_allow, http=self.webhook_http)

    @field_validator("webhook_allow")
    @classmethod
    def _readable_allowance(cls, text: str) -> str:
        try:
            read_allowance(text, http=False)
        except ValueError as wrong:
            raise ValueError(
                "must be networks (no bits right of the mask), addresses and names with commas between, like "
                f"10.1.0.0/16, receiver.internal, not {show_value(wrong)}."
            ) from None
        return text
