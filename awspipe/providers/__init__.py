"""One module per action provider: its spec fields, its resources, its place in the pipeline."""
