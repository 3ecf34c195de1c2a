"""Settings of the janitor, besides the shared ones."""

from pydantic import Field, field_validator

from core.settings import DAY, ProbeSettings
from core.webhook_secrets import decode_secret
from core.webhook_settings import WebhookSettings


class JanitorSettings(ProbeSettings, WebhookSettings):
    """The shared settings and the janitor's own."""

    sweep_seconds: float = Field(
        5, gt=0, le=DAY, description="How often the janitor compares the record with the queue."
    )
    record_days: float = Field(
        7,
        gt=0,
        le=3650,
        description="How long the record of a canceled or expired job is kept, in days. Afterwards the job is unknown.",
    )
    webhook_secret: str = Field(
        "",
        repr=False,
        description="What webhooks are signed with where no key has a secret of its own: `whsec_` and the base64 of 24 "
        "to 64 random bytes.",
    )
    webhook_ca_file: str = Field(
        "", description="A file with certificates (PEM) of authorities to trust beside the public ones."
    )

    @field_validator("webhook_secret")
    @classmethod
    def _usable_secret(cls, text: str) -> str:
        if text:
            decode_secret(text)
        return text

    def contradictions(self) -> list[str]:
        """Add a rule: webhooks are never sent unsigned."""
        said = super().contradictions()
        if self.webhooks == "on" and not self.webhook_secret:
            said.append(
                "IMAGEMILL_WEBHOOKS is on and IMAGEMILL_WEBHOOK_SECRET is empty: messages would not be signed. "
                "docs/webhooks.md says how to make one."
            )
        return said
