"""The language model: what is asked of it, what it cost, what is kept and made again."""
