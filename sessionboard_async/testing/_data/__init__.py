"""The data of the embedded server: an invented conference, and how it is stored and searched."""
