"""What may stand in the way of a spec, found by reads alone."""
