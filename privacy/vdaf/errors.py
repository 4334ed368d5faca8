"""Everything that can be wrong with a VDAF message, as one tree.

    VdafError
    ├── ParameterError              circuit parameters or an argument of the wrong size or kind
    ├── MeasurementError            a measurement that the circuit does not take
    ├── DecodeError                 bytes that are not the one encoding of a message
    └── VerifyError                 a report that must be dropped
        ├── BadProof                the proof does not show that the measurement is valid
        ├── JointRandomnessMismatch the parties derived other joint randomness than the client said
        └── QueryPointIsRoot        the proof would be read where it reveals the measurement

Whatever a client or the other party sends, nothing outside this tree is raised.
"""


class VdafError(Exception):
    """Root of the tree. The message is one sentence and carries no secret value."""


class ParameterError(VdafError):
    """Circuit parameters out of range, or an argument of the wrong size or kind."""


class MeasurementError(VdafError):
    """The measurement has the wrong length or an entry out of range. Refused before sharding."""


class DecodeError(VdafError):
    """The bytes have the wrong length or hold a number that is not a field element."""


class VerifyError(VdafError):
    """The report fails verification: drop this report, keep the batch."""


class BadProof(VerifyError):
    """The verifier shares do not combine to an accepted proof (draft section 7.3.5)."""


class JointRandomnessMismatch(VerifyError):
    """The joint randomness differs from what the public share announced (draft section 7.2.2)."""


class QueryPointIsRoot(VerifyError):
    """The query point is one where wire values are stored (draft section 7.3.4).

    Honest parties meet it with probability below 2**-100. To go on would reveal wire values.
    """
