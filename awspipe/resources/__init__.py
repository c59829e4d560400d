"""One module per AWS thing that awspipe makes."""
