"""Every kind of fault with every kind of rig, as a table; see docs/reliability.md."""
