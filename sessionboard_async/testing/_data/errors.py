"""Errors with which the embedded server answers a request."""

from __future__ import annotations

ERROR_NAMES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    409: "ConflictError",
    413: "PayloadTooLargeError",
    415: "UnsupportedMediaTypeError",
    417: "ExpectationFailedError",
    421: "MisdirectedRequestError",
    422: "UnprocessableEntityError",
    429: "TooManyRequestsError",
    500: "InternalServerError",
    502: "BadGatewayError",
    503: "ServiceUnavailableError",
    504: "GatewayTimeoutError",
}


class RequestError(Exception):
    """A request that is answered with an error.

    Attributes:
        status: The HTTP status.
        message: The message of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error_body(status: int, message: str) -> dict[str, object]:
    """Return the body that the API sends with an error status."""
    return {"error": ERROR_NAMES.get(status, "Error"), "message": message}
