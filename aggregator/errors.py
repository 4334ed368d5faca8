"""What can go wrong at a server before any report is involved."""

from privacy.errors import PluraleError


class SetupError(PluraleError):
    """The server's directory, keys, certificates or agreement are not in order."""


class StoreUnusable(PluraleError):
    """The database cannot be opened."""
