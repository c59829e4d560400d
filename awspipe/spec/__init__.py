"""The YAML a user writes: models, loading with line numbers, structure rules, JSON Schema."""
