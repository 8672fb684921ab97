"""What an editor asks of the compiler: pure answers about texts, and the server that gives them.

texts        documents as they are typed, and the files around them
analysis     one document with its imports: its program, diagnostics and IR
place        where in the language an offset of a text is, however broken the text
names        declarations and uses across files: definition, references, rename
completion, hover, hints, outline, layout, actions
             one answer each, from an analysis to plain tuples
protocol     offsets to the protocol's positions, and answers to its types
server       the language server; only it and `protocol` know the protocol
"""
