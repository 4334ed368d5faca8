"""Receipts: the leader's signature that it holds exactly these bytes.

A receipt whose report is missing from the release's id root shows that the report was dropped:
by the leader, or because its proof did not hold, which an honest device knows it did (protocol §6).
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privacy import fields
from privacy.errors import BadReceipt


@dataclass(frozen=True, slots=True)
class Receipt:
    """`signature`: Ed25519 by the employer's server key over the report's digest (32 bytes)."""

    report_digest: bytes
    signature: bytes

    def verify(self, server_key: bytes, report_digest: bytes) -> None:
        """Raise `BadReceipt` unless the leader signed exactly this report."""
        if self.report_digest != report_digest:
            raise BadReceipt("the receipt is for another report")
        try:
            Ed25519PublicKey.from_public_bytes(server_key).verify(
                self.signature, _signed(report_digest)
            )
        except InvalidSignature as error:
            raise BadReceipt("the receipt is not signed by the employer's server") from error


def sign_receipt(report_digest: bytes, server_key: Ed25519PrivateKey) -> Receipt:
    """The receipt for a stored report."""
    return Receipt(report_digest, server_key.sign(_signed(report_digest)))


def _signed(report_digest: bytes) -> bytes:
    return fields.concat("plurale-1 receipt", report_digest)
