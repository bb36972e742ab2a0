"""`python -m loadstone` is the command line."""

from loadstone.cli import main

if __name__ == "__main__":
    main(prog_name="loadstone")
