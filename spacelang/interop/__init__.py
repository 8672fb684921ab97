"""Spaces for other tools, and their answers back as architectures.

    choices      a space as a flat list of named choices with conditions; what the others are made of
    configspace  as a `ConfigurationSpace` (SMAC, BOHB, DEHB)
    optuna       as the suggestions of an Optuna trial
    pyglove      as a PyGlove search space

Each of the three needs the extra of its name: `pip install '.[optuna]'`.
"""
