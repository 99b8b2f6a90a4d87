"""Brings what EpiChat needs besides Debian packages onto this machine: LibTorch, grammars and the models.

Standard library only. Run as `python3 -m setup` from the folder packaging/.
"""
