"""Serving: requests of granian become WSGI requests, within limits, and their responses go back."""
