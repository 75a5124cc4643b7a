"""Requests, responses and their transport, over aiohttp."""
