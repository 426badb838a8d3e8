"""The kernels that execute the book: one SVG a figure, the same bytes every time."""

c = get_config()  # noqa: F821  (IPython gives it to its configuration files)

c.InlineBackend.figure_formats = {"svg"}
# the figure keeps the size that was asked for, so that all text has one size
c.InlineBackend.print_figure_kwargs = {"bbox_inches": None, "metadata": {"Date": None}}
c.HistoryManager.enabled = False
# ipykernel 7 warns of unencrypted TCP for each kernel
c.IPKernelApp.log_level = 40
