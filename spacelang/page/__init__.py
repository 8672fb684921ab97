from pathlib import Path
def write_page(folder, output, against):
    Path(output).write_text("<html></html>")
