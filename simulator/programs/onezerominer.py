"""A simulated OneZeroMiner."""

from typing import Any, override

from .program import SimulatedProgram


class SimulatedOneZeroMiner(SimulatedProgram):
    """OneZeroMiner with its API (`--api-host`); it names neither clocks nor its pool."""

    kind = "onezerominer"
    version = "1.8.0"

    @override
    def say(self, place: str) -> Any:
        if place != "/":
            return None
        cards = self.cards
        rates = [card.rate for card in cards]
        accepted = [card.accepted for card in cards]
        rejected = [card.rejected for card in cards]
        return {
            "version": self.version,
            "uptime_seconds": self.uptime,
            "devices": [
                {
                    "name": card.name,
                    "bus_id": card.bus,
                    "temp": card.temperature,
                    "fan": card.fan,
                    "power": round(card.power),
                }
                for card in cards
            ],
            "algos": [
                {
                    "name": self.algorithm,
                    "total_hashrate": sum(rates),
                    "hashrates": rates,
                    "total_accepted_shares": sum(accepted),
                    "total_rejected_shares": sum(rejected),
                    "total_invalid_shares": 0,
                    "devices_accepted_shares": accepted,
                    "devices_rejected_shares": rejected,
                }
            ],
        }
