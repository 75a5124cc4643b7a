"""Requests, responses and the transport over aiohttp."""
