"""Services as attributes of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, cast, overload

from sessionboard_async.services import SERVICES

if TYPE_CHECKING:
    from sessionboard_async.services._common.service import Service

S = TypeVar("S", bound="Service")


class ServiceOwner(Protocol):
    """The part of a client that its services need."""

    def _service(self, name: str) -> Service:
        """Return a service by its name, always the same."""
        ...


class ServiceAttribute(Generic[S]):
    """A service as an attribute of the client; imported and made when it is first used."""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<the {SERVICES[self._name]} service of a client>"

    @overload
    def __get__(self, client: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, client: ServiceOwner, owner: type[Any]) -> S: ...

    def __get__(self, client: ServiceOwner | None, owner: type[Any]) -> Self | S:
        if client is None:
            return self
        return cast("S", client._service(self._name))  # pyright: ignore[reportPrivateUsage]  # its own attribute
