"""A simulated PhoenixMiner, with the JSON-RPC that Claymore's miners have."""

from typing import Any, override

from .program import POOL, SimulatedSocketProgram


class SimulatedClaymore(SimulatedSocketProgram):
    """PhoenixMiner with its API (`-cdm 1`); hashrates in kH/s."""

    kind = "claymore"
    version = "PM 6.2c"

    @override
    def say(self, place: str) -> Any:
        if place != "miner_getstat1":
            return {"id": 0, "error": "unknown method"}
        cards = self.cards
        accepted = sum(card.accepted for card in cards)
        rejected = sum(card.rejected for card in cards)
        rates = [round(card.rate / 1000) for card in cards]
        result = [
            f"{self.version} - ETC",
            str(self.uptime // 60),
            f"{sum(rates)};{accepted + rejected};{rejected}",
            ";".join(map(str, rates)),
            "0;0;0",
            ";".join("off" for _ in cards),
            ";".join(f"{card.temperature};{card.fan}" for card in cards),
            POOL,
            "0;0;0;0",
        ]
        return {"id": 0, "jsonrpc": "2.0", "result": result}
