"""A pytest plugin: SciPy's own tests, with `llc.generic_filter` where they call SciPy's.

pytest -p in_scipys_place --pyargs scipy.ndimage.tests.test_filters

Tests that are none of `generic_filter` are left out.
"""

import inspect

import llc
from scipy import ndimage

_scipys = ndimage.generic_filter


def pytest_collection_modifyitems(config, items):
    ours, others = [], []
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        is_parameter = False
        for name, value in parameters.items():
            # It may be one of the parameter's items.
            if value is _scipys:
                parameters[name], is_parameter = llc.generic_filter, True
            elif isinstance(value, (list, tuple)) and any(entry is _scipys for entry in value):
                parameters[name] = type(value)(llc.generic_filter if entry is _scipys else entry for entry in value)
                is_parameter = True
        calls_it = "ndimage.generic_filter(" in inspect.getsource(item.function)
        (ours if calls_it or is_parameter else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = ours
    ndimage.generic_filter = llc.generic_filter
