"""The command line ``sessionboard`` (extra ``cli``)."""
