"""Parts shared by several services."""
