"""Keep within the rate limits of the API."""
