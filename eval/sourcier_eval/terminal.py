"""What a command prints at its end: nothing is lost where nobody reads it."""

import os
import sys

from rich.console import Console


class SummaryConsole(Console):
    """Prints what is also in files. Where a reader has had enough (`| head`), the command still succeeds."""

    def on_broken_pipe(self) -> None:
        """Print no more, here or by `print`."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
