from Cython.Build import cythonize
from setuptools import setup

# cythonize finds the declarations and the header in the package llc. There is no library to link.
setup(name="contrast", ext_modules=cythonize("contrast.pyx"))
