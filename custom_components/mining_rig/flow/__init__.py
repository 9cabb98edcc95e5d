"""The dialogs: adding a rig, its options, new credentials, another address."""
