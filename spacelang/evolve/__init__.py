"""The search for a space: tables of measured blocks, the quality of a space, evolution, and the proved optimum.

    importer, parquet -> table -> cells -> exact | sampled -> quality -> evolution, solve

numpy and pyarrow are loaded here and nowhere below, so `import spacelang` stays light.
"""
