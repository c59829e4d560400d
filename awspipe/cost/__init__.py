"""Money: prices as dated data, what a pipeline would cost and has cost, all from calls that are free.

`prices`, `mix`, `estimate` and `meters` are pure arithmetic in `Decimal`; `account` and `usage` read AWS.
"""
