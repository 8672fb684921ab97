"""What every training needs: seeds, schedules, locks, workers, checkpoints."""
