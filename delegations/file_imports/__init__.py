"""Imports of files from the admin: the folder that the site shares with the worker, the task, and the page's report.

``models.file_imports`` has the row of an import. ADR 0088 describes who runs what.
"""
