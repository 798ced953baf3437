"""python -m loaders.cli is the pulse-elt command."""

from loaders.cli.main import main

main()
