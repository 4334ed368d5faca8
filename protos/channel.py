"""Channels: TLS, limits and retries, the same for everybody.

Each party has its own certificate authority, named in the agreement; a channel trusts that one
and no other, so neither party can pose as the other (protocol §2).
"""

import json
from typing import Final

import grpc

from privacy.agreement.model import Endpoint

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""Above a job of 256 reports at the longest vector; anything larger is refused unread."""

CALL_SECONDS: Final = 30

_RETRY = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.2s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)

_OPTIONS: Final = (
    ("grpc.service_config", _RETRY),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A proxy set for web browsing is not meant for this, and would see who reports when.
    ("grpc.enable_http_proxy", 0),
)


def connect(
    endpoint: Endpoint,
    ca_certificate: str,
    *,
    own_certificate: bytes | None = None,
    own_key: bytes | None = None,
) -> grpc.Channel:
    """A TLS channel that trusts only `ca_certificate` (PEM); with own key pair, mutual TLS."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=ca_certificate.encode(),
        private_key=own_key,
        certificate_chain=own_certificate,
    )
    return grpc.secure_channel(str(endpoint), credentials, options=_OPTIONS)
