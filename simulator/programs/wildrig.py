"""A simulated WildRig Multi."""

from typing import Any, override

from .program import POOL, SimulatedProgram


class SimulatedWildRig(SimulatedProgram):
    """WildRig with its API (`--api-port`); sensors are lists in the order of the cards."""

    kind = "wildrig"
    version = "0.49.6"

    @override
    def say(self, place: str) -> Any:
        if place != "/":
            return None
        cards = self.cards
        accepted = [card.accepted for card in cards]
        rejected = [card.rejected for card in cards]
        total = sum(card.rate for card in cards)
        return {
            "worker_id": self.slug,
            "version": self.version,
            "ua": f"WildRig/{self.version}",
            "algo": self.algorithm,
            "uptime": self.uptime,
            "hashrate": {
                "total": [total, total, total],
                "highest": total,
                "threads": [[card.rate, card.rate, card.rate] for card in cards],
            },
            "results": {
                "shares_good": sum(accepted),
                "shares_total": sum(accepted) + sum(rejected),
                "shares_accepted": accepted,
                "shares_rejected": rejected,
            },
            "connection": {"pool": POOL, "ping": 42},
            "hwmon": {
                "busID": [card.bus for card in cards],
                "temp": [card.temperature for card in cards],
                "fan": [card.fan for card in cards],
                "power": [round(card.power) for card in cards],
                "cclk": [card.core_clock for card in cards],
                "mclk": [card.memory_clock for card in cards],
            },
        }
