#!/usr/bin/env python
"""Django's command line for this project."""

import atexit
import gc
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
    # What is loaded stays, and need not be searched for garbage: not while it is loaded (until cspa.apps says so), and
    # not at the end, where the interpreter would take a quarter of a second for it.
    gc.disable()
    atexit.register(gc.freeze)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
