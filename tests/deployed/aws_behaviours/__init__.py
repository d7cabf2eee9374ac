"""Observations of AWS that documentation and emulators leave open."""
