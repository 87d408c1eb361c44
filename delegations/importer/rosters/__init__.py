"""Rosters that a person types: lists of names, and a new convocation of a chamber."""
