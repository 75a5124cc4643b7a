"""The base URL: the regions, and the checks of other addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Literal, cast, get_args
from urllib.parse import SplitResult, urlsplit

from yarl import URL

from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.errors import ConfigurationError

Region = Literal["us", "eu"]
"""The region in which an organization's data is stored."""

_BASE_URLS: dict[str, str] = {
    "us": "https://public-api.sessionboard.com",
    "eu": "https://public-api-eu.sessionboard.com",
}

_LONGEST_SHOWN = 20

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def base_url_of(region: str | None, base_url: str | None, environ: Mapping[str, str]) -> str:
    """Return the base URL: the argument, an environment variable, or the URL of the region.

    Raises:
        ConfigurationError: If the region is unknown, or the URL is refused by ``validate_base_url``.
    """
    given = base_url or environ.get("SESSIONBOARD_BASE_URL")
    if given:
        return validate_base_url(given)
    return _BASE_URLS[read_region(region) or read_region(environ.get("SESSIONBOARD_REGION")) or "us"]


def read_region(region: str | None) -> Region | None:
    """Read a region in any case, with or without spaces and line ends around it; ``None`` for an empty one.

    Raises:
        ConfigurationError: If there is no such region.
    """
    if region is None or region == "":
        return None
    if not isinstance(cast("object", region), str):
        raise ConfigurationError(
            f"region must be one of {', '.join(get_args(Region))}, not {type(region).__name__}"
        )
    name = region.strip().lower()
    for known in get_args(Region):
        if name == known:
            return cast("Region", known)
    if name == "":
        return None
    # A longer text may be a token in the wrong place.
    shown = repr(region) if len(region) <= _LONGEST_SHOWN else f"a text of {len(region)} characters"
    question = did_you_mean([name], get_args(Region))
    raise ConfigurationError(f"region must be one of {', '.join(get_args(Region))}, not {shown}{question}")


def validate_base_url(base_url: str) -> str:
    """Return a base URL without a trailing slash, if the token may be sent to it.

    Raises:
        ConfigurationError: If it is neither https nor http to this machine, or has more than an origin and a
            path.
    """
    if not isinstance(cast("object", base_url), str):
        raise ConfigurationError(f"base_url must be a string, not {type(base_url).__name__}")
    parts, host, port, problem = urlsplit(""), None, None, ""
    try:
        refuse_control_characters("base_url", base_url)
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        # The error is not chained: it may have a password.
        problem = "is not a URL: write it as https://host"
    problem = problem or _problem(base_url, parts, host, port)
    if not problem and host_of(base_url) is None:
        problem = "has a host that no request can be sent to"
    if problem:
        raise ConfigurationError(f"base_url {problem}")
    return base_url.rstrip("/")


def validate_upload_url(address: str) -> str:
    """Return an upload address, if it is https or this machine.

    Raises:
        ValueError: If it is no URL, or neither https nor http to this machine. The message leaves out the
            address, which is a secret.
    """
    try:
        refuse_control_characters("address", address)
        parts = urlsplit(address)
        host = host_of(address)
        is_usable = address.isascii() and " " not in address
    except ValueError:
        parts, host, is_usable = urlsplit(""), None, False
    if (
        host
        and is_usable
        and host_of(address)
        and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    ):
        return address
    raise ValueError("the upload address is not an https:// URL: nothing was sent")


def _problem(base_url: str, parts: SplitResult, host: str | None, port: int | None) -> str:
    if not host or port == 0:
        return "has no host"
    if parts.username is not None or parts.password is not None:
        return "must not have a user or password"
    if "?" in base_url or "#" in base_url:
        return "must not have a query or fragment"
    if any(character.isspace() or character == "\\" for character in base_url):
        return "must not have spaces or backslashes"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        return (
            "must begin with https:// (http:// only for this machine, since the token could be intercepted)"
        )
    if not base_url.isascii():
        return "must be ASCII: write the host in its xn-- form, and quote the path"
    return ""


def host_of(url: str) -> str | None:
    """Return the host of a URL as connections read it; ``None`` if they could not be made to it."""
    try:
        split, parsed = urlsplit(url).hostname, URL(url, encoded=True)
        # The parts of a host are decoded when they are read, and encoded again for a connection.
        host, is_sent_to = parsed.raw_host, parsed.host and parsed.port != 0
        (host or "").encode("idna")
        if "[" in url:
            ipaddress.IPv6Address(host or "")
    except (ValueError, IndexError):  # yarl raises both.
        return None
    # Two readings would mean that one host is checked and another connected to.
    return host if is_sent_to and host and host.lower() == split else None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_control_characters(name: str, text: str) -> None:
    """Refuse line breaks and other control characters, which could forge a header or a path.

    Unpaired surrogates, which cannot be encoded, are refused too.

    Raises:
        ValueError: If the text has such a character.
    """
    if _CONTROL.search(text):
        raise ValueError(f"{name} must not have control characters")
