"""The server interface: RSGI requests of granian, the limits on them, and their WSGI counterparts."""
