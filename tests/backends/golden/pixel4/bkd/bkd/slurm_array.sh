#!/usr/bin/env bash
# Block-wise distillation of hyperspace pixel4 as a Slurm array, one task for each job of jobs.json.
#
#     sbatch bkd/slurm_array.sh [BUILD [OPTION…]]
#
# BUILD is the compiled directory, by default the one that sbatch is called in; the options are those of
# `spacelang distill`, such as --data. Partition, time and the like are given to sbatch, which prefers them to the lines
# below.
#
#SBATCH --job-name=bkd-pixel4
#SBATCH --array=0-41
#SBATCH --ntasks=1
#SBATCH --gpus-per-task=1
#SBATCH --requeue

set -euo pipefail

build="${1:-${SLURM_SUBMIT_DIR:?run this with sbatch}}"

srun spacelang distill "${build}" --job "${SLURM_ARRAY_TASK_ID:?run this with sbatch}" "${@:2}"
