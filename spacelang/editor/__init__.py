"""The compiler's answers for editors: pure functions of texts, and the server that calls them.

texts        documents as they are typed, and the files around them
analysis     one document with its imports: its program, diagnostics and IR
place        what an offset of a text is in the language, however broken the text
names        declarations and uses across files: definition, references, rename
completion, hover, hints, outline, layout, actions
             one answer each, as plain tuples made from an analysis
protocol     converts offsets to the protocol's positions, and answers to its types
server       the language server; only it and `protocol` know the protocol
"""
