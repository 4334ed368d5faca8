"""What can go wrong between two programs."""

from privacy.errors import PluraleError


class Unreachable(PluraleError):
    """The other program cannot be reached, or is not the one whose certificate is agreed on."""


class RemoteFault(PluraleError):
    """The other program answered with an error that has no more exact name here."""
