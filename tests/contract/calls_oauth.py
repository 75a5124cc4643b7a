"""Calls of the services of OAuth and of personal data, with every argument."""

from __future__ import annotations

from pathlib import Path

from sessionboard_async import AsyncSession, code_challenge
from sessionboard_async.testing import EmbeddedServer
from sessionboard_async.testing._writes.oauth import CLIENT

VERIFIER = "a-verifier-that-is-too-long-to-be-guessed-0123456789"


async def oauth(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    challenge, address = code_challenge(VERIFIER), CLIENT.redirect_uris[0]
    await sb.oauth.metadata()
    await sb.oauth.authorize(
        client_id=CLIENT.id,
        redirect_uri=address,
        code_challenge=challenge,
        scope="read:events read:sessions",
        state="a-state",
    )
    tokens = await sb.oauth.exchange_code(
        code=server.approve(CLIENT.id, address, challenge),
        redirect_uri=address,
        client_id=CLIENT.id,
        code_verifier=VERIFIER,
    )
    renewed = await sb.oauth.refresh(refresh_token=tokens.refresh_token or "", client_id=CLIENT.id)
    await sb.oauth.revoke(token=renewed.refresh_token or "", token_type_hint="refresh_token")


async def gdpr(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    contact = await sb.contacts.search(server.event_id).first()
    assert contact
    await sb.gdpr.create(request_type="access", identity_type="email", identity_value=contact.email or "")
    assert await sb.gdpr.list().collect()
