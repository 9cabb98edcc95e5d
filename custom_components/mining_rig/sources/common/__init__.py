"""Code that all sources share: contract, forms, HTTP, decoding, settings, timers."""
