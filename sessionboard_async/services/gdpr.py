"""Requests of people about the data that is kept about them."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import GDPRRequest
from sessionboard_async.services._common.payloads import payload
from sessionboard_async.services._common.service import Service

GDPRRequestType = Literal["erasure", "access"]
"""What somebody asks for."""

GDPRIdentityType = Literal["email"]
"""What a person is told by."""


class _GDPRValues(TypedDict):
    request_type: GDPRRequestType
    identity_type: GDPRIdentityType
    identity_value: str


class GDPR(Service):
    """Requests for access to personal data, and for their erasure, of the organization."""

    LIST: Endpoint[GDPRRequest] = Endpoint(
        "list-gdpr-requests", "GET", "/v1/gdpr/requests", list_of(GDPRRequest)
    )
    CREATE: Endpoint[GDPRRequest] = Endpoint("create-gdpr-request", "POST", "/v1/gdpr/requests", GDPRRequest)

    def list(self, **options: Unpack[PagerOptions]) -> Pager[GDPRRequest]:
        """List all requests.

        No scope is documented; not rate limited.

        Args:
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of requests.

        Raises:
            ValueError: If an option is out of bounds.
        """
        return self._pages(self.LIST, {}, **options)

    async def create(
        self,
        *,
        request_type: GDPRRequestType,
        identity_value: str,
        identity_type: GDPRIdentityType = "email",
    ) -> GDPRRequest:
        """Request access to the data of a person, or their erasure, which nothing takes back.

        No scope is documented; not rate limited; not sent again once it may have arrived.

        Args:
            request_type: What is asked for.
            identity_value: The person's e-mail address.
            identity_type: What the person is told by.

        Returns:
            The request.

        Raises:
            ValueError: If a word is not one that the API knows, or the address is masked or empty.
            TypeError: If a value is of the wrong type.
        """
        values = {
            "request_type": request_type,
            "identity_type": identity_type,
            "identity_value": identity_value,
        }
        body = {_WIRE_NAMES[name]: value for name, value in payload(_GDPRValues, values).items()}
        if not identity_value.strip():
            raise ValueError("identity_value must not be empty")
        # Servers like to name what they refuse, and to write addresses in small letters.
        secrets = (identity_value, identity_value.lower())
        return await self._record(self.CREATE, {}, body=body, secrets=secrets)


_WIRE_NAMES = {
    "request_type": "requestType",
    "identity_type": "identityType",
    "identity_value": "identityValue",
}
