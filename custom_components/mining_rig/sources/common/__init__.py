"""What all sources share: the contract, HTTP, decoding, forms, pacing."""
