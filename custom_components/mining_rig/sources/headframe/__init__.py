"""A mining account at Headframe, or at a pool on the same platform."""
