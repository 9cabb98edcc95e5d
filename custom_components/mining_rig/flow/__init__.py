"""The config flow and the options flow."""
