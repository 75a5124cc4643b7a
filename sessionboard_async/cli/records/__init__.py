"""Records on the command line: their searches, and their columns."""
