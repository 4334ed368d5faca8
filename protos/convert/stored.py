"""Jobs as the bytes that are stored and sent again: the same job always gives the same bytes."""

from google.protobuf.message import DecodeError

from privacy.aggregation import Job, Outcome
from privacy.errors import InvalidValue
from protos.convert.aggregation import (
    job_from_wire,
    job_to_wire,
    outcomes_from_wire,
    outcomes_to_wire,
)
from protos.v1 import aggregation_pb2 as wire


def encode_job(job: Job) -> bytes:
    """A job as bytes."""
    return job_to_wire(job).SerializeToString(deterministic=True)


def decode_job(encoded: bytes) -> Job:
    """Undo `encode_job`; raises `InvalidValue` for other bytes."""
    try:
        return job_from_wire(wire.AggregationJobRequest.FromString(encoded))
    except DecodeError as error:
        raise InvalidValue("a stored job does not decode") from error


def encode_outcomes(outcomes: tuple[Outcome, ...]) -> bytes:
    """A job's answer as bytes."""
    return outcomes_to_wire(outcomes).SerializeToString(deterministic=True)


def decode_outcomes(encoded: bytes) -> tuple[Outcome, ...]:
    """Undo `encode_outcomes`; raises `InvalidValue` for other bytes."""
    try:
        return outcomes_from_wire(wire.AggregationJobResponse.FromString(encoded))
    except DecodeError as error:
        raise InvalidValue("a stored answer does not decode") from error
