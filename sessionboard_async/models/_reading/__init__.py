"""Reading of JSON that may differ from the models: what the client and ``Record.from_json`` share."""
