"""Domains of mail addresses, written in one way, so that two spellings of one are equal."""

import unicodedata


def ascii_domain(domain: str) -> str:
    """A domain in lower case with each label beyond ASCII as an A-label (RFC 5890): ``xn--…``.

    Mail has both spellings (RFC 6532), and an agreement may name either. Nothing is looked up; what
    is no domain is changed in the same way.
    """
    labels = domain.split(".")
    return ".".join(label if label.isascii() else _a_label(label) for label in labels)


def _a_label(label: str) -> str:
    return "xn--" + unicodedata.normalize("NFC", label).encode("punycode").decode("ascii").lower()
