"""Proof keys of OAuth (PKCE, RFC 7636): verifiers and their challenges."""

from __future__ import annotations

import re
from typing import cast

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def code_challenge(verifier: str) -> str:
    """Return the challenge of a code verifier, for ``oauth.authorize`` (RFC 7636, method S256).

    ``secrets.token_urlsafe(64)`` makes a good verifier. Keep it until the code is exchanged.

    Args:
        verifier: 43 to 128 letters, digits, ``-``, ``.``, ``_`` or ``~``.

    Returns:
        The challenge.

    Raises:
        ValueError: If the verifier has another form.
        TypeError: If the verifier is not a string.
    """
    # Imported here, since few programs use OAuth.
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    digest = sha256(validate_verifier(verifier).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def validate_verifier(verifier: str) -> str:
    """Return a code verifier unchanged.

    Raises:
        ValueError: If it has another form than RFC 7636 allows.
        TypeError: If it is not a string.
    """
    if not isinstance(cast("object", verifier), str):
        raise TypeError(f"code_verifier must be str, not {type(verifier).__name__}")
    if not _VERIFIER.fullmatch(verifier):
        raise ValueError("code_verifier must be 43 to 128 letters, digits, '-', '.', '_' or '~'")
    return verifier


def validate_challenge(challenge: str) -> None:
    """Refuse a value that is not a challenge.

    Raises:
        ValueError: If it has another form.
    """
    if not _CHALLENGE.fullmatch(challenge):
        raise ValueError("code_challenge must be 43 characters of base64url: make it by code_challenge()")
