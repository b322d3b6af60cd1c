"""Language models behind one small port. Start at `base`; build with `registry`.

A leaf: no Django, nothing of ours. Importing it loads no SDK.
"""
