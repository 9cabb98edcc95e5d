"""XMRig and xmrig-proxy: two kinds that share one HTTP API."""
