"""What can go wrong on a device, below the tree in `privacy.errors`.

::

    PluraleError
    └── DeviceError
        ├── MailboxUnreadable     a mailbox that cannot be read as a whole
        ├── JournalUnusable       the journal cannot be opened, read or written
        ├── OutboxUnusable        the outbox cannot be opened, read or written
        ├── NotEnrolled           no agreement is accepted on this device
        ├── NoConsent             the person did not agree
        └── UnknownCalendar       the agreement names public holidays that nobody lists

A message is one sentence that names the thing and, where a person can act, the next step.
"""

from privacy.errors import PluraleError


class DeviceError(PluraleError):
    """Something on this device is not as it should be."""


class MailboxUnreadable(DeviceError):
    """A mailbox cannot be read. Its measures are then missing, never zero."""


class JournalUnusable(DeviceError):
    """The journal is damaged, locked, of another version, or may not be written."""


class OutboxUnusable(DeviceError):
    """The outbox is damaged, locked, or may not be written."""


class NotEnrolled(DeviceError):
    """No agreement is accepted on this device, or the record of it cannot be read."""


class NoConsent(DeviceError):
    """The person did not agree. Nothing was kept and nothing will be sent."""


class UnknownCalendar(DeviceError):
    """No public holidays are known for the country and region in the agreement."""
