"""The headers of Standard Webhooks: who sent the message, when, and which one it is."""

import base64
import hashlib
import hmac
import json
from uuid import UUID

from core.json_types import Json


def sign_message(secret: bytes, message_id: UUID, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers for one attempt. The id is the same at every attempt, so a receiver can drop repeats."""
    shown = f"msg_{message_id.hex}"
    digest = hmac.digest(secret, f"{shown}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": shown,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def encode_body(body: Json) -> bytes:
    """Return the bytes that are signed and sent; ASCII, so that no receiver can decode them in another way."""
    return json.dumps(body, separators=(",", ":")).encode()
