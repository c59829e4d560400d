"""What the tests share: a model check, a call recorder, a policy judge, a clock."""
