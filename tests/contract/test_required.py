"""Leaving a required value out is an error before any request."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from sessionboard_async import AsyncSession, Retry
from sessionboard_async.core.pagination.pager import Pager
from tests.contract.calls import FAMILIES, MethodCall, recorded
from tests.contract.differences import listed
from tests.contract.operations import OPERATIONS, Operation, snake

NOWHERE = "http://127.0.0.1:9"
"""An address without a listener: a request sent by mistake fails with another error."""

ARGUMENTS = {"file": "source"}
"""The names of arguments that differ from those of the document."""

WRITES = [operation for operation in OPERATIONS.values() if operation.required_values]


def calls_of(operation: Operation) -> Iterator[MethodCall]:
    """Yield the calls that reached an operation."""
    for family in FAMILIES:
        calls, exchanges = recorded(family).calls, recorded(family).exchanges
        for call, following in zip(calls, [*calls[1:], None], strict=True):
            end = following.exchanges_before if following else len(exchanges)
            if any(one.operation is operation for one in exchanges[call.exchanges_before : end]):
                yield call


def without(call: MethodCall, name: str, method: Any) -> tuple[list[Any], dict[str, Any]] | None:
    """Return the arguments of a call without one; ``None`` if the call does not have it."""
    if name in call.keywords:
        return [*call.arguments], {key: value for key, value in call.keywords.items() if key != name}
    bound = inspect.signature(method).bind(*call.arguments, **call.keywords).arguments
    names = [key for key in bound if inspect.signature(method).parameters[key].kind.name != "VAR_KEYWORD"]
    if name not in names:
        return None
    return [*call.arguments[: names.index(name)]], {**call.keywords}


@pytest.mark.parametrize("operation", WRITES, ids=[operation.id for operation in WRITES])
def test_leaving_a_required_value_out_is_a_type_error(operation: Operation) -> None:
    missed = anyio.run(miss, operation, list(calls_of(operation)))
    never_missed = {(operation.id, f"required {name}") for name in operation.required_values - missed}
    assert never_missed == {one for one in listed("required") if one[0] == operation.id}


async def miss(operation: Operation, calls: list[MethodCall]) -> set[str]:
    """Leave each required value out of the calls that have it, and return the names of these values."""
    missed = set[str]()
    async with AsyncSession("a-token", base_url=NOWHERE, retry=Retry(attempts=1)) as sb:
        for call in calls:
            method = getattr(getattr(sb, call.service), call.verb)
            for required in operation.required_values:
                left = without(call, ARGUMENTS.get(required, snake(required)), method)
                if left is not None and (operation.id, f"required {required}") not in listed("required"):
                    with pytest.raises(TypeError):
                        await done(method, *left)
                    missed.add(required)
    return missed


async def done(method: Any, arguments: list[Any], keywords: dict[str, Any]) -> object:
    """Call a method, and make its result send the requests."""
    returned = method(*arguments, **keywords)
    if isinstance(returned, Pager):
        return await returned.collect()
    return await returned
