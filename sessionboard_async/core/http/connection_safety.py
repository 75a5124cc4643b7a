"""Checks of TLS options, proxies and clients: the token goes only to a server that is verified."""

from __future__ import annotations

import ssl as ssl_module
from contextlib import suppress
from typing import cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from sessionboard_async.core.http.base_url import host_of, is_loopback
from sessionboard_async.errors import ConfigurationError

Ssl = ssl_module.SSLContext | aiohttp.Fingerprint | bool
"""The verification of servers, as aiohttp takes it; ``False`` is refused."""

Client = aiohttp.ClientSession

_UNVERIFIED = "the token is not sent to unverified servers"


def validate_ssl(ssl: object) -> None:
    """Check that an ``ssl`` argument verifies the server.

    Raises:
        ConfigurationError: If it does not.
    """
    if ssl is False or not isinstance(ssl, Ssl):
        raise ConfigurationError(
            f"ssl must be an ssl.SSLContext, an aiohttp.Fingerprint or True: {_UNVERIFIED}"
        )
    if not _verifies(ssl):
        raise ConfigurationError(
            "the ssl.SSLContext verifies no certificates or no host names: use ssl.create_default_context(), "
            f"with load_verify_locations() for a private authority; {_UNVERIFIED}"
        )


def validate_client(client: object, ssl: Ssl) -> None:
    """Check that a client of the caller's verifies the servers for which ``ssl`` does not.

    Raises:
        ConfigurationError: If it is no client, or its connector verifies nothing.
    """
    if not isinstance(client, Client):
        raise ConfigurationError(f"client must be an aiohttp.ClientSession, not {type(client).__name__}")
    # A context for the single request replaces that of the connector.
    if isinstance(ssl, ssl_module.SSLContext):
        return
    # aiohttp has no public way to read it.
    if not _verifies(getattr(client.connector, "_ssl", True)):
        raise ConfigurationError(
            "the connector of the client verifies no certificates or no host names: make it without "
            f"ssl=False, or pass ssl= here too; {_UNVERIFIED}"
        )


def validate_proxy(proxy: str) -> None:
    """Check the URL of a proxy.

    Raises:
        ConfigurationError: If it is not the URL of an HTTP proxy.
    """
    is_usable = False
    # As aiohttp reads it. yarl raises both.
    with suppress(ValueError, IndexError):
        is_usable = (
            isinstance(cast("object", proxy), str)
            and host_of(proxy) is not None
            and URL(proxy).scheme in {"http", "https"}
            and URL(proxy).host is not None
        )
    if not is_usable:
        # The message leaves out the URL, which may have a password.
        raise ConfigurationError("proxy must be the URL of an HTTP proxy: http://host:port")


def validate_path_to(base_url: str, proxy: str | None, client: Client | None) -> None:
    """Check that requests to this machine do not pass another one, which would see the token.

    Raises:
        ConfigurationError: If they would.
    """
    if not _is_unencrypted(base_url):
        return
    used = proxy
    if used is None and client is not None:
        used = _proxy_of(client) or (_proxy_of_environment(base_url) if client.trust_env else None)
    if used is not None and not _is_local(used):
        raise ConfigurationError(
            "base_url is http:// to this machine, and the proxy another machine, which would see the token: "
            "use no proxy for it"
        )


def storage_client(client: Client, address: str, proxy: str | None) -> Client:
    """Return a client for one request to an upload address, on the same connections.

    It adds nothing to the request, unlike a client of the caller's with headers or cookies, and reaches this
    machine without the proxies of other machines.
    """
    used = proxy or _proxy_of(client)
    is_direct = _is_unencrypted(address) and not (used and _is_local(used))
    return aiohttp.ClientSession(
        connector=client.connector,
        connector_owner=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=None if is_direct else used,
        proxy_auth=None if is_direct or proxy else getattr(client, "_default_proxy_auth", None),
        trust_env=client.trust_env and not is_direct,
    )


def _is_unencrypted(url: str) -> bool:
    return urlsplit(url).scheme != "https"


def _is_local(url: str) -> bool:
    return is_loopback(host_of(url) or "")


def _proxy_of(client: Client) -> str | None:
    # aiohttp has no public way to read it.
    proxy: object = getattr(client, "_default_proxy", None)
    return None if proxy is None else str(proxy)


def _proxy_of_environment(url: str) -> str | None:
    return None if proxy_bypass(host_of(url) or "") else getproxies().get("http")


def _verifies(ssl: object) -> bool:
    if isinstance(ssl, ssl_module.SSLContext):
        return ssl.verify_mode != ssl_module.CERT_NONE and ssl.check_hostname
    return ssl is not False
