# `just` checks everything that guards main; the recipes need the packages of requirements-dev.txt in the active environment.
python := env("PYTHON", "python")

# format, lint, types, tests, documentation
check: format-check lint types test docs-check

format-check:
    {{python}} -m ruff format --check .

lint:
    {{python}} -m ruff check .

types:
    {{python}} -m mypy

test *ARGS:
    {{python}} -m pytest {{ARGS}}

# docs/reference/cli.md is generated from --help, docs/reference/api.md from docstrings
docs-check:
    {{python}} -m lmkindex_cli.reference | diff - docs/reference/cli.md
    {{python}} -m lmkindex_cli.api_reference | diff - docs/reference/api.md

docs:
    {{python}} -m lmkindex_cli.reference > docs/reference/cli.md
    {{python}} -m lmkindex_cli.api_reference > docs/reference/api.md

# the documentation as a site in site/, readable without a network: open site/index.html
site:
    {{python}} -m mkdocs build --strict --quiet --clean --site-dir site

format:
    {{python}} -m ruff check --fix .
    {{python}} -m ruff format .

# the build's throughput as a ratio to the bare forward, memory, query latency; nothing else may run meanwhile
bench *CORPUS:
    {{python}} benchmarks/bench.py {{CORPUS}}

# a nightly build that finds nothing to do
no-change *ARGS:
    {{python}} benchmarks/no_change.py {{ARGS}}

# ten minutes of each format by default; prints the seed, keeps what led to something
fuzz *ARGS:
    {{python}} benchmarks/fuzz_readers.py {{ARGS}}

# how fast files are read, by format, as a ratio to another checkout: just readers examples/corpus --other /tmp/before
readers *ARGS:
    {{python}} benchmarks/readers.py {{ARGS}}

# what readers lose and invent of printed files, against the truth and against other readers
fidelity *ARGS:
    {{python}} benchmarks/fidelity.py {{ARGS}}

# the producers of `just fidelity` (Debian packages; needs root)
fidelity-install:
    apt-get install -y --no-install-recommends libreoffice-writer-nogui libreoffice-math-nogui hyphen-en-us chromium pandoc groff ghostscript \
        poppler-utils texlive-latex-extra texlive-xetex texlive-fonts-recommended fonts-liberation fonts-dejavu-core fonts-lmodern \
        texlive-luatex wkhtmltopdf asciidoctor fonts-urw-base35 npm

# what an edit of a text of 1 MB costs in windows; takes a data folder for real texts
edits *ARGS:
    {{python}} benchmarks/edits.py {{ARGS}}

# seconds and memory of a build of 100,000 tiny files, and of one with nothing changed
many-files *ARGS:
    {{python}} benchmarks/many_files.py {{ARGS}}

# random operations, random kills, and the index against a model: some 100 rounds over 2,000 documents (docs/concepts/reliability.md)
soak *ARGS:
    {{python}} tests/support/soak.py {{ARGS}}

# wheel and source archive, checked and tried in an empty environment; uploads nothing (some GB, five minutes)
release *ARGS:
    {{python}} tools/release.py {{ARGS}}

# the licences of all dependencies, into THIRD_PARTY.md
third-party:
    {{python}} tools/third_party.py

# runs the notebook in examples/ and keeps what its cells print
notebook:
    {{python}} tools/run_notebook.py examples/notebooks/first_steps.ipynb --write
