"""``sessionboard check``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import click

from sessionboard_async import AuthenticationError, Budget
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.cli.output import show, show_document
from sessionboard_async.cli.token_check import ScopeCheck, TokenCheck, check_token
from sessionboard_async.core.http.base_url import Region

_SAME_TIME = 2.0
"""The API sends whole seconds, and the answer took a while."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@with_connection
async def check(connection: Connection, as_json: bool) -> None:
    """Check whether the token works, in which region, and what it can do.

    Without --region and --base-url both regions are tried. The result has the events that the token can read,
    the scopes for reading, each tried with a small request, the rate limits in force, and the difference
    between the clocks. Scopes for writing are not tried, since that would change data.
    """
    choices = [connection]
    if not (connection.region or connection.base_url or connection.embedded):
        choices = [replace(connection, region=region) for region in get_args(Region)]
    refused: AuthenticationError | None = None
    for choice in choices:
        try:
            async with choice.open() as sb:
                found = await check_token(sb, None if choice.base_url else choice.region)
        except AuthenticationError as error:
            refused = error
            continue
        if as_json:
            show_document(found)
        else:
            for line in _lines(choice, found):
                show(line)
        return
    if refused is not None and len(choices) > 1:
        raise click.ClickException("the token works in no region: it is invalid or revoked")
    if refused is not None:
        raise refused


def _lines(connection: Connection, found: TokenCheck) -> Iterator[str]:
    where = f"in {connection.region or 'the default region'}"
    if connection.base_url:
        where = "at the given address"
    if connection.embedded:
        where = "on the embedded server"
    number = len(found.events)
    count = f"{number} event{'' if number == 1 else 's'}"
    yield f"The token works {where} ({found.base_url}): it can read {count}."
    for event in found.events:
        yield "  ".join(["", *(str(value) for value in event.values() if value is not None)])
    yield (
        "Scopes for reading:"
        if number == 0
        else f"Scopes for reading, tried on event {found.events[0]['id']}:"
    )
    yield from map(_scope, found.scopes)
    yield "Rate limits:" if found.limits else "Rate limits: no answer announced any."
    yield from map(_limit, found.limits)
    yield f"Clock: {_clock(found.clock_difference)}."


def _scope(scope: ScopeCheck) -> str:
    word = {True: "yes", False: "no", None: "not known"}[scope.allowed]
    return f"  {scope.scope}  {word}" + (f": {scope.reason}" if scope.reason else "")


def _limit(budget: Budget) -> str:
    if budget.remaining is None:
        return f"  {budget.category}  {budget.limit} requests"
    until = "" if budget.resets_at is None else f" until {budget.resets_at.astimezone():%H:%M:%S}"
    return f"  {budget.category}  {budget.remaining} of {budget.limit} requests left{until}"


def _clock(difference: float | None) -> str:
    if difference is None:
        return "the API does not send its time"
    if abs(difference) < _SAME_TIME:
        return "this computer and the API agree"
    return f"this computer is {abs(difference):.0f} s {'ahead of' if difference > 0 else 'behind'} the API"
