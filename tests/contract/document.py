"""The API's document, which lies beside the checkout and is not copied."""

from __future__ import annotations

import os
from pathlib import Path

DOCUMENT = Path(
    os.environ.get("SESSIONBOARD_API_DOCUMENT")
    or Path(__file__).parents[3] / "shared" / "sessionboard-openapi.yaml"
)
"""The place of the document; there may be none."""
