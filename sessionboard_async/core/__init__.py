"""The engine: how requests are built, sent, limited, tried again and decoded. It knows no resource."""
