"""``python -m goldenpath``: like the installed command, it imports nothing from the folder it is run in, which may be a pull request."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # what -m put there: the current folder (R10, R11)
    from goldenpath.cli.entry import main

    main()
