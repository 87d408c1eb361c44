"""Security of the process: modes of files, and secrets in log records."""
