"""GDPR requests: access to personal data, and erasure."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import GDPRRequest
from sessionboard_async.services._common.payloads import payload
from sessionboard_async.services._common.service import Service

GDPRRequestType = Literal["erasure", "access"]
"""The kind of a GDPR request."""

GDPRIdentityType = Literal["email"]
"""The kind of value that identifies a person."""


class _GDPRValues(TypedDict):
    request_type: GDPRRequestType
    identity_type: GDPRIdentityType
    identity_value: str


class GDPR(Service):
    """GDPR requests of the organization: access to personal data, and erasure."""

    _LIST: Endpoint[GDPRRequest] = Endpoint(
        "list-gdpr-requests", "GET", "/v1/gdpr/requests", list_of(GDPRRequest)
    )
    _CREATE: Endpoint[GDPRRequest] = Endpoint("create-gdpr-request", "POST", "/v1/gdpr/requests", GDPRRequest)

    def list(self, **options: Unpack[PagerOptions]) -> Pager[GDPRRequest]:
        """List all GDPR requests.

        No scope is documented; not rate limited.

        Args:
            **options: Paging, as in ``PagerOptions``; matters only with servers that answer in pages.

        Returns:
            A pager of requests.

        Raises:
            ValueError: If an option is out of bounds.
        """
        return self._pages(self._LIST, {}, **options)

    async def create(
        self,
        *,
        request_type: GDPRRequestType,
        identity_value: str,
        identity_type: GDPRIdentityType = "email",
        allow_masked: bool = False,
    ) -> GDPRRequest:
        """Request access to the data of a person, or their erasure, which cannot be undone.

        No scope is documented; not rate limited; not retried when the outcome is unknown.

        Args:
            request_type: Access or erasure.
            identity_value: The person's email address.
            identity_type: The kind of ``identity_value``.
            allow_masked: Whether to send an address that looks like the API's masks.

        Returns:
            The request.

        Raises:
            ValueError: If a word is not one that the API knows, or the address is masked or empty.
            TypeError: If a value has the wrong type.
        """
        values = {
            "request_type": request_type,
            "identity_type": identity_type,
            "identity_value": identity_value,
        }
        given = payload(_GDPRValues, values, allow_masked=allow_masked)
        body = {_WIRE_NAMES[name]: value for name, value in given.items()}
        if not identity_value.strip():
            raise ValueError("identity_value must not be empty")
        # Servers may repeat a refused address in an error, in lower case.
        secrets = (identity_value, identity_value.lower())
        return await self._record(self._CREATE, {}, body=body, secrets=secrets)


_WIRE_NAMES = {
    "request_type": "requestType",
    "identity_type": "identityType",
    "identity_value": "identityValue",
}
