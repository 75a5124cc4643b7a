"""Jobs that users have, done by this package and by what they would write without it."""
