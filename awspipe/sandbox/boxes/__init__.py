"""The two ways to keep a build or a host apart from this machine; `box.py` is what others use."""
