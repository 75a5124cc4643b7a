"""Rate limits: budgets, wait queues, headers, and the daily quota."""
