"""The command line: one file per command, views that turn values into text, one place for exit codes."""
