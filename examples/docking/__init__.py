"""A small PPO project in several modules: teaches a craft to come to rest at a berth."""
