"""``python -m goldenpath``."""

from goldenpath.cli.entry import main

if __name__ == "__main__":
    main()
