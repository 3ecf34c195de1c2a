"""Secrets of webhooks as Standard Webhooks writes them: `whsec_` and the base64 of 24 to 64 random bytes."""

import base64
import binascii

from core.setting_errors import WrongSecret

PREFIX = "whsec_"
FEWEST_BYTES = 24
MOST_BYTES = 64


def decode_secret(text: str) -> bytes:
    """Return the bytes of a secret. Raises WrongSecret."""
    advice = "docs/webhooks.md says how to make one."
    if not text.startswith(PREFIX):
        raise WrongSecret(f"must begin with {PREFIX}. {advice}")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise WrongSecret(f"must be {PREFIX} and base64. {advice}") from None
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise WrongSecret(f"must hold {FEWEST_BYTES} to {MOST_BYTES} bytes, not {len(key)}. {advice}")
    return key
