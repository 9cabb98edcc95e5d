"""The blueprints, as automations inside Home Assistant."""
