import argparse

from .environment import Harbour
from .trainer import PPOTrainer, TrainerConfig


def parse_args():
    parser = argparse.ArgumentParser(prog="docking", description="Train the craft to dock.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=120_000)
    parser.add_argument("--boats", type=int, default=4, help="environments stepped in turn")
    return parser.parse_args()


def main():
    args = parse_args()
    harbours = [Harbour(seed=args.seed * 97 + i) for i in range(args.boats)]
    trainer = PPOTrainer(harbours, TrainerConfig(), seed=args.seed)
    trainer.train(args.total_steps)


if __name__ == "__main__":
    main()
