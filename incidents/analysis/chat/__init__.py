"""The analyst that asks a language model: it explains and weighs, and the evidence decides. Start at `analyst`."""
