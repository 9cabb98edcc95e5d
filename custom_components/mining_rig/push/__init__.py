"""The HTTP door for rigs that push: their APIs, and a webhook per rig.

It knows no kind of rig; `sources/common/push.py` is what a pushing kind declares.
"""
