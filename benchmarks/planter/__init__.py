"""Plants known faults in correct PPO scripts: one file per fault, one table of scripts."""
