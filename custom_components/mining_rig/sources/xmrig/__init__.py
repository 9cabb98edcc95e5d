"""XMRig and xmrig-proxy: two kinds of one vendor with one HTTP API."""
