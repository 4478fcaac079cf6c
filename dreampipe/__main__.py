"""`python -m dreampipe`, the same as the command `dreampipe`."""

from dreampipe.cli import main

main()
