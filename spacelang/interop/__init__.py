"""Spaces in the form of other tools, and the results of these tools as architectures.

    choices      a space as a flat list of named choices with conditions; what the others are built on
    configspace  as a `ConfigurationSpace` (SMAC, BOHB, DEHB)
    optuna       as the suggestions of an Optuna trial
    pyglove      as a PyGlove search space

Each of the other three needs the extra with its name: `pip install '.[optuna]'`.
"""
