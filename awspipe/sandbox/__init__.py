"""AWS played on this machine, so that everything works with no account and no charge."""
