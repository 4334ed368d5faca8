"""Serving: one way to parse, answer and fail, for every method.

Messages are parsed here rather than by gRPC, so that bytes which are no message get a clear
status instead of a traceback in the log, and every `PluraleError` gets its status from the table.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from privacy.errors import PluraleError
from protos.faults import describe
from protos.status import to_status

_log = logging.getLogger(__name__)

_Request = TypeVar("_Request", bound=Message)
_Response = TypeVar("_Response", bound=Message)

Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"


def method(
    request_type: type[_Request], answer: Callable[[_Request], Awaitable[_Response]]
) -> Handler:
    """A unary method: `answer` gets the parsed message and may raise any `PluraleError`."""

    async def handle(raw: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        try:
            request = request_type.FromString(raw)
        except DecodeError:
            return await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"the bytes received are not a {request_type.DESCRIPTOR.name} message",
            )
        try:
            response = await answer(request)
        except PluraleError as error:
            code, details, metadata = to_status(error)
            return await context.abort(code, details, metadata)
        except Exception as bug:  # noqa: BLE001 - a bug ends a call, never the server
            _log.error("a call to %s failed: %s", request_type.DESCRIPTOR.name, describe(bug))
            return await context.abort(grpc.StatusCode.INTERNAL, "the server failed; it goes on")
        return response.SerializeToString()

    return grpc.unary_unary_rpc_method_handler(handle)


def service(name: str, methods: dict[str, Handler]) -> grpc.GenericRpcHandler:
    """A gRPC service ``plurale.v1.<name>``."""
    return grpc.method_handlers_generic_handler(f"plurale.v1.{name}", methods)
