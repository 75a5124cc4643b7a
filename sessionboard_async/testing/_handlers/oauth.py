"""Handlers of OAuth."""

from __future__ import annotations

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._writes.oauth import CLIENT, Authorization, AuthorizationError
from sessionboard_async.testing._writes.requests import Handler, HandlerReply, HandlerRequest, read_values

_REQUEST = (
    "client_id",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "state",
)
_TEXTS = (
    "grant_type",
    "code",
    "redirect_uri",
    "client_id",
    "code_verifier",
    "refresh_token",
    "token",
    "token_type_hint",
)


def _refusal(error: AuthorizationError) -> HandlerReply:
    """Return an error in the API's form, with the error code of OAuth."""
    return HandlerReply(
        {"error": error.code, "message": error.message, "error_description": error.message}, 400
    )


def _texts(call: HandlerRequest, *required: str) -> dict[str, str]:
    refuse_unknown(call.query, ())
    values = read_values(call.json(), dict.fromkeys(_TEXTS, str), required=required)
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _authorize(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, _REQUEST)
    try:
        return {"authorization_request": organization.part(Authorization).check(call.query)}
    except AuthorizationError as error:
        return _refusal(error)


def _token(organization: Organization, call: HandlerRequest) -> object:
    authorization = organization.part(Authorization)
    grants = {"authorization_code": authorization.exchange, "refresh_token": authorization.refresh}
    values = _texts(call, "grant_type")
    grant = grants.get(values["grant_type"])
    if grant is None:
        message = f"grant_type must be one of {', '.join(grants)}"
        return _refusal(AuthorizationError("unsupported_grant_type", message))
    try:
        return grant(values)
    except AuthorizationError as error:
        return _refusal(error)


def _revoke(organization: Organization, call: HandlerRequest) -> HandlerReply:
    organization.part(Authorization).revoke(_texts(call, "token")["token"])
    return HandlerReply()


def _metadata(_: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, ())
    return {
        "issuer": call.base_url,
        "authorization_endpoint": f"{call.base_url}/oauth/authorize",
        "token_endpoint": f"{call.base_url}/oauth/token",
        "revocation_endpoint": f"{call.base_url}/oauth/revoke",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "scopes_supported": CLIENT.scopes,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
    }


OPERATIONS: dict[str, Handler] = {
    "oauth-authorize": _authorize,
    "oauth-token": _token,
    "oauth-revoke": _revoke,
    "oauth-metadata": _metadata,
}
