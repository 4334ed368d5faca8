"""What can go wrong on a device, below the tree in `privacy.errors`.

::

    PluraleError
    └── DeviceError
        ├── MailboxUnreadable     a mailbox that cannot be read as a whole
        ├── SourceUnavailable     a source of activity does not work here, or not now
        ├── SettingsUnusable      what a person set on this device cannot be read or kept
        ├── TaskError             a task that does not exist, or an import that cannot be read
        ├── JournalUnusable       the journal cannot be opened, read or written
        │   └── JournalInUse      not now, since another program uses it
        ├── OutboxUnusable        the outbox cannot be opened, read or written
        ├── NotEnrolled           no agreement is accepted on this device
        ├── NotRegistered         the works council's server did not take this device
        ├── NoConsent             the person did not agree
        ├── ConsentNeeded         another version is in force than the one agreed to
        ├── PausesUnreadable      what was kept of pauses cannot be read: all counts as paused
        ├── KeysUnpublished       a window has no keys to seal shares to yet, or a batch none
        ├── OtherLedger           the council showed another ledger than before: an alarm
        ├── LedgerFileUnusable    what was seen of the ledger cannot be read or kept
        ├── EvidenceUnreadable    what was kept of an alarm cannot be read
        └── UnknownCalendar       the agreement names public holidays that nobody lists

A message is one sentence that names the thing and, where a person can act, the next step.
"""

from privacy.errors import PluraleError


class DeviceError(PluraleError):
    """Something on this device is not as it should be."""


class MailboxUnreadable(DeviceError):
    """A mailbox cannot be read. Its measures are then missing, never zero."""


class SourceUnavailable(DeviceError):
    """A source of activity does not work here, or not now. What it would say is missing."""


class SettingsUnusable(DeviceError):
    """A file with what a person set cannot be read or kept, or a setting makes no sense."""


class TaskError(DeviceError):
    """There is no such task, it is not in the state for this, or an import cannot be read."""


class JournalUnusable(DeviceError):
    """The journal is damaged, locked, of another version, or may not be written."""


class JournalInUse(JournalUnusable):
    """Another program uses the journal at this moment: try again."""


class OutboxUnusable(DeviceError):
    """The outbox is damaged, locked, or may not be written."""


class NotEnrolled(DeviceError):
    """No agreement is accepted on this device, or its record or its key cannot be read."""


class NotRegistered(DeviceError):
    """The council's server refused this device, or did not answer. Nothing is accepted here."""


class NoConsent(DeviceError):
    """The person did not agree. Nothing was kept and nothing will be sent."""


class ConsentNeeded(DeviceError):
    """A version is in force for a window that this person had not agreed to when it began."""


class PausesUnreadable(DeviceError):
    """The file of pauses is damaged. Every report is neutral until the person has resumed."""


class KeysUnpublished(DeviceError):
    """The ledger has no keys for a window, or none for a batch, yet. A later run tries again."""


class OtherLedger(DeviceError):
    """The council showed a ledger that does not continue the one it showed before.

    Nothing is made or sent until people have looked; what was shown is kept as evidence.
    """


class LedgerFileUnusable(DeviceError):
    """The file with the last checkpoint is damaged, locked, or may not be written."""


class EvidenceUnreadable(DeviceError):
    """The file that shows another ledger is damaged. The alarm stays."""


class UnknownCalendar(DeviceError):
    """No public holidays are known for the country and region in the agreement."""
