"""The benchmark: calls, dependent round trips and wall time, beside a hand-written script."""
