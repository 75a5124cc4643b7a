"""The engine: builds, limits, sends, retries and decodes requests. It knows no resource of the API."""
