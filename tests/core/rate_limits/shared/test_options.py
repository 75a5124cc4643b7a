"""The options of shared limits."""

from __future__ import annotations

from typing import Any

import pytest

from sessionboard_async import RateLimits

NOWHERE = "redis://someone:planted-password@127.0.0.1:1"


@pytest.mark.parametrize("url", ["http://h", "planted-password", "", None, 7])
def test_an_address_of_another_scheme_is_refused_and_not_shown(url: Any) -> None:
    with pytest.raises(ValueError, match="redis://") as caught:
        RateLimits.shared(url)
    assert "planted" not in str(caught.value)


def test_bad_options_are_refused() -> None:
    with pytest.raises(ValueError, match="on_store_error must be 'local' or 'raise'"):
        RateLimits.shared(NOWHERE, on_store_error="ignore")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="store_timeout"):
        RateLimits.shared(NOWHERE, store_timeout=0)
    with pytest.raises(ValueError, match="requests"):
        RateLimits.shared(NOWHERE, requests=0)


def test_the_address_is_not_shown() -> None:
    assert "planted-password" not in repr(RateLimits.shared(NOWHERE))
