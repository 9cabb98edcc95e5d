"""A simulated GMiner."""

from typing import Any, override

from .program import POOL, WALLET, SimulatedProgram


class SimulatedGMiner(SimulatedProgram):
    """GMiner with its API (`--api`)."""

    kind = "gminer"
    version = "3.44"

    @override
    def say(self, place: str) -> Any:
        if place != "/stat":
            return None
        cards = self.cards
        return {
            "miner": f"GMiner {self.version}",
            "uptime": self.uptime,
            "server": f"stratum://{POOL}",
            "user": WALLET,
            "algorithm": self.algorithm,
            "total_accepted_shares": sum(card.accepted for card in cards),
            "total_rejected_shares": sum(card.rejected for card in cards),
            "total_stale_shares": 0,
            "total_invalid_shares": 0,
            "devices": [
                {
                    "gpu_id": card.number,
                    "bus_id": f"0000:{card.bus:02x}:00.0",
                    "name": card.name,
                    "speed": round(card.rate),
                    "accepted_shares": card.accepted,
                    "rejected_shares": card.rejected,
                    "stale_shares": 0,
                    "invalid_shares": 0,
                    "fan": card.fan,
                    "temperature": card.temperature,
                    "memory_temperature": 0,
                    "core_clock": card.core_clock,
                    "memory_clock": card.memory_clock,
                    "power_usage": round(card.power),
                }
                for card in cards
            ],
            "speed_unit": "H/s",
        }
