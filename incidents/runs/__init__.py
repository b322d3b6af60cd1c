"""Analysis runs: where they are executed, what they store, how it is followed and shown."""
