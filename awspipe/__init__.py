"""awspipe: deployment pipelines on AWS from one file, made, shown and removed by one command each."""

__version__ = "0.1.0"
