"""A simulated NBMiner."""

from typing import Any, override

from .program import POOL, WALLET, SimulatedProgram


class SimulatedNbMiner(SimulatedProgram):
    """NBMiner with its API (`--api`)."""

    kind = "nbminer"
    version = "42.3"

    @override
    def say(self, place: str) -> Any:
        if place != "/api/v1/status":
            return None
        cards = self.cards
        total = sum(card.rate for card in cards)
        return {
            "version": self.version,
            "start_time": int(self.clock()) - self.uptime,
            "miner": {
                "devices": [
                    {
                        "id": card.number,
                        "info": card.name,
                        "pci_bus_id": card.bus,
                        "hashrate": f"{card.rate / 1e6:.2f} M",
                        "hashrate_raw": card.rate,
                        "accepted_shares": card.accepted,
                        "rejected_shares": card.rejected,
                        "power": round(card.power),
                        "temperature": card.temperature,
                        "fan": card.fan,
                        "core_clock": card.core_clock,
                        "mem_clock": card.memory_clock,
                    }
                    for card in cards
                ],
                "total_hashrate": f"{total / 1e6:.2f} M",
                "total_hashrate_raw": total,
                "total_power_consume": round(sum(card.power for card in cards)),
            },
            "stratum": {
                "algorithm": self.algorithm,
                "url": POOL,
                "user": WALLET,
                "latency": 42,
                "dual_mine": False,
                "accepted_shares": sum(card.accepted for card in cards),
                "rejected_shares": sum(card.rejected for card in cards),
            },
        }
