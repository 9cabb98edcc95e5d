"""A simulated lolMiner in the layout of its newer versions."""

from typing import Any, override

from .program import POOL, WALLET, SimulatedProgram


class SimulatedLolMiner(SimulatedProgram):
    """lolMiner with its API (`--apiport`)."""

    kind = "lolminer"
    version = "1.98a"

    @override
    def say(self, place: str) -> Any:
        if place != "/summary":
            return None
        cards = self.cards
        rates = [round(card.rate / 1e6, 4) for card in cards]
        accepted = [card.accepted for card in cards]
        rejected = [card.rejected for card in cards]
        return {
            "Software": f"lolMiner {self.version}",
            "Session": {"Uptime": self.uptime},
            "Num_Workers": len(cards),
            "Workers": [
                {
                    "Index": card.number,
                    "Name": card.name,
                    "Power": card.power,
                    "CCLK": card.core_clock,
                    "MCLK": card.memory_clock,
                    "Core_Temp": card.temperature,
                    "Juc_Temp": -1,
                    "Mem_Temp": card.temperature + 12,
                    "Fan_Speed": card.fan,
                    "PCIE_Address": f"{card.bus}:0",
                }
                for card in cards
            ],
            "Num_Algorithms": 1,
            "Algorithms": [
                {
                    "Algorithm": self.algorithm,
                    "Pool": POOL,
                    "User": WALLET,
                    "Performance_Unit": "Mh/s",
                    "Performance_Factor": 1000000,
                    "Total_Performance": round(sum(rates), 4),
                    "Total_Accepted": sum(accepted),
                    "Total_Rejected": sum(rejected),
                    "Worker_Performance": rates,
                    "Worker_Accepted": accepted,
                    "Worker_Rejected": rejected,
                }
            ],
        }
