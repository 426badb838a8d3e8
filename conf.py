"""How Sphinx builds the book. Sources are in docs/, the code they quote in code/."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent
DOCS = ROOT / "docs"
sys.path[:0] = [str(DOCS / "_ext"), str(ROOT / "code")]

from figures import kernel_environment  # noqa: E402
from pybtex.backends.plaintext import Backend as PlainText  # noqa: E402
from pybtex.plugin import register_plugin  # noqa: E402

# What the kernels inherit: one thread each (sums come out the same everywhere), the
# book's figure style, and the kernel of this environment before any other. What the
# one who builds has set for Python itself would show on the pages.
for name in [name for name in os.environ if name.startswith("PYTHON")]:
    del os.environ[name]
chapter_environment = {
    "OMP_NUM_THREADS": "1",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
}
os.environ |= kernel_environment(DOCS) | chapter_environment

project = "From Neurons to Networks"
author = "the authors of From Neurons to Networks"
copyright = "the authors. Text CC BY 4.0, code BSD-3-Clause"
language = "en"
html_title = project

root_doc = "index"
exclude_patterns = ["_*", "**/_*"]
nitpicky = True
numfig = True
math_numfig = True
math_numsep = "."
math_eqref_format = "equation ({number})"
numfig_secnum_depth = 1
numfig_format = {
    "figure": "Figure %s",
    "table": "Table %s",
    "code-block": "Listing %s",
    "section": "Section %s",
}

extensions = [
    "myst_nb",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_exercise",
    "sphinx_multitoc_numbering",
    "sphinxcontrib.bibtex",
    # The book's own, in docs/_ext.
    "mathml",
    "chapters",
    "dress",
    "figures",
    "solutions",
    "explorables",
    "terms",
    "reference",
    "code_links",
    "downloads",
    "search_index",
    "page",
    "tasks",
]

# Markdown and execution
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "smartquotes"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
nb_execution_mode = "cache"
nb_execution_cache_path = os.environ.get(
    "BOOK_CACHE", str(ROOT / "_build" / "executed")
)
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_ipywidgets_js = {}  # type: ignore[var-annotated]
nb_mime_priority_overrides = [("html", "image/svg+xml", 0)]
# What chapters import, imported once for all of them (kernels.py): the first
# optimizer of a process imports torch._dynamo.
chapter_preload = [
    "torch",
    "torch._dynamo",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_svg",
    "matplotlib.backends.backend_agg",
    "ipykernel.kernelapp",
]
# What the names in their code are followed into; autodoc imports it too.
code_links_import = ["torch", "torch._dynamo", "matplotlib.pyplot"]
# A change in one of these files makes every page run again.
chapter_fingerprint = [
    "requirements.txt",
    "docs/_style/**/*",
    "code/neuralnet/data/**/*",
]

# Links out: names of Python, NumPy, matplotlib and PyTorch, from shipped files
intersphinx_mapping = {
    name: (address, str(DOCS / "_inventories" / f"{name}.txt"))
    for name, address in {
        "python": "https://docs.python.org/3/",
        "numpy": "https://numpy.org/doc/stable/",
        "matplotlib": "https://matplotlib.org/stable/",
        "torch": "https://docs.pytorch.org/docs/stable/",
        "sklearn": "https://scikit-learn.org/stable/",
        "tqdm": "https://tqdm.github.io/docs/",
    }.items()
}
autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
}
autodoc_inherit_docstrings = False
add_module_names = False
autodoc_typehints_format = "short"

bibtex_bibfiles = ["docs/references.bib"]
bibtex_default_style = "alpha"
bibtex_reference_style = "author_year"
# For each citation, pybtex would look for it among all that is installed.
register_plugin("pybtex.backends", "plaintext", PlainText, force=True)  # type: ignore[no-untyped-call]

copybutton_selector = "div.cell_input pre, div.highlight-python pre"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# The page
html_math_renderer = "mathml"
html_theme = "furo"
html_static_path = ["docs/_static"]
templates_path = ["docs/_templates"]
html_css_files = ["fonts.css", "book.css", "math.css", "parts.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_favicon = "docs/_static/favicon.svg"
# Summaries of search results are fetched, which no browser allows from file://.
html_show_search_summary = False
html_copy_source = True
html_show_sourcelink = True
html_domain_indices = False
html_show_sphinx = False
html_permalinks_icon = "#"
html_secnumber_suffix = " "
html_baseurl = os.environ.get("BOOK_URL", "")
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-dark"
html_theme_options = {
    "sidebar_hide_name": False,
    "navigation_with_keys": True,
    "top_of_page_buttons": [],
    "light_css_variables": {},
    "dark_css_variables": {},
}
