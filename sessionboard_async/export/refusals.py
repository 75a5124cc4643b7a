"""Answers by which the API refuses a resource, as opposed to failures."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sessionboard_async.errors import APIError

logger: logging.Logger = logging.getLogger("sessionboard_async")

_STATUSES = frozenset({403, 404, 405, 501})


def is_refusal(error: APIError) -> bool:
    """Return whether the API itself says that a resource is not to be had.

    The page of a proxy or firewall with the same status says nothing about the resource. A 401 is about the
    token, and so about every resource.
    """
    return error.from_api and error.status in _STATUSES


def warn_of_refusals(resources: Iterable[str]) -> None:
    """Log one warning that names the refused resources, if there are any."""
    if names := ", ".join(resources):
        logger.warning("the API refused %s: earlier data of them was kept as it is", names)
