"""The table of operations agrees with the API's document, where that lies beside the checkout."""

from __future__ import annotations

import pytest

from tests.contract.distil import TABLE, distil, load, render
from tests.contract.document import DOCUMENT


@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"no {DOCUMENT.name} beside the checkout")
def test_table_and_document_agree() -> None:
    assert render(distil(load(DOCUMENT))) == TABLE.read_text(encoding="utf-8")
