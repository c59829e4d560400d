"""`python -m awspipe`."""

from awspipe.cli.main import main

main()
