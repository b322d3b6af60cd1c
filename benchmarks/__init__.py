"""What the portal costs, measured beside the plain thing in the same run: `python -m benchmarks [name …]`.

Each module is one bench with a `run(bench)`. A number alone says more about the machine than about the code, so every
table holds the raw tool as well and the ratio between the two. Nothing is asserted: goals stand beside the figures.
"""
