"""Answers to GETs of single records: kept for a while, and shared by calls at the same time."""
