"""Arguments that are ids: the record that has the id is accepted too."""
